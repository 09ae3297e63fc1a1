//! The token of an attached thread, and references to objects.

use super::error::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::ptr::{self, NonNull};

/// Proof that this thread is attached to an interpreter for as long as `'py`. Not `Send`.
#[derive(Clone, Copy)]
pub(crate) struct Python<'py>(PhantomData<(&'py (), *mut ())>);

impl<'py> Python<'py> {
    /// # Safety
    /// The thread stays attached for `'py`.
    pub(crate) unsafe fn assume() -> Self {
        Python(PhantomData)
    }

    pub(crate) fn none(self) -> Object<'py> {
        // SAFETY: `None` is immortal or counted like anything else.
        unsafe { Object::new_ref(self, ffi::Py_None()) }
    }

    pub(crate) fn ellipsis(self) -> Object<'py> {
        // SAFETY: as `None`.
        unsafe { Object::new_ref(self, ffi::Py_Ellipsis()) }
    }

    pub(crate) fn not_implemented(self) -> Object<'py> {
        // SAFETY: as `None`.
        unsafe { Object::new_ref(self, ffi::Py_NotImplemented()) }
    }
}

/// An owned reference to a Python object of the interpreter that this thread is attached to.
#[repr(transparent)]
pub(crate) struct Object<'py>(NonNull<ffi::PyObject>, PhantomData<Python<'py>>);

/// A reference that somebody else owns for as long as `'a`, to an object of kind `T`.
#[repr(transparent)]
pub(crate) struct Borrowed<'a, 'py, T = Object<'py>>(ManuallyDrop<T>, PhantomData<(&'a (), Python<'py>)>);

impl<T> Deref for Borrowed<'_, '_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'a, 'py> Borrowed<'a, 'py> {
    pub(crate) fn of(object: &'a Object<'py>) -> Self {
        // SAFETY: alive while it is borrowed.
        unsafe { Borrowed::new(object.py(), object.as_ptr()) }
    }

    /// The same object, of a kind that the caller knows.
    ///
    /// # Safety
    /// `T` is a type that `kind!` has defined, and the object is of that kind.
    pub(super) unsafe fn assume<T: Deref<Target = Object<'py>>>(self) -> Borrowed<'a, 'py, T> {
        // SAFETY: laid out as an `Object`, says the caller.
        Borrowed(ManuallyDrop::new(unsafe { mem::transmute_copy(&self.0) }), PhantomData)
    }

    /// # Safety
    /// `object` is a live object of this interpreter, and stays so for `'a`.
    pub(crate) unsafe fn new(_py: Python<'py>, object: *mut ffi::PyObject) -> Self {
        // SAFETY: not null, as the caller guarantees.
        Borrowed(
            ManuallyDrop::new(Object(unsafe { NonNull::new_unchecked(object) }, PhantomData)),
            PhantomData,
        )
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        // SAFETY: we own one reference, and the thread is attached.
        unsafe { ffi::Py_DECREF(self.as_ptr()) }
    }
}

impl Clone for Object<'_> {
    fn clone(&self) -> Self {
        // SAFETY: alive while `self` is.
        unsafe { ffi::Py_INCREF(self.as_ptr()) };
        Object(self.0, PhantomData)
    }
}

impl<'py> Object<'py> {
    /// Takes over a new reference; null is an error that has been raised.
    ///
    /// # Safety
    /// `object` is null with an error set, or a reference that nobody else gives up.
    pub(crate) unsafe fn owned(_py: Python<'py>, object: *mut ffi::PyObject) -> PyResult<Self> {
        NonNull::new(object).map(|object| Object(object, PhantomData)).ok_or(Raised)
    }

    /// Counts a borrowed reference.
    ///
    /// # Safety
    /// `object` is a live object of this interpreter.
    pub(crate) unsafe fn new_ref(_py: Python<'py>, object: *mut ffi::PyObject) -> Self {
        // SAFETY: guaranteed by the caller.
        unsafe {
            ffi::Py_INCREF(object);
            Object(NonNull::new_unchecked(object), PhantomData)
        }
    }

    pub(crate) fn py(&self) -> Python<'py> {
        Python(PhantomData)
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    pub(crate) fn into_ptr(self) -> *mut ffi::PyObject {
        ManuallyDrop::new(self).as_ptr()
    }

    pub(crate) fn is_none(&self) -> bool {
        // SAFETY: compares addresses.
        unsafe { self.as_ptr() == ffi::Py_None() }
    }

