//! Exceptions that behaviors did not catch, and that become a cown's value. An exception that nobody has looked at is
//! printed at the end.

use super::cown::Handle;
use super::form::Form;
use super::portable::Portable;
use super::slot::Slot;
use crate::ffi::{error, module};
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{Resident, attach};
use boc::WeakCown;
use parking_lot::Mutex;

/// Those that are still there when the program ends.
static UNREAD: Mutex<SelfPruning<WeakCown<(), Slot>>> = Mutex::new(SelfPruning::new());

/// A behavior has failed, and this is its result.
pub(crate) fn note(result: &Handle) {
    UNREAD.lock().push(result.downgrade(), |cowns| cowns.retain(|cown| cown.handles() > 0));
}

/// Prints those that are left.
pub(crate) fn report_all() {
    let cowns = UNREAD.lock().take();
    for cown in cowns.iter().filter_map(WeakCown::upgrade) {
        if let Some(report) = cown.tag().take_report() {
            print(&report);
        }
    }
}

impl Slot {
    /// Makes the value an exception that a behavior did not catch.
    pub(crate) fn fail(&self, exception: Portable, trace: String) {
        self.replace(Form::Portable(exception), Some(trace));
    }

    pub(crate) fn fail_resident(&self, exception: Resident, trace: String) {
        self.replace(Form::resident(exception), Some(trace));
    }

    /// Whether the value is an exception that a behavior did not catch. Asking counts as having looked.
    pub(crate) fn exception(&self) -> bool {
        let mut content = self.content.lock();
        content.read();
        content.rare().is_some_and(|rare| rare.exception)
    }

    pub(crate) fn set_exception(&self, exception: bool) {
        let mut content = self.content.lock();
        if !exception && content.rare().is_none() {
            return;
        }
        let rare = content.full().rare.get_or_insert_default();
        rare.exception = exception;
        rare.unread = false;
        if let (true, Some(scalar)) = (exception, self.get_scalar()) {
            self.put_form(&mut content, Form::Portable(scalar.portable()));
        }
    }

    /// The traceback of the exception that the value is.
    pub(crate) fn trace(&self) -> Option<Box<str>> {
        self.content.lock().rare()?.trace.clone()
    }

    /// The report about an exception that nobody has looked at, once.
    pub(crate) fn take_report(&self) -> Option<Box<str>> {
        self.content.lock().take_report()
    }

    /// The same as the cown dies.
    pub(crate) fn last_report(&mut self) -> Option<Box<str>> {
        self.content.get_mut().take_report()
    }
}

/// Prints an exception that nobody has ever looked at.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(report) = self.last_report() {
            print(&report);
        }
        self.drop_value();
    }
}

fn print(report: &str) {
    let message = format!("Exception in a behavior whose result was never read:\n{report}");
    let printed = attach::if_attached(|py| {
        error::aside(py, || module::write_stderr(py, &message));
    });
    if printed.is_none() {
        eprint!("{message}");
    }
}
