//! Scopes: what is in flight in one, who waits for that, and what has failed in it.
//!
//! A behavior of a scope counts in each of the scopes around it, too. It counts from before it gets in line at its cowns
//! until it has released them, or has been dropped unrun.

use super::lane::{self, Nudge};
use super::reports::Report;
use crate::ffi::class::Class;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{PerInterpreter, Resident};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{iter, mem};

/// What is called when a scope is empty. On any thread, which may be attached to any interpreter or to none.
pub(crate) type Empty = Box<dyn FnOnce() + Send>;

/// A scope.
pub(crate) struct Scope {
    /// The scope around it.
    above: Option<Arc<Scope>>,
    name: Option<Box<str>>,
    /// How many behaviors may be in flight in it for one more to be scheduled from outside behaviors.
    limit: Option<usize>,
    timeout: Option<Duration>,
    /// When that is over, once it has been entered.
    deadline: OnceLock<Option<Instant>>,
    /// Whether it raises what has failed in it. The runtime's own, which has a limit and nothing else, does not.
    raises: bool,
    /// In which process it was entered: see [`start_clean`].
    process: u32,
    /// How many are in flight. And [`NEW`] or [`LEFT`].
    count: AtomicUsize,
    cancelled: AtomicBool,
    /// Whether it counts in [`OPEN`].
    is_open: AtomicBool,
    /// How many want to hear of changes.
    waiting: AtomicUsize,
    // These are of the standard library, as a child of a fork may free them while threads of its parent wait for them: its
    // locks have no queues elsewhere.
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    failures: SelfPruning<Arc<Report>>,
    when_empty: Vec<Empty>,
}

/// It has not been entered.
const NEW: usize = 1 << (usize::BITS - 1);
/// It has been left.
const LEFT: usize = NEW >> 1;
const COUNT: usize = LEFT - 1;

/// How many scopes have been entered and not left.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// How often this process has been forked from another.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Scopes in which something has failed. See [`give_up_all`].
static FAILED: parking_lot::Mutex<SelfPruning<Weak<Scope>>> = parking_lot::Mutex::new(SelfPruning::new());

/// A place in a scope, which a behavior has.
pub(crate) struct Member(Arc<Scope>);

/// Why there is no place in a scope.
pub(crate) enum Refused {
    NotEntered,
    Left,
    /// It is the scope of another process, from which this one was forked.
    OtherProcess,
    /// This one has as many as it may have.
    Full(Arc<Scope>),
}

/// A handle of a scope.
pub(crate) struct ScopeObject {
    pub(crate) scope: Arc<Scope>,
    /// What takes the scope out of the context of the thread that has entered it.
    pub(crate) token: Mutex<Option<Resident>>,
}

/// The class `Scope`.
pub(crate) static SCOPE: PerInterpreter<Class<ScopeObject>> = PerInterpreter::to_be_filled();

/// Whether a behavior may have to be counted in a scope.
#[inline]
pub(crate) fn are_open() -> bool {
    OPEN.load(Ordering::Relaxed) != 0
}

/// In the child of a fork: what is in flight in any scope is the parent's business.
pub(crate) fn start_clean() {
    PROCESS.fetch_add(1, Ordering::Relaxed);
    OPEN.store(0, Ordering::Relaxed);
}

/// The program ends: what is still open is never left, so what has failed there is told as it is outside of scopes.
pub(crate) fn give_up_all() {
    let scopes = FAILED.lock().take();
    for scope in scopes.iter().filter_map(Weak::upgrade).filter(|scope| scope.is_here()) {
        scope.take_failures().iter().for_each(Report::let_go);
    }
}

impl Scope {
    pub(crate) fn new(
        above: Option<Arc<Scope>>,
        name: Option<&str>,
        limit: Option<usize>,
        timeout: Option<Duration>,
    ) -> Arc<Scope> {
        Scope::with(above, name, limit, timeout, true)
    }

    /// The scope of all behaviors of a runtime with that limit. It is entered already.
    pub(crate) fn of_runtime(limit: usize) -> Arc<Scope> {
        let scope = Scope::with(None, None, Some(limit), None, false);
        scope.enter();
        scope
    }

