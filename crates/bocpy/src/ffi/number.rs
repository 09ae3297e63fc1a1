//! Ints, floats and bools.

use super::kind::kind;
use super::object::{Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;

kind!(
    /// An `int`, or an instance of a subclass.
    Int, as_int if is_int_like, as_exact_int if is_int
);

kind!(
    /// Exactly a `complex`.
    Complex
);

pub(crate) fn boolean(py: Python<'_>, value: bool) -> Object<'_> {
    // SAFETY: both are singletons.
    unsafe { Object::new_ref(py, if value { ffi::Py_True() } else { ffi::Py_False() }) }
}

pub(crate) fn int(py: Python<'_>, value: i64) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyLong_FromLongLong(value)) }
}

pub(crate) fn uint(py: Python<'_>, value: u64) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyLong_FromUnsignedLongLong(value)) }
}

pub(crate) fn float(py: Python<'_>, value: f64) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyFloat_FromDouble(value)) }
}

impl Object<'_> {
    pub(crate) fn is_bool(&self) -> bool {
        // SAFETY: compares addresses.
        unsafe { self.as_ptr() == ffi::Py_True() || self.as_ptr() == ffi::Py_False() }
    }

    pub(crate) fn is_exact_true(&self) -> bool {
        // SAFETY: compares addresses.
        unsafe { self.as_ptr() == ffi::Py_True() }
    }

    /// Exactly an `int`, no subclass.
    pub(crate) fn is_int(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyLong_CheckExact(self.as_ptr()) != 0 }
    }

    pub(crate) fn is_int_like(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyLong_Check(self.as_ptr()) != 0 }
    }

    /// Exactly a `float`, no subclass.
    pub(crate) fn is_float(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyFloat_CheckExact(self.as_ptr()) != 0 }
    }

    /// An index, by `__index__`. Raises `OverflowError` for what does not fit into a machine word.
    pub(crate) fn to_index(&self) -> PyResult<isize> {
        // SAFETY: a live object and an exception class.
        let value = unsafe { ffi::PyNumber_AsSsize_t(self.as_ptr(), ffi::PyExc_OverflowError) };
        // SAFETY: attached.
        if value == -1 && unsafe { !ffi::PyErr_Occurred().is_null() } {
            return Err(Raised);
        }
        Ok(value)
    }

    /// Whether it has `__index__`, as ints have.
    pub(crate) fn is_index(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyIndex_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a number as a float can be made of: it has `__float__` or `__index__`.
    pub(crate) fn is_real_like(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyNumber_Check(self.as_ptr()) != 0 }
    }

    /// An instance of `float` or a subclass.
    pub(crate) fn is_float_like(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyFloat_Check(self.as_ptr()) != 0 }
    }

    /// A number as a float, by `__float__`.
    pub(crate) fn to_f64(&self) -> PyResult<f64> {
        // SAFETY: a live object.
        let value = unsafe { ffi::PyFloat_AsDouble(self.as_ptr()) };
        // SAFETY: attached.
        if value == -1.0 && unsafe { !ffi::PyErr_Occurred().is_null() } {
            return Err(Raised);
        }
        Ok(value)
    }
}

pub(crate) fn complex(py: Python<'_>, real: f64, imaginary: f64) -> PyResult<Object<'_>> {
    // SAFETY: a new reference.
    unsafe { Object::owned(py, ffi::PyComplex_FromDoubles(real, imaginary)) }
}

/// The parts of a number as a complex, by `__complex__` or `__float__`.
pub(crate) fn to_complex(object: &Object<'_>) -> PyResult<(f64, f64)> {
    // SAFETY: a live object.
    let value = unsafe { ffi::PyComplex_AsCComplex(object.as_ptr()) };
    // SAFETY: attached.
    if value.real == -1.0 && unsafe { !ffi::PyErr_Occurred().is_null() } {
        return Err(Raised);
    }
    Ok((value.real, value.imag))
}

/// What an object stands for as an int, by `__index__`.
pub(crate) fn index<'py>(object: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a live object.
    unsafe { Object::owned(object.py(), ffi::PyNumber_Index(object.as_ptr())) }
}

/// An int of any size, written in hexadecimal.
pub(crate) fn from_hex<'py>(py: Python<'py>, text: &std::ffi::CStr) -> PyResult<Object<'py>> {
    // SAFETY: a C string; nobody asks where it ended.
    unsafe { Object::owned(py, ffi::PyLong_FromString(text.as_ptr(), std::ptr::null_mut(), 16)) }
}

impl<'py> Int<'py> {
    /// Its value, where it fits.
    pub(crate) fn to_i64(&self) -> Option<i64> {
        let mut overflow = 0;
        // SAFETY: an int; with those, no error is possible.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(self.as_ptr(), &mut overflow) };
        (overflow == 0).then_some(value)
    }

    /// The same without a sign.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        // SAFETY: an int.
        let value = unsafe { ffi::PyLong_AsUnsignedLongLong(self.as_ptr()) };
        // SAFETY: attached.
        if value == u64::MAX && unsafe { !ffi::PyErr_Occurred().is_null() } {
            super::error::clear(self.py());
            return None;
        }
        Some(value)
    }

    /// Its lowest 64 bits, of a negative one in two's complement.
    pub(crate) fn to_wrapped_u64(&self) -> PyResult<u64> {
        // SAFETY: an int.
        let value = unsafe { ffi::PyLong_AsUnsignedLongLongMask(self.as_ptr()) };
        // SAFETY: attached.
        if value == u64::MAX && unsafe { !ffi::PyErr_Occurred().is_null() } {
            return Err(Raised);
        }
        Ok(value)
    }

    /// In hexadecimal: a form that takes no longer than the int is long.
    pub(crate) fn to_hex(&self) -> PyResult<Object<'py>> {
        // SAFETY: an int.
        unsafe { Object::owned(self.py(), ffi::PyNumber_ToBase(self.as_ptr(), 16)) }
    }
}

impl Complex<'_> {
    /// Its two parts.
    pub(crate) fn parts(&self) -> (f64, f64) {
        // SAFETY: a complex.
        unsafe { (ffi::PyComplex_RealAsDouble(self.as_ptr()), ffi::PyComplex_ImagAsDouble(self.as_ptr())) }
    }
}
