//! What happens in the behaviors that the main thread pumps, for who has called for that.

use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::Resident;
use crate::transport::cown::Handle;
use std::cell::RefCell;

#[derive(Default)]
pub(crate) struct Tally {
    /// Jobs of the lane that were no behaviors of the program.
    pub(crate) others: usize,
    /// Behaviors that have raised.
    pub(crate) raised: usize,
    /// The first of those exceptions.
    first: Option<Failed>,
    /// An exception that is to end the program, such as that of Ctrl-C.
    ends: Option<Failed>,
}

/// An exception, and the result that has it.
struct Failed(Resident, Handle);

thread_local! {
    static TALLY: RefCell<Option<Tally>> = const { RefCell::new(None) };
}

/// Counts on this thread while `f` runs, which pumps.
pub(crate) fn counting<R>(f: impl FnOnce() -> R) -> (R, Tally) {
    TALLY.set(Some(Tally::default()));
    let result = f();
    (result, TALLY.take().unwrap_or_default())
}

/// Whether nothing more is to run.
pub(crate) fn is_to_end() -> bool {
    TALLY.with_borrow(|tally| tally.as_ref().is_some_and(|tally| tally.ends.is_some()))
}

fn change(f: impl FnOnce(&mut Tally)) {
    TALLY.with_borrow_mut(|tally| tally.as_mut().map(f));
}

pub(super) fn count_no_behavior() {
    change(|tally| tally.others += 1);
}

/// A behavior has raised that.
pub(super) fn note(raised: &Object<'_>, result: &Handle) {
    if TALLY.with_borrow(|tally| tally.is_none()) {
        return;
    }
    let ends = !error::is_kind(raised, Kind::Exception);
    let raised = Failed(Resident::new(raised.clone()), result.clone());
    change(|tally| {
        tally.raised += 1;
        match ends {
            true => tally.ends = Some(raised),
            false => _ = tally.first.get_or_insert(raised),
        }
    });
}

impl Tally {
    /// Raises what the caller is to get.
    pub(crate) fn raise(self, py: Python<'_>, raises_all: bool) -> PyResult<()> {
        let first = self.first.filter(|_| raises_all);
        let Some(Failed(raised, result)) = self.ends.or(first) else { return Ok(()) };
        // Somebody looks at it now.
        result.tag().exception();
        match raised.open(py) {
            Some(raised) => Err(error::raise_object(&raised)),
            None => Ok(()),
        }
    }
}
