//! `os.fork()`: the parent goes on unchanged, the child starts clean.
//!
//! The child has one thread: no workers, and no thread to release a lock that another thread held. So the forking thread
//! takes our locks before, and the child forgets the runtime instead of ending it.
//!
//! CPython (3.12 to 3.15) crashes in a child that is forked while there are sub-interpreters: it frees them from the
//! wrong thread. So the workers leave theirs before, and make new ones after.

use super::engine::{ENGINE, Engine, LIFECYCLE, start_clean};
use super::{cancelling, updates, workers};
use crate::behavior::dropping;
use crate::ffi::{Python, module};
use crate::interpreter::imported::try_hold_imports;
use crate::interpreter::watchdog::{self, Waiting};
use crate::interpreter::{detach, errands, fork_safe, home, main_thread, shown};
use crate::transport::holder::Holder;
use crate::transport::lane::{self, Bell};
use crate::transport::notifier::{self, Calls};
use crate::transport::relay::{self, Queue};
use crate::transport::scope;
use parking_lot::{MutexGuard, ReentrantMutexGuard, RwLockWriteGuard};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// In the order in which they are taken.
struct Locks {
    lifecycle: MutexGuard<'static, ()>,
    imports: ReentrantMutexGuard<'static, ()>,
    engine: RwLockWriteGuard<'static, Option<Arc<Engine>>>,
    waiting: MutexGuard<'static, Waiting>,
    queue: std::sync::MutexGuard<'static, Option<Queue>>,
    workers: MutexGuard<'static, Vec<shown::Worker>>,
    bell: std::sync::MutexGuard<'static, Bell>,
    calls: std::sync::MutexGuard<'static, Option<Calls>>,
    cancelling: MutexGuard<'static, ()>,
    visits: Option<MutexGuard<'static, ()>>,
}

thread_local! {
    /// Held from before the fork until after it.
    static LOCKS: RefCell<Option<Locks>> = const { RefCell::new(None) };
}

/// How long a fork waits for the running bodies.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn before(py: Python<'_>) {
    let outside = detach(py, || {
        loop {
            let lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
            let engine = ENGINE.read().clone();
            // A behavior that forks can't wait for itself.
            let suspended =
                engine.filter(|engine| engine.has_interpreters && boc::current_worker().is_none());
            let suspend = |engine: &Arc<Engine>| {
                // At once, before they begin anything else. Some of the values that live there may need this thread.
                engine.runtime.begin_suspend()
                    && errands::attend_during(|| engine.runtime.wait_suspended(PATIENCE))
            };
            let outside = suspended.as_ref().is_none_or(suspend);
            workers::end_spares();
            // Not before: workers may have asked this interpreter for what it has to import.
            if let Some(imports) = try_hold_imports() {
                let (engine, waiting, queue) = (ENGINE.write(), watchdog::hold(), relay::hold());
                let (workers, bell, calls) = (shown::hold(), lane::hold(), notifier::hold());
                let (cancelling, visits) = (cancelling::hold(), home::hold_visits());
                LOCKS.set(Some(Locks {
                    lifecycle,
                    imports,
                    engine,
                    waiting,
                    queue,
                    workers,
                    bell,
                    calls,
                    cancelling,
                    visits,
                }));
                return outside;
            }
            // The thread that imports may run finalizers, which schedule.
            if let Some(engine) = suspended {
                engine.runtime.resume();
            }
            drop(lifecycle);
            drop(fork_safe::lock(try_hold_imports));
        }
    });
    if !outside {
        let message = "bocpy: os.fork() was called while a behavior runs that did not end in time: CPython cannot fork \
                       while there are sub-interpreters, and the child will probably crash. Fork after wait(), or use \
                       the start method 'spawn' of multiprocessing\n";
        module::write_stderr(py, message);
    }
}

pub(crate) fn after_in_parent() {
    if let Some(locks) = LOCKS.take()
        && let Some(engine) = &*locks.engine
    {
        engine.runtime.resume();
    }
}

pub(crate) fn after_in_child() {
    let Some(mut locks) = LOCKS.take() else { return };
    // Its threads are not here: there is nothing to end.
    std::mem::forget(locks.engine.take());
    start_clean();
    scope::start_clean();
    dropping::start_clean();
    updates::start_clean();
    watchdog::start_clean(locks.waiting);
    relay::start_clean(locks.queue);
    shown::start_clean(locks.workers);
    lane::start_clean(locks.bell);
    notifier::start_clean(locks.calls);
    home::start_clean(locks.visits);
    main_thread::start_clean();
    super::relay::start_clean();
    drop((locks.imports, locks.lifecycle, locks.engine, locks.cancelling));
    if Holder::in_behavior() {
        Holder::end_process_with_behavior();
    }
}
