//! Strings and bytes.

use super::PyResult;
use super::buffer;
use super::kind::kind;
use super::object::{Object, Python};
use pyo3_ffi as ffi;
use std::slice;

kind!(
    /// Exactly a `str`.
    Str, as_str if is_str
);

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
    // SAFETY: the slice is as long as it says.
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

/// A string as CPython keeps it, with a fixed number of bytes for each character.
pub(crate) struct RawText<'a> {
    /// One byte each, and all of them ASCII.
    pub(crate) ascii: bool,
    /// Bytes a character: 1, 2 or 4.
    pub(crate) width: u8,
    pub(crate) data: &'a [u8],
}

impl Str<'_> {
    /// Its characters, whatever they are.
    #[inline]
    pub(crate) fn raw_text(&self) -> RawText<'_> {
        // SAFETY: a string, which never changes, and is as long as it says.
        unsafe {
            let string = self.as_ptr();
            let width = ffi::PyUnicode_KIND(string) as u8;
            let size = ffi::PyUnicode_GET_LENGTH(string) as usize * usize::from(width);
            let data = slice::from_raw_parts(ffi::PyUnicode_DATA(string).cast::<u8>(), size);
            RawText { ascii: width == 1 && data.is_ascii(), width, data }
        }
    }
}

/// A new string of characters of that width, as they come from `raw_text`.
#[inline]
pub(crate) fn from_raw<'py>(py: Python<'py>, text: &RawText<'_>) -> PyResult<Object<'py>> {
    let length = (text.data.len() / usize::from(text.width)) as ffi::Py_ssize_t;
    // SAFETY: what was written from a string's own characters. ASCII is copied into a string made for it; for the rest
    // CPython looks for the largest character itself, and at `data` byte by byte, however it lies in memory.
    unsafe {
        if text.ascii && length > 1 {
            let string = Object::owned(py, ffi::PyUnicode_New(length, 127))?;
            let to = ffi::PyUnicode_DATA(string.as_ptr()).cast::<u8>();
            std::ptr::copy_nonoverlapping(text.data.as_ptr(), to, text.data.len());
            return Ok(string);
        }
        let mut aligned: Vec<u32> = Vec::new();
        let data = if text.data.as_ptr().addr().is_multiple_of(text.width.into()) {
            text.data.as_ptr()
        } else {
            if aligned.try_reserve_exact(text.data.len().div_ceil(4)).is_err() {
                return Err(buffer::no_room(py, text.data.len()));
            }
            std::ptr::copy_nonoverlapping(text.data.as_ptr(), aligned.as_mut_ptr().cast(), text.data.len());
            aligned.as_ptr().cast()
        };
        Object::owned(py, ffi::PyUnicode_FromKindAndData(text.width.into(), data.cast(), length))
    }
}
