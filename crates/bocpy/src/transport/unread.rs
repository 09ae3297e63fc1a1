//! Exceptions of behaviors that nobody has looked at yet, so that those still there when the program ends are told.

use super::slot::Slot;
use crate::api::cown::Handle;
use crate::interpreter::tidied::Tidied;
use boc::WeakCown;
use parking_lot::Mutex;

static UNREAD: Mutex<Tidied<WeakCown<(), Slot>>> = Mutex::new(Tidied::new());

/// A behavior has failed, and this is its result.
pub(crate) fn note(result: &Handle) {
    UNREAD.lock().push(result.downgrade(), |cowns| cowns.retain(|cown| cown.handles() > 0));
}

/// Prints those that are left.
pub(crate) fn report_all() {
    let cowns = UNREAD.lock().take();
    for cown in cowns.iter().filter_map(WeakCown::upgrade) {
        cown.tag().report();
    }
}
