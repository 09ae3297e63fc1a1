//! A look at what every worker runs, and at what waits for what.
//!
//! No thread that looks waits for long: a lock that is not free soon, or an interpreter that lets nobody in, is told as that.

use super::engine::ENGINE;
use super::{updates, workers};
use crate::behavior::running::RunningView;
use crate::ffi::Python;
use crate::ffi::frames::{self, Frame};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::{Home, State, backend, detach, shown};
use crate::transport::holder::Holder;
use crate::transport::lane;
use crate::transport::lines::{Claim, Classes, Waiter, Waiters};
use crate::transport::pinned::PINNED;
use crate::transport::tenure::{self, Taken};
use boc::Mode;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt::Write;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How many frames of a stack are told.
const MOST_FRAMES: usize = 50;
/// How many cowns of a behavior are told.
const MOST_COWNS: usize = 10;
/// How many of the cowns are told that a behavior waits for.
const MOST_REASONS: usize = 3;

/// How much is told.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// How many workers, and how many behaviors that wait.
    most: usize,
    /// Whole stacks, and not only the innermost line.
    stacks: bool,
    /// How long to wait for what does not show itself.
    patience: Duration,
}

impl Extent {
    /// All that there is room for.
    pub(crate) const FULL: Extent = Extent { most: 200, stacks: true, patience: Duration::from_millis(1000) };

    /// For an error after a wait of that length.
    pub(crate) fn short(waited: Duration) -> Extent {
        let patience = (waited / 10).clamp(Duration::from_millis(5), Duration::from_millis(200));
        Extent { most: 10, stacks: false, patience }
    }
}

/// The runtime, as far as it can be seen.
enum Up {
    No,
    /// It is about to start or to end.
    Changes,
    Yes {
        has_interpreters: bool,
        workers: usize,
        ready: usize,
        is_quiet: bool,
        busy_for: Vec<Duration>,
    },
}

/// A worker, seen from its own interpreter.
struct Seen {
    /// What it runs, and where.
    runs: Option<(RunningView, Vec<Frame>)>,
    classes: Classes,
}

/// A worker that may not have been seen.
struct WorkerLook {
    index: usize,
    /// What was running there when we came.
    label: Label,
    seen: Option<Seen>,
}

/// A cown that was acquired.
struct HoldLook {
    cown: usize,
    holder: Holder,
    taken: Taken,
    waiters: Waiters,
}

struct Look {
    up: Up,
    workers: Vec<WorkerLook>,
    holds: Vec<HoldLook>,
    classes: Classes,
}

/// What can be told, as lines of text. Empty if there is nothing to tell.
pub(crate) fn describe(py: Python<'_>, extent: Extent) -> String {
    Look::take(py, extent).text(py, extent)
}

impl Look {
    fn take(py: Python<'_>, extent: Extent) -> Look {
        let deadline = Instant::now() + extent.patience;
        let workers = look_at_workers(py, deadline);
        let mut classes = Classes::default();
        let mut holds = Vec::new();
        for (cown, holder, taken, waiters) in tenure::held() {
            let claim = Claim { cown: cown.downgrade(), mode: Mode::Write };
            classes.learn(py, [&claim]);
            classes.learn(py, waiters.told.iter().flat_map(|waiter| &waiter.claims));
            holds.push(HoldLook { cown: cown.id(), holder, taken, waiters });
            tenure::let_go_if_forgotten(&cown);
        }
        let mut look = Look { up: Up::find(py, deadline), workers, holds, classes };
        for seen in look.workers.iter_mut().filter_map(|worker| worker.seen.as_mut()) {
            look.classes.extend(std::mem::take(&mut seen.classes));
            if let Some((view, _)) = &seen.runs {
                look.classes.learn(py, claims(view));
            }
        }
        look
    }
}

