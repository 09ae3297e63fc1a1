//! Answers for those outside behaviors who want to know the value of a cown: a thread that waits, or an event loop that is
//! to be woken.
//!
//! Whoever asks has a behavior of its own that reads the cown, in line behind what has been scheduled over it; that
//! answers. Those who don't want to wait that long get an answer from the next behavior that ends as a holder.

use super::cown::Handle;
use super::glimpse::{Glimpse, Refused};
use super::lane::{self, Awaiting, Nudge};
use super::signal::Signal;
use super::slot::Slot;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::Resident;
use parking_lot::{Condvar, Mutex};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What somebody gets to know.
#[derive(Clone)]
pub(crate) enum Answer {
    Seen(Glimpse),
    /// The value could not be seen.
    Refused(Arc<Refused>),
    /// What somebody has waited for is over, and has no value.
    Over,
    /// The behavior that was to answer has been dropped.
    Never,
}

impl Answer {
    /// What there is to see now. To be called by who holds the cown, or reads it.
    pub(crate) fn now(py: Python<'_>, slot: &Slot, copies: bool) -> Answer {
        match Glimpse::of(py, slot, copies) {
            Ok(glimpse) => Answer::Seen(glimpse),
            Err(Raised) => Answer::Refused(Arc::new(Refused::take(py))),
        }
    }

    /// The value, and whether it is an exception to be raised. Raises where there is no value.
    pub(crate) fn value<'py>(&self, py: Python<'py>) -> PyResult<(Object<'py>, bool)> {
        match self {
            Answer::Seen(glimpse) => glimpse.value(py),
            Answer::Refused(refused) => Err(refused.raise(py)),
            Answer::Over => Ok((py.none(), false)),
            Answer::Never => {
                let message = "there is no value: the workers have ended before it was this caller's turn";
                Err(error::raise(py, Kind::Runtime, message))
            }
        }
    }

    /// The value for one who asks here and now: raises the exception of a behavior, which has been looked at then.
    pub(crate) fn open<'py>(&self, py: Python<'py>, cown: &Handle) -> PyResult<Object<'py>> {
        let (value, is_raised) = self.value(py)?;
        if !is_raised {
            return Ok(value);
        }
        // This one may not be there any more. If it is, it has been looked at now.
        cown.tag().exception();
        Err(error::raise_object(&value))
    }
}

/// A thread that waits for an answer.
#[derive(Default)]
pub(crate) struct Waiter {
    answer: Mutex<Option<Answer>>,
    told: Condvar,
}

impl Waiter {
    /// The first answer counts.
    pub(crate) fn tell(&self, answer: Answer) {
        let mut place = self.answer.lock();
        if place.is_none() {
            *place = Some(answer);
            self.told.notify_one();
        }
    }

    /// Waits for the answer. To be called by a thread that is attached to nothing.
    pub(crate) fn wait(&self, time: Duration) -> Option<Answer> {
        let mut place = self.answer.lock();
        self.told.wait_while_for(&mut place, |answer| answer.is_none() && !lane::is_calling(), time);
        place.clone()
    }
}

impl Nudge for Waiter {
    fn nudge(&self) {
        drop(self.answer.lock());
        self.told.notify_all();
    }
}

impl Nudge for Arrivals {
    fn nudge(&self) {
        drop(self.arrived.lock());
        self.told.notify_all();
    }
}

/// Answers that come for one event loop, or one thread that waits for many.
pub(crate) struct Arrivals {
    arrived: Mutex<Arrived>,
    told: Condvar,
    /// What to call when there are some, if anything.
    wake: Option<Resident>,
    /// What becomes ready to be read when there are some, if anything.
    signal: OnceLock<Signal>,
    /// It is about to be called or to become ready, or has been, and nobody has taken what has arrived.
    called: AtomicBool,
}

#[derive(Default)]
struct Arrived {
    all: Vec<Arrival>,
    /// Who waits is to look around, although nothing may have arrived.
    nudged: bool,
}

pub(crate) struct Arrival {
    /// What it is for, as who asked has it.
    pub(crate) key: Resident,
    /// That of the value, if it is one's.
    pub(crate) cown: Option<Handle>,
    pub(crate) answer: Answer,
}

impl Arrivals {
    pub(crate) fn new(wake: Option<Resident>) -> Self {
        Arrivals {
            arrived: Mutex::default(),
            told: Condvar::new(),
            wake,
            signal: OnceLock::new(),
            called: AtomicBool::new(false),
        }
    }

    /// The descriptor that becomes ready to be read when some have arrived that nobody has taken, if there can be one. To be
    /// called before anybody asks.
    pub(crate) fn descriptor(&self) -> Option<i64> {
        if self.signal.get().is_none() {
            let _ = self.signal.set(Signal::new().ok()?);
        }
        self.signal.get().map(Signal::descriptor)
    }

    pub(crate) fn wake(&self) -> Option<&Resident> {
        self.wake.as_ref()
    }

