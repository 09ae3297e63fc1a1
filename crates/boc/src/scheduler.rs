//! Which worker runs what, and when.
//!
//! A behavior that becomes ready goes
//! - made ready by the end of a behavior on a worker, and at home there or nowhere: that worker runs it next (the *fast
//!   lane*, one slot), with the cown still in its cache;
//! - else, if it has a home, to that worker's [inbox](Inbox);
//! - else, made ready on a worker in another way: into that worker's own queue;
//! - else, from outside: into the shared injector.
//!
//! A worker looks into its fast lane, its inbox, its queue, the injector, and then at what others have: their queues at
//! once, their inboxes only for what has waited there for [`PATIENCE`]. Each of them is first in, first out; and every
//! [`FAIRNESS`] turns, what is in the fast lane goes to the end of a queue, and the injector, the queue or the inbox comes
//! first. So nothing starves.

use crate::behavior::Ready;
use crate::idle::{Idle, Idler};
use crate::inbox::Inbox;
use crate::phase::Phase;
use crate::scope::Scope;
use crate::stats::{Counters, Stats};
use crate::sync::{Deque, Injector, Steal, Stealer};
use crossbeam_utils::CachePadded;
use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every so many turns a worker looks first where it usually looks last.
const FAIRNESS: u32 = 64;

/// How long a behavior waits for its home before an idle worker takes it from there. About what it costs to bring values
/// over: less, and workers with little to do would take values from each other all the time.
pub(crate) const PATIENCE: Duration = Duration::from_micros(200);

/// What others see of a worker.
pub(crate) struct Lane {
    stealer: Stealer<Ready>,
    inbox: Inbox<Ready>,
    counters: Counters,
}

/// What all threads that deal with one runtime share.
pub(crate) struct Shared {
    pub(crate) root: Arc<Scope>,
    /// Counts chores, which nobody waits for but the end.
    pub(crate) chores: Arc<Scope>,
    injector: Injector<Ready>,
    lanes: Box<[CachePadded<Lane>]>,
    /// Apart from the rest: it is written all the time.
    idle: CachePadded<Idle>,
    pub(crate) phase: Phase,
    born: Instant,
}

/// A worker's own part.
pub(crate) struct Local {
    shared: Arc<Shared>,
    index: usize,
    deque: Deque<Ready>,
    fast: Cell<Option<Ready>>,
    /// Behaviors that have run here and are to be counted off in the root scope. While this worker runs another, that one
    /// is counted; so it is enough to settle this when there is nothing to run.
    done: Cell<usize>,
    idler: RefCell<Idler>,
    watch: RefCell<Option<Watch>>,
}

/// Since when this worker has watched the inboxes of others, and how many behaviors each had been sent by then.
struct Watch {
    since: Instant,
    marks: Box<[usize]>,
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

/// Calls `f` with the runtime whose worker this thread is.
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Arc<Shared>>) -> R) -> R {
    with_local(|local| f(local.map(|local| &local.shared)))
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
    with_local(|local| local.map(|local| local.index))
}

