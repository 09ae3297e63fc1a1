//! Cowns taken outside behaviors.

mod common;

use boc::{Cown, Runtime, read};
use common::{Door, came_to, size};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};

#[test]
fn behaviors_wait_for_a_hold() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(1);
    let mut held = cown.try_hold().unwrap();
    let seen = runtime.when(&cown, |value| *value);
    assert!(!runtime.is_quiescent());
    assert!(cown.try_hold().is_none(), "held already");
    *held = 2;
    drop(held);
    runtime.wait();
    assert_eq!(came_to(&seen), 2);
}

#[test]
fn a_hold_does_not_wait() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(());
    let (inside, inside_too) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (of_body, of_body_too) = (inside.clone(), inside_too.clone());
    runtime.when(&cown, move |_| {
        of_body.wait();
        of_body_too.wait();
    });
    inside.wait();
    assert!(cown.try_hold().is_none());
    inside_too.wait();
    runtime.wait();
    assert!(cown.try_hold().is_some());
}

/// A reader that has left the queue, but not the cown: the hold fails, and behaviors behind it still run.
#[test]
fn a_hold_beside_a_reader() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let (leave, stay) = channel::<()>();
    let (here, arrived) = channel();
    let first = runtime.when(read(&cown), move |_| {
        here.send(()).unwrap();
        stay.recv().unwrap();
    });
    arrived.recv().unwrap();
    let (done, second) = channel();
    runtime.when(read(&cown), move |_| done.send(()).unwrap());
    second.recv().unwrap();
    assert!(cown.try_hold().is_none());
    let after = runtime.when(&cown, |mut value| *value += 1);
    leave.send(()).unwrap();
    runtime.wait();
    came_to(&first);
    came_to(&after);
    assert_eq!(*cown.try_hold().unwrap(), 1);
}

#[test]
fn a_hold_ends_on_another_thread() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(0);
    let held = cown.try_hold().unwrap();
    runtime.when(&cown, |mut value| *value += 1);
    std::thread::spawn(move || drop(held)).join().unwrap();
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), 1);
}

/// A body may hold other cowns; behaviors that wait for them can run while the body still runs.
#[test]
fn a_hold_ends_in_a_body() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let own = cown.clone();
    let (ready, go) = channel::<()>();
    let (seen, see) = channel();
    let body = runtime.when((), move |()| {
        let held = own.try_hold().unwrap();
        ready.send(()).unwrap();
        let waiting = boc::when(&own, move |_| seen.send(()).unwrap());
        drop(held);
        see.recv().unwrap();
        drop(waiting);
    });
    go.recv().unwrap();
    runtime.wait();
    came_to(&body);
}

/// Threads that try to hold, between behaviors that read and write.
#[test]
fn holds_in_a_crowd() {
    let runtime = Runtime::new(2).unwrap();
    let cown: Cown<usize, Door> = Cown::with_tag(0, Door::default());
    let mut outcomes = Vec::new();
    let held: usize = std::thread::scope(|scope| {
        let holders: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let attempts = (0..size(2_000)).filter(|_| {
                        cown.try_hold().is_some_and(|mut value| {
                            cown.tag().alone(|| *value += 1);
                            true
                        })
                    });
                    attempts.count()
                })
            })
            .collect();
        for nth in 0..size(2_000) {
            let own = cown.clone();
            outcomes.push(if nth % 2 == 0 {
                runtime.when(&cown, move |mut value| own.tag().alone(|| *value += 1))
            } else {
                runtime.when(read(&cown), move |value| own.tag().together(|| _ = *value))
            });
        }
        holders.into_iter().map(|holder| holder.join().unwrap()).sum()
    });
    runtime.wait();
    outcomes.iter().for_each(came_to);
    assert_eq!(*cown.try_hold().unwrap(), held + size(2_000).div_ceil(2));
}

#[test]
fn handles_are_counted() {
    let cown = Cown::new(String::from("value"));
    let weak = cown.downgrade();
    assert_eq!(cown.handles(), 1);
    let held = cown.try_hold().unwrap();
    assert!(cown.handles() > 1);
    drop(held);
    assert_eq!(weak.upgrade().unwrap().handles(), 2);
    drop(cown);
    assert!(weak.upgrade().is_none());
}
