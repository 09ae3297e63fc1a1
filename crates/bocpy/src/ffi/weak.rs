//! Weak references.

use super::object::Object;
use super::{PyResult, error};
use pyo3_ffi as ffi;

/// A weak reference to an object whose class allows that.
pub(crate) fn reference<'py>(object: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a live object. No callback.
    unsafe { Object::owned(object.py(), ffi::PyWeakref_NewRef(object.as_ptr(), std::ptr::null_mut())) }
}

/// The object that a weak reference leads to, while it is there.
pub(crate) fn target<'py>(reference: &Object<'py>) -> Option<Object<'py>> {
    let py = reference.py();
    // SAFETY: a live object; the call says whether it is a weak reference.
    #[cfg(Py_3_13)]
    unsafe {
        let mut target = std::ptr::null_mut();
        if ffi::PyWeakref_GetRef(reference.as_ptr(), &raw mut target) < 0 {
            error::clear(py);
        }
        (!target.is_null()).then(|| Object::owned(py, target).ok())?
    }
    // SAFETY: as above. `None` stands for an object that is gone. With a GIL, nobody drops it in between.
    #[cfg(not(Py_3_13))]
    unsafe {
        let target = ffi::PyWeakref_GetObject(reference.as_ptr());
        if target.is_null() {
            error::clear(py);
            return None;
        }
        (target != ffi::Py_None()).then(|| Object::new_ref(py, target))
    }
}
