//! Items by key, their number, and iterating over them.

use super::PyResult;
use super::class::{Instance, Native};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::slots::{slot, with_instance};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};

/// Instances have items.
pub(crate) trait Items: Native {
    /// `len(this)`.
    fn length(py: Python<'_>, this: &Instance<'_, Self>) -> PyResult<usize>;

    /// `this[key]`.
    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>>;

    /// The item by number, for iterating. Raises `IndexError` behind the last one.
    fn nth<'py>(py: Python<'py>, this: &Instance<'py, Self>, place: isize) -> PyResult<Object<'py>>;

    /// `this[key] = value`, or `del this[key]` where there is no value.
    fn set_item<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        key: &Object<'py>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()>;
}

unsafe extern "C" fn length<T: Items>(this: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe {
        let py = Python::assume();
        guard(py, -1, || Ok(T::length(py, Instance::assume(&Borrowed::new(py, this)))? as ffi::Py_ssize_t))
    }
}

unsafe extern "C" fn item<T: Items>(this: *mut ffi::PyObject, key: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance and a live object.
    unsafe { with_instance::<T>(this, |py, this| T::item(py, this, &Borrowed::new(py, key))) }
}

unsafe extern "C" fn nth<T: Items>(this: *mut ffi::PyObject, place: ffi::Py_ssize_t) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe { with_instance::<T>(this, |py, this| T::nth(py, this, place)) }
}

unsafe extern "C" fn set_item<T: Items>(
    this: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: CPython calls this attached, with an instance, a live object, and another or null.
    unsafe {
        let py = Python::assume();
        guard(py, -1, || {
            let value = (!value.is_null()).then(|| Borrowed::new(py, value));
            let this = Borrowed::new(py, this);
            T::set_item(py, Instance::assume(&this), &Borrowed::new(py, key), value.as_deref())?;
            Ok(0)
        })
    }
}

pub(super) fn add<T: Items>(slots: &mut Vec<ffi::PyType_Slot>) {
    slots.push(slot(ffi::Py_mp_length, length::<T> as *mut c_void));
    slots.push(slot(ffi::Py_mp_subscript, item::<T> as *mut c_void));
    slots.push(slot(ffi::Py_mp_ass_subscript, set_item::<T> as *mut c_void));
    slots.push(slot(ffi::Py_sq_length, length::<T> as *mut c_void));
    slots.push(slot(ffi::Py_sq_item, nth::<T> as *mut c_void));
    slots.push(slot(ffi::Py_tp_iter, ffi::PySeqIter_New as *mut c_void));
}
