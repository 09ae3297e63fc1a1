//! The main thread's lane: who is told when a behavior is ready that only the main thread may run.
//!
//! If the main thread waits in bocpy, it is woken. If it does something else, whoever wants to know is called, once until
//! somebody pumps: see `set_pump_notify`. And if it takes too long until somebody does, that is told: see
//! `set_pump_watchdog`. Both are called by the [notifier](super::notifier)'s thread.

use super::notifier;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, module, number, text};
use crate::interpreter::home::main_home;
use crate::interpreter::{Imported, Resident, attach, fork_safe};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::{Duration, Instant};

static WARN: Imported = Imported::new("bocpy._pinned", c"warn");

/// What a thread waits for that has a lock and a condition of its own.
pub(crate) trait Nudge: Send + Sync {
    /// Lets those who wait look again whether they are called: see [`is_calling`].
    fn nudge(&self);
}

/// What the main thread does, as far as bocpy knows.
pub(crate) enum Main {
    /// Nothing of bocpy's.
    Elsewhere,
    /// It runs what is in the lane, or is woken by the runtime if something comes.
    Attends,
    /// It waits for this.
    Waits(Arc<dyn Nudge>),
}

/// When to tell that nobody pumps.
pub(crate) struct Watchdog {
    pub(crate) warn: Option<Duration>,
    /// After so long, the next who pumps gets an error.
    pub(crate) raise: Option<Duration>,
    /// What is called instead of the logger.
    pub(crate) on_starve: Option<Arc<Resident>>,
}

pub(crate) struct Bell {
    main: Main,
    /// When the first of what is ready became so.
    ready_since: Option<Instant>,
    notify: Option<Arc<Resident>>,
    /// `notify` is to be called, or has been since somebody pumped.
    is_told: bool,
    is_to_be_called: bool,
    watchdog: Option<Watchdog>,
    has_warned: bool,
    /// The last who was to pump got an error instead.
    has_raised: bool,
    /// It has been said once that an event loop waits for what nobody runs.
    has_said: bool,
}

/// The standard library's lock, as that of the notifier.
static BELL: Mutex<Bell> = Mutex::new(Bell::new());

/// Something is ready, and nobody has pumped since.
static IS_READY: AtomicBool = AtomicBool::new(false);

/// How many answers event loops wait for.
static AWAITED: AtomicUsize = AtomicUsize::new(0);

/// How long such a loop waits without a word, while something is ready that nobody runs.
const SILENCE: Duration = Duration::from_secs(3);

/// Whether something is in the lane.
static LOOK: OnceLock<fn() -> bool> = OnceLock::new();

thread_local! {
    /// This is the main thread, and it waits for something with a condition of its own.
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

impl Bell {
    const fn new() -> Self {
        Bell {
            main: Main::Elsewhere,
            ready_since: None,
            notify: None,
            is_told: false,
            is_to_be_called: false,
            watchdog: None,
            has_warned: false,
            has_raised: false,
            has_said: false,
        }
    }

    /// After how long without a pump there is something to say.
    fn patience(&self) -> Option<Duration> {
        if !matches!(self.main, Main::Elsewhere) {
            return None;
        }
        match &self.watchdog {
            Some(watchdog) => watchdog.warn.filter(|_| !self.has_warned),
            None if self.notify.is_some() || self.has_said => None,
            None => (AWAITED.load(Ordering::SeqCst) > 0).then_some(SILENCE),
        }
    }

    /// Whether it is time for that.
    fn is_over(&self) -> bool {
        self.patience().zip(self.waited()).is_some_and(|(patience, waited)| waited >= patience)
    }

    /// If it has not been told that something is ready, this will be.
    fn tell(&mut self) -> bool {
        let calls = self.notify.is_some() && !self.is_told;
        if calls {
            (self.is_told, self.is_to_be_called) = (true, true);
        }
        calls
    }

    /// The main thread has stopped running what is ready. Nobody was told of what came meanwhile, and some may be left.
    /// Returns whether that is so.
    fn note_the_rest(&mut self) -> bool {
        let is_left = is_there();
        self.set_ready_since(is_left.then(Instant::now));
        is_left
    }

    /// `IS_READY` says the same to those who don't want to take the lock.
    fn set_ready_since(&mut self, since: Option<Instant>) {
        self.ready_since = since;
        IS_READY.store(since.is_some(), Ordering::SeqCst);
    }

    /// How long something has been ready.
    fn waited(&self) -> Option<Duration> {
        Some(self.ready_since?.elapsed())
    }

    /// It may have been run before the bell rang.
    fn forget_if_nothing_is_there(&mut self) {
        if !is_there() {
            self.set_ready_since(None);
        }
    }
}

fn is_there() -> bool {
    LOOK.get().is_some_and(|look| look())
}

/// `look` says whether something is in the lane, on any thread.
pub(crate) fn set_look(look: fn() -> bool) {
    LOOK.get_or_init(|| look);
}

/// A fork holds the lock until it is over.
pub(crate) fn hold() -> MutexGuard<'static, Bell> {
    fork_safe::lock(|| match BELL.try_lock() {
        Ok(bell) => Some(bell),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    })
}

