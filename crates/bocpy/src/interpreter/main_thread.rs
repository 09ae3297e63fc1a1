//! Which thread is the main one.

use super::State;
use super::imported::import;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Python, frames, module};
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
        0 => ask(py, state, here),
        main => main == here,
    }
}

/// The same without a look at Python. False as long as nobody has asked there.
pub(crate) fn is_here() -> bool {
    MAIN.load(Ordering::Relaxed) == frames::this_thread()
}

/// Looks without running any code, where `threading` is imported: a signal handler could raise.
#[cold]
fn ask(py: Python<'_>, state: &State, here: u64) -> bool {
    let is_main = error::aside(py, || {
        let main = module::imported_class(py, c"threading", c"_main_thread").or_else(|| {
            let threading = import(py, state, "threading");
            threading.and_then(|module| module.getattr(c"_main_thread")).map_err(|Raised| forget(py)).ok()
        });
        let number = main.and_then(|main| main.getattr(c"_ident").map_err(|Raised| forget(py)).ok());
        number.and_then(|number| number.as_int()?.to_i64()).is_some_and(|number| number as u64 == here)
    });
    if is_main {
        MAIN.store(here, Ordering::Relaxed);
    }
    is_main
}

/// Clears an error, but lets Ctrl-C be raised later.
fn forget(py: Python<'_>) {
    let is_interrupt = error::is(py, Kind::KeyboardInterrupt);
    error::clear(py);
    if is_interrupt {
        error::interrupt_again(py);
    }
}

/// In the child of a fork, the main thread is the one that has forked.
pub(crate) fn start_clean() {
    MAIN.store(0, Ordering::Relaxed);
}
