//! Behaviors that do not run: their result is a `CancelledError`, and their cowns are as they were.

use super::dropping;
use crate::ffi::{Object, PyResult, Python, text};
use crate::interpreter::{Imported, Resident, State, backend};
use crate::transport::by_reference::Taking;
use crate::transport::cown::Handle;
use crate::transport::portable::Portable;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

// It takes long to import, and few programs cancel anything.
static CANCELLED: Imported = Imported::new("bocpy._exceptions", c"cancelled");

/// Makes that the result of the behavior of that name. Nobody is told of it: it is what somebody has asked for.
pub(super) fn cancel(py: Python<'_>, state: &State, result: &Handle, name: &str) -> PyResult<()> {
    let error = error(py, state, name)?;
    if backend::values_stay(py) {
        result.tag().set_cancelled_object(Resident::at(state.home.clone(), error));
        return Ok(());
    }
    result.tag().set_cancelled(Portable::encode(&error, Taking::Copy)?);
    Ok(())
}

/// That error for the behavior of that name.
pub(crate) fn error<'py>(py: Python<'py>, state: &State, name: &str) -> PyResult<Object<'py>> {
    CANCELLED.call_in(py, state, &[&text::string(py, name)?])
}

/// The results of behaviors that are not to begin, as somebody has asked for each of them, by the numbers of their cowns;
/// and whether the behavior is being dropped.
static ASKED: Mutex<Option<FxHashMap<usize, bool>>> = Mutex::new(None);
/// How many there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Whether any behavior may be one that is not to run, but for those of scopes.
#[inline(always)]
pub(super) fn are_any() -> bool {
    COUNT.load(Ordering::Relaxed) != 0 || dropping::are_any()
}

fn change<R>(f: impl FnOnce(&mut FxHashMap<usize, bool>) -> R) -> R {
    let mut asked = ASKED.lock();
    let asked = asked.get_or_insert_default();
    let result = f(asked);
    COUNT.store(asked.len(), Ordering::SeqCst);
    result
}

/// From now on that behavior does not begin. False if that has been asked for before.
pub(crate) fn ask(result: &Handle) -> bool {
    change(|asked| asked.insert(result.id(), false).is_none())
}

/// It begins all the same. False if it is being dropped already, or has been.
pub(crate) fn ask_no_more(result: &Handle) -> bool {
    change(|asked| match asked.get(&result.id()) {
        Some(false) => asked.remove(&result.id()).is_some(),
        _ => false,
    })
}

/// Whether somebody has asked for that, and its result does not say so yet.
pub(crate) fn is_asked(result: &Handle) -> bool {
    COUNT.load(Ordering::Relaxed) != 0
        && ASKED.lock().as_ref().is_some_and(|asked| asked.contains_key(&result.id()))
}

/// The behavior with that result is about to begin: whether it must not. Then it is dropped, and its result says so, before
/// this is [`forget`]ed.
#[inline]
pub(super) fn is_to_be_dropped(result: &Handle) -> bool {
    let drop = |asked: &mut FxHashMap<usize, bool>| asked.get_mut(&result.id()).map(|drops| *drops = true);
    COUNT.load(Ordering::Relaxed) != 0 && change(drop).is_some()
}

/// The result says that its behavior was dropped.
pub(super) fn forget(result: &Handle) {
    if COUNT.load(Ordering::Relaxed) != 0 {
        change(|asked| asked.remove(&result.id()));
    }
}
