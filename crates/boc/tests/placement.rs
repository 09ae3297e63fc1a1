//! On which worker behaviors run, and that each gets its turn.

mod common;

use boc::{Cown, Runtime, Stats, current_worker, read};
use common::{At, came_to, size};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};

/// Keeps every worker of the runtime busy. Returns a sender for each, which lets it go on.
fn occupy(runtime: &Runtime) -> Vec<Sender<()>> {
    let (here, arrived) = channel();
    let mut gates: Vec<_> = (0..runtime.worker_count())
        .map(|_| {
            let here = here.clone();
            let (gate, wait): (_, Receiver<()>) = channel();
            runtime.schedule((), move || {
                here.send(current_worker().unwrap()).unwrap();
                wait.recv().unwrap();
            });
            // One after the other: so we know which gate belongs to which worker.
            (arrived.recv().unwrap(), gate)
        })
        .collect();
    gates.sort_by_key(|&(worker, _)| worker);
    assert!(gates.iter().enumerate().all(|(index, &(worker, _))| index == worker));
    gates.into_iter().map(|(_, gate)| gate).collect()
}

fn total(runtime: &Runtime, count: impl Fn(&Stats) -> u64) -> u64 {
    runtime.stats().iter().map(count).sum()
}

#[test]
fn workers_have_numbers() {
    assert_eq!(current_worker(), None);
    let runtime = Runtime::new(3).unwrap();
    assert_eq!(runtime.worker_count(), 3);
    occupy(&runtime).iter().for_each(|gate| gate.send(()).unwrap());
}

/// Each worker looks into its own inbox before it looks elsewhere.
#[test]
fn a_body_runs_at_home() {
    let runtime = Runtime::new(2).unwrap();
    for _ in 0..size(100) {
        let gates = occupy(&runtime);
        let meet = Arc::new(Barrier::new(2));
        let elsewhere = Arc::new(AtomicUsize::new(0));
        for wanted in [1, 0] {
            let (meet, elsewhere) = (meet.clone(), elsewhere.clone());
            runtime.schedule(
                (),
                At(wanted, move || {
                    elsewhere.fetch_add(usize::from(current_worker() != Some(wanted)), SeqCst);
                    meet.wait();
                }),
            );
        }
        gates.iter().for_each(|gate| gate.send(()).unwrap());
        runtime.wait();
        assert_eq!(elsewhere.load(SeqCst), 0);
    }
    assert_eq!(total(&runtime, |stats| stats.pushed_remote), 2 * size(100) as u64);
}

/// A body that prefers a busy worker is run by one that is not.
#[test]
fn a_busy_home_is_helped() {
    let runtime = Runtime::new(2).unwrap();
    for busy in [0, 1] {
        let gates = occupy(&runtime);
        gates[1 - busy].send(()).unwrap();
        let (tell, told) = channel();
        runtime.schedule((), At(busy, move || tell.send(current_worker()).unwrap()));
        assert_eq!(told.recv().unwrap(), Some(1 - busy));
        gates[busy].send(()).unwrap();
        runtime.wait();
    }
}

/// The same for a behavior in a busy worker's own queue.
#[test]
fn a_busy_worker_is_helped() {
    let runtime = Runtime::new(2).unwrap();
    let helped = runtime.when((), |()| {
        let (tell, told) = channel();
        boc::when((), move |()| tell.send(current_worker()).unwrap());
        told.recv().unwrap() != current_worker()
    });
    runtime.wait();
    assert!(came_to(&helped));
}

/// All workers get work, in whichever way it was published: each of these bodies waits for all the others.
#[test]
fn all_workers_come() {
    let runtime = Runtime::new(4).unwrap();
    for round in 0..size(400) {
        let meet = Arc::new(Barrier::new(4));
        let body = |meet: &Arc<Barrier>| {
            let meet = meet.clone();
            move || _ = meet.wait()
        };
        match round % 3 {
            0 => (0..4).for_each(|_| runtime.schedule((), body(&meet))),
            1 => (0..4).for_each(|_| runtime.schedule((), At(0, body(&meet)))),
            _ => {
                let meet = meet.clone();
                runtime.when((), move |()| {
                    for _ in 0..4 {
                        let meet = meet.clone();
                        boc::when((), move |()| _ = meet.wait());
                    }
                });
            }
        }
        // Otherwise the next round would meet workers that wait for this one.
        runtime.wait();
        if round % 4 == 0 {
            std::thread::yield_now(); // they may be asleep by then, or not
        }
    }
}

