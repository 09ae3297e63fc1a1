//! The two ways to run behaviors, the choice between them, and its effect on values.

use super::State;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Where behaviors run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Each worker has an interpreter and a GIL of its own.
    Interpreters,
    /// All workers are threads of the main interpreter.
    Threads,
}

/// An interpreter with a GIL of its own: since 3.12. Where there is no GIL at all, threads do the same for less.
const CAN_INTERPRETERS: bool = cfg!(Py_3_12) && !cfg!(Py_GIL_DISABLED);

impl Backend {
    /// The one that fits this Python.
    const NATURAL: Backend = if CAN_INTERPRETERS { Backend::Interpreters } else { Backend::Threads };

    fn parse(name: &str) -> Option<Backend> {
        match name {
            "interpreters" => Some(Backend::Interpreters),
            "threads" => Some(Backend::Threads),
            _ => None,
        }
    }

    /// The one that the environment asks for, or else the natural one. Errors in the environment variable are reported
    /// when the runtime starts.
    pub(crate) fn default() -> Backend {
        let asked = std::env::var("BOCPY_BACKEND").ok().and_then(|name| Backend::parse(&name));
        asked.filter(|asked| asked.is_possible()).unwrap_or(Backend::NATURAL)
    }

    fn is_possible(self) -> bool {
        self == Backend::Threads || CAN_INTERPRETERS
    }

    /// The one that the caller asks for, or else the environment.
    pub(crate) fn choose<'py>(py: Python<'py>, asked: Option<&Object<'py>>) -> PyResult<Backend> {
        let (name, source) = match asked.filter(|asked| !asked.is_none()) {
            Some(asked) => match asked.to_str() {
                Some(name) => (name.to_owned(), "backend"),
                None => {
                    let message = format!("backend must be a string, not {}", asked.class_name());
                    return Err(error::raise(py, Kind::Type, &message));
                }
            },
            None => match std::env::var("BOCPY_BACKEND") {
                Ok(name) if !name.is_empty() => (name, "BOCPY_BACKEND"),
                _ => return Ok(Backend::NATURAL),
            },
        };
        let Some(backend) = Backend::parse(&name) else {
            let message = format!("{source} must be 'interpreters' or 'threads', not '{name}'");
            return Err(error::raise(py, Kind::Value, &message));
        };
        if !backend.is_possible() {
            let why = if cfg!(Py_GIL_DISABLED) {
                "this Python has no GIL, so its threads already run in parallel"
            } else {
                "interpreters with a GIL of their own need Python 3.12 or newer"
            };
            let message = format!("{source}='interpreters' is not possible here: {why}. Use 'threads'");
            return Err(error::raise(py, Kind::Value, &message));
        }
        Ok(backend)
    }
}

/// The backend of the runtime that is up, or else the one that would be taken: whether values stay, see `values_stay`.
static STAYS: AtomicU8 = AtomicU8::new(UNKNOWN);

const UNKNOWN: u8 = 2;

/// Whether a runtime is up. False again only once a stop is complete.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Whether every value is made portable as soon as a behavior ends: `BOCPY_STRICT`, looked at when the runtime starts.
static STRICT: AtomicBool = AtomicBool::new(false);

/// A runtime is about to be up, on that backend.
pub(crate) fn settle(backend: Backend, strict: bool) {
    STAYS.store((backend == Backend::Threads).into(), Ordering::Relaxed);
    STRICT.store(strict, Ordering::Relaxed);
}

/// It is up.
pub(crate) fn set_running() {
    RUNNING.store(true, Ordering::Release);
}

/// No runtime is up any more.
pub(crate) fn unsettle() {
    STAYS.store(UNKNOWN, Ordering::Relaxed);
    RUNNING.store(false, Ordering::Release);
}

/// Whether a runtime is up.
pub(crate) fn is_running() -> bool {
    RUNNING.load(Ordering::Acquire)
}

/// Whether values stay the same objects: they do in the main interpreter if workers are its threads.
pub(crate) fn values_stay(py: Python<'_>) -> bool {
    let stays = match STAYS.load(Ordering::Relaxed) {
        UNKNOWN => {
            let stays = Backend::default() == Backend::Threads;
            STAYS.store(stays.into(), Ordering::Relaxed);
            stays
        }
        stays => stays == 1,
    };
    stays && State::get(py).home.is_main()
}

/// Whether no value may stay where a behavior left it.
pub(crate) fn is_strict() -> bool {
    STRICT.load(Ordering::Relaxed)
}
