//! Values of the whole process that stay, and are known by number.

use parking_lot::Mutex;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A table of them. What nobody has touched of it takes no memory. They are found without a lock.
pub(crate) struct Forever<T, const MOST: usize> {
    places: [AtomicPtr<T>; MOST],
    count: Mutex<usize>,
}

impl<T: Send + Sync + 'static, const MOST: usize> Forever<T, MOST> {
    pub(crate) const fn new() -> Self {
        Forever { places: [const { AtomicPtr::new(ptr::null_mut()) }; MOST], count: Mutex::new(0) }
    }

    /// The value of that number.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> Option<&'static T> {
        // SAFETY: null, or put there by `add`, which leaks it.
        unsafe { self.places.get(number)?.load(Ordering::Acquire).as_ref() }
    }

    /// Adds a value, which `make` makes from its number. `None`: there is no place left.
    pub(crate) fn add(&self, make: impl FnOnce(usize) -> T) -> Option<&'static T> {
        let mut count = self.count.lock();
        let place = self.places.get(*count)?;
        let value: &'static T = Box::leak(Box::new(make(*count)));
        place.store(ptr::from_ref(value).cast_mut(), Ordering::Release);
        *count += 1;
        Some(value)
    }
}
