//! `os.fork()`: the parent goes on unchanged, the child starts clean.
//!
//! The child has one thread: no workers, and no thread to release a lock that another thread held. So the forking thread
//! takes our locks before, and the child forgets the runtime instead of ending it.
//!
//! CPython (3.12 to 3.15) crashes in a child that is forked while there are sub-interpreters: it frees them from the
//! wrong thread. So the workers leave theirs before, and make new ones after.

use super::engine::{ENGINE, Engine, LIFECYCLE, start_clean};
use super::updates;
use crate::ffi::{Python, module};
use crate::interpreter::watchdog::{self, Waiting};
use crate::interpreter::{detach, fork_safe};
use crate::transport::holder::Holder;
use parking_lot::{MutexGuard, RwLockWriteGuard};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

type Locks =
    (MutexGuard<'static, ()>, RwLockWriteGuard<'static, Option<Arc<Engine>>>, MutexGuard<'static, Waiting>);

thread_local! {
    /// Held from before the fork until after it.
    static LOCKS: RefCell<Option<Locks>> = const { RefCell::new(None) };
}

/// How long a fork waits for the running bodies.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn before(py: Python<'_>) {
    let outside = detach(py, || {
        let lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
        let engine = ENGINE.read().clone();
        // A behavior that forks can't wait for itself.
        let suspended = engine.filter(|engine| engine.has_interpreters && boc::current_worker().is_none());
        let outside = suspended.is_none_or(|engine| engine.runtime.suspend(PATIENCE));
        LOCKS.with_borrow_mut(|place| *place = Some((lifecycle, ENGINE.write(), watchdog::hold())));
        outside
    });
    if !outside {
        let message = "bocpy: os.fork() was called while a behavior runs that did not end in time: CPython cannot fork \
                       while there are sub-interpreters, and the child will probably crash. Fork after wait(), or use \
                       the start method 'spawn' of multiprocessing\n";
        module::write_stderr(py, message);
    }
}

pub(crate) fn after_in_parent() {
    let Some((lifecycle, engine, waiting)) = LOCKS.with_borrow_mut(Option::take) else { return };
    if let Some(engine) = &*engine {
        engine.runtime.resume();
    }
    drop((waiting, engine, lifecycle));
}

pub(crate) fn after_in_child() {
    let Some((lifecycle, mut engine, waiting)) = LOCKS.with_borrow_mut(Option::take) else { return };
    // Its threads are not here: there is nothing to end.
    std::mem::forget(engine.take());
    start_clean();
    updates::start_clean();
    watchdog::start_clean(waiting);
    drop((lifecycle, engine));
    if Holder::in_behavior() {
        Holder::end_process_with_behavior();
    }
}