    fn with(
        above: Option<Arc<Scope>>,
        name: Option<&str>,
        limit: Option<usize>,
        timeout: Option<Duration>,
        raises: bool,
    ) -> Arc<Scope> {
        Arc::new(Scope {
            above,
            name: name.map(Into::into),
            limit,
            timeout,
            deadline: OnceLock::new(),
            raises,
            process: PROCESS.load(Ordering::Relaxed),
            count: AtomicUsize::new(NEW),
            cancelled: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            inner: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether as many are in flight as may be.
    pub(crate) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.count() >= limit)
    }

    /// When its time is over, if it has been entered and has a timeout.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied().flatten()
    }

    /// Whether it is the runtime's own.
    pub(crate) fn is_of_runtime(&self) -> bool {
        !self.raises
    }

    /// How many behaviors are in flight in it. None in a process that it does not belong to.
    pub(crate) fn count(&self) -> usize {
        if self.is_here() { self.count.load(Ordering::SeqCst) & COUNT } else { 0 }
    }

    /// Whether it belongs to this process.
    pub(crate) fn is_here(&self) -> bool {
        self.process == PROCESS.load(Ordering::Relaxed)
    }

    pub(crate) fn is_new(&self) -> bool {
        self.count.load(Ordering::SeqCst) & NEW != 0
    }

    pub(crate) fn is_left(&self) -> bool {
        self.count.load(Ordering::SeqCst) & LEFT != 0
    }

    /// What is scheduled by somebody who is within it counts in it.
    pub(crate) fn is_entered(&self) -> bool {
        self.is_here() && self.count.load(Ordering::SeqCst) & !COUNT == 0
    }

    /// This one, that around it, and so on.
    fn chain(self: &Arc<Scope>) -> impl Iterator<Item = &Arc<Scope>> {
        iter::successors(Some(self), |scope| scope.above.as_ref())
    }

    /// The innermost one, of this and those around it, that has been entered and not left.
    pub(crate) fn innermost_entered(self: &Arc<Scope>) -> Option<&Arc<Scope>> {
        self.chain().find(|scope| scope.is_entered())
    }

    /// Whether this is that scope, or within it.
    pub(crate) fn is_within(self: &Arc<Scope>, other: &Arc<Scope>) -> bool {
        self.chain().any(|scope| Arc::ptr_eq(scope, other))
    }

