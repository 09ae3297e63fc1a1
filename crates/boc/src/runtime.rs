//! Runtimes: the workers, their start and their end.

use crate::behavior::{self, Body};
use crate::cown::Cown;
use crate::cowns::{Cowns, Held, Outcome};
use crate::scheduler::{self, Local, Shared};
use crate::scope::Scope as Count;
use crate::stats::Stats;
use std::error::Error;
use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

type Cause = Box<dyn Error + Send + Sync>;

/// A set of workers that run behaviors.
///
/// Dropping a runtime waits for what it has been given and then ends its workers.
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
    workers: usize,
    stack_size: usize,
    name: String,
    host: Arc<dyn Host>,
}

/// What a worker thread has around it while it works: a place to set up an environment on that very thread, and to take
/// it down again.
///
/// ```
/// struct Talking;
///
/// impl boc::Host for Talking {
///     fn host(&self, mut seat: boc::Seat) {
///         let index = seat.index();
///         loop {
///             println!("worker {index} has set up its environment");
///             seat.work(|sleep| sleep());
///             println!("worker {index} takes it down");
///             if !seat.rest() {
///                 break;
///             }
///         }
///     }
/// }
///
/// let runtime = boc::Runtime::builder().workers(2).host(Talking).start()?;
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Host: Send + Sync + 'static {
    /// Called once on each worker's thread. Gets the environment ready and calls [`Seat::work`], or [`Seat::fail`].
    fn host(&self, seat: Seat);
}

/// A worker's place, before it works. Dropping it without having worked counts as a failed start.
pub struct Seat {
    local: Local,
    /// Gone once the start has been reported.
    started: Option<Sender<Result<(), Cause>>>,
}

/// A worker could not start.
#[derive(Debug)]
pub struct StartError(Cause);

/// Nothing around the worker at all.
struct Bare;

impl Host for Bare {
    fn host(&self, mut seat: Seat) {
        loop {
            seat.work(|sleep| sleep());
            if !seat.rest() {
                return;
            }
        }
    }
}

impl Seat {
    /// Which worker this is, from 0.
    pub fn index(&self) -> usize {
        self.local.index()
    }

    /// Works until the runtime ends, or has a recess. Whenever there is nothing to do, `pause` is called with a function
    /// that searches and sleeps, and that it must call: an environment that others wait for can be left around it.
    pub fn work(&mut self, pause: impl FnMut(&mut dyn FnMut())) {
        if let Some(started) = self.started.take() {
            // The one who waits for it may have given up, if another worker failed.
            let _ = started.send(Ok(()));
        }
        self.local.work(pause);
    }

    /// After [`Seat::work`] has returned: true where that was for a recess, which is over by now, and the worker is to go
    /// on; false where the runtime ends. A host loops over the two.
    pub fn rest(&mut self) -> bool {
        self.local.shared().phase.rest()
    }

    /// Reports that this worker can't be.
    ///
    /// ```
    /// struct Broken;
    ///
    /// impl boc::Host for Broken {
    ///     fn host(&self, seat: boc::Seat) {
    ///         seat.fail("no room");
    ///     }
    /// }
    ///
    /// let error = boc::Runtime::builder().host(Broken).start().err().unwrap();
    /// assert_eq!(error.to_string(), "the runtime could not start: no room");
    /// ```
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        if let Some(started) = self.started {
            let _ = started.send(Err(cause.into()));
        }
    }
}

impl Builder {
    /// The number of workers. At least one.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
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

