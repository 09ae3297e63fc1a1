//! Exceptions of behaviors that nobody has looked at: they are printed in the end.

use super::cown::Handle;
use super::slot::Slot;
use crate::ffi::{error, module};
use crate::interpreter::attach;
use crate::interpreter::tidied::Tidied;
use boc::WeakCown;
use parking_lot::Mutex;

/// Those that are still there when the program ends.
static UNREAD: Mutex<Tidied<WeakCown<(), Slot>>> = Mutex::new(Tidied::new());

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

/// The last thing that can be done for an exception that nobody has ever looked at is to print it.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(report) = self.last_report() {
            print(&report);
        }
        self.drop_value();
    }
}

fn print(report: &str) {
    let message = format!("Exception in a behavior, whose result nobody has looked at:\n{report}");
    let printed = attach::if_attached(|py| {
        error::aside(py, || module::write_stderr(py, &message));
    });
    if printed.is_none() {
        eprint!("{message}");
    }
}
