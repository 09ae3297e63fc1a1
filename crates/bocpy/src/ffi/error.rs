//! Raising and taking Python's errors.

use super::object::{Object, Python};
use super::text;
use pyo3_ffi as ffi;

/// A Python error has been raised, and waits in the thread state.
#[derive(Debug)]
pub(crate) struct Raised;

/// What may raise.
pub(crate) type PyResult<T> = Result<T, Raised>;

macro_rules! kinds {
    ($($name:ident = $symbol:ident),+ $(,)?) => {
        /// The kinds of errors that we raise.
        #[derive(Clone, Copy)]
        pub(crate) enum Kind { $($name),+ }

        impl Kind {
            fn class(self) -> *mut ffi::PyObject {
                // SAFETY: these are set once when Python starts, and shared by all its interpreters.
                unsafe { match self { $(Kind::$name => ffi::$symbol),+ } }
            }
        }
    };
}

kinds! {
    Type = PyExc_TypeError,
    Value = PyExc_ValueError,
    Runtime = PyExc_RuntimeError,
    Timeout = PyExc_TimeoutError,
    Name = PyExc_NameError,
    Import = PyExc_ImportError,
    Recursion = PyExc_RecursionError,
    Memory = PyExc_MemoryError,
    Attribute = PyExc_AttributeError,
    Key = PyExc_KeyError,
    Index = PyExc_IndexError,
    Overflow = PyExc_OverflowError,
    Buffer = PyExc_BufferError,
    KeyboardInterrupt = PyExc_KeyboardInterrupt,
    Exception = PyExc_Exception,
}

/// Raises an error with that message.
pub(crate) fn raise(py: Python<'_>, kind: Kind, message: &str) -> Raised {
    if let Ok(message) = text::string(py, message) {
        // SAFETY: an exception class and a string.
        unsafe { ffi::PyErr_SetObject(kind.class(), message.as_ptr()) };
    }
    Raised
}

/// Raises an error about that object: a `KeyError` for a key.
pub(crate) fn raise_with(_py: Python<'_>, kind: Kind, about: &Object<'_>) -> Raised {
    // SAFETY: an exception class and a live object.
    unsafe { ffi::PyErr_SetObject(kind.class(), about.as_ptr()) };
    Raised
}

/// Raises an error of that class.
pub(crate) fn raise_of(class: &Object<'_>, message: &str) -> Raised {
    if let Ok(message) = text::string(class.py(), message) {
        // SAFETY: a live object, which CPython looks at, and a string.
        unsafe { ffi::PyErr_SetObject(class.as_ptr(), message.as_ptr()) };
    }
    Raised
}

/// Raises an error with the one that is there now as its cause.
pub(crate) fn raise_from(py: Python<'_>, kind: Kind, message: &str) -> Raised {
    let cause = take(py);
    let raised = raise(py, kind, message);
    let (Some(cause), Some(error)) = (cause, take(py)) else { return raised };
    // SAFETY: both are exceptions; the setters take over a reference each.
    unsafe {
        ffi::PyException_SetContext(error.as_ptr(), cause.clone().into_ptr());
        ffi::PyException_SetCause(error.as_ptr(), cause.into_ptr());
    }
    restore(error)
}

/// Raises what CPython does where a function gets an object of another kind than it takes.
#[cold]
pub(crate) fn bad_call(_py: Python<'_>) -> Raised {
    // SAFETY: attached.
    unsafe { ffi::PyErr_BadInternalCall() };
    Raised
}

/// Raises that exception.
pub(crate) fn raise_object(exception: &Object<'_>) -> Raised {
    // SAFETY: an exception and its class.
    unsafe { ffi::PyErr_SetObject(exception.class().as_ptr(), exception.as_ptr()) };
    Raised
}

/// Takes the error that has been raised, with its traceback.
pub(crate) fn take(py: Python<'_>) -> Option<Object<'_>> {
    #[cfg(Py_3_12)]
    // SAFETY: gives a new reference or null.
    unsafe {
        Object::owned(py, ffi::PyErr_GetRaisedException()).ok()
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: fetches new references or nulls, all of which are taken over.
    unsafe {
        use std::ptr;
        let (mut class, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut trace);
        if class.is_null() {
            return None;
        }
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut trace);
        let _class = Object::owned(py, class);
        let value = Object::owned(py, value).ok()?;
        if let Ok(trace) = Object::owned(py, trace) {
            ffi::PyException_SetTraceback(value.as_ptr(), trace.as_ptr());
        }
        Some(value)
    }
}

/// Raises an error again that was taken.
pub(crate) fn restore(error: Object<'_>) -> Raised {
    #[cfg(Py_3_12)]
    // SAFETY: an exception, whose reference is taken over.
    unsafe {
        ffi::PyErr_SetRaisedException(error.into_ptr());
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: as above, in three parts.
    unsafe {
        let class = error.class().into_ptr();
        let trace = ffi::PyException_GetTraceback(error.as_ptr());
        ffi::PyErr_Restore(class, error.into_ptr(), trace);
    }
    Raised
}

/// Forgets the error that has been raised, if any.
pub(crate) fn clear(_py: Python<'_>) {
    // SAFETY: attached.
    unsafe { ffi::PyErr_Clear() }
}

/// Whether the error that has been raised is of that kind.
pub(crate) fn is(_py: Python<'_>, kind: Kind) -> bool {
    // SAFETY: attached; an exception class.
    unsafe { !ffi::PyErr_Occurred().is_null() && ffi::PyErr_ExceptionMatches(kind.class()) != 0 }
}

/// Whether that exception is of that kind.
pub(crate) fn is_kind(exception: &Object<'_>, kind: Kind) -> bool {
    // SAFETY: an object and an exception class.
    unsafe { ffi::PyErr_GivenExceptionMatches(exception.as_ptr(), kind.class()) != 0 }
}

/// Runs `f` with the error that is there now put aside.
#[inline]
pub(crate) fn aside<R>(py: Python<'_>, f: impl FnOnce() -> R) -> R {
    // SAFETY: attached.
    if unsafe { ffi::PyErr_Occurred().is_null() } {
        return f();
    }
    let error = take(py);
    let result = f();
    if let Some(error) = error {
        restore(error);
    }
    result
}

/// Prints the error that has been raised, where nobody could catch it: in something that was called by `by`.
pub(crate) fn print_unraisable(_py: Python<'_>, by: &Object<'_>) {
    // SAFETY: attached, with an error set and a live object.
    unsafe { ffi::PyErr_WriteUnraisable(by.as_ptr()) }
}

/// The error that has been raised in one line, `TypeError: what was wrong`; it is taken.
pub(crate) fn describe(py: Python<'_>) -> String {
    take(py).map_or_else(|| "unknown error".into(), |error| describe_object(&error))
}

/// The same for an exception that is at hand.
pub(crate) fn describe_object(error: &Object<'_>) -> String {
    let text = error.str().ok().and_then(|text| text.to_str().map(str::to_owned));
    clear(error.py());
    match text {
        Some(text) if !text.is_empty() => format!("{}: {text}", error.class_name()),
        _ => error.class_name(),
    }
}

/// Runs what signals ask for: Ctrl-C raises `KeyboardInterrupt` here.
pub(crate) fn check_signals(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: attached.
    match unsafe { ffi::PyErr_CheckSignals() } {
        0 => Ok(()),
        _ => Err(Raised),
    }
}