    /// Starts the workers, and waits until all of them are up.
    ///
    /// # Errors
    /// If a thread can't be made or a host reports failure. What had started by then is ended again.
    pub fn start(self) -> Result<Runtime, StartError> {
        if self.workers == 0 {
            return Err(StartError("a runtime needs at least one worker".into()));
        }
        let (shared, locals) = Shared::new(self.workers);
        let runtime = Runtime { shared, threads: Mutex::default() };
        let (started, reports) = channel();
        for local in locals {
            let seat = Seat { local, started: Some(started.clone()) };
            let host = self.host.clone();
            let thread = thread::Builder::new()
                .name(format!("{}-{}", self.name, seat.index()))
                .stack_size(self.stack_size)
                .spawn(move || host.host(seat))
                .map_err(|error| StartError(error.into()))?;
            runtime.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        drop(started);
        for _ in 0..self.workers {
            match reports.recv() {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => return Err(StartError(cause)),
                Err(_) => return Err(StartError("a worker ended before it had started".into())),
            }
        }
        Ok(runtime)
    }
}

impl Runtime {
    /// A runtime of that many workers.
    ///
    /// # Errors
    /// If there are to be none, or a thread can't be made.
    pub fn new(workers: usize) -> Result<Runtime, StartError> {
        Runtime::builder().workers(workers).start()
    }

    /// Settings for a runtime: as many workers as there are cores, a stack of 2 MiB each, nothing around them.
    pub fn builder() -> Builder {
        Builder {
            workers: thread::available_parallelism().map_or(1, usize::from),
            stack_size: 2 << 20,
            name: "boc".into(),
            host: Arc::new(Bare),
        }
    }

    /// Schedules `body` to run once it holds `cowns`: a reference to a [`Cown`], a [`read`](crate::read), a tuple, an
    /// array or a `Vec` of those. Gives a cown of the [`Outcome`].
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
        body: impl FnOnce(<C::Held as Held>::Guards<'_>) -> R + Send + 'static,
    ) -> Cown<Outcome<R>> {
        crate::cowns::when(&self.shared, None, cowns, body)
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
    pub fn schedule<C: Cowns>(&self, cowns: C, body: impl Body<C::Held>) {
        behavior::schedule(&self.shared, None, cowns.hold(), body);
    }

    /// Schedules a body that no program has asked for, such as tidying up: [`Runtime::wait`] does not wait for it, and
    /// [`Runtime::is_quiescent`] does not see it. What it schedules in turn counts as ever.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    /// let (go_on, told) = std::sync::mpsc::channel();
    /// runtime.chore(move || told.recv().unwrap());
    /// runtime.wait();
    /// assert!(runtime.is_quiescent() && !runtime.is_still());
    /// go_on.send(()).unwrap();
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn chore(&self, body: impl Body<()>) {
        behavior::schedule(&self.shared, Some(&self.shared.chores), (), body);
    }

    /// Waits until no chore is in flight, at most for `timeout`. True where it came to that.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    pub fn wait_for_chores(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.chores.wait_timeout(timeout)
    }

    /// True where neither a behavior nor a chore is in flight.
    pub fn is_still(&self) -> bool {
        // In this order: a chore may schedule behaviors, and is counted until it has.
        self.shared.chores.is_empty() && self.shared.root.is_empty() && self.shared.chores.is_empty()
    }

    /// Waits until no behavior is in flight: neither running nor scheduled.
    ///
    /// # Panics
    /// On one of this runtime's workers, where it would wait for itself.
    pub fn wait(&self) {
        self.refuse_on_worker();
        self.shared.root.wait();
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
        self.shared.root.wait_timeout(timeout)
    }

    /// True where no behavior is in flight.
    pub fn is_quiescent(&self) -> bool {
        self.shared.root.is_empty()
    }

    /// A scope: what is scheduled in it can be waited for apart from all else. It counts as one behavior in flight for as
    /// long as it is there or has something in flight; so drop it before you wait for the runtime, or drop that.
    pub fn scope(&self) -> Scope {
        Scope { shared: self.shared.clone(), count: Arc::new(Count::within(self.shared.root.clone())) }
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

    /// Ends the workers, each after the body that it runs now, and waits for them. Behaviors that have not run by then
    /// never will, and the cowns that they wait for stay theirs: call [`Runtime::wait`] first, unless that is wanted.
    pub fn stop(&self) {
        self.refuse_on_worker();
        self.shared.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Its panic has been printed; there is nobody else to tell.
            let _ = thread.join();
        }
    }

