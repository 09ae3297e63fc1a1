//! A watchdog: reports on stderr that a thread has been waiting for a long time to enter an interpreter.

use super::fork_safe;
use super::labels::{self, Label};
use parking_lot::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread waits before there is a report.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the watchdog looks, and how often it finds nobody waiting before it ends.
const ROUND: Duration = Duration::from_secs(1);
const ROUNDS: u32 = 10;

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { visitors: Vec::new(), next: 0, watched: false });

pub(crate) struct Waiting {
    visitors: Vec<Visitor>,
    next: u64,
    /// Whether there is a watchdog.
    watched: bool,
}

struct Visitor {
    number: u64,
    since: Instant,
    /// The worker that is visited; `None` for the main interpreter.
    worker: Option<usize>,
    /// The behavior that ran there when the visitor came.
    running: Label,
    told: bool,
}

/// A visitor at the door. Dropped when it has been let in.
pub(super) struct AtDoor(u64);

/// To be called before waiting.
pub(super) fn at_door(worker: Option<usize>, running: Label) -> AtDoor {
    let mut waiting = hold();
    let number = waiting.next;
    waiting.next += 1;
    waiting.visitors.push(Visitor { number, since: Instant::now(), worker, running, told: false });
    if !waiting.watched {
        // Without one, nothing is said.
        waiting.watched = thread::Builder::new().name("bocpy-watch".into()).spawn(watch).is_ok();
    }
    AtDoor(number)
}

impl Drop for AtDoor {
    fn drop(&mut self) {
        hold().visitors.retain(|visitor| visitor.number != self.0);
    }
}

fn watch() {
    let mut in_vain = 0;
    while in_vain < ROUNDS {
        thread::sleep(ROUND);
        let mut waiting = hold();
        in_vain = if waiting.visitors.is_empty() { in_vain + 1 } else { 0 };
        for visitor in waiting.visitors.iter_mut().filter(|visitor| !visitor.told) {
            if visitor.since.elapsed() >= PATIENCE {
                visitor.told = true;
                visitor.tell();
            }
        }
        waiting.watched = in_vain < ROUNDS;
    }
}

impl Visitor {
    fn tell(&self) {
        let place = match self.worker {
            Some(worker) => format!("worker {worker}"),
            None => "the main interpreter".to_owned(),
        };
        let culprit = match labels::name(self.running) {
            Some(name) => format!("the behavior '{name}', which runs there,"),
            None => "the code that runs there".to_owned(),
        };
        let seconds = self.since.elapsed().as_secs();
        eprintln!(
            "bocpy: a thread has waited {seconds} s to fetch a value or a definition from {place}: {culprit} does not \
             let it in (is it in a C function that keeps the GIL?)"
        );
    }
}

/// A fork holds the lock until it is over.
pub(crate) fn hold() -> MutexGuard<'static, Waiting> {
    fork_safe::lock(|| WAITING.try_lock())
}

/// In the child of a fork: there are no such threads.
pub(crate) fn start_clean(mut waiting: MutexGuard<'static, Waiting>) {
    waiting.visitors.clear();
    waiting.watched = false;
}
