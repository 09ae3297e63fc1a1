//! Bodies, values and placements that panic.

mod common;

use boc::{Body, Cown, Outcome, Placement, Promise, Runtime, Shape, read};
use common::{came_to, size};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

/// Panics when dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_panic_is_the_outcome() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let outcome = runtime.when(&cown, |mut value| {
        *value = 1;
        panic!("on purpose");
    });
    let after = runtime.when(&cown, |value| *value);
    runtime.wait();
    assert_eq!(came_to(&after), 1, "the cown was released");
    let mut outcome = outcome.try_hold().unwrap();
    assert!(matches!(*outcome, Outcome::<()>::Panicked(_)));
    let panic = catch_unwind(AssertUnwindSafe(|| outcome.take())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
    assert!(matches!(*outcome, Outcome::Pending), "it has been taken");
}

#[test]
fn all_cowns_are_released() {
    let runtime = Runtime::new(2).unwrap();
    let cowns: Vec<Cown<usize>> = (0..8).map(|_| Cown::new(0)).collect();
    for _ in 0..size(100) {
        runtime.when((cowns[..4].to_vec(), cowns[4..].iter().map(read).collect::<Vec<_>>()), |_| {
            panic_any(0_u8)
        });
    }
    runtime.wait();
    assert!(cowns.iter().all(|cown| cown.try_hold().is_some() && cown.handles() == 1));
}

#[test]
fn an_untyped_body_that_panics() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(0);
    runtime.schedule(&cown, || panic!("on purpose"));
    runtime.wait();
    assert!(cown.try_hold().is_some());
}

/// The payload of a body's panic may itself panic when dropped.
#[test]
fn a_panic_that_panics() {
    let runtime = Runtime::new(1).unwrap();
    runtime.schedule((), || panic_any(Grenade));
    drop(runtime.when((), |()| panic_any(Grenade)));
    runtime.wait();
    assert_eq!(came_to(&runtime_still_works(&runtime)), 1);
}

/// A behavior drops the last handle of a cown, and the value panics when dropped.
#[test]
fn a_value_that_panics_when_dropped() {
    let runtime = Runtime::new(1).unwrap();
    let kept = Cown::new(0);
    for _ in 0..3 {
        // The handles are moved into the behavior: one that is left here might be the last, and panic here.
        runtime.when((Cown::new(Grenade), &kept, Cown::new(Grenade)), |_| ());
    }
    runtime.wait();
    assert_eq!(came_to(&runtime_still_works(&runtime)), 1);
    assert!(kept.try_hold().is_some());
}

/// A body whose captures panic when dropped; a placement that panics when asked.
#[test]
fn bodies_that_panic_elsewhere() {
    struct Homeless;
    impl<S: Shape> Body<S> for Homeless {
        type Rest = ();
        fn placement(&self, _: S::Claimed<'_>) -> Placement {
            panic!("asked");
        }
        fn run(self, _: S::Claimed<'_>) {}
    }
    let runtime = Runtime::new(1).unwrap();
    let grenade = Grenade;
    runtime.when((), move |()| _ = &grenade);
    let cown = Cown::new(());
    runtime.when(&cown, |_| ());
    runtime.schedule(&cown, Homeless);
    runtime.wait();
    assert_eq!(came_to(&runtime_still_works(&runtime)), 1);
}

fn runtime_still_works(runtime: &Runtime) -> Promise<i32> {
    let outcome = runtime.when((), |()| 1);
    runtime.wait();
    outcome
}

#[test]
fn an_outcome_is_taken_once() {
    let mut outcome = Outcome::Done(1);
    assert_eq!(format!("{outcome:?}"), "Done(1)");
    assert_eq!(outcome.take(), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| outcome.take())).is_err());
}
