//! A thread that waits for behaviors: when it looks up, and what it tells meanwhile.

use super::engine::SIGNAL_CHECK;
use super::looking::{self, Extent};
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python, Raised, module};
use crate::interpreter::State;
use crate::interpreter::main_thread::is_main_thread;
use crate::transport::holder::Holder;
use crate::transport::{lane, lines, tenure};
use std::time::{Duration, Instant};

/// How long a wait says nothing of cowns that threads keep from behaviors.
const SILENCE: Duration = Duration::from_secs(3);

/// How many of those cowns it tells of.
const MOST_TOLD: usize = 10;

pub(super) struct Watch<'a> {
    /// What waits, as the user has called it.
    function: &'a str,
    begun: Instant,
    deadline: Option<Instant>,
    has_told: bool,
}

impl<'a> Watch<'a> {
    pub(super) fn begin(function: &'a str, deadline: Option<Instant>) -> Self {
        Watch { function, begun: Instant::now(), deadline, has_told: false }
    }

    /// A cown that this thread keeps from a behavior, and the place where it took it. After some time, tells of those of other
    /// threads.
    pub(super) fn own_and_others(&mut self, py: Python<'_>) -> Option<(String, String)> {
        let me = Holder::current();
        let (own, others): (Vec<_>, Vec<_>) =
            tenure::awaited().into_iter().partition(|(_, holder, _)| *holder == me);
        if !others.is_empty() {
            let others = others.iter().take(MOST_TOLD).map(|(cown, _, taken)| {
                let (cown, who, place) = (lines::name_of(py, cown), taken.who(py), taken.place());
                format!("{cown}, which {who} has acquired{place} and not released")
            });
            let others: Vec<_> = others.collect();
            self.tell(py, &format!("waits for behaviors that wait for {}", others.join("; and for ")));
        }
        own.first().map(|(cown, _, taken)| (lines::name_of(py, cown), taken.place()))
    }

    /// Says that once, if it takes long.
    pub(super) fn tell(&mut self, py: Python<'_>, what: &str) {
        if !self.has_told && self.begun.elapsed() >= SILENCE {
            self.has_told = true;
            module::write_stderr(py, &format!("bocpy: {} {what}\n", self.function));
        }
    }

    /// Whether it has no time to be over.
    pub(super) fn is_endless(&self) -> bool {
        self.deadline.is_none()
    }

    /// For how long it has waited.
    pub(super) fn waited(&self) -> Duration {
        self.begun.elapsed()
    }

    /// How long to wait until the next look. `None`: the time is over.
    pub(super) fn slice(&self) -> Option<Duration> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match left {
            Some(left) if left.is_zero() => None,
            left => Some(left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK))),
        }
    }

    /// What the main thread has to do now and then.
    pub(super) fn after_slice(&mut self, py: Python<'_>) -> PyResult<()> {
        let state = State::get(py);
        state.home.sweep(py);
        if lane::starving().is_some_and(|time| time >= SILENCE) && !is_main_thread(py, state) {
            self.tell(
                py,
                "waits, while pinned behaviors are ready, which only the main thread can run: it has to call pump(), wait() or \
                 quiesce()",
            );
        }
        error::check_signals(py)?;
        for (cown, taken) in tenure::release_for_ended_threads(py) {
            let (cown, place) = (lines::name_of(py, &cown), taken.place());
            let message = format!(
                "bocpy: a thread has ended without releasing a cown that it had acquired{place}, {cown}, so behaviors waited \
                 for it: it is released now\n"
            );
            module::write_stderr(py, &message);
        }
        Ok(())
    }

    /// Raises that the time is over. `why`: what more there is to say.
    pub(super) fn timed_out(&self, py: Python<'_>, why: &str) -> Raised {
        let look = looking::describe(py, Extent::short(self.waited()));
        let message = format!("{} timed out: behaviors are still in flight{why}\n{look}", self.function);
        error::raise(py, Kind::Timeout, message.trim_end())
    }
}
