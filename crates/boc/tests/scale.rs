//! Large numbers.

mod common;

use boc::{Cown, Runtime, read};
use common::{came_to, size};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn ten_thousand_cowns_in_one_behavior() {
    let runtime = Runtime::new(2).unwrap();
    let cowns: Vec<Cown<usize>> = (0..size(10_000)).map(|_| Cown::new(0)).collect();
    for _ in 0..3 {
        runtime.when(cowns.clone(), |mut all| all.iter_mut().for_each(|value| **value += 1));
        let all: Vec<_> = cowns.iter().map(read).collect();
        runtime.when(all, |all| assert!(all.windows(2).all(|pair| *pair[0] == *pair[1])));
        cowns.iter().for_each(|cown| _ = runtime.when(cown, |mut value| *value += 1));
    }
    let sum = runtime.when(cowns.clone(), |all| all.iter().map(|value| **value).sum::<usize>());
    runtime.wait();
    assert_eq!(came_to(&sum), 6 * cowns.len());
}

/// All in line before the first runs.
#[test]
fn a_million_behaviors_on_one_cown() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(());
    let runs = Arc::new(AtomicUsize::new(0));
    let held = cown.try_hold();
    for nth in 0..size(1_000_000) {
        let runs = runs.clone();
        runtime.schedule(&cown, move || {
            // Alone, and in order: a load and a store are enough.
            assert_eq!(runs.load(Relaxed), nth);
            runs.store(nth + 1, Relaxed);
        });
    }
    drop(held);
    runtime.wait();
    assert_eq!(runs.load(Relaxed), size(1_000_000));
    assert_eq!(cown.handles(), 1);
}

/// A group of readers that is granted as one, reader by reader, behind a writer.
#[test]
fn a_hundred_thousand_readers_of_one_cown() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    let runs = Arc::new(AtomicUsize::new(0));
    let held = cown.try_hold();
    for _ in 0..size(100_000) {
        let runs = runs.clone();
        runtime.schedule(read(&cown), move || _ = runs.fetch_add(1, Relaxed));
    }
    let after = runtime.when(&cown, {
        let runs = runs.clone();
        move |_| runs.load(Relaxed)
    });
    drop(held);
    runtime.wait();
    assert_eq!(came_to(&after), size(100_000));
}

#[test]
fn a_thousand_runtimes() {
    let cown = Cown::new(0);
    for _ in 0..size(1_000) {
        let runtime = Runtime::new(2).unwrap();
        runtime.when(&cown, |mut value| *value += 1);
        runtime.when((), |()| ());
    }
    assert_eq!(*cown.try_hold().unwrap(), size(1_000));
}

#[test]
fn more_workers_than_cores() {
    let runtime = Runtime::new(64).unwrap();
    let cown = Cown::new(0);
    for _ in 0..size(5_000) {
        runtime.when(&cown, |mut value| *value += 1);
        runtime.when((), |()| ());
    }
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), size(5_000));
}

/// Slot, queue and injector at the same time, for long.
#[test]
fn a_mixture() {
    let runtime = Arc::new(Runtime::new(3).unwrap());
    let cowns: Arc<Vec<Cown<usize>>> = Arc::new((0..16).map(|_| Cown::new(0)).collect());
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (runtime, cowns) = (&runtime, &cowns);
            scope.spawn(move || {
                for nth in 0..size(2_000) {
                    let (own, place) = (cowns.clone(), (thread + nth) % 15);
                    runtime.when(&cowns[place], move |mut value| {
                        *value += 1;
                        boc::when(&own[place + 1], |mut value| *value += 1);
                        boc::when((), |()| ());
                    });
                }
            });
        }
    });
    runtime.wait();
    let sum: usize = cowns.iter().map(|cown| *cown.try_hold().unwrap()).sum();
    assert_eq!(sum, 2 * 3 * size(2_000));
}
