//! What other threads want done in the main interpreter by a thread of its own: by one that waits there.

use super::home::main_home;
use super::main_thread::is_main_thread;
use super::{State, detach, within};
use crate::ffi::Python;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

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
    static LAST: AtomicU64 = AtomicU64::new(0);
    let state = State::get(py);
    if !state.home.is_main() {
        return None;
    }
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let is_main_thread = is_main_thread(py, state);
    ATTENDANTS.lock().push(Attendant { number, is_main_thread, door: Box::new(door) });
    Some(Attending(number))
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

/// Has `f` run in the main interpreter: by a thread that attends there, the main one if possible, or else by this one as a
/// visitor. `None` where the main interpreter can no longer be used.
pub(crate) fn in_main<R: Send + 'static>(
    py: Python<'_>,
    f: impl Fn(Python<'_>) -> R + Clone + Send + Sync + 'static,
) -> Option<R> {
    let main = main_home()?;
    if main.is_here() {
        return Some(f(py));
    }
    detach(py, || done_by_attendant(&f)).or_else(|| within(py, &main, |there| f(there)))
}

fn done_by_attendant<R: Send + 'static>(f: &(impl Fn(Python<'_>) -> R + Clone + Send + Sync + 'static)) -> Option<R> {
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
