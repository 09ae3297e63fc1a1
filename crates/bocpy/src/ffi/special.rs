//! Methods that Python looks up on the class of an object, as it does those with two underscores on each side.

use super::object::Object;
use super::subclass::flags;
use super::{PyResult, text};
use pyo3_ffi as ffi;
use std::ffi::CStr;

/// Whether the class of an object was made at run time: others have no methods that Python code has given them.
#[inline]
pub(crate) fn may_have(object: &Object<'_>) -> bool {
    // SAFETY: a live object, and its type.
    unsafe { flags(ffi::Py_TYPE(object.as_ptr())) & ffi::Py_TPFLAGS_HEAPTYPE != 0 }
}

/// What the class of an object has of that name, not bound. `None`: there is no such thing.
pub(crate) fn method_of_class<'py>(object: &Object<'py>, name: &CStr) -> PyResult<Option<Object<'py>>> {
    let py = object.py();
    let class = object.class();
    let name = text::intern(py, name.to_str().unwrap_or_default())?;
    // SAFETY: live objects. With a GIL, nobody drops what is found before it is counted.
    #[cfg(not(Py_GIL_DISABLED))]
    unsafe {
        let found = _PyType_Lookup(class.as_ptr().cast(), name.as_ptr());
        Ok((!found.is_null()).then(|| Object::new_ref(py, found)))
    }
    // SAFETY: live objects.
    #[cfg(Py_GIL_DISABLED)]
    match unsafe { Object::owned(py, ffi::PyObject_GetAttr(class.as_ptr(), name.as_ptr())) } {
        Ok(found) => Ok(Some(found)),
        Err(_) if super::error::is(py, super::error::Kind::Attribute) => {
            super::error::clear(py);
            Ok(None)
        }
        Err(raised) => Err(raised),
    }
}

#[cfg(not(Py_GIL_DISABLED))]
unsafe extern "C" {
    /// A borrowed reference, or null without an error.
    fn _PyType_Lookup(class: *mut ffi::PyTypeObject, name: *mut ffi::PyObject) -> *mut ffi::PyObject;
}
