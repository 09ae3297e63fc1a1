//! Runtimes: the workers, their start and their end.

use crate::behavior::{Behavior, Body, Payload, Plain, Unscheduled};
use crate::claims::{Claims, ClaimsShape, WithNew};
use crate::cown::Cown;
use crate::cowns::{Cowns, Shape};
use crate::host::{self, Bare, Cause, Host};
use crate::job::{Job, refuse};
use crate::outcome::{Promise, Promised};
use crate::scheduler::{
    self, Event, Events, Runner, Scope as Count, ScopeHandle, Settings, Shared, Stats, deadline,
};
use smallvec::SmallVec;
use std::error::Error;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A set of workers that run behaviors.
///
/// Dropping a runtime waits for what it has been given and then ends its workers.
///
/// # What it promises
///
/// - Behaviors that have a cown in common run one after the other, in the order in which they were scheduled, unless all
///   of them only read it.
/// - A behavior that is ready waits at most for the bodies that run now, and its share of the queue: a worker follows what
///   is at hand (what the end of a behavior has made ready, what its bodies schedule) for 100 microseconds, and then takes
///   what has waited longest, for as long again or for 32 behaviors. Up to eight short bodies run between two looks at the
///   clock; where bodies take long, every second one is one that has waited.
/// - Workers that have nothing to do sleep. They do not poll.
pub struct Runtime {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How a runtime is to be made. See [`Runtime::builder`].
///
/// ```
/// let runtime = boc::Runtime::builder().workers(3).name("bee").stack_size(1 << 20).start()?;
/// assert_eq!(runtime.worker_count(), 3);
/// # Ok::<(), boc::StartError>(())
/// ```
pub struct Builder {
    settings: Settings,
    stack_size: usize,
    name: String,
    host: Arc<dyn Host>,
}

/// A worker could not start.
#[derive(Debug)]
pub struct StartError(Cause);

/// A lane can't be pumped here and now. See [`Runtime::pump`].
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

impl Builder {
    /// The number of workers. At least one.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// The size of each worker's stack, in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// What the threads are called; each gets its number behind that.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What each worker has around it.
    pub fn host(mut self, host: impl Host) -> Self {
        self.host = Arc::new(host);
        self
    }

    /// Whether a worker that runs out of work looks around for about a microsecond before it leaves its environment: yes,
    /// unless this says otherwise. Where others wait for the environment, it should not.
    pub fn linger(mut self, lingers: bool) -> Self {
        self.settings.lingers = lingers;
        self
    }

    /// How many lanes there are for behaviors that only a thread of the program may run. See [`Runtime::pump`].
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.settings.lanes = lanes;
        self
    }

    /// A function that is called, on any thread, whenever a behavior has become ready in the lane of that number: to wake
    /// who pumps it. It should be quick, and must neither schedule nor pump.
    pub fn on_lane_ready(mut self, notify: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.notify = Some(Box::new(notify));
        self
    }

    /// A sink of what happens. See [`Events`].
    pub fn events(mut self, events: impl Events) -> Self {
        self.settings.events = Some(Box::new(events));
        self
    }

