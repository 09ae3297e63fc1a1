//! Which thread is the main one.

use super::{Imported, State};
use crate::ffi::error::{self, Raised};
use crate::ffi::{Python, frames};
use std::sync::atomic::{AtomicU64, Ordering};

static IS_MAIN_THREAD: Imported = Imported::new("bocpy._lifecycle", c"is_main_thread");

/// As Python numbers it. Zero: nobody has asked from there.
static MAIN: AtomicU64 = AtomicU64::new(0);

/// Whether this is the main thread of the program, in the main interpreter.
pub(crate) fn is_main_thread(py: Python<'_>, state: &State) -> bool {
    if !state.home.is_main() {
        return false;
    }
    let here = frames::this_thread();
    match MAIN.load(Ordering::Relaxed) {
        0 => ask(py, state, here),
        main => main == here,
    }
}

#[cold]
fn ask(py: Python<'_>, state: &State, here: u64) -> bool {
    let is_main = error::aside(py, || match IS_MAIN_THREAD.call_in(py, state, &[]) {
        Ok(answer) => answer.is_true().unwrap_or(false),
        Err(Raised) => {
            error::clear(py);
            false
        }
    });
    if is_main {
        MAIN.store(here, Ordering::Relaxed);
    }
    is_main
}

/// In the child of a fork, the main thread is the one that has forked.
pub(crate) fn start_clean() {
    MAIN.store(0, Ordering::Relaxed);
}
