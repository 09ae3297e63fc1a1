//! The scheduler: which thread runs what, and when.
//!
//! A behavior that becomes ready goes
//! - if the end of a behavior on a worker makes it ready, and that behavior has scheduled it or nothing else is in the
//!   worker's queue: into the worker's *slot*, and is run next, with behavior and cown still in the cache;
//! - if it is made ready on a worker in another way: into that worker's own *queue*;
//! - if it is made ready from outside: into the shared *injector*.
//!
//! A behavior that prefers a worker, because its values are there, goes into that worker's [inbox](Inbox) instead, unless
//! it is made ready on that worker itself. A behavior that may run only in a lane goes there, and waits for a thread that
//! pumps the lane.
//!
//! A worker looks into its slot, its inbox, its queue (first what was scheduled last, then what was made ready first),
//! the injector, the queues of other workers (oldest first), and their inboxes, for behaviors that have waited there for
//! [`STEAL_DELAY`].
//!
//! # Fairness
//!
//! A ready behavior waits at most for the bodies that run now, and its share of the queue: after each [slice](slice) of
//! 100 microseconds of local work, a worker takes the behaviors that have waited longest, in turns from the injector, its
//! queue and its inbox, for another 100 microseconds or for 32 behaviors. So if bodies take long, every second one is one
//! that has waited. The clock is read about once per microsecond, and at least after every 32 bodies.
//!
//! # Parts
//!
//! [`Shared`] is what all threads of a runtime share. A [`Runner`] is a thread's own part while it runs bodies: a worker,
//! or a thread that pumps a lane. [`sleep`] is about workers that have nothing to do; see also `README.md` in this
//! folder.

mod clock;
mod credit;
mod events;
pub(crate) mod gate;
mod inbox;
mod lane;
mod phase;
mod queue;
mod ranked;
mod runner;
mod scope;
pub(crate) mod sleep;
mod slice;
mod stats;
mod turns;

pub use events::{Event, Events};
pub use runner::current_worker;
#[cfg(not(loom))]
pub(crate) use runner::is_worker_of;
pub(crate) use runner::{Runner, current_worker_of, on_runner};
pub(crate) use scope::{Scope, ScopeHandle, deadline};
pub use stats::Stats;

use crate::job::{How, Job, Placement, Sink};
use crate::sync::Injector;
use clock::Ticks;
use credit::Credit;
use crossbeam_utils::CachePadded;
use events::Watcher;
use gate::Gate;
use inbox::Inbox;
use lane::Lane;
use phase::Phase;
use queue::{LocalQueue, QueueStealer, until_done};
use ranked::Ranked;
use sleep::Sleep;
use slice::Looked;
use stats::Counters;
use std::cell::RefCell;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::{Duration, Instant};
use turns::Turns;

/// How long a behavior waits for the worker that it prefers, before an idle one may take it. About the time that moving
/// values takes; with less, workers with little to do would take values from each other all the time.
pub(crate) const STEAL_DELAY: Duration = Duration::from_micros(200);

/// The part of a worker that others see.
struct Remote {
    queue: QueueStealer,
    inbox: Inbox<Job>,
    counters: CachePadded<Counters>,
    looked: Arc<Looked>,
}

/// What all threads that use one runtime share.
pub(crate) struct Shared {
    // Many threads write each of these, so each has its own cache line.
    pub(crate) root: CachePadded<Scope>,
    pub(crate) background: CachePadded<Scope>,
    credit: CachePadded<Credit>,
    injector: CachePadded<Injector<Job>>,
    first: CachePadded<Ranked>,
    last: CachePadded<Ranked>,
    sleep: CachePadded<Sleep>,
    gate: CachePadded<Gate>,
    remotes: Box<[Arc<Remote>]>,
    lanes: Box<[Lane]>,
    pub(crate) phase: Phase,
    pub(crate) events: Watcher,
    turns: Option<Turns>,
    lingers: bool,
    notify: Option<Box<dyn Fn(usize) + Send + Sync>>,
    born: Instant,
    born_ticks: Ticks,
}

/// Settings of the scheduler.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) lanes: usize,
    pub(crate) events: Option<Box<dyn Events>>,
    pub(crate) seed: Option<u64>,
    pub(crate) lingers: bool,
    pub(crate) notify: Option<Box<dyn Fn(usize) + Send + Sync>>,
}

