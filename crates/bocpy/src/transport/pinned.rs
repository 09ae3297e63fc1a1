//! Pinned cowns: their values are objects of the main interpreter that never leave it, and that only its main thread uses.

use super::cown::{CownObject, Handle};
use super::slot::Slot;
use crate::ffi::class::{Class, Just};
use crate::ffi::derived::Derived;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::main_thread::is_main_thread;
use crate::interpreter::{PerInterpreter, Resident, State, epoch};
use std::sync::atomic::{AtomicBool, Ordering};

/// What tells it from a `Cown`.
pub(crate) struct Pinned;

/// The value of an instance of `PinnedCown`.
pub(crate) type PinnedObject = Derived<CownObject, Pinned>;

/// The class `PinnedCown`.
pub(crate) static PINNED_COWN: PerInterpreter<Class<PinnedObject>> = PerInterpreter::to_be_filled();

/// Whether there has ever been one: if not, nobody need look for one.
static ANY: AtomicBool = AtomicBool::new(false);

/// Whether there has ever been a pinned cown.
#[inline]
pub(crate) fn are_any() -> bool {
    ANY.load(Ordering::Relaxed)
}

/// A new one with that value.
pub(crate) fn new_handle(py: Python<'_>, value: &Object<'_>) -> PyResult<Handle> {
    let handle = boc::Cown::with_tag((), Slot::blank(epoch::now()));
    pin(py, &handle, value)?;
    Ok(handle)
}

/// Makes a cown without a value a pinned one, with that value.
pub(crate) fn pin(py: Python<'_>, cown: &Handle, value: &Object<'_>) -> PyResult<()> {
    if !State::get(py).home.is_main() || boc::current_worker().is_some() {
        let message = "a PinnedCown can be made only in the main interpreter, where its value stays: make it in the main program, \
                       and let behaviors have its handle";
        return Err(error::raise(py, Kind::Runtime, message));
    }
    ANY.store(true, Ordering::Relaxed);
    cown.tag().set_pinned();
    cown.tag().put_resident(Resident::new(value.clone()));
    Ok(())
}

/// A Python handle of a pinned cown.
pub(super) fn open<'py>(py: Python<'py>, state: &State, handle: Handle) -> PyResult<Object<'py>> {
    PINNED_COWN.of(state).instance(py, Derived::new(Just(handle)))
}

/// The same, if it is one. Where that fails, it is used as any cown.
#[inline]
pub(crate) fn open_if_pinned<'py>(py: Python<'py>, state: &State, handle: &Handle) -> Option<Object<'py>> {
    if !are_any() || !handle.tag().is_pinned() {
        return None;
    }
    open(py, state, handle.clone()).map_err(|Raised| error::clear(py)).ok()
}

/// The cown of an instance of the class itself.
pub(super) fn exact_handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
    Class::find_exact(object, || PINNED_COWN.here(object.py())).map(|pinned| pinned.handle())
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
