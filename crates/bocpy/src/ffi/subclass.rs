//! Instances of classes that Python code has derived from a native class, and that have the same layout.

use super::class::{Class, Extra, Instance, Layout, Native};
use super::error::{self, Kind};
use super::object::{Borrowed, Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::ffi::c_ulong;
use std::{mem, ptr};

/// Instances have attributes or weak references in memory of their own, before their head.
const MANAGED: c_ulong = 1 << 3 | 1 << 4;

impl<T: Native> Class<T> {
    /// The value of an instance of a subclass that adds nothing to the layout. `class` gives the class, and is asked only
    /// if the object may be of such a one.
    #[inline]
    pub(crate) fn find_derived<'a, 'c>(
        object: &'a Object<'_>,
        class: impl FnOnce() -> &'c Class<T>,
    ) -> Option<&'a T> {
        // SAFETY: a live object, and its type.
        let may_be = unsafe { has_layout::<T>(ffi::Py_TYPE(object.as_ptr())) };
        if may_be { class().get(object) } else { None }
    }

    /// The object as an instance, if it is one.
    pub(crate) fn find_derived_instance<'a, 'py, 'c>(
        object: &'a Object<'py>,
        class: impl FnOnce() -> &'c Class<T>,
    ) -> Option<&'a Instance<'py, T>> {
        // SAFETY: it is one if its value is found.
        Class::find_derived(object, class).map(|_| unsafe { Instance::assume(object) })
    }

    /// A new instance of a class derived from this.
    pub(crate) fn derived_instance<'py>(
        &self,
        py: Python<'py>,
        class: &Object<'py>,
        value: T,
    ) -> PyResult<Object<'py>> {
        let class = class.as_ptr().cast::<ffi::PyTypeObject>();
        // SAFETY: a class, as is checked.
        unsafe {
            if ffi::PyType_Check(class.cast()) == 0
                || ffi::PyType_IsSubtype(class, self.as_object(py).as_ptr().cast()) == 0
            {
                return Err(another_layout(py));
            }
            Class::allocate_derived(py, class, value)
        }
    }

    /// The collector knows of such classes, but need not know of the instance, which refers to nothing.
    ///
    /// # Safety
    /// `class` is derived from the class of `T`.
    pub(super) unsafe fn allocate_derived<'py>(
        py: Python<'py>,
        class: *mut ffi::PyTypeObject,
        value: T,
    ) -> PyResult<Object<'py>> {
        // SAFETY: says the caller. It adds nothing to the layout, so that this much memory will do; all of it is written.
        unsafe {
            if !has_layout::<T>(class) || flags(class) & ffi::Py_TPFLAGS_HAVE_GC == 0 {
                return Err(another_layout(py));
            }
            let layout = ffi::PyObject_GC_New::<Layout<T>>(class);
            if layout.is_null() {
                return Err(Raised);
            }
            ptr::write(&raw mut (*layout).extra, T::Extra::new::<T>());
            ptr::write(&raw mut (*layout).value, value);
            Object::owned(py, layout.cast())
        }
    }
}

fn another_layout(py: Python<'_>) -> Raised {
    error::raise(
        py,
        Kind::Type,
        "instances of this class have more than a record has: give it `__slots__ = ()`",
    )
}

/// # Safety
/// A live type.
#[inline]
pub(super) unsafe fn flags(class: *mut ffi::PyTypeObject) -> c_ulong {
    // SAFETY: says the caller.
    #[cfg(Py_GIL_DISABLED)]
    unsafe {
        (*class).tp_flags.load(std::sync::atomic::Ordering::Relaxed) as c_ulong
    }
    // SAFETY: as above.
    #[cfg(not(Py_GIL_DISABLED))]
    unsafe {
        (*class).tp_flags
    }
}

/// Whether a class made by Python code may be derived from that of `T`, without anything added.
///
/// # Safety
/// A live type.
#[inline]
unsafe fn has_layout<T: Native>(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: says the caller.
    unsafe {
        (*class).tp_basicsize == mem::size_of::<Layout<T>>() as ffi::Py_ssize_t
            && (*class).tp_itemsize == 0
            && (*class).tp_dictoffset == 0
            && flags(class) & (ffi::Py_TPFLAGS_HEAPTYPE | MANAGED) == ffi::Py_TPFLAGS_HEAPTYPE
    }
}

/// What a class made by Python code has of that name itself, not from a base. What is raised just now stays.
pub(crate) fn own_attribute<'a, 'py>(class: &'a Object<'py>, name: &Object<'_>) -> Option<Borrowed<'a, 'py>> {
    let py = class.py();
    // SAFETY: a class, as is checked; its dict is there as long as it is, and what is asked for here is never taken out.
    unsafe {
        if ffi::PyType_Check(class.as_ptr()) == 0 {
            return None;
        }
        let class = class.as_ptr().cast::<ffi::PyTypeObject>();
        if flags(class) & ffi::Py_TPFLAGS_HEAPTYPE == 0 || (*class).tp_dict.is_null() {
            return None;
        }
        let found = ffi::PyDict_GetItem((*class).tp_dict, name.as_ptr());
        (!found.is_null()).then(|| Borrowed::new(py, found))
    }
}