    /// The object's type.
    pub(crate) fn class(&self) -> Object<'py> {
        // SAFETY: an object keeps its type alive.
        unsafe { Object::new_ref(self.py(), ffi::Py_TYPE(self.as_ptr()).cast()) }
    }

    /// The name of the object's type, as one would write it: `dict`, `decimal.Decimal`.
    pub(crate) fn class_name(&self) -> String {
        match self.class().names() {
            (Some(module), name) if module != "__main__" => format!("{module}.{name}"),
            (_, name) => name,
        }
    }

    /// Of a class: the module that it is in, if it is no builtin one, and its name there.
    pub(crate) fn names(&self) -> (Option<String>, String) {
        let part = |name| {
            let part = self.getattr(name).ok().and_then(|part| part.to_str().map(str::to_owned));
            super::error::clear(self.py());
            part
        };
        let module = part(c"__module__").filter(|module| module != "builtins");
        (module, part(c"__qualname__").unwrap_or_else(|| "?".into()))
    }

    pub(crate) fn getattr(&self, name: &CStr) -> PyResult<Object<'py>> {
        // SAFETY: a live object and a C string.
        unsafe { Object::owned(self.py(), ffi::PyObject_GetAttrString(self.as_ptr(), name.as_ptr())) }
    }

    /// The attribute, or `None` (Rust's) where there is none.
    pub(crate) fn getattr_opt(&self, name: &CStr) -> PyResult<Option<Object<'py>>> {
        match self.getattr(name) {
            Ok(value) => Ok(Some(value)),
            // SAFETY: asks for the kind of the error that has been raised.
            Err(Raised) if unsafe { ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) } != 0 => {
                super::error::clear(self.py());
                Ok(None)
            }
            Err(Raised) => Err(Raised),
        }
    }

    pub(crate) fn setattr(&self, name: &CStr, value: &Object<'_>) -> PyResult<()> {
        // SAFETY: live objects and a C string.
        match unsafe { ffi::PyObject_SetAttrString(self.as_ptr(), name.as_ptr(), value.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// Calls the object with positional arguments.
    pub(crate) fn call(&self, args: &[&Object<'py>]) -> PyResult<Object<'py>> {
        let args: smallvec::SmallVec<[*mut ffi::PyObject; 8]> = args.iter().map(|arg| arg.as_ptr()).collect();
        // SAFETY: live objects, as many as we say.
        unsafe {
            let result = ffi::PyObject_Vectorcall(self.as_ptr(), args.as_ptr(), args.len(), ptr::null_mut());
            Object::owned(self.py(), result)
        }
    }

    /// Calls the object with positional arguments, and one by name.
    pub(crate) fn call_with_keyword(
        &self,
        args: &[&Object<'py>],
        name: &CStr,
        value: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        let name = super::text::intern(self.py(), name.to_str().unwrap_or_default())?;
        let names = super::Tuple::new(self.py(), vec![name])?;
        let values: smallvec::SmallVec<[*mut ffi::PyObject; 8]> =
            args.iter().chain([&value]).map(|arg| arg.as_ptr()).collect();
        // SAFETY: live objects, as many as we say, and one more for the name.
        unsafe {
            let result = ffi::PyObject_Vectorcall(self.as_ptr(), values.as_ptr(), args.len(), names.as_ptr());
            Object::owned(self.py(), result)
        }
    }

    /// Calls the object with positional arguments that somebody else has laid out.
    pub(crate) fn call_slice(&self, args: &[Object<'py>]) -> PyResult<Object<'py>> {
        // SAFETY: an `Object` is a pointer to a live object; as many as we say.
        unsafe {
            let result =
                ffi::PyObject_Vectorcall(self.as_ptr(), args.as_ptr().cast(), args.len(), ptr::null_mut());
            Object::owned(self.py(), result)
        }
    }

    /// Calls a method of the object with positional arguments.
    pub(crate) fn call_method(&self, name: &CStr, args: &[&Object<'py>]) -> PyResult<Object<'py>> {
        self.getattr(name)?.call(args)
    }

    pub(crate) fn repr(&self) -> PyResult<Object<'py>> {
        // SAFETY: a live object.
        unsafe { Object::owned(self.py(), ffi::PyObject_Repr(self.as_ptr())) }
    }

    pub(crate) fn str(&self) -> PyResult<Object<'py>> {
        // SAFETY: a live object.
        unsafe { Object::owned(self.py(), ffi::PyObject_Str(self.as_ptr())) }
    }

    pub(crate) fn is_true(&self) -> PyResult<bool> {
        // SAFETY: a live object.
        match unsafe { ffi::PyObject_IsTrue(self.as_ptr()) } {
            -1 => Err(Raised),
            truth => Ok(truth != 0),
        }
    }

    /// As by `==`.
    pub(crate) fn equals(&self, other: &Object<'_>) -> PyResult<bool> {
        // SAFETY: live objects.
        match unsafe { ffi::PyObject_RichCompareBool(self.as_ptr(), other.as_ptr(), ffi::Py_EQ) } {
            -1 => Err(Raised),
            equal => Ok(equal != 0),
        }
    }

    pub(crate) fn is_callable(&self) -> bool {
        // SAFETY: a live object.
        unsafe { ffi::PyCallable_Check(self.as_ptr()) != 0 }
    }

    pub(crate) fn is_exception(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyExceptionInstance_Check(self.as_ptr()) != 0 }
    }
}

impl Object<'_> {
    pub(crate) fn is_class(&self) -> bool {
        // SAFETY: reads the type's flags.
        unsafe { ffi::PyType_Check(self.as_ptr()) != 0 }
    }
}
