//! Functions, code objects and cells.

use super::object::{Borrowed, Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::ffi::c_int;

// Not in every pyo3-ffi that we build with.
unsafe extern "C" {
    static mut PyCell_Type: ffi::PyTypeObject;
    fn PyCell_New(content: *mut ffi::PyObject) -> *mut ffi::PyObject;
    fn PyCell_Get(cell: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// Newer than any: each Python takes that for the newest it knows.
const MARSHAL_VERSION: c_int = 64;

/// A new function of that code.
pub(crate) fn function<'py>(code: &Object<'py>, globals: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a code object and a dict.
    unsafe { Object::owned(code.py(), ffi::PyFunction_New(code.as_ptr(), globals.as_ptr())) }
}

/// A new cell, empty or with content.
pub(crate) fn cell<'py>(py: Python<'py>, content: Option<&Object<'py>>) -> PyResult<Object<'py>> {
    // SAFETY: null is allowed.
    unsafe { Object::owned(py, PyCell_New(content.map_or(std::ptr::null_mut(), Object::as_ptr))) }
}

/// Code in the form in which it can be written down.
pub(crate) fn dump_code<'py>(code: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a live object.
    unsafe {
        let bytes = ffi::PyMarshal_WriteObjectToString(code.as_ptr(), MARSHAL_VERSION);
        Object::owned(code.py(), bytes)
    }
}

/// Reads code that `dump_code` has written in this process.
pub(crate) fn load_code<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Object<'py>> {
    // SAFETY: the slice is as long as it says.
    unsafe {
        let code = ffi::PyMarshal_ReadObjectFromString(data.as_ptr().cast(), data.len() as ffi::Py_ssize_t);
        Object::owned(py, code)
    }
}

impl<'py> Object<'py> {
    /// Exactly a function made by `def` or `lambda`.
    pub(crate) fn is_function(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyFunction_Check(self.as_ptr()) != 0 }
    }

    /// A function's part. `None` where it has none, or where this is no function.
    fn part(
        &self,
        get: unsafe extern "C" fn(*mut ffi::PyObject) -> *mut ffi::PyObject,
    ) -> Option<Borrowed<'_, 'py>> {
        if !self.is_function() {
            return None;
        }
        // SAFETY: a function; it keeps its parts, as nobody sets them behind our back while we are attached.
        unsafe {
            let part = get(self.as_ptr());
            (!part.is_null()).then(|| Borrowed::new(self.py(), part))
        }
    }

    pub(crate) fn code(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetCode)
    }

    pub(crate) fn globals(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetGlobals)
    }

    pub(crate) fn defaults(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetDefaults)
    }

    pub(crate) fn kw_defaults(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetKwDefaults)
    }

    pub(crate) fn closure(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetClosure)
    }

    pub(crate) fn set_closure(&self, cells: &Object<'py>) -> PyResult<()> {
        // SAFETY: a function and a tuple; the callee checks both.
        match unsafe { ffi::PyFunction_SetClosure(self.as_ptr(), cells.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    pub(crate) fn set_defaults(&self, defaults: &Object<'py>) -> PyResult<()> {
        // SAFETY: as above.
        match unsafe { ffi::PyFunction_SetDefaults(self.as_ptr(), defaults.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    pub(crate) fn set_kw_defaults(&self, defaults: &Object<'py>) -> PyResult<()> {
        // SAFETY: as above.
        match unsafe { ffi::PyFunction_SetKwDefaults(self.as_ptr(), defaults.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// What is in a cell, if anything.
    pub(crate) fn cell_content(&self) -> PyResult<Option<Object<'py>>> {
        // SAFETY: checks that it is a cell; a new reference, or null without an error where it is empty.
        unsafe {
            if ffi::Py_IS_TYPE(self.as_ptr(), &raw mut PyCell_Type) == 0 {
                return Err(super::error::raise(self.py(), super::error::Kind::Type, "not a cell"));
            }
            Ok(Object::owned(self.py(), PyCell_Get(self.as_ptr())).ok())
        }
    }
}
