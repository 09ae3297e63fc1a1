//! `os.fork()`: the parent goes on as if nothing had been, the child starts clean.
//!
//! The child has one thread: no workers, and nobody who could ever let go of a lock that another thread held. So the
//! forking thread takes our locks before, and the child forgets the runtime rather than ending it.

use super::engine::{ENGINE, Engine, LIFECYCLE, start_clean};
use crate::ffi::Python;
use crate::interpreter::detach;
use parking_lot::{MutexGuard, RwLockWriteGuard};
use std::cell::RefCell;
use std::sync::Arc;

type Locks = (MutexGuard<'static, ()>, RwLockWriteGuard<'static, Option<Arc<Engine>>>);

thread_local! {
    /// Held from before the fork until after it.
    static LOCKS: RefCell<Option<Locks>> = const { RefCell::new(None) };
}

pub(crate) fn before(py: Python<'_>) {
    detach(py, || {
        let locks = (LIFECYCLE.lock(), ENGINE.write());
        LOCKS.with_borrow_mut(|place| *place = Some(locks));
    });
}

pub(crate) fn after_in_parent() {
    drop(LOCKS.with_borrow_mut(Option::take));
}

pub(crate) fn after_in_child() {
    let Some((lifecycle, mut engine)) = LOCKS.with_borrow_mut(Option::take) else { return };
    // Its threads are not here: there is nothing to end.
    std::mem::forget(engine.take());
    start_clean();
    drop((lifecycle, engine));
}
