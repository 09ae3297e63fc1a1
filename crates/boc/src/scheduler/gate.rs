//! Where threads of the program wait for a runtime: for a scope to be empty, or for work in a lane.

use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, fence, lock};
use std::sync::PoisonError;
use std::time::Instant;

pub(crate) struct Gate {
    /// How many threads wait: if there are none, opening the gate need not take the lock.
    waiters: AtomicUsize,
    lock: Mutex<()>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Gate { waiters: AtomicUsize::new(0), lock: Mutex::new(()), opened: Condvar::new() }
    }

    /// To be called after a change that a thread may wait for.
    pub(crate) fn open(&self) {
        // Pairs with the fence in `wait`: either we see the waiter, or the waiter sees the change.
        fence(Ordering::SeqCst);
        if self.waiters.load(Ordering::Relaxed) != 0 {
            drop(lock(&self.lock));
            self.opened.notify_all();
        }
    }

    /// Whether somebody waits.
    pub(crate) fn has_waiters(&self) -> bool {
        self.waiters.load(Ordering::Relaxed) != 0
    }

    /// Waits until `done`, at most until `deadline`. False on timeout. `prepare` is called once others can see that this
    /// thread waits.
    pub(crate) fn wait(
        &self,
        deadline: Option<Instant>,
        prepare: impl FnOnce(),
        done: impl Fn() -> bool,
    ) -> bool {
        if done() {
            return true;
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // `done` is checked again after this: from now on a thread that changes something sees us.
        prepare();
        let mut guard = lock(&self.lock);
        let came = loop {
            if done() {
                break true;
            }
            guard = match deadline {
                None => self.opened.wait(guard).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break false;
                    }
                    let woken = self.opened.wait_timeout(guard, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        drop(guard);
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        came
    }
}
