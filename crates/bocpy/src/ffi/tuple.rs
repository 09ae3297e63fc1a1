//! Tuples.

use super::kind::kind;
use super::object::{Borrowed, Object, Python};
use super::{PyResult, Raised, error, room};
use pyo3_ffi as ffi;

kind!(
    /// A tuple, or an instance of a subclass.
    Tuple, as_tuple if is_tuple
);

impl<'py> Tuple<'py> {
    pub(crate) fn new(py: Python<'py>, items: Vec<Object<'py>>) -> PyResult<Self> {
        // SAFETY: a new tuple of that size, each place of which is filled once with a reference that it takes over.
        unsafe {
            let tuple = Object::owned(py, ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
            for (place, item) in items.into_iter().enumerate() {
                ffi::PyTuple_SetItem(tuple.as_ptr(), place as ffi::Py_ssize_t, item.into_ptr());
            }
            Ok(Tuple(tuple))
        }
    }

    /// A tuple of objects that the caller keeps as well.
    pub(crate) fn of(py: Python<'py>, items: &[Object<'py>]) -> PyResult<Self> {
        // SAFETY: as above, with references of the tuple's own.
        unsafe {
            let tuple = Object::owned(py, ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
            for (place, item) in items.iter().enumerate() {
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), place as ffi::Py_ssize_t, item.clone().into_ptr());
            }
            Ok(Tuple(tuple))
        }
    }

    /// How many items it has.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a tuple.
        unsafe { ffi::PyTuple_Size(self.as_ptr()) as usize }
    }

    /// An item. Raises if there is none.
    pub(crate) fn item(&self, place: usize) -> PyResult<Borrowed<'_, 'py>> {
        // SAFETY: a tuple, which keeps its items; bounds are checked.
        unsafe {
            let item = ffi::PyTuple_GetItem(self.as_ptr(), place as ffi::Py_ssize_t);
            if item.is_null() { Err(Raised) } else { Ok(Borrowed::new(self.py(), item)) }
        }
    }
}

impl<'py> Object<'py> {
    pub(crate) fn is_tuple(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyTuple_Check(self.as_ptr()) != 0 }
    }

    /// The same object. Raises if it is no tuple.
    pub(crate) fn try_tuple(&self) -> PyResult<&Tuple<'py>> {
        self.as_tuple().ok_or_else(|| error::bad_call(self.py()))
    }

    /// The items of a tuple or list, or whatever can be iterated over.
    pub(crate) fn items(&self) -> PyResult<Vec<Object<'py>>> {
        // SAFETY: the tuple is ours, so its items stay while we count them.
        unsafe {
            let tuple = Object::owned(self.py(), ffi::PySequence_Tuple(self.as_ptr()))?;
            let size = ffi::PyTuple_Size(tuple.as_ptr());
            let item = |place| Object::new_ref(self.py(), ffi::PyTuple_GetItem(tuple.as_ptr(), place));
            let mut items = room(self.py(), size as usize)?;
            items.extend((0..size).map(item));
            Ok(items)
        }
    }
}
