//! Exceptions of behaviors that nobody has looked at yet, so that those still there when the program ends are told.

use super::slot::Slot;
use crate::api::cown::Handle;
use boc::WeakCown;
use parking_lot::Mutex;

static UNREAD: Mutex<Unread> = Mutex::new(Unread { cowns: Vec::new(), tidy_at: 64 });

struct Unread {
    cowns: Vec<WeakCown<(), Slot>>,
    /// The number of entries at which those that have died are thrown out.
    tidy_at: usize,
}

/// A behavior has failed, and this is its result.
pub(crate) fn note(result: &Handle) {
    let untidy = {
        let mut unread = UNREAD.lock();
        unread.cowns.push(result.downgrade());
        if unread.cowns.len() < unread.tidy_at {
            return;
        }
        std::mem::take(&mut unread.cowns)
    };
    // Not under the lock: to look at a cown may be to drop it, which may run any code.
    let left = untidy.into_iter().filter(|cown| cown.upgrade().is_some_and(|cown| cown.tag().is_unread()));
    let left: Vec<_> = left.collect();
    let mut unread = UNREAD.lock();
    unread.cowns.extend(left);
    unread.tidy_at = (unread.cowns.len() * 2).max(64);
}

/// Prints those that are left.
pub(crate) fn report_all() {
    let cowns = std::mem::take(&mut UNREAD.lock().cowns);
    for cown in cowns.iter().filter_map(WeakCown::upgrade) {
        cown.tag().report();
    }
}
