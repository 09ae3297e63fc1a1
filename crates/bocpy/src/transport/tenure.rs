//! Who may use a cown's value: this is decided only here.
//!
//! The runtime decides whose turn it is at a cown. Its decision is stored in the slot's `long`, as one of three:
//!
//! - A behavior holds the cown: the number of the thread that runs it, and [`BEHAVIOR`].
//! - It is held by hand, by a thread outside behaviors (`acquire`): the number of that thread. The hold itself, which keeps
//!   behaviors waiting, is kept in the slot.
//! - Nobody holds it: [`NOBODY`], and how many calls of `wait` had ended when the cown was made or last released. Once
//!   one more has ended, and no runtime is up, nothing runs: the main interpreter may use the value.
//!
//! And a behavior may read what others read too: see [`reading`](super::reading).

use super::cown::Handle;
use super::holder::{BEHAVIOR, Holder, NOBODY};
use super::lines::Waiters;
use super::pinned::check_thread;
use super::reading::reads;
use super::slot::{HAS_HOLD, Slot};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised, frames, number};
use crate::interpreter::epoch::{self, EPOCHS};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::main_thread::is_main_thread;
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{Imported, State, backend, shown};
use boc::{CownGuard, Mode, WeakCown};
use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use std::sync::atomic::Ordering;

static THREAD_NAME: Imported = Imported::new("bocpy._lifecycle", c"thread_name");

/// What the caller may do with the value.
#[inline]
pub(crate) fn access(py: Python<'_>, cown: &Handle) -> Option<Mode> {
    let writes = match cown.tag().holder() {
        Some(holder) => holder == Holder::current(),
        None => is_held_since_wait(py, cown) || is_main_threads(py, cown),
    };
    match writes {
        true => Some(Mode::Write),
        false => reads(cown.id()).then_some(Mode::Read),
    }
}

fn is_held_since_wait(py: Python<'_>, cown: &Handle) -> bool {
    !cown.tag().is_pinned()
        && cown.tag().epoch().is_some_and(|then| then < epoch::now())
        && State::get(py).home.is_main()
        && !backend::is_running()
}

/// What is pinned is used by the main thread alone. So when no behavior runs there, the thread has it.
fn is_main_threads(py: Python<'_>, cown: &Handle) -> bool {
    cown.tag().is_pinned() && !Holder::in_behavior() && is_main_thread(py, State::get(py))
}

/// The same, or an error that says who holds the cown, and what to do.
#[inline]
pub(crate) fn check_access(py: Python<'_>, cown: &Handle) -> PyResult<Mode> {
    match access(py, cown) {
        Some(mode) => Ok(mode),
        None => Err(refuse(py, cown)),
    }
}

#[cold]
fn refuse(py: Python<'_>, cown: &Handle) -> error::Raised {
    if let Err(raised) = check_thread(py, cown) {
        return raised;
    }
    let message = match (cown.tag().holder(), Holder::in_behavior()) {
        (Some(_), _) if cown.tag().is_held_by_behavior() => {
            "this cown is held by a running behavior, and only that behavior may use its value. \
             Schedule a behavior with @when(cown), or acquire the cown after wait() or quiesce()"
        }
        (Some(_), _) => {
            "another thread has acquired this cown, and only that thread may use its value. \
             Schedule a behavior with @when(cown), or acquire the cown after the thread has released it"
        }
        (None, true) => {
            "this behavior does not hold this cown: add the cown to the behavior's @when(...), \
             or schedule another behavior with @when(cown)"
        }
        (None, false) => {
            "nobody holds this cown: to use its value, acquire it (`with cown:`), or schedule a behavior \
             with @when(cown)"
        }
    };
    error::raise(py, Kind::Runtime, message)
}

