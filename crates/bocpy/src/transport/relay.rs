//! What workers share with the main interpreter.
//!
//! Their output, log records and warnings go there: a thread of its own takes them from one queue, so a worker need not
//! wait for the main interpreter's GIL. What the program sets for its workers goes to them: each looks before a
//! behavior whether there is something new.

use super::by_reference::{Opening, Taking};
use super::portable::Portable;
use crate::ffi::error;
use crate::ffi::{List, Object, PyResult, Python, module, text};
use crate::interpreter::home::main_home;
use crate::interpreter::{Imported, PerInterpreter, State, detach, fork_safe, within};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex as StdMutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

static DELIVER: Imported = Imported::new("bocpy._relay", c"deliver");
static ANSWER: Imported = Imported::new("bocpy._relay", c"answer");
static FOLLOW: Imported = Imported::new("bocpy._followers", c"follow");
static FLUSH: Imported = Imported::new("bocpy._followers", c"flush");

/// On the way to the main interpreter.
#[derive(Default)]
pub(crate) struct Queue {
    messages: Vec<Portable>,
    /// How many there have been, and how many have been delivered.
    sent: u64,
    delivered: u64,
    /// Somebody takes them.
    open: bool,
    /// That one is in the main interpreter just now.
    delivering: bool,
}

/// The standard library's lock and condition: they can be used in the child of a fork though threads of the parent waited for
/// them.
static QUEUE: StdMutex<Option<Queue>> = StdMutex::new(None);
/// Something has been sent, or the queue has been closed.
static SENT: Condvar = Condvar::new();

/// How many messages may wait before workers do.
const ROOM: usize = 10_000;
/// How long anybody waits for their delivery: what takes them may wait for the one who waits.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_micros(200);

/// What the program has set, and how often that has changed.
static SETTINGS: Mutex<Option<Portable>> = Mutex::new(None);
static VERSION: AtomicU64 = AtomicU64::new(0);
/// The version that this interpreter has.
static SEEN: PerInterpreter<AtomicU64> = PerInterpreter::new(AtomicU64::default);
/// Something of this interpreter has been written without an end of line.
static UNWRITTEN: PerInterpreter<AtomicBool> = PerInterpreter::new(AtomicBool::default);
static IS_UNWRITTEN: AtomicBool = AtomicBool::new(false);

fn queue() -> MutexGuard<'static, Option<Queue>> {
    fork_safe::lock(|| match QUEUE.try_lock() {
        Ok(queue) => Some(queue),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    })
}

/// Sends a message to the main interpreter, which `deliver` in `_relay.py` understands.
pub(crate) fn send(message: &Object<'_>) -> PyResult<()> {
    let py = message.py();
    let portable = Portable::encode(message, Taking::Copy)?;
    let is_full = {
        let mut queue = queue();
        let queue = queue.get_or_insert_default();
        queue.messages.push(portable);
        queue.sent += 1;
        SENT.notify_one();
        queue.messages.len() > ROOM
    };
    if is_full {
        detach(py, || wait_until(|queue| queue.messages.len() <= ROOM));
    }
    Ok(())
}

/// Waits until all that has been sent so far is delivered. To be called by a thread that is attached to nothing.
pub(crate) fn wait_delivered() {
    let sent = queue().as_ref().map_or(0, |queue| queue.sent);
    wait_until(|queue| queue.delivered >= sent);
}

/// Waits for that, if somebody takes the messages, and not forever.
fn wait_until(is_done: impl Fn(&Queue) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while queue().as_ref().is_some_and(|queue| queue.open && !is_done(queue)) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}

/// Somebody takes the messages from now on.
pub(crate) fn open() {
    queue().get_or_insert_default().open = true;
}

/// No more are taken than are there already.
pub(crate) fn close() {
    queue().get_or_insert_default().open = false;
    SENT.notify_all();
}

