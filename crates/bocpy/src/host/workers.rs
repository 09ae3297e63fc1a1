//! The environment of a worker thread: its own interpreter, or the main one.

use super::engine::set_leaving;
#[cfg(Py_3_12)]
use super::engine::sweep_soon;
use crate::behavior::CACHES;
use crate::behavior::context::with_clean;
use crate::behavior::outcome::FORMAT_EXCEPTION;
#[cfg(Py_3_12)]
use crate::ffi::Raised;
use crate::ffi::{List, PyResult, Python, error, module, text};
use crate::interpreter::attach::{as_worker, pause};
#[cfg(all(Py_3_12, not(Py_3_14)))]
use crate::interpreter::spares;
use crate::interpreter::{Imported, State, detach, make, shown};
use crate::transport::by_reference::{Opening, Taking};
use crate::transport::noticeboard;
use crate::transport::portable::Portable;
use crate::transport::{registered, reports, residents};
use boc::{Host, WeakCown, Worker};
#[cfg(all(Py_3_12, not(Py_3_14)))]
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static SET_UP_WORKER: Imported = Imported::new("bocpy._worker", c"set_up");
static REFUSE_TRACING: Imported = Imported::new("bocpy._python_bugs", c"refuse_tracing");
static GATHER_SETTINGS: Imported = Imported::new("bocpy._worker", c"gather_settings");
#[cfg_attr(not(Py_3_12), allow(dead_code))]
static END_THREADS: Imported = Imported::new("bocpy._worker", c"end_threads");
static LEAVE_WORKER: Imported = Imported::new("bocpy._worker", c"leave");

/// The stack of a worker: deep recursion in Python needs it.
pub(crate) const STACK_SIZE: usize = 16 << 20;

/// How many workers that leave wait for threads in their interpreters.
static WAITING_FOR_THREADS: AtomicUsize = AtomicUsize::new(0);

/// Whether there are any.
pub(super) fn are_waiting_for_threads() -> bool {
    WAITING_FOR_THREADS.load(Ordering::Relaxed) > 0
}

/// Ends the interpreters that are kept for the next start. To be called by a thread that is attached to nothing.
pub(super) fn end_spares() {
    #[cfg(all(Py_3_12, not(Py_3_14)))]
    spares::end();
}

/// Workers in the main interpreter.
pub(crate) struct Threads;

impl Host for Threads {
    fn host(&self, mut worker: Worker) {
        loop {
            make::in_main(|py| {
                work(py, &mut worker);
                // Objects that died on other threads may be dropped when this one leaves.
                set_leaving(true);
            });
            set_leaving(false);
            if !worker.wait_resumed() {
                return;
            }
        }
    }
}

/// Workers in interpreters of their own.
#[derive(Clone)]
pub(crate) struct Interpreters(Arc<Settings>);

/// What their interpreters take over from the main one.
struct Settings {
    path: Vec<String>,
    settings: Portable,
}

impl Interpreters {
    /// Gathers their settings from this interpreter.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        if State::get(py).home.is_main() {
            // Other interpreters cannot ask.
            REFUSE_TRACING.call(py, &[])?;
        }
        let settings = GATHER_SETTINGS.call(py, &[])?;
        let path = settings.call_method(c"get", &[&text::string(py, "path")?])?.items()?;
        let path = path.iter().filter_map(|entry| entry.to_str().map(str::to_owned)).collect();
        let settings = Portable::encode(&settings, Taking::Copy)?;
        Ok(Interpreters(Arc::new(Settings { path, settings })))
    }

    #[cfg_attr(not(Py_3_12), allow(dead_code))]
    fn set_up(&self, py: Python<'_>, index: usize) -> PyResult<()> {
        let path: PyResult<Vec<_>> = self.0.path.iter().map(|entry| text::string(py, entry)).collect();
        let path = List::new(py, path?)?;
        module::set_sys(py, c"path", &path)?;
        module::import(py, "bocpy._core")?;
        let settings = self.0.settings.decode(py, Opening::Copy)?;
        SET_UP_WORKER.call(py, &[&settings, &text::string(py, &format!("bocpy-{index}"))?]).map(drop)
    }
}

#[cfg(Py_3_12)]
impl Host for Interpreters {
    fn host(&self, mut worker: Worker) {
        loop {
            let lived;
            (worker, lived) = self.in_own_interpreter(worker);
            if let Err(why) = lived {
                return worker.fail(why);
            }
            if !worker.wait_resumed() {
                return;
            }
        }
    }
}

