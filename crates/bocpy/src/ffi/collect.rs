//! What lets CPython's garbage collector look into instances of native classes.

use super::class::{Layout, Native};
use super::object::{Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};
use std::mem;

/// Tells the collector of the objects that an instance refers to.
pub(crate) struct Visitor {
    visit: ffi::visitproc,
    arg: *mut c_void,
    /// Not zero: it has seen enough.
    result: c_int,
}

impl Visitor {
    /// The instance owns one reference to that object. What it has of other kinds must not be told, and what is told must
    /// be the same from the beginning of a collection to its end.
    pub(crate) fn visit(&mut self, object: &Object<'_>) {
        self.visit_raw(object.as_ptr());
    }

    pub(super) fn visit_raw(&mut self, object: *mut ffi::PyObject) {
        if self.result == 0 && !object.is_null() {
            // SAFETY: CPython's function, with its argument, and a live object.
            self.result = unsafe { (self.visit)(object, self.arg) };
        }
    }
}

pub(super) unsafe extern "C" fn traverse<T: Native>(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    let mut visitor = Visitor { visit, arg, result: 0 };
    // SAFETY: CPython calls this attached, with an instance. Nothing here changes the count of references to an object.
    unsafe {
        visitor.visit_raw(ffi::Py_TYPE(object).cast());
        let layout = object.cast::<Layout<T>>();
        super::class::Extra::traverse(&(*layout).extra, &mut visitor);
        (*layout).value.traverse(Python::assume(), &mut visitor);
    }
    visitor.result
}

pub(super) unsafe extern "C" fn clear<T: Native>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with an instance that only garbage refers to.
    unsafe {
        let py = Python::assume();
        super::method::guard(py, (), || {
            (*object.cast::<Layout<T>>()).value.clear(py);
            Ok(())
        });
    }
    0
}

/// Memory for an instance of that class, with nothing but its head written. The collector does not know of it yet.
///
/// # Safety
/// The thread is attached to the interpreter of `class`, which is the class of `T` itself.
#[inline]
pub(super) unsafe fn allocate<T: Native>(class: *mut ffi::PyTypeObject) -> PyResult<*mut Layout<T>> {
    // SAFETY: as much memory as an instance takes.
    unsafe {
        if T::COLLECTED {
            let object = ffi::PyObject_GC_New::<Layout<T>>(class);
            return if object.is_null() { Err(Raised) } else { Ok(object) };
        }
        let memory = ffi::PyObject_Malloc(mem::size_of::<Layout<T>>()).cast::<ffi::PyObject>();
        if memory.is_null() {
            ffi::PyErr_NoMemory();
            return Err(Raised);
        }
        Ok(ffi::PyObject_Init(memory, class).cast())
    }
}

/// From now on the collector looks into it.
///
/// # Safety
/// It is an instance of the class of `T`, all written, of which the collector does not know.
#[inline]
pub(super) unsafe fn track<T: Native>(object: *mut ffi::PyObject) {
    if T::COLLECTED {
        // SAFETY: says the caller.
        unsafe { ffi::PyObject_GC_Track(object.cast()) }
    }
}

/// The opposite, if it knows of it.
///
/// # Safety
/// It is an instance of the class of `T`.
#[inline]
pub(super) unsafe fn untrack<T: Native>(object: *mut ffi::PyObject) {
    if T::COLLECTED {
        // SAFETY: says the caller.
        unsafe { ffi::PyObject_GC_UnTrack(object.cast()) }
    }
}

/// Frees the memory of an instance, of which the collector does not know.
///
/// # Safety
/// It came from `allocate`, and nobody refers to it.
#[inline]
pub(super) unsafe fn free<T: Native>(object: *mut ffi::PyObject) {
    // SAFETY: says the caller.
    unsafe {
        if T::COLLECTED {
            ffi::PyObject_GC_Del(object.cast());
        } else {
            ffi::PyObject_Free(object.cast());
        }
    }
}
