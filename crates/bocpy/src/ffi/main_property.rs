//! The property of a class that is asked for most: it is found without a look at the class and its bases.

use super::class::Native;
use super::derived::Derived;
use super::entries::is_own;
use super::method::{Property, get, set};
use super::object::Python;
use super::{PyResult, text};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A property that is known by the address of its name.
pub(crate) struct Main<T> {
    property: &'static CStr,
    name: &'static KnownName,
    get: ffi::getter,
    set: ffi::setter,
    class: PhantomData<T>,
}

/// A name that has one address as long as the process lives. Null before it is known.
pub(crate) struct KnownName(AtomicPtr<ffi::PyObject>);

impl KnownName {
    pub(crate) const fn new() -> Self {
        KnownName(AtomicPtr::new(ptr::null_mut()))
    }
}

/// `name`: where to remember the name.
pub(crate) const fn main_property<P: Property>(name: &'static KnownName) -> Main<P::Of> {
    Main { property: P::NAME, name, get: get::<P>, set: set::<P>, class: PhantomData }
}

impl<B: Native, M> Main<Derived<B, M>>
where
    Derived<B, M>: Native<Extra = B::Extra>,
{
    /// The property that a class has from the one that it derives from.
    pub(crate) const fn inherited(main: &Main<B>) -> Self {
        Main { property: main.property, name: main.name, get: main.get, set: main.set, class: PhantomData }
    }
}

impl<T: Native> Main<T> {
    /// Learns the name. To be called in the main interpreter, which is there as long as the process is: so no other object
    /// will ever have that address. Where another interpreter has a name of its own, that is looked up as any other.
    pub(crate) fn learn(&self, py: Python<'_>) -> PyResult<()> {
        let name = text::intern(py, self.property.to_str().unwrap_or_default())?;
        if self.name.0.load(Ordering::Relaxed).is_null() {
            self.name.0.store(name.into_ptr(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether `name` is that, for an instance of the class itself: subclasses may have another.
    ///
    /// # Safety
    /// `object` is an instance of the class of `T` or of a subclass.
    #[inline]
    unsafe fn is_meant(&self, object: *mut ffi::PyObject, name: *mut ffi::PyObject) -> bool {
        // SAFETY: says the caller.
        name == self.name.0.load(Ordering::Relaxed) && unsafe { is_own::<T>(ffi::Py_TYPE(object)) }
    }
}

pub(super) unsafe extern "C" fn get_attribute<T: Native>(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance and a name.
    unsafe {
        match &T::MAIN {
            Some(main) if main.is_meant(object, name) => (main.get)(object, ptr::null_mut()),
            _ => ffi::PyObject_GenericGetAttr(object, name),
        }
    }
}

pub(super) unsafe extern "C" fn set_attribute<T: Native>(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: CPython calls this attached, with an instance, a name, and a value or null.
    unsafe {
        match &T::MAIN {
            Some(main) if main.is_meant(object, name) => (main.set)(object, value, ptr::null_mut()),
            _ => ffi::PyObject_GenericSetAttr(object, name, value),
        }
    }
}
