//! Which thread is the main one.

use super::State;
use crate::ffi::{Python, frames};
use std::sync::atomic::{AtomicU64, Ordering};

/// As Python numbers it. Zero: nobody has asked from there.
static MAIN: AtomicU64 = AtomicU64::new(0);

/// Whether this is the main thread of the program, in the main interpreter.
pub(crate) fn is_main_thread(py: Python<'_>, state: &State) -> bool {
    if !state.home.is_main() {
        return false;
    }
    let here = frames::this_thread();
    match MAIN.load(Ordering::Relaxed) {
        0 => ask(py, here),
        main => main == here,
    }
}

/// The same without a look at Python. False as long as nobody has asked there.
pub(crate) fn is_here() -> bool {
    MAIN.load(Ordering::Relaxed) == frames::this_thread()
}

#[cold]
fn ask(py: Python<'_>, here: u64) -> bool {
    let is_main = frames::is_main_thread(py);
    if is_main {
        MAIN.store(here, Ordering::Relaxed);
    }
    is_main
}

/// In the child of a fork, the main thread is the one that has forked.
pub(crate) fn start_clean() {
    MAIN.store(0, Ordering::Relaxed);
}
