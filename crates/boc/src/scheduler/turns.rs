//! Turns drawn from a seed: one behavior runs at a time, and the behavior and its worker are drawn at random. The same
//! seed gives the same turns, so an order of behaviors in which a program fails can be run again.
//!
//! Turns are drawn only while a thread waits for the runtime or a scope. So a thread that schedules and then waits gets
//! the same order each time, at any speed.

use crate::job::{Job, Placement};
use crate::sync::{Condvar, Mutex, MutexGuard, lock};
use std::collections::VecDeque;
use std::sync::PoisonError;

pub(crate) struct Turns {
    workers: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    random: u64,
    ready: VecDeque<(Job, Placement)>,
    /// The drawn job, and the worker that has to run it.
    drawn: Option<(usize, Job)>,
    running: bool,
    /// How many threads wait for the runtime.
    waiting: usize,
}

impl Turns {
    pub(crate) fn new(workers: usize, seed: u64) -> Self {
        let state = State { random: seed, ready: VecDeque::new(), drawn: None, running: false, waiting: 0 };
        Turns { workers: workers as u64, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn change<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state: MutexGuard<'_, State> = lock(&self.state);
        let result = f(&mut state);
        state.draw(self.workers);
        drop(state);
        self.changed.notify_all();
        result
    }

    pub(crate) fn push(&self, job: Job, placement: Placement) {
        self.change(|state| state.ready.push_back((job, placement)));
    }

    /// Behaviors run while this waits.
    pub(crate) fn while_waiting<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.change(|state| state.waiting += 1);
        let result = wait();
        self.change(|state| state.waiting -= 1);
        result
    }

    /// The job that worker `index` has to run now, if any. The worker calls `done` afterwards.
    pub(crate) fn take(&self, index: usize) -> Option<Job> {
        let mut state = lock(&self.state);
        let (_, job) = state.drawn.take_if(|(worker, _)| *worker == index)?;
        state.running = true;
        Some(job)
    }

    pub(crate) fn done(&self) {
        self.change(|state| state.running = false);
    }

    /// Waits until it may be the turn of worker `index`, or `over`.
    pub(crate) fn wait(&self, index: usize, over: impl Fn() -> bool) {
        let mut state = lock(&self.state);
        while !over() && state.drawn.as_ref().is_none_or(|(worker, _)| *worker != index) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// To be called after a change that workers should see.
    pub(crate) fn wake_all(&self) {
        drop(lock(&self.state));
        self.changed.notify_all();
    }

    /// Takes all jobs, which will not be run.
    pub(crate) fn drain(&self) -> Vec<Job> {
        let mut state = lock(&self.state);
        let drawn = state.drawn.take().map(|(_, job)| job);
        state.ready.drain(..).map(|(job, _)| job).chain(drawn).collect()
    }
}

impl State {
    fn draw(&mut self, workers: u64) {
        if self.running || self.drawn.is_some() || self.waiting == 0 || self.ready.is_empty() {
            return;
        }
        let place = self.below(self.ready.len() as u64) as usize;
        let (job, placement) = self.ready.remove(place).expect("drawn among them");
        // Mostly the preferred worker, but jobs may be stolen.
        let worker = match placement {
            Placement::Prefer(worker) if (worker as u64) < workers && self.below(4) != 0 => worker,
            _ => self.below(workers) as usize,
        };
        self.drawn = Some((worker, job));
    }

    /// A number below `bound` (splitmix64, by Steele, Lea and Flood, OOPSLA 2014).
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
