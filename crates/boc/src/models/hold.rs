//! Holds, against real behaviors on a real runtime whose workers are threads of the model. The deques are not modelled:
//! each of their operations is one step.

use super::explore;
use crate::claims::Claims;
use crate::cown::Cown;
use crate::queue::Mode;
use crate::schedule::schedule_in;
use crate::scheduler::{Runner, Scope, Settings, Shared};
use loom::cell::UnsafeCell;
use loom::thread;
use std::ptr::NonNull;
use std::sync::Arc;

/// A runtime whose one worker works only when told to.
struct Bench {
    shared: Arc<Shared>,
    worker: Runner,
}

impl Bench {
    fn new() -> Bench {
        let (shared, mut workers) = Shared::new(Settings { workers: 1, ..Settings::default() });
        Bench { shared, worker: workers.pop().unwrap() }
    }

    /// Runs all ready jobs.
    fn run(&self) {
        while self.worker.run_one() {}
        self.worker.settle();
    }

    /// The end of the runtime.
    fn end(self) {
        self.run();
        assert!(self.shared.is_quiescent());
        // SAFETY: the runtime was the owner of its scopes.
        unsafe {
            Scope::disown(NonNull::from(&*self.shared.background));
            Scope::disown(NonNull::from(&*self.shared.root));
        }
    }
}

/// What the cown protects. Loom's cell notices an access that overlaps another.
struct Value(UnsafeCell<()>);

// SAFETY: this is what the model checks.
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
    schedule_in(None, shared, &shared.root, claims, move || match mode {
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
        bench.end();
        assert!(cown.try_hold().is_some(), "nobody has it");
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

/// A hold fails, and leaves no trace, if readers still read that have already left the queue.
#[test]
fn a_hold_behind_readers_that_have_left_the_queue() {
    explore(3, || {
        let first = Bench::new();
        let second = Bench::new();
        let cown = Cown::new(());
        let value = Value::new();
        schedule(&first.shared, &cown, Mode::Read, &value);
        schedule(&second.shared, &cown, Mode::Read, &value);
        let leaving: Vec<_> =
            [first, second].into_iter().map(|bench| thread::spawn(move || bench.end())).collect();
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
