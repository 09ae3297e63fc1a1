//! Holds, against real behaviors on a real runtime whose workers are threads of the model. The deques are not modelled:
//! each of their steps is one.

use super::explore;
use crate::behavior;
use crate::claims::Claims;
use crate::cown::Cown;
use crate::queue::Mode;
use crate::scheduler::{Local, Shared};
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

/// A runtime whose one worker works only when told to.
struct Bench {
    shared: Arc<Shared>,
    local: Local,
}

impl Bench {
    fn new() -> Bench {
        let (shared, mut locals) = Shared::new(1);
        Bench { shared, local: locals.pop().unwrap() }
    }

    /// Runs what there is.
    fn run(&self) {
        while let Some(ready) = self.local.next(1) {
            ready.run(&self.local);
        }
        self.local.settle();
    }
}

/// What the cown protects. Loom's cell notices an access that overlaps another.
struct Value(UnsafeCell<()>);

// SAFETY: what is to be shown.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    fn new() -> Arc<Value> {
        Arc::new(Value(UnsafeCell::new(())))
    }

    fn write(&self, meanwhile: impl FnOnce()) {
        self.0.with_mut(|_| meanwhile());
    }

    fn read(&self) {
        self.0.with(|_| ());
    }
}

fn schedule(shared: &Arc<Shared>, cown: &Cown<()>, mode: Mode, value: &Arc<Value>) {
    let value = value.clone();
    let claims = Claims::from_iter([(cown.clone(), mode)]);
    behavior::schedule(shared, None, claims, move || match mode {
        Mode::Write => value.write(|| ()),
        Mode::Read => value.read(),
    });
}

/// A thread schedules behaviors of these modes, while this one tries to hold the cown between running them.
fn hold_against(preemptions: usize, modes: &'static [Mode]) {
    explore(preemptions, move || {
        let bench = Bench::new();
        let cown = Cown::new(());
        let value = Value::new();
        let other = {
            let (shared, cown, value) = (bench.shared.clone(), cown.clone(), value.clone());
            thread::spawn(move || modes.iter().for_each(|&mode| schedule(&shared, &cown, mode, &value)))
        };
        for _ in 0..2 {
            if let Some(held) = cown.try_hold() {
                value.write(|| bench.run());
                drop(held);
            }
            bench.run();
        }
        other.join().unwrap();
        bench.run();
        assert!(bench.shared.root.is_empty());
        assert!(cown.try_hold().is_some(), "nobody has it");
        bench.shared.root.leave(1);
    });
}

#[test]
fn a_hold_and_a_writer() {
    hold_against(4, &[Mode::Write]);
}

#[test]
fn a_hold_and_a_reader() {
    hold_against(4, &[Mode::Read]);
}

#[test]
fn a_hold_a_reader_and_a_writer() {
    hold_against(2, &[Mode::Read, Mode::Write]);
}

#[test]
fn a_hold_and_readers() {
    hold_against(2, &[Mode::Read, Mode::Read]);
}

/// A hold that comes while readers that have left the queue are still inside fails, and leaves no trace.
#[test]
fn a_hold_behind_readers_that_have_left_the_queue() {
    explore(3, || {
        let first = Bench::new();
        let second = Bench::new();
        let cown = Cown::new(());
        let value = Value::new();
        schedule(&first.shared, &cown, Mode::Read, &value);
        schedule(&second.shared, &cown, Mode::Read, &value);
        // Loom's threads share one real thread: the worker need not be `Sync` in truth.
        struct Sent(Bench);
        // SAFETY: as said.
        unsafe impl Send for Sent {}
        let leaving: Vec<_> = [first, second]
            .into_iter()
            .map(Sent)
            .map(|bench| {
                thread::spawn(move || {
                    let bench = bench;
                    bench.0.run();
                    bench.0.shared.root.leave(1);
                })
            })
            .collect();
        drop(cown.try_hold());
        leaving.into_iter().for_each(|bench| bench.join().unwrap());
        assert!(cown.try_hold().is_some(), "nobody has it");
    });
}

/// Two threads try at the same time: one of them gets the cown.
#[test]
fn two_holds() {
    explore(4, || {
        let cown = Cown::new(());
        let value = Value::new();
        let attempt = |cown: &Cown<()>, value: &Value| {
            if let Some(_held) = cown.try_hold() {
                value.write(|| ());
            }
        };
        let other = {
            let (cown, value) = (cown.clone(), value.clone());
            thread::spawn(move || attempt(&cown, &value))
        };
        attempt(&cown, &value);
        other.join().unwrap();
        assert!(cown.try_hold().is_some());
    });
}
