//! The public interface of runtimes.

use crate::behavior::Body;
use crate::builder::{Builder, StartError};
use crate::claims::{Claims, ClaimsShape};
use crate::cown::Cown;
use crate::cowns::{Cowns, Shape};
use crate::outcome::Promise;
use crate::schedule::{on_runner_of, schedule_in, schedule_new_in, when_in};
use crate::scheduler::{self, Runner, Scope as Count, ScopeHandle, Shared, Stats, deadline};
use crate::scope::Scope;
use std::error::Error;
use std::fmt;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A set of workers that run behaviors.
///
/// Dropping a runtime waits for its behaviors and then ends its workers.
///
/// # What it promises
///
/// - Behaviors that have a cown in common run one after the other, in the order in which they were scheduled, unless all
///   of them only read it.
/// - A behavior that is ready waits at most for the bodies that run now, and its share of the queue: for 100
///   microseconds, a worker runs local work (behaviors that become ready when others end, and those that its bodies
///   schedule). Then it takes the behaviors that have waited longest, for another 100 microseconds or for 32 behaviors.
///   If bodies take long, every second one is one that has waited. The clock is read about once per microsecond, and at
///   least after every 32 bodies.
/// - Workers that have nothing to do sleep. They do not poll.
pub struct Runtime {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A lane can't be pumped. See [`Runtime::pump`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PumpError {
    /// The runtime has no lane of that number.
    NoSuchLane,
    /// Another thread pumps it.
    Busy,
    /// This thread runs a behavior of the runtime.
    InBehavior,
}

