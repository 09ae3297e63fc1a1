//! The value of a cown as it is at one moment, for those who do not hold the cown when they look at it.

use super::by_reference::Opening;
use super::form::{Form, explain_open};
use super::portable::Portable;
use super::slot::Slot;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{Resident, backend};
use std::sync::Arc;

/// What there was to see.
#[derive(Clone)]
pub(crate) struct Glimpse {
    value: Value,
    /// It is an exception that a behavior did not catch.
    is_exception: bool,
}

#[derive(Clone)]
enum Value {
    Portable(Arc<Portable>),
    /// Of the interpreter that all use.
    Object(Arc<Resident>),
}

impl Glimpse {
    /// The value as it is now. To be called by who holds the cown, or reads it. `copies`: nobody else uses what is seen. As
    /// readers see it otherwise: where all use the same object, that one.
    pub(crate) fn of(py: Python<'_>, slot: &Slot, copies: bool) -> PyResult<Glimpse> {
        let is_exception = slot.is_exception();
        // Nobody changes an exception, and not each can be copied.
        let is_one_object = slot.is_pinned() || backend::values_stay(py) && (!copies || is_exception);
        let value = match is_one_object {
            true => Value::Object(Arc::new(Resident::new(slot.look(py, true)?))),
            false => Value::Portable(slot.portable_copy(py)?),
        };
        Ok(Glimpse { value, is_exception })
    }

    /// What was seen, and whether it is an exception that a behavior did not catch.
    pub(super) fn value<'py>(&self, py: Python<'py>) -> PyResult<(Object<'py>, bool)> {
        let value = match &self.value {
            Value::Portable(portable) => {
                portable.decode(py, Opening::Copy).map_err(|raised| explain_open(py, portable, raised))
            }
            Value::Object(object) => object
                .open(py)
                .ok_or_else(|| error::raise(py, Kind::Runtime, "a value of another interpreter")),
        }?;
        let is_raised = self.is_exception && value.is_exception();
        Ok((value, is_raised))
    }
}

impl Slot {
    /// Whether the value is an exception that a behavior did not catch. Does not count as having looked.
    fn is_exception(&self) -> bool {
        !self.is_scalar() && self.content.lock().rare().is_some_and(|rare| rare.exception)
    }

    /// A copy that any interpreter can open. The value stays where it is.
    fn portable_copy(&self, py: Python<'_>) -> PyResult<Arc<Portable>> {
        loop {
            if let Some(scalar) = self.read_scalar() {
                return Ok(Arc::new(scalar.portable()));
            }
            let content = self.content.lock();
            let content = self.wait_until_settled(py, content)?;
            match content.form() {
                Form::Scalar => {}
                Form::Shared(shared) => return Ok(shared.portable.clone()),
                Form::Portable(_) => self.change(content, |form| form.share(py))?,
                _ => return self.change(content, |form| form.copy(py)).map(Arc::new),
            }
        }
    }
}

/// The error that waits to be raised, for one on another thread.
pub(crate) struct Refused {
    kind: Kind,
    message: Box<str>,
}

impl Refused {
    /// Of the error that has been raised here.
    pub(crate) fn take(py: Python<'_>) -> Refused {
        let kinds = [Kind::Type, Kind::Memory, Kind::Recursion];
        let kind = kinds.into_iter().find(|kind| error::is(py, *kind)).unwrap_or(Kind::Runtime);
        let message = match error::take(py) {
            Some(error) => error.str().ok().and_then(|text| text.to_str().map(Box::from)),
            None => None,
        };
        error::clear(py);
        Refused { kind, message: message.unwrap_or_else(|| "the value could not be copied".into()) }
    }

    pub(crate) fn raise(&self, py: Python<'_>) -> Raised {
        error::raise(py, self.kind, &self.message)
    }
}