    /// Sends all workers outside their environments, each after the body that it runs now, and waits until they are:
    /// something is about to happen that no environment survives. Behaviors can be scheduled meanwhile. Where it takes
    /// longer than `timeout` it is called off, and gives false; else [`Runtime::resume`] has to follow.
    ///
    /// # Panics
    /// As [`Runtime::wait`].
    #[cfg(not(loom))]
    pub fn recess(&self, timeout: Duration) -> bool {
        self.refuse_on_worker();
        self.shared.recess(timeout)
    }

    /// Ends a recess.
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
            !Shared::on_its_worker(Arc::as_ptr(&self.shared)),
            "a behavior can't wait for its own runtime: it would wait for itself"
        );
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let running = !self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).is_empty();
        if running && !thread::panicking() && !Shared::on_its_worker(Arc::as_ptr(&self.shared)) {
            // Where the start failed nothing has been scheduled, so this is at once.
            while !self.is_still() {
                self.shared.root.wait();
                self.shared.chores.wait();
            }
            self.stop();
        } else {
            self.shared.stop();
        }
        self.shared.root.leave(1);
    }
}

/// Schedules `body` from within a behavior, on the runtime that runs that one. See [`Runtime::when`].
///
/// It is counted in the root scope, whatever scope the behavior is in.
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
    body: impl FnOnce(<C::Held as Held>::Guards<'_>) -> R + Send + 'static,
) -> Cown<Outcome<R>> {
    scheduler::with_current(|shared| {
        let shared = shared.expect("boc::when is for use in behaviors; elsewhere, use Runtime::when");
        crate::cowns::when(shared, None, cowns, body)
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
pub fn schedule<C: Cowns>(cowns: C, body: impl Body<C::Held>) {
    scheduler::with_current(|shared| {
        let shared = shared.expect("boc::schedule is for use in behaviors; elsewhere, use Runtime::schedule");
        behavior::schedule(shared, None, cowns.hold(), body);
    });
}

/// Schedules a chore from within a behavior, on the runtime that runs that one. See [`Runtime::chore`].
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// runtime.schedule((), || boc::chore(|| println!("tidied up")));
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors.
pub fn chore(body: impl Body<()>) {
    scheduler::with_current(|shared| {
        let shared = shared.expect("boc::chore is for use in behaviors; elsewhere, use Runtime::chore");
        behavior::schedule(shared, Some(&shared.chores), (), body);
    });
}

/// A count of behaviors that can be waited for apart from all others.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
/// let cown = boc::Cown::new(0);
/// let scope = runtime.scope();
/// scope.when(&cown, |mut value| *value = 7);
/// scope.wait();
/// assert_eq!(*cown.try_hold().unwrap(), 7);
/// # Ok::<(), boc::StartError>(())
/// ```
pub struct Scope {
    shared: Arc<Shared>,
    count: Arc<Count>,
}

impl Scope {
    /// A scope that counts as one behavior in this one, for as long as it is there or has something in flight.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// let outer = runtime.scope();
    /// let inner = outer.scope();
    /// inner.when((), |()| ());
    /// drop(inner);
    /// outer.wait(); // for what was scheduled in the inner one, too
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn scope(&self) -> Scope {
        Scope { shared: self.shared.clone(), count: Arc::new(Count::within(self.count.clone())) }
    }

    /// As [`Runtime::when`], counted in this scope.
    ///
    /// # Panics
    /// As [`Runtime::when`].
    pub fn when<C: Cowns, R: Send + 'static>(
        &self,
        cowns: C,
        body: impl FnOnce(<C::Held as Held>::Guards<'_>) -> R + Send + 'static,
    ) -> Cown<Outcome<R>> {
        crate::cowns::when(&self.shared, Some(&self.count), cowns, body)
    }

    /// Waits until nothing that was scheduled in this scope is in flight.
    ///
    /// # Panics
    /// On a worker of this runtime.
    pub fn wait(&self) {
        assert!(!Shared::on_its_worker(Arc::as_ptr(&self.shared)), "a behavior can't wait for a scope");
        self.count.wait();
    }

    /// True where nothing that was scheduled in this scope is in flight.
    pub fn is_empty(&self) -> bool {
        self.count.is_empty()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.count.leave(1);
    }
}

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
