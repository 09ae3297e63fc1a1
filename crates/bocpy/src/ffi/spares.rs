//! Instances that have gone, kept for the next ones of their class: to make one then takes a few instructions.

use super::class::{Layout, Native};
use super::collect;
use pyo3_ffi as ffi;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Instances of the class of `T` in one interpreter. They have no value, the collector does not know of them, and there is
/// one reference to each. The interpreter's lock guards this; it stays empty where there is none.
///
/// A chain: where its extra would be, each has the address of the next.
///
/// On cache lines of their own: all interpreters write to theirs all the time.
#[repr(align(128))]
pub(super) struct Spares<T: Native> {
    first: AtomicPtr<Layout<T>>,
    count: AtomicUsize,
}

/// More would hardly ever be used.
const MOST: usize = 64;

impl<T: Native> Spares<T> {
    /// There is a place for the address of the next.
    const HOLDS_ADDRESS: bool = mem::size_of::<T::Extra>() >= mem::size_of::<*mut ()>();

    pub(super) const fn new() -> Self {
        Spares { first: AtomicPtr::new(ptr::null_mut()), count: AtomicUsize::new(0) }
    }

    /// Whether one more can be kept.
    #[inline]
    pub(super) fn have_room(&self) -> bool {
        !cfg!(Py_GIL_DISABLED) && Self::HOLDS_ADDRESS && self.count.load(Ordering::Relaxed) < MOST
    }

    /// An instance of which nothing but the head is written, as a new one.
    ///
    /// # Safety
    /// Attached to the interpreter of these.
    #[inline]
    pub(super) unsafe fn take(&self) -> Option<*mut Layout<T>> {
        let first = self.first.load(Ordering::Relaxed);
        if first.is_null() {
            return None;
        }
        // SAFETY: one of the chain; the lock says that nobody else is here.
        let next = unsafe { (&raw const (*first).extra).cast::<*mut Layout<T>>().read_unaligned() };
        self.first.store(next, Ordering::Relaxed);
        self.count.store(self.count.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        Some(first)
    }

    /// # Safety
    /// Attached to the interpreter of these. It is an instance of the class itself, without a value, the collector does not
    /// know of it, and the caller has the only reference to it.
    #[inline]
    pub(super) unsafe fn put(&self, layout: *mut Layout<T>) {
        // SAFETY: says the caller. The address fits.
        unsafe {
            if !self.have_room() {
                return free(layout);
            }
            let next = self.first.load(Ordering::Relaxed);
            (&raw mut (*layout).extra).cast::<*mut Layout<T>>().write_unaligned(next);
        }
        self.first.store(layout, Ordering::Relaxed);
        self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Takes an instance in that is being deallocated, if there is room: its value is gone, and nothing of its extra is
    /// left. If not, the instance is still there to be freed.
    ///
    /// # Safety
    /// As for [`put`](Self::put), but that there is no reference to it.
    #[inline]
    pub(super) unsafe fn take_in(&self, layout: *mut Layout<T>) -> bool {
        if !self.have_room() {
            return false;
        }
        // SAFETY: says the caller. CPython's deallocation is over when ours is, whatever the count is then.
        unsafe {
            ffi::Py_INCREF(layout.cast());
            self.put(layout);
        }
        true
    }

    /// Frees all.
    ///
    /// # Safety
    /// Attached to the interpreter of these.
    pub(super) unsafe fn clear(&self) {
        // SAFETY: says the caller.
        unsafe {
            while let Some(spare) = self.take() {
                free(spare);
            }
        }
    }
}

/// # Safety
/// It is an instance without a value, the collector does not know of it, and the caller has the only reference to it.
unsafe fn free<T: Native>(layout: *mut Layout<T>) {
    // SAFETY: says the caller.
    unsafe {
        let class = ffi::Py_TYPE(layout.cast());
        collect::free::<T>(layout.cast());
        ffi::Py_DECREF(class.cast());
    }
}
