//! Behaviors that only a thread of the program may run.

mod common;

use boc::{Body, Cown, Placement, PumpError, Runtime, Shape};
use common::size;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// A body that runs only in that lane.
struct In<F>(usize, F);

impl<S: Shape, F: FnOnce() + Send + 'static> Body<S> for In<F> {
    type Rest = ();
    fn placement(&self, _: S::Claimed<'_>) -> Placement {
        Placement::Only(self.0)
    }
    fn run(self, _: S::Claimed<'_>) {
        (self.1)();
    }
}

fn runtime(lanes: usize) -> Runtime {
    Runtime::builder().workers(2).lanes(lanes).start().unwrap()
}

/// Pumps until nothing is in flight.
fn finish(runtime: &Runtime, lane: usize) -> usize {
    let mut count = 0;
    while runtime.wait_for_lane(lane, None) {
        count += runtime.pump(lane, usize::MAX).unwrap();
    }
    count
}

/// Pinned behaviors keep the order with those on workers over the same cowns.
#[test]
fn pinned_and_other_behaviors_take_turns() {
    let runtime = runtime(1);
    let cown = Cown::with_tag((), AtomicUsize::new(0));
    let here = thread::current().id();
    for nth in 0..size(2_000) {
        let own = cown.clone();
        let body = move |pinned: bool| {
            assert_eq!(own.tag().fetch_add(1, SeqCst), nth);
            assert_eq!(thread::current().id() == here, pinned);
        };
        match nth % 3 {
            0 => runtime.schedule(&cown, In(0, move || body(true))),
            _ => runtime.schedule(&cown, move || body(false)),
        }
    }
    assert_eq!(finish(&runtime, 0), size(2_000).div_ceil(3));
    assert_eq!(cown.tag().load(SeqCst), size(2_000));
}

/// Behaviors that a pinned behavior schedules count in its scope, and may be pinned, too.
#[test]
fn pinned_behaviors_schedule() {
    let runtime = runtime(2);
    let scope = runtime.scope();
    let runs = Arc::new(AtomicUsize::new(0));
    let (again, counted) = (runs.clone(), runs.clone());
    let pinned = In(1, move || {
        assert_eq!(boc::current_worker(), None);
        boc::schedule((), In(1, move || _ = again.fetch_add(1, SeqCst)));
        boc::schedule((), move || _ = counted.fetch_add(1, SeqCst));
    });
    scope.schedule((), pinned);
    assert!(!scope.wait_timeout(Duration::ZERO));
    finish(&runtime, 1);
    scope.wait();
    assert_eq!(runs.load(SeqCst), 2);
}

#[test]
fn at_most_so_many() {
    let runtime = runtime(1);
    (0..5).for_each(|_| runtime.schedule((), In(0, || ())));
    assert_eq!(runtime.pump(0, 0), Ok(0));
    assert_eq!(runtime.pump(0, 2), Ok(2));
    assert!(!runtime.is_quiescent());
    assert_eq!(runtime.pump(0, 10), Ok(3));
    assert_eq!(runtime.pump(0, 10), Ok(0));
    assert!(runtime.is_quiescent());
}

#[test]
fn who_may_not_pump() {
    let runtime = Arc::new(runtime(1));
    assert_eq!(runtime.pump(1, 1), Err(PumpError::NoSuchLane));
    let own = runtime.clone();
    let inside = runtime.when((), move |()| own.pump(0, 1));
    runtime.wait();
    assert_eq!(inside.try_hold().unwrap().take(), Err(PumpError::InBehavior));
    // Another thread is pumping; and the behavior that it runs can't pump either.
    let (own, entered, left) = (runtime.clone(), Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (enter, leave) = (entered.clone(), left.clone());
    runtime.schedule(
        (),
        In(0, move || {
            assert_eq!(own.pump(0, 1), Err(PumpError::InBehavior));
            enter.wait();
            leave.wait();
        }),
    );
    let pumps = runtime.clone();
    let pumping = thread::spawn(move || pumps.pump(0, 1));
    entered.wait();
    assert_eq!(runtime.pump(0, 1), Err(PumpError::Busy));
    left.wait();
    assert_eq!(pumping.join().unwrap(), Ok(1));
    runtime.wait();
}

#[test]
fn who_pumps_is_told() {
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let notify = move |lane| tell.lock().unwrap().send(lane).unwrap();
    let runtime = Runtime::builder().workers(1).lanes(3).on_lane_ready(notify).start().unwrap();
    let cown = Cown::new(());
    let held = cown.try_hold();
    runtime.schedule(&cown, In(2, || ()));
    assert!(told.try_recv().is_err(), "it is not ready");
    drop(held);
    assert_eq!(told.recv(), Ok(2));
    assert_eq!(finish(&runtime, 2), 1);
}

/// A panic in a pinned body ends there; the cown goes on.
#[test]
fn a_pinned_body_that_panics() {
    let runtime = runtime(1);
    let cown = Cown::new(0);
    runtime.schedule(&cown, In(0, || panic!("on purpose")));
    runtime.when(&cown, |mut value| *value += 1);
    assert_eq!(finish(&runtime, 0), 1);
    assert_eq!(*cown.try_hold().unwrap(), 1);
}

/// Waiting for a lane that does not exist does not hang.
#[test]
fn a_lane_that_is_not_there() {
    let runtime = runtime(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    runtime.schedule((), In(7, move || _ = counted.fetch_add(1, SeqCst)));
    runtime.wait();
    assert_eq!(ran.load(SeqCst), 1);
}

/// Nobody pumps any more: behaviors that wait in the lane are dropped when the runtime stops.
#[test]
fn a_lane_that_nobody_pumps() {
    let runtime = runtime(1);
    let cown = Cown::new(1);
    runtime.schedule(&cown, In(0, || ()));
    let after = runtime.when(&cown, |value| *value);
    runtime.stop();
    assert!(matches!(*after.try_hold().unwrap(), boc::Outcome::Cancelled));
    assert!(cown.try_hold().is_some());
}

/// A pinned body runs on after its runtime's end: behaviors that it schedules then are dropped, whatever their placement.
#[test]
fn what_a_pinned_body_schedules_after_the_end() {
    struct At0;
    impl<S: Shape> Body<S> for At0 {
        type Rest = ();
        fn placement(&self, _: S::Claimed<'_>) -> Placement {
            Placement::Prefer(0)
        }
        fn run(self, _: S::Claimed<'_>) {}
    }
    let runtime = Arc::new(runtime(1));
    let (cown, own, same) = (Cown::new(()), runtime.clone(), Cown::new(()));
    let (of_body, other) = (cown.clone(), same.clone());
    let body = move || {
        thread::spawn(move || own.stop()).join().unwrap();
        boc::schedule(&of_body, At0);
        boc::schedule(&other, In(0, || ()));
    };
    runtime.schedule((), In(0, body));
    assert_eq!(runtime.pump(0, 1), Ok(1));
    assert!(cown.try_hold().is_some() && same.try_hold().is_some());
    assert!(runtime.is_quiescent());
}
