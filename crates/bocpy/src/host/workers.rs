//! The environment of a worker thread: its own interpreter, or the main one.

use super::engine::set_leaving;
#[cfg(Py_3_12)]
use super::engine::sweep_soon;
use crate::behavior::CACHES;
use crate::behavior::task::FORMAT_EXCEPTION;
#[cfg(Py_3_12)]
use crate::ffi::Raised;
use crate::ffi::{List, PyResult, Python, error, module, text};
use crate::interpreter::attach::{as_worker, pause};
use crate::interpreter::{Imported, State, detach, make};
use crate::transport::by_reference::{Opening, Taking};
use crate::transport::noticeboard;
use crate::transport::portable::Portable;
use crate::transport::residents;
use boc::{Host, WeakCown, Worker};
use std::sync::atomic::{AtomicUsize, Ordering};

static SET_UP_WORKER: Imported = Imported::new("bocpy._worker", c"set_up");
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
pub(crate) struct Interpreters {
    path: Vec<String>,
    settings: Portable,
}

impl Interpreters {
    /// Gathers the settings that their interpreters take over from this one.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let settings = GATHER_SETTINGS.call(py, &[])?;
        let path = settings.call_method(c"get", &[&text::string(py, "path")?])?.items()?;
        let path = path.iter().filter_map(|entry| entry.to_str().map(str::to_owned)).collect();
        Ok(Interpreters { path, settings: Portable::encode(&settings, Taking::Copy)? })
    }

    #[cfg_attr(not(Py_3_12), allow(dead_code))]
    fn set_up(&self, py: Python<'_>) -> PyResult<()> {
        let path: PyResult<Vec<_>> = self.path.iter().map(|entry| text::string(py, entry)).collect();
        let path = List::new(py, path?)?;
        module::set_sys(py, c"path", &path)?;
        module::import(py, "bocpy._core")?;
        let settings = self.settings.decode(py, Opening::Copy)?;
        SET_UP_WORKER.call(py, &[&settings]).map(drop)
    }
}

#[cfg(Py_3_12)]
impl Host for Interpreters {
    fn host(&self, mut worker: Worker) {
        loop {
            let made = make::in_new_interpreter(|py| {
                self.set_up(py).map_err(|Raised| describe(py))?;
                let index = worker.index();
                State::get(py).home.set_worker(index, move || sweep_soon(index));
                work(py, &mut worker);
                set_leaving(true);
                end_threads(py);
                leave(py);
                Ok(())
            });
            set_leaving(false);
            let made = made.unwrap_or_else(|why| Err(format!("could not create a sub-interpreter: {why}")));
            if let Err(why) = made {
                return worker.fail(why);
            }
            if !worker.wait_resumed() {
                return;
            }
        }
    }
}

#[cfg(not(Py_3_12))]
impl Host for Interpreters {
    fn host(&self, worker: Worker) {
        worker.fail("interpreters with a GIL of their own need Python 3.12 or newer");
    }
}

fn work(py: Python<'_>, worker: &mut Worker) {
    as_worker(py, || worker.work(|sleep| pause(py, sleep)));
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
        let why = error::describe(py);
        module::write_stderr(py, &format!("bocpy: a worker could not end its threads: {why}\n"));
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
    CACHES.of(state).clear();
    let home = state.home.clone();
    detach(py, || home.close());
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
