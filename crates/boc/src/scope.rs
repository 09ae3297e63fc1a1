//! Scopes: counts of behaviors in flight that can be waited for.

use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, fence, lock};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A count of behaviors in flight.
///
/// It counts one for each behavior, one for each scope within it, and one for its owner. So there comes one moment when
/// the last of them all leaves, after which nobody can come any more: the end of the scope.
pub(crate) struct Scope {
    count: AtomicUsize,
    /// How many threads wait for the owner to be alone: who leaves it so need not take the lock for nobody.
    waiters: AtomicUsize,
    gate: Mutex<()>,
    alone: Condvar,
    end: Mutex<Option<End>>,
}

type End = Box<dyn FnOnce() + Send>;

/// The count with only the owner in it.
const ALONE: usize = 1;

impl Scope {
    /// A scope with only its owner in it.
    pub(crate) fn new() -> Self {
        Scope {
            count: AtomicUsize::new(ALONE),
            waiters: AtomicUsize::new(0),
            gate: Mutex::new(()),
            alone: Condvar::new(),
            end: Mutex::new(None),
        }
    }

    /// A scope that counts as one in `parent` until its end.
    pub(crate) fn within(parent: Arc<Scope>) -> Self {
        parent.enter();
        let scope = Scope::new();
        scope.at_end(move || parent.leave(1));
        scope
    }

    /// What to do when the owner and all others have left. Before the owner leaves.
    pub(crate) fn at_end(&self, end: impl FnOnce() + Send + 'static) {
        *lock(&self.end) = Some(Box::new(end));
    }

    /// Counts one on. Only who is counted itself, or acts for the owner, may let others in.
    pub(crate) fn enter(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts some off. Wakes those who wait if only the owner is left; ends the scope if nobody is.
    pub(crate) fn leave(&self, leaving: usize) {
        match self.count.fetch_sub(leaving, Ordering::AcqRel) - leaving {
            0 => {
                let end = lock(&self.end).take();
                end.into_iter().for_each(|end| end());
            }
            ALONE => {
                // With the fence in `wait`: either we see the waiter, or the waiter sees our count.
                fence(Ordering::SeqCst);
                if self.waiters.load(Ordering::Relaxed) != 0 {
                    drop(lock(&self.gate));
                    self.alone.notify_all();
                }
            }
            _ => {}
        }
    }

    /// True where nothing is in flight. For the owner to ask.
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == ALONE
    }

    /// Waits until nothing is in flight. For the owner.
    pub(crate) fn wait(&self) {
        self.waiting(|| {
            let mut gate = lock(&self.gate);
            while !self.is_empty() {
                gate = self.alone.wait(gate).unwrap_or_else(PoisonError::into_inner);
            }
        });
    }

    /// The same, at most for `timeout`. True where it came to that.
    pub(crate) fn wait_timeout(&self, timeout: Duration) -> bool {
        let Some(deadline) = Instant::now().checked_add(timeout) else {
            self.wait();
            return true;
        };
        self.waiting(|| {
            let mut gate = lock(&self.gate);
            while !self.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                let woken = self.alone.wait_timeout(gate, left);
                gate = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
            true
        })
    }

    fn waiting<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let result = wait();
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        result
    }
}
