//! What Python's callers may pass to functions in Rust.

use crate::error::Error;
use crate::object::Object;
use pyo3_ffi as ffi;

/// Why an argument will not do. The message that is made of it names the function and the argument, too.
#[derive(Debug)]
pub enum Refused {
    /// It is of a wrong type.
    Type {
        /// What it should be, such as `a float`.
        expected: String,
        /// What it is, such as `str`.
        found: String,
    },
    /// It is of the right type, but not one that there is in Rust.
    Range {
        /// What it should be, such as `an int from 0 to 2**64 - 1`.
        expected: String,
    },
    /// The exception that is set.
    Raised,
}

/// A type that functions in Rust may have as an argument.
///
/// | in Rust | in Python |
/// |---|---|
/// | `f64` | a float, or what can become one (`__float__`, `__index__`) |
/// | `i64`, `u64`, `usize` | an int, or what can become one (`__index__`); `OverflowError` if it is out of range |
/// | `bool` | `True` or `False` |
/// | `&str`, `String` | a str |
/// | `&[u8]` | a bytes |
/// | `Vec<A>` | an iterable of those, but no str and no bytes |
/// | `Option<A>` | as `A`, or None; or it is missing, at the end |
/// | [`Another<T>`](crate::Another) | an object of that class |
/// | [`Object`] | anything |
///
/// Arguments are converted before the data of the object is touched. You can implement it for types of your own; an argument
/// that borrows from the object has a lifetime, as `&str` does, and [`Of`](Argument::Of) is the type with any other.
pub trait Argument: Sized {
    /// The same type, for an argument that lives as long as `'a`.
    type Of<'a>;

    /// What it should be, such as `a float`.
    fn expected() -> String;

    /// The argument that is given.
    ///
    /// # Errors
    ///
    /// It is something else.
    fn from_python<'a>(given: Object<'a>) -> Result<Self::Of<'a>, Refused>;

    /// The argument if none is given, for those that may be missing.
    fn missing<'a>() -> Option<Self::Of<'a>> {
        None
    }
}

pub(crate) fn wrong<'a, A: Argument>(given: Object<'a>) -> Refused {
    Refused::Type { expected: A::expected(), found: given.type_name() }
}

/// After a function of Python's has failed: a `TypeError` says that this is of a wrong type; another exception stays.
fn failed<'a, A: Argument>(given: Object<'a>) -> Refused {
    // SAFETY: attached, as there is an object.
    unsafe {
        if ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) != 0 {
            ffi::PyErr_Clear();
            wrong::<A>(given)
        } else if ffi::PyErr_ExceptionMatches(ffi::PyExc_OverflowError) != 0 {
            ffi::PyErr_Clear();
            Refused::Range { expected: A::expected() }
        } else {
            Refused::Raised
        }
    }
}

fn raised() -> bool {
    // SAFETY: only called where there is an object, so attached.
    unsafe { !ffi::PyErr_Occurred().is_null() }
}

impl Argument for f64 {
    type Of<'a> = f64;

    fn expected() -> String {
        "a float".into()
    }

    fn from_python(given: Object<'_>) -> Result<f64, Refused> {
        // SAFETY: attached, with an object that lives.
        let value = unsafe { ffi::PyFloat_AsDouble(given.as_ptr()) };
        if value == -1.0 && raised() { Err(failed::<f64>(given)) } else { Ok(value) }
    }
}

macro_rules! int {
    ($int:ty, $expected:literal, $read:path, $most:expr) => {
        impl Argument for $int {
            type Of<'a> = $int;

            fn expected() -> String {
                $expected.into()
            }

            fn from_python(given: Object<'_>) -> Result<$int, Refused> {
                // SAFETY: attached, with an object that lives; the new reference is dropped.
                let value = unsafe {
                    let int = ffi::PyNumber_Index(given.as_ptr());
                    if int.is_null() {
                        return Err(failed::<$int>(given));
                    }
                    let value = $read(int);
                    ffi::Py_DECREF(int);
                    value
                };
                if value == $most && raised() {
                    return Err(failed::<$int>(given));
                }
                <$int>::try_from(value).map_err(|_| Refused::Range { expected: <$int>::expected() })
            }
        }
    };
}

int!(i64, "an int from -2**63 to 2**63 - 1", ffi::PyLong_AsLongLong, -1);
int!(u64, "an int from 0 to 2**64 - 1", ffi::PyLong_AsUnsignedLongLong, u64::MAX);
int!(usize, "an int from 0 on, and not too large", ffi::PyLong_AsUnsignedLongLong, u64::MAX);

impl Argument for bool {
    type Of<'a> = bool;

    fn expected() -> String {
        "True or False".into()
    }

    fn from_python(given: Object<'_>) -> Result<bool, Refused> {
        // SAFETY: attached; the two objects live as long as Python.
        let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
        match given.as_ptr() {
            object if object == yes => Ok(true),
            object if object == no => Ok(false),
            _ => Err(wrong::<bool>(given)),
        }
    }
}

impl Argument for &str {
    type Of<'a> = &'a str;

    fn expected() -> String {
        "a str".into()
    }

