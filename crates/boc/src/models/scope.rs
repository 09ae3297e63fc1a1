//! Scopes: who waits wakes up when the last leaves, and the end comes once, after all have left.

use super::explore;
use crate::scope::Scope;
use crate::sync::AtomicUsize;
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A value that those who are counted in change, each in its turn, and the one who waits looks at afterwards.
struct Trace(UnsafeCell<usize>);

// SAFETY: loom looks after it.
unsafe impl Send for Trace {}
// SAFETY: as above.
unsafe impl Sync for Trace {}

#[test]
fn leave_and_wait() {
    explore(6, || {
        let scope = Arc::new(Scope::new());
        let trace = Arc::new(Trace(UnsafeCell::new(0)));
        scope.enter();
        let leaving = {
            let (scope, trace) = (scope.clone(), trace.clone());
            thread::spawn(move || {
                // SAFETY: the one who waits looks only afterwards, says loom.
                trace.0.with_mut(|value| unsafe { *value = 1 });
                scope.leave(1);
            })
        };
        scope.wait();
        // SAFETY: as above.
        trace.0.with(|value| assert_eq!(unsafe { *value }, 1));
        leaving.join().unwrap();
    });
}

#[test]
fn two_leave_and_two_wait() {
    explore(2, || {
        let scope = Arc::new(Scope::new());
        let left = Arc::new(AtomicUsize::new(0));
        scope.enter();
        scope.enter();
        let wait = |scope: &Scope, left: &AtomicUsize| {
            scope.wait();
            assert_eq!(left.load(Ordering::Relaxed), 2);
        };
        let leaving: Vec<_> = (0..2)
            .map(|_| {
                let (scope, left) = (scope.clone(), left.clone());
                thread::spawn(move || {
                    left.fetch_add(1, Ordering::Relaxed);
                    scope.leave(1);
                })
            })
            .collect();
        let waiting = {
            let (scope, left) = (scope.clone(), left.clone());
            thread::spawn(move || wait(&scope, &left))
        };
        wait(&scope, &left);
        waiting.join().unwrap();
        leaving.into_iter().for_each(|leaving| leaving.join().unwrap());
    });
}

/// One who is counted in lets another in before leaving: whoever waits waits for both.
#[test]
fn one_lets_another_in() {
    explore(3, || {
        let scope = Arc::new(Scope::new());
        let left = Arc::new(AtomicUsize::new(0));
        scope.enter();
        let first = {
            let (scope, left) = (scope.clone(), left.clone());
            thread::spawn(move || {
                scope.enter();
                let second = {
                    let (scope, left) = (scope.clone(), left.clone());
                    thread::spawn(move || {
                        left.fetch_add(1, Ordering::Relaxed);
                        scope.leave(1);
                    })
                };
                left.fetch_add(1, Ordering::Relaxed);
                scope.leave(1);
                second.join().unwrap();
            })
        };
        scope.wait();
        assert_eq!(left.load(Ordering::Relaxed), 2);
        first.join().unwrap();
    });
}

/// The owner and the one who is counted in leave at the same time; the scope counts in its parent until both have.
#[test]
fn a_scope_within_another_ends_once() {
    explore(4, || {
        let parent = Arc::new(Scope::new());
        let scope = Arc::new(Scope::within(parent.clone()));
        let left = Arc::new(AtomicUsize::new(0));
        scope.enter();
        let leaving = {
            let (scope, left) = (scope.clone(), left.clone());
            thread::spawn(move || {
                left.fetch_add(1, Ordering::Relaxed);
                scope.leave(1);
            })
        };
        let owner = {
            let left = left.clone();
            thread::spawn(move || {
                left.fetch_add(1, Ordering::Relaxed);
                scope.leave(1);
            })
        };
        parent.wait();
        assert_eq!(left.load(Ordering::Relaxed), 2);
        leaving.join().unwrap();
        owner.join().unwrap();
    });
}

/// What a scope keeps until its end goes with the last to leave, owner or not.
#[test]
fn the_end_comes_once() {
    explore(6, || {
        let scope = Arc::new(Scope::new());
        let ends = Arc::new(AtomicUsize::new(0));
        let counted = ends.clone();
        scope.at_end(move || _ = counted.fetch_add(1, Ordering::Relaxed));
        scope.enter();
        let leaving = {
            let scope = scope.clone();
            thread::spawn(move || scope.leave(1))
        };
        scope.leave(1);
        leaving.join().unwrap();
        assert_eq!(ends.load(Ordering::Relaxed), 1);
    });
}
