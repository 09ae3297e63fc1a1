//! Looking at what waits.

mod common;

use boc::{Body, Claimed, Claims, ClaimsShape, Cown, Mode, Runtime};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

type Shape = ClaimsShape<(), ()>;

/// Says its label, and does nothing.
struct Labelled(u32);

impl Body<Shape> for Labelled {
    type Rest = ();
    fn label(&self) -> u32 {
        self.0
    }
    fn run(self, _: Claimed<'_, (), ()>) {}
}

/// Calls its function with what it has claimed.
struct With<F>(F);

impl<F: FnOnce(Claimed<'_, (), ()>) + Send + 'static> Body<Shape> for With<F> {
    type Rest = ();
    fn run(self, claimed: Claimed<'_, (), ()>) {
        (self.0)(claimed);
    }
}

fn claims(cowns: &[(&Cown<()>, Mode)]) -> Claims<'static, ()> {
    cowns.iter().map(|(cown, mode)| ((*cown).clone(), *mode)).collect()
}

/// What is seen: label, cown, and the label of the one that it is behind.
fn seen(each: impl FnOnce(&mut dyn FnMut(boc::Waiting<'_>) -> bool)) -> Vec<(u32, usize, Option<u32>)> {
    let mut all: Vec<(usize, u32, usize, Option<usize>)> = Vec::new();
    each(&mut |waiting| {
        all.push((waiting.id(), waiting.label(), waiting.cown(), waiting.behind()));
        true
    });
    let label = |id: usize| all.iter().find(|(other, ..)| *other == id).expect("it was seen before").1;
    all.iter().map(|&(_, own, cown, behind)| (own, cown, behind.map(label))).collect()
}

#[test]
fn the_line_of_a_held_cown_in_its_order() {
    let runtime = Runtime::new(1).unwrap();
    let cown = Cown::new(());
    let guard = cown.try_hold().unwrap();
    let modes = [Mode::Write, Mode::Read, Mode::Read, Mode::Write];
    for (place, mode) in modes.into_iter().enumerate() {
        runtime.schedule(claims(&[(&cown, mode)]), Labelled(place as u32));
    }
    let found = seen(|f| guard.each_waiting(f));
    assert_eq!(found, (0..4).map(|label| (label, cown.id(), None)).collect::<Vec<_>>());
    drop(guard);
    runtime.wait();
}

#[test]
fn what_waits_for_one_that_waits() {
    let runtime = Runtime::new(1).unwrap();
    let (held, other) = (Cown::new(()), Cown::new(()));
    let guard = held.try_hold().unwrap();
    runtime.schedule(claims(&[(&held, Mode::Write), (&other, Mode::Read)]), Labelled(1));
    runtime.schedule(claims(&[(&other, Mode::Write)]), Labelled(2));
    runtime.schedule(claims(&[(&other, Mode::Write)]), Labelled(3));
    let found = seen(|f| guard.each_waiting(f));
    let wanted = [(1, held.id(), None), (2, other.id(), Some(1)), (3, other.id(), Some(1))];
    assert_eq!(found, wanted);
    let mut asked = Vec::new();
    guard.each_waiting(|waiting| {
        let claimed = Claimed::<(), ()>::of_waiting(waiting).expect("they are claims");
        asked.push(claimed.iter().map(|(cown, mode)| (cown.id(), mode)).collect::<Vec<_>>());
        false
    });
    assert_eq!(asked, [[(held.id(), Mode::Write), (other.id(), Mode::Read)]]);
    assert!({
        let mut others = 0;
        guard.each_waiting(|waiting| {
            others += usize::from(Claimed::<u8, ()>::of_waiting(waiting).is_some());
            true
        });
        others == 0
    });
    drop(guard);
    runtime.wait();
}

#[test]
fn a_running_reader_sees_the_writer() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(());
    let (said, told) = std::sync::mpsc::channel();
    let (go_on, may) = std::sync::mpsc::channel::<()>();
    let body = With(move |claimed: Claimed<'_, (), ()>| {
        said.send(seen(|f| claimed.each_waiting(f))).unwrap();
        may.recv().unwrap();
        said.send(seen(|f| claimed.each_waiting(f))).unwrap();
    });
    runtime.schedule(claims(&[(&cown, Mode::Read)]), body);
    assert_eq!(told.recv().unwrap(), []);
    runtime.schedule(claims(&[(&cown, Mode::Write)]), Labelled(5));
    go_on.send(()).unwrap();
    assert_eq!(told.recv().unwrap(), [(5, cown.id(), None)]);
    runtime.wait();
}

/// The reader that has the writer behind it has left: the other one sees it all the same.
#[test]
fn a_reader_sees_the_writer_that_came_behind_another() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(());
    let (said, told) = std::sync::mpsc::channel();
    let (go_on, may) = std::sync::mpsc::channel::<()>();
    let (end, may_end) = std::sync::mpsc::channel::<()>();
    // Each worker has one of the readers before anything else is scheduled.
    let both = Arc::new(Barrier::new(3));
    let (begun, other_begun) = (both.clone(), both.clone());
    runtime.schedule(
        claims(&[(&cown, Mode::Read)]),
        With(move |claimed: Claimed<'_, (), ()>| {
            begun.wait();
            may.recv().unwrap();
            said.send(seen(|f| claimed.each_waiting(f))).unwrap();
        }),
    );
    runtime.schedule(
        claims(&[(&cown, Mode::Read)]),
        With(move |_: Claimed<'_, (), ()>| {
            other_begun.wait();
            may_end.recv().unwrap();
        }),
    );
    both.wait();
    runtime.schedule(claims(&[(&cown, Mode::Write)]), Labelled(5));
    let idle = Arc::new(AtomicBool::new(false));
    end.send(()).unwrap();
    // When the second worker gets to this, it has left the reader.
    let seen_idle = idle.clone();
    runtime.schedule((), move || seen_idle.store(true, Relaxed));
    while !idle.load(Relaxed) {
        thread::yield_now();
    }
    go_on.send(()).unwrap();
    assert_eq!(told.recv().unwrap(), [(5, cown.id(), None)]);
    runtime.wait();
}

