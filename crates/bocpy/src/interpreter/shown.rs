//! What workers show of what they run, to others that are attached to the same interpreter.
//!
//! A worker runs a behavior, and ends it, while it is attached. So while another thread has the interpreter's GIL, no
//! behavior of that interpreter begins or ends: a worker that runs one is somewhere within it. That costs the worker two
//! writes to memory that is its own. Where there is no GIL, all threads of the interpreter are stopped meanwhile.

use super::labels::Label;
use super::{Home, State, fork_safe};
use crate::ffi::frames::{self, Thread};
use crate::ffi::{Object, Python};
use parking_lot::{Mutex, MutexGuard};
use std::any::Any;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What is shown while it runs.
pub(crate) trait Visible: Sync {
    fn label(&self) -> Label;

    /// The number of the cown of its result.
    fn result(&self) -> usize;

    /// A view of it that can be taken along. Must not run any code of Python.
    fn view(&self) -> Box<dyn Any + Send>;
}

/// Where a thread shows it.
type Place = AtomicPtr<&'static dyn Visible>;

thread_local! {
    static PLACE: Place = const { AtomicPtr::new(ptr::null_mut()) };
}

/// The workers that are attached, or have only left for a moment.
static WORKERS: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

pub(crate) struct Worker {
    index: usize,
    home: Arc<Home>,
    thread: Thread,
    place: *const Place,
}

// SAFETY: the place is the thread's own, which is there as long as this is in the list; and it is an atomic.
unsafe impl Send for Worker {}

/// Runs `f` as the worker of that number, which is attached.
pub(crate) fn as_worker<R>(py: Python<'_>, index: usize, f: impl FnOnce() -> R) -> R {
    struct Leave(usize, Arc<Home>);
    impl Drop for Leave {
        fn drop(&mut self) {
            hold().retain(|worker| worker.index != self.0 || !Arc::ptr_eq(&worker.home, &self.1));
        }
    }
    let home = State::get(py).home.clone();
    let place = PLACE.with(ptr::from_ref);
    hold().push(Worker { index, home: home.clone(), thread: Thread::current(py), place });
    let _leave = Leave(index, home);
    f()
}

/// Shows `what` for as long as `f` runs, on a thread that is attached, at the end too.
#[inline]
pub(crate) fn showing<R>(_py: Python<'_>, what: &dyn Visible, f: impl FnOnce() -> R) -> R {
    struct Reset<'a>(&'a Place, *mut &'static dyn Visible);
    impl Drop for Reset<'_> {
        fn drop(&mut self) {
            self.0.store(self.1, Ordering::Release);
        }
    }
    PLACE.with(|place| {
        let before = place.load(Ordering::Relaxed);
        let _reset = Reset(place, before);
        place.store(ptr::from_ref(&what).cast_mut().cast(), Ordering::Release);
        f()
    })
}

/// What this thread runs.
pub(crate) fn running() -> Label {
    // SAFETY: this thread is within `showing`, or it is null.
    PLACE.with(|place| unsafe { place.load(Ordering::Relaxed).as_ref() }).map_or(0, |what| what.label())
}

/// The workers, by their numbers, and their homes.
pub(crate) fn workers() -> Vec<(usize, Arc<Home>)> {
    let mut all: Vec<_> = hold().iter().map(|worker| (worker.index, worker.home.clone())).collect();
    all.sort_by_key(|(index, _)| *index);
    all
}

/// A worker as it is seen from its own interpreter.
pub(crate) struct Seen<'py> {
    /// What it runs, if it does.
    pub(crate) view: Option<Box<dyn Any + Send>>,
    /// The innermost frame of its code.
    pub(crate) frame: Option<Object<'py>>,
}

/// Looks at the worker of that number, from its interpreter: its thread, and what `f` makes of what it shows. `None`: it is
/// not there.
fn look_with<R>(
    py: Python<'_>,
    index: usize,
    f: impl FnOnce(&dyn Visible) -> R,
) -> Option<(Thread, Option<R>)> {
    let home = &State::get(py).home;
    frames::while_stopped(py, || {
        let workers = hold();
        let worker =
            workers.iter().find(|worker| worker.index == index && Arc::ptr_eq(&worker.home, home))?;
        // SAFETY: its thread is there, as it is in the list.
        let shown = unsafe { &*worker.place }.load(Ordering::Acquire);
        // SAFETY: we are attached to the interpreter, in which nothing else runs until this is done; so the worker is within
        // `showing`.
        Some((worker.thread, unsafe { shown.as_ref() }.map(|what| f(*what))))
    })
}

/// The number of the cown of the result of what that worker runs, seen from its interpreter.
pub(crate) fn result(py: Python<'_>, index: usize) -> Option<usize> {
    look_with(py, index, |shown| shown.result())?.1
}

/// Looks at the worker of that number, from its interpreter. `None`: it is not there.
pub(crate) fn look(py: Python<'_>, index: usize) -> Option<Seen<'_>> {
    let (thread, view) = look_with(py, index, |shown| shown.view())?;
    // SAFETY: still nothing else has run, so the worker is there.
    let frame = view.as_ref().and_then(|_| unsafe { frames::top(py, thread) });
    Some(Seen { view, frame })
}

/// A fork holds the lock until it is over.
pub(crate) fn hold() -> MutexGuard<'static, Vec<Worker>> {
    fork_safe::lock(|| WORKERS.try_lock())
}

/// In the child of a fork: there are no such threads.
pub(crate) fn start_clean(mut workers: MutexGuard<'static, Vec<Worker>>) {
    // Their homes are not what ends here.
    workers.drain(..).for_each(std::mem::forget);
}
