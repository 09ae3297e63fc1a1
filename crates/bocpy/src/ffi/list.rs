//! Lists.

use super::PyResult;
use super::kind::kind;
use super::object::{Object, Python};
use pyo3_ffi as ffi;

kind!(
    /// A list.
    List, as_any_list if is_list
);

impl<'py> List<'py> {
    pub(crate) fn new(py: Python<'py>, items: Vec<Object<'py>>) -> PyResult<Self> {
        // SAFETY: as for tuples.
        unsafe {
            let list = Object::owned(py, ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
            for (place, item) in items.into_iter().enumerate() {
                ffi::PyList_SetItem(list.as_ptr(), place as ffi::Py_ssize_t, item.into_ptr());
            }
            Ok(List(list))
        }
    }

    /// A list of so many items, made one by one: without a place for all of them beside it.
    pub(crate) fn fill(
        py: Python<'py>,
        items: impl ExactSizeIterator<Item = PyResult<Object<'py>>>,
    ) -> PyResult<Self> {
        // SAFETY: as for tuples. The places that are not filled yet are null, which lists that are being made may have.
        unsafe {
            let list = Object::owned(py, ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
            for (place, item) in items.enumerate() {
                ffi::PyList_SetItem(list.as_ptr(), place as ffi::Py_ssize_t, item?.into_ptr());
            }
            Ok(List(list))
        }
    }

    /// How many items it has.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a list.
        unsafe { ffi::PyList_Size(self.as_ptr()) as usize }
    }

    /// An item, where there is one.
    #[inline]
    pub(crate) fn item(&self, place: usize) -> Option<Object<'py>> {
        // SAFETY: a list, which is as long as it says; the item is counted before anything else can happen to it.
        unsafe {
            (place < ffi::PyList_GET_SIZE(self.as_ptr()) as usize).then(|| {
                Object::new_ref(self.py(), ffi::PyList_GET_ITEM(self.as_ptr(), place as ffi::Py_ssize_t))
            })
        }
    }
}

impl<'py> Object<'py> {
    pub(crate) fn is_list(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyList_Check(self.as_ptr()) != 0 }
    }
}
