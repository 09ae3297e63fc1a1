//! How many calls of `wait` have ended. The main interpreter may use cowns that are older than the last one.

use std::sync::atomic::{AtomicU32, Ordering};

static EPOCH: AtomicU32 = AtomicU32::new(0);

/// How far epochs are counted.
pub(crate) const EPOCHS: u32 = 1 << 30;

/// The number of waits that have ended. It starts again from zero after a billion of them: then a cown that nobody has
/// used for that long is held by nobody, and has to be acquired.
pub(crate) fn now() -> u32 {
    EPOCH.load(Ordering::Relaxed) % EPOCHS
}

/// One more has come to its end.
pub(crate) fn next() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}
