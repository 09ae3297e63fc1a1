//! The one runtime of this process.

use super::cores::{MOST_WORKERS, default_workers};
use super::updates;
use super::workers::{Interpreters, STACK_SIZE, Threads};
use crate::behavior::params::CownClaims;
use crate::behavior::task::Task;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, module};
use crate::interpreter::backend::{self, Backend};
use crate::interpreter::{Imported, State, attach, detach, epoch, fork_safe};
use crate::transport::holder::Holder;
use crate::transport::noticeboard::board;
use crate::transport::parcel::Parcel;
use crate::transport::scalar::Scalar;
use crate::transport::slot::Slot;
use boc::{Cown, Mode, Runtime, Snapshot, Stats};
use crossbeam_utils::CachePadded;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static FINISH_AT_EXIT: Imported = Imported::new("bocpy._lifecycle", c"finish_at_exit");

/// A running runtime.
pub(super) struct Engine {
    pub(super) runtime: Runtime,
    pub(super) has_interpreters: bool,
}

/// The runtime that is up. A thread that schedules holds the lock to read, so that the runtime can't be stopped under a
/// behavior that is not counted yet. The thread that stops it removes it before the workers end. Threads that are
/// attached to an interpreter read it by `engine`. It has its own cache line, as scheduling writes to the lock.
pub(super) static ENGINE: CachePadded<RwLock<Option<Arc<Engine>>>> = CachePadded::new(RwLock::new(None));
/// Held, by threads that are attached to no interpreter, during a whole start or stop.
pub(super) static LIFECYCLE: Mutex<()> = Mutex::new(());
/// Behaviors that were scheduled by code that ran while the workers were leaving: they run after the next start.
static LATE: Mutex<Vec<(CownClaims<'static>, Task)>> = Mutex::new(Vec::new());

thread_local! {
    /// Set while this thread is a worker that leaves.
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Must be set while this thread is a leaving worker, which may run any code. The thread that ends the runtime waits for
/// it, so that code can't start another runtime.
pub(super) fn set_leaving(leaving: bool) {
    LEAVING.set(leaving);
}

/// How often a waiting thread checks for Ctrl-C.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// The runtime that is up. A thread that forks holds the lock, and needs the GIL meanwhile: so a thread that has the GIL
/// releases it while it waits for the lock.
fn engine(py: Python<'_>) -> RwLockReadGuard<'static, Option<Arc<Engine>>> {
    loop {
        if let Some(engine) = ENGINE.try_read() {
            return engine;
        }
        detach(py, || drop(fork_safe::lock(|| ENGINE.try_read())));
    }
}

/// Whether nothing is in flight.
pub(crate) fn is_quiescent(py: Python<'_>) -> bool {
    engine(py).as_ref().is_none_or(|engine| engine.runtime.is_quiescent())
}

/// Starts the runtime with its default settings, unless one is up.
#[inline]
pub(crate) fn ensure_started(py: Python<'_>) -> PyResult<()> {
    if backend::is_running() {
        return Ok(());
    }
    start(py, None, None)
}

/// Starts the runtime, unless one is up.
pub(crate) fn start<'py>(
    py: Python<'py>,
    workers: Option<&Object<'py>>,
    backend: Option<&Object<'py>>,
) -> PyResult<()> {
    let workers = worker_count(py, workers)?;
    let backend = Backend::choose(py, backend)?;
    start_with(py, workers, backend)
}

fn start_with(py: Python<'_>, workers: usize, backend: Backend) -> PyResult<()> {
    if LEAVING.get() {
        return Ok(());
    }
    if Holder::in_behavior() {
        if backend::is_running() {
            let message = "start() cannot be called inside a behavior: the workers are already running";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        return Ok(());
    }
    if engine(py).is_some() {
        return Ok(());
    }
    if module::is_finalizing(py) {
        let message = "no more behaviors can be scheduled: the program is exiting";
        return Err(error::raise(py, Kind::Runtime, message));
    }
    hook_into_exit(py)?;
    let interpreters = match backend {
        Backend::Interpreters => Some(Interpreters::new(py)?),
        Backend::Threads => None,
    };
    let strict = std::env::var_os("BOCPY_STRICT").is_some_and(|asked| !asked.is_empty() && asked != "0");
    let started = detach(py, || {
        let _lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
        if ENGINE.read().is_some() {
            return Ok(());
        }
        let builder = Runtime::builder().workers(workers).stack_size(STACK_SIZE).name("bocpy");
        let builder = match interpreters {
            Some(interpreters) => builder.host(interpreters),
            // All wait for one GIL, if there is one.
            None => builder.host(Threads).linger(cfg!(Py_GIL_DISABLED)),
        };
        let runtime = builder.start()?;
        backend::settle(backend, strict);
        let has_interpreters = backend == Backend::Interpreters;
        *ENGINE.write() = Some(Arc::new(Engine { runtime, has_interpreters }));
        backend::set_running();
        Ok(())
    });
    started.map_err(|failure: boc::StartError| error::raise(py, Kind::Runtime, &failure.to_string()))
}

fn worker_count<'py>(py: Python<'py>, asked: Option<&Object<'py>>) -> PyResult<usize> {
    let Some(asked) = asked.filter(|asked| !asked.is_none()) else {
        return default_workers().map_err(|message| error::raise(py, Kind::Value, &message));
    };
    let Some(count) = asked.as_int().filter(|count| !count.is_bool()) else {
        let message = format!("worker_count must be an int or None, not {}", asked.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    match count.to_i64() {
        Some(count) if (1..=MOST_WORKERS as i64).contains(&count) => Ok(count as usize),
        _ => {
            let text = asked.str()?;
            let message = format!(
                "worker_count must be between 1 and {MOST_WORKERS}, not {}",
                text.to_str().unwrap_or("?")
            );
            Err(error::raise(py, Kind::Value, &message))
        }
    }
}

/// Once in a process: makes the program wait for its behaviors at exit.
fn hook_into_exit(py: Python<'_>) -> PyResult<()> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    if State::get(py).home.is_main() && !HOOKED.swap(true, Ordering::Relaxed) {
        FINISH_AT_EXIT.call(py, &[])?;
    }
    Ok(())
}

/// A background job that drops the references that died elsewhere: the runtime does not end while finalizers run.
#[cfg_attr(not(Py_3_12), allow(dead_code))]
struct Sweep(usize);

impl boc::Body<()> for Sweep {
    fn placement(&self, _: ()) -> boc::Placement {
        boc::Placement::Prefer(self.0)
    }

    fn run(self, _: ()) {
        attach::if_attached(|py| State::get(py).home.sweep(py));
    }
}

/// Lets that worker sweep when it gets to it.
#[cfg_attr(not(Py_3_12), allow(dead_code))]
pub(super) fn sweep_soon(worker: usize) {
    if LEAVING.get() {
        return;
    }
    if boc::current_worker().is_some() {
        boc::background(Sweep(worker));
    } else if let Some(engine) = ENGINE.try_read_recursive().as_deref().and_then(Option::as_ref) {
        // If the runtime is being changed, the workers are leaving, and sweep when they do.
        engine.runtime.background(Sweep(worker));
    }
}

/// Passes a task to the runtime, which runs it when it has those cowns. Returns the cown of its result, which is claimed
/// last.
#[inline]
pub(crate) fn schedule(py: Python<'_>, claims: CownClaims<'_>, task: Task) -> PyResult<Cown<(), Slot>> {
    let slot = Slot::scalar(Scalar::None, epoch::now());
    let boc::Refused { claims, tag: slot, body: task } = match boc::try_schedule_new(claims, slot, task) {
        Ok(result) => return Ok(result),
        // This thread runs no behavior.
        Err(refused) => refused,
    };
    loop {
        if let Some(engine) = &*engine(py) {
            return Ok(engine.runtime.schedule_new(claims, slot, task));
        }
        if LEAVING.get() {
            let (result, same) = Cown::pair_with_tag((), slot);
            let mut claims = claims.into_owned();
            claims.push(result, Mode::Write);
            LATE.lock().push((claims, task));
            return Ok(same);
        }
        // It has been stopped since we checked.
        start(py, None, None)?;
    }
}

/// The same for what was scheduled while the workers left, with the cown of its result among those claims.
fn schedule_late(py: Python<'_>, claims: CownClaims<'static>, task: Task) -> PyResult<()> {
    loop {
        if let Some(engine) = &*engine(py) {
            engine.runtime.schedule(claims, task);
            return Ok(());
        }
        start(py, None, None)?;
    }
}

/// Waits until nothing is in flight; then ends the runtime, if `stop`. Returns the counters of the workers.
/// And the entries of the noticeboard, which a runtime that ends takes with it.
pub(crate) fn wait(
    py: Python<'_>,
    function: &str,
    timeout: Option<Duration>,
    stop: bool,
) -> PyResult<(Vec<Stats>, Snapshot<Parcel>)> {
    if Holder::in_behavior() || boc::current_worker().is_some() {
        let message = format!(
            "{function}() cannot be called inside a behavior, as it would wait for that behavior itself: \
             schedule another behavior instead"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    State::get(py).home.sweep(py);
    loop {
        let Some(engine) = engine(py).clone() else { return Ok((Vec::new(), board().snapshot())) };
        wait_for(py, &engine, deadline, function)?;
        let stats = engine.runtime.stats();
        if !stop {
            return Ok((stats, board().snapshot()));
        }
        if let Some(entries) = detach(py, || try_stop(&engine)) {
            State::get(py).home.sweep(py);
            if !start_late(py, &engine)? {
                return Ok((stats, entries));
            }
        }
    }
}

/// Starts again for the behaviors that were scheduled as the workers of `before` left. False if there are none.
fn start_late(py: Python<'_>, before: &Engine) -> PyResult<bool> {
    let late = std::mem::take(&mut *LATE.lock());
    if late.is_empty() {
        return Ok(false);
    }
    let backend = if before.has_interpreters { Backend::Interpreters } else { Backend::Threads };
    start_with(py, before.runtime.worker_count(), backend)?;
    for (claims, task) in late {
        schedule_late(py, claims, task)?;
    }
    Ok(true)
}

fn wait_for(py: Python<'_>, engine: &Engine, deadline: Option<Instant>, function: &str) -> PyResult<()> {
    while !engine.runtime.is_idle() {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            let update = updates::running().map(|update| format!(", and {update}")).unwrap_or_default();
            let message = format!("{function}() timed out: behaviors are still in flight{update}");
            return Err(error::raise(py, Kind::Timeout, &message));
        }
        let slice = left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK));
        detach(py, || engine.runtime.wait_timeout(slice) && engine.runtime.wait_for_background(slice));
        State::get(py).home.sweep(py);
        error::check_signals(py)?;
        // Somebody may have been kept from computing them.
        if engine.runtime.is_idle() {
            updates::settle(py)?;
        }
    }
    Ok(())
}

/// Ends that runtime, unless something is in flight again. Gives the noticeboard as it was, if it has ended, by us or by
/// another thread.
fn try_stop(engine: &Arc<Engine>) -> Option<Snapshot<Parcel>> {
    let _lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
    {
        let mut current = ENGINE.write();
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, engine)) {
            return Some(board().snapshot());
        }
        if !engine.runtime.is_idle() {
            return None;
        }
        *current = None;
    }
    engine.runtime.stop();
    start_clean();
    Some(board().clear())
}

/// Lets a worker run a job that is no part of the program, if `job` gives one. False where no runtime is up.
pub(super) fn background(py: Python<'_>, job: impl FnOnce() -> Option<updates::Job>) -> bool {
    match &*engine(py) {
        Some(engine) => {
            if let Some(job) = job() {
                engine.runtime.background(job);
            }
            true
        }
        None => false,
    }
}

/// There is no runtime any more.
pub(super) fn start_clean() {
    epoch::next();
    backend::unsettle();
}
