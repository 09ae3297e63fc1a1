//! Waiting for a thread that is changing the form of a value.

use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python};
use crate::interpreter::detach;
use parking_lot::{Condvar, Mutex};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of waiting threads.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static TURNSTILE: Mutex<()> = Mutex::new(());
static MOVED: Condvar = Condvar::new();

thread_local! {
    /// The values that this thread is moving, by the addresses of their slots.
    static MINE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f`, which changes the form of the value in that slot and at its end puts the new one there.
pub(super) fn in_transit<R>(slot: usize, f: impl FnOnce() -> R) -> R {
    struct Mine(usize);
    impl Drop for Mine {
        fn drop(&mut self) {
            MINE.with_borrow_mut(|mine| mine.retain(|&other| other != self.0));
        }
    }
    MINE.with_borrow_mut(|mine| mine.push(slot));
    let mine = Mine(slot);
    let result = f();
    drop(mine);
    if WAITING.load(Ordering::SeqCst) > 0 {
        let _turnstile = TURNSTILE.lock();
        MOVED.notify_all();
    }
    result
}

/// Whether this thread is moving the value in that slot: code that runs during the move asks for the value again.
pub(super) fn is_mine(slot: usize) -> bool {
    MINE.with_borrow(|mine| mine.contains(&slot))
}

/// Whether this thread is moving any value: then it must not wait for others, which may wait for that value.
fn is_moving() -> bool {
    MINE.with_borrow(|mine| !mine.is_empty())
}

/// Raises where `what`, which waits, is asked for by code that runs during a move.
pub(crate) fn refuse_to_wait(py: Python<'_>, what: &str) -> PyResult<()> {
    if !is_moving() {
        return Ok(());
    }
    let message = format!(
        "{what} cannot wait here: this is code that runs while the value of a cown is moved to another interpreter \
         (__reduce__, __getstate__, __setstate__, a finalizer, a signal handler), and others may wait for that value"
    );
    Err(error::raise(py, Kind::Runtime, &message))
}

/// Waits, attached to nothing, as long as `is_moving`.
pub(super) fn wait_while(py: Python<'_>, is_moving: impl Fn() -> bool + Sync) {
    detach(py, || {
        let mut turnstile = TURNSTILE.lock();
        WAITING.fetch_add(1, Ordering::SeqCst);
        while is_moving() {
            MOVED.wait(&mut turnstile);
        }
        WAITING.fetch_sub(1, Ordering::SeqCst);
    });
}