    /// For tests: behaviors run one at a time, and which one is next, and on which worker, is drawn by lot from this seed.
    /// So an order in which a program fails can be run again. They run only while a thread waits for the runtime or for a
    /// scope (or drops the runtime); a thread that waits for a behavior in another way waits for ever.
    ///
    /// ```
    /// use boc::Runtime;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let order = |seed| {
    ///     let order = Arc::new(Mutex::new(Vec::new()));
    ///     let runtime = Runtime::builder().workers(2).seed(seed).start().unwrap();
    ///     for name in 0..20 {
    ///         let order = order.clone();
    ///         runtime.when((), move |()| order.lock().unwrap().push(name));
    ///     }
    ///     drop(runtime);
    ///     Arc::into_inner(order).unwrap().into_inner().unwrap()
    /// };
    /// assert_eq!(order(7), order(7));
    /// assert_ne!(order(7), order(8));
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Starts the workers, and waits until all of them are up.
    ///
    /// # Errors
    /// If a thread can't be made or a host reports failure. What had started by then is ended again.
    pub fn start(self) -> Result<Runtime, StartError> {
        let workers = self.settings.workers;
        if workers == 0 {
            return Err(StartError("a runtime needs at least one worker".into()));
        }
        if self.name.contains('\0') {
            return Err(StartError("the name of a thread can't contain a NUL character".into()));
        }
        let (shared, runners) = Shared::new(self.settings);
        let runtime = Runtime { shared, threads: Mutex::default() };
        let (threads, reports) = host::threads(runners, self.host);
        for (index, work) in threads.into_iter().enumerate() {
            let thread = thread::Builder::new()
                .name(format!("{}-{index}", self.name))
                .stack_size(self.stack_size)
                .spawn(work)
                .map_err(|error| StartError(error.into()))?;
            runtime.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        host::wait_started(workers, &reports).map_err(StartError)?;
        Ok(runtime)
    }
}

/// Schedules a behavior, which is counted in `scope`. `runner`: what this thread is in that runtime.
#[inline(always)]
fn submit<S: Shape, P: Payload<S>>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Count,
    behavior: Unscheduled<S, P>,
) {
    match runner {
        Some(runner) => runner.enter(scope),
        None => shared.enter_from_outside(scope),
    }
    let job = match shared.events.is_there() {
        false => behavior.link(),
        true => link_watched(shared, behavior),
    };
    match (job, runner) {
        (None, _) => {}
        (Some(job), Some(runner)) => runner.place(job),
        (Some(job), None) => shared.dispatch_from_outside(job),
    }
}

#[cold]
fn link_watched<S: Shape, P: Payload<S>>(shared: &Shared, behavior: Unscheduled<S, P>) -> Option<Job> {
    let cowns: SmallVec<[_; 4]> =
        behavior.requests().iter().map(|request| (request.order(), request.mode())).collect();
    let id = behavior.behavior().addr().get();
    shared.events.tell(Event::Scheduled { behavior: id, cowns: &cowns });
    let job = behavior.link();
    if job.is_some() {
        shared.events.tell(Event::Ready { behavior: id });
    }
    job
}

#[inline(always)]
pub(crate) fn schedule_in<C: Cowns>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Count,
    cowns: C,
    body: impl Body<C::Shape>,
) {
    let owner = ptr::from_ref(scope).cast();
    submit(runner, shared, scope, Behavior::unscheduled(owner, cowns, Plain(ManuallyDrop::new(body))));
}

#[inline(always)]
fn schedule_new_in<T: Default + Send + 'static, G: Send + Sync + 'static>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Count,
    claims: Claims<'_, T, G>,
    tag: G,
    body: impl Body<ClaimsShape<T, G>>,
) -> Cown<T, G> {
    let mut cown = None;
    schedule_in(runner, shared, scope, WithNew(claims, tag, &mut cown), body);
    cown.expect("made with the requests")
}

#[inline(always)]
pub(crate) fn when_in<C: Cowns, R: Send + 'static>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Count,
    cowns: C,
    body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
) -> Promise<R> {
    let owner = ptr::from_ref(scope).cast();
    let behavior = Behavior::unscheduled(owner, cowns, Promised::new(body));
    if !behavior.cowns_are_distinct() {
        refuse(
            behavior,
            "a behavior can't ask for the same cown twice: it would have two guards of one value",
        );
    }
    let promise = Promise::of(behavior.behavior(), runner.map_or(ptr::null(), Runner::if_alone));
    submit(runner, shared, scope, behavior);
    promise
}

/// Calls `f` with what this thread is in that runtime.
#[inline]
fn on_runner_of<R>(shared: &Shared, f: impl FnOnce(Option<&Runner>) -> R) -> R {
    scheduler::on_runner(|runner| f(runner.filter(|runner| ptr::eq(&**runner.shared(), shared))))
}

