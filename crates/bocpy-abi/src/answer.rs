//! What functions in Rust may return to Python.

use crate::attached::Attached;
use crate::class::new_object;
use crate::error::Error;
use crate::movable::Movable;
use crate::object::Owned;
use pyo3_ffi as ffi;

/// A type that functions in Rust may return.
///
/// | in Rust | in Python |
/// |---|---|
/// | `()` | None |
/// | `bool`, `i64`, `u64`, `usize`, `f64` | bool, int, float |
/// | `String`, `&'static str` | str |
/// | [`Bytes`] | bytes |
/// | `Vec<A>` | a list of those |
/// | `(A, B)`, `(A, B, C)` | a tuple of those |
/// | `Option<A>` | as `A`, or None |
/// | `Result<A, Error>` | as `A`, or the exception |
/// | a [`Movable`] | a new object of its class, which has the data |
/// | [`Owned`] | the object |
pub trait Answer {
    /// The object.
    ///
    /// # Errors
    ///
    /// There is none, for example because there is no memory.
    fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error>;
}

/// Bytes that a function returns to Python as a `bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(
    /// The bytes.
    pub Vec<u8>,
);

/// What a function of Python's has returned.
///
/// # Safety
///
/// It is a new reference, or null if an exception is set; and the thread is attached.
unsafe fn returned(object: *mut ffi::PyObject) -> Result<Owned, Error> {
    // SAFETY: as the caller promises.
    if object.is_null() { Err(Error::Raised) } else { Ok(unsafe { Owned::new(object) }) }
}

macro_rules! plain {
    ($($type:ty, $value:ident => $object:expr;)*) => {$(
        impl Answer for $type {
            fn into_python(self, _: Attached<'_>) -> Result<Owned, Error> {
                let $value = self;
                // SAFETY: attached; it returns a new reference, or null with an exception.
                unsafe { returned($object) }
            }
        }
    )*};
}

plain! {
    bool, value => ffi::PyBool_FromLong(value.into());
    i64, value => ffi::PyLong_FromLongLong(value);
    u64, value => ffi::PyLong_FromUnsignedLongLong(value);
    usize, value => ffi::PyLong_FromSize_t(value);
    f64, value => ffi::PyFloat_FromDouble(value);
    &'static str, text => ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len().cast_signed());
    String, text => ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len().cast_signed());
    Bytes, bytes => ffi::PyBytes_FromStringAndSize(bytes.0.as_ptr().cast(), bytes.0.len().cast_signed());
}

impl Answer for () {
    fn into_python(self, _: Attached<'_>) -> Result<Owned, Error> {
        // SAFETY: attached; None lives as long as Python.
        Ok(unsafe { Owned::new(ffi::Py_NewRef(ffi::Py_None())) })
    }
}

impl Answer for Owned {
    fn into_python(self, _: Attached<'_>) -> Result<Owned, Error> {
        Ok(self)
    }
}

impl<T: Movable> Answer for T {
    fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error> {
        new_object(self, attached)
    }
}

impl<A: Answer> Answer for Option<A> {
    fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error> {
        match self {
            Some(answer) => answer.into_python(attached),
            None => ().into_python(attached),
        }
    }
}

impl<A: Answer> Answer for Result<A, Error> {
    fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error> {
        self?.into_python(attached)
    }
}

impl<A: Answer> Answer for Vec<A> {
    fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error> {
        // SAFETY: attached; each place of the new list is filled once. Those that are not filled, after an error, are null,
        // which lists are able to drop.
        unsafe {
            let list = returned(ffi::PyList_New(self.len().cast_signed()))?;
            let object = list.into_ptr();
            let whole = Owned::new(object);
            for (place, answer) in self.into_iter().enumerate() {
                ffi::PyList_SetItem(object, place.cast_signed(), answer.into_python(attached)?.into_ptr());
            }
            Ok(whole)
        }
    }
}

macro_rules! tuple {
    ($size:literal, $($answer:ident $place:tt),*) => {
        impl<$($answer: Answer),*> Answer for ($($answer,)*) {
            fn into_python(self, attached: Attached<'_>) -> Result<Owned, Error> {
                // SAFETY: attached; each place of the new tuple is filled once, or is null, which tuples are able to drop.
                unsafe {
                    let object = returned(ffi::PyTuple_New($size))?.into_ptr();
                    let whole = Owned::new(object);
                    $(ffi::PyTuple_SetItem(object, $place, self.$place.into_python(attached)?.into_ptr());)*
                    Ok(whole)
                }
            }
        }
    };
}

tuple!(2, A 0, B 1);
tuple!(3, A 0, B 1, C 2);
