//! Pinned cowns: their values are objects of the main interpreter that never leave it, and that only its main thread uses.

use super::cown::{CownObject, Handle};
use super::slot::Slot;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::main_thread::is_main_thread;
use crate::interpreter::{Imported, Resident, State};
use std::sync::atomic::{AtomicBool, Ordering};

static PINNED_COWN: Imported = Imported::new("bocpy._pinned", c"PinnedCown");

/// Whether there has ever been one: if not, nobody need look for one.
static ANY: AtomicBool = AtomicBool::new(false);

/// Whether there has ever been a pinned cown.
#[inline]
pub(crate) fn are_any() -> bool {
    ANY.load(Ordering::Relaxed)
}

/// Makes a cown without a value a pinned one, with that value.
pub(crate) fn pin(py: Python<'_>, cown: &Handle, value: &Object<'_>) -> PyResult<()> {
    if !State::get(py).home.is_main() || boc::current_worker().is_some() {
        let message = "a PinnedCown can be made only in the main interpreter, where its value stays: make it in the main program, \
                       and let behaviors have its handle";
        return Err(error::raise(py, Kind::Runtime, message));
    }
    let slot = cown.tag();
    if !slot.is_blank() {
        let message = "this cown has its value already: a cown is initialized once. To change the value, hold the cown and \
                       assign to `.value`";
        return Err(error::raise(py, Kind::Runtime, message));
    }
    ANY.store(true, Ordering::Relaxed);
    slot.set_pinned();
    slot.put_resident(Resident::new(value.clone()));
    Ok(())
}

/// The class of their handles, in this interpreter.
pub(super) fn class<'py>(py: Python<'py>, state: &State) -> PyResult<Object<'py>> {
    PINNED_COWN.get(py, state)
}

/// The cown of a handle of a pinned one.
pub(super) fn handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
    if !are_any() {
        return None;
    }
    CownObject::plain_handle(object).filter(|cown| {
        let py = object.py();
        let is_class = |class: Object<'_>| class.address() == object.class().address();
        cown.tag().is_pinned() && class(py, State::get(py)).is_ok_and(is_class)
    })
}

/// Raises unless this is the main thread.
pub(crate) fn check_thread(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    if !cown.tag().is_pinned() || is_main_thread(py, State::get(py)) {
        return Ok(());
    }
    let message = "this cown is pinned to the main thread, and only that can use its value: schedule a behavior with @when(cown), \
                   which runs there";
    Err(error::raise(py, Kind::Runtime, message))
}

impl Slot {
    /// Whether only the main thread can use the value.
    #[inline]
    pub(crate) fn is_pinned(&self) -> bool {
        self.place() == Some(PINNED)
    }
}

/// In place of the number of a worker: the main thread.
pub(crate) const PINNED: usize = u16::MAX as usize - 1;
