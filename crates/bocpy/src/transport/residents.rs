//! The cowns whose values live in an interpreter, or did: they are moved out before it ends.

use super::cown::Handle;
use super::slot::Slot;
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{PerInterpreter, State};
use boc::WeakCown;
use parking_lot::Mutex;

static RESIDENTS: PerInterpreter<Mutex<SelfPruning<WeakCown<(), Slot>>>> =
    PerInterpreter::new(Mutex::default);

/// One more. It may be listed already.
pub(crate) fn add(state: &State, cown: &Handle) {
    RESIDENTS.of(state).lock().push(cown.downgrade(), |cowns| {
        cowns.retain(|cown| cown.handles() > 0);
        cowns.sort_unstable_by_key(WeakCown::id);
        cowns.dedup_by_key(|cown| cown.id());
    });
}

/// Takes them off the list.
pub(crate) fn take(state: &State) -> Vec<WeakCown<(), Slot>> {
    RESIDENTS.of(state).lock().take()
}
