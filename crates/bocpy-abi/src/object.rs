//! Python objects, for what this crate has no types for.

use crate::attached::{Attached, called_by_python};
use pyo3_ffi as ffi;
use std::marker::PhantomData;

/// Any Python object, as an argument. `pyo3-ffi` has the functions that do something with it; they are unsafe to call.
///
/// Functions of Python may run Python code. If the method has data, other methods of the same object, called by that code,
/// raise `RuntimeError`, unless both take `&T`. Do not call them with a lock held that Python code may want too.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    object: *mut ffi::PyObject,
    _here: PhantomData<&'a ffi::PyObject>,
}

impl<'a> Object<'a> {
    /// # Safety
    ///
    /// It is an object of the interpreter that the thread is attached to, and both stay so for as long as `'a`.
    pub unsafe fn borrowed(object: *mut ffi::PyObject) -> Self {
        Object { object, _here: PhantomData }
    }

    /// The pointer that `pyo3-ffi` works with: a borrowed reference.
    pub fn as_ptr(self) -> *mut ffi::PyObject {
        self.object
    }

    /// This thread may use Python: it has an object.
    pub fn attached(self) -> Attached<'a> {
        // SAFETY: whoever made this has promised it.
        unsafe { Attached::assume() }
    }

    /// The name of its type.
    pub(crate) fn type_name(self) -> String {
        // SAFETY: attached, with an object that lives; each new reference is dropped.
        unsafe {
            let name = ffi::PyObject_GetAttrString(ffi::Py_TYPE(self.object).cast(), c"__name__".as_ptr());
            let mut size = 0;
            let text = if name.is_null() {
                std::ptr::null()
            } else {
                ffi::PyUnicode_AsUTF8AndSize(name, &raw mut size)
            };
            let found = if text.is_null() {
                ffi::PyErr_Clear();
                "something else".to_owned()
            } else {
                let bytes = std::slice::from_raw_parts(text.cast::<u8>(), size.cast_unsigned());
                String::from_utf8_lossy(bytes).into_owned()
            };
            ffi::Py_XDECREF(name);
            found
        }
    }
}

/// A Python object that a function returns: a reference that is its own.
#[derive(Debug)]
pub struct Owned {
    object: *mut ffi::PyObject,
}

impl Owned {
    /// Takes over a reference, such as functions of `pyo3-ffi` return it.
    ///
    /// # Safety
    ///
    /// It is not null, is of the interpreter that the thread is attached to, and stays there: it is returned to Python, or
    /// dropped, before that changes.
    pub unsafe fn new(object: *mut ffi::PyObject) -> Self {
        Owned { object }
    }

    /// The pointer that `pyo3-ffi` works with; the reference stays here.
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object
    }

    /// Gives the reference to whoever gets the pointer.
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        let object = self.object;
        std::mem::forget(self);
        object
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Where Python cannot be used, it rather stays.
        if called_by_python() {
            // SAFETY: attached; the reference is this one's own.
            unsafe { ffi::Py_DECREF(self.object) };
        }
    }
}