/// Lines that change while they are looked at.
#[test]
fn under_load() {
    let rounds = common::size(400);
    let runtime = Runtime::new(2).unwrap();
    let cowns: Vec<Cown<()>> = (0..4).map(|_| Cown::new(())).collect();
    let ended = AtomicBool::new(false);
    let looks = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 0..2 {
            let (runtime, cowns, ended) = (&runtime, &cowns, &ended);
            scope.spawn(move || {
                let mut random = common::Random(seed);
                while !ended.load(Relaxed) {
                    for _ in 0..100 {
                        let count = 1 + random.below(3);
                        let chosen = random.choose(count, cowns.len());
                        let modes = [Mode::Read, Mode::Write];
                        let asked: Vec<_> =
                            chosen.iter().map(|&place| (&cowns[place], modes[random.below(2)])).collect();
                        let look = With(|claimed: Claimed<'_, (), ()>| {
                            let mut left = 50;
                            claimed.each_waiting(|waiting| {
                                assert!([0, 9].contains(&waiting.label()));
                                left -= 1;
                                left > 0
                            });
                        });
                        match random.below(3) {
                            0 => runtime.schedule(claims(&asked), look),
                            _ => runtime.schedule(claims(&asked), Labelled(9)),
                        }
                    }
                    runtime.wait();
                }
            });
        }
        for round in 0..rounds {
            let cown = &cowns[round % cowns.len()];
            let Some(guard) = cown.try_hold() else { continue };
            for _ in 0..10 {
                guard.each_waiting(|waiting| {
                    assert!([0, 9].contains(&waiting.label()));
                    looks.fetch_add(1, Relaxed);
                    true
                });
            }
        }
        ended.store(true, Relaxed);
    });
    runtime.wait();
}