impl Shared {
    /// The shared part for `count` workers, and the own part of each.
    pub(crate) fn new(count: usize) -> (Arc<Shared>, Vec<Local>) {
        let (idle, idlers) = Idle::new(count);
        let deques: Vec<Deque<Ready>> = (0..count).map(|_| Deque::new_fifo()).collect();
        let lane = |deque: &Deque<Ready>| Lane {
            stealer: deque.stealer(),
            inbox: Inbox::new(),
            counters: Counters::default(),
        };
        let shared = Arc::new(Shared {
            root: Arc::new(Scope::new()),
            chores: Arc::new(Scope::new()),
            injector: Injector::new(),
            lanes: deques.iter().map(|deque| CachePadded::new(lane(deque))).collect(),
            idle: CachePadded::new(idle),
            phase: Phase::new(count),
            born: Instant::now(),
        });
        // Behaviors in flight point to the runtime without counting themselves in; but they are counted here.
        let keep = shared.clone();
        shared.root.at_end(move || drop(keep));
        let locals = deques.into_iter().zip(idlers).enumerate().map(|(index, (deque, idler))| Local {
            shared: shared.clone(),
            index,
            deque,
            fast: Cell::new(None),
            done: Cell::new(0),
            idler: RefCell::new(idler),
            watch: RefCell::new(None),
        });
        let locals = locals.collect();
        (shared, locals)
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn stats(&self) -> Vec<Stats> {
        let stats = |lane: &CachePadded<Lane>| Stats {
            pushed_remote: lane.inbox.sent() as u64,
            ..lane.counters.read()
        };
        self.lanes.iter().map(stats).collect()
    }

    /// Workers leave after the body that they run now.
    pub(crate) fn stop(&self) {
        self.phase.stop();
        self.idle.wake_all();
    }

    #[cfg(not(loom))]
    /// Workers step outside after the body that they run now. See [`Phase::recess`].
    pub(crate) fn recess(&self, timeout: Duration) -> bool {
        self.phase.recess(timeout, || self.idle.wake_all())
    }

    /// True where this thread is a worker of that runtime.
    pub(crate) fn on_its_worker(this: *const Shared) -> bool {
        with_local(|local| local.is_some_and(|local| Arc::as_ptr(&local.shared) == this))
    }

    /// Puts a behavior that has become ready where it will be run.
    pub(crate) fn dispatch(&self, ready: Ready) {
        with_local(|local| match local.filter(|local| ptr::eq(&*local.shared, self)) {
            Some(local) => local.place(ready),
            None => match self.home_of(&ready) {
                Some(home) => self.send_home(home, ready),
                None => {
                    self.injector.push(ready);
                    self.idle.wake_one();
                }
            },
        });
    }

    /// Counts a behavior into the root scope.
    pub(crate) fn count_in(&self) {
        with_local(|local| {
            match local.filter(|local| ptr::eq(&*local.shared, self) && local.done.get() > 0) {
                // One in, one off.
                Some(local) => local.done.set(local.done.get() - 1),
                None => self.root.enter(),
            }
        });
    }

    fn home_of(&self, ready: &Ready) -> Option<usize> {
        ready.home().filter(|&home| home < self.lanes.len())
    }

    fn send_home(&self, home: usize, ready: Ready) {
        let lane = &self.lanes[home];
        lane.inbox.send(ready);
        if !self.idle.wake(home) {
            // It is busy. Somebody who is not should see to it that the behavior does not wait long.
            self.idle.wake_watcher();
        }
    }
}

impl Local {
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Counts off a behavior that this worker has run, before long.
    pub(crate) fn count_off(&self) {
        self.done.set(self.done.get() + 1);
    }

    /// Counts off what is to be counted off.
    pub(crate) fn settle(&self) {
        let done = self.done.take();
        if done > 0 {
            self.shared.root.leave(done);
        }
    }

    /// Takes over a behavior that the end of another on this worker has made ready.
    pub(crate) fn hand_on(&self, ready: Ready) {
        if !ready.belongs_to(&self.shared) {
            return ready.dispatch();
        }
        match self.shared.home_of(&ready) {
            Some(home) if home != self.index => self.shared.send_home(home, ready),
            home => match self.fast.take() {
                None => self.fast.set(Some(ready)),
                first => {
                    self.fast.set(first);
                    self.put(ready, home);
                }
            },
        }
    }

    /// Sends a behavior home; or puts it into a queue here, where it has no home or is at home.
    fn place(&self, ready: Ready) {
        match self.shared.home_of(&ready) {
            Some(home) if home != self.index => self.shared.send_home(home, ready),
            home => self.put(ready, home),
        }
    }

    /// Puts a behavior into a queue here: what is at home here is not for everyone.
    fn put(&self, ready: Ready, home: Option<usize>) {
        self.counters().pushed_local.bump();
        if home.is_some() {
            self.lane().inbox.keep(ready);
            self.shared.idle.wake_watcher();
        } else {
            self.deque.push(ready);
            self.shared.idle.wake_one();
        }
    }

    fn others(&self) -> impl Iterator<Item = (usize, &CachePadded<Lane>)> {
        let lanes = &self.shared.lanes;
        (1..lanes.len())
            .map(move |step| (self.index + step) % lanes.len())
            .map(|index| (index, &lanes[index]))
    }

    /// Whether there is something for this worker to run.
    fn has_work(&self) -> bool {
        !self.shared.injector.is_empty()
            || !self.lane().inbox.is_empty()
            || self.shared.lanes.iter().any(|lane| !lane.stealer.is_empty())
    }

    /// Whether behaviors wait for other workers.
    fn others_have_waiting(&self) -> bool {
        self.others().any(|(_, lane)| !lane.inbox.is_empty())
    }

    /// The same for a worker that has nothing to do. If so, watches from now on, unless it did already.
    fn has_to_watch(&self) -> bool {
        let mut watch = self.watch.borrow_mut();
        if !self.others_have_waiting() {
            *watch = None;
            return false;
        }
        watch.get_or_insert_with(|| Watch {
            since: Instant::now(),
            marks: self.shared.lanes.iter().map(|lane| lane.inbox.mark()).collect(),
        });
        true
    }

    fn lane(&self) -> &Lane {
        &self.shared.lanes[self.index]
    }

    fn counters(&self) -> &Counters {
        &self.lane().counters
    }