/// The same for a caller that is about to change `what`.
pub(crate) fn check_write(py: Python<'_>, cown: &Handle, what: &str) -> PyResult<()> {
    match check_access(py, cown)? {
        Mode::Write => Ok(()),
        Mode::Read => {
            let message = format!(
                "this behavior only reads this cown, and cannot change {what}: to write, use @when(cown) instead of \
                 @when(read(cown))"
            );
            Err(error::raise(py, Kind::Runtime, &message))
        }
    }
}

/// A hold by hand: what keeps behaviors waiting, and where it was taken.
pub(super) struct Hold {
    guard: CownGuard<(), Slot>,
    taken: Taken,
}

/// Who has acquired a cown, and where.
#[derive(Clone, Default)]
pub(crate) struct Taken {
    /// The thread, as Python calls it.
    pub(crate) thread: u64,
    /// The worker in whose interpreter that was.
    pub(crate) worker: Option<usize>,
    /// The behavior that did.
    pub(crate) behavior: Label,
    /// The file and the line.
    place: Option<(String, u64)>,
}

impl Taken {
    fn here(py: Python<'_>) -> Taken {
        Taken {
            thread: frames::this_thread(),
            worker: State::get(py).home.worker(),
            behavior: shown::running(),
            place: frames::caller(py),
        }
    }

    /// Who it was.
    pub(crate) fn who(&self, py: Python<'_>) -> String {
        match (labels::describe(self.behavior), self.worker) {
            (Some(behavior), _) => format!("the behavior {behavior}"),
            (None, Some(worker)) => format!("a thread that a behavior on worker {worker} has started"),
            (None, None) => match THREAD_NAME.call(py, &[&number_of(py, self.thread)]) {
                Ok(name) => format!("thread '{}'", name.to_str().unwrap_or("?")),
                Err(Raised) => {
                    error::clear(py);
                    "another thread".into()
                }
            },
        }
    }

    /// Where in the source, behind a blank; empty where that is not known.
    pub(crate) fn place(&self) -> String {
        self.place.as_ref().map_or_else(String::new, |(file, line)| format!(" at {file}:{line}"))
    }
}

