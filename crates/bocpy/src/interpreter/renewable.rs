//! Values of the process that the child of a fork leaves behind.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that is made when it is first asked for. The child of a fork gets a new one, since a thread that is not there may
/// have locked the old one.
pub(crate) struct Renewable<T>(AtomicPtr<T>);

impl<T: Default + Send + Sync> Renewable<T> {
    pub(crate) const fn new() -> Self {
        Renewable(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        let value = self.0.load(Ordering::Acquire);
        if value.is_null() {
            return self.make();
        }
        // SAFETY: it is never freed.
        unsafe { &*value }
    }

    #[cold]
    fn make(&self) -> &T {
        let new = Box::into_raw(Box::<T>::default());
        match self.0.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: never freed from now on.
            Ok(_) => unsafe { &*new },
            Err(value) => {
                // SAFETY: nobody has seen ours; the other's is never freed.
                unsafe {
                    drop(Box::from_raw(new));
                    &*value
                }
            }
        }
    }

    /// Forgets the value, for ever.
    pub(crate) fn renew(&self) {
        self.0.store(ptr::null_mut(), Ordering::Release);
    }
}
