//! A thread that runs bodies: a worker, or a thread that pumps a lane.

use super::queue::LocalQueue;
use super::sleep::Sleeper;
use super::slice::Slice;
use super::{Remote, STEAL_DELAY, Scope, Shared, belongs_to, dispatch, owner};
use crate::Event;
use crate::job::{How, Job, Placement, Sink};
use crate::sync::spin_loop;
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct Runner {
    shared: Arc<Shared>,
    /// The scope of the running behavior, or of the last one until it is settled.
    scope: Cell<Option<NonNull<Scope>>>,
    /// The surplus of that scope's count because of this runner: behaviors that have run here and have not been
    /// subtracted yet, and some counted in advance for behaviors that will be scheduled here. While a behavior of the
    /// scope runs here, it is counted anyway; so it is enough to settle this before something else happens.
    spare: Cell<u64>,
    /// See `is_plain`.
    plain: bool,
    /// Plain, and the only worker.
    alone: bool,
    /// A worker's part.
    worker: Option<Worker>,
}

// SAFETY: the scope exists for this runner on any thread: see `settle`.
unsafe impl Send for Runner {}

struct Worker {
    index: usize,
    queue: LocalQueue,
    /// The job to run next.
    slot: Cell<Option<Job>>,
    slice: Slice,
    /// Counts turns for waiting jobs, to begin each one at another source.
    rotation: Cell<usize>,
    /// How many jobs that run before all others it has run in a row.
    firsts: Cell<usize>,
    sleeper: Sleeper,
    /// The part that others see.
    remote: Arc<Remote>,
    watch: RefCell<Option<Watch>>,
}

/// Since when this worker has watched the inboxes of others, and how many behaviors had been put into each by then.
struct Watch {
    since: Instant,
    marks: Box<[usize]>,
}

/// Called whenever there is no work; it must call the function that it gets.
pub(crate) type Pause<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

#[cfg(not(loom))]
thread_local! {
    /// This thread's runner while it runs bodies.
    static CURRENT: Cell<*const Runner> = const { Cell::new(ptr::null()) };
}

#[cfg(loom)]
loom::thread_local! {
    /// The same for a thread of a model.
    static CURRENT: Cell<*const Runner> = Cell::new(ptr::null());
}

/// Calls `f` with this thread's runner, if it runs bodies.
#[inline]
pub(crate) fn on_runner<R>(f: impl FnOnce(Option<&Runner>) -> R) -> R {
    let current = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: only set during `Runner::as_current`, so the runner outlives every call made from there.
    f(unsafe { current.as_ref() })
}

/// The index of the worker that this thread is.
///
/// ```
/// let runtime = boc::Runtime::new(1)?;
/// let worker = runtime.when((), |()| boc::current_worker());
/// runtime.wait();
/// assert_eq!(worker.try_hold().unwrap().take(), Some(0));
/// assert_eq!(boc::current_worker(), None);
/// # Ok::<(), boc::StartError>(())
/// ```
pub fn current_worker() -> Option<usize> {
    on_runner(|runner| runner.and_then(Runner::index))
}

/// True if this thread runs a body of that runtime.
pub(crate) fn current_worker_of(shared: &Shared) -> bool {
    on_runner(|runner| runner.is_some_and(|runner| ptr::eq(&*runner.shared, shared)))
}

/// True if this thread is one of the workers of that runtime.
#[cfg(not(loom))]
pub(crate) fn is_worker_of(shared: &Shared) -> bool {
    current_worker_of(shared) && current_worker().is_some()
}

impl Runner {
    pub(super) fn worker(shared: Arc<Shared>, index: usize, queue: LocalQueue, sleeper: Sleeper) -> Self {
        let worker = Worker {
            index,
            queue,
            slot: Cell::new(None),
            slice: Slice::new(shared.remotes[index].looked.clone()),
            rotation: Cell::new(1),
            firsts: Cell::new(0),
            sleeper,
            remote: shared.remotes[index].clone(),
            watch: RefCell::new(None),
        };
        Runner::new(shared, Some(worker))
    }