#[cfg(Py_3_12)]
impl Interpreters {
    /// Runs the worker until it has to leave its interpreter, and gives it back.
    #[cfg(Py_3_14)]
    fn in_own_interpreter(&self, mut worker: Worker) -> (Worker, Result<(), String>) {
        let lived = make::in_new_interpreter(|py| self.live(py, &mut worker));
        set_leaving(false);
        (worker, lived.unwrap_or_else(|why| Err(not_made(&why))))
    }

    /// The same, with an interpreter that may have been another worker's.
    #[cfg(not(Py_3_14))]
    fn in_own_interpreter(&self, worker: Worker) -> (Worker, Result<(), String>) {
        let worker = Arc::new(Mutex::new(worker));
        let (workers, inside) = (self.clone(), worker.clone());
        let lived = spares::within(STACK_SIZE, move |py| workers.live(py, &mut inside.lock()));
        let worker = Arc::into_inner(worker).expect("it has been given back");
        (worker.into_inner(), lived.unwrap_or_else(|why| Err(not_made(&why))))
    }

    /// Everything that a worker does in its interpreter.
    fn live(&self, py: Python<'_>, worker: &mut Worker) -> Result<(), String> {
        set_leaving(false);
        let index = worker.index();
        self.set_up(py, index).map_err(|Raised| describe(py))?;
        State::get(py).home.set_worker(index, move || sweep_soon(index));
        work(py, worker);
        set_leaving(true);
        end_threads(py);
        leave(py);
        Ok(())
    }
}

#[cfg(Py_3_12)]
fn not_made(why: &str) -> String {
    format!("could not create a sub-interpreter: {why}")
}

#[cfg(not(Py_3_12))]
impl Host for Interpreters {
    fn host(&self, worker: Worker) {
        worker.fail("interpreters with a GIL of their own need Python 3.12 or newer");
    }
}

fn work(py: Python<'_>, worker: &mut Worker) {
    shown::as_worker(py, worker.index(), || {
        as_worker(py, || {
            with_clean(py, || {
                worker.work(|sleep| {
                    reports::tell_waiting(py);
                    pause(py, sleep);
                });
            });
        });
    });
}

/// The error that has been raised, with its traceback.
#[cfg_attr(not(Py_3_12), allow(dead_code))]
fn describe(py: Python<'_>) -> String {
    let Some(error) = error::take(py) else { return "unknown error".into() };
    let trace = State::try_get(py).and_then(|state| {
        let trace = FORMAT_EXCEPTION.call_in(py, state, &[&error]).ok()?;
        trace.to_str().map(str::to_owned)
    });
    error::clear(py);
    trace.unwrap_or_else(|| {
        error::restore(error);
        error::describe(py)
    })
}

/// Before a worker's interpreter ends: waits for the threads that behaviors have started there, and runs the functions of
/// `atexit`. They may use bocpy, so all that must be done while it can be used.
#[cfg_attr(not(Py_3_12), allow(dead_code))]
fn end_threads(py: Python<'_>) {
    WAITING_FOR_THREADS.fetch_add(1, Ordering::Relaxed);
    let ended = END_THREADS.call(py, &[]);
    WAITING_FOR_THREADS.fetch_sub(1, Ordering::Relaxed);
    if ended.is_err() {
        module::complain(py, "a worker could not end its threads");
    }
}

/// Before an interpreter ends, a worker's or one of the program's: a last try to move the values that live there; then it
/// lets no visitors in any more.
pub(crate) fn leave(py: Python<'_>) {
    let state = State::get(py);
    evacuate(py, state);
    noticeboard::forget();
    if LEAVE_WORKER.call_in(py, state, &[]).is_err() {
        error::clear(py);
    }
    CACHES.of(state).clear(state);
    registered::leave(py, state);
    let home = state.home.clone();
    detach(py, || home.close());
    // What has come in between.
    registered::leave(py, state);
    home.bring_out_what_is_lent();
    home.sweep(py);
    State::tear_down(py);
}

fn evacuate(py: Python<'_>, state: &State) {
    // Moving a value may run any code, which may leave others.
    loop {
        let residents = residents::take(state);
        if residents.is_empty() {
            return;
        }
        for cown in residents.iter().filter_map(WeakCown::upgrade) {
            if let Some(lost) = cown.tag().evacuate(py) {
                module::write_stderr(py, &format!("bocpy: {lost}\n"));
            }
        }
    }
}
