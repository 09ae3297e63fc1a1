//! Functions, methods and properties that CPython calls.
//!
//! Each is a type without data that implements a trait of these; the generic function around it, which is what CPython
//! calls, is the only unsafe part. The table entry of a method says in its type of which class it is, so it can't be put
//! into the table of another. Panics do not cross into C: they are raised as errors.

use super::args::{Args, arguments};
use super::class::{Instance, Native};
use super::error::{self, Kind};
use super::object::{Borrowed, Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// What a function of a module does, or a method of a class itself.
pub(crate) trait Function {
    /// Its name, and a documentation that starts with its signature as `inspect` wants it.
    const NAME: &'static CStr;
    const DOC: &'static CStr;
    /// `this`: the module, or the class.
    fn call<'py>(py: Python<'py>, this: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>>;
}

/// What a method does.
pub(crate) trait Method {
    /// The class that it is a method of.
    type Of: Native;
    /// As for a function.
    const NAME: &'static CStr;
    const DOC: &'static CStr;
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self::Of>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>>;
}

/// A property. `set` raises unless it is overridden.
pub(crate) trait Property {
    /// The class that it is a property of.
    type Of: Native;
    const NAME: &'static CStr;
    const DOC: &'static CStr;
    const SETTABLE: bool = false;
    fn get<'py>(py: Python<'py>, this: &Instance<'py, Self::Of>) -> PyResult<Object<'py>>;
    fn set<'py>(
        py: Python<'py>,
        _this: &Instance<'py, Self::Of>,
        _value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        Err(error::raise(py, Kind::Attribute, "this attribute cannot be assigned"))
    }
}

/// The table entry of a function of a module.
pub(crate) struct FunctionDef(ffi::PyMethodDef);

/// The table entry of a method of the class of `T`.
pub(crate) struct MethodDef<T>(pub(super) ffi::PyMethodDef, PhantomData<T>);

/// The table entry of a property of the class of `T`.
pub(crate) struct PropertyDef<T>(pub(super) ffi::PyGetSetDef, PhantomData<T>);

/// The table entry of a function of a module.
pub(crate) fn function<F: Function>() -> FunctionDef {
    FunctionDef(entry(F::NAME, F::DOC, called_function::<F>, 0))
}

/// The table entry of a method of a class itself.
pub(crate) fn class_method<T: Native, F: Function>() -> MethodDef<T> {
    MethodDef(entry(F::NAME, F::DOC, called_function::<F>, ffi::METH_CLASS), PhantomData)
}

/// The table entry of a method.
pub(crate) fn method<M: Method>() -> MethodDef<M::Of> {
    MethodDef(entry(M::NAME, M::DOC, called_method::<M>, 0), PhantomData)
}

/// The table entry of a property.
pub(crate) fn property<P: Property>() -> PropertyDef<P::Of> {
    let entry = ffi::PyGetSetDef {
        name: P::NAME.as_ptr(),
        get: Some(get::<P>),
        set: if P::SETTABLE { Some(set::<P>) } else { None },
        doc: P::DOC.as_ptr(),
        closure: ptr::null_mut(),
    };
    PropertyDef(entry, PhantomData)
}

/// A table of functions for a module, for as long as the process lives.
pub(super) fn table(defs: Vec<FunctionDef>) -> *mut ffi::PyMethodDef {
    let mut table: Vec<ffi::PyMethodDef> = defs.into_iter().map(|def| def.0).collect();
    table.push(ffi::PyMethodDef::zeroed());
    Box::leak(table.into_boxed_slice()).as_mut_ptr()
}

fn entry(
    name: &'static CStr,
    doc: &'static CStr,
    // Under both names that pyo3-ffi has had for it.
    function: ffi::PyCFunctionFastWithKeywords,
    kind: c_int,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS | kind,
        ml_doc: doc.as_ptr(),
    }
}

/// Unwinds where bocpy is used in an interpreter that it has left, because that is about to end.
pub(crate) struct Ended;

/// Runs `f` for CPython: a panic becomes an error.
pub(super) fn guard<'py, R>(py: Python<'py>, failed: R, f: impl FnOnce() -> PyResult<R>) -> R {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(result)) => result,
        Ok(Err(Raised)) => failed,
        Err(ended) if ended.is::<Ended>() => {
            let message = "bocpy cannot be used here any more: this interpreter is ending. It was a worker's, and wait() has \
                           stopped the workers; this is code that runs after that, such as a finalizer";
            error::raise(py, Kind::Runtime, message);
            failed
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            let message = format!("internal error in bocpy, please report it: {text}");
            error::raise(py, Kind::Runtime, &message);
            failed
        }
    }
}

/// # Safety
/// Called by CPython, attached, with `count` arguments and as many more as there are names; the caller owns the references.
#[inline(always)]
unsafe fn called(
    this: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
    f: impl for<'py> FnOnce(Python<'py>, &Object<'py>, Args<'_, 'py>) -> PyResult<Object<'py>>,
) -> *mut ffi::PyObject {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            let args = arguments(py, args, count as usize, names);
            Ok(f(py, &Borrowed::new(py, this), args)?.into_ptr())
        })
    }
}

unsafe extern "C" fn called_function<F: Function>(
    this: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this so, with the module or the class.
    unsafe { called(this, args, count, names, F::call) }
}

unsafe extern "C" fn called_method<M: Method>(
    this: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above. It is only in the table of the class of `M::Of`, so CPython ensures that `this` is an instance.
    unsafe { called(this, args, count, names, |py, this, args| M::call(py, Instance::assume(this), args)) }
}

pub(super) unsafe extern "C" fn get<P: Property>(
    this: *mut ffi::PyObject,
    _: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance of the class of `P::Of`.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || Ok(P::get(py, Instance::assume(&Borrowed::new(py, this)))?.into_ptr()))
    }
}

pub(super) unsafe extern "C" fn set<P: Property>(
    this: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    // SAFETY: as above, with a value or null (`del`).
    unsafe {
        let py = Python::assume();
        guard(py, -1, || {
            let value = (!value.is_null()).then(|| Borrowed::new(py, value));
            P::set(py, Instance::assume(&Borrowed::new(py, this)), value.as_deref())?;
            Ok(0)
        })
    }
}
