//! Errors, by the names that Python has for them.

use pyo3_ffi as ffi;
use std::fmt;

/// Why something failed: which of Python's exceptions is raised, and what it says.
///
/// ```no_run
/// use bocpy_abi::Error;
///
/// fn mean(values: &[f64]) -> Result<f64, Error> {
///     if values.is_empty() {
///         return Err(Error::Value("there are no values, so they have no mean".into()));
///     }
///     Ok(values.iter().sum::<f64>() / values.len() as f64)
/// }
/// assert_eq!(mean(&[]).unwrap_err().to_string(), "ValueError: there are no values, so they have no mean");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// `TypeError`
    Type(String),
    /// `ValueError`
    Value(String),
    /// `IndexError`
    Index(String),
    /// `KeyError`
    Key(String),
    /// `AttributeError`
    Attribute(String),
    /// `OverflowError`
    Overflow(String),
    /// `RuntimeError`
    Runtime(String),
    /// `OSError`
    Os(String),
    /// `ImportError`
    Import(String),
    /// `NotImplementedError`
    NotImplemented(String),
    /// `MemoryError`
    Memory(String),
    /// The exception that is set in this thread already, by a function of Python's that has failed.
    Raised,
}

impl Error {
    /// The name of the exception, and what it says.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Error::Type(text) => ("TypeError", text),
            Error::Value(text) => ("ValueError", text),
            Error::Index(text) => ("IndexError", text),
            Error::Key(text) => ("KeyError", text),
            Error::Attribute(text) => ("AttributeError", text),
            Error::Overflow(text) => ("OverflowError", text),
            Error::Runtime(text) => ("RuntimeError", text),
            Error::Os(text) => ("OSError", text),
            Error::Import(text) => ("ImportError", text),
            Error::NotImplemented(text) => ("NotImplementedError", text),
            Error::Memory(text) => ("MemoryError", text),
            Error::Raised => ("SystemError", "a function failed, and no exception is set that says why"),
        }
    }

    /// Sets the exception.
    ///
    /// # Safety
    ///
    /// The thread is attached to an interpreter.
    pub(crate) unsafe fn raise(&self) {
        // SAFETY: attached, as the caller promises; the names of exceptions are CPython's, and never change.
        unsafe {
            if *self == Error::Raised && !ffi::PyErr_Occurred().is_null() {
                return;
            }
            let class = match self {
                Error::Type(_) => ffi::PyExc_TypeError,
                Error::Value(_) => ffi::PyExc_ValueError,
                Error::Index(_) => ffi::PyExc_IndexError,
                Error::Key(_) => ffi::PyExc_KeyError,
                Error::Attribute(_) => ffi::PyExc_AttributeError,
                Error::Overflow(_) => ffi::PyExc_OverflowError,
                Error::Runtime(_) => ffi::PyExc_RuntimeError,
                Error::Os(_) => ffi::PyExc_OSError,
                Error::Import(_) => ffi::PyExc_ImportError,
                Error::NotImplemented(_) => ffi::PyExc_NotImplementedError,
                Error::Memory(_) => ffi::PyExc_MemoryError,
                Error::Raised => ffi::PyExc_SystemError,
            };
            let (_, text) = self.parts();
            let said = ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t);
            if !said.is_null() {
                ffi::PyErr_SetObject(class, said);
                ffi::Py_DECREF(said);
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, text) = self.parts();
        write!(formatter, "{name}: {text}")
    }
}

impl std::error::Error for Error {}
