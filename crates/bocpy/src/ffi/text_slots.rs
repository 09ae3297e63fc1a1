//! What `str` makes of instances.

use super::PyResult;
use super::class::{Instance, Native};
use super::object::{Object, Python};
use super::slots::{slot, with_instance};
use pyo3_ffi as ffi;
use std::ffi::c_void;

/// Instances have a text that is not their `repr`.
pub(crate) trait Text: Native {
    /// `str(this)`.
    fn text<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>>;
}

unsafe extern "C" fn text<T: Text>(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe { with_instance::<T>(this, |py, this| T::text(py, this)) }
}

pub(super) fn add<T: Text>(slots: &mut Vec<ffi::PyType_Slot>) {
    slots.push(slot(ffi::Py_tp_str, text::<T> as *mut c_void));
}
