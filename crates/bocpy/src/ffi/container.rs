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

/// A tuple of objects that the caller keeps as well.
pub(crate) fn tuple_of<'py>(py: Python<'py>, items: &[Object<'py>]) -> PyResult<Object<'py>> {
    // SAFETY: as above, with references of the tuple's own.
    unsafe {
        let tuple = Object::owned(py, ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
        for (place, item) in items.iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), place as ffi::Py_ssize_t, item.clone().into_ptr());
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
        assert!(self.is_tuple());
        // SAFETY: a tuple.
        unsafe { ffi::PyTuple_Size(self.as_ptr()) as usize }
    }

    /// A tuple's item. Raises if there is none.
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

pub(crate) fn set(py: Python<'_>) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PySet_New(std::ptr::null_mut())) }
}

/// A frozenset that nobody has seen yet, so that `set_add` may fill it.
pub(crate) fn frozenset(py: Python<'_>) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyFrozenSet_New(std::ptr::null_mut())) }
}

impl<'py> Object<'py> {
    /// How many items a list has.
    pub(crate) fn list_len(&self) -> usize {
        assert!(self.is_list());
        // SAFETY: a list.
        unsafe { ffi::PyList_Size(self.as_ptr()) as usize }
    }

    /// A list's item, where there is one.
    #[inline]
    pub(crate) fn list_item(&self, place: usize) -> Option<Object<'py>> {
        assert!(self.is_list());
        // SAFETY: a list, which is as long as it says; the item is counted before anything else can happen to it.
        unsafe {
            (place < ffi::PyList_GET_SIZE(self.as_ptr()) as usize).then(|| {
                Object::new_ref(self.py(), ffi::PyList_GET_ITEM(self.as_ptr(), place as ffi::Py_ssize_t))
            })
        }
    }

    /// How many entries a dict has.
    pub(crate) fn dict_len(&self) -> usize {
        assert!(self.is_dict());
        // SAFETY: a dict.
        unsafe { ffi::PyDict_Size(self.as_ptr()) as usize }
    }

    /// A dict's next entry. `position` starts at zero, and means nothing.
    #[inline]
    pub(crate) fn dict_next(&self, position: &mut isize) -> Option<(Object<'py>, Object<'py>)> {
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: a dict; what it gives is counted before anything else can happen to it.
        unsafe {
            (ffi::PyDict_Next(self.as_ptr(), position, &mut key, &mut value) != 0)
                .then(|| (Object::new_ref(self.py(), key), Object::new_ref(self.py(), value)))
        }
    }

    pub(crate) fn set_add(&self, item: &Object<'_>) -> PyResult<()> {
        // SAFETY: a set, or a frozenset that nobody else has seen.
        match unsafe { ffi::PySet_Add(self.as_ptr(), item.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}
