//! Strings and bytes.

use super::PyResult;
use super::object::{Object, Python};
use pyo3_ffi as ffi;
use std::slice;

pub(crate) fn string<'py>(py: Python<'py>, text: &str) -> PyResult<Object<'py>> {
    // SAFETY: valid UTF-8 of that length.
    unsafe {
        Object::owned(
            py,
            ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t),
        )
    }
}

/// The one copy of a name that dictionaries find without comparing text.
pub(crate) fn intern<'py>(py: Python<'py>, text: &str) -> PyResult<Object<'py>> {
    let mut string = string(py, text)?.into_ptr();
    // SAFETY: takes over our reference and gives one back.
    unsafe {
        ffi::PyUnicode_InternInPlace(&mut string);
        Object::owned(py, string)
    }
}

pub(crate) fn bytes<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Object<'py>> {
    // SAFETY: so many bytes are there.
    unsafe {
        Object::owned(py, ffi::PyBytes_FromStringAndSize(data.as_ptr().cast(), data.len() as ffi::Py_ssize_t))
    }
}

impl<'py> Object<'py> {
    /// Exactly a `str`, no subclass.
    pub(crate) fn is_str(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyUnicode_CheckExact(self.as_ptr()) != 0 }
    }

    /// Exactly `bytes`, no subclass.
    pub(crate) fn is_bytes(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyBytes_CheckExact(self.as_ptr()) != 0 }
    }

    /// A string's text. `None` for what is no string, or has lone surrogates.
    pub(crate) fn to_str(&self) -> Option<&str> {
        let mut length = 0;
        // SAFETY: Python keeps the text as long as the string; it is valid UTF-8.
        unsafe {
            if ffi::PyUnicode_Check(self.as_ptr()) == 0 {
                return None;
            }
            let text = ffi::PyUnicode_AsUTF8AndSize(self.as_ptr(), &mut length);
            if text.is_null() {
                super::error::clear(self.py());
                return None;
            }
            Some(std::str::from_utf8_unchecked(slice::from_raw_parts(text.cast(), length as usize)))
        }
    }

    /// The content of `bytes`.
    pub(crate) fn to_bytes(&self) -> Option<&[u8]> {
        // SAFETY: bytes never change, and live as long as the object.
        unsafe {
            if ffi::PyBytes_Check(self.as_ptr()) == 0 {
                return None;
            }
            let start = ffi::PyBytes_AsString(self.as_ptr());
            Some(slice::from_raw_parts(start.cast(), ffi::PyBytes_Size(self.as_ptr()) as usize))
        }
    }
}
