//! Iterators.

use super::PyResult;
use super::class::{Instance, Native};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::slots::slot;
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::ptr;

/// Instances are iterators.
pub(crate) trait Iterates: Native {
    /// The next one, if there is one.
    fn next<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Option<Object<'py>>>;
}

unsafe extern "C" fn next<T: Iterates>(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance. Null without an error is the end.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            let next = T::next(py, Instance::assume(&Borrowed::new(py, this)))?;
            Ok(next.map_or(ptr::null_mut(), Object::into_ptr))
        })
    }
}

pub(super) fn add<T: Iterates>(slots: &mut Vec<ffi::PyType_Slot>) {
    slots.push(slot(ffi::Py_tp_iter, ffi::PyObject_SelfIter as *mut c_void));
    slots.push(slot(ffi::Py_tp_iternext, next::<T> as *mut c_void));
}
