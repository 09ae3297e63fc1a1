//! How often a `wait` has come to its end. What is older than the last time is the main interpreter's to look at.

use std::sync::atomic::{AtomicU32, Ordering};

static EPOCH: AtomicU32 = AtomicU32::new(0);

/// How far epochs are counted.
pub(crate) const EPOCHS: u32 = 1 << 30;

/// The number of waits that have come to their end. It starts anew after a billion of them: then a cown that nobody has
/// touched for that long is held by nobody, and has to be acquired.
pub(crate) fn now() -> u32 {
    EPOCH.load(Ordering::Relaxed) % EPOCHS
}

/// One more has come to its end.
pub(crate) fn next() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}
