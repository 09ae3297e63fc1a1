//! Functions in Rust as functions for Python.
//!
//! A function item, or a closure that captures nothing, is a type of its own that takes no memory. So the C function that
//! Python calls is made for that type, and needs no table to find the function.

use crate::answer::Answer;
use crate::argument::Argument;
use crate::attached::{Attached, Noted};
use crate::error::Error;
use crate::instance;
use crate::movable::Movable;
use crate::object::{Object, Owned};
use crate::panics::caught;
use pyo3_ffi as ffi;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

/// What a function is called in messages.
static NAMES: Mutex<Option<HashMap<TypeId, String>>> = Mutex::new(None);

pub(crate) fn name<F: 'static>(name: String) {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.get_or_insert_default().insert(TypeId::of::<F>(), name);
}

pub(crate) fn name_of<F: 'static>() -> String {
    let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names
        .as_ref()
        .and_then(|names| names.get(&TypeId::of::<F>()).cloned())
        .unwrap_or_else(|| "a function".into())
}

/// The function of this type: whoever names the type has had one, and could copy it.
///
/// # Safety
///
/// There has been a value of the type.
pub(crate) unsafe fn function<F: Copy + 'static>() -> F {
    const { assert!(size_of::<F>() == 0, "this has to be a function, or a closure that captures nothing") };
    // SAFETY: it has no bytes that could be wrong, and may be copied from the value that there was.
    unsafe { ptr::NonNull::<F>::dangling().read() }
}

/// The arguments of one call.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    arguments: &'a [*mut ffi::PyObject],
    name: fn() -> String,
    /// It is no call, but an attribute that is set: the only argument is the new value.
    attribute: bool,
}

impl<'a> Given<'a> {
    /// # Safety
    ///
    /// The thread is attached, and the objects live as long as `'a`.
    pub(crate) unsafe fn new<F: 'static>(arguments: &'a [*mut ffi::PyObject]) -> Self {
        Given { arguments, name: name_of::<F>, attribute: false }
    }

    /// What an attribute is set to.
    ///
    /// # Safety
    ///
    /// As for `new`.
    pub(crate) unsafe fn attribute<F: 'static>(value: &'a [*mut ffi::PyObject; 1]) -> Self {
        Given { arguments: value, name: name_of::<F>, attribute: true }
    }

    /// Too many, or too few.
    fn count(self, least: usize, most: usize) -> Result<(), Error> {
        let given = self.arguments.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let takes = match (least, most) {
            (_, 0) => "no arguments".to_owned(),
            (1, 1) => "1 argument".to_owned(),
            _ if least == most => format!("{least} arguments"),
            _ => format!("{least} to {most} arguments"),
        };
        let (name, were) = ((self.name)(), if given == 1 { "was" } else { "were" });
        Err(Error::Type(format!("{name}() takes {takes}, and {given} {were} given")))
    }

    fn argument<A: Argument>(self, place: usize) -> Result<A::Of<'a>, Error> {
        let refused = match self.arguments.get(place) {
            // SAFETY: whoever made this has promised it.
            Some(&object) => match A::from_python(unsafe { Object::borrowed(object) }) {
                Ok(argument) => return Ok(argument),
                Err(refused) => refused,
            },
            None => match A::missing() {
                Some(argument) => return Ok(argument),
                None => {
                    return Err(Error::Type(format!(
                        "{}(): argument {} is missing",
                        (self.name)(),
                        place + 1
                    )));
                }
            },
        };
        let name = (self.name)();
        Err(refused.of(&if self.attribute { name } else { format!("argument {} of {name}()", place + 1) }))
    }
}

/// A function, for [`Module::function`](crate::Module::function) and [`Class::constructor`](crate::Class::constructor): one
/// with up to five [arguments](Argument).
pub trait Function<Arguments>: Copy + 'static {
    /// What it returns.
    type Output;

    #[doc(hidden)]
    fn call(self, given: Given<'_>) -> Result<Self::Output, Error>;
}

/// A method that reads, for [`Class::method`](crate::Class::method): a function of `&T` and up to five
/// [arguments](Argument).
pub trait Method<T: Movable, Arguments>: Copy + 'static {
    /// What it returns.
    type Output;

    #[doc(hidden)]
    unsafe fn call(self, object: *mut ffi::PyObject, given: Given<'_>) -> Result<Self::Output, Error>;
}

/// A method that changes the data, for [`Class::method_mut`](crate::Class::method_mut): a function of `&mut T` and up to
/// five [arguments](Argument).
pub trait MethodMut<T: Movable, Arguments>: Copy + 'static {
    /// What it returns.
    type Output;

    #[doc(hidden)]
    unsafe fn call(self, object: *mut ffi::PyObject, given: Given<'_>) -> Result<Self::Output, Error>;
}

