//! The cowns that a behavior reads, and the values that it has seen.

use super::by_reference::take_back;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{Resident, State, backend};
use std::cell::RefCell;

thread_local! {
    /// The cowns that the running behavior only reads, by their numbers, and the value of each that it has seen.
    static READING: RefCell<Vec<(usize, Option<Resident>)>> = const { RefCell::new(Vec::new()) };
}

/// What a behavior has seen, to be taken back from it where it may keep it.
#[derive(Default)]
pub(crate) struct Seen(Vec<Resident>);

impl Seen {
    /// The behavior has come to its end, and given its result.
    pub(crate) fn take_back(self, py: Python<'_>) {
        self.0.iter().filter_map(|seen| seen.open(py)).for_each(|object| take_back(&object));
    }
}

/// Runs `f` as a behavior that reads the cowns of those numbers.
pub(crate) fn reading<R>(
    py: Python<'_>,
    cowns: impl Iterator<Item = usize>,
    f: impl FnOnce() -> R,
) -> (R, Seen) {
    let before = READING.replace(cowns.map(|cown| (cown, None)).collect());
    let result = f();
    let seen = READING.replace(before);
    // Elsewhere the next reader may get the same object.
    let kept = if backend::values_stay(py) { seen } else { Vec::new() };
    (result, Seen(kept.into_iter().filter_map(|(_, seen)| seen).collect()))
}

/// Whether the behavior that runs here reads that cown.
pub(crate) fn reads(cown: usize) -> bool {
    READING.with_borrow(|reading| reading.iter().any(|(other, _)| *other == cown))
}

/// The value that the running behavior sees in a cown that it reads: `open` opens it the first time.
pub(crate) fn see<'py>(
    py: Python<'py>,
    cown: usize,
    open: impl FnOnce() -> PyResult<Object<'py>>,
) -> PyResult<Object<'py>> {
    let seen = READING.with_borrow(|reading| {
        reading.iter().find(|(other, _)| *other == cown).and_then(|(_, seen)| seen.as_ref()?.open(py))
    });
    if let Some(seen) = seen {
        return Ok(seen);
    }
    let object = open()?;
    let seen = Resident::at(State::get(py).home.clone(), object.clone());
    READING.with_borrow_mut(|reading| {
        if let Some((_, place)) = reading.iter_mut().find(|(other, _)| *other == cown) {
            *place = Some(seen);
        }
    });
    Ok(object)
}
