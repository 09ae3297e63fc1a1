//! Which worker runs what, and when.
//!
//! A behavior that becomes ready goes
//! - to its home worker's inbox, if it has a home;
//! - else, made ready by a release on a worker: that worker runs it next (the *fast lane*, one slot), with the cown still
//!   in its cache. After [`FAST_LANE_RUN`] of those in a row the queue gets a turn;
//! - else, made ready on a worker in another way: into that worker's own queue;
//! - else, from outside: into the shared injector.
//!
//! A worker looks into its fast lane, its inbox, its queue, the injector, and then at what others have. Queues are first
//! in, first out, so nothing starves; every [`FAIRNESS`] turns the injector comes first.

use crate::behavior::Header;
use crate::idle::{Idle, Idler};
use crate::scope::Scope;
use crate::stats::{Counters, Stats};
use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
use crossbeam_utils::CachePadded;
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// So many behaviors are handed on directly in a row, at most.
const FAST_LANE_RUN: u32 = 64;
/// Every so many turns a worker looks into the injector first.
const FAIRNESS: u32 = 61;

/// A behavior that holds all its cowns and waits to be run. Dropping it leaks it; it is run instead.
#[must_use]
pub(crate) struct Ready(pub(crate) NonNull<Header>);

// SAFETY: a ready behavior is owned data (`Body: Send`) that nobody else points to, but for the atomics in its requests.
unsafe impl Send for Ready {}

/// What others see of a worker.
pub(crate) struct Lane {
    stealer: Stealer<Ready>,
    inbox: Injector<Ready>,
    counters: Counters,
}

/// What all threads that deal with one runtime share.
pub(crate) struct Shared {
    pub(crate) root: Arc<Scope>,
    injector: Injector<Ready>,
    lanes: Box<[CachePadded<Lane>]>,
    idle: Idle,
    stopping: AtomicBool,
    born: Instant,
}

/// A worker's own part.
pub(crate) struct Local {
    shared: Arc<Shared>,
    index: usize,
    deque: Deque<Ready>,
    fast: Cell<Option<Ready>>,
    idler: RefCell<Idler>,
}

