//! Waiting for one cown: `get`, `peek`, and what `await` is made of.
//!
//! If the cown is free, the caller looks at the value itself. Otherwise a behavior that reads the cown gets in line for it, and
//! answers when it is its turn. So nobody but that behavior uses the value, and the caller can stop waiting at any time. Who
//! peeks does not wait in line: the next behavior that ends as a holder of the cown answers.

use super::engine::{SIGNAL_CHECK, ensure_started, is_in_behavior};
use super::looking::{self, Extent};
use super::pump;
use super::submit::enter;
use super::updates::refuse_in_update;
use super::watch::Watch;
use crate::behavior::cancelled;
use crate::behavior::extra::Extra;
use crate::behavior::look::Look;
use crate::behavior::params::Params;
use crate::behavior::work::Work;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::{State, epoch};
use crate::transport::answers::{Answer, Asker, Onlooker, Question, Waiter};
use crate::transport::cown::Handle;
use crate::transport::glimpse::Glimpse;
use crate::transport::holder::Holder;
use crate::transport::in_transit::refuse_to_wait;
use crate::transport::pinned::check_thread;
use crate::transport::{lane, lines, tenure};
use boc::Mode;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// How somebody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    Get,
    Peek,
    Await,
}

impl Asking {
    /// What the caller has written.
    fn text(self) -> &'static str {
        match self {
            Asking::Get => "get()",
            Asking::Peek => "peek()",
            Asking::Await => "await",
        }
    }

    /// The name of the behavior that answers.
    fn name(self) -> &'static (Arc<str>, Label) {
        static NAMES: LazyLock<[(Arc<str>, Label); 3]> = LazyLock::new(|| {
            [Asking::Get, Asking::Peek, Asking::Await].map(|asking| {
                let name = asking.text().into();
                let label = labels::label(&name, "");
                (name, label)
            })
        });
        &NAMES[self as usize]
    }
}

/// Waits for the value of a cown, and returns it as one of its readers would see it. Raises it if it is an exception that a
/// behavior did not catch.
pub(crate) fn get<'py>(py: Python<'py>, cown: &Handle, timeout: Option<Duration>) -> PyResult<Object<'py>> {
    pump_first(py, Asking::Get)?;
    if let Some(answer) = answer_now(py, cown, Asking::Get)? {
        return answer.open(py, cown);
    }
    let waiter = Arc::new(Waiter::default());
    ask(py, cown, Asking::Get, Asker::Thread(waiter.clone()))?;
    let mut patience = Patience::new(Asking::Get, timeout);
    loop {
        let time = patience.slice();
        if let Some(answer) = pump::wait(py, &waiter, || waiter.wait(time))? {
            return answer.open(py, cown);
        }
        patience.check(py, cown)?;
    }
}

/// The same for a copy of the value as the next behavior leaves it that ends as a holder of the cown.
pub(crate) fn peek<'py>(py: Python<'py>, cown: &Handle, timeout: Option<Duration>) -> PyResult<Object<'py>> {
    pump_first(py, Asking::Peek)?;
    let waiter = Arc::new(Waiter::default());
    let mut onlooker = None;
    let mut patience = Patience::new(Asking::Peek, timeout);
    loop {
        // The last one may have ended without having seen that somebody waits.
        if let Some(answer) = answer_now(py, cown, Asking::Peek)? {
            return answer.open(py, cown);
        }
        onlooker.get_or_insert_with(|| Onlooker::new(cown, &waiter));
        let time = patience.slice();
        if let Some(answer) = pump::wait(py, &waiter, || waiter.wait(time))? {
            return answer.open(py, cown);
        }
        patience.check(py, cown)?;
    }
}

/// The main thread runs what is ready also where it will not have to wait: a program may ask again and again, until a value
/// is there that pinned behaviors lead to.
fn pump_first(py: Python<'_>, asking: Asking) -> PyResult<()> {
    if !lane::is_ready() {
        return Ok(());
    }
    refuse(py, asking)?;
    pump::run_ready(py)
}

/// How long somebody waits.
struct Patience {
    watch: Watch<'static>,
    asking: Asking,
    /// How long until it looks around the next time.
    pause: Duration,
}

impl Patience {
    fn new(asking: Asking, timeout: Option<Duration>) -> Self {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let watch = Watch::begin(asking.text(), deadline);
        Patience { watch, asking, pause: Duration::from_millis(1) }
    }

    /// How long to wait until the next `check`.
    fn slice(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (2 * pause).min(SIGNAL_CHECK);
        self.watch.slice().map_or(Duration::ZERO, |slice| slice.min(pause))
    }