impl Runtime {
    /// A runtime of that many workers.
    ///
    /// # Errors
    /// If there are to be none, or a thread can't be made.
    pub fn new(workers: usize) -> Result<Runtime, StartError> {
        Runtime::builder().workers(workers).start()
    }

    /// Settings for a runtime: as many workers as there are cores, a stack of 2 MiB each, nothing around them, no lanes.
    pub fn builder() -> Builder {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        Builder {
            settings: Settings { workers, lingers: true, ..Settings::default() },
            stack_size: 2 << 20,
            name: "boc".into(),
            host: Arc::new(Bare),
        }
    }

    /// Schedules `body` to run once it holds `cowns`: a reference to a [`Cown`], a [`read`](crate::read), a tuple, an
    /// array or a `Vec` of those. Gives a promise of the [`Outcome`](crate::Outcome).
    ///
    /// # Panics
    /// If one cown is named twice: two guards of one value can't be.
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

    /// Schedules `body` to run once it holds `cowns`, for those who keep their values elsewhere: it gets no guards, so a
    /// cown may be named twice. See [`Claims`](crate::Claims).
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

    /// Schedules `body` over `claims` and one new cown, with that tag and the default value, which the behavior holds from the
    /// beginning: its last claim, to write. Gives the cown. Cheaper than to make one and claim it.
    ///
    /// ```
    /// use boc::{Claimed, Claims, Cown, Mode, Runtime};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// type Shape = boc::ClaimsShape<(), AtomicUsize>;
    ///
    /// struct Double;
    ///
    /// impl boc::Body<Shape> for Double {
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

    /// Schedules a background job, which no program has asked for, such as tidying up: [`Runtime::wait`] does not wait for
    /// it, and [`Runtime::is_quiescent`] does not see it. What it schedules in turn counts as ever.
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

