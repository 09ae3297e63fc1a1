//! The one runtime of this process.

use super::cores::{MOST_WORKERS, default_workers};
use super::workers::{Interpreters, STACK_SIZE, Threads};
use super::{pump, relay, scopes, updates};
use crate::behavior::params::CownClaims;
use crate::behavior::task::{MAIN_LANE, Task};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module};
use crate::interpreter::backend::{self, Backend};
use crate::interpreter::home::main_home;
use crate::interpreter::{Imported, State, attach, detach, epoch, fork_safe, make};
use crate::transport::holder::Holder;
use crate::transport::lane;
use crate::transport::scope::Scope;
use crate::transport::slot::Slot;
use boc::{Cown, Mode, Runtime};
use crossbeam_utils::CachePadded;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static FINISH_BEFORE_THREADS_END: Imported = Imported::new("bocpy._lifecycle", c"finish_before_threads_end");

/// A running runtime.
pub(super) struct Engine {
    pub(super) runtime: Runtime,
    pub(super) has_interpreters: bool,
    /// The scope of all behaviors, if there is a limit to how many may be in flight.
    pub(super) scope: Option<Arc<Scope>>,
}

/// The runtime that is up. A thread that schedules holds the lock to read, so that the runtime can't be stopped under a
/// behavior that is not counted yet. The thread that stops it removes it before the workers end. Threads that are
/// attached to an interpreter read it by `engine`. It has its own cache line, as scheduling writes to the lock.
pub(super) static ENGINE: CachePadded<RwLock<Option<Arc<Engine>>>> = CachePadded::new(RwLock::new(None));
/// Held, by threads that are attached to no interpreter, during a whole start or stop.
pub(super) static LIFECYCLE: Mutex<()> = Mutex::new(());
/// Whether the program is ending: nothing can be started any more. Set under the lock of the engine, when there is none.
pub(super) static ENDED: AtomicBool = AtomicBool::new(false);
/// Behaviors that were scheduled by code that ran while the workers were leaving: they run after the next start.
pub(super) static LATE: Mutex<Vec<(CownClaims<'static>, Task)>> = Mutex::new(Vec::new());

thread_local! {
    /// Set while this thread is a worker that leaves.
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Must be set while this thread is a leaving worker, which may run any code. The thread that ends the runtime waits for
/// it, so that code can't start another runtime.
pub(super) fn set_leaving(leaving: bool) {
    LEAVING.set(leaving);
}

/// Whether the caller, where no runtime is up, is code that the thread that ends the runtime waits for: of a worker that
/// leaves, or of another thread in the interpreter of one.
fn is_leaving(py: Python<'_>) -> bool {
    LEAVING.get() || State::get(py).home.worker().is_some()
}

/// How often a waiting thread checks for Ctrl-C.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// The runtime that is up. A thread that forks holds the lock, and needs the GIL meanwhile: so a thread that has the GIL
/// releases it while it waits for the lock.
pub(super) fn engine(py: Python<'_>) -> RwLockReadGuard<'static, Option<Arc<Engine>>> {
    loop {
        if let Some(engine) = ENGINE.try_read() {
            return engine;
        }
        detach(py, || drop(fork_safe::lock(|| ENGINE.try_read())));
    }
}

/// Whether this thread is a worker, or runs a behavior: it must not wait.
pub(super) fn is_in_behavior() -> bool {
    Holder::in_behavior() || boc::current_worker().is_some()
}

/// How many behaviors are in flight, about.
pub(crate) fn in_flight(py: Python<'_>) -> usize {
    engine(py).as_ref().map_or(0, |engine| engine.runtime.in_flight())
}

/// Starts the runtime with its default settings, unless one is up.
#[inline]
pub(crate) fn ensure_started(py: Python<'_>) -> PyResult<()> {
    if backend::is_running() {
        return Ok(());
    }
    start(py, None, None, None)
}

/// Starts the runtime, unless one is up.
pub(crate) fn start<'py>(
    py: Python<'py>,
    workers: Option<&Object<'py>>,
    backend: Option<&Object<'py>>,
    limit: Option<&Object<'py>>,
) -> PyResult<()> {
    let workers = worker_count(py, workers)?;
    let backend = Backend::choose(py, backend)?;
    let limit = scopes::limit(py, limit)?;
    start_with(py, workers, backend, limit, false)
}

/// `is_late`: for behaviors that were scheduled before the end of the program.
pub(super) fn start_with(
    py: Python<'_>,
    workers: usize,
    backend: Backend,
    limit: Option<usize>,
    is_late: bool,
) -> PyResult<()> {
    if Holder::in_behavior() {
        if backend::is_running() {
            let message = "start() cannot be called inside a behavior: the workers are already running";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        return Ok(());
    }
    if engine(py).is_some() || is_leaving(py) {
        return Ok(());
    }
    if module::is_finalizing(py) {
        return Err(too_late(py));
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
        if !is_late && ENDED.load(Ordering::Acquire) {
            return Err(None);
        }
        if interpreters.is_some() {
            relay::start().map_err(|error| Some(format!("bocpy could not start a thread: {error}")))?;
        }
        let builder = Runtime::builder().workers(workers).stack_size(STACK_SIZE).name("bocpy");
        let builder = builder.lanes(MAIN_LANE + 1).on_lane_ready(|_| lane::ring());
        lane::set_look(pump::is_work_there);
        let builder = match interpreters {
            Some(interpreters) => builder.host(interpreters),
            // All wait for one GIL, if there is one.
            None => builder.host(Threads).linger(cfg!(Py_GIL_DISABLED)),
        };
        let runtime = builder.start().map_err(|error| {
            relay::stop();
            Some(error.to_string())
        })?;
        backend::settle(backend, strict);
        let has_interpreters = backend == Backend::Interpreters;
        let scope = limit.map(Scope::of_runtime);
        *ENGINE.write() = Some(Arc::new(Engine { runtime, has_interpreters, scope }));
        backend::set_running();
        Ok(())
    });
    started.map_err(|failure: Option<String>| match failure {
        Some(failure) => error::raise(py, Kind::Runtime, &failure),
        None => too_late(py),
    })
}

fn too_late(py: Python<'_>) -> Raised {
    let message = "no more behaviors can be scheduled: the program is exiting, and has waited for its behaviors already. \
                   Functions of atexit can schedule behaviors if they are registered after the import of bocpy";
    error::raise(py, Kind::Runtime, message)
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

/// Makes the program wait for its behaviors at exit. That is up to the main interpreter, where bocpy is imported for it if
/// only another one has done so.
fn hook_into_exit(py: Python<'_>) -> PyResult<()> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    if State::get(py).home.is_main() {
        return match HOOKED.swap(true, Ordering::Relaxed) {
            true => Ok(()),
            false => FINISH_BEFORE_THREADS_END.call(py, &[]).map(drop),
        };
    }
    if main_home().is_some() {
        return Ok(());
    }
    // No more than that: CPython 3.12 takes the thread that imports `threading` for the main thread, and this is none.
    let import =
        |main: Python<'_>| module::import(main, "bocpy").map(drop).map_err(|Raised| error::describe(main));
    detach(py, || make::in_main(import)).map_err(|why| {
        let message =
            format!("bocpy cannot be imported in the main interpreter, which waits for the workers: {why}");
        error::raise(py, Kind::Runtime, &message)
    })
}

/// A background job that drops the references that died elsewhere: the runtime does not end while finalizers run.
#[cfg_attr(not(Py_3_12), allow(dead_code))]
struct Sweep(usize);

impl boc::Body<()> for Sweep {
    type Rest = ();
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
#[inline(always)]
pub(crate) fn schedule(py: Python<'_>, claims: CownClaims<'_>, task: Task) -> PyResult<Cown<(), Slot>> {
    let slot = Slot::pending(epoch::now());
    let boc::Refused { claims, tag: slot, body: task } = match boc::try_schedule_new(claims, slot, task) {
        Ok(result) => return Ok(result),
        // This thread runs no behavior.
        Err(refused) => refused,
    };
    loop {
        if let Some(engine) = &*engine(py) {
            if slot.epoch() != Some(epoch::now()) {
                // Workers have ended since it was made, and others have started.
                slot.set_epoch(epoch::now());
            }
            return Ok(engine.runtime.schedule_new(claims, slot, task));
        }
        if is_leaving(py) {
            let (result, same) = Cown::pair_with_tag((), slot);
            let mut claims = claims.into_owned();
            claims.push(result, Mode::Write);
            LATE.lock().push((claims, task));
            return Ok(same);
        }
        // It has been stopped since we checked.
        start(py, None, None, None)?;
    }
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