/// In the child of a fork, nothing is ready. Who wanted to be called was the parent's.
pub(crate) fn start_clean(mut bell: MutexGuard<'static, Bell>) {
    let before = std::mem::replace(&mut *bell, Bell::new());
    IS_READY.store(false, Ordering::Relaxed);
    std::mem::forget(before);
}

/// Something has become ready. Called by any thread.
pub(crate) fn ring() {
    let mut bell = hold();
    let is_first = bell.ready_since.is_none();
    if is_first {
        bell.set_ready_since(Some(Instant::now()));
    }
    match &bell.main {
        Main::Attends => {}
        Main::Waits(nudge) => {
            let nudge = nudge.clone();
            drop(bell);
            nudge.nudge();
        }
        Main::Elsewhere => {
            let is_told = bell.tell();
            let is_watched = is_first && bell.patience().is_some();
            drop(bell);
            if is_told || is_watched {
                notifier::attend_to_lane();
            }
        }
    }
}

/// Whether something has become ready since the main thread has last looked.
#[inline]
pub(crate) fn is_ready() -> bool {
    IS_READY.load(Ordering::Relaxed)
}

/// Whether the main thread, which waits for something else, is to look into the lane. False on other threads.
#[inline]
pub(crate) fn is_calling() -> bool {
    LISTENS.get() && IS_READY.load(Ordering::SeqCst)
}

/// For how long something has been ready that nobody has run.
pub(crate) fn starving() -> Option<Duration> {
    if !IS_READY.load(Ordering::Relaxed) {
        return None;
    }
    let mut bell = hold();
    bell.forget_if_nothing_is_there();
    bell.waited()
}

/// The main thread does this as long as what is returned lives. To be called by the main thread.
pub(crate) fn enter(main: Main) -> Entered {
    let listens = LISTENS.replace(matches!(main, Main::Waits(_)));
    let before = std::mem::replace(&mut hold().main, main);
    Entered { before, listens }
}

pub(crate) struct Entered {
    before: Main,
    listens: bool,
}

impl Drop for Entered {
    fn drop(&mut self) {
        LISTENS.set(self.listens);
        let before = std::mem::replace(&mut self.before, Main::Elsewhere);
        let mut bell = hold();
        let entered = std::mem::replace(&mut bell.main, before);
        let is_left = bell.note_the_rest();
        let calls =
            is_left && matches!(bell.main, Main::Elsewhere) && (bell.tell() | bell.patience().is_some());
        drop(bell);
        drop(entered);
        if calls {
            notifier::attend_to_lane();
        }
    }
}

/// The main thread is about to run what is ready. Raises, once, if that comes too late.
pub(crate) fn begin(py: Python<'_>) -> PyResult<()> {
    let mut bell = hold();
    let waited = bell.waited();
    let too_late = bell.watchdog.as_ref().and_then(|watchdog| watchdog.raise);
    // The next one runs what is ready, however late it is.
    let too_late = waited.zip(too_late).filter(|(waited, most)| waited >= most && !bell.has_raised);
    bell.has_raised = too_late.is_some();
    bell.set_ready_since(too_late.map(|_| Instant::now()));
    (bell.is_told, bell.is_to_be_called, bell.has_warned) = (false, false, false);
    drop(bell);
    let Some((waited, most)) = too_late else { return Ok(()) };
    let message = format!(
        "pinned behaviors have waited for {} ms without a pump, and set_pump_watchdog(raise_ms={}) allows no more: call pump() \
         more often, for example from a timer of the event loop. They are still there, and the next call runs them",
        waited.as_millis(),
        most.as_millis()
    );
    Err(error::raise(py, Kind::Runtime, &message))
}

