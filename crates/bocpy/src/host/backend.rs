//! The two ways to run behaviors, and which one is taken.

use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};

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

    /// The one that the environment asks for, or else the natural one. What the environment says in error is told when
    /// the runtime starts.
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
                "this Python has no GIL: its threads run in parallel as they are"
            } else {
                "interpreters with a GIL of their own need Python 3.12 or newer"
            };
            let message = format!("{source}='interpreters' is not possible here: {why}. Use 'threads'");
            return Err(error::raise(py, Kind::Value, &message));
        }
        Ok(backend)
    }
}