impl Up {
    fn find(py: Python<'_>, deadline: Instant) -> Up {
        loop {
            if let Some(engine) = ENGINE.try_read_recursive() {
                let Some(engine) = &*engine else { return Up::No };
                let runtime = &engine.runtime;
                let workers = runtime.worker_count();
                return Up::Yes {
                    has_interpreters: engine.has_interpreters,
                    workers,
                    ready: runtime.ready(),
                    is_quiet: runtime.is_idle(),
                    busy_for: (0..workers).filter_map(|worker| runtime.busy_for(worker)).collect(),
                };
            }
            if Instant::now() >= deadline {
                return Up::Changes;
            }
            detach(py, || thread::sleep(Duration::from_millis(1)));
        }
    }
}

/// What the worker of that number is called.
fn who(index: usize) -> String {
    if index == PINNED { "the main thread".into() } else { format!("worker {index}") }
}

/// All cowns of which it is known what they are.
fn claims(view: &RunningView) -> impl Iterator<Item = &Claim> {
    view.claims.iter().chain(view.waiters.told.iter().flat_map(|waiter| &waiter.claims))
}

/// In the interpreter of that worker.
fn look_at(py: Python<'_>, index: usize) -> Option<Seen> {
    let seen = shown::look(py, index)?;
    let stack = frames::stack(py, seen.frame, MOST_FRAMES);
    let mut classes = Classes::default();
    let view = seen.view.and_then(|view| view.downcast::<RunningView>().ok());
    let runs = view.map(|view| {
        classes.learn(py, claims(&view));
        (*view, stack)
    });
    Some(Seen { runs, classes })
}

/// Those of other interpreters are looked at by threads that wait to be let in, longer than we do if need be.
fn look_at_workers(py: Python<'_>, deadline: Instant) -> Vec<WorkerLook> {
    /// How long until another thread that looks may have been let in.
    const PAUSE: Duration = Duration::from_millis(1);
    let here = State::get(py).home.clone();
    let (told, mut answers) = mpsc::channel();
    let (mut looks, mut elsewhere) = (Vec::new(), Vec::new());
    for (index, home) in shown::workers() {
        let seen = if Arc::ptr_eq(&home, &here) { look_at(py, index) } else { None };
        looks.push(WorkerLook { index, label: home.running(), seen });
        if !Arc::ptr_eq(&home, &here) {
            elsewhere.push((index, home));
        }
    }
    let mut told = Some(told);
    loop {
        if let Some(sender) = &told {
            elsewhere.retain(|(index, home)| !send_to(home, *index, sender));
        }
        if elsewhere.is_empty() {
            // When all have answered or given up, there is no sender any more.
            told = None;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let time = if elsewhere.is_empty() { left } else { left.min(PAUSE) };
        let answer;
        (answers, answer) = detach(py, move || {
            let answer = answers.recv_timeout(time);
            (answers, answer)
        });
        match answer {
            Ok((index, seen)) => {
                if let Some(look) = looks.iter_mut().find(|look| look.index == index) {
                    look.seen = Some(seen);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) if left > time => {}
            Err(_) => return looks,
        }
    }
}

/// Sends a thread that looks at a worker in its own interpreter. False where another one is on its way.
fn send_to(home: &Arc<Home>, index: usize, told: &mpsc::Sender<(usize, Seen)>) -> bool {
    let Some(look) = home.look() else { return false };
    let told = told.clone();
    let visit = move || {
        if let Some(Some(seen)) = look.visit(|py| look_at(py, index)) {
            let _ = told.send((index, seen));
        }
    };
    // If there can be no thread, the worker is told of as one that can't be seen.
    let _ = thread::Builder::new().name("bocpy-look".into()).spawn(visit);
    true
}

/// Who has the cowns that others wait for.
enum Root<'a> {
    Running { worker: usize, view: &'a RunningView, at: Option<&'a Frame> },
    Hold(&'a HoldLook),
}

impl<'a> Root<'a> {
    fn waiters(&self) -> &'a Waiters {
        match self {
            Root::Running { view, .. } => &view.waiters,
            Root::Hold(hold) => &hold.waiters,
        }
    }

    /// What it does with that cown.
    fn describe(&self, py: Python<'_>, cown: usize) -> String {
        match self {
            Root::Hold(HoldLook { taken, .. }) => {
                format!("which {} has acquired{}", taken.who(py), taken.place())
            }
            Root::Running { worker, view, at } => {
                let name = labels::name(view.label).unwrap_or_else(|| "?".into());
                let claim = view.claims.iter().find(|claim| claim.cown.id() == cown);
                let does = match claim.map(|claim| claim.mode) {
                    Some(Mode::Write) => "holds",
                    Some(Mode::Read) => "reads",
                    None => "gives as its result",
                };
                let at = at.map_or_else(String::new, |at| format!(", now at {}:{}", at.file, at.line));
                format!("which '{name}' on {} {does}{at}", who(*worker))
            }
        }
    }
}

/// Lines of text, each in its place.
struct Text<'a, 'py> {
    py: Python<'py>,
    look: &'a Look,
    extent: Extent,
    text: String,
}

impl Look {
    fn text(&self, py: Python<'_>, extent: Extent) -> String {
        let mut text = Text { py, look: self, extent, text: String::new() };
        text.head();
        text.workers();
        text.holds();
        text.waiters();
        text.text
    }

    fn roots(&self) -> impl Iterator<Item = Root<'_>> {
        let running = self.workers.iter().filter_map(|worker| {
            let (view, stack) = worker.seen.as_ref()?.runs.as_ref()?;
            Some(Root::Running { worker: worker.index, view, at: stack.first() })
        });
        running.chain(self.holds.iter().map(Root::Hold))
    }
}