fn number_of(py: Python<'_>, number: u64) -> Object<'_> {
    number::uint(py, number).unwrap_or_else(|Raised| {
        error::clear(py);
        py.none()
    })
}

/// Takes the cown for the caller, from outside behaviors.
pub(crate) fn acquire(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    acquire_as(py, cown, || Taken::here(py))
}

/// The same for a caller that lets go of it at once, so that nobody will ask where it was taken.
pub(crate) fn acquire_briefly(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    acquire_as(py, cown, Taken::default)
}

fn acquire_as(py: Python<'_>, cown: &Handle, taken: impl FnOnce() -> Taken) -> PyResult<()> {
    let (slot, me) = (cown.tag(), Holder::current());
    if slot.holder() == Some(me) {
        return Ok(());
    }
    check_thread(py, cown)?;
    let Some(guard) = cown.try_hold() else {
        let who = if slot.is_held_by_behavior() {
            "a behavior holds it"
        } else if slot.holder().is_some() {
            "another thread has acquired it"
        } else {
            "behaviors wait for it"
        };
        let message = format!(
            "cannot acquire this cown: {who}. Schedule a behavior with @when(cown), get() its value, or acquire it after wait() or \
             quiesce()"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    };
    me.watch_end();
    if Holder::in_behavior() {
        Holder::set_acquiring();
    }
    slot.set_holder(me);
    slot.set_hold(Some(Box::new(Hold { guard, taken: taken() })));
    remember(cown);
    Ok(())
}

/// Lets go of a cown that was acquired.
pub(crate) fn release(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    let slot = cown.tag();
    match slot.holder() {
        Some(holder) if holder != Holder::current() => {
            let message = "this cown is held by another thread or behavior: only its holder can release it";
            Err(error::raise(py, Kind::Runtime, message))
        }
        Some(_) if !slot.has_hold() => {
            let message = "a behavior cannot release its own cowns: they are released when it ends";
            Err(error::raise(py, Kind::Runtime, message))
        }
        Some(_) => settle_and_let_go(py, cown),
        None => {
            slot.set_epoch(epoch::now());
            Ok(())
        }
    }
}

/// Ends a hold by hand, with the value in a form that others can take.
fn settle_and_let_go(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    let settled = match backend::values_stay(py) {
        true => Ok(()),
        false => cown.tag().settle(py, || "the value of this cown".into()),
    };
    let_go(cown);
    settled
}

/// Ends a hold by hand.
pub(crate) fn let_go(cown: &Handle) {
    cown.tag().set_free(epoch::now());
    cown.tag().set_hold(None);
}

/// Those that are still there.
fn acquired() -> Vec<Handle> {
    let mut all: Vec<Handle> = ACQUIRED.lock().iter().filter_map(WeakCown::upgrade).collect();
    // One that was acquired again may be there more than once.
    let mut seen = FxHashSet::default();
    all.retain(|cown| seen.insert(cown.id()));
    all
}

/// Whether that cown has been acquired, and behaviors wait for it.
pub(crate) fn is_awaited(cown: &Handle) -> bool {
    let content = cown.tag().content.lock();
    content.rare().and_then(|rare| rare.hold.as_ref()).is_some_and(|hold| hold.guard.is_awaited())
}

/// Cowns that have been acquired, and that behaviors wait for; with their holders.
pub(crate) fn awaited() -> Vec<(Handle, Holder, Taken)> {
    looked_at(CownGuard::is_awaited)
        .into_iter()
        .filter_map(|(cown, holder, taken, is_awaited)| is_awaited.then_some((cown, holder, taken)))
        .collect()
}

/// All cowns that have been acquired; with their holders, and what waits for them.
pub(crate) fn held() -> Vec<(Handle, Holder, Taken, Waiters)> {
    looked_at(|guard| Waiters::of(|each| guard.each_waiting(each)))
}

/// All cowns that have been acquired; with their holders, and what `look` finds while they cannot be released.
fn looked_at<T>(look: impl Fn(&CownGuard<(), Slot>) -> T) -> Vec<(Handle, Holder, Taken, T)> {
    let look_at = |cown: Handle| {
        let (taken, found) = {
            let content = cown.tag().content.lock();
            let hold = content.rare()?.hold.as_ref()?;
            (hold.taken.clone(), look(&hold.guard))
        };
        let holder = cown.tag().holder()?;
        Some((cown, holder, taken, found))
    };
    acquired().into_iter().filter_map(look_at).collect()
}

/// Releases what the caller has acquired. Gives those cowns that behaviors wait for.
pub(crate) fn release_all(py: Python<'_>) -> Vec<(Handle, Taken)> {
    let me = Holder::current();
    release_where(py, |holder| holder == me, CownGuard::is_awaited)
        .into_iter()
        .filter_map(|(cown, taken, is_awaited)| is_awaited.then_some((cown, taken)))
        .collect()
}

/// Releases what those holders have acquired. Gives those cowns, with what `look` has found before.
fn release_where<T>(
    py: Python<'_>,
    is_one: impl Fn(Holder) -> bool,
    look: impl Fn(&CownGuard<(), Slot>) -> T,
) -> Vec<(Handle, Taken, T)> {
    let (those, others): (Vec<_>, Vec<_>) =
        looked_at(look).into_iter().partition(|(_, holder, ..)| is_one(*holder));
    drop(others);
    let mut released = Vec::new();
    for (cown, _, taken, found) in those {
        if settle_and_let_go(py, &cown).is_err() {
            error::clear(py);
        }
        released.push((cown, taken, found));
    }
    released
}

/// How many handles of its own a hold has.
const OF_HOLD: usize = 2;

/// Cowns that have been acquired. A hold keeps its cown alive; if nothing else does, nobody is left who could release it.
static ACQUIRED: Mutex<SelfPruning<WeakCown<(), Slot>>> = Mutex::new(SelfPruning::new());

/// Releases the cowns that threads had acquired which have ended, and gives those cowns: nobody else could.
pub(crate) fn release_for_ended_threads(py: Python<'_>) -> Vec<(Handle, Taken)> {
    let ended = Holder::take_ended();
    if ended.is_empty() {
        return Vec::new();
    }
    let left = release_where(py, |holder| ended.contains(&holder), |_| ());
    left.into_iter().map(|(cown, taken, ())| (cown, taken)).collect()
}

/// Adds an acquired cown. Now and then, releases those to which there are no other handles.
fn remember(cown: &Handle) {
    let mut looked_at = Vec::new();
    ACQUIRED.lock().push(cown.downgrade(), |cowns| {
        cowns.retain(|cown| {
            let Some(cown) = cown.upgrade() else { return false };
            let keep = cown.tag().has_hold() && cown.handles() > OF_HOLD + 1;
            looked_at.push(cown);
            keep
        });
    });
    // Dropping the last handle drops the value, which may run any code: so not under the lock.
    looked_at.iter().for_each(let_go_if_forgotten);
}

/// Releases a cown if the caller has the last handle, except those of a hold.
pub(crate) fn let_go_if_forgotten(cown: &Handle) {
    if cown.tag().has_hold() && cown.handles() <= OF_HOLD + 1 {
        let_go(cown);
    }
}

impl Slot {
    #[inline]
    pub(crate) fn holder(&self) -> Option<Holder> {
        let holder = self.content.long.load(Ordering::Acquire);
        (holder & NOBODY == 0).then(|| Holder::of_number(holder))
    }

    pub(crate) fn is_held_by_behavior(&self) -> bool {
        self.content.long.load(Ordering::Relaxed) & BEHAVIOR != 0
    }

    #[inline]
    pub(crate) fn set_holder(&self, holder: Holder) {
        self.content.long.store(holder.number(), Ordering::Release);
    }

    /// Nobody holds the cown any more, since a wait of that number.
    #[inline]
    pub(crate) fn set_free(&self, epoch: u32) {
        self.content.long.store(free_since(epoch), Ordering::Release);
    }

    /// The same where nobody has held it, and nobody does.
    pub(crate) fn set_epoch(&self, epoch: u32) {
        let free = |old: u32| (old & NOBODY != 0).then_some(free_since(epoch));
        let _ = self.content.long.fetch_update(Ordering::Release, Ordering::Relaxed, free);
    }

    /// The number of the last `wait` before nobody held the cown.
    pub(crate) fn epoch(&self) -> Option<u32> {
        let epoch = self.content.long.load(Ordering::Relaxed);
        (epoch & NOBODY != 0).then_some(epoch & !NOBODY)
    }

    pub(super) fn set_hold(&self, hold: Option<Box<Hold>>) {
        let before = {
            let mut content = self.content.lock();
            let has_hold = if hold.is_some() { HAS_HOLD } else { 0 };
            let kind = self.content.byte.load(Ordering::Relaxed) & !HAS_HOLD;
            self.content.byte.store(kind | has_hold, Ordering::Release);
            match hold {
                Some(hold) => content.full().rare.get_or_insert_default().hold.replace(hold),
                None => {
                    let before = content.rare_mut().and_then(|rare| rare.hold.take());
                    if before.is_some() && !content.is_exception() {
                        content.full().rare = None;
                        if self.is_scalar() {
                            content.0 = None;
                        }
                    }
                    before
                }
            }
        };
        drop(before);
    }

    pub(crate) fn has_hold(&self) -> bool {
        self.content.byte.load(Ordering::Acquire) & HAS_HOLD != 0
    }
}

/// An epoch fits in beside `NOBODY`.
const _: () = assert!(EPOCHS == NOBODY);

/// The value of `long` for a cown that nobody holds.
pub(super) fn free_since(epoch: u32) -> u32 {
    NOBODY | epoch
}