impl Shared {
    /// The shared part, with the root scope as one of its owners, and each worker's own part.
    pub(crate) fn new(settings: Settings) -> (Arc<Shared>, Vec<Runner>) {
        let count = settings.workers;
        let (sleep, sleepers) = Sleep::new(count);
        let (queues, stealers): (Vec<_>, Vec<_>) = (0..count).map(|_| LocalQueue::new(count == 1)).unzip();
        let remote = |queue| Remote {
            queue,
            inbox: Inbox::new(),
            counters: CachePadded::default(),
            looked: Arc::new(Looked::new()),
        };
        let shared = Arc::new_cyclic(|this| Shared {
            root: CachePadded::new(Scope::root(this.as_ptr())),
            background: CachePadded::new(Scope::background(this.as_ptr())),
            credit: CachePadded::new(Credit::new()),
            injector: CachePadded::new(Injector::new()),
            first: CachePadded::new(Ranked::new()),
            last: CachePadded::new(Ranked::new()),
            sleep: CachePadded::new(sleep),
            gate: CachePadded::new(Gate::new()),
            remotes: stealers.into_iter().map(|stealer| Arc::new(remote(stealer))).collect(),
            lanes: (0..settings.lanes).map(|_| Lane::new()).collect(),
            phase: Phase::new(count),
            events: Watcher::new(settings.events),
            turns: settings.seed.map(|seed| Turns::new(count, seed)),
            lingers: settings.lingers && !cfg!(loom),
            notify: settings.notify,
            born: Instant::now(),
            born_ticks: Ticks::now(),
        });
        // The root scope's reference: it is dropped when that scope ends.
        let _ = Arc::into_raw(shared.clone());
        let workers = queues.into_iter().zip(sleepers).enumerate();
        let workers =
            workers.map(|(index, (queue, sleeper))| Runner::worker(shared.clone(), index, queue, sleeper));
        let workers = workers.collect();
        (shared, workers)
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.remotes.len()
    }

    pub(crate) fn stats(&self) -> Vec<Stats> {
        let stats = |remote: &Arc<Remote>| Stats {
            pushed_remote: remote.inbox.sent() as u64,
            ..remote.counters.read()
        };
        self.remotes.iter().map(stats).collect()
    }

    /// See [`Runtime::busy_for`](crate::Runtime::busy_for).
    pub(crate) fn busy_for(&self, worker: usize) -> Option<Duration> {
        let looked = self.remotes.get(worker)?.looked.at();
        let (now, passed) = (Ticks::now(), self.born.elapsed());
        // Of two clocks, one may be a little ahead.
        let ticks = (now.since(looked) as i64).max(0) as f64;
        let part = ticks / (now.since(self.born_ticks).max(1) as f64);
        Some(passed.mul_f64(part.clamp(0.0, 1.0)))
    }

    /// See [`Runtime::ready`](crate::Runtime::ready).
    #[cfg(not(loom))]
    pub(crate) fn ready(&self) -> usize {
        let remotes = self.remotes.iter().map(|remote| remote.queue.len() + remote.inbox.len());
        self.injector.len() + self.first.len() + self.last.len() + remotes.sum::<usize>()
    }

    /// Workers end after the body that they run now.
    pub(crate) fn stop(&self) {
        self.phase.stop();
        self.wake_all();
    }

    fn wake_all(&self) {
        self.sleep.wake_all();
        self.turns.iter().for_each(Turns::wake_all);
    }

    #[cfg(not(loom))]
    /// Workers leave their environments after the body that they run now. See [`Phase::suspend`].
    pub(crate) fn suspend(&self, timeout: Duration) -> bool {
        self.phase.suspend(timeout, || self.wake_all())
    }

    #[cfg(not(loom))]
    /// The first part of that.
    pub(crate) fn begin_suspend(&self) -> bool {
        self.phase.begin_suspend(|| self.wake_all())
    }

    /// Counts a behavior from outside into a scope, of which the caller is an owner.
    #[inline]
    pub(crate) fn enter_from_outside(&self, scope: &Scope) {
        match ptr::eq(scope, &*self.root) {
            true => self.credit.enter(scope, &self.gate),
            false => scope.enter(1),
        }
    }

    /// True if nothing in the root scope is in flight.
    pub(crate) fn is_quiescent(&self) -> bool {
        self.give_back_credit();
        self.root.is_empty()
    }

    /// How many behaviors are in flight. Workers that run some may have counted a few in advance.
    pub(crate) fn in_flight(&self) -> u64 {
        self.give_back_credit();
        self.root.in_flight()
    }

    /// From now on the root scope counts nothing in advance.
    pub(crate) fn give_back_credit(&self) {
        self.credit.give_back(&self.root);
    }

    /// Waits for this runtime. Seeded turns are drawn only while a thread waits.
    fn while_waited_for<R>(&self, wait: impl FnOnce() -> R) -> R {
        match &self.turns {
            Some(turns) => turns.while_waiting(wait),
            None => wait(),
        }
    }

    /// Queues a job that has become ready, on a thread that is not one of this runtime's.
    pub(crate) fn dispatch_from_outside(&self, job: Job) {
        let placement = self.placement(&job);
        match placement {
            Placement::Only(lane) => self.send_to_lane(lane, job),
            _ if self.turns.is_some() => self.take_turns(job, placement),
            Placement::Prefer(worker) => self.send_to(worker, job),
            Placement::First => self.send_to_all(&self.first, job),
            Placement::Last => self.send_to_all(&self.last, job),
            Placement::Anywhere => {
                self.injector.push(job);
                self.sleep.wake_one();
            }
        }
        // After a fence: if the runtime ends at this moment, one of the two threads sees the other.
        if self.phase.has_ended() {
            self.discard_all();
        }
    }

