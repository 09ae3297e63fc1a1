//! Functions, code objects and cells.

use super::kind::kind;
use super::object::{Borrowed, Object, Python};
use super::{Dict, PyResult, Raised, Tuple, error};
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

kind!(
    /// A function made by `def` or `lambda`.
    PyFunction, as_function if is_function
);

kind!(
    /// A code object.
    CodeObject, as_code if is_code
);

kind!(
    /// A variable that functions share.
    Cell, as_cell if is_cell
);

/// A new cell, empty or with content.
pub(crate) fn cell<'py>(py: Python<'py>, content: Option<&Object<'py>>) -> PyResult<Object<'py>> {
    // SAFETY: null is allowed.
    unsafe { Object::owned(py, PyCell_New(content.map_or(std::ptr::null_mut(), Object::as_ptr))) }
}

impl<'py> CodeObject<'py> {
    /// In the form in which it can be written down.
    pub(crate) fn dump(&self) -> PyResult<Object<'py>> {
        // SAFETY: a live object.
        unsafe {
            let bytes = ffi::PyMarshal_WriteObjectToString(self.as_ptr(), MARSHAL_VERSION);
            Object::owned(self.py(), bytes)
        }
    }
}

/// Reads code that was dumped in this process.
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

    pub(crate) fn is_code(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyCode_Check(self.as_ptr()) != 0 }
    }

    fn is_cell(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::Py_IS_TYPE(self.as_ptr(), &raw mut PyCell_Type) != 0 }
    }

    /// The same object. Raises if it is no code object.
    pub(crate) fn try_code(&self) -> PyResult<&CodeObject<'py>> {
        self.as_code().ok_or_else(|| error::bad_call(self.py()))
    }
}

impl<'py> PyFunction<'py> {
    /// A new function of that code.
    pub(crate) fn new(code: &CodeObject<'py>, globals: &Dict<'py>) -> PyResult<Self> {
        // SAFETY: a code object and a dict.
        unsafe {
            Object::owned(code.py(), ffi::PyFunction_New(code.as_ptr(), globals.as_ptr())).map(PyFunction)
        }
    }

    /// A part, where the function has it.
    fn part(
        &self,
        get: unsafe extern "C" fn(*mut ffi::PyObject) -> *mut ffi::PyObject,
    ) -> Option<Borrowed<'_, 'py>> {
        // SAFETY: a function; it keeps its parts, as nobody sets them behind our back while we are attached.
        unsafe {
            let part = get(self.as_ptr());
            (!part.is_null()).then(|| Borrowed::new(self.py(), part))
        }
    }

    pub(crate) fn code(&self) -> Borrowed<'_, 'py, CodeObject<'py>> {
        let code = self.part(ffi::PyFunction_GetCode).expect("a function has code");
        // SAFETY: a function's code cannot be set to anything else.
        unsafe { code.assume() }
    }

    pub(crate) fn globals(&self) -> Borrowed<'_, 'py, Dict<'py>> {
        let globals = self.part(ffi::PyFunction_GetGlobals).expect("a function has globals");
        // SAFETY: CPython makes functions with a dict only. From 3.15 on `exec` may make one with a frozendict, which the
        // functions that take a dict know, too.
        unsafe { globals.assume() }
    }

    pub(crate) fn defaults(&self) -> Option<Borrowed<'_, 'py, Tuple<'py>>> {
        // SAFETY: defaults cannot be set to anything else.
        self.part(ffi::PyFunction_GetDefaults).map(|defaults| unsafe { defaults.assume() })
    }

    pub(crate) fn kw_defaults(&self) -> Option<Borrowed<'_, 'py>> {
        self.part(ffi::PyFunction_GetKwDefaults)
    }

    pub(crate) fn closure(&self) -> Option<Borrowed<'_, 'py, Tuple<'py>>> {
        // SAFETY: a closure cannot be anything else.
        self.part(ffi::PyFunction_GetClosure).map(|cells| unsafe { cells.assume() })
    }

    pub(crate) fn set_closure(&self, cells: &Tuple<'py>) -> PyResult<()> {
        // SAFETY: a function and a tuple.
        match unsafe { ffi::PyFunction_SetClosure(self.as_ptr(), cells.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    pub(crate) fn set_defaults(&self, defaults: &Tuple<'py>) -> PyResult<()> {
        // SAFETY: as above.
        match unsafe { ffi::PyFunction_SetDefaults(self.as_ptr(), defaults.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// Raises if that is no dict.
    pub(crate) fn set_kw_defaults(&self, defaults: &Object<'py>) -> PyResult<()> {
        // SAFETY: a function; the callee checks the rest.
        match unsafe { ffi::PyFunction_SetKwDefaults(self.as_ptr(), defaults.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}

impl<'py> Cell<'py> {
    /// What is in it, if anything.
    pub(crate) fn content(&self) -> Option<Object<'py>> {
        // SAFETY: a cell; a new reference, or null without an error where it is empty.
        unsafe { Object::owned(self.py(), PyCell_Get(self.as_ptr())).ok() }
    }
}
