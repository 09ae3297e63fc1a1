//! Counting behaviors that come from outside into the root scope, many at once.
//!
//! All workers write the root scope's count, so each step on it from outside has to fetch it from another core. So a
//! thread that schedules from outside counts some behaviors in advance, and leaves here what it has not used, for the
//! next one. While there is a rest here, the root scope does not look empty. So nobody counts in advance while a thread
//! waits, and a thread that begins to wait subtracts the rest.

use super::gate::Gate;
use super::scope::Scope;
use crate::sync::{AtomicU64, Ordering, fence};
use std::ptr::NonNull;

/// How many have been counted in advance and not used yet.
pub(crate) struct Credit(AtomicU64);

const IN_ADVANCE: u64 = 32;

impl Credit {
    pub(crate) fn new() -> Self {
        Credit(AtomicU64::new(0))
    }

    /// Counts one behavior into the root scope. The caller is one of its owners.
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
        // Pairs with the fence in `Gate::wait`: either we see the waiter, or the waiter sees the rest that we leave here.
        fence(Ordering::SeqCst);
        if gate.has_waiters() {
            self.give_back(root);
        }
    }

    /// Subtracts the unused rest from the root scope. The caller is an owner of it.
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
