//! Counting behaviors that come from outside into the root scope, many at once.
//!
//! The root scope's count is written by all workers, so each step on it from outside means to fetch it from another core.
//! So a thread that schedules from outside counts some in advance, and leaves what it has not used here, for the next one.
//! While that is there the root scope does not look empty. So nobody counts in advance while a thread waits, and a thread
//! that begins to wait gives back what is here.

use super::gate::Gate;
use super::scope::Scope;
use crate::sync::{AtomicU64, Ordering, fence};
use std::ptr::NonNull;

/// How many have been counted in advance and are not used.
pub(crate) struct Credit(AtomicU64);

const IN_ADVANCE: u64 = 32;

impl Credit {
    pub(crate) fn new() -> Self {
        Credit(AtomicU64::new(0))
    }

    /// Counts one into the root scope. The caller is one of its owners.
    #[inline]
    pub(crate) fn enter(&self, root: &Scope, gate: &Gate) {
        let spare = self.0.load(Ordering::Relaxed);
        let used = spare > 0
            && self.0.compare_exchange(spare, spare - 1, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !used {
            self.enter_in_advance(root, gate);
        }
    }

    #[cold]
    fn enter_in_advance(&self, root: &Scope, gate: &Gate) {
        if gate.has_waiters() {
            return root.enter(1);
        }
        root.enter(IN_ADVANCE);
        self.0.fetch_add(IN_ADVANCE - 1, Ordering::Relaxed);
        // With the fence in `Gate::wait`: either we see the waiter, or the waiter sees what we have left here.
        fence(Ordering::SeqCst);
        if gate.has_waiters() {
            self.give_back(root);
        }
    }

    /// Counts off what is not used. The caller is an owner of the root scope.
    pub(crate) fn give_back(&self, root: &Scope) {
        let spare = match self.0.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.0.swap(0, Ordering::Relaxed),
        };
        if spare > 0 {
            // SAFETY: they were counted in, and the caller keeps the runtime.
            unsafe { Scope::leave(NonNull::from(root), spare) };
        }
    }
}
