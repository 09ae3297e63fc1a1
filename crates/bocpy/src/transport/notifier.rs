//! A thread that tells event loops, and others who want to be called, that something has come for them.
//!
//! Workers do not do that themselves: they would have to wait for the GIL of the interpreter in which the loop runs.

use super::answers::Arrivals;
use super::lane;
use crate::ffi::{Python, error};
use crate::interpreter::{attach, fork_safe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

/// What the thread has to do, and whether there is one.
#[derive(Default)]
pub(crate) struct Calls {
    waiting: Vec<Arc<Arrivals>>,
    /// There is something to do for the main thread's lane.
    lane: bool,
    is_running: bool,
    /// The program is about to end: nothing is called any more.
    is_over: bool,
}

impl Calls {
    fn has_any(&self) -> bool {
        !self.waiting.is_empty() || self.lane || self.is_over
    }
}

/// The standard library's lock and condition, as those of [`relay`](super::relay).
static CALLS: Mutex<Option<Calls>> = Mutex::new(None);
static CALLED: Condvar = Condvar::new();
/// The thread has ended.
static OVER: Condvar = Condvar::new();

/// How long the thread stays when there is nothing to do.
const IDLE: Duration = Duration::from_secs(10);

/// A fork holds the lock until it is over.
pub(crate) fn hold() -> MutexGuard<'static, Option<Calls>> {
    fork_safe::lock(|| match CALLS.try_lock() {
        Ok(calls) => Some(calls),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    })
}

/// In the child of a fork there is no such thread.
pub(crate) fn start_clean(mut calls: MutexGuard<'static, Option<Calls>>) {
    // What waits for a call is the parent's.
    std::mem::forget(calls.take());
}

/// Lets the thread call what those arrivals are to call.
pub(super) fn call(arrivals: Arc<Arrivals>) {
    order(|calls| calls.waiting.push(arrivals));
}

/// Lets the thread see who wants to know that something is in the main thread's lane.
pub(super) fn attend_to_lane() {
    order(|calls| calls.lane = true);
}

fn order(add: impl FnOnce(&mut Calls)) {
    let mut guard = hold();
    let calls = guard.get_or_insert_default();
    if calls.is_over {
        return;
    }
    add(calls);
    if !calls.is_running {
        let started = thread::Builder::new().name("bocpy-notifier".into()).spawn(run);
        calls.is_running = started.is_ok();
    }
    CALLED.notify_one();
}

fn run() {
    let mut guard = hold();
    loop {
        let calls = guard.get_or_insert_default();
        let waiting = std::mem::take(&mut calls.waiting);
        let lane = std::mem::take(&mut calls.lane);
        if !waiting.is_empty() || lane {
            drop(guard);
            waiting.iter().for_each(|arrivals| wake(arrivals));
            drop(waiting);
            if lane {
                lane::attend();
            }
            guard = hold();
            continue;
        }
        if calls.is_over {
            break;
        }
        // The lane has a lock of its own, which comes first.
        drop(guard);
        let due = lane::due();
        guard = hold();
        let calls = guard.get_or_insert_default();
        if calls.has_any() {
            continue;
        }
        let waited = CALLED.wait_timeout(guard, due.unwrap_or(IDLE));
        let result;
        (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
        let calls = guard.get_or_insert_default();
        if result.timed_out() && !calls.has_any() {
            match due {
                Some(_) => calls.lane = true,
                None => break,
            }
        }
    }
    guard.get_or_insert_default().is_running = false;
    OVER.notify_all();
}

fn wake(arrivals: &Arrivals) {
    let Some(function) = arrivals.wake() else { return };
    let call = |py: Python<'_>| {
        if let Some(function) = function.open(py)
            && function.call(&[]).is_err()
        {
            error::print_unraisable(py, &function);
        }
    };
    // Where its interpreter has ended, nobody waits any more.
    let _ = attach::visit(function.home(), call);
}

/// The program is about to end: from here on nothing is called. To be called by a thread that is attached to nothing.
pub(crate) fn stop() {
    let mut guard = hold();
    guard.get_or_insert_default().is_over = true;
    CALLED.notify_all();
    while guard.get_or_insert_default().is_running {
        guard = OVER.wait(guard).unwrap_or_else(PoisonError::into_inner);
    }
}