    /// Waits until no background job is in flight, at most for `timeout`. True where it came to that.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn wait_for_background(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.background.wait(deadline(timeout))
    }

    /// True where neither a behavior nor a background job is in flight.
    pub fn is_idle(&self) -> bool {
        // In this order: a background job may schedule behaviors, and is counted until it has.
        let background = &self.shared.background;
        background.is_empty() && self.shared.is_quiescent() && background.is_empty()
    }

    /// Waits until no behavior is in flight: neither running nor scheduled.
    ///
    /// # Panics
    /// On one of this runtime's workers, where it would wait for itself.
    pub fn wait(&self) {
        self.refuse_on_worker();
        self.shared.root.wait(None);
    }

    /// The same, at most for `timeout`. True where it came to that.
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

    /// True where no behavior is in flight.
    pub fn is_quiescent(&self) -> bool {
        self.shared.is_quiescent()
    }

    /// A scope: what is scheduled in it can be waited for apart from all else. The runtime waits for that, too.
    pub fn scope(&self) -> Scope {
        Scope(ScopeHandle::within(&self.shared.root))
    }

    /// Runs behaviors that are ready in that lane, on this thread: those whose body asks for [`Placement::Only`] there. At
    /// most `most`, in the order in which they became ready. Gives how many it has run.
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
        if scheduler::current_worker_of(&self.shared) {
            return Err(PumpError::InBehavior);
        }
        let lane = self.shared.lane(lane).ok_or(PumpError::NoSuchLane)?;
        let pump = lane.pump().ok_or(PumpError::Busy)?;
        let runner = Runner::pumper(self.shared.clone());
        let mut count = 0;
        runner.as_current(|| {
            while count < most
                && let Some(job) = pump.next()
            {
                runner.run(job);
                count += 1;
            }
        });
        Ok(count)
    }

    /// Waits until that lane has something to run, or nothing is in flight, at most for `timeout`. True where it has.
    ///
    /// # Panics
    /// If there is no such lane, and as [`Runtime::wait`].
    pub fn wait_for_lane(&self, lane: usize, timeout: Option<Duration>) -> bool {
        self.refuse_on_worker();
        assert!(self.shared.lane(lane).is_some(), "{}", PumpError::NoSuchLane);
        self.shared.wait_for_lane(lane, timeout.and_then(deadline))
    }

    /// How many workers there are.
    pub fn worker_count(&self) -> usize {
        self.shared.worker_count()
    }

    /// What each worker has counted.
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

    /// Ends the workers, each after the body that it runs now, and waits for them. Behaviors that have not run by then are
    /// dropped, and their cowns released: call [`Runtime::wait`] first, unless that is wanted. So are behaviors that become
    /// ready later.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn stop(&self) {
        self.refuse_on_worker();
        self.shared.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Its panic has been printed; there is nobody else to tell.
            let _ = thread.join();
        }
        self.shared.discard_all();
    }

    /// Suspends the workers: each leaves its environment after the body that it runs now, and this waits until all have.
    /// For something that no environment survives, such as a `fork`. Behaviors can be scheduled meanwhile. Where it takes
    /// longer than `timeout` it is called off, and gives false; else [`Runtime::resume`] has to follow.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    #[cfg(not(loom))]
    pub fn suspend(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.suspend(timeout)
    }

    /// Lets suspended workers go on.
    pub fn resume(&self) {
        self.shared.phase.resume();
    }

    /// Asks the workers to end, without waiting for them, and leaves them to themselves.
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
            // Where the start failed nothing has been scheduled, so this is at once.
            self.resume();
            while !self.is_idle() {
                self.shared.root.wait(None);
                self.shared.background.wait(None);
            }
            self.stop();
        } else {
            // Workers that are still there drop what they find when they end.
            self.shared.stop();
        }
        self.shared.give_back_credit();
        // SAFETY: the runtime was the owner of its scopes.
        unsafe {
            Count::disown(std::ptr::NonNull::from(&*self.shared.background));
            Count::disown(std::ptr::NonNull::from(&*self.shared.root));
        }
    }
}

/// Schedules `body` from within a behavior, on the runtime that runs that one. See [`Runtime::when`].
///
/// It is counted in the scope that the running behavior is counted in.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// let cown = boc::Cown::new(0);
/// let same = cown.clone();
/// runtime.when(&cown, move |mut value| {
///     *value += 1;
///     boc::when(&same, |mut value| *value *= 10); // after this one, since this one holds the cown
/// });
/// runtime.wait();
/// assert_eq!(*cown.try_hold().unwrap(), 10);
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors, and as [`Runtime::when`].
pub fn when<C: Cowns, R: Send + 'static>(
    cowns: C,
    body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
) -> Promise<R> {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse((cowns, body), "boc::when is for use in behaviors; elsewhere, use Runtime::when");
        };
        when_in(Some(runner), runner.shared(), runner.current_scope(), cowns, body)
    })
}

/// Schedules `body` from within a behavior, on the runtime that runs that one. See [`Runtime::schedule`].
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// runtime.schedule((), || boc::schedule((), || println!("after the other, or beside it")));
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors.
pub fn schedule<C: Cowns>(cowns: C, body: impl Body<C::Shape>) {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse((cowns, body), "boc::schedule is for use in behaviors; elsewhere, use Runtime::schedule");
        };
        schedule_in(Some(runner), runner.shared(), runner.current_scope(), cowns, body);
    });
}

/// Schedules `body` over `claims` and a new cown from within a behavior, on the runtime that runs that one. See
/// [`Runtime::schedule_new`].
///
/// # Errors
/// Outside behaviors: gives everything back.
#[inline]
pub fn try_schedule_new<'a, T, G, B>(
    claims: Claims<'a, T, G>,
    tag: G,
    body: B,
) -> Result<Cown<T, G>, Refused<'a, T, G, B>>
where
    T: Default + Send + 'static,
    G: Send + Sync + 'static,
    B: Body<ClaimsShape<T, G>>,
{
    scheduler::on_runner(|runner| match runner {
        Some(runner) => {
            Ok(schedule_new_in(Some(runner), runner.shared(), runner.current_scope(), claims, tag, body))
        }
        None => Err(Refused { claims, tag, body }),
    })
}

