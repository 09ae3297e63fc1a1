//! Python functions and classes that we call.

use super::{PerInterpreter, Resident, State};
use crate::ffi::{Object, PyResult, Python, module};
use std::ffi::CStr;
use std::sync::OnceLock;

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
        let found = module::import_from(py, self.module, self.name)?;
        let _ = place.set(Resident::at(state.home.clone(), found.clone()));
        Ok(found)
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
