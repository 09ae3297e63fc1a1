//! Values of the process that the child of a fork leaves behind.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// A value that is made when it is first asked for. The child of a fork gets a new one, since a thread that does not exist
/// there may have locked the old one.
pub(crate) struct Renewable<T> {
    value: AtomicPtr<T>,
    /// How many forks lay between the first process and the one that made the value.
    forks: AtomicU32,
}

static FORKS: AtomicU32 = AtomicU32::new(0);

impl<T: Default + Send + Sync> Renewable<T> {
    pub(crate) const fn new() -> Self {
        Renewable { value: AtomicPtr::new(ptr::null_mut()), forks: AtomicU32::new(0) }
    }

    #[inline]
    pub(crate) fn get(&self) -> &T {
        let value = self.value.load(Ordering::Acquire);
        if value.is_null() || self.forks.load(Ordering::Relaxed) != FORKS.load(Ordering::Relaxed) {
            return self.make(value);
        }
        // SAFETY: it is never freed.
        unsafe { &*value }
    }

    #[cold]
    fn make(&self, before: *mut T) -> &T {
        count_forks();
        let new = Box::into_raw(Box::<T>::default());
        let forks = FORKS.load(Ordering::Relaxed);
        match self.value.compare_exchange(before, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                self.forks.store(forks, Ordering::Release);
                // SAFETY: never freed from now on.
                unsafe { &*new }
            }
            Err(value) => {
                // SAFETY: nobody has seen ours; the other's is never freed.
                unsafe {
                    drop(Box::from_raw(new));
                    &*value
                }
            }
        }
    }
}

/// Counts forks from now on.
#[cfg(unix)]
fn count_forks() {
    unsafe extern "C" {
        fn pthread_atfork(
            before: Option<extern "C" fn()>,
            parent: Option<extern "C" fn()>,
            child: Option<extern "C" fn()>,
        ) -> std::ffi::c_int;
    }
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: the function does nothing that a child of a fork must not do, and stays where it is: extension modules are
    // never unloaded.
    ONCE.call_once(|| unsafe {
        pthread_atfork(None, None, Some(in_child));
    });
}

#[cfg(not(unix))]
fn count_forks() {}