    /// What has not begun is not run any more, here and in scopes below.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(self: &Arc<Scope>) -> bool {
        self.chain().any(|scope| scope.cancelled.load(Ordering::Relaxed))
    }

    /// False: it was entered before.
    pub(crate) fn enter(&self) -> bool {
        let is_first = self.count.fetch_and(!NEW, Ordering::SeqCst) & NEW != 0;
        if is_first {
            self.deadline.get_or_init(|| self.timeout.and_then(|time| Instant::now().checked_add(time)));
            self.is_open.store(true, Ordering::Relaxed);
            OPEN.fetch_add(1, Ordering::Relaxed);
        }
        is_first
    }

    /// A place for a behavior of the scope itself. There always is one: what runs may schedule more.
    pub(crate) fn join(self: &Arc<Scope>) -> Member {
        self.chain().for_each(|scope| _ = scope.count.fetch_add(1, Ordering::SeqCst));
        Member(self.clone())
    }

    /// A place for a behavior of somebody else. `waits`: who finds no room waits for some.
    pub(crate) fn join_from_outside(self: &Arc<Scope>, waits: bool) -> Result<Member, Refused> {
        if !self.is_here() {
            return Err(Refused::OtherProcess);
        }
        for (place, scope) in self.chain().enumerate() {
            // In those around it, a scope counts whatever they do.
            let closed = if place == 0 { NEW | LEFT } else { 0 };
            let most = if waits { scope.limit.unwrap_or(COUNT) } else { COUNT };
            let add = |count: usize| (count & closed == 0 && count & COUNT < most).then_some(count + 1);
            if let Err(count) = scope.count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add) {
                self.chain().take(place).for_each(|scope| scope.leave());
                return Err(match count & closed {
                    0 => Refused::Full(scope.clone()),
                    NEW => Refused::NotEntered,
                    _ => Refused::Left,
                });
            }
        }
        Ok(Member(self.clone()))
    }

    /// One less is in flight, here and in those around it. There first: who hears of the end of an inner scope finds that the
    /// outer one does not count its behaviors any more.
    fn leave_all(&self) {
        if let Some(above) = &self.above {
            above.leave_all();
        }
        self.leave();
    }

    /// One less is in flight.
    fn leave(&self) {
        let count = (self.count.fetch_sub(1, Ordering::SeqCst) - 1) & COUNT;
        if (count == 0 || self.limit.is_some()) && self.waiting.load(Ordering::SeqCst) != 0 {
            self.tell(count == 0);
        }
    }

    #[cold]
    fn tell(&self, is_empty: bool) {
        let mut inner = self.lock();
        let when_empty = if is_empty { mem::take(&mut inner.when_empty) } else { Vec::new() };
        drop(inner);
        self.changed.notify_all();
        self.waiting.fetch_sub(when_empty.len(), Ordering::SeqCst);
        when_empty.into_iter().for_each(|call| call());
    }

    /// Waits, attached to nothing, as long as `holds`, at most for that time.
    fn wait_while(&self, time: Duration, holds: impl Fn() -> bool) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let inner = self.lock();
        drop(self.changed.wait_timeout_while(inner, time, |_| holds() && !lane::is_calling()));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits, attached to nothing, until nothing is in flight, at most for that time.
    pub(crate) fn wait_empty(&self, time: Duration) {
        /// How long it looks before it sleeps: about as long as it takes to be woken.
        const LOOKS: Duration = Duration::from_micros(20);
        let begun = Instant::now();
        while begun.elapsed() < LOOKS {
            if self.count() == 0 || lane::is_calling() {
                return;
            }
            std::hint::spin_loop();
        }
        self.wait_while(time, || self.count() > 0);
    }

    /// Waits, attached to nothing, until one more may be in flight, at most for that time.
    pub(crate) fn wait_for_room(&self, time: Duration) {
        self.wait_while(time, || self.is_full());
    }

    /// Calls `call` as soon as nothing is in flight. Soon after that there may be something again.
    pub(crate) fn when_empty(&self, call: Empty) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut inner = self.lock();
        inner.when_empty.push(call);
        drop(inner);
        if self.count() == 0 {
            self.tell(true);
        }
    }

    /// Leaves the scope, if nothing is in flight. From then on, it takes nothing from outside.
    pub(crate) fn leave_if_empty(&self) -> bool {
        let left = self.count.compare_exchange(0, LEFT, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if left {
            self.close();
        }
        left
    }

    /// The same whatever is in flight. What that schedules still counts in it.
    pub(crate) fn leave_anyhow(&self) {
        if self.count.fetch_or(LEFT, Ordering::SeqCst) & COUNT == 0 {
            self.close();
        }
    }

    /// Nothing will be counted in it any more.
    fn close(&self) {
        if self.is_open.swap(false, Ordering::Relaxed) && self.is_here() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Keeps the report of a behavior that has failed, so that it is raised at the end: here, or in the next scope around it
    /// that can do so. False: nobody will raise it.
    pub(crate) fn keep_failure(self: &Arc<Scope>, report: &Arc<Report>) -> bool {
        self.chain().filter(|scope| scope.raises && scope.is_here()).any(|scope| {
            let mut inner = scope.lock();
            // Who leaves it says so first, and then takes them.
            let is_entered = scope.is_entered();
            if is_entered {
                if inner.failures.is_empty() {
                    FAILED.lock().push(Arc::downgrade(scope), |all| all.retain(|one| one.strong_count() > 0));
                }
                inner.failures.push(report.clone(), |failures| failures.retain(|one| one.is_kept()));
            }
            is_entered
        })
    }

    /// The failures at which nobody has looked so far. They are the caller's business now.
    pub(crate) fn take_failures(&self) -> Vec<Arc<Report>> {
        let failures = self.lock().failures.take();
        failures.into_iter().filter(|report| report.is_kept()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nudge for Scope {
    fn nudge(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.close();
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.process == PROCESS.load(Ordering::Relaxed) {
            // It was never left: what has failed is told as it is outside of scopes.
            inner.failures.take().iter().for_each(Report::let_go);
        }
    }
}

impl Member {
    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.0
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // In a child of a fork, it was the parent's.
        if self.0.is_here() {
            self.0.leave_all();
        }
    }
}

impl ScopeObject {
    /// A new handle.
    pub(crate) fn open(py: Python<'_>, scope: Arc<Scope>) -> PyResult<Object<'_>> {
        SCOPE.here(py).instance(py, ScopeObject { scope, token: Mutex::new(None) })
    }

    /// The scope that an object is a handle of, if it is one.
    pub(crate) fn handle<'a>(object: &'a Object<'_>) -> Option<&'a Arc<Scope>> {
        Class::find_exact(object, || SCOPE.here(object.py())).map(|handle| &handle.scope)
    }
}