    /// Raises if it is over, or on Ctrl-C, or if the caller would wait for ever. Says which other threads keep it waiting.
    fn check(&mut self, py: Python<'_>, cown: &Handle) -> PyResult<()> {
        self.watch.after_slice(py)?;
        if self.watch.slice().is_none() {
            return Err(timed_out(py, cown, self.asking, self.watch.waited()));
        }
        let me = Holder::current();
        for (held, holder, taken, waiters) in tenure::held() {
            if !waiters.told.iter().any(|waiter| waiter.at.iter().any(|(at, _)| *at == cown.id())) {
                continue;
            }
            let (held, place) = (lines::name_of(py, &held), taken.place());
            if holder != me {
                let who = taken.who(py);
                self.watch
                    .tell(py, &format!("waits for {held}, which {who} has acquired{place} and not released"));
            } else if self.watch.is_endless() {
                return Err(keeps_itself_waiting(py, self.asking, &held, &place));
            }
        }
        Ok(())
    }
}

/// The answer, if nobody has to be waited for. Raises where the caller must not ask.
pub(crate) fn answer_now(py: Python<'_>, cown: &Handle, asking: Asking) -> PyResult<Option<Answer>> {
    refuse(py, asking)?;
    check_thread(py, cown)?;
    if cancelled::is_asked(cown) {
        // It has not been dropped yet, but will be.
        return Err(error::raise_object(&cancelled::error(py, State::get(py), "")?));
    }
    let slot = cown.tag();
    let is_mine = slot.holder() == Some(Holder::current());
    if slot.is_pending() && slot.epoch().is_some_and(|then| then < epoch::now()) {
        let message = format!(
            "{} has no value to wait for: this is the result of a behavior that will not run, as its workers have ended, or \
             are those of the process from which this one was forked",
            asking.text()
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let _guard = match is_mine {
        true => None,
        false => match cown.try_hold() {
            Some(guard) => Some(guard),
            None => return Ok(None),
        },
    };
    if is_mine && tenure::is_awaited(cown) {
        return Err(own_hold(py, cown, asking));
    }
    Glimpse::of(py, slot, asking == Asking::Peek).map(|glimpse| Some(Answer::Seen(glimpse)))
}

/// Whether nobody would have to be waited for.
pub(crate) fn is_done(cown: &Handle) -> bool {
    cown.is_free() && !cown.tag().is_pending() || cancelled::is_asked(cown)
}

/// Lets `asker` know the value when it is its turn.
pub(crate) fn ask(py: Python<'_>, cown: &Handle, asking: Asking, asker: Asker) -> PyResult<()> {
    ensure_started(py)?;
    let (name, label) = asking.name();
    let question = Question::new(asker);
    let look = Look { question, name, label: *label, extra: Extra::default() };
    let mut params = Params::default();
    params.single(cown, Mode::Read);
    enter(py, Work::Look(Box::new(look)), &mut params).map(drop)
}

fn refuse(py: Python<'_>, asking: Asking) -> PyResult<()> {
    refuse_in_update(py, asking.text().trim_end_matches("()"))?;
    if is_in_behavior() {
        let message = format!(
            "{} cannot be used inside a behavior, which must not wait. Schedule another behavior over the cown instead; it \
             runs as soon as the value is there:\n\n    @when(result)\n    def then(result):\n        ...  # use \
             result.value",
            asking.text()
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    refuse_to_wait(py, asking.text())
}

/// What this thread has acquired keeps it waiting.
fn keeps_itself_waiting(py: Python<'_>, asking: Asking, held: &str, place: &str) -> error::Raised {
    let message = format!(
        "{} would never return: this thread has acquired {held}{place}, and what it waits for waits for that. Release it \
         first: call {} after the `with` block, or release()",
        asking.text(),
        asking.text(),
    );
    error::raise(py, Kind::Runtime, &message)
}

fn own_hold(py: Python<'_>, cown: &Handle, asking: Asking) -> error::Raised {
    let message = format!(
        "{} would never return: this thread has acquired {}, and behaviors wait for it. Release it first: call {} after the \
         `with` block, or release(). The value as it is now is in `.value`",
        asking.text(),
        lines::name_of(py, cown),
        asking.text(),
    );
    error::raise(py, Kind::Runtime, &message)
}

fn timed_out(py: Python<'_>, cown: &Handle, asking: Asking, waited: Duration) -> error::Raised {
    let look = looking::describe(py, Extent::short(waited));
    let message = format!(
        "{} timed out: {} is still held, or waited for, by what was scheduled before\n{look}",
        asking.text(),
        lines::name_of(py, cown),
    );
    error::raise(py, Kind::Timeout, message.trim_end())
}