thread_local! {
    /// The worker that this thread is, while it works.
    static LOCAL: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

/// Calls `f` with the worker that this thread is.
fn with_local<R>(f: impl FnOnce(Option<&Local>) -> R) -> R {
    let local = LOCAL.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: set for the time of `Local::work`, by which the local outlives every call made from there.
    f(unsafe { local.as_ref() })
}

/// The runtime whose worker this thread is.
pub(crate) fn current() -> Option<Arc<Shared>> {
    with_local(|local| local.map(|local| local.shared.clone()))
}

/// The index of the worker that this thread is.
pub fn current_worker() -> Option<usize> {
    with_local(|local| local.map(|local| local.index))
}

impl Shared {
    /// The shared part for `count` workers, and the own part of each.
    pub(crate) fn new(count: usize) -> (Arc<Shared>, Vec<Local>) {
        let (idle, idlers) = Idle::new(count);
        let deques: Vec<Deque<Ready>> = (0..count).map(|_| Deque::new_fifo()).collect();
        let lane = |deque: &Deque<Ready>| Lane {
            stealer: deque.stealer(),
            inbox: Injector::new(),
            counters: Counters::default(),
        };
        let shared = Arc::new(Shared {
            root: Arc::new(Scope::root()),
            injector: Injector::new(),
            lanes: deques.iter().map(|deque| CachePadded::new(lane(deque))).collect(),
            idle,
            stopping: AtomicBool::new(false),
            born: Instant::now(),
        });
        let locals = deques.into_iter().zip(idlers).enumerate().map(|(index, (deque, idler))| Local {
            shared: shared.clone(),
            index,
            deque,
            fast: Cell::new(None),
            idler: RefCell::new(idler),
        });
        let locals = locals.collect();
        (shared, locals)
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn stats(&self) -> Vec<Stats> {
        self.lanes.iter().map(|lane| lane.counters.read()).collect()
    }

    /// Workers leave after the body that they run now.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.idle.wake_all();
    }

    /// True where this thread is a worker of that runtime.
    pub(crate) fn on_its_worker(this: *const Shared) -> bool {
        with_local(|local| local.is_some_and(|local| Arc::as_ptr(&local.shared) == this))
    }

    /// Puts a behavior that has become ready where it will be run.
    pub(crate) fn dispatch(&self, ready: Ready) {
        with_local(|local| {
            let local = local.filter(|local| ptr::eq(&*local.shared, self));
            match (ready.home().filter(|&home| home < self.lanes.len()), local) {
                (Some(home), local) if local.is_none_or(|local| local.index != home) => self.send_home(home, ready),
                (_, Some(local)) => {
                    self.lanes[local.index].counters.pushed_local.bump();
                    local.deque.push(ready);
                    self.idle.wake_one();
                }
                (_, None) => {
                    self.injector.push(ready);
                    self.idle.wake_one();
                }
            }
        });
    }

    /// The same, on one of our workers, for a behavior that a release has made ready.
    pub(crate) fn dispatch_from_release(&self, ready: Ready) {
        let ready = with_local(|local| {
            let Some(local) = local else { return Some(ready) };
            if ready.home().is_some_and(|home| home != local.index) {
                return Some(ready);
            }
            match local.fast.take() {
                None => {
                    local.fast.set(Some(ready));
                    None
                }
                Some(first) => {
                    local.fast.set(Some(first));
                    Some(ready)
                }
            }
        });
        if let Some(ready) = ready {
            self.dispatch(ready);
        }
    }

    fn send_home(&self, home: usize, ready: Ready) {
        let lane = &self.lanes[home];
        lane.counters.pushed_remote.bump_shared();
        lane.inbox.push(ready);
        if !self.idle.wake(home) {
            // It is busy. Somebody who is not may take the behavior away from it.
            self.idle.wake_one();
        }
    }

    fn has_work(&self) -> bool {
        !self.injector.is_empty()
            || self.lanes.iter().any(|lane| !lane.stealer.is_empty() || !lane.inbox.is_empty())
    }
}

impl Local {
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Runs behaviors until the runtime stops. `pause` is called around each time without work.
    pub(crate) fn work(&self, mut pause: impl FnMut(&mut dyn FnMut())) {
        struct Reset(*const Local);
        impl Drop for Reset {
            fn drop(&mut self) {
                LOCAL.set(self.0);
            }
        }
        let _reset = Reset(LOCAL.replace(self));
        let shared = &*self.shared;
        let counters = &shared.lanes[self.index].counters;
        let stopping = || shared.stopping.load(Ordering::SeqCst);
        let mut turn = 0_u32;
        let mut in_row = 0_u32;
        while !stopping() {
            turn = turn.wrapping_add(1);
            match self.next(counters, turn, &mut in_row) {
                Some(ready) => {
                    self.idler.borrow_mut().found(&shared.idle, || shared.has_work());
                    ready.run();
                }
                None => pause(&mut || {
                    let mut idler = self.idler.borrow_mut();
                    idler.idle(&shared.idle, || shared.has_work(), stopping, || counters.parked.bump());
                }),
            }
        }
    }

    fn next(&self, counters: &Counters, turn: u32, in_row: &mut u32) -> Option<Ready> {
        if let Some(ready) = self.fast.take() {
            if *in_row < FAST_LANE_RUN {
                *in_row += 1;
                counters.dispatched_to_pending.bump();
                return Some(ready);
            }
            counters.batch_resets.bump();
            self.deque.push(ready);
            self.shared.idle.wake_one();
        }
        *in_row = 0;
        if turn.is_multiple_of(FAIRNESS) {
            counters.fairness_arm_fires.bump();
            if let Some(ready) = self.take_from_injector(counters) {
                return Some(ready);
            }
        }
        if let Some(ready) = self.take_own() {
            counters.popped_local.bump();
            return Some(ready);
        }
        self.take_from_injector(counters).or_else(|| self.take_from_others(counters))
    }

    fn take_own(&self) -> Option<Ready> {
        let inbox = &self.shared.lanes[self.index].inbox;
        loop {
            match inbox.steal() {
                Steal::Success(ready) => return Some(ready),
                Steal::Empty => return self.deque.pop(),
                Steal::Retry => {}
            }
        }
    }

    fn take_from_injector(&self, counters: &Counters) -> Option<Ready> {
        self.steal(counters, || self.shared.injector.steal_batch_and_pop(&self.deque))
    }

    fn take_from_others(&self, counters: &Counters) -> Option<Ready> {
        let lanes = &self.shared.lanes;
        counters.steal_attempts.bump();
        counters.last_steal_attempt_ns.set(self.shared.born.elapsed().as_nanos() as u64);
        let others = || (1..lanes.len()).map(|step| &lanes[(self.index + step) % lanes.len()]);
        let found = others()
            .find_map(|lane| self.steal(counters, || lane.stealer.steal_batch_and_pop(&self.deque)))
            .or_else(|| others().find_map(|lane| self.steal(counters, || lane.inbox.steal())));
        if found.is_none() {
            counters.steal_failures.bump();
        }
        found
    }

    fn steal(&self, counters: &Counters, attempt: impl Fn() -> Steal<Ready>) -> Option<Ready> {
        loop {
            match attempt() {
                Steal::Success(ready) => {
                    counters.popped_via_steal.bump();
                    return Some(ready);
                }
                Steal::Empty => return None,
                Steal::Retry => counters.dequeue_cas_retries.bump(),
            }
        }
    }
}
