//! Waiting for some of the behaviors.

mod common;

use boc::{Cown, Runtime};
use common::{came_to, size};
use std::sync::mpsc::channel;

#[test]
fn a_scope_waits_for_its_own() {
    let runtime = Runtime::new(2).unwrap();
    let (go, wait) = channel::<()>();
    let other = runtime.when((), move |()| wait.recv().unwrap());
    let cown = Cown::new(0);
    let scope = runtime.scope();
    assert!(scope.is_empty());
    (0..100).for_each(|_| _ = scope.when(&cown, |mut value| *value += 1));
    scope.wait();
    assert!(scope.is_empty() && !runtime.is_quiescent(), "the other is still there");
    assert_eq!(*cown.try_hold().unwrap(), 100);
    go.send(()).unwrap();
    drop(scope);
    runtime.wait();
    came_to(&other);
}

#[test]
fn scopes_within_scopes() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    for _ in 0..size(200) {
        let outer = runtime.scope();
        let inner = outer.scope();
        let innermost = inner.scope();
        for scope in [&outer, &inner, &innermost] {
            scope.when(&cown, |mut value| *value += 1);
        }
        assert!(!outer.is_empty(), "the inner one counts");
        drop(innermost);
        drop(inner);
        outer.wait();
        assert!(outer.is_empty());
    }
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), 3 * size(200));
}

/// The runtime waits for behaviors of a scope even after the scope is dropped.
#[test]
fn a_scope_that_is_dropped_first() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let held = cown.try_hold();
    let scope = runtime.scope();
    let inner = scope.scope();
    inner.when(&cown, |mut value| *value += 1);
    drop(scope);
    drop(inner);
    assert!(!runtime.is_quiescent());
    drop(held);
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), 1);
}

/// A scope may be owned by its behaviors: they may schedule into it, and drop its last handle.
#[test]
fn a_scope_that_behaviors_own() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    for _ in 0..size(200) {
        let scope = runtime.scope();
        let cown = cown.clone();
        runtime.when((), move |()| {
            scope.when(&cown, |mut value| *value += 1);
            scope.when((), |()| ());
        });
    }
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), size(200));
}

#[test]
fn threads_with_scopes_of_their_own() {
    let runtime = Runtime::new(2).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..size(200) {
                    let scope = runtime.scope();
                    let outcomes: Vec<_> = (0..5).map(|nth| scope.when((), move |()| nth)).collect();
                    scope.wait();
                    assert_eq!(outcomes.iter().map(came_to).sum::<usize>(), 10);
                }
            });
        }
    });
    // A thread that waits for a scope may wake up a moment before the runtime subtracts the scope.
    runtime.wait();
    assert!(runtime.is_quiescent());
}

#[test]
fn a_behavior_cannot_wait() {
    let runtime = Runtime::new(1).unwrap();
    let scope = runtime.scope();
    let waited = runtime
        .when((), move |()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scope.wait())).is_err());
    runtime.wait();
    assert!(came_to(&waited));
}

/// Behaviors are counted in the scope of the behavior that schedules them.
#[test]
fn a_scope_is_handed_down() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let held = cown.try_hold();
    let (outer, other) = (runtime.scope(), runtime.scope());
    let inner = outer.scope();
    let own = cown.clone();
    let (scheduled, see) = channel();
    inner.when((), move |()| {
        boc::when((), move |()| {
            boc::when(&own, |mut value| *value += 1);
            scheduled.send(()).unwrap();
        });
    });
    see.recv().unwrap();
    other.wait();
    assert!(!inner.is_empty() && !outer.is_empty() && !runtime.is_quiescent());
    drop(held);
    inner.wait();
    assert_eq!(*cown.try_hold().unwrap(), 1);
    runtime.wait();
}

/// A runtime does not wait for handles of scopes.
#[test]
fn scopes_that_are_only_there() {
    let runtime = Runtime::new(1).unwrap();
    let scope = runtime.scope();
    runtime.wait();
    assert!(runtime.is_quiescent());
    drop(runtime);
    assert!(scope.is_empty());
}
