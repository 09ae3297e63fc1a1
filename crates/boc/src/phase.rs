//! Whether workers work, have a recess, or are to end.

use crate::sync::{AtomicU8, Condvar, Mutex, MutexGuard, Ordering, lock};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::time::Duration;

const WORK: u8 = 0;
const RECESS: u8 = 1;
const END: u8 = 2;

/// What all workers of a runtime are about.
pub(crate) struct Phase {
    now: AtomicU8,
    #[cfg_attr(loom, allow(dead_code))]
    workers: usize,
    /// How many workers are outside, in a recess.
    outside: Mutex<usize>,
    changed: Condvar,
}

impl Phase {
    pub(crate) fn new(workers: usize) -> Self {
        Phase { now: AtomicU8::new(WORK), workers, outside: Mutex::new(0), changed: Condvar::new() }
    }

    /// True where a worker should take no more work.
    pub(crate) fn is_over(&self) -> bool {
        self.now.load(Ordering::Acquire) != WORK
    }

    /// Lets the workers end.
    pub(crate) fn stop(&self) {
        let _outside = self.lock();
        self.now.store(END, Ordering::SeqCst);
        self.changed.notify_all();
    }

    #[cfg(not(loom))]
    /// Sends all workers outside, and waits until they are. Where that takes longer than `timeout` it is called off: false.
    pub(crate) fn recess(&self, timeout: Duration, wake: impl FnOnce()) -> bool {
        let outside = self.lock();
        if self.now.compare_exchange(WORK, RECESS, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        wake();
        let all_outside = |outside: &mut usize| *outside < self.workers;
        let waited = self.changed.wait_timeout_while(outside, timeout, all_outside);
        let (outside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let done = *outside == self.workers;
        if !done {
            self.back_to_work(outside);
        }
        done
    }

    /// Calls the workers in again.
    pub(crate) fn resume(&self) {
        self.back_to_work(self.lock());
    }

    fn back_to_work(&self, outside: MutexGuard<'_, usize>) {
        // Unless the end has come meanwhile.
        let _ = self.now.compare_exchange(RECESS, WORK, Ordering::SeqCst, Ordering::SeqCst);
        drop(outside);
        self.changed.notify_all();
    }

    /// On a worker that has taken its leave: waits for the end of the recess. True where it is to work again.
    pub(crate) fn rest(&self) -> bool {
        let mut outside = self.lock();
        *outside += 1;
        self.changed.notify_all();
        while self.now.load(Ordering::SeqCst) == RECESS {
            outside = self.changed.wait(outside).unwrap_or_else(PoisonError::into_inner);
        }
        *outside -= 1;
        self.now.load(Ordering::SeqCst) == WORK
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        lock(&self.outside)
    }
}