    fn add(self: &Arc<Self>, arrival: Arrival) {
        self.arrived.lock().all.push(arrival);
        self.told.notify_all();
        let signal = self.signal.get();
        if (signal.is_some() || self.wake.is_some()) && !self.called.swap(true, Ordering::AcqRel) {
            match signal {
                Some(signal) => signal.raise(),
                None => super::notifier::call(self.clone()),
            }
        }
    }

    /// Takes what has arrived.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        if let Some(signal) = self.signal.get() {
            signal.clear();
        }
        // Before the rest: for what arrives from here on there is another call.
        self.called.store(false, Ordering::Release);
        std::mem::take(&mut *self.arrived.lock()).all
    }

    /// Lets the thread that waits go on, or the next one that would, although nothing may have arrived.
    pub(crate) fn let_go(&self) {
        self.arrived.lock().nudged = true;
        self.told.notify_all();
    }

    /// Waits until something has arrived, or there has been a nudge; false on timeout, which is never if there is none. To
    /// be called by a thread that is attached to nothing.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let mut arrived = self.arrived.lock();
        let nothing = |arrived: &mut Arrived| arrived.all.is_empty() && !arrived.nudged;
        let sleeps = |arrived: &mut Arrived| nothing(arrived) && !lane::is_calling();
        match time {
            Some(time) => drop(self.told.wait_while_for(&mut arrived, sleeps, time)),
            None => self.told.wait_while(&mut arrived, sleeps),
        }
        !nothing(&mut arrived)
    }
}

/// Who gets an answer.
pub(crate) enum Asker {
    Thread(Arc<Waiter>),
    /// With the key, and the cown, if it is about one.
    Loop(Arc<Arrivals>, Resident, Option<Handle>, Awaiting),
}

/// Somebody waits for an answer. Dropped, this says that none will come.
pub(crate) struct Question(Mutex<Option<Asker>>);

impl Question {
    pub(crate) fn new(asker: Asker) -> Self {
        Question(Mutex::new(Some(asker)))
    }

    /// Answers, when what this returns is dropped. `None`: somebody has answered.
    pub(crate) fn answer(&self, answer: Answer) -> Option<Telling> {
        let asker = self.0.lock().take()?;
        Some(Telling(Some(Box::new((asker, answer)))))
    }
}

/// An answer that is told when this is dropped.
pub(crate) struct Telling(Option<Box<(Asker, Answer)>>);

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            let (asker, answer) = *told;
            asker.tell(answer);
        }
    }
}

impl Asker {
    pub(crate) fn tell(self, answer: Answer) {
        match self {
            Asker::Thread(waiter) => waiter.tell(answer),
            Asker::Loop(arrivals, key, cown, _) => arrivals.add(Arrival { key, cown, answer }),
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(asker) = self.0.get_mut().take() {
            asker.tell(Answer::Never);
        }
    }
}

/// Those who want to see the value of a cown as soon as its holder has ended, by the numbers of the cowns.
static ONLOOKERS: Mutex<Option<FxHashMap<usize, Vec<Arc<Waiter>>>>> = Mutex::new(None);
/// For how many cowns there are some.
static AWAITED: AtomicUsize = AtomicUsize::new(0);

fn change_onlookers<R>(f: impl FnOnce(&mut FxHashMap<usize, Vec<Arc<Waiter>>>) -> R) -> R {
    let mut all = ONLOOKERS.lock();
    let all = all.get_or_insert_default();
    let result = f(all);
    AWAITED.store(all.len(), Ordering::SeqCst);
    result
}

/// The next behavior that ends as a holder of the cown tells `waiter` what it has left; as long as this lives.
pub(crate) struct Onlooker<'a> {
    cown: &'a Handle,
    waiter: Arc<Waiter>,
}

impl<'a> Onlooker<'a> {
    pub(crate) fn new(cown: &'a Handle, waiter: &Arc<Waiter>) -> Self {
        change_onlookers(|all| all.entry(cown.id()).or_default().push(waiter.clone()));
        Onlooker { cown, waiter: waiter.clone() }
    }
}

impl Drop for Onlooker<'_> {
    fn drop(&mut self) {
        change_onlookers(|all| {
            if let Some(those) = all.get_mut(&self.cown.id()) {
                those.retain(|other| !Arc::ptr_eq(other, &self.waiter));
                if those.is_empty() {
                    all.remove(&self.cown.id());
                }
            }
        });
    }
}

/// A behavior that holds those cowns is about to end: tells those who wait for that what it leaves.
#[inline]
pub(crate) fn tell_onlookers<'a>(py: Python<'_>, cowns: impl IntoIterator<Item = &'a Handle>) {
    if AWAITED.load(Ordering::Relaxed) != 0 {
        cowns.into_iter().for_each(|cown| tell(py, cown));
    }
}

#[cold]
fn tell(py: Python<'_>, cown: &Handle) {
    let Some(those) = change_onlookers(|all| all.remove(&cown.id())) else { return };
    let answer = Answer::now(py, cown.tag(), true);
    those.iter().for_each(|waiter| waiter.tell(answer.clone()));
}