    /// Where a job has to run, if that place exists.
    #[inline]
    fn placement(&self, job: &Job) -> Placement {
        if job.runs_anywhere() {
            return Placement::Anywhere;
        }
        match job.placement() {
            Placement::Prefer(worker) if worker >= self.remotes.len() => Placement::Anywhere,
            Placement::Only(lane) if lane >= self.lanes.len() => Placement::Anywhere,
            placement => placement,
        }
    }

    fn take_turns(&self, job: Job, placement: Placement) {
        self.turns.as_ref().expect("asked before").push(job, placement);
    }

    fn send_to(&self, worker: usize, job: Job) {
        self.remotes[worker].inbox.send(job);
        if !self.sleep.wake(worker) {
            // It is busy. An idle worker should watch, so that the job does not wait long.
            self.sleep.wake_watcher();
        }
    }

    fn send_to_all(&self, queue: &Ranked, job: Job) {
        queue.push(job);
        self.sleep.wake_one();
    }

    fn send_to_lane(&self, lane: usize, job: Job) {
        self.lanes[lane].push(job);
        self.gate.open();
        if let Some(notify) = &self.notify {
            crate::job::catch_panics(|| notify(lane));
        }
    }

    /// The lane of that number.
    pub(crate) fn lane(&self, lane: usize) -> Option<&Lane> {
        self.lanes.get(lane)
    }

    /// Waits until the lane has something to run, or nothing is in flight. True if the lane has something.
    pub(crate) fn wait_for_lane(&self, lane: usize, deadline: Option<Instant>) -> bool {
        let lane = &self.lanes[lane];
        let done = || !lane.is_empty() || self.root.is_empty();
        self.give_back_credit();
        let wait = || self.gate.wait(deadline, || self.give_back_credit(), done);
        self.while_waited_for(wait);
        !lane.is_empty()
    }

    /// Takes any queued job.
    fn take_any(&self) -> Option<Job> {
        until_done(|| self.injector.steal(), || ())
            .or_else(|| self.first.take())
            .or_else(|| self.last.take())
            .or_else(|| self.remotes.iter().find_map(|remote| remote.queue.take()))
            .or_else(|| self.remotes.iter().find_map(|remote| remote.inbox.take()))
            .or_else(|| self.lanes.iter().find_map(Lane::take))
    }

    /// The runtime has ended: ready jobs are dropped unrun, and so are those that become ready by that. If workers are
    /// still at work, they do this when they stop, and nobody else does it before: see `Runner::is_alone`.
    pub(crate) fn discard_all(&self) {
        if self.phase.is_anybody_at_work() {
            return;
        }
        while let Some(job) = self.take_any() {
            self.discard(job);
        }
        self.turns.iter().flat_map(Turns::drain).for_each(|job| self.discard(job));
    }

    pub(crate) fn discard(&self, job: Job) {
        /// Collects jobs that become ready, so that a long line does not become deep recursion.
        struct Discarded<'a>(&'a Shared, RefCell<Vec<Job>>);
        impl Sink for Discarded<'_> {
            fn ready(&self, job: Job, _: bool) {
                match owner(&job) {
                    Some(scope) if belongs_to(scope, self.0) => self.1.borrow_mut().push(job),
                    _ => dispatch(job),
                }
            }
        }
        let sink = Discarded(self, RefCell::new(vec![job]));
        while let Some(job) = { sink.1.borrow_mut().pop() } {
            let scope = owner(&job);
            job.end(How::Discard, &sink);
            if let Some(scope) = scope {
                // SAFETY: the job was counted there; this runtime is alive, as `self` is.
                unsafe { Scope::leave(scope, 1) };
            }
        }
    }
}

/// The scope that counts a job; none for a hold.
#[inline]
fn owner(job: &Job) -> Option<NonNull<Scope>> {
    NonNull::new(job.owner().cast_mut().cast())
}

/// Whether a scope that counts a job in flight is one of that runtime's.
fn belongs_to(scope: NonNull<Scope>, shared: &Shared) -> bool {
    // SAFETY: the scope is there, as the job is counted.
    ptr::eq(unsafe { scope.as_ref() }.shared(), shared)
}

/// Hands a job that has become ready to its runtime, on any thread.
pub(crate) fn dispatch(job: Job) {
    let Some(scope) = owner(&job) else {
        // A hold: it ends at once.
        return job.end(How::Run, &Dispatch);
    };
    // SAFETY: the scope exists, as the job is counted, and with it the runtime. Dispatching may make the job run at once,
    // and the runtime end; so this thread is an owner until then.
    let shared = unsafe {
        let shared = scope.as_ref().shared();
        Arc::increment_strong_count(shared);
        Arc::from_raw(shared)
    };
    shared.events.tell(Event::Ready { behavior: job.id() });
    on_runner(|runner| match runner.filter(|runner| Arc::ptr_eq(runner.shared(), &shared)) {
        Some(runner) => runner.place(job),
        None => shared.dispatch_from_outside(job),
    });
}

/// Dispatches jobs that become ready on a thread that runs no body.
pub(crate) struct Dispatch;

impl Sink for Dispatch {
    fn ready(&self, job: Job, _: bool) {
        dispatch(job);
    }
}
