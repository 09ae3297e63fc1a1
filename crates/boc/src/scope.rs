//! Scopes: counts of behaviors in flight that can be waited for.

use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock};
use std::sync::Arc;
#[cfg(not(loom))]
use std::time::{Duration, Instant};

/// A count of behaviors in flight.
///
/// A scope counts as one in its parent for as long as it is open or has something in flight.
pub(crate) struct Scope {
    count: AtomicUsize,
    parent: Option<Arc<Scope>>,
    /// How many threads wait for `count` to fall to zero: who brings it there need not take the lock for nobody.
    waiters: AtomicUsize,
    gate: Mutex<()>,
    empty: Condvar,
}

impl Scope {
    /// A scope without a parent.
    pub(crate) fn root() -> Self {
        Scope::with_parent(None)
    }

    /// A scope that counts as one in `parent` while it lives.
    pub(crate) fn within(parent: Arc<Scope>) -> Self {
        parent.enter();
        Scope::with_parent(Some(parent))
    }

    fn with_parent(parent: Option<Arc<Scope>>) -> Self {
        Scope {
            count: AtomicUsize::new(0),
            parent,
            waiters: AtomicUsize::new(0),
            gate: Mutex::new(()),
            empty: Condvar::new(),
        }
    }

    /// Counts one behavior on.
    pub(crate) fn enter(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one behavior off, and wakes those who wait if it was the last.
    pub(crate) fn leave(&self) {
        // SeqCst, here and in `wait`: either we see the waiter, or the waiter sees our zero.
        if self.count.fetch_sub(1, Ordering::SeqCst) == 1 && self.waiters.load(Ordering::SeqCst) != 0 {
            drop(lock(&self.gate));
            self.empty.notify_all();
        }
    }

    /// True where nothing is in flight.
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Waits until nothing is in flight.
    pub(crate) fn wait(&self) {
        self.waiting(|scope| {
            let mut gate = lock(&scope.gate);
            while !scope.is_empty() {
                gate = scope.empty.wait(gate).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
        });
    }

    /// Waits until nothing is in flight, at most for `timeout`. True where it came to that.
    #[cfg(not(loom))]
    pub(crate) fn wait_timeout(&self, timeout: Duration) -> bool {
        let Some(deadline) = Instant::now().checked_add(timeout) else {
            self.wait();
            return true;
        };
        self.waiting(|scope| {
            let mut gate = lock(&scope.gate);
            while !scope.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                let woken = scope.empty.wait_timeout(gate, left);
                gate = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            }
            true
        })
    }

    fn waiting<R>(&self, wait: impl FnOnce(&Self) -> R) -> R {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let result = wait(self);
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if let Some(parent) = &self.parent {
            parent.leave();
        }
    }
}
