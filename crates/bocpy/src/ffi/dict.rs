//! Dicts.

use super::kind::kind;
use super::object::{Object, Python};
use super::{PyResult, Raised, error};
use pyo3_ffi as ffi;

kind!(
    /// A dict, or an instance of a subclass.
    Dict, as_dict if is_dict
);

impl<'py> Dict<'py> {
    pub(crate) fn new(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: a new reference.
        unsafe { Object::owned(py, ffi::PyDict_New()).map(Dict) }
    }

    /// How many entries it has.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a dict.
        unsafe { ffi::PyDict_Size(self.as_ptr()) as usize }
    }

    /// A dict with the same entries.
    pub(crate) fn copy(&self) -> PyResult<Self> {
        // SAFETY: a dict; the copy is a new one.
        unsafe { Object::owned(self.py(), ffi::PyDict_Copy(self.as_ptr())).map(Dict) }
    }

    /// The next entry. `position` starts at zero, and means nothing.
    #[inline]
    pub(crate) fn next(&self, position: &mut isize) -> Option<(Object<'py>, Object<'py>)> {
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: a dict; what it gives is counted before anything else can happen to it.
        unsafe {
            (ffi::PyDict_Next(self.as_ptr(), position, &mut key, &mut value) != 0)
                .then(|| (Object::new_ref(self.py(), key), Object::new_ref(self.py(), value)))
        }
    }

    /// The value for a key, if there is one.
    pub(crate) fn get(&self, key: &Object<'py>) -> PyResult<Option<Object<'py>>> {
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

    pub(crate) fn set(&self, key: &Object<'_>, value: &Object<'_>) -> PyResult<()> {
        // SAFETY: a dict and live objects.
        match unsafe { ffi::PyDict_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// Takes a key off, if it is there.
    pub(crate) fn remove(&self, key: &Object<'py>) -> PyResult<()> {
        if self.get(key)?.is_none() {
            return Ok(());
        }
        // SAFETY: a dict and a live object.
        match unsafe { ffi::PyDict_DelItem(self.as_ptr(), key.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}

impl<'py> Object<'py> {
    pub(crate) fn is_dict(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyDict_Check(self.as_ptr()) != 0 }
    }

    /// The same object. Raises if it is no dict.
    pub(crate) fn try_dict(&self) -> PyResult<&Dict<'py>> {
        self.as_dict().ok_or_else(|| error::bad_call(self.py()))
    }
}