    /// Runs behaviors until the runtime stops or has a recess. `pause` is called around each time without work.
    pub(crate) fn work(&self, mut pause: impl FnMut(&mut dyn FnMut())) {
        struct Reset(*const Local);
        impl Drop for Reset {
            fn drop(&mut self) {
                LOCAL.set(self.0);
            }
        }
        let _reset = Reset(LOCAL.replace(self));
        let shared = &*self.shared;
        let stopping = || shared.phase.is_over();
        let mut turn = 0_u32;
        while !stopping() {
            turn = turn.wrapping_add(1);
            match self.next(turn) {
                Some(ready) => {
                    self.idler.borrow_mut().found(
                        &shared.idle,
                        || self.has_work(),
                        || self.others_have_waiting(),
                    );
                    ready.run(self);
                }
                None => {
                    self.settle();
                    pause(&mut || {
                        let mut idler = self.idler.borrow_mut();
                        let parked = || self.counters().parked.bump();
                        idler.idle(
                            &shared.idle,
                            || self.has_work(),
                            || self.has_to_watch(),
                            stopping,
                            parked,
                        );
                    });
                }
            }
        }
        self.settle();
    }

    /// The next behavior to run, on the worker's turn of that number.
    pub(crate) fn next(&self, turn: u32) -> Option<Ready> {
        if turn.is_multiple_of(FAIRNESS)
            && let Some(ready) = self.next_in_fairness(turn)
        {
            return Some(ready);
        }
        if let Some(ready) = self.fast.take() {
            self.counters().dispatched_to_pending.bump();
            return Some(ready);
        }
        self.take_from_inbox()
            .or_else(|| self.take_from_queue())
            .or_else(|| self.take_from_injector())
            .or_else(|| self.take_from_others())
    }

    /// What has waited while others came first: in turns, from the injector, the queue and the inbox.
    fn next_in_fairness(&self, turn: u32) -> Option<Ready> {
        self.counters().fairness_arm_fires.bump();
        let places = [Local::take_from_injector, Local::take_from_queue, Local::take_from_inbox];
        let first = (turn / FAIRNESS) as usize;
        let waited = (0..places.len()).find_map(|step| places[(first + step) % places.len()](self));
        if waited.is_some()
            && let Some(ready) = self.fast.take()
        {
            self.counters().batch_resets.bump();
            let home = self.shared.home_of(&ready);
            self.put(ready, home);
        }
        waited
    }

    fn take_from_inbox(&self) -> Option<Ready> {
        let ready = self.steal(|| self.lane().inbox.steal())?;
        self.counters().popped_local.bump();
        Some(ready)
    }

    fn take_from_queue(&self) -> Option<Ready> {
        let ready = self.deque.pop()?;
        self.counters().popped_local.bump();
        Some(ready)
    }

    fn take_from_injector(&self) -> Option<Ready> {
        let ready = self.steal(|| self.shared.injector.steal_batch_and_pop(&self.deque))?;
        self.counters().popped_via_steal.bump();
        self.share();
        Some(ready)
    }

    fn take_from_others(&self) -> Option<Ready> {
        let counters = self.counters();
        counters.steal_attempts.bump();
        counters.last_steal_attempt_ns.set(self.shared.born.elapsed().as_nanos() as u64);
        let found = self
            .others()
            .find_map(|(_, lane)| self.steal(|| lane.stealer.steal_batch_and_pop(&self.deque)))
            .or_else(|| self.take_late());
        if found.is_some() {
            counters.popped_via_steal.bump();
            self.share();
        } else {
            counters.steal_failures.bump();
        }
        found
    }

    /// A behavior that has waited too long for its home.
    fn take_late(&self) -> Option<Ready> {
        let mut place = self.watch.borrow_mut();
        let watch = place.as_ref().filter(|watch| watch.since.elapsed() >= PATIENCE)?;
        let late = self.others().filter(|(index, lane)| lane.inbox.holds_from_before(watch.marks[*index]));
        let found = late.into_iter().find_map(|(_, lane)| self.steal(|| lane.inbox.steal()));
        if found.is_none() {
            // What was there has gone home. What is there now has not waited yet.
            *place = None;
        }
        found
    }

    /// We may have taken more than we can run now, and while we moved it nobody else could see it.
    fn share(&self) {
        if !self.deque.is_empty() {
            self.shared.idle.wake_one();
        }
    }

    fn steal(&self, attempt: impl Fn() -> Steal<Ready>) -> Option<Ready> {
        loop {
            match attempt() {
                Steal::Success(ready) => return Some(ready),
                Steal::Empty => return None,
                Steal::Retry => self.counters().dequeue_cas_retries.bump(),
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.settle();
    }
}