    /// For a thread that pumps a lane.
    pub(crate) fn pumper(shared: Arc<Shared>) -> Self {
        Runner::new(shared, None)
    }

    fn new(shared: Arc<Shared>, worker: Option<Worker>) -> Self {
        let plain = worker.is_some() && shared.turns.is_none() && !shared.events.is_there();
        let alone = plain && shared.remotes.len() == 1;
        Runner { shared, scope: Cell::new(None), spare: Cell::new(0), plain, alone, worker }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn index(&self) -> Option<usize> {
        self.worker.as_ref().map(|worker| worker.index)
    }

    /// Whether this thread runs a body, and no other thread can run or drop a job of that owner meanwhile: it belongs to
    /// the same runtime, which has no other worker. A job with a promise never goes to a lane; and after the end, other
    /// threads drop no jobs while a worker is at work.
    #[inline(always)]
    pub(crate) fn is_alone(&self, owner: *const ()) -> bool {
        self.alone && self.scope.get().is_some_and(|scope| ptr::eq(scope.as_ptr().cast(), owner))
    }

    /// The scope that counts the behaviors scheduled by the one that runs here.
    #[inline]
    pub(crate) fn current_scope(&self) -> &Scope {
        match self.scope.get() {
            // SAFETY: the running behavior is counted there.
            Some(scope) if !unsafe { scope.as_ref() }.is_background() => unsafe { &*scope.as_ptr() },
            _ => &self.shared.root,
        }
    }

    /// Counts a behavior into a scope.
    #[inline]
    pub(crate) fn enter(&self, scope: &Scope) {
        /// How many are counted at once. Each time takes an atomic step on a number that all threads share.
        const IN_ADVANCE: u64 = 32;
        if self.scope.get() != Some(NonNull::from(scope)) {
            return scope.enter(1);
        }
        let spare = match self.spare.get() {
            0 => {
                scope.enter(IN_ADVANCE);
                IN_ADVANCE
            }
            spare => spare,
        };
        self.spare.set(spare - 1);
    }

    /// Subtracts the surplus from the scope.
    pub(crate) fn settle(&self) {
        // If nothing of it is counted here any more, the scope may be freed.
        let (scope, spare) = (self.scope.take(), self.spare.take());
        if let Some(scope) = scope.filter(|_| spare > 0) {
            // SAFETY: they were counted in; the runtime is alive, as `self.shared` is.
            unsafe { Scope::leave(scope, spare) };
        }
    }

    /// Runs a job; it will be subtracted from its scope soon.
    #[inline]
    pub(crate) fn run(&self, job: Job) {
        let Some(scope) = owner(&job) else { return job.end(How::Run, self) };
        debug_assert!(belongs_to(scope, &self.shared));
        if self.scope.get() != Some(scope) {
            self.settle();
            self.scope.set(Some(scope));
        }
        if self.shared.events.is_there() {
            self.run_watched(job);
        } else {
            job.end(How::Run, self);
        }
        self.spare.set(self.spare.get() + 1);
    }

    #[cold]
    fn run_watched(&self, job: Job) {
        let (behavior, worker) = (job.id(), self.index());
        self.shared.events.tell(Event::Began { behavior, worker });
        job.end(How::RunWatched, self);
        self.shared.events.tell(Event::Ended { behavior, worker });
    }

    /// Makes this thread the runner while `f` runs.
    pub(crate) fn as_current(&self, f: impl FnOnce()) {
        struct Reset(*const Runner);
        impl Drop for Reset {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0));
            }
        }
        let _reset = Reset(CURRENT.with(|current| current.replace(self)));
        f();
        self.settle();
    }

    /// Whether it is a worker of a runtime without a seed or a receiver of events.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Queues a job that has become ready on this thread, if this is plain. `anywhere`: it is known that any worker may
    /// run the job.
    #[inline(always)]
    pub(crate) fn place_plain(&self, job: Job, anywhere: bool) {
        match &self.worker {
            Some(worker) if anywhere => self.push_scheduled(worker, job),
            _ => self.place(job),
        }
    }

    /// Queues a job that became ready when another one ended on this worker, and that may run here.
    #[inline(always)]
    fn run_soon(&self, worker: &Worker, job: Job, placement: Placement, fresh: bool) {
        let first = worker.slot.take();
        if first.is_none() && (fresh || worker.queue.is_empty()) {
            return worker.slot.set(Some(job));
        }
        worker.slot.set(first);
        self.push_released(worker, job, placement);
    }

    /// Queues a job that became ready when another one ended on this worker.
    #[inline(always)]
    fn ready_here(&self, worker: &Worker, job: Job, fresh: bool) {
        let shared = &*self.shared;
        match shared.placement(&job) {
            Placement::Only(lane) => shared.send_to_lane(lane, job),
            Placement::Prefer(home) if home != worker.index => shared.send_to(home, job),
            // This worker is about to take its next job, and takes that: nobody need be woken.
            Placement::First => shared.first.push(job),
            Placement::Last => shared.send_to_all(&shared.last, job),
            placement => self.run_soon(worker, job, placement, fresh),
        }
    }

    #[cold]
    fn ready_somewhere(&self, job: Job, fresh: bool) {
        if !owner(&job).is_some_and(|scope| belongs_to(scope, &self.shared)) {
            return dispatch(job);
        }
        let shared = &*self.shared;
        shared.events.tell(Event::Ready { behavior: job.id() });
        let Some(worker) = self.worker.as_ref().filter(|_| shared.turns.is_none()) else {
            return self.place(job);
        };
        self.ready_here(worker, job, fresh);
    }

    /// The same for any job and thread.
    #[inline(never)]
    pub(crate) fn place(&self, job: Job) {
        let shared = &*self.shared;
        let placement = shared.placement(&job);
        // A worker looks for remaining jobs when it ends. A thread that pumps does not, and the runtime may have ended by
        // now.
        let Some(worker) = &self.worker else { return shared.dispatch_from_outside(job) };
        match placement {
            Placement::Only(lane) => shared.send_to_lane(lane, job),
            _ if shared.turns.is_some() => shared.take_turns(job, placement),
            Placement::Prefer(home) if home == worker.index => self.keep(worker, job),
            Placement::Prefer(home) => shared.send_to(home, job),
            Placement::First => shared.send_to_all(&shared.first, job),
            Placement::Last => shared.send_to_all(&shared.last, job),
            Placement::Anywhere => self.push_scheduled(worker, job),
        }
    }

    /// Puts a job that a body has scheduled into this worker's queue.
    #[inline(always)]
    fn push_scheduled(&self, worker: &Worker, job: Job) {
        worker.remote.counters.pushed_local.bump();
        if worker.queue.push_scheduled(job) {
            self.shared.sleep.wake_one();
        }
    }

    /// Puts a job that prefers this worker into its inbox.
    fn keep(&self, worker: &Worker, job: Job) {
        worker.remote.counters.pushed_local.bump();
        worker.remote.inbox.keep(job);
        if self.shared.remotes.len() > 1 {
            self.shared.sleep.wake_watcher();
        }
    }

    /// Puts a job that became ready when a behavior ended into this worker's queue, or into its inbox if the job prefers
    /// this worker.
    #[inline(always)]
    fn push_released(&self, worker: &Worker, job: Job, placement: Placement) {
        if placement == Placement::Prefer(worker.index) {
            return self.keep(worker, job);
        }
        worker.remote.counters.pushed_local.bump();
        if worker.queue.push_released(job) {
            self.shared.sleep.wake_one();
        }
    }

    fn others(&self, worker: &Worker) -> impl Iterator<Item = (usize, &Arc<Remote>)> {
        let (remotes, index) = (&self.shared.remotes, worker.index);
        (1..remotes.len())
            .map(move |step| (index + step) % remotes.len())
            .map(|index| (index, &remotes[index]))
    }

    /// Whether there is something for this worker to run.
    fn has_work(&self, worker: &Worker) -> bool {
        !self.shared.injector.is_empty()
            || !worker.remote.inbox.is_empty()
            || !worker.queue.is_empty()
            || !self.shared.first.is_empty()
            || !self.shared.last.is_empty()
            || self.others(worker).any(|(_, remote)| !remote.queue.is_empty())
    }

    /// Whether behaviors wait for other workers.
    fn others_have_waiting(&self, worker: &Worker) -> bool {
        self.others(worker).any(|(_, remote)| !remote.inbox.is_empty())
    }

    /// The same for a worker that has nothing to do. If so, it starts to watch, unless it is watching already.
    fn has_to_watch(&self, worker: &Worker) -> bool {
        let mut watch = worker.watch.borrow_mut();
        if !self.others_have_waiting(worker) {
            *watch = None;
            return false;
        }
        watch.get_or_insert_with(|| Watch {
            since: Instant::now(),
            marks: self.shared.remotes.iter().map(|remote| remote.inbox.mark()).collect(),
        });
        true
    }

    /// On a worker: runs behaviors until the runtime ends or is suspended.
    pub(crate) fn work(&self, pause: &mut Pause<'_>) {
        /// At the end of work: reports it, and drops the jobs that will not be run.
        struct AtWork<'a>(&'a Runner, &'a Worker);
        impl Drop for AtWork<'_> {
            fn drop(&mut self) {
                let AtWork(Runner { shared, .. }, worker) = self;
                shared.phase.end_work();
                if shared.phase.has_ended() {
                    let own = || worker.slot.take().or_else(|| worker.queue.next());
                    while let Some(job) = own() {
                        shared.discard(job);
                    }
                    shared.discard_all();
                }
            }
        }
        let Some(worker) = &self.worker else { return };
        self.shared.phase.begin_work();
        let _at_work = AtWork(self, worker);
        self.as_current(|| match self.shared.turns.is_some() {
            false => {
                worker.slice.restart();
                while !self.shared.phase.is_over() {
                    self.turn(worker, pause);
                }
            }
            true => {
                while !self.shared.phase.is_over() {
                    self.seeded_turn(worker, pause);
                }
            }
        });
    }

    #[inline(always)]
    fn turn(&self, worker: &Worker, pause: &mut Pause<'_>) {
        match self.next(worker) {
            Some(job) => {
                worker.sleeper.found(
                    &self.shared.sleep,
                    || self.has_work(worker),
                    || self.others_have_waiting(worker),
                );
                self.run(job);
            }
            None if self.shared.lingers && self.linger(worker) => {}
            None => self.pause(worker, pause),
        }
    }

    /// Looks around for about a microsecond. True if there is work. Leaving an environment and coming back takes about as
    /// long. And a thread that schedules one behavior soon schedules more: if the worker left for each one, both sides
    /// would wait.
    #[cold]
    fn linger(&self, worker: &Worker) -> bool {
        const ROUNDS: usize = 4;
        const SPINS: usize = 8;
        (0..ROUNDS).any(|_| {
            (0..SPINS).for_each(|_| spin_loop());
            self.has_work(worker)
        })
    }

    #[cold]
    fn pause(&self, worker: &Worker, pause: &mut Pause<'_>) {
        self.settle();
        pause(&mut || self.sleep(worker));
        worker.slice.restart();
    }

    fn sleep(&self, worker: &Worker) {
        let events = &self.shared.events;
        let parked = Cell::new(false);
        worker.sleeper.sleep(
            &self.shared.sleep,
            || self.has_work(worker),
            || self.has_to_watch(worker),
            || self.shared.phase.is_over(),
            || {
                worker.remote.counters.parked.bump();
                events.tell(Event::Parked { worker: worker.index });
                parked.set(true);
            },
        );
        if parked.get() {
            events.tell(Event::Unparked { worker: worker.index });
        }
    }

    fn seeded_turn(&self, worker: &Worker, pause: &mut Pause<'_>) {
        let Some(turns) = &self.shared.turns else { return };
        match turns.take(worker.index) {
            Some(job) => {
                worker.remote.counters.popped_local.bump();
                self.run(job);
                self.settle();
                turns.done();
            }
            None => pause(&mut || turns.wait(worker.index, || self.shared.phase.is_over())),
        }
    }

    /// Runs one job, if there is any. For models.
    #[cfg(all(test, loom))]
    pub(crate) fn run_one(&self) -> bool {
        let worker = self.worker.as_ref().expect("a worker");
        self.next(worker).map(|job| self.run(job)).is_some()
    }

    /// The next behavior to run.
    #[inline(always)]
    fn next(&self, worker: &Worker) -> Option<Job> {
        if let Some(job) = self.take_first(worker) {
            return Some(job);
        }
        if worker.slice.is_turn_of_waiting() {
            if let Some(job) = self.next_waiting(worker) {
                return Some(job);
            }
            worker.slice.nothing_waits();
        }
        if let Some(job) = worker.slot.take() {
            worker.remote.counters.dispatched_to_pending.bump();
            return Some(job);
        }
        self.take_from_inbox(worker)
            .or_else(|| self.take_next(worker))
            .or_else(|| self.take_from_injector(worker))
            .or_else(|| self.take_from_others(worker))
            .or_else(|| self.take_last(worker))
    }

    /// Takes a job that runs before all others.
    #[inline(always)]
    fn take_first(&self, worker: &Worker) -> Option<Job> {
        if self.shared.first.is_empty() { None } else { self.take_first_now(worker) }
    }

    #[cold]
    fn take_first_now(&self, worker: &Worker) -> Option<Job> {
        /// How many come before one of the others that has waited.
        const IN_A_ROW: usize = 8;
        let job = if worker.firsts.get() >= IN_A_ROW && worker.slice.is_turn_of_waiting() {
            worker.firsts.set(0);
            self.next_waiting(worker)?
        } else {
            let job = self.popped(worker, self.shared.first.take())?;
            worker.firsts.set(worker.firsts.get() + 1);
            self.put_back(worker);
            job
        };
        if !self.shared.first.is_empty() {
            // Whoever has put them there may have left them to us.
            self.shared.sleep.wake_one();
        }
        Some(job)
    }

    /// Takes a job that runs after all others.
    fn take_last(&self, worker: &Worker) -> Option<Job> {
        self.popped(worker, self.shared.last.take())
    }

    /// Takes a job that has waited while others came first: in turns from the injector, the queue and the inbox; now and
    /// then one of those that come last.
    #[cold]
    fn next_waiting(&self, worker: &Worker) -> Option<Job> {
        worker.remote.counters.fairness_arm_fires.bump();
        type Take = fn(&Runner, &Worker) -> Option<Job>;
        const PLACES: [Take; 4] = [
            Runner::take_from_injector,
            Runner::take_oldest_scheduled,
            Runner::take_oldest_released,
            Runner::take_from_inbox,
        ];
        /// How often those that come last get a turn.
        const TURNS_OF_LAST: usize = 32;
        let first = worker.rotation.get();
        worker.rotation.set((first + 1) % TURNS_OF_LAST);
        let last = if first == 0 { self.take_last(worker) } else { None };
        let waited = last.or_else(|| {
            (0..PLACES.len()).find_map(|step| PLACES[(first + step) % PLACES.len()](self, worker))
        });
        if waited.is_some() {
            self.put_back(worker);
        }
        waited
    }

    /// Another job runs before that in the slot, which others may take meanwhile.
    fn put_back(&self, worker: &Worker) {
        if let Some(job) = worker.slot.take() {
            worker.remote.counters.batch_resets.bump();
            let placement = self.shared.placement(&job);
            self.push_released(worker, job, placement);
        }
    }

    fn popped(&self, worker: &Worker, job: Option<Job>) -> Option<Job> {
        if job.is_some() {
            worker.remote.counters.popped_local.bump();
        }
        job
    }

    #[inline]
    fn take_from_inbox(&self, worker: &Worker) -> Option<Job> {
        let inbox = &worker.remote.inbox;
        if inbox.is_empty() { None } else { self.popped(worker, inbox.take()) }
    }

    #[inline]
    fn take_next(&self, worker: &Worker) -> Option<Job> {
        self.popped(worker, worker.queue.next())
    }

    fn take_oldest_scheduled(&self, worker: &Worker) -> Option<Job> {
        self.popped(worker, worker.queue.oldest_scheduled(&worker.remote.queue))
    }

    fn take_oldest_released(&self, worker: &Worker) -> Option<Job> {
        self.popped(worker, worker.queue.oldest_released())
    }

    fn take_from_injector(&self, worker: &Worker) -> Option<Job> {
        let injector = &self.shared.injector;
        if injector.is_empty() {
            return None;
        }
        let counters = &worker.remote.counters;
        let job = worker.queue.take_from(injector, || counters.dequeue_cas_retries.bump())?;
        counters.popped_via_steal.bump();
        self.share(worker);
        Some(job)
    }

    fn take_from_others(&self, worker: &Worker) -> Option<Job> {
        if self.shared.remotes.len() == 1 {
            return None;
        }
        let counters = &worker.remote.counters;
        counters.steal_attempts.bump();
        counters.last_steal_attempt_ns.set(self.shared.born.elapsed().as_nanos() as u64);
        let found = self
            .others(worker)
            .find_map(|(from, remote)| Some((from, self.take_from_other(worker, remote)?)))
            .or_else(|| self.take_late(worker));
        let Some((from, job)) = found else {
            counters.steal_failures.bump();
            return None;
        };
        counters.popped_via_steal.bump();
        self.shared.events.tell(Event::Stolen { behavior: job.id(), worker: worker.index, from });
        self.share(worker);
        Some(job)
    }

    fn take_from_other(&self, worker: &Worker, other: &Remote) -> Option<Job> {
        // A receiver of events should see each stolen job.
        let one = self.shared.events.is_there();
        worker.queue.steal_from(&other.queue, one, || worker.remote.counters.dequeue_cas_retries.bump())
    }

    /// Takes a behavior that has waited too long for the worker that it prefers. Also returns that worker.
    fn take_late(&self, worker: &Worker) -> Option<(usize, Job)> {
        let mut place = worker.watch.borrow_mut();
        let watch = place.as_ref().filter(|watch| watch.since.elapsed() >= STEAL_DELAY)?;
        let mut late =
            self.others(worker).filter(|(index, other)| other.inbox.holds_from_before(watch.marks[*index]));
        let found = late.find_map(|(index, other)| Some((index, other.inbox.take()?)));
        drop(late);
        if found.is_none() {
            // The old behaviors have been taken. Those that are there now have not waited yet.
            *place = None;
        }
        found
    }

    /// We may have taken more than we can run now, and nobody else could see these jobs while we moved them.
    fn share(&self, worker: &Worker) {
        if self.shared.remotes.len() > 1 && !worker.queue.is_empty() {
            self.shared.sleep.wake_one();
        }
    }
}

impl Sink for Runner {
    /// Queues a job that became ready when another one ended on this thread.
    #[inline]
    fn ready(&self, job: Job, fresh: bool) {
        let of_this_scope = owner(&job).is_some_and(|scope| self.scope.get() == Some(scope));
        match &self.worker {
            Some(worker) if self.plain && of_this_scope => self.ready_here(worker, job, fresh),
            _ => self.ready_somewhere(job, fresh),
        }
    }

    fn released(&self, behavior: usize, cown: usize) {
        if self.shared.events.is_there() {
            let worker = self.index();
            self.shared.events.tell(Event::Released { behavior, cown, worker });
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.settle();
        if let Some(worker) = &self.worker {
            // If a host has panicked, other workers have to look for work instead.
            worker.sleeper.found(
                &self.shared.sleep,
                || self.has_work(worker),
                || self.others_have_waiting(worker),
            );
        }
    }
}
