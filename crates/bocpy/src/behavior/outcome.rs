//! How a behavior ends: its result, what it leaves in its cowns, and what becomes of an exception.

use super::params::HeldCowns;
use super::task::Task;
use super::{pumped, unshare};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::interpreter::{Imported, Resident, State, backend};
use crate::transport::answers::tell_onlookers;
use crate::transport::by_reference::{Opening, Taking, hand_over, is_data, is_reference};
use crate::transport::cown::Handle;
use crate::transport::holder::Holder;
use crate::transport::portable::Portable;
use crate::transport::recorded::recorded;
use crate::transport::{reports, residents};

pub(crate) static FORMAT_EXCEPTION: Imported = Imported::new("bocpy._errors", c"format_exception");
static DESCRIBE: Imported = Imported::new("bocpy._reports", c"describe");
static CAREFULLY: Imported = Imported::new("bocpy._exceptions", c"carefully");
static NOTE_ROOT_CAUSE: Imported = Imported::new("bocpy._reports", c"note_root_cause");

impl Task {
    /// Stores the outcome of the body as the result, and leaves the values as they are, or makes them portable if necessary.
    pub(super) fn finish(
        &self,
        py: Python<'_>,
        state: &State,
        cowns: HeldCowns<'_>,
        outcome: PyResult<Object<'_>>,
    ) {
        let stay = backend::values_stay(py);
        let strict = backend::is_strict() && !stay;
        let mut failed = outcome.as_ref().err().and_then(|Raised| error::take(py));
        if strict {
            for handle in cowns.all() {
                let what = || format!("the value that the behavior '{}' left in a cown,", self.name());
                if handle.tag().settle(py, what).is_err() {
                    let error = error::take(py);
                    failed = failed.or(error);
                }
            }
        }
        let mut is_object = false;
        if let (None, Ok(value)) = (&failed, outcome) {
            match self.give(py, state, cowns, value, stay, strict) {
                Ok(stays) => is_object = stays,
                Err(Raised) => failed = error::take(py),
            }
        }
        if let Some(error) = failed {
            self.fail(py, state, cowns, &error, stay);
        }
        tell_onlookers(py, cowns.all());
        // Last, when the body has no references to the values any more.
        if !stay {
            cowns.written().for_each(|cown| self.leave(py, state, cown));
            unshare::unshare(py, state, cowns, is_object);
            let read = cowns.read().filter(|cown| cown.tag().leave_read(&state.home));
            read.for_each(|cown| residents::add(state, cown));
        } else {
            cowns.written().for_each(|cown| cown.tag().renew(py));
        }
    }

    /// Makes `value` the result. Returns whether it stays as an object, and raises if it can't be the result.
    fn give<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        cowns: HeldCowns<'_>,
        value: Object<'py>,
        stay: bool,
        strict: bool,
    ) -> PyResult<bool> {
        // The result is not read: it is in another core's cache, and has been `None` from the start.
        if value.is_none() {
            cowns.result.tag().set_ended();
            return Ok(false);
        }
        let value = match recorded(&value)? {
            Some(record) => {
                drop(value); // it has the record, too
                record
            }
            None => value,
        };
        let slot = cowns.result.tag();
        let what = || format!("the result of the behavior '{}'", self.name());
        // What is in a cown as well, or kept somewhere, has to be in two places.
        let taking = if value.references() > 1 { Taking::Copy } else { Taking::Move(&what) };
        if stay {
            let value = apart(py, cowns, &value).map_or_else(|| hand_over(&value, taking), Ok)?;
            slot.put_resident(Resident::at(state.home.clone(), value));
            return Ok(true);
        }
        if let Some(small) = Portable::small(&value).or_else(|| Portable::reference(&value, taking)) {
            slot.put(small);
            return Ok(false);
        }
        // The result of a reader may be part of a value that others read. And an object that moves by reference may be
        // the value of a cown as well.
        let in_two_places = cowns.read().next().is_some()
            || cowns
                .written()
                .any(|cown| cown.tag().object_here(py).is_some_and(|value| is_reference(&value)));
        if in_two_places {
            slot.put(Portable::copy_named(&value, what)?);
            return Ok(false);
        }
        if strict {
            slot.put(Portable::encode_named(&value, what)?);
            return Ok(false);
        }
        slot.put_resident(Resident::at(state.home.clone(), value));
        self.leave(py, state, cowns.result);
        Ok(true)
    }

    /// Leaves a cown's value where it is.
    #[inline]
    fn leave(&self, py: Python<'_>, state: &State, cown: &Handle) {
        // It is kept for longer than the name of one behavior.
        if cown.tag().leave(py, &state.home, || self.work.label()) {
            residents::add(state, cown);
        }
    }

    /// Makes an exception the result.
    pub(super) fn fail<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        cowns: HeldCowns<'_>,
        error: &Object<'py>,
        stay: bool,
    ) {
        let behavior = text::string(py, self.name())
            .and_then(|name| DESCRIBE.call_in(py, state, &[error, &name]))
            .ok()
            .and_then(|text| text.to_str().map(str::to_owned));
        let behavior = behavior.unwrap_or_else(|| format!("behavior '{}'", self.name()));
        error::clear(py);
        for before in cowns.all().filter_map(|cown| cown.tag().unread()) {
            let note = || {
                let cause = before.open(py)?;
                NOTE_ROOT_CAUSE.call_in(py, state, &[error, &text::string(py, &before.behavior)?, &cause])
            };
            if note().is_err() {
                error::clear(py);
            }
        }
        if Holder::ends_process() {
            let trace = FORMAT_EXCEPTION.call_in(py, state, &[error]).ok();
            let trace = trace.and_then(|trace| trace.to_str().map(str::to_owned));
            module::write_stderr(
                py,
                &trace.unwrap_or_else(|| format!("{} in the {behavior}\n", error.class_name())),
            );
            module::exit_process(py, 1);
        }
        pumped::note(error, cowns.result);
        reports::note(cowns.result);
        let slot = cowns.result.tag();
        if stay {
            return slot.fail_resident(error, behavior, self.scope());
        }
        let portable = Portable::encode(error, Taking::Copy).or_else(|Raised| {
            error::clear(py);
            Portable::encode(&CAREFULLY.call_in(py, state, &[error])?, Taking::Copy)
        });
        let portable = portable.or_else(|Raised| {
            let why = error::describe(py);
            let message =
                format!("{} in the {behavior}, which could not be moved: {why}", error.class_name());
            let raised = error::raise(py, Kind::Runtime, &message);
            Portable::encode(&error::take(py).ok_or(raised)?, Taking::Copy)
        });
        match portable {
            Ok(portable) => slot.fail(portable, behavior, self.scope()),
            Err(Raised) => {
                error::clear(py);
                slot.fail(Portable::None, behavior, self.scope());
            }
        }
    }
}

/// Where values stay the objects that they are: a copy of a result that may have a handle in it which belongs to a cown of
/// the behavior, and so will be of no use outside. `None`: there is no such cown, or the result cannot be copied.
fn apart<'py>(py: Python<'py>, cowns: HeldCowns<'_>, value: &Object<'py>) -> Option<Object<'py>> {
    let is_one = |cown: &Handle| cown.tag().object_here(py).is_some_and(|value| is_data(&value));
    if is_data(value) || Portable::small(value).is_some() || !cowns.all().any(is_one) {
        return None;
    }
    let copied = Portable::encode(value, Taking::Copy).and_then(|copy| copy.decode(py, Opening::Own));
    if copied.is_err() {
        error::clear(py);
    }
    copied.ok()
}
