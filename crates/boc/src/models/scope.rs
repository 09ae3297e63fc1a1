//! Scopes: a waiting thread wakes up when the last behavior leaves, a scope within another one is counted there, and the
//! memory is freed once, after all have left.

use super::explore;
use crate::scheduler::{Scope, ScopeHandle, Settings, Shared};
use crate::sync::AtomicUsize;
use loom::cell::UnsafeCell;
use loom::thread;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A value that counted behaviors change, one after the other, and that the waiting thread reads afterwards.
struct Trace(UnsafeCell<usize>);

// SAFETY: loom checks this.
unsafe impl Send for Trace {}
// SAFETY: as above.
unsafe impl Sync for Trace {}

fn runtime() -> Arc<Shared> {
    Shared::new(Settings { workers: 1, ..Settings::default() }).0
}

fn end(shared: &Shared) {
    // SAFETY: the runtime was the owner of its scopes.
    unsafe {
        Scope::disown(NonNull::from(&*shared.background));
        Scope::disown(NonNull::from(&*shared.root));
    }
}

fn leave(scope: &Scope) {
    // SAFETY: entered before; the runtime is there.
    unsafe { Scope::leave(NonNull::from(scope), 1) };
}

#[test]
fn leave_and_wait() {
    explore(4, || {
        let shared = runtime();
        let trace = Arc::new(Trace(UnsafeCell::new(0)));
        shared.root.enter(1);
        let leaving = {
            let (shared, trace) = (shared.clone(), trace.clone());
            thread::spawn(move || {
                // SAFETY: the waiting thread reads only afterwards; loom checks this.
                trace.0.with_mut(|value| unsafe { *value = 1 });
                leave(&shared.root);
            })
        };
        shared.root.wait(None);
        // SAFETY: as above.
        trace.0.with(|value| assert_eq!(unsafe { *value }, 1));
        leaving.join().unwrap();
        end(&shared);
    });
}

#[test]
fn two_leave_and_two_wait() {
    explore(2, || {
        let shared = runtime();
        let left = Arc::new(AtomicUsize::new(0));
        shared.root.enter(2);
        let wait = |shared: &Shared, left: &AtomicUsize| {
            shared.root.wait(None);
            assert_eq!(left.load(Ordering::Relaxed), 2);
        };
        let leaving: Vec<_> = (0..2)
            .map(|_| {
                let (shared, left) = (shared.clone(), left.clone());
                thread::spawn(move || {
                    left.fetch_add(1, Ordering::Relaxed);
                    leave(&shared.root);
                })
            })
            .collect();
        let waiting = {
            let (shared, left) = (shared.clone(), left.clone());
            thread::spawn(move || wait(&shared, &left))
        };
        wait(&shared, &left);
        waiting.join().unwrap();
        leaving.into_iter().for_each(|leaving| leaving.join().unwrap());
        end(&shared);
    });
}

/// A counted behavior counts in another before it leaves: a waiting thread waits for both.
#[test]
fn one_lets_another_in() {
    explore(3, || {
        let shared = runtime();
        let left = Arc::new(AtomicUsize::new(0));
        shared.root.enter(1);
        let first = {
            let (shared, left) = (shared.clone(), left.clone());
            thread::spawn(move || {
                shared.root.enter(1);
                let second = {
                    let (shared, left) = (shared.clone(), left.clone());
                    thread::spawn(move || {
                        left.fetch_add(1, Ordering::Relaxed);
                        leave(&shared.root);
                    })
                };
                left.fetch_add(1, Ordering::Relaxed);
                leave(&shared.root);
                second.join().unwrap();
            })
        };
        shared.root.wait(None);
        assert_eq!(left.load(Ordering::Relaxed), 2);
        first.join().unwrap();
        end(&shared);
    });
}

/// Two threads count something in a scope, and each then waits for the scope above: it waits at least for its own.
#[test]
fn a_scope_above_waits_for_what_is_below() {
    explore(3, || {
        let shared = runtime();
        let scope = ScopeHandle::within(&shared.root);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (shared, scope) = (shared.clone(), scope.clone());
                thread::spawn(move || {
                    let left = Arc::new(AtomicUsize::new(0));
                    scope.scope().enter(1);
                    let leaving = {
                        let (scope, left) = (scope.clone(), left.clone());
                        thread::spawn(move || {
                            left.store(1, Ordering::Relaxed);
                            leave(scope.scope());
                        })
                    };
                    shared.root.wait(None);
                    assert_eq!(left.load(Ordering::Relaxed), 1);
                    leaving.join().unwrap();
                })
            })
            .take(1)
            .collect();
        // Meanwhile, the same scope fills and empties.
        scope.scope().enter(1);
        leave(scope.scope());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(scope);
        assert!(shared.root.is_empty());
        end(&shared);
    });
}

/// The last handle is dropped while the last behavior leaves: the scope is freed once, and the runtime's memory after it.
#[test]
fn a_scope_ends_once() {
    explore(4, || {
        let shared = runtime();
        let scope = ScopeHandle::within(&shared.root);
        scope.scope().enter(1);
        let leaving = {
            let (shared, scope) = (shared.clone(), scope.clone());
            thread::spawn(move || {
                let inner = NonNull::from(scope.scope());
                drop(scope);
                // SAFETY: one is counted; the runtime is there.
                unsafe { Scope::leave(inner, 1) };
                drop(shared);
            })
        };
        drop(scope);
        shared.root.wait(None);
        leaving.join().unwrap();
        end(&shared);
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}

/// A background job that is still there when the runtime is dropped, and counts something into the root scope.
#[test]
fn a_background_job_outlives_the_owner() {
    explore(4, || {
        let shared = runtime();
        shared.background.enter(1);
        let job = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.root.enter(1);
                leave(&shared.background);
                leave(&shared.root);
            })
        };
        end(&shared);
        job.join().unwrap();
        assert_eq!(Arc::strong_count(&shared), 1, "the root scope has let go of it");
    });
}
