//! Whether workers run, are suspended, or should end.

use crate::sync::{AtomicU8, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence, lock};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::time::Duration;

const RUNNING: u8 = 0;
const SUSPENDED: u8 = 1;
const ENDED: u8 = 2;

/// The phase of a runtime, for all its workers.
pub(crate) struct Phase {
    now: AtomicU8,
    #[cfg_attr(loom, allow(dead_code))]
    workers: usize,
    /// How many workers run behaviors, or are about to start or stop.
    at_work: AtomicUsize,
    /// How many workers have left their environments.
    outside: Mutex<usize>,
    changed: Condvar,
}

impl Phase {
    pub(crate) fn new(workers: usize) -> Self {
        Phase {
            now: AtomicU8::new(RUNNING),
            workers,
            at_work: AtomicUsize::new(0),
            outside: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    /// A worker begins to work.
    pub(crate) fn begin_work(&self) {
        self.at_work.fetch_add(1, Ordering::SeqCst);
    }

    /// A worker has stopped working. Afterwards it looks for jobs that were left to it: see `is_anybody_at_work`.
    pub(crate) fn end_work(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Whether a worker works. If so, when it stops it will see everything that happened before this call.
    pub(crate) fn is_anybody_at_work(&self) -> bool {
        fence(Ordering::SeqCst);
        self.at_work.load(Ordering::SeqCst) > 0
    }

    /// True if a worker should take no more work.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.now.load(Ordering::Acquire) != RUNNING
    }

    /// True if nothing will be run any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.now.load(Ordering::SeqCst) == ENDED
    }

    /// Lets the workers end.
    pub(crate) fn stop(&self) {
        let _outside = self.lock();
        self.now.store(ENDED, Ordering::SeqCst);
        self.changed.notify_all();
    }

    #[cfg(not(loom))]
    /// Lets all workers leave their environments, and waits until they have. If that takes longer than `timeout`, cancels
    /// it and returns false.
    pub(crate) fn suspend(&self, timeout: Duration, wake: impl FnOnce()) -> bool {
        self.begin_suspend(wake) && self.wait_suspended(timeout)
    }

    #[cfg(not(loom))]
    /// The first part of that: from now on, workers leave. False if they do not run.
    pub(crate) fn begin_suspend(&self, wake: impl FnOnce()) -> bool {
        let _outside = self.lock();
        if self.now.compare_exchange(RUNNING, SUSPENDED, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        wake();
        true
    }

    #[cfg(not(loom))]
    /// The second part.
    pub(crate) fn wait_suspended(&self, timeout: Duration) -> bool {
        let outside = self.lock();
        let all_outside = |outside: &mut usize| *outside < self.workers;
        let waited = self.changed.wait_timeout_while(outside, timeout, all_outside);
        let (outside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let done = *outside == self.workers;
        if !done {
            self.run_again(outside);
        }
        done
    }

    /// Lets suspended workers go on.
    pub(crate) fn resume(&self) {
        self.run_again(self.lock());
    }

    fn run_again(&self, outside: MutexGuard<'_, usize>) {
        // Fails if the runtime has ended in the meantime.
        let _ = self.now.compare_exchange(SUSPENDED, RUNNING, Ordering::SeqCst, Ordering::SeqCst);
        drop(outside);
        self.changed.notify_all();
    }

    /// On a worker that has left its environment: waits until the worker should go on (true) or end (false).
    pub(crate) fn wait_resumed(&self) -> bool {
        let mut outside = self.lock();
        *outside += 1;
        self.changed.notify_all();
        while self.now.load(Ordering::SeqCst) == SUSPENDED {
            outside = self.changed.wait(outside).unwrap_or_else(PoisonError::into_inner);
        }
        *outside -= 1;
        self.now.load(Ordering::SeqCst) == RUNNING
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        lock(&self.outside)
    }
}
