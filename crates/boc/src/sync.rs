//! The primitives that everything lock-free here is built from: the standard library's, or loom's under `cfg(loom)`.

#[cfg(not(loom))]
mod primitive {
    pub(crate) use crossbeam_utils::sync::{Parker, Unparker};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering, fence};
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::thread::yield_now;
}

#[cfg(loom)]
mod primitive {
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering, fence};
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::thread::yield_now;

    /// crossbeam's parker, in the few lines that a model needs: one token, kept until it is taken.
    pub(crate) struct Parker(Unparker);

    #[derive(Clone)]
    pub(crate) struct Unparker(std::sync::Arc<(Mutex<bool>, Condvar)>);

    impl Parker {
        pub(crate) fn new() -> Self {
            Parker(Unparker(std::sync::Arc::new((Mutex::new(false), Condvar::new()))))
        }
        pub(crate) fn unparker(&self) -> &Unparker {
            &self.0
        }
        pub(crate) fn park(&self) {
            let (token, signal) = &*self.0.0;
            let mut there = token.lock().unwrap();
            while !*there {
                there = signal.wait(there).unwrap();
            }
            *there = false;
        }
    }

    impl Unparker {
        pub(crate) fn unpark(&self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_one();
        }
    }
}

pub(crate) use primitive::*;

/// Locks, whatever became of a thread that held the lock before: no state behind our locks is left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Calls `ready` until it gives something. The wait is for another thread to finish a few instructions; should that
/// thread have lost its core meanwhile, we offer ours.
pub(crate) fn spin<R>(mut ready: impl FnMut() -> Option<R>) -> R {
    let mut turns = 0_u32;
    loop {
        if let Some(result) = ready() {
            return result;
        }
        if cfg!(loom) || turns > 64 {
            yield_now();
        } else {
            turns += 1;
            spin_loop();
        }
    }
}
