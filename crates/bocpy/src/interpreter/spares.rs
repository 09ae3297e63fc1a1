//! Interpreters that are kept for the next start.
//!
//! CPython 3.12 and 3.13 lose one to two megabytes with each interpreter that ends. So there, interpreters are tidied up
//! and used again. Each stays with the thread that made it, as some of its state belongs to that thread. All of them end
//! before a fork, as CPython crashes in a child with sub-interpreters, and before the program exits.

use super::make::in_new_interpreter;
use super::{State, detach, fork_safe};
use crate::ffi::{Python, error, module};
use parking_lot::Mutex;
use std::ffi::CStr;
use std::sync::mpsc::{self, Sender};
use std::thread;

/// What is to be done in an interpreter. It gives what is to be done when the interpreter is free again.
type Work = Box<dyn FnOnce(Python<'_>) -> Box<dyn FnOnce() + Send> + Send>;

/// An interpreter that nobody uses. It ends when this is dropped.
struct Spare {
    /// Where its thread waits for work. The spare goes with the work, so that the thread can put it back.
    door: Sender<(Work, Spare)>,
    /// Is disconnected when the thread has left the interpreter for good.
    ended: mpsc::Receiver<()>,
}

/// Those used last are at the end.
static SPARES: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

/// Defines `tidy()`, which makes an interpreter as it was when it was new.
const TIDY: &CStr = match CStr::from_bytes_with_nul(concat!(include_str!("tidy.py"), "\0").as_bytes()) {
    Ok(code) => code,
    Err(_) => unreachable!(),
};

/// Runs `f`, which also cleans up after bocpy, in an interpreter with a GIL and an allocator of its own, on a thread of
/// that interpreter.
///
/// # Errors
/// What CPython says if it can't make one.
pub(crate) fn within<R: Send + 'static>(
    stack_size: usize,
    f: impl FnOnce(Python<'_>) -> R + Send + 'static,
) -> Result<R, String> {
    let spare = SPARES.lock().pop();
    let spare = match spare {
        Some(spare) => spare,
        None => make(stack_size)?,
    };
    let (send, result) = mpsc::channel();
    let work: Work = Box::new(move |py| {
        let result = f(py);
        Box::new(move || drop(send.send(result)))
    });
    let door = spare.door.clone();
    door.send((work, spare)).map_err(|_| "its thread has ended")?;
    drop(door);
    result.recv().map_err(|_| "its thread has panicked".to_owned())
}

fn make(stack_size: usize) -> Result<Spare, String> {
    let (door, mut visits) = mpsc::channel::<(Work, Spare)>();
    let (ending, ended) = mpsc::channel::<()>();
    let (made, outcome) = mpsc::channel();
    let live = move || {
        let report = made.clone();
        let last = in_new_interpreter(move |py| {
            let tidy = module::run(py, TIDY, c"tidy");
            let _ = report.send(tidy.as_ref().map(drop).map_err(|_| error::describe(py)));
            drop(report);
            let tidy = tidy.ok()?;
            let mut next = || {
                let visits = &mut visits;
                detach(py, move || visits.recv())
            };
            while let Ok((work, spare)) = next() {
                let free = work(py);
                let is_tidy = tidy.call(&[]).and_then(|answer| answer.is_true());
                // bocpy has left, but a finalizer may have imported it again.
                State::tear_down(py);
                if !matches!(is_tidy, Ok(true)) {
                    error::clear(py);
                    return Some(free);
                }
                SPARES.lock().push(spare);
                free();
            }
            None
        });
        match last {
            Ok(last) => last.into_iter().for_each(|free| free()),
            Err(why) => drop(made.send(Err(why))),
        }
        drop(ending);
    };
    let thread = thread::Builder::new().name("bocpy".into()).stack_size(stack_size).spawn(live);
    thread.map_err(|error| error.to_string())?;
    outcome.recv().map_err(|_| "its thread has panicked".to_owned())??;
    Ok(Spare { door, ended })
}

/// Ends those that nobody uses. To be called by a thread that is attached to nothing.
pub(crate) fn end() {
    let spares = std::mem::take(&mut *fork_safe::lock(|| SPARES.try_lock()));
    let ended: Vec<_> = spares.into_iter().map(|spare| spare.ended).collect();
    for ended in ended {
        let _ = ended.recv();
    }
}