/// What [`try_schedule_new`] was given outside behaviors.
pub struct Refused<'a, T, G, B> {
    /// The claims.
    pub claims: Claims<'a, T, G>,
    /// The tag of the cown that was to be made.
    pub tag: G,
    /// The body.
    pub body: B,
}

/// Schedules a background job from within a behavior, on the runtime that runs that one. See [`Runtime::background`].
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// runtime.schedule((), || boc::background(|| println!("tidied up")));
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors.
pub fn background(body: impl Body<()>) {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse(body, "boc::background is for use in behaviors; elsewhere, use Runtime::background");
        };
        schedule_in(Some(runner), runner.shared(), &runner.shared().background, (), body);
    });
}

/// A count of behaviors that can be waited for apart from all others. What they schedule by [`when`] and [`schedule`] is
/// counted in it, too.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
/// let cown = boc::Cown::new(0);
/// let same = cown.clone();
/// let scope = runtime.scope();
/// scope.when((), move |()| {
///     boc::when(&same, |mut value| *value = 7);
/// });
/// scope.wait();
/// assert_eq!(*cown.try_hold().unwrap(), 7);
/// # Ok::<(), boc::StartError>(())
/// ```
#[derive(Clone)]
pub struct Scope(ScopeHandle);

impl Scope {
    /// A scope within this one, which waits for it, too.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// let outer = runtime.scope();
    /// let inner = outer.scope();
    /// inner.when((), |()| ());
    /// outer.wait(); // for what was scheduled in the inner one, too
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn scope(&self) -> Scope {
        Scope(ScopeHandle::within(self.0.scope()))
    }

    fn shared(&self) -> &Shared {
        // SAFETY: the runtime's memory is there while one of its scopes is.
        unsafe { &*self.0.scope().shared() }
    }

    /// As [`Runtime::when`], counted in this scope.
    ///
    /// # Panics
    /// As [`Runtime::when`].
    pub fn when<C: Cowns, R: Send + 'static>(
        &self,
        cowns: C,
        body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
    ) -> Promise<R> {
        let shared = self.shared();
        on_runner_of(shared, |runner| when_in(runner, shared, self.0.scope(), cowns, body))
    }

    /// As [`Runtime::schedule`], counted in this scope.
    pub fn schedule<C: Cowns>(&self, cowns: C, body: impl Body<C::Shape>) {
        let shared = self.shared();
        on_runner_of(shared, |runner| schedule_in(runner, shared, self.0.scope(), cowns, body));
    }

    /// Waits until nothing that was scheduled in this scope is in flight.
    ///
    /// # Panics
    /// In a behavior of this runtime.
    pub fn wait(&self) {
        self.refuse_in_behavior();
        self.0.scope().wait(None);
    }

    /// The same, at most for `timeout`. True where it came to that.
    ///
    /// # Panics
    /// As [`Scope::wait`].
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.refuse_in_behavior();
        self.0.scope().wait(deadline(timeout))
    }

    fn refuse_in_behavior(&self) {
        assert!(!scheduler::current_worker_of(self.shared()), "a behavior can't wait for a scope");
    }

    /// True where nothing that was scheduled in this scope is in flight.
    pub fn is_empty(&self) -> bool {
        self.0.scope().is_empty()
    }
}

impl fmt::Display for PumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PumpError::NoSuchLane => "the runtime has no lane of that number",
            PumpError::Busy => "another thread pumps this lane",
            PumpError::InBehavior => "a behavior can't pump: it would run another one in its midst",
        })
    }
}

impl Error for PumpError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the runtime could not start: {}", self.0)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
