//! A lock of one byte, with room beside it.

use parking_lot::RawMutex;
use parking_lot::lock_api::RawMutex as _;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32};

/// A value behind a lock, as in a `Mutex`, with other data in the padding that a `Mutex` would waste: there are millions
/// of these.
#[repr(C)]
pub(crate) struct Locked<T> {
    value: UnsafeCell<T>,
    pub(crate) long: AtomicU32,
    pub(crate) short: AtomicU16,
    pub(crate) byte: AtomicU8,
    lock: RawMutex,
}

// SAFETY: the value is reached by one thread at a time, under the lock or through a reference that is the only one.
unsafe impl<T: Send> Sync for Locked<T> {}

/// The value, as long as the lock is held.
pub(crate) struct Guard<'a, T>(&'a Locked<T>);

impl<T> Locked<T> {
    #[inline]
    pub(crate) fn new(value: T, long: u32, byte: u8) -> Self {
        Locked {
            value: UnsafeCell::new(value),
            long: AtomicU32::new(long),
            short: AtomicU16::new(0),
            byte: AtomicU8::new(byte),
            lock: RawMutex::INIT,
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.lock.lock();
        Guard(self)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: locked as long as the guard lives.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: locked by this guard, and unlocked once.
        unsafe { self.0.lock.unlock() }
    }
}
