//! What instances of native classes have beside their value.

use super::class::Native;
use super::collect::Visitor;
use super::entries::call;
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::{mem, ptr};

/// What instances of a class have beside their value.
pub(crate) trait Extra: Sized {
    /// Whether instances can be called.
    const CALLABLE: bool;
    fn new<T: Native>() -> Self;
    /// The member by which CPython finds its part of it, and where that is in it.
    const MEMBER: Option<(&'static CStr, usize)>;
    /// Tells the collector which objects it refers to.
    fn traverse(&self, _visitor: &mut Visitor) {}
    /// Whether nothing is to be done for it when an instance goes.
    fn is_empty(&self) -> bool;
    /// # Safety
    /// It is that of `object`, which is about to go.
    unsafe fn clear(&self, object: *mut ffi::PyObject);
}

/// Instances can be weakly referenced.
#[repr(C)]
pub(crate) struct Referable {
    weak_references: *mut ffi::PyObject,
}

/// Nothing.
#[repr(C)]
pub(crate) struct Bare;

/// Instances can be called, and may refer to an object.
#[repr(C)]
pub(crate) struct Callable {
    call: Option<ffi::vectorcallfunc>,
    /// An object that the instance refers to, or null.
    pub(super) part: *mut ffi::PyObject,
}

impl Extra for Referable {
    const CALLABLE: bool = false;
    const MEMBER: Option<(&'static CStr, usize)> =
        Some((c"__weaklistoffset__", mem::offset_of!(Referable, weak_references)));

    fn new<T: Native>() -> Self {
        Referable { weak_references: ptr::null_mut() }
    }

    fn is_empty(&self) -> bool {
        self.weak_references.is_null()
    }

    unsafe fn clear(&self, object: *mut ffi::PyObject) {
        // SAFETY: an object that can be weakly referenced, says the caller.
        unsafe { ffi::PyObject_ClearWeakRefs(object) }
    }
}

impl Extra for Bare {
    const CALLABLE: bool = false;
    const MEMBER: Option<(&'static CStr, usize)> = None;

    fn new<T: Native>() -> Self {
        Bare
    }

    fn is_empty(&self) -> bool {
        true
    }

    unsafe fn clear(&self, _: *mut ffi::PyObject) {}
}

impl Extra for Callable {
    const CALLABLE: bool = true;
    const MEMBER: Option<(&'static CStr, usize)> =
        Some((c"__vectorcalloffset__", mem::offset_of!(Callable, call)));

    fn new<T: Native>() -> Self {
        Callable { call: Some(call::<T>), part: ptr::null_mut() }
    }

    fn traverse(&self, visitor: &mut Visitor) {
        visitor.visit_raw(self.part);
    }

    fn is_empty(&self) -> bool {
        self.part.is_null()
    }

    unsafe fn clear(&self, _: *mut ffi::PyObject) {
        // SAFETY: the reference was ours, and the instance is going.
        unsafe { ffi::Py_XDECREF(self.part) }
    }
}