/// Calls `function` from now on, and at once if something is ready. Gives the one before.
pub(crate) fn set_notify(function: Option<Resident>) -> Option<Arc<Resident>> {
    let mut bell = hold();
    let before = std::mem::replace(&mut bell.notify, function.map(Arc::new));
    bell.is_told = false;
    let calls = bell.ready_since.is_some() && matches!(bell.main, Main::Elsewhere) && bell.tell();
    drop(bell);
    if calls {
        notifier::attend_to_lane();
    }
    before
}

/// Watches from now on, or not.
pub(crate) fn set_watchdog(watchdog: Option<Watchdog>) {
    let mut bell = hold();
    let before = std::mem::replace(&mut bell.watchdog, watchdog);
    bell.has_warned = false;
    let is_watched = bell.patience().is_some() && bell.ready_since.is_some();
    drop(bell);
    drop(before);
    if is_watched {
        notifier::attend_to_lane();
    }
}

/// How long until the notifier has to look again, whether somebody has pumped.
pub(super) fn due() -> Option<Duration> {
    let bell = hold();
    Some(bell.patience()?.saturating_sub(bell.waited()?))
}

/// An event loop waits for an answer, as long as this lives.
pub(crate) struct Awaiting(());

impl Awaiting {
    pub(crate) fn begin() -> Self {
        AWAITED.fetch_add(1, Ordering::SeqCst);
        if IS_READY.load(Ordering::SeqCst) {
            notifier::attend_to_lane();
        }
        Awaiting(())
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        AWAITED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls who wants to know. On the notifier's thread.
pub(super) fn attend() {
    let mut bell = hold();
    let notify = match std::mem::take(&mut bell.is_to_be_called) {
        true => bell.notify.clone(),
        false => None,
    };
    bell.forget_if_nothing_is_there();
    let (mut starving, mut says) = (None, false);
    if bell.is_over() {
        match &bell.watchdog {
            Some(watchdog) => {
                starving = bell.waited().map(|waited| (waited, watchdog.on_starve.clone()));
                bell.has_warned = true;
            }
            None => (says, bell.has_said) = (true, true),
        }
    }
    drop(bell);
    if let Some(function) = notify {
        // Where its interpreter has ended, nobody wants to know any more.
        let _ = attach::visit(function.home(), |py| call(py, function.open(py), &[]));
    }
    let Some(main) = main_home() else { return };
    if let Some((waited, on_starve)) = starving {
        let _ = attach::visit(&main, |py| warn(py, waited, on_starve.as_deref()));
    }
    if says {
        let message = "bocpy: an event loop waits for a behavior, while pinned behaviors are ready, which nobody runs: the main \
                       thread has to, by pump_in() of bocpy.integrations, or by a call of pump() now and then\n";
        let _ = attach::visit(&main, |py| module::write_stderr(py, message));
    }
}

fn call<'py>(py: Python<'py>, function: Option<Object<'py>>, args: &[&Object<'py>]) {
    if let Some(function) = function
        && function.call(args).is_err()
    {
        error::print_unraisable(py, &function);
    }
}

/// Severity 0: it is only a warning.
fn warn(py: Python<'_>, waited: Duration, on_starve: Option<&Resident>) {
    let message = format!(
        "pinned behaviors have been ready for {} ms, and nobody has run them: the main thread has to call pump(), wait() or \
         quiesce()",
        waited.as_millis()
    );
    let (Ok(severity), Ok(message)) = (number::int(py, 0), text::string(py, &message)) else {
        return error::clear(py);
    };
    match on_starve {
        Some(function) => call(py, function.open(py), &[&severity, &message]),
        None => {
            if WARN.call(py, &[&message]).is_err() {
                error::clear(py);
            }
        }
    }
}
