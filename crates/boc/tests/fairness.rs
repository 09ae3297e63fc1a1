//! How long a ready behavior waits: by order, not by time.

mod common;

use boc::{Cown, Runtime, read};
use common::{At, size};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// How many of the eighty or more long behaviors of a test may run before another one. At best it is about three: the one
/// that runs, and one of each place where behaviors wait. The clock may be read late (after short behaviors), and it is
/// the processor's counter, which is not the same on all cores: each costs a few more.
const SOON: usize = 10;

/// A body that takes longer than a slice of local work.
fn long() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1) {
        std::hint::spin_loop();
    }
}

/// One worker, which is busy until everything is scheduled: first the row from `schedule_row`, whose bodies increment the
/// counter that they get, and then a behavior over another cown. Returns how many of the row ran before that one.
fn before_a_fresh_one(schedule_row: impl FnOnce(&Runtime, &Arc<AtomicUsize>)) -> usize {
    let runtime = Runtime::new(1).unwrap();
    let row = Arc::new(AtomicUsize::new(0));
    let (begun, all_scheduled) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (begin, go_on) = (begun.clone(), all_scheduled.clone());
    runtime.schedule((), move || {
        begin.wait();
        go_on.wait();
    });
    begun.wait();
    schedule_row(&runtime, &row);
    let (other, seen) = (Cown::new(()), row.clone());
    let before = runtime.when(&other, move |_| seen.load(SeqCst));
    all_scheduled.wait();
    runtime.wait();
    before.try_hold().unwrap().take()
}

/// Eighty long behaviors in line for one cown do not block another behavior: it waits for the one that runs, and its share.
#[test]
fn a_long_line_for_one_cown() {
    let before = before_a_fresh_one(|runtime, row| {
        let cown = Cown::new(());
        for _ in 0..80 {
            let row = row.clone();
            runtime.schedule(&cown, move || {
                long();
                row.fetch_add(1, SeqCst);
            });
        }
    });
    assert!(before <= SOON, "{before} long behaviors went before");
}

/// The same if the line begins with many short ones.
#[test]
fn short_ones_and_then_long_ones() {
    let before = before_a_fresh_one(|runtime, row| {
        let cown = Cown::new(());
        for nth in 0..10_080 {
            let row = row.clone();
            runtime.schedule(&cown, move || {
                if nth >= 10_000 {
                    long();
                    row.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert!(before <= SOON, "{before} long behaviors went before");
}

/// A chain of long behaviors, each of which schedules the next.
#[test]
fn a_long_chain() {
    fn link(cown: Cown<()>, row: Arc<AtomicUsize>, left: usize) {
        if left > 0 {
            boc::schedule(cown.clone(), move || {
                long();
                row.fetch_add(1, SeqCst);
                link(cown, row, left - 1);
            });
        }
    }
    let before = before_a_fresh_one(|runtime, row| {
        let row = row.clone();
        runtime.schedule((), move || link(Cown::new(()), row, 80));
    });
    assert!(before <= SOON, "{before} long behaviors went before");
}

/// Behaviors that schedule more of their kind all the time, which a worker runs newest first.
#[test]
fn a_growing_tree() {
    fn grow(row: Arc<AtomicUsize>, depth: usize) {
        row.fetch_add(1, SeqCst);
        long();
        if depth > 0 {
            for _ in 0..2 {
                let row = row.clone();
                boc::schedule((), move || grow(row, depth - 1));
            }
        }
    }
    let before = before_a_fresh_one(|runtime, row| {
        let row = row.clone();
        runtime.schedule((), move || grow(row, 6));
    });
    assert!(before <= SOON, "{before} long behaviors went before");
}

/// Readers that are granted together, all of them before a behavior that comes a little later.
#[test]
fn a_crowd_of_readers() {
    let before = before_a_fresh_one(|runtime, row| {
        let cown = Cown::new(());
        for _ in 0..80 {
            let row = row.clone();
            runtime.when(read(&cown), move |_| {
                long();
                row.fetch_add(1, SeqCst);
            });
        }
    });
    // They came before it and are ready: waiting behaviors run in order.
    assert!(before <= 80);
    let before = before_a_fresh_one(|runtime, row| {
        let cown = Cown::new(());
        let held = cown.try_hold();
        for _ in 0..80 {
            let row = row.clone();
            runtime.when(read(&cown), move |_| {
                long();
                row.fetch_add(1, SeqCst);
            });
        }
        // It becomes ready only after the other one.
        runtime.schedule((), move || drop(held));
    });
    assert!(before <= SOON, "{before} long behaviors went before");
}

/// A stream of behaviors that prefer the worker, and one without a preference; and the other way round.
#[test]
fn preferring_or_not() {
    fn stream(prefers: bool, row: Arc<AtomicUsize>, left: usize) {
        if left == 0 {
            return;
        }
        let next = move || {
            long();
            row.fetch_add(1, SeqCst);
            stream(prefers, row, left - 1);
        };
        match prefers {
            true => boc::schedule((), At(0, next)),
            false => boc::schedule((), next),
        }
    }
    for prefers in [true, false] {
        let runtime = Runtime::new(1).unwrap();
        let row = Arc::new(AtomicUsize::new(0));
        let of_stream = row.clone();
        let (tell, told) = channel();
        runtime.schedule((), move || {
            stream(prefers, of_stream.clone(), 80);
            let seen = move || tell.send(of_stream.load(SeqCst)).unwrap();
            match prefers {
                true => boc::schedule((), seen),
                false => boc::schedule((), At(0, seen)),
            }
        });
        let before = told.recv().unwrap();
        runtime.wait();
        assert!(before <= SOON, "{before} long behaviors went before, prefers: {prefers}");
    }
}

/// Endless hot chains on every worker: behaviors from outside are run.
#[test]
fn nothing_starves_beside_hot_chains() {
    fn link(cown: Cown<()>, end: Arc<AtomicBool>) {
        if !end.load(SeqCst) {
            boc::schedule(cown.clone(), move || link(cown, end));
        }
    }
    let runtime = Runtime::new(2).unwrap();
    let end = Arc::new(AtomicBool::new(false));
    for _ in 0..4 {
        let end = end.clone();
        runtime.schedule((), move || link(Cown::new(()), end));
    }
    let cown = Cown::new(0);
    for _ in 0..size(200) {
        let (tell, told) = channel();
        runtime.when(&cown, move |mut count| {
            *count += 1;
            tell.send(()).unwrap();
        });
        told.recv().unwrap();
    }
    end.store(true, SeqCst);
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), size(200));
}