/// Takes messages as they come, and delivers them by `attach`, which calls the function that it gets attached to the main
/// interpreter; until the queue is closed and empty.
pub(crate) fn take(attach: impl Fn(&mut dyn FnMut(Python<'_>))) {
    loop {
        let messages = {
            let mut guard = queue();
            loop {
                let queue = guard.get_or_insert_default();
                if !queue.messages.is_empty() {
                    queue.delivering = true;
                    break std::mem::take(&mut queue.messages);
                }
                if !queue.open {
                    return;
                }
                guard = SENT.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let count = messages.len() as u64;
        attach(&mut |py| {
            if deliver(py, &messages).is_err() {
                module::complain(py, "output of a worker was lost, as it could not be opened");
            }
        });
        let mut queue = queue();
        let queue = queue.get_or_insert_default();
        queue.delivered += count;
        queue.delivering = false;
    }
}

fn deliver(py: Python<'_>, messages: &[Portable]) -> PyResult<()> {
    let opened: PyResult<Vec<_>> = messages.iter().map(|message| message.decode(py, Opening::Own)).collect();
    let messages: Object<'_> = List::new(py, opened?)?.into();
    DELIVER.call(py, &[&messages]).map(drop)
}

/// The program has set something for its workers.
pub(crate) fn publish(settings: &Object<'_>) -> PyResult<()> {
    let portable = Portable::encode(settings, Taking::Copy)?;
    *SETTINGS.lock() = Some(portable);
    VERSION.fetch_add(1, Ordering::Release);
    Ok(())
}

/// Takes over what is new. Called by workers, before a behavior.
#[inline]
pub(crate) fn follow(py: Python<'_>, state: &State) {
    if VERSION.load(Ordering::Acquire) != 0 {
        follow_now(py, state);
    }
}

fn follow_now(py: Python<'_>, state: &State) {
    let version = VERSION.load(Ordering::Acquire);
    if SEEN.of(state).swap(version, Ordering::Relaxed) == version || state.home.is_main() {
        return;
    }
    let settings = SETTINGS.lock().clone();
    let Some(settings) = settings else { return };
    let followed =
        settings.decode(py, Opening::Copy).and_then(|settings| FOLLOW.call_in(py, state, &[&settings]));
    if followed.is_err() {
        module::complain(py, "a worker could not take over what was set");
    }
}

/// Something has been written here without an end of line: it is to be sent when the behavior ends.
pub(crate) fn set_unwritten(py: Python<'_>) {
    UNWRITTEN.here(py).store(true, Ordering::Relaxed);
    IS_UNWRITTEN.store(true, Ordering::Relaxed);
}

/// Sends it. Called by workers, after a behavior.
#[inline]
pub(crate) fn flush(py: Python<'_>, state: &State) {
    if IS_UNWRITTEN.load(Ordering::Relaxed) && UNWRITTEN.of(state).swap(false, Ordering::Relaxed) {
        flush_now(py, state);
    }
}

#[cold]
fn flush_now(py: Python<'_>, state: &State) {
    if FLUSH.call_in(py, state, &[]).is_err() {
        module::complain(py, "output of a worker was lost");
    }
}

/// Asks the main interpreter: see `answer` in `_relay.py`. `None` where it gives none.
pub(crate) fn ask<'py>(py: Python<'py>, question: &str) -> PyResult<Option<Object<'py>>> {
    let Some(main) = main_home().filter(|main| !main.is_here()) else { return Ok(None) };
    let answer = within(py, &main, |there| {
        let answer = text::string(there, question).and_then(|question| ANSWER.call(there, &[&question]));
        let portable = answer.and_then(|answer| Portable::encode(&answer, Taking::Copy));
        portable.map_err(|_| error::clear(there)).ok()
    });
    answer.flatten().map(|portable| portable.decode(py, Opening::Own)).transpose()
}

/// The lock of the queue, over a fork. While it is held nothing is delivered: the child could never use a lock, such as that
/// of a file, that the delivering thread holds. To be called by a thread that is attached to nothing.
pub(crate) fn hold() -> MutexGuard<'static, Option<Queue>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let queue = queue();
        if !queue.as_ref().is_some_and(|queue| queue.delivering) || Instant::now() >= deadline {
            return queue;
        }
        drop(queue);
        std::thread::sleep(PAUSE);
    }
}

/// In the child of a fork, there is nobody who has sent or takes anything.
pub(crate) fn start_clean(mut queue: MutexGuard<'static, Option<Queue>>) {
    *queue = None;
}
