//! Cancelling single behaviors: `Cown.cancel`.
//!
//! What is to be cancelled is noted, and each behavior looks when it begins whether it is. Then we look at what each worker
//! runs, from its interpreter, where no behavior begins meanwhile: one that is not running then sees the note later. So the
//! answer is exact, and behaviors pay next to nothing for it.

use crate::behavior::cancelled;
use crate::ffi::{PyResult, Python};
use crate::interpreter::{State, detach, fork_safe, shown, within};
use crate::transport::cown::Handle;
use crate::transport::in_transit::refuse_to_wait;
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Held by the thread that cancels: another one that cancels the same could not know whether that succeeds.
static CANCELLING: Mutex<()> = Mutex::new(());

/// A fork holds the lock until it is over.
pub(super) fn hold() -> MutexGuard<'static, ()> {
    fork_safe::lock(|| CANCELLING.try_lock())
}

/// The behaviors with these results do not run, as far as they have not begun. True for each that does not.
pub(crate) fn cancel(py: Python<'_>, results: &[&Handle]) -> PyResult<Vec<bool>> {
    refuse_to_wait(py, "cancel()")?;
    let _cancelling = loop {
        match CANCELLING.try_lock() {
            Some(lock) => break lock,
            None => detach(py, || drop(hold())),
        }
    };
    let mut are_cancelled: Vec<bool> = results.iter().map(|result| is_cancelled(result)).collect();
    let is_new = |&place: &usize| !are_cancelled[place] && note(results[place]);
    let new: Vec<usize> = (0..results.len()).filter(is_new).collect();
    if new.is_empty() {
        return Ok(are_cancelled);
    }
    let running = running(py);
    for place in new {
        let result = results[place];
        // What has ended is not running any more.
        let is_too_late = running.contains(&result.id()) || !result.tag().is_pending();
        are_cancelled[place] = !(is_too_late && cancelled::ask_no_more(result));
    }
    Ok(are_cancelled)
}

/// Whether the behavior with that result has begun.
pub(crate) fn has_begun(py: Python<'_>, result: &Handle) -> PyResult<bool> {
    refuse_to_wait(py, "running()")?;
    // In this order: what ends in between has begun.
    Ok(running(py).contains(&result.id()) || !result.tag().is_pending())
}

/// Whether that behavior has been cancelled before.
pub(crate) fn is_cancelled(result: &Handle) -> bool {
    cancelled::is_asked(result) || result.tag().is_cancelled()
}

/// Notes that a behavior is to be cancelled. False if it has ended, or it is no behavior's result.
fn note(result: &Handle) -> bool {
    result.tag().is_pending() && cancelled::ask(result)
}

/// What the workers run: the numbers of the cowns of the results.
fn running(py: Python<'_>) -> FxHashSet<usize> {
    let here = State::get(py).home.clone();
    let mut found = FxHashSet::default();
    for (index, home) in shown::workers() {
        found.extend(match Arc::ptr_eq(&home, &here) {
            true => shown::result(py, index),
            false => within(py, &home, |there| shown::result(there, index)).flatten(),
        });
    }
    found
}
