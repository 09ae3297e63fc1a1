//! What an author writes for a type.

use crate::class::Class;

/// Data in Rust that Python has as objects of a class, and that moves between the workers of bocpy.
///
/// It is sent from thread to thread, so it has to be `Send`; it belongs to one thread at a time, so it need not be `Sync`.
/// Nothing of Python can be in it. An object has its data in a box: when it moves, the box is handed over, and the data stays
/// where it is in memory.
///
/// ```no_run
/// use bocpy_abi::{Class, Error, Movable};
///
/// #[derive(Clone, Default)]
/// struct Total(i64);
///
/// impl Total {
///     fn add(&mut self, number: i64) -> Result<(), Error> {
///         self.0 = self.0.checked_add(number).ok_or_else(|| Error::Overflow("that is too much".into()))?;
///         Ok(())
///     }
/// }
///
/// impl Movable for Total {
///     const NAME: &'static str = "Total";
///     const DOC: &'static str = "A sum of whole numbers.";
///     const TRY_COPY: Option<fn(&Self) -> Option<Self>> = Some(|total| Some(total.clone()));
///
///     fn class(class: &mut Class<Self>) {
///         class
///             .constructor(|| Total(0))
///             .method_mut("add", "Add a number.", Total::add)
///             .property("value", "The sum.", |total| total.0);
///     }
/// }
/// ```
pub trait Movable: Send + Sized + 'static {
    /// The name of the class.
    const NAME: &'static str;

    /// What `help()` says about the class.
    const DOC: &'static str = "";

    /// Makes the same data once more, or returns `None` if there is no memory for that.
    ///
    /// It is called where a value has to be in several places: for `read(cown)` on other workers, and on the noticeboard. Any
    /// thread calls it, also one that has nothing to do with Python; never two threads at once for the same data. If it
    /// panics, that counts as `None`.
    ///
    /// Without it, an object can be in one place only: what needs a copy raises an error that says so.
    const TRY_COPY: Option<fn(&Self) -> Option<Self>> = None;

    /// Says what the class has: how objects are made, methods, properties.
    ///
    /// This is called once in a process, when the first interpreter imports the module; each interpreter makes a class of its
    /// own from it.
    fn class(class: &mut Class<Self>);
}
