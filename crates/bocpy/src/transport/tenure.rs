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
use super::reading::reads;
use super::slot::{HAS_HOLD, Slot};
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python};
use crate::interpreter::epoch::{self, EPOCHS};
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{State, backend};
use boc::{Mode, WeakCown};
use parking_lot::Mutex;
use std::sync::atomic::Ordering;

/// What the caller may do with the value.
#[inline]
pub(crate) fn access(py: Python<'_>, cown: &Handle) -> Option<Mode> {
    let writes = match cown.tag().holder() {
        Some(holder) => holder == Holder::current(),
        None => is_held_since_wait(py, cown),
    };
    match writes {
        true => Some(Mode::Write),
        false => reads(cown.id()).then_some(Mode::Read),
    }
}

fn is_held_since_wait(py: Python<'_>, cown: &Handle) -> bool {
    cown.tag().epoch().is_some_and(|then| then < epoch::now())
        && State::get(py).home.is_main()
        && !backend::is_running()
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

/// Takes the cown for the caller, from outside behaviors.
pub(crate) fn acquire(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    let (slot, me) = (cown.tag(), Holder::current());
    if slot.holder() == Some(me) {
        return Ok(());
    }
    let Some(guard) = cown.try_hold() else {
        let who = if slot.is_held_by_behavior() {
            "a behavior holds it"
        } else if slot.holder().is_some() {
            "another thread has acquired it"
        } else {
            "behaviors wait for it"
        };
        let message = format!(
            "cannot acquire this cown: {who}. Schedule a behavior with @when(cown), or acquire it after wait() or quiesce()"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    };
    me.watch_end();
    slot.set_holder(me);
    slot.set_hold(Some(guard));
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

/// How many handles of its own a hold has.
const OF_HOLD: usize = 2;

/// Cowns that have been acquired. A hold keeps its cown alive; if nothing else does, nobody is left who could release it.
static ACQUIRED: Mutex<SelfPruning<WeakCown<(), Slot>>> = Mutex::new(SelfPruning::new());

/// Releases the cowns that threads had acquired which have ended, and gives those cowns: nobody else could.
pub(crate) fn release_for_ended_threads(py: Python<'_>) -> Vec<Handle> {
    let ended = Holder::take_ended();
    if ended.is_empty() {
        return Vec::new();
    }
    let acquired: Vec<_> = ACQUIRED.lock().iter().filter_map(WeakCown::upgrade).collect();
    let left = |cown: &Handle| {
        cown.tag().has_hold() && cown.tag().holder().is_some_and(|holder| ended.contains(&holder))
    };
    let (left, others): (Vec<_>, Vec<_>) = acquired.into_iter().partition(left);
    drop(others);
    for cown in &left {
        if settle_and_let_go(py, cown).is_err() {
            error::clear(py);
        }
    }
    left
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

    pub(crate) fn set_hold(&self, hold: Option<boc::CownGuard<(), Slot>>) {
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