impl Text<'_, '_> {
    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    /// "and 5 more", if there are.
    fn more(&mut self, indent: usize, all: usize, told: usize) {
        if all > told {
            self.line(indent, &format!("and {} more", all - told));
        }
    }

    fn head(&mut self) {
        if !self.extent.stacks {
            return;
        }
        let line = match &self.look.up {
            Up::No if self.look.workers.is_empty() => "no workers are running".to_owned(),
            Up::No | Up::Changes => {
                "the workers are about to start or to end, or the process forks".to_owned()
            }
            Up::Yes { has_interpreters, workers, is_quiet, .. } => {
                let host = match has_interpreters {
                    true => "each in an interpreter of its own",
                    false => "threads of the main interpreter",
                };
                let strict = if backend::is_strict() { ", BOCPY_STRICT" } else { "" };
                let quiet = if *is_quiet { "; nothing is in flight" } else { "" };
                format!("{}, {host}{strict}{quiet}", count(*workers, "worker"))
            }
        };
        self.line(0, &format!("bocpy: {line}"));
    }

    fn workers(&mut self) {
        let look = self.look;
        for worker in look.workers.iter().take(self.extent.most) {
            self.worker(worker);
        }
        self.more(0, look.workers.len(), self.extent.most);
        if let Up::Yes { ready, .. } = look.up
            && ready > 0
        {
            let verb = if ready == 1 { "is" } else { "are" };
            self.line(
                0,
                &format!("{} {verb} ready and not begun: no worker was free", count(ready, "behavior")),
            );
        }
        if let Some(time) = lane::starving() {
            let text = "behaviors are ready that only the main thread can run, for";
            let what = "it has to call pump(), wait() or quiesce()";
            self.line(0, &format!("{text} {}: {what}", seconds(time)));
        }
        if let Some(update) = updates::running() {
            self.line(0, &update);
        }
        if workers::are_waiting_for_threads() {
            self.line(0, "a worker that is about to end waits for threads that behaviors have started");
        }
    }

