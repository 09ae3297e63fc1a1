//! What other threads want done in the main interpreter by a thread of its own: by one that waits there.

use super::home::main_home;
use super::main_thread::{self, is_main_thread};
use super::{State, attach, detach, within};
use crate::ffi::Python;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

/// What is to be done. Dropped, it is not.
pub(crate) type Errand = Box<dyn FnOnce(Python<'_>) + Send>;

/// Takes an errand to the thread that waits; or gives it back.
type Door = Box<dyn Fn(Errand) -> Result<(), Errand> + Send>;

struct Attendant {
    number: u64,
    is_main_thread: bool,
    door: Door,
}

/// The threads that do errands just now.
static ATTENDANTS: Mutex<Vec<Attendant>> = Mutex::new(Vec::new());

/// As long as this is there, errands come through the door.
pub(crate) struct Attending(u64);

/// From now on this thread does errands that come through the door. `None` where it is not one of the main interpreter.
pub(crate) fn attend(
    py: Python<'_>,
    door: impl Fn(Errand) -> Result<(), Errand> + Send + 'static,
) -> Option<Attending> {
    let state = State::get(py);
    state.home.is_main().then(|| attend_as(is_main_thread(py, state), Box::new(door)))
}

fn attend_as(is_main_thread: bool, door: Door) -> Attending {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    ATTENDANTS.lock().push(Attendant { number, is_main_thread, door });
    Attending(number)
}

/// Runs `f` on another thread, while this one, which is of the main interpreter but attached to nothing, does errands.
pub(crate) fn attend_during<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let Some(main) = main_home() else { return f() };
    let (done, errands) = mpsc::channel::<Option<Errand>>();
    let door = done.clone();
    let door =
        move |errand| door.send(Some(errand)).map_err(|mpsc::SendError(back)| back.expect("an errand"));
    let attending = attend_as(main_thread::is_here(), Box::new(door));
    let f = Mutex::new(Some(f));
    let call = || f.lock().take().map(|f| f());
    let result = thread::scope(|scope| {
        let call_and_tell = || {
            let result = catch_unwind(AssertUnwindSafe(call));
            drop(done.send(None));
            result
        };
        let running =
            thread::Builder::new().name("bocpy-wait".into()).spawn_scoped(scope, call_and_tell).ok()?;
        while let Ok(Some(errand)) = errands.recv() {
            attach::visit(&main, errand);
        }
        running.join().and_then(|result| result).unwrap_or_else(|panic| resume_unwind(panic))
    });
    drop(attending);
    // If there can be no other thread, this one does it.
    result.or_else(call).expect("one of both has called it")
}

impl Drop for Attending {
    fn drop(&mut self) {
        let door = {
            let mut attendants = ATTENDANTS.lock();
            let place = attendants.iter().position(|attendant| attendant.number == self.0);
            place.map(|place| attendants.swap_remove(place))
        };
        drop(door);
    }
}

/// Has `f` run in the main interpreter by a thread that attends there, the main one if possible. `may_visit`: if none does, this
/// one may do it as a visitor. `None` where nobody can do it.
pub(crate) fn in_main<R: Send + 'static>(
    py: Python<'_>,
    may_visit: bool,
    f: impl Fn(Python<'_>) -> R + Clone + Send + Sync + 'static,
) -> Option<R> {
    let main = main_home()?;
    if main.is_here() {
        return Some(f(py));
    }
    let done = detach(py, || done_by_attendant(&f));
    if done.is_none() && may_visit {
        return within(py, &main, f);
    }
    done
}

fn done_by_attendant<R: Send + 'static>(
    f: &(impl Fn(Python<'_>) -> R + Clone + Send + Sync + 'static),
) -> Option<R> {
    let (done, result) = mpsc::channel();
    let f = f.clone();
    let mut errand: Option<Errand> = Some(Box::new(move |there| {
        let result = f(there);
        // Before the other thread goes on: what it has given us may depend on its interpreter.
        drop(f);
        drop(done.send(result));
    }));
    {
        let mut attendants = ATTENDANTS.lock();
        attendants.sort_by_key(|attendant| !attendant.is_main_thread);
        for attendant in &*attendants {
            errand = errand.take().and_then(|errand| (attendant.door)(errand).err());
            if errand.is_none() {
                break;
            }
        }
    }
    // With one that nobody has taken goes its sender.
    drop(errand);
    result.recv().ok()
}
