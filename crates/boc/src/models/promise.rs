//! Promises: one thread ends a behavior, another drops its promise or asks for the outcome, in every order.

use super::explore;
use crate::behavior::Behavior;
use crate::cown::Cown;
use crate::job::{How, Job, Sink};
use crate::outcome::{Outcome, Promise, Promised};
use crate::queue::Mode;
use loom::thread;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct OnTheSpot;

impl Sink for OnTheSpot {
    fn ready(&self, job: Job, _: bool) {
        job.end(How::Run, self);
    }
}

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A behavior without cowns that has the result `Counted`, and its promise.
fn promised(drops: &Arc<AtomicUsize>) -> (Job, Promise<Counted>) {
    let drops = drops.clone();
    let body = move |()| Counted(drops);
    let behavior = Behavior::unscheduled(ptr::null(), (), Promised::new(body));
    let promise = Promise::of(behavior.behavior());
    (behavior.link().expect("it asks for nothing"), promise)
}

fn beside(how: How, then: impl Fn(Promise<Counted>) + Send + Sync + 'static) {
    explore(4, move || {
        let drops = Arc::new(AtomicUsize::new(0));
        let (job, promise) = promised(&drops);
        let runner = thread::spawn(move || job.end(how, &OnTheSpot));
        then(promise);
        runner.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), usize::from(how == How::Run));
    });
}

#[test]
fn a_promise_that_is_dropped() {
    beside(How::Run, drop);
}

#[test]
fn a_promise_of_a_behavior_that_is_dropped() {
    beside(How::Discard, drop);
}

#[test]
fn a_promise_that_is_asked() {
    beside(How::Run, |promise| _ = promise.cown());
}

#[test]
fn a_promise_that_is_asked_for_what_never_ran() {
    beside(How::Discard, |promise| _ = promise.cown());
}

/// A behavior over the outcome's cown runs once, and finds the outcome.
#[test]
fn a_behavior_that_waits_for_the_outcome() {
    explore(3, || {
        let drops = Arc::new(AtomicUsize::new(0));
        let (job, promise) = promised(&drops);
        let runner = thread::spawn(move || job.end(How::Run, &OnTheSpot));
        let cown: Cown<Outcome<Counted>> = promise.into();
        let seen = Arc::new(AtomicUsize::new(0));
        let count = seen.clone();
        let body = move |mut outcome: crate::WriteGuard<'_, Outcome<Counted>>| {
            drop(outcome.take());
            count.fetch_add(1, Ordering::Relaxed);
        };
        let behavior = Behavior::unscheduled(ptr::null(), &cown, Promised::new(body));
        drop(Promise::<()>::of(behavior.behavior()));
        if let Some(job) = behavior.link() {
            job.end(How::Run, &OnTheSpot);
        }
        runner.join().unwrap();
        assert_eq!((seen.load(Ordering::Relaxed), drops.load(Ordering::Relaxed)), (1, 1));
        assert_eq!(cown.handles(), 1);
        let _ = Mode::Read;
    });
}
