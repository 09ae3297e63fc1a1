//! Instances that refer to one object, as long as they live.

use super::PyResult;
use super::class::{Class, Extra, Instance, Layout, Native};
use super::object::{Object, Python};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::{mem, ptr};

/// Instances refer to an object, and can be weakly referenced. The collector does not look into them: the object must be of
/// a kind that refers to no others.
#[repr(C)]
pub(crate) struct Linked {
    weak_references: *mut ffi::PyObject,
    /// Null only while the instance is made, and when it goes.
    object: *mut ffi::PyObject,
}

impl Extra for Linked {
    const CALLABLE: bool = false;
    const MEMBER: Option<(&'static CStr, usize)> =
        Some((c"__weaklistoffset__", mem::offset_of!(Linked, weak_references)));

    fn new<T: Native>() -> Self {
        Linked { weak_references: ptr::null_mut(), object: ptr::null_mut() }
    }

    fn is_empty(&self) -> bool {
        self.weak_references.is_null() && self.object.is_null()
    }

    unsafe fn clear(&self, object: *mut ffi::PyObject) {
        // SAFETY: an object that can be weakly referenced, says the caller; the reference was ours, and the instance is going.
        unsafe {
            ffi::PyObject_ClearWeakRefs(object);
            ffi::Py_XDECREF(self.object);
        }
    }
}

impl<T: Native<Extra = Linked>> Class<T> {
    /// A new instance that refers to an object.
    pub(crate) fn linked_instance<'py>(
        &self,
        py: Python<'py>,
        value: T,
        object: Object<'py>,
    ) -> PyResult<Object<'py>> {
        let instance = self.instance(py, value)?;
        // SAFETY: a new instance, which takes the reference over.
        unsafe { (*instance.as_ptr().cast::<Layout<T>>()).extra.object = object.into_ptr() };
        Ok(instance)
    }
}

impl<'py, T: Native<Extra = Linked>> Instance<'py, T> {
    /// The object that it refers to.
    pub(crate) fn linked(&self) -> Option<&Object<'py>> {
        // SAFETY: the reference is kept as long as the instance lives. An `Object` is a non-null pointer.
        unsafe {
            let object = &raw const (*self.as_ptr().cast::<Layout<T>>()).extra.object;
            (!(*object).is_null()).then(|| &*object.cast::<Object<'py>>())
        }
    }
}