impl Runtime {
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Runtime { shared, threads: Mutex::default() }
    }

    /// Adds the thread of one of its workers.
    pub(crate) fn add_thread(&self, thread: JoinHandle<()>) {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    /// A runtime of that many workers.
    ///
    /// # Errors
    /// If `workers` is zero, or a thread can't be created.
    pub fn new(workers: usize) -> Result<Runtime, StartError> {
        Runtime::builder().workers(workers).start()
    }

    /// Settings for a runtime. Defaults: as many workers as there are cores, a stack of 2 MiB each, no host, no lanes.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Schedules `body` to run once it holds `cowns`: a reference to a [`Cown`], a [`read`](crate::read), a tuple, an
    /// array or a `Vec` of those. Returns a promise of the [`Outcome`](crate::Outcome).
    ///
    /// # Panics
    /// If one cown is named twice: there can't be two guards of one value.
    ///
    /// ```
    /// use boc::{Cown, Outcome, Runtime};
    /// let runtime = Runtime::new(2)?;
    /// let (from, to) = (Cown::new(10), Cown::new(0));
    /// let moved = runtime.when((&from, &to), |(mut from, mut to)| {
    ///     *to += std::mem::take(&mut *from);
    ///     *to
    /// });
    /// runtime.when(&moved, |moved| assert!(matches!(*moved, Outcome::Done(10))));
    /// runtime.wait();
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn when<C: Cowns, R: Send + 'static>(
        &self,
        cowns: C,
        body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
    ) -> Promise<R> {
        on_runner_of(&self.shared, |runner| when_in(runner, &self.shared, &self.shared.root, cowns, body))
    }

    /// Schedules `body` to run once it holds `cowns`. For programs that keep their values elsewhere: the body gets no
    /// guards, so a cown may be named twice. See [`Claims`](crate::Claims).
    ///
    /// ```
    /// use boc::{Cown, Runtime};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// let runtime = Runtime::new(2)?;
    ///
    /// let cown = Cown::with_tag((), AtomicUsize::new(0));
    /// let same = cown.clone();
    /// runtime.schedule(&cown, move || _ = same.tag().fetch_add(1, Relaxed));
    /// runtime.wait();
    /// assert_eq!(cown.tag().load(Relaxed), 1);
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn schedule<C: Cowns>(&self, cowns: C, body: impl Body<C::Shape>) {
        let root = &self.shared.root;
        on_runner_of(&self.shared, |runner| schedule_in(runner, &self.shared, root, cowns, body));
    }

    /// Schedules `body` over `claims` and one new cown, with that tag and the default value, which the behavior holds
    /// from the beginning: its last claim, to write. Returns the cown. This is cheaper than making a cown and claiming
    /// it.
    ///
    /// ```
    /// use boc::{Claimed, Claims, Cown, Mode, Runtime};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// type Shape = boc::ClaimsShape<(), AtomicUsize>;
    ///
    /// struct Double;
    ///
    /// impl boc::Body<Shape> for Double {
    ///     type Rest = ();
    ///     fn run(self, cowns: Claimed<'_, (), AtomicUsize>) {
    ///         let ((from, _), (to, _)) = (cowns.get(0), cowns.get(1));
    ///         to.tag().store(2 * from.tag().load(Relaxed), Relaxed);
    ///     }
    /// }
    ///
    /// let runtime = Runtime::new(2)?;
    /// let three = Cown::with_tag((), AtomicUsize::new(3));
    /// let claims = Claims::from_iter([(three, Mode::Read)]);
    /// let six = runtime.schedule_new(claims, AtomicUsize::new(0), Double);
    /// runtime.wait();
    /// assert_eq!(six.tag().load(Relaxed), 6);
    /// # Ok::<(), boc::StartError>(())
    /// ```
    #[inline]
    pub fn schedule_new<T: Default + Send + 'static, G: Send + Sync + 'static>(
        &self,
        claims: Claims<'_, T, G>,
        tag: G,
        body: impl Body<ClaimsShape<T, G>>,
    ) -> Cown<T, G> {
        let shared = &self.shared;
        let root = &shared.root;
        on_runner_of(shared, |runner| schedule_new_in(runner, shared, root, claims, tag, body))
    }

    /// Schedules a background job that is no part of the program, such as cleaning up: [`Runtime::wait`] does not wait
    /// for it, and [`Runtime::is_quiescent`] ignores it. Behaviors that it schedules count as usual.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    /// let (go_on, told) = std::sync::mpsc::channel();
    /// runtime.background(move || told.recv().unwrap());
    /// runtime.wait();
    /// assert!(runtime.is_quiescent() && !runtime.is_idle());
    /// go_on.send(()).unwrap();
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn background(&self, body: impl Body<()>) {
        let scope = &self.shared.background;
        on_runner_of(&self.shared, |runner| schedule_in(runner, &self.shared, scope, (), body));
    }

    /// Waits until no background job is in flight, at most for `timeout`. False on timeout.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn wait_for_background(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.background.wait(deadline(timeout))
    }

    /// True if neither a behavior nor a background job is in flight.
    pub fn is_idle(&self) -> bool {
        // In this order, because a background job may schedule behaviors, and is counted until it has done so.
        let background = &self.shared.background;
        background.is_empty() && self.shared.is_quiescent() && background.is_empty()
    }

    /// Waits until no behavior is in flight: neither running nor scheduled.
    ///
    /// # Panics
    /// On one of this runtime's workers, which would wait for itself.
    pub fn wait(&self) {
        self.refuse_on_worker();
        self.shared.root.wait(None);
    }

    /// The same, at most for `timeout`. False on timeout.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// let cown = boc::Cown::new(());
    /// let held = cown.try_hold();
    /// runtime.when(&cown, |_| ());
    /// assert!(!runtime.wait_timeout(std::time::Duration::from_millis(1)));
    /// drop(held);
    /// runtime.wait();
    /// assert!(runtime.is_quiescent());
    /// # Ok::<(), boc::StartError>(())
    /// ```
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.root.wait(deadline(timeout))
    }

    /// True if no behavior is in flight.
    pub fn is_quiescent(&self) -> bool {
        self.shared.is_quiescent()
    }

    /// How many behaviors are in flight, about: for each worker that runs something, it may be up to 32 fewer than this.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// let cown = boc::Cown::new(());
    /// let held = cown.try_hold();
    /// runtime.when(&cown, |_| ());
    /// assert_eq!(runtime.in_flight(), 1);
    /// drop(held);
    /// runtime.wait();
    /// assert_eq!(runtime.in_flight(), 0);
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.shared.in_flight()).unwrap_or(usize::MAX)
    }

    /// A new scope, for waiting only for the behaviors that are scheduled in it. The runtime waits for them, too.
    pub fn scope(&self) -> Scope {
        Scope(ScopeHandle::within(&self.shared.root))
    }

    /// Runs, on this thread, behaviors that are ready in that lane: those whose body asks for [`Placement::Only`] with
    /// that lane. At most `most`, in the order in which they became ready. Returns how many it has run.
    ///
    /// # Errors
    /// If there is no such lane, another thread pumps it, or this thread runs a behavior.
    ///
    /// ```
    /// use boc::{Body, Placement, Runtime};
    /// use std::thread::{self, ThreadId};
    ///
    /// struct Pinned(ThreadId);
    ///
    /// impl Body<()> for Pinned {
    ///     type Rest = ();
    ///     fn placement(&self, _: ()) -> Placement {
    ///         Placement::Only(0)
    ///     }
    ///     fn run(self, _: ()) {
    ///         assert_eq!(thread::current().id(), self.0);
    ///     }
    /// }
    ///
    /// let runtime = Runtime::builder().workers(1).lanes(1).start()?;
    /// runtime.schedule((), Pinned(thread::current().id()));
    /// while runtime.wait_for_lane(0, None) {
    ///     runtime.pump(0, 10).unwrap();
    /// }
    /// assert!(runtime.is_quiescent());
    /// # Ok::<(), boc::StartError>(())
    /// ```
    ///
    /// [`Placement::Only`]: crate::Placement::Only
    pub fn pump(&self, lane: usize, most: usize) -> Result<usize, PumpError> {
        let mut left = most;
        self.pump_while(lane, || {
            let goes_on = left > 0;
            left = left.saturating_sub(1);
            goes_on
        })
    }

    /// The same for as long as something is ready there and `goes_on`, which is asked before each behavior.
    ///
    /// # Errors
    /// As [`Runtime::pump`].
    pub fn pump_while(&self, lane: usize, mut goes_on: impl FnMut() -> bool) -> Result<usize, PumpError> {
        if scheduler::current_worker_of(&self.shared) {
            return Err(PumpError::InBehavior);
        }
        let lane = self.shared.lane(lane).ok_or(PumpError::NoSuchLane)?;
        let pump = lane.pump().ok_or(PumpError::Busy)?;
        let runner = Runner::pumper(self.shared.clone());
        let mut count = 0;
        runner.as_current(|| {
            while goes_on()
                && let Some(job) = pump.next()
            {
                runner.run(job);
                count += 1;
            }
        });
        Ok(count)
    }

    /// Waits until that lane has something to run, or nothing is in flight, at most for `timeout`. True if the lane has
    /// something to run.
    ///
    /// # Panics
    /// If there is no such lane, and as [`Runtime::wait`].
    pub fn wait_for_lane(&self, lane: usize, timeout: Option<Duration>) -> bool {
        self.refuse_on_worker();
        assert!(self.shared.lane(lane).is_some(), "{}", PumpError::NoSuchLane);
        self.shared.wait_for_lane(lane, timeout.and_then(deadline))
    }

    /// Whether nothing is ready in that lane. What runs does not count.
    ///
    /// # Panics
    /// If there is no such lane.
    pub fn is_lane_empty(&self, lane: usize) -> bool {
        self.shared.lane(lane).unwrap_or_else(|| panic!("{}", PumpError::NoSuchLane)).is_empty()
    }

    /// How many workers there are.
    pub fn worker_count(&self) -> usize {
        self.shared.worker_count()
    }

    /// The counters of each worker.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// runtime.schedule((), || ());
    /// runtime.wait();
    /// for (index, stats) in runtime.stats().iter().enumerate() {
    ///     stats.entries().for_each(|(name, count)| println!("worker {index}: {name} {count}"));
    /// }
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn stats(&self) -> Vec<Stats> {
        self.shared.stats()
    }

    /// How long a worker has been at what it does now, within some microseconds: the time since it last looked at a clock.
    /// `None`: there is no such worker.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(1)?;
    ///
    /// assert!(runtime.busy_for(0).is_some());
    /// assert!(runtime.busy_for(1).is_none());
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn busy_for(&self, worker: usize) -> Option<Duration> {
        self.shared.busy_for(worker)
    }

    /// How many behaviors are ready and wait for a worker, about. A worker that is the only one does not tell of those that
    /// it has in its own queue.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(1)?;
    ///
    /// runtime.wait();
    /// assert_eq!(runtime.ready(), 0);
    /// # Ok::<(), boc::StartError>(())
    /// ```
    #[cfg(not(loom))]
    pub fn ready(&self) -> usize {
        self.shared.ready()
    }

    /// Ends the workers, each after the body that it runs now, and waits for them. Behaviors that have not run by then
    /// are dropped, and their cowns released; so are behaviors that become ready later. To run them all, call
    /// [`Runtime::wait`] first.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn stop(&self) {
        self.refuse_on_worker();
        self.shared.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Its panic has been printed already.
            let _ = thread.join();
        }
        self.shared.discard_all();
    }

    /// Suspends the workers: each leaves its environment after the body that it runs now, and this waits until all have.
    /// For operations that no environment survives, such as a `fork`. Behaviors can be scheduled meanwhile. If it takes
    /// longer than `timeout`, the workers are not suspended, and this returns false. Otherwise [`Runtime::resume`] has to
    /// follow.
    ///
    /// A behavior in a lane may do that: it runs on no worker.
    ///
    /// # Panics
    /// On a worker of this runtime.
    #[cfg(not(loom))]
    pub fn suspend(&self, timeout: Duration) -> bool {
        assert!(
            !scheduler::is_worker_of(&self.shared),
            "a worker can't wait until all workers are suspended: it would wait for itself"
        );
        self.shared.suspend(timeout)
    }

    /// The first part of [`Runtime::suspend`], for those who have something to do between both: workers begin no further
    /// behavior. False if they do not run; otherwise [`Runtime::wait_suspended`] has to follow.
    #[cfg(not(loom))]
    pub fn begin_suspend(&self) -> bool {
        self.shared.begin_suspend()
    }

    /// The second part: waits until all workers are suspended, and says whether that was so in time.
    #[cfg(not(loom))]
    pub fn wait_suspended(&self, timeout: Duration) -> bool {
        self.shared.phase.wait_suspended(timeout)
    }

    /// Lets suspended workers go on.
    pub fn resume(&self) {
        self.shared.phase.resume();
    }

    /// Asks the workers to end, without waiting for them.
    pub fn abandon(&self) {
        self.shared.stop();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn refuse_on_worker(&self) {
        assert!(
            !scheduler::current_worker_of(&self.shared),
            "a behavior can't wait for its own runtime: it would wait for itself"
        );
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let running = !self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).is_empty();
        if running && !thread::panicking() && !scheduler::current_worker_of(&self.shared) {
            // If the start failed, nothing has been scheduled, so this does not block.
            self.resume();
            while !self.is_idle() {
                self.shared.root.wait(None);
                self.shared.background.wait(None);
            }
            self.stop();
        } else {
            // Workers that still run drop the remaining jobs when they end.
            self.shared.stop();
        }
        self.shared.give_back_credit();
        // SAFETY: the runtime was the owner of its scopes.
        unsafe {
            Count::disown(NonNull::from(&*self.shared.background));
            Count::disown(NonNull::from(&*self.shared.root));
        }
    }
}

impl fmt::Display for PumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PumpError::NoSuchLane => "the runtime has no lane of that number",
            PumpError::Busy => "another thread pumps this lane",
            PumpError::InBehavior => "a behavior can't pump: it would run another behavior inside itself",
        })
    }
}

impl Error for PumpError {}
