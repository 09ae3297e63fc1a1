//! Further slots of native classes: what makes their instances numbers, sequences, iterators or lenders of memory.
//!
//! Each group of slots has a file: a safe trait with what the instances do, and the functions around it that CPython calls.

use super::class::{Instance, Native};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::{PyResult, buffer_slots, iterator_slots, mapping_slots, number_slots, text_slots};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

/// A group of slots for the class of `T`. It is in [`Native::SLOTS`].
pub(crate) struct Slots<T>(&'static dyn Fn(&mut Vec<ffi::PyType_Slot>), PhantomData<T>);

impl<T: Native> Slots<T> {
    pub(super) fn add_to(&self, slots: &mut Vec<ffi::PyType_Slot>) {
        (self.0)(slots);
    }

    /// The instances are operands of Python's operators.
    pub(crate) const fn numbers() -> Self
    where
        T: number_slots::Numbers,
    {
        Slots(&number_slots::add::<T>, PhantomData)
    }

    /// The instances have items.
    pub(crate) const fn items() -> Self
    where
        T: mapping_slots::Items,
    {
        Slots(&mapping_slots::add::<T>, PhantomData)
    }

    /// The instances are iterators.
    pub(crate) const fn iterator() -> Self
    where
        T: iterator_slots::Iterates,
    {
        Slots(&iterator_slots::add::<T>, PhantomData)
    }

    /// The instances have no hash, as they can be changed, and are compared by what they hold.
    pub(crate) const fn unhashable() -> Self {
        Slots(&add_unhashable, PhantomData)
    }

    /// The instances have a text that is not their `repr`.
    pub(crate) const fn text() -> Self
    where
        T: text_slots::Text,
    {
        Slots(&text_slots::add::<T>, PhantomData)
    }

    /// The instances lend their memory.
    pub(crate) const fn buffer() -> Self
    where
        T: buffer_slots::Lends,
    {
        Slots(&buffer_slots::add::<T>, PhantomData)
    }
}

pub(super) fn slot(slot: c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot { slot, pfunc: function }
}

/// Calls `f` for CPython with an instance; the result is a new reference, or null.
///
/// # Safety
/// The thread is attached, and `this` an instance of the class of `T`.
#[inline(always)]
pub(super) unsafe fn with_instance<T: Native>(
    this: *mut ffi::PyObject,
    f: impl for<'py> FnOnce(Python<'py>, &Instance<'py, T>) -> PyResult<Object<'py>>,
) -> *mut ffi::PyObject {
    // SAFETY: says the caller.
    unsafe {
        let py = Python::assume();
        guard(py, std::ptr::null_mut(), || Ok(f(py, Instance::assume(&Borrowed::new(py, this)))?.into_ptr()))
    }
}

fn add_unhashable(slots: &mut Vec<ffi::PyType_Slot>) {
    slots.retain(|slot| slot.slot != ffi::Py_tp_hash);
    slots.push(slot(ffi::Py_tp_hash, ffi::PyObject_HashNotImplemented as *mut c_void));
}