/// Each has two bounds on the function: the first says which types the arguments have, the second that they may live as
/// short as a call does.
macro_rules! functions {
    ($($argument:ident $value:ident $place:tt),*) => {
        impl<F, R, $($argument: Argument),*> Function<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + for<'a> Fn($($argument::Of<'a>),*) -> R + Copy + 'static,
        {
            type Output = R;

            fn call(self, given: Given<'_>) -> Result<R, Error> {
                fn with<R, $($argument),*>(function: impl Fn($($argument),*) -> R, $($value: $argument),*) -> R {
                    function($($value),*)
                }
                let missing: &[bool] = &[$($argument::missing().is_some()),*];
                given.count(least(missing), missing.len())?;
                $(let $value = given.argument::<$argument>($place)?;)*
                Ok(with(self, $($value),*))
            }
        }

        impl<T: Movable, F, R, $($argument: Argument),*> Method<T, ($($argument,)*)> for F
        where
            F: Fn(&T, $($argument),*) -> R + for<'a> Fn(&T, $($argument::Of<'a>),*) -> R + Copy + 'static,
        {
            type Output = R;

            unsafe fn call(self, object: *mut ffi::PyObject, given: Given<'_>) -> Result<R, Error> {
                fn with<T, R, $($argument),*>(
                    function: impl Fn(&T, $($argument),*) -> R, data: &T, $($value: $argument),*
                ) -> R {
                    function(data, $($value),*)
                }
                let missing: &[bool] = &[$($argument::missing().is_some()),*];
                given.count(least(missing), missing.len())?;
                $(let $value = given.argument::<$argument>($place)?;)*
                // SAFETY: as the caller promises.
                unsafe { instance::reading::<T, R>(object, |data| with(self, data, $($value),*)) }
            }
        }

        impl<T: Movable, F, R, $($argument: Argument),*> MethodMut<T, ($($argument,)*)> for F
        where
            F: Fn(&mut T, $($argument),*) -> R + for<'a> Fn(&mut T, $($argument::Of<'a>),*) -> R + Copy + 'static,
        {
            type Output = R;

            unsafe fn call(self, object: *mut ffi::PyObject, given: Given<'_>) -> Result<R, Error> {
                fn with<T, R, $($argument),*>(
                    function: impl Fn(&mut T, $($argument),*) -> R, data: &mut T, $($value: $argument),*
                ) -> R {
                    function(data, $($value),*)
                }
                let missing: &[bool] = &[$($argument::missing().is_some()),*];
                given.count(least(missing), missing.len())?;
                $(let $value = given.argument::<$argument>($place)?;)*
                // SAFETY: as the caller promises.
                unsafe { instance::writing::<T, R>(object, |data| with(self, data, $($value),*)) }
            }
        }
    };
}

functions!();
functions!(A a 0);
functions!(A a 0, B b 1);
functions!(A a 0, B b 1, C c 2);
functions!(A a 0, B b 1, C c 2, D d 3);
functions!(A a 0, B b 1, C c 2, D d 3, E e 4);

/// How many arguments there have to be: those at the end may be missing.
fn least(missing: &[bool]) -> usize {
    missing.iter().rposition(|may_be| !may_be).map_or(0, |last| last + 1)
}

/// Does what Python has called for: errors and panics become exceptions. `failed` is what C functions return then.
///
/// # Safety
///
/// The thread is attached.
pub(crate) unsafe fn from_python<F: 'static, R>(
    failed: R,
    what: impl FnOnce(Attached<'_>) -> Result<R, Error>,
) -> R {
    // SAFETY: attached, as the caller promises, until this returns.
    let done = caught(|| unsafe {
        let _noted = Noted::new(true);
        what(Attached::assume())
    });
    let error = match done {
        Ok(Ok(done)) => return done,
        Ok(Err(error)) => error,
        Err(said) => Error::Runtime(format!("{}() has panicked: {said}", name_of::<F>())),
    };
    // SAFETY: attached.
    unsafe { error.raise() };
    failed
}

/// The same for what returns an object.
///
/// # Safety
///
/// The thread is attached.
pub(crate) unsafe fn answer<F: 'static, R: Answer>(
    what: impl FnOnce() -> Result<R, Error>,
) -> *mut ffi::PyObject {
    // SAFETY: attached, as the caller promises.
    unsafe {
        from_python::<F, _>(ptr::null_mut(), |attached| what()?.into_python(attached).map(Owned::into_ptr))
    }
}

/// The objects of a fast call.
///
/// # Safety
///
/// As CPython calls such functions.
unsafe fn fast<'a>(arguments: *mut *mut ffi::PyObject, count: ffi::Py_ssize_t) -> &'a [*mut ffi::PyObject] {
    if count == 0 {
        return &[];
    }
    // SAFETY: there are as many.
    unsafe { slice::from_raw_parts(arguments, count.cast_unsigned()) }
}

/// A function of a module, for C.
pub(crate) unsafe extern "C" fn call_function<F, A>(
    _module: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject
where
    F: Function<A, Output: Answer>,
{
    // SAFETY: CPython calls this attached, with so many arguments; and it was made for a function that there was.
    unsafe { answer::<F, _>(|| function::<F>().call(Given::new::<F>(fast(arguments, count)))) }
}

/// A method that reads, for C.
pub(crate) unsafe extern "C" fn call_method<T, F, A>(
    object: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject
where
    T: Movable,
    F: Method<T, A, Output: Answer>,
{
    // SAFETY: as for functions; and CPython has seen to it that the object is one of the class.
    unsafe { answer::<F, _>(|| function::<F>().call(object, Given::new::<F>(fast(arguments, count)))) }
}

/// A method that changes the data, for C.
pub(crate) unsafe extern "C" fn call_method_mut<T, F, A>(
    object: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject
where
    T: Movable,
    F: MethodMut<T, A, Output: Answer>,
{
    // SAFETY: as for methods that read.
    unsafe { answer::<F, _>(|| function::<F>().call(object, Given::new::<F>(fast(arguments, count)))) }
}
