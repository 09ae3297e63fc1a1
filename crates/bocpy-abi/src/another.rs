//! Objects with data in Rust as arguments.

use crate::argument::{Argument, Refused, wrong};
use crate::class;
use crate::error::Error;
use crate::instance;
use crate::movable::Movable;
use crate::object::Object;
use std::marker::PhantomData;

/// An object of a class with data in Rust, as an argument.
///
/// ```no_run
/// use bocpy_abi::{Another, Class, Error, Movable};
///
/// struct Samples(Vec<f64>);
///
/// impl Samples {
///     fn extend(&mut self, other: Another<'_, Samples>) -> Result<(), Error> {
///         other.read(|other| self.0.extend(&other.0))
///     }
/// }
///
/// impl Movable for Samples {
///     const NAME: &'static str = "Samples";
///     fn class(class: &mut Class<Self>) {
///         class.method_mut("extend", "Add those of the other.", Samples::extend);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Another<'a, T> {
    object: Object<'a>,
    _data: PhantomData<fn() -> T>,
}

impl<T: Movable> Another<'_, T> {
    /// Calls a function with its data.
    ///
    /// # Errors
    ///
    /// `RuntimeError`: the data has moved away; or it is in use further up in this thread, as it is if this is the very object
    /// whose `&mut` method is running; or another thread uses it, while this one is in a method of an object: two that wait
    /// for each other would do so forever. (On Pythons with a GIL, that takes a method that lets go of it.)
    pub fn read<R>(&self, function: impl FnOnce(&T) -> R) -> Result<R, Error> {
        // SAFETY: attached, as there is an object, and it is of the class.
        unsafe { instance::reading(self.object.as_ptr(), function) }
    }

    /// Calls a function with its data, to change it.
    ///
    /// # Errors
    ///
    /// As for [`read`](Another::read).
    pub fn write<R>(&self, function: impl FnOnce(&mut T) -> R) -> Result<R, Error> {
        // SAFETY: attached, as there is an object, and it is of the class.
        unsafe { instance::writing(self.object.as_ptr(), function) }
    }
}

impl<T: Movable> Argument for Another<'_, T> {
    type Of<'a> = Another<'a, T>;

    fn expected() -> String {
        format!("a {}", T::NAME)
    }

    fn from_python<'a>(given: Object<'a>) -> Result<Another<'a, T>, Refused> {
        // SAFETY: attached, with an object that lives.
        if unsafe { class::is::<T>(given.as_ptr()) } {
            Ok(Another { object: given, _data: PhantomData })
        } else {
            Err(wrong::<Another<'_, T>>(given))
        }
    }
}