    fn worker(&mut self, worker: &WorkerLook) {
        let (index, who) = (worker.index, who(worker.index));
        let time = match &self.look.up {
            Up::Yes { busy_for, .. } => busy_for.get(index).map(|time| format!(", for {}", seconds(*time))),
            _ => None,
        };
        let time = time.unwrap_or_default();
        let Some(seen) = &worker.seen else {
            let runs = labels::describe(worker.label).map(|behavior| format!(" runs {behavior}{time}, and"));
            let runs = runs.unwrap_or_default();
            let why = "shows nothing: it is in C code that keeps its GIL, or about to start or to end";
            return self.line(0, &format!("{who}{runs} {why}"));
        };
        let Some((view, stack)) = &seen.runs else { return self.line(0, &format!("{who} is idle")) };
        let behavior = labels::describe(view.label).unwrap_or_else(|| "a behavior".into());
        if !self.extent.stacks {
            let at = stack.first().map_or_else(String::new, |at| format!(", now at {}:{}", at.file, at.line));
            return self.line(0, &format!("{who} runs {behavior}{time}{at}"));
        }
        self.line(0, &format!("{who} runs {behavior}{time}"));
        for (mode, verb) in [(Mode::Write, "holds"), (Mode::Read, "reads")] {
            let cowns: Vec<_> = view.claims.iter().filter(|claim| claim.mode == mode).collect();
            if !cowns.is_empty() {
                let mut names: Vec<_> = cowns
                    .iter()
                    .take(MOST_COWNS)
                    .map(|claim| self.look.classes.name(claim.cown.id()))
                    .collect();
                if cowns.len() > MOST_COWNS {
                    names.push(format!("and {} more", cowns.len() - MOST_COWNS));
                }
                self.line(2, &format!("{verb} {}", names.join(", ")));
            }
        }
        for Frame { file, line, name } in stack {
            self.line(2, &format!("File \"{file}\", line {line} in {name}"));
        }
        if stack.len() == MOST_FRAMES {
            self.line(2, "...");
        }
    }

    fn holds(&mut self) {
        let look = self.look;
        for hold in look.holds.iter().take(self.extent.most) {
            let (cown, who, place) =
                (look.classes.name(hold.cown), hold.taken.who(self.py), hold.taken.place());
            let mine = if hold.holder == Holder::current() { " (this thread)" } else { "" };
            self.line(0, &format!("{cown} is acquired by {who}{mine}{place}"));
        }
        self.more(0, look.holds.len(), self.extent.most);
    }

    fn waiters(&mut self) {
        let look = self.look;
        let mut all = FxHashSet::default();
        let mut labels = FxHashMap::default();
        let mut is_cut = false;
        for root in look.roots() {
            all.extend(root.waiters().all());
            labels.extend(root.waiters().told.iter().map(|waiter| (waiter.id, waiter.label)));
            is_cut |= root.waiters().is_cut;
        }
        if all.is_empty() {
            return;
        }
        let least = if is_cut { "at least " } else { "" };
        let verb = if all.len() == 1 { "waits" } else { "wait" };
        self.line(0, &format!("{least}{} {verb}:", count(all.len(), "behavior")));
        let mut reasons: Vec<(&Waiter, Vec<String>)> = Vec::new();
        let mut places = FxHashMap::default();
        for root in look.roots() {
            for waiter in &root.waiters().told {
                let next = reasons.len();
                let place = *places.entry(waiter.id).or_insert(next);
                if place >= self.extent.most {
                    continue;
                }
                if place == next {
                    reasons.push((waiter, Vec::new()));
                }
                for &(cown, behind) in &waiter.at {
                    let who = match behind {
                        None => root.describe(self.py, cown),
                        Some(other) => {
                            let name = labels.get(&other).and_then(|label| labels::name(*label));
                            let name = name.map_or_else(|| "another".into(), |name| format!("'{name}'"));
                            format!("behind {name}, which waits itself")
                        }
                    };
                    reasons[place].1.push(format!("{}, {who}", look.classes.name(cown)));
                }
            }
        }
        for (waiter, reasons) in &reasons {
            let behavior = labels::describe(waiter.label).unwrap_or_else(|| "a behavior".into());
            let mut text = reasons[..reasons.len().min(MOST_REASONS)].join("; and for ");
            if reasons.len() > MOST_REASONS {
                text += &format!("; and for {} more", reasons.len() - MOST_REASONS);
            }
            self.line(2, &format!("{behavior} waits for {text}"));
        }
        self.more(2, all.len(), reasons.len());
    }
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        short if short < 0.1 => "less than 0.1 s".into(),
        seconds => format!("{seconds:.1} s"),
    }
}
