//! Cowns within values: pickled data names them by number, and their handles travel beside it.

use crate::api::cown::Handle;
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python};
use boc::WeakCown;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::slot::Slot;

thread_local! {
    /// Those of the values that this thread pickles just now, innermost last.
    static PACKING: RefCell<Vec<Vec<Handle>>> = const { RefCell::new(Vec::new()) };
    /// Those of the values that it unpickles.
    static UNPACKING: RefCell<Vec<Vec<Handle>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `pack`, and gives the cowns that it met.
pub(crate) fn while_packing<R>(pack: impl FnOnce() -> R) -> (R, Vec<Handle>) {
    PACKING.with_borrow_mut(|stack| stack.push(Vec::new()));
    let result = pack();
    (result, PACKING.with_borrow_mut(Vec::pop).unwrap_or_default())
}

/// Runs `unpack` with those cowns at hand.
pub(crate) fn while_unpacking<R>(cowns: &[Handle], unpack: impl FnOnce() -> R) -> R {
    UNPACKING.with_borrow_mut(|stack| stack.push(cowns.to_vec()));
    let result = unpack();
    UNPACKING.with_borrow_mut(Vec::pop);
    result
}

/// Takes a cown along with the value that is being pickled, and gives its number. `None` where nothing of ours is.
pub(crate) fn pack(cown: &Handle) -> Option<usize> {
    PACKING.with_borrow_mut(|stack| {
        let cowns = stack.last_mut()?;
        cowns.push(cown.clone());
        Some(cowns.len() - 1)
    })
}

/// The cown by that number.
pub(crate) fn unpack(number: usize) -> Option<Handle> {
    UNPACKING.with_borrow(|stack| stack.last()?.get(number).cloned())
}

/// Cowns that somebody has pickled on their own account, by number. They are not kept alive by that.
static PICKLED: Mutex<Option<HashMap<u64, WeakCown<(), Slot>>>> = Mutex::new(None);

/// A number by which `cown` can be found again in this process.
pub(crate) fn remember(cown: &Handle) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut pickled = PICKLED.lock();
    let pickled = pickled.get_or_insert_default();
    pickled.retain(|_, weak| weak.upgrade().is_some());
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    pickled.insert(number, cown.downgrade());
    number
}

/// The cown that was pickled under that number in that process.
pub(crate) fn recall(py: Python<'_>, process: u32, number: u64) -> PyResult<Handle> {
    if process != std::process::id() {
        let message = format!(
            "this pickled Cown belongs to process {process}: a cown lives in its own process only; \
             pickle its value instead"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let found = PICKLED.lock().as_ref().and_then(|pickled| pickled.get(&number)?.upgrade());
    found.ok_or_else(|| {
        let message = "this pickled Cown is gone: a pickle does not keep a cown alive; keep the cown itself";
        error::raise(py, Kind::Runtime, message)
    })
}
