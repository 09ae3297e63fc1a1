//! Tuples and lists that are being made.

use super::PyResult;
use super::object::{Object, Python};
use pyo3_ffi as ffi;

/// A new tuple or list whose places are filled one after the other.
pub(crate) struct Filling<'py> {
    object: Object<'py>,
    place: ffi::Py_ssize_t,
    size: ffi::Py_ssize_t,
    is_list: bool,
}

impl<'py> Filling<'py> {
    pub(crate) fn list(py: Python<'py>, size: usize) -> PyResult<Self> {
        let size = size as ffi::Py_ssize_t;
        // SAFETY: a new reference.
        let object = unsafe { Object::owned(py, ffi::PyList_New(size))? };
        Ok(Filling { object, place: 0, size, is_list: true })
    }

    pub(crate) fn tuple(py: Python<'py>, size: usize) -> PyResult<Self> {
        let size = size as ffi::Py_ssize_t;
        // SAFETY: a new reference.
        let object = unsafe { Object::owned(py, ffi::PyTuple_New(size))? };
        Ok(Filling { object, place: 0, size, is_list: false })
    }

    /// The object, which others may refer to but must not look into before it is full.
    pub(crate) fn object(&self) -> &Object<'py> {
        &self.object
    }

    /// Fills the next place. True if that was the last.
    #[inline]
    pub(crate) fn put(&mut self, item: Object<'py>) -> bool {
        assert!(self.place < self.size);
        // SAFETY: a place that is there and empty, in an object that nobody has looked at; it takes over the reference.
        unsafe {
            if self.is_list {
                ffi::PyList_SET_ITEM(self.object.as_ptr(), self.place, item.into_ptr());
            } else {
                ffi::PyTuple_SET_ITEM(self.object.as_ptr(), self.place, item.into_ptr());
            }
        }
        self.place += 1;
        self.place == self.size
    }

    pub(crate) fn into_object(self) -> Object<'py> {
        self.object
    }
}
