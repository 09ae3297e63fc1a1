//! Which of Python's own types an object is of.

use super::buffer::ByteArray;
use super::kind::assume;
use super::number::{Complex, Int};
use super::object::Object;
use super::text::Str;
use super::{Dict, List, Tuple};
use pyo3_ffi as ffi;

/// A builtin type; exactly that, no subclass. With the object, where its type has methods for it.
#[derive(Clone, Copy)]
pub(crate) enum Builtin<'a, 'py> {
    None,
    Bool,
    Int(&'a Int<'py>),
    Float,
    Complex(&'a Complex<'py>),
    Str(&'a Str<'py>),
    Bytes,
    ByteArray(&'a ByteArray<'py>),
    Tuple(&'a Tuple<'py>),
    List(&'a List<'py>),
    Dict(&'a Dict<'py>),
    Set,
    FrozenSet,
    MemoryView,
}

impl<'py> Object<'py> {
    /// The builtin type that the object is of, if it is one of those.
    #[inline]
    pub(crate) fn builtin(&self) -> Option<Builtin<'_, 'py>> {
        // SAFETY: a live object has a type; types are compared by address. What is assumed has just been asked.
        unsafe {
            let class = ffi::Py_TYPE(self.as_ptr());
            let is = |other: *mut ffi::PyTypeObject| class == other;
            Some(if is(&raw mut ffi::PyLong_Type) {
                Builtin::Int(assume(self))
            } else if is(&raw mut ffi::PyFloat_Type) {
                Builtin::Float
            } else if is(&raw mut ffi::PyUnicode_Type) {
                Builtin::Str(assume(self))
            } else if self.is_none() {
                Builtin::None
            } else if is(&raw mut ffi::PyBool_Type) {
                Builtin::Bool
            } else if is(&raw mut ffi::PyTuple_Type) {
                Builtin::Tuple(assume(self))
            } else if is(&raw mut ffi::PyList_Type) {
                Builtin::List(assume(self))
            } else if is(&raw mut ffi::PyDict_Type) {
                Builtin::Dict(assume(self))
            } else if is(&raw mut ffi::PyBytes_Type) {
                Builtin::Bytes
            } else if is(&raw mut ffi::PySet_Type) {
                Builtin::Set
            } else if is(&raw mut ffi::PyFrozenSet_Type) {
                Builtin::FrozenSet
            } else if is(&raw mut ffi::PyByteArray_Type) {
                Builtin::ByteArray(assume(self))
            } else if is(&raw mut ffi::PyComplex_Type) {
                Builtin::Complex(assume(self))
            } else if is(&raw mut ffi::PyMemoryView_Type) {
                Builtin::MemoryView
            } else {
                return None;
            })
        }
    }

    /// Whether this is a constant of the language, or a builtin class or function of CPython: something that a program
    /// cannot change. A method of an object does not count, as the object may change.
    pub(crate) fn is_builtin_constant(&self) -> bool {
        // SAFETY: a live object has a type; types are compared by address. What a function is bound to is borrowed.
        unsafe {
            let object = self.as_ptr();
            let class = ffi::Py_TYPE(object);
            let is = |other: *mut ffi::PyTypeObject| class == other;
            if is(&raw mut ffi::PyCFunction_Type) {
                let bound_to = ffi::PyCFunction_GetSelf(object);
                return bound_to.is_null() || ffi::PyModule_Check(bound_to) != 0;
            }
            is(&raw mut ffi::PyRange_Type)
                || is(&raw mut ffi::PyType_Type)
                || object == ffi::Py_Ellipsis()
                || object == ffi::Py_NotImplemented()
        }
    }

    /// How many references to the object there are. Large for those that never go.
    #[inline]
    pub(crate) fn references(&self) -> usize {
        // SAFETY: a live object.
        unsafe { ffi::Py_REFCNT(self.as_ptr()) as usize }
    }

    /// How many items a tuple, list, dict or set has, including instances of subclasses. Zero for any other object.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        // SAFETY: of the types that are asked for, each by its own function.
        let size = unsafe {
            let object = self.as_ptr();
            if ffi::PyList_Check(object) != 0 {
                ffi::PyList_Size(object)
            } else if ffi::PyDict_Check(object) != 0 {
                ffi::PyDict_Size(object)
            } else if ffi::PyTuple_Check(object) != 0 {
                ffi::PyTuple_Size(object)
            } else if ffi::PyAnySet_Check(object) != 0 {
                ffi::PySet_Size(object)
            } else {
                0
            }
        };
        size as usize
    }

    /// The object's address.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.as_ptr().addr()
    }
}
