//! The end of a runtime, beside a thread that schedules: each behavior is run or dropped, and none is lost.

use super::explore;
use crate::cown::Cown;
use crate::outcome::Outcome;
use crate::schedule::{when, when_in};
use crate::scheduler::{Runner, Settings, Shared};
use loom::thread;
use std::ptr::NonNull;
use std::sync::Arc;

/// A runtime with a worker that does not work.
fn runtime() -> (Arc<Shared>, Vec<Runner>) {
    Shared::new(Settings { workers: 1, ..Settings::default() })
}

/// What `Runtime::drop` does at its end.
fn end(shared: &Shared) {
    shared.give_back_credit();
    // SAFETY: the runtime was the owner of its scopes.
    unsafe {
        crate::scheduler::Scope::disown(NonNull::from(&*shared.background));
        crate::scheduler::Scope::disown(NonNull::from(&*shared.root));
    }
}

#[test]
fn a_behavior_that_comes_as_the_runtime_ends() {
    explore(3, || {
        let (shared, runners) = runtime();
        let own = shared.clone();
        let scheduling = thread::spawn(move || {
            let outcome: Cown<Outcome<()>> = when_in(None, &own, &own.root, (), |()| ()).into();
            outcome
        });
        shared.stop();
        shared.discard_all();
        let outcome = scheduling.join().unwrap();
        assert!(matches!(*outcome.try_hold().expect("it is over"), Outcome::Cancelled));
        assert!(shared.is_quiescent());
        drop(runners);
        end(&shared);
        assert_eq!(Arc::strong_count(&shared), 1, "the root scope has let go of it");
    });
}

/// A behavior that waits for a cown which is released as the runtime ends.
#[test]
fn a_behavior_that_becomes_ready_as_the_runtime_ends() {
    explore(3, || {
        let (shared, runners) = runtime();
        let cown = Cown::new(0);
        let held = cown.try_hold();
        let outcome: Cown<Outcome<()>> =
            when_in(None, &shared, &shared.root, &cown, |mut value| *value += 1).into();
        let letting_go = thread::spawn(move || drop(held));
        shared.stop();
        shared.discard_all();
        letting_go.join().unwrap();
        assert!(matches!(*outcome.try_hold().expect("it is over"), Outcome::Cancelled));
        assert_eq!(*cown.try_hold().expect("it is free"), 0);
        assert!(shared.is_quiescent());
        drop(runners);
        end(&shared);
    });
}

/// One thread counts behaviors in advance while another one waits: the wait ends.
#[test]
fn a_wait_beside_a_thread_that_schedules() {
    explore(2, || {
        let (shared, mut runners) = runtime();
        let runner = runners.pop().unwrap();
        let own = shared.clone();
        let scheduling = thread::spawn(move || {
            drop(when_in(None, &own, &own.root, (), |()| ()));
            while runner.run_one() {}
            runner.settle();
        });
        shared.root.wait(None);
        scheduling.join().unwrap();
        assert!(shared.is_quiescent());
        end(&shared);
    });
}

/// The only worker drops the promise of a waiting behavior. Meanwhile the runtime ends, and another thread releases the
/// cown. One of the two drops the behavior, and sees that the promise is gone.
#[test]
fn a_lone_worker_drops_a_promise_as_the_runtime_ends() {
    explore(2, || {
        let (shared, mut runners) = runtime();
        let runner = runners.pop().unwrap();
        let cown = Cown::new(0);
        let held = cown.try_hold();
        let body = {
            let cown = cown.clone();
            move |()| drop(when(&cown, |mut value| *value += 1))
        };
        drop(when_in(None, &shared, &shared.root, (), body));
        let working = thread::spawn(move || runner.work(&mut |sleep| sleep()));
        shared.stop();
        drop(held);
        working.join().unwrap();
        shared.discard_all();
        assert!(*cown.try_hold().expect("it is free") <= 1);
        assert!(shared.is_quiescent());
        drop(cown);
        end(&shared);
    });
}
