//! Which behaviors are not to begin, as a `wait` has dropped them all.
//!
//! Each behavior has the number of drops before it was scheduled. So a wait that ends early, at Ctrl-C or a timeout, leaves
//! behind what has been scheduled since, and nothing of what it has dropped.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The low half: how many drops there have been; what has a lower number is not to begin. The high half: how many waits drop
/// now.
static STATE: AtomicU64 = AtomicU64::new(0);

/// One wait that drops.
const DROPPING: u64 = 1 << 32;

/// The number of a behavior that is scheduled now.
#[inline]
pub(crate) fn now() -> u32 {
    STATE.load(Ordering::Relaxed) as u32
}

/// Whether there has been a drop.
#[inline(always)]
pub(super) fn are_any() -> bool {
    STATE.load(Ordering::Relaxed) != 0
}

/// Whether a behavior of that number is not to begin.
#[inline]
pub(super) fn is_dropped(number: u32) -> bool {
    let state = STATE.load(Ordering::Relaxed);
    state >= DROPPING || number < state as u32
}

/// In the child of a fork: the waits of other threads are the parent's.
pub(crate) fn start_clean() {
    STATE.fetch_and(DROPPING - 1, Ordering::Relaxed);
}

/// As long as this is there, no behavior begins.
pub(crate) struct Dropping {
    process: u32,
}

impl Dropping {
    pub(crate) fn begin() -> Dropping {
        STATE.fetch_add(DROPPING, Ordering::Relaxed);
        Dropping { process: process::id() }
    }
}

impl Drop for Dropping {
    fn drop(&mut self) {
        // In the child of a fork by this very thread it is over already.
        if self.process == process::id() {
            // One wait less and one drop more.
            STATE.fetch_sub(DROPPING - 1, Ordering::Relaxed);
        }
    }
}
