//! Python functions and classes that we call.

use super::{PerInterpreter, Resident, State, detach, fork_safe};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module};
use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use std::ffi::CStr;
use std::sync::OnceLock;

/// Held while the main interpreter imports a module of ours, and over a fork: a child can't import what another thread of its
/// parent was importing, as it would wait for that thread forever. The modules may use bocpy themselves.
static IMPORTING: ReentrantMutex<()> = ReentrantMutex::new(());

/// While this is held, no other thread imports our modules in the main interpreter. `None` where one does just now.
pub(crate) fn try_hold_imports() -> Option<ReentrantMutexGuard<'static, ()>> {
    IMPORTING.try_lock()
}

/// Imports a module that bocpy needs. In the main interpreter, no fork comes in between.
pub(crate) fn import<'py>(py: Python<'py>, state: &State, name: &str) -> PyResult<Object<'py>> {
    let _importing = state.home.is_main().then(|| hold_imports(py));
    module::import(py, name)
}

fn hold_imports(py: Python<'_>) -> ReentrantMutexGuard<'static, ()> {
    loop {
        if let Some(guard) = try_hold_imports() {
            return guard;
        }
        // The thread that imports needs the GIL.
        detach(py, || drop(fork_safe::lock(try_hold_imports)));
    }
}

/// A function or class of a Python module, found when it is first needed in an interpreter.
pub(crate) struct Imported {
    module: &'static str,
    name: &'static CStr,
    found: PerInterpreter<OnceLock<Resident>>,
}

impl Imported {
    pub(crate) const fn new(module: &'static str, name: &'static CStr) -> Self {
        Imported { module, name, found: PerInterpreter::new(OnceLock::new) }
    }

    /// As this interpreter has it.
    pub(crate) fn get<'py>(&'static self, py: Python<'py>, state: &State) -> PyResult<Object<'py>> {
        let place = self.found.of(state);
        if let Some(found) = place.get().and_then(|found| found.open(py)) {
            return Ok(found);
        }
        let module = import(py, state, self.module)?;
        let found = module.getattr(self.name).map_err(|Raised| self.interrupted(py))?;
        let _ = place.set(Resident::at(state.home.clone(), found.clone()));
        Ok(found)
    }

    /// The module has no such name yet: this thread imports it, and something has interrupted that.
    #[cold]
    fn interrupted(&self, py: Python<'_>) -> Raised {
        let module = self.module;
        let message = format!(
            "bocpy was importing {module}, which this needs, when a signal handler or a finalizer interrupted that: \
             schedule a first such behavior before the handler can run"
        );
        error::raise_from(py, Kind::Runtime, &message)
    }

    /// Calls it.
    pub(crate) fn call<'py>(&'static self, py: Python<'py>, args: &[&Object<'py>]) -> PyResult<Object<'py>> {
        self.call_in(py, State::get(py), args)
    }

    /// The same for callers that have the interpreter's state.
    pub(crate) fn call_in<'py>(
        &'static self,
        py: Python<'py>,
        state: &State,
        args: &[&Object<'py>],
    ) -> PyResult<Object<'py>> {
        self.get(py, state)?.call(args)
    }
}
