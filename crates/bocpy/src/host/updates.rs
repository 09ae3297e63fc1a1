//! Who computes the updates of the noticeboard.
//!
//! A behavior that posts an update computes it at once, and those that others post meanwhile, up to a limit. Any other thread
//! leaves it to a worker, if there is one: a function that takes long must not stop the program.

use super::engine;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module};
use crate::interpreter::attach::if_attached;
use crate::interpreter::{Imported, detach};
use crate::transport::by_reference::Opening;
use crate::transport::noticeboard::{Revision, board};
use crate::transport::parcel::Parcel;
use boc::{Change, Mutator, Ticket, Update, Updated};
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static REMOVED: Imported = Imported::new("bocpy._notices", c"REMOVED");
static REPORT: Imported = Imported::new("bocpy._notices", c"report_failed_update");

/// How many updates a behavior computes for others.
const LIMIT: usize = 64;

/// Whether a job for the updates is on its way to a worker.
static CALLED: AtomicBool = AtomicBool::new(false);

/// The update that is being computed.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

struct Running {
    key: Arc<str>,
    name: Arc<str>,
    since: Instant,
}

thread_local! {
    /// Whether this thread computes an update.
    static UPDATING: Cell<bool> = const { Cell::new(false) };
}

/// Raises if the caller is the function of an update.
#[inline]
pub(crate) fn refuse_in_update(py: Python<'_>, function: &str) -> PyResult<()> {
    match UPDATING.get() {
        true => Err(in_update(py, function)),
        false => Ok(()),
    }
}

#[cold]
fn in_update(py: Python<'_>, function: &str) -> Raised {
    let message = format!(
        "{function}() cannot be called by the function of notice_update(): that must only compute a new value from the old \
         one, as all other changes of the noticeboard wait for it"
    );
    error::raise(py, Kind::Runtime, &message)
}

/// Posts a change, and sees to it that it will be applied.
pub(crate) fn post(py: Python<'_>, key: &str, change: Change<Parcel, Revision>) -> PyResult<Ticket> {
    let (ticket, mutator) = board().post(key, change);
    let Some(mutator) = mutator else { return Ok(ticket) };
    if boc::current_worker().is_some() {
        if !compute(py, mutator, LIMIT)? {
            call();
        }
        return Ok(ticket);
    }
    drop(mutator);
    if !CALLED.load(Ordering::Relaxed) && !engine::background(py, call_job) {
        settle(py)?;
    }
    Ok(ticket)
}

/// Lets a worker go on. By a behavior.
fn call() {
    if let Some(job) = call_job() {
        boc::background(job);
    }
}

/// A job for the updates, unless there is one.
fn call_job() -> Option<Job> {
    (!CALLED.swap(true, Ordering::AcqRel)).then_some(Job)
}

/// Computes what there is to compute, on a worker.
pub(super) struct Job;

impl boc::Body<()> for Job {
    fn run(self, _: ()) {
        CALLED.store(false, Ordering::Release);
        let finished = if_attached(|py| match board().mutator() {
            Some(mutator) => compute(py, mutator, LIMIT).unwrap_or_else(|Raised| {
                error::clear(py);
                false
            }),
            None => true,
        });
        if finished == Some(false) {
            call();
        }
    }
}

/// Computes all that is to be computed, here, unless somebody else does.
pub(crate) fn settle(py: Python<'_>) -> PyResult<()> {
    while let Some(mutator) = board().mutator() {
        compute(py, mutator, usize::MAX)?;
    }
    Ok(())
}

/// Waits until the changes up to that one are applied. False on timeout.
pub(crate) fn wait(py: Python<'_>, ticket: Ticket, deadline: Option<Instant>) -> PyResult<bool> {
    // How long it is left to the workers, which may all be busy.
    const SLICE: Duration = Duration::from_millis(50);
    let mut helps = boc::current_worker().is_some();
    loop {
        if helps {
            settle(py)?;
        }
        helps = true;
        let left =
            deadline.map_or(SLICE, |deadline| deadline.saturating_duration_since(Instant::now()).min(SLICE));
        let mut patience = Some(left);
        if detach(py, || board().wait(ticket, || patience.take())) {
            return Ok(true);
        }
        error::check_signals(py)?;
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(false);
        }
    }
}

/// What is being computed just now, for errors.
pub(crate) fn running() -> Option<String> {
    let running = RUNNING.lock();
    let Running { key, name, since } = running.as_ref()?;
    let seconds = since.elapsed().as_secs_f64();
    Some(format!("the function '{name}' of notice_update('{key}') has been running for {seconds:.1} s"))
}

/// In the child of a fork.
pub(crate) fn start_clean() {
    CALLED.store(false, Ordering::Relaxed);
}

/// Computes at most so many updates. False where there are more.
fn compute(py: Python<'_>, mut mutator: Mutator<Parcel, Revision>, limit: usize) -> PyResult<bool> {
    for _ in 0..limit {
        let Some(update) = mutator.next() else { return Ok(true) };
        let running =
            Running { key: update.key.clone(), name: update.by.name.clone(), since: Instant::now() };
        *RUNNING.lock() = Some(running);
        let before = UPDATING.replace(true);
        let new = new_value(py, &update);
        UPDATING.set(before);
        let running = RUNNING.lock().take();
        drop(running);
        match new {
            Ok(new) => mutator.finish(new),
            Err(Raised) => {
                mutator.finish(Updated::Keep);
                if error::is(py, Kind::KeyboardInterrupt) {
                    return Err(Raised);
                }
                report(py, &update)?;
            }
        }
    }
    drop(mutator);
    Ok(board().is_settled())
}

fn new_value(py: Python<'_>, update: &Update<Parcel, Revision>) -> PyResult<Updated<Parcel>> {
    let function = update.by.by.open(py, Opening::Own)?;
    let old = match &update.old {
        Some(old) => old.open(py, Opening::Read)?,
        None => update.by.default.open(py, Opening::Own)?,
    };
    let new = function.call(&[&old])?;
    drop(old);
    if new.address() == REMOVED.get(py, crate::interpreter::State::get(py))?.address() {
        return Ok(Updated::Remove);
    }
    let what = || format!("the value of the notice '{}'", update.key);
    Parcel::pack_for_all(&new, what).map(Updated::Set)
}

/// Says that an update failed, and why.
fn report(py: Python<'_>, update: &Update<Parcel, Revision>) -> PyResult<()> {
    let Some(error) = error::take(py) else { return Ok(()) };
    let key = crate::ffi::text::string(py, &update.key)?;
    let name = crate::ffi::text::string(py, &update.by.name)?;
    if REPORT.call(py, &[&key, &name, &error]).is_err() {
        let why = error::describe(py);
        error::clear(py);
        module::write_stderr(py, &format!("bocpy: notice_update('{}') failed: {why}\n", update.key));
    }
    Ok(())
}

/// What a function is called, for messages.
pub(crate) fn name_of(function: &Object<'_>) -> Arc<str> {
    let name = function.getattr_opt(c"__qualname__").ok().flatten();
    error::clear(function.py());
    match name.as_ref().and_then(|name| name.to_str()) {
        Some(name) => name.into(),
        None => function.class_name().into(),
    }
}
