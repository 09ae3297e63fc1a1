//! Sets and frozensets.

use super::kind::kind;
use super::object::{Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;

kind!(
    /// A set or a frozenset that was made here.
    Set
);

impl<'py> Set<'py> {
    pub(crate) fn new(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: a new reference.
        unsafe { Object::owned(py, ffi::PySet_New(std::ptr::null_mut())).map(Set) }
    }

    /// A frozenset that nobody has seen yet, so that `add` may fill it.
    pub(crate) fn frozen(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: a new reference.
        unsafe { Object::owned(py, ffi::PyFrozenSet_New(std::ptr::null_mut())).map(Set) }
    }

    /// Raises if it is a frozenset that somebody else refers to.
    pub(crate) fn add(&self, item: &Object<'_>) -> PyResult<()> {
        // SAFETY: a set or frozenset; how many refer to a frozenset is checked.
        match unsafe { ffi::PySet_Add(self.as_ptr(), item.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}
