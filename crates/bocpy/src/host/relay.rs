//! The thread that brings what workers send to the main interpreter: see [`transport::relay`](crate::transport::relay).

use crate::interpreter::make::in_main;
use crate::transport::relay;
use parking_lot::Mutex;
use std::thread::{self, JoinHandle};

static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);

/// To be called before workers start.
pub(super) fn start() -> std::io::Result<()> {
    relay::open();
    let take = || relay::take(|deliver| in_main(deliver));
    let thread = thread::Builder::new().name("bocpy-relay".into()).spawn(take)?;
    *THREAD.lock() = Some(thread);
    Ok(())
}

/// Ends when all has been delivered. To be called by a thread that is attached to nothing, after the workers have ended.
pub(super) fn stop() {
    relay::close();
    let thread = THREAD.lock().take();
    if let Some(thread) = thread {
        // It does not panic; and if so, it has said that.
        let _ = thread.join();
    }
}

/// In the child of a fork, there is no such thread.
pub(super) fn start_clean() {
    std::mem::forget(THREAD.lock().take());
}
