//! Objects that stay in their home while other interpreters refer to them.

use super::{Home, State};
use crate::ffi::{Borrowed, Object, Python};
use pyo3_ffi as ffi;
use std::ptr::NonNull;
use std::sync::Arc;

/// An owned reference to an object in some interpreter. Any thread may have it; only code attached to its home can open
/// it. Dropped elsewhere, the reference goes back to its home.
pub(crate) struct Resident {
    home: Arc<Home>,
    object: NonNull<ffi::PyObject>,
}

// SAFETY: the pointer is used only by threads that are attached to the home, whose interpreter guards its objects.
unsafe impl Send for Resident {}
// SAFETY: as above.
unsafe impl Sync for Resident {}

impl Resident {
    /// Leaves `object` where it is: in the interpreter that this thread is attached to.
    pub(crate) fn new(object: Object<'_>) -> Self {
        let home = State::get(object.py()).home.clone();
        Resident::at(home, object)
    }

    /// The same where that interpreter's home is known.
    pub(crate) fn at(home: Arc<Home>, object: Object<'_>) -> Self {
        assert!(home.is_here());
        // SAFETY: an object is not null.
        let object = unsafe { NonNull::new_unchecked(object.into_ptr()) };
        Resident { home, object }
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// The object, where this thread is attached to its home.
    pub(crate) fn open<'py>(&self, py: Python<'py>) -> Option<Object<'py>> {
        self.peek(py).map(|object| object.clone())
    }

    /// The same, borrowed.
    pub(crate) fn peek<'a, 'py>(&'a self, py: Python<'py>) -> Option<Borrowed<'a, 'py>> {
        self.peek_in(py, State::get(py))
    }

    /// The same for callers that have the interpreter's state.
    #[inline]
    pub(crate) fn peek_in<'a, 'py>(&'a self, py: Python<'py>, state: &State) -> Option<Borrowed<'a, 'py>> {
        assert!(state.home.is_here());
        // SAFETY: attached to the home, and we own a reference.
        Arc::ptr_eq(&state.home, &self.home).then(|| unsafe { Borrowed::new(py, self.object.as_ptr()) })
    }

    /// True if this thread is attached to its home.
    pub(crate) fn is_here(&self, py: Python<'_>) -> bool {
        Arc::ptr_eq(&State::get(py).home, &self.home)
    }

    /// True if both are the same object.
    pub(crate) fn is(&self, object: &Object<'_>) -> bool {
        self.object.as_ptr() == object.as_ptr()
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object.as_ptr()
    }

    /// The object's address: a key for tables of one interpreter.
    pub(crate) fn address(&self) -> usize {
        self.object.as_ptr().addr()
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        if self.home.is_here() {
            // SAFETY: attached to the home, and we own the reference.
            unsafe { ffi::Py_DECREF(self.object.as_ptr()) }
        } else {
            self.home.drop_later(self.object);
        }
    }
}