    fn from_python<'a>(given: Object<'a>) -> Result<&'a str, Refused> {
        let mut size = 0;
        // SAFETY: attached, with an object that lives.
        let text = unsafe {
            if ffi::PyUnicode_Check(given.as_ptr()) == 0 {
                return Err(wrong::<&str>(given));
            }
            ffi::PyUnicode_AsUTF8AndSize(given.as_ptr(), &raw mut size)
        };
        if text.is_null() {
            return Err(Refused::Raised);
        }
        // SAFETY: Python keeps the text with the str, which nobody changes, and it is UTF-8.
        Ok(unsafe {
            let bytes = std::slice::from_raw_parts(text.cast::<u8>(), size.cast_unsigned());
            std::str::from_utf8_unchecked(bytes)
        })
    }
}

impl Argument for String {
    type Of<'a> = String;

    fn expected() -> String {
        <&str>::expected()
    }

    fn from_python(given: Object<'_>) -> Result<String, Refused> {
        <&str>::from_python(given).map(str::to_owned)
    }
}

impl Argument for &[u8] {
    type Of<'a> = &'a [u8];

    fn expected() -> String {
        "a bytes".into()
    }

    fn from_python<'a>(given: Object<'a>) -> Result<&'a [u8], Refused> {
        // SAFETY: attached, with an object that lives; nobody changes a bytes.
        unsafe {
            if ffi::PyBytes_Check(given.as_ptr()) == 0 {
                return Err(wrong::<&[u8]>(given));
            }
            let (bytes, size) = (ffi::PyBytes_AsString(given.as_ptr()), ffi::PyBytes_Size(given.as_ptr()));
            Ok(std::slice::from_raw_parts(bytes.cast::<u8>(), size.cast_unsigned()))
        }
    }
}

/// Items do not live as long as the iterable, so they may not borrow from their objects.
impl<A: for<'a> Argument<Of<'a> = A>> Argument for Vec<A> {
    type Of<'a> = Vec<A>;

    fn expected() -> String {
        format!("an iterable, each item of it {}", A::expected())
    }

    fn from_python(given: Object<'_>) -> Result<Vec<A>, Refused> {
        struct Reference(*mut ffi::PyObject);
        impl Drop for Reference {
            fn drop(&mut self) {
                // SAFETY: attached, and the reference is its own.
                unsafe { ffi::Py_DECREF(self.0) };
            }
        }
        // SAFETY: attached, with an object that lives.
        let items = unsafe {
            let object = given.as_ptr();
            if ffi::PyUnicode_Check(object) != 0 || ffi::PyBytes_Check(object) != 0 {
                return Err(wrong::<Vec<A>>(given));
            }
            ffi::PyObject_GetIter(object)
        };
        if items.is_null() {
            return Err(failed::<Vec<A>>(given));
        }
        let items = Reference(items);
        let mut values = Vec::new();
        loop {
            // SAFETY: attached, with an iterator.
            let item = unsafe { ffi::PyIter_Next(items.0) };
            if item.is_null() {
                return if raised() { Err(Refused::Raised) } else { Ok(values) };
            }
            let item = Reference(item);
            // SAFETY: the item lives until after the conversion.
            let value =
                A::from_python(unsafe { Object::borrowed(item.0) }).map_err(|refused| match refused {
                    Refused::Type { found, .. } => {
                        Refused::Type { expected: Self::expected(), found: format!("one with {found} in it") }
                    }
                    Refused::Range { .. } => Refused::Range { expected: Self::expected() },
                    Refused::Raised => Refused::Raised,
                })?;
            values.push(value);
        }
    }
}

impl<A: Argument> Argument for Option<A> {
    type Of<'a> = Option<A::Of<'a>>;

    fn expected() -> String {
        format!("{}, or None", A::expected())
    }

    fn from_python<'a>(given: Object<'a>) -> Result<Option<A::Of<'a>>, Refused> {
        // SAFETY: attached; None lives as long as Python.
        if given.as_ptr() == unsafe { ffi::Py_None() } {
            return Ok(None);
        }
        A::from_python(given).map(Some).map_err(|refused| match refused {
            Refused::Type { found, .. } => Refused::Type { expected: Self::expected(), found },
            Refused::Range { .. } => Refused::Range { expected: Self::expected() },
            Refused::Raised => Refused::Raised,
        })
    }

    fn missing<'a>() -> Option<Option<A::Of<'a>>> {
        Some(None)
    }
}

impl Argument for Object<'_> {
    type Of<'a> = Object<'a>;

    fn expected() -> String {
        "an object".into()
    }

    fn from_python<'a>(given: Object<'a>) -> Result<Object<'a>, Refused> {
        Ok(given)
    }
}

impl Refused {
    /// The error, for an argument of a function.
    pub(crate) fn of(self, argument: &str) -> Error {
        match self {
            Refused::Type { expected, found } => {
                Error::Type(format!("{argument} has to be {expected}, not {found}"))
            }
            Refused::Range { expected } => Error::Overflow(format!("{argument} has to be {expected}")),
            Refused::Raised => Error::Raised,
        }
    }
}
