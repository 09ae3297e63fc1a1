//! Tuples, lists and dicts.

use super::object::{Borrowed, Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;

pub(crate) fn tuple<'py>(py: Python<'py>, items: Vec<Object<'py>>) -> PyResult<Object<'py>> {
    // SAFETY: a new tuple of that size, each place of which is filled once with a reference that it takes over.
    unsafe {
        let tuple = Object::owned(py, ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
        for (place, item) in items.into_iter().enumerate() {
            ffi::PyTuple_SetItem(tuple.as_ptr(), place as ffi::Py_ssize_t, item.into_ptr());
        }
        Ok(tuple)
    }
}

pub(crate) fn list<'py>(py: Python<'py>, items: Vec<Object<'py>>) -> PyResult<Object<'py>> {
    // SAFETY: as for tuples.
    unsafe {
        let list = Object::owned(py, ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
        for (place, item) in items.into_iter().enumerate() {
            ffi::PyList_SetItem(list.as_ptr(), place as ffi::Py_ssize_t, item.into_ptr());
        }
        Ok(list)
    }
}

pub(crate) fn dict(py: Python<'_>) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyDict_New()) }
}

impl<'py> Object<'py> {
    pub(crate) fn is_tuple(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyTuple_Check(self.as_ptr()) != 0 }
    }

    pub(crate) fn is_list(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyList_Check(self.as_ptr()) != 0 }
    }

    pub(crate) fn is_dict(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyDict_Check(self.as_ptr()) != 0 }
    }

    /// How many items a tuple has.
    pub(crate) fn tuple_len(&self) -> usize {
        debug_assert!(self.is_tuple());
        // SAFETY: a tuple.
        unsafe { ffi::PyTuple_Size(self.as_ptr()) as usize }
    }

    /// A tuple's item. Raises where there is none.
    pub(crate) fn tuple_item(&self, place: usize) -> PyResult<Borrowed<'_, 'py>> {
        // SAFETY: checks type and bounds itself; a tuple keeps its items.
        unsafe {
            let item = ffi::PyTuple_GetItem(self.as_ptr(), place as ffi::Py_ssize_t);
            if item.is_null() { Err(Raised) } else { Ok(Borrowed::new(self.py(), item)) }
        }
    }

    /// The items of a tuple or list, or whatever can be iterated over.
    pub(crate) fn items(&self) -> PyResult<Vec<Object<'py>>> {
        // SAFETY: the tuple is ours, so its items stay while we count them.
        unsafe {
            let tuple = Object::owned(self.py(), ffi::PySequence_Tuple(self.as_ptr()))?;
            let size = ffi::PyTuple_Size(tuple.as_ptr());
            let item = |place| Object::new_ref(self.py(), ffi::PyTuple_GetItem(tuple.as_ptr(), place));
            Ok((0..size).map(item).collect())
        }
    }

    /// A dict's value for a key, if it has it.
    pub(crate) fn dict_get(&self, key: &Object<'py>) -> PyResult<Option<Object<'py>>> {
        let mut value = std::ptr::null_mut();
        // SAFETY: a dict, a key, and room for a new reference.
        unsafe {
            match ffi::compat::PyDict_GetItemRef(self.as_ptr(), key.as_ptr(), &mut value) {
                1 => Object::owned(self.py(), value).map(Some),
                0 => Ok(None),
                _ => Err(Raised),
            }
        }
    }

    pub(crate) fn dict_set(&self, key: &Object<'_>, value: &Object<'_>) -> PyResult<()> {
        // SAFETY: a dict and live objects.
        match unsafe { ffi::PyDict_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// Takes a key off a dict, if it is there.
    pub(crate) fn dict_remove(&self, key: &Object<'py>) -> PyResult<()> {
        if self.dict_get(key)?.is_none() {
            return Ok(());
        }
        // SAFETY: a dict and a live object.
        match unsafe { ffi::PyDict_DelItem(self.as_ptr(), key.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}
