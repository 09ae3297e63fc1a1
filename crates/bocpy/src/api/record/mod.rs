//! Records: Python classes whose instances are a few numbers and bytes in memory that no interpreter owns, so that they
//! move by reference. `bocpy._records` makes the classes.

pub(crate) mod array;
pub(crate) mod classes;
mod column;
mod element;
mod format;
pub(crate) mod handle;
mod shape;
pub(crate) mod shape_object;

use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::State;

/// Makes the classes for a new interpreter.
pub(crate) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    shape_object::set_up(py, module, state)?;
    element::set_up(py, module, state)?;
    column::set_up(py, module, state)
}
