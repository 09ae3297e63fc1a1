//! Behaviors that run before all others, or after them.

use boc::{Body, Cown, Placement, Runtime};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};

struct Ranked<F>(Placement, F);

impl<F: FnOnce() + Send + 'static> Body<()> for Ranked<F> {
    type Rest = ();
    fn placement(&self, (): ()) -> Placement {
        self.0
    }
    fn run(self, (): ()) {
        (self.1)();
    }
}

/// A runtime whose only worker is busy until the sender is dropped.
fn busy() -> (Runtime, mpsc::Sender<()>) {
    let runtime = Runtime::new(1).unwrap();
    let (free, wait) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    runtime.schedule((), move || {
        begun.send(()).unwrap();
        let _ = wait.recv();
    });
    begins.recv().unwrap();
    (runtime, free)
}

#[test]
fn in_the_order_of_their_ranks() {
    let (runtime, free) = busy();
    let order = Arc::new(Mutex::new(Vec::new()));
    let placements = [Placement::Last, Placement::Anywhere, Placement::First, Placement::Prefer(0)];
    for round in 0..3 {
        for placement in placements {
            let order = order.clone();
            runtime.schedule((), Ranked(placement, move || order.lock().unwrap().push((placement, round))));
        }
    }
    assert_eq!(runtime.ready(), 12);
    drop(free);
    runtime.wait();
    let order = std::mem::take(&mut *order.lock().unwrap());
    let of = |placement| (0..3).map(|round| (placement, round)).collect::<Vec<_>>();
    assert_eq!(order[..3], of(Placement::First));
    assert_eq!(order[9..], of(Placement::Last));
}

#[test]
fn those_that_become_ready_by_a_release() {
    let (runtime, free) = busy();
    let cown = Cown::new(());
    let held = cown.try_hold().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let add = |placement, what: &'static str| {
        let order = order.clone();
        runtime.schedule((), Ranked(placement, move || order.lock().unwrap().push(what)));
    };
    add(Placement::Anywhere, "normal");
    let (same, first) = (order.clone(), Placement::First);
    runtime.when(&cown, move |_| {
        let order = same.clone();
        boc::schedule((), Ranked(first, move || order.lock().unwrap().push("first")));
        boc::schedule((), || ());
        same.lock().unwrap().push("cown");
    });
    drop(held);
    drop(free);
    runtime.wait();
    let order = order.lock().unwrap();
    let place = |what| order.iter().position(|other| *other == what).unwrap();
    assert_eq!(place("first"), place("cown") + 1);
}

/// Schedules itself again and again, until told to stop.
fn again(placement: Placement, stop: Arc<AtomicBool>) {
    if !stop.load(SeqCst) {
        boc::schedule((), Ranked(placement, move || again(placement, stop)));
    }
}

#[test]
fn all_get_a_turn() {
    for endless in [Placement::First, Placement::Anywhere, Placement::Last] {
        for placement in [Placement::First, Placement::Anywhere, Placement::Prefer(0), Placement::Last] {
            let runtime = Runtime::new(1).unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let same = stop.clone();
            runtime.schedule((), Ranked(endless, move || again(endless, same)));
            // Ends only when this has run.
            runtime.schedule((), Ranked(placement, move || stop.store(true, SeqCst)));
            runtime.wait();
        }
    }
}

#[test]
fn sleeping_workers_are_woken() {
    let runtime = Runtime::new(2).unwrap();
    for placement in [Placement::First, Placement::Last] {
        for _ in 0..200 {
            let (send, told) = mpsc::channel();
            runtime.schedule((), Ranked(placement, move || send.send(()).unwrap()));
            told.recv().unwrap();
        }
    }
    runtime.wait();
}

/// Both workers run some of those that become ready together: each waits for the other.
#[test]
fn those_that_become_ready_together_run_at_the_same_time() {
    let parked = |runtime: &Runtime, worker: usize| {
        runtime.stats()[worker].entries().find(|(name, _)| *name == "parked").map_or(0, |(_, count)| count)
    };
    for _ in 0..20 {
        let runtime = Runtime::new(2).unwrap();
        let cown = Cown::new(());
        let (begun, begins) = mpsc::channel();
        let (go_on, may) = mpsc::channel::<()>();
        runtime.when(&cown, move |_| {
            begun.send(boc::current_worker().unwrap()).unwrap();
            may.recv().unwrap();
        });
        let other = 1 - begins.recv().unwrap();
        let both = Arc::new(Barrier::new(2));
        for _ in 0..2 {
            let both = both.clone();
            runtime.schedule(
                boc::Claims::from_iter([(cown.clone(), boc::Mode::Read)]),
                Reader(move || _ = both.wait()),
            );
        }
        // The other worker sleeps by now, or is about to.
        while parked(&runtime, other) == 0 {
            std::thread::yield_now();
        }
        go_on.send(()).unwrap();
        runtime.wait();
    }
}

struct Reader<F>(F);

impl<F: FnOnce() + Send + 'static> Body<boc::ClaimsShape<(), ()>> for Reader<F> {
    type Rest = ();
    fn placement(&self, _: boc::Claimed<'_, (), ()>) -> Placement {
        Placement::First
    }
    fn run(self, _: boc::Claimed<'_, (), ()>) {
        (self.0)();
    }
}

#[test]
fn what_has_not_run_at_the_end_is_dropped() {
    let (runtime, free) = busy();
    let alive = Arc::new(());
    for placement in [Placement::First, Placement::Last] {
        let alive = alive.clone();
        runtime.schedule((), Ranked(placement, move || drop(alive)));
    }
    runtime.abandon();
    drop(free);
    // The worker drops them when it ends.
    while Arc::strong_count(&alive) > 1 {
        std::thread::yield_now();
    }
}