#[test]
fn a_home_that_is_none() {
    let runtime = Runtime::new(1).unwrap();
    let (tell, told) = channel();
    runtime.schedule((), At(7, move || tell.send(()).unwrap()));
    told.recv().unwrap();
}

/// A preference also counts for behaviors that a release makes ready.
#[test]
fn released_to_its_home() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(());
    for nth in 0..size(2_000) {
        runtime.schedule(&cown, At(nth % 2, || ()));
    }
    runtime.wait();
    assert!(total(&runtime, |stats| stats.pushed_remote) > 0);
}

/// Chains that never end by themselves, each on its own cown; they end when a behavior from outside gets its turn.
fn a_turn_beside_chains(chains: usize, outside: impl FnOnce(&Runtime, Arc<AtomicBool>)) {
    fn link(cown: Cown<()>, end: Arc<AtomicBool>) {
        if !end.load(SeqCst) {
            boc::when(cown.clone(), move |_| link(cown, end));
        }
    }
    let runtime = Runtime::new(1).unwrap();
    let end = Arc::new(AtomicBool::new(false));
    for _ in 0..chains {
        let end = end.clone();
        runtime.when((), move |()| link(Cown::new(()), end));
    }
    outside(&runtime, end);
    runtime.wait();
}

#[test]
fn the_injector_gets_its_turn() {
    for chains in [1, 2, 5] {
        a_turn_beside_chains(chains, |runtime, end| runtime.schedule((), move || end.store(true, SeqCst)));
    }
}

#[test]
fn the_inbox_gets_its_turn() {
    for chains in [1, 2, 5] {
        a_turn_beside_chains(chains, |runtime, end| {
            runtime.schedule((), At(0, move || end.store(true, SeqCst)));
        });
    }
}

/// One cown that two chains share is handed from one to the other: both are in the slot all the time.
#[test]
fn the_slot_gives_way() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(());
    let end = Arc::new(AtomicBool::new(false));
    fn link(cown: Cown<()>, end: Arc<AtomicBool>) {
        if !end.load(SeqCst) {
            boc::when(cown.clone(), move |_| link(cown, end));
        }
    }
    for _ in 0..2 {
        let (cown, end) = (cown.clone(), end.clone());
        runtime.when((), move |()| link(cown, end));
    }
    let (tell, told) = channel();
    runtime.schedule((), move || tell.send(()).unwrap());
    told.recv().unwrap();
    end.store(true, SeqCst);
    runtime.wait();
}

/// The counts add up: each behavior that has run was taken from somewhere, once.
#[test]
fn stats_add_up() {
    let runtime = Runtime::new(2).unwrap();
    let cowns: Vec<Cown<()>> = (0..8).map(|_| Cown::new(())).collect();
    let each = size(4_000);
    for nth in 0..each {
        runtime.schedule(&cowns[nth % 8], At(nth % 5, || ()));
        runtime.schedule(read(&cowns[nth % 3]), || ());
        runtime.schedule((), || ());
    }
    runtime.wait();
    let ran =
        total(&runtime, |stats| stats.popped_local + stats.popped_via_steal + stats.dispatched_to_pending);
    assert_eq!(ran, 3 * each as u64);
    for stats in runtime.stats() {
        assert!(stats.steal_failures <= stats.steal_attempts);
        assert_eq!(stats.entries().find(|&(name, _)| name == "parked"), Some(("parked", stats.parked)));
    }
}

/// A chain is passed on directly, not through a queue.
#[test]
fn a_chain_stays_in_the_slot() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(());
    let held = cown.try_hold();
    (0..1_000).for_each(|_| runtime.schedule(&cown, || ()));
    drop(held);
    runtime.wait();
    assert_eq!(total(&runtime, |stats| stats.dispatched_to_pending), 999);
    assert_eq!(total(&runtime, |stats| stats.pushed_local), 0);
}
