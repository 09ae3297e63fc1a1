//! Who computes the updates of the noticeboard.
//!
//! A behavior computes its own, where it is: so its function need not go anywhere. It waits for its turn, and then applies
//! what others have posted meanwhile, up to a limit. The program leaves its updates to the workers, if there are any: a
//! function that takes long must not stop it.

use super::engine;
use crate::behavior::context;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::interpreter::attach::if_attached;
use crate::interpreter::{Imported, State, detach};
use crate::transport::by_reference::Opening;
use crate::transport::holder::Holder;
use crate::transport::noticeboard::{Revision, Surroundings, board, is_updating, set_updating};
use crate::transport::parcel::Parcel;
use boc::{Begin, Change, Mutator, Ticket, Update, Updated};
use parking_lot::Mutex;
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

/// Raises if the caller is the function of an update.
#[inline]
pub(crate) fn refuse_in_update(py: Python<'_>, function: &str) -> PyResult<()> {
    match is_updating() {
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

/// Changes an entry without computing: now or, while somebody computes, after that.
pub(crate) fn post(py: Python<'_>, key: &str, change: Change<Parcel, Revision>) -> PyResult<Ticket> {
    let (ticket, mutator) = board().post(key, change);
    if let Some(mutator) = mutator {
        drop(mutator);
        let called = CALLED.load(Ordering::Relaxed) || engine::background(py, call_job);
        if !called {
            settle(py)?;
        }
    }
    Ok(ticket)
}

/// Updates an entry.
pub(crate) fn update<'py>(
    py: Python<'py>,
    key: &str,
    function: &Object<'py>,
    default: &Object<'py>,
) -> PyResult<()> {
    if boc::current_worker().is_some() {
        return update_here(py, key, function, default);
    }
    let by = Parcel::pack_function(function, || format!("the function of notice_update('{key}')"))?;
    let default = Parcel::pack_for_all(default, || format!("the default of notice_update('{key}')"))?;
    let name = name_of(function);
    let context = context::now(py, State::get(py))?.map(|context| Box::new(context) as Box<dyn Surroundings>);
    post(py, key, Change::Update(Revision { by, default, name, context })).map(drop)
}

/// How often a behavior looks whether it is its turn before it sleeps: updates are short, mostly.
const LOOKS: usize = 200;

fn update_here<'py>(
    py: Python<'py>,
    key: &str,
    function: &Object<'py>,
    default: &Object<'py>,
) -> PyResult<()> {
    let name = name_of(function);
    let mut looks = 0;
    loop {
        match board().begin(key) {
            Begin::Now(mut mutator, old) => {
                let key: Arc<str> = key.into();
                finish(py, &mut mutator, &key, &name, || {
                    let old = match &old {
                        Some(old) => old.open(py, Opening::Read)?,
                        None => own_copy(default, &key)?,
                    };
                    let new = function.call(&[&old])?;
                    drop(old);
                    packed(py, &key, new)
                })?;
                if !compute(py, mutator, LIMIT)? {
                    call();
                }
                return Ok(());
            }
            Begin::After(mutator) => drop(compute(py, mutator, usize::MAX)?),
            Begin::Later if looks < LOOKS => {
                looks += 1;
                std::hint::spin_loop();
            }
            Begin::Later => {
                detach(py, || board().wait_for_turn(|| Some(Duration::MAX)));
            }
        }
    }
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
    type Rest = ();
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
    // For that long it is left to the workers, which may all be busy.
    const SLICE: Duration = engine::SIGNAL_CHECK;
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
        let Some(Update { key, old, by: revision }) = mutator.next() else { return Ok(true) };
        finish(py, &mut mutator, &key, &revision.name, || {
            let function = revision.by.open(py, Opening::Own)?;
            let old = match &old {
                Some(old) => old.open(py, Opening::Read)?,
                None => revision.default.open(py, Opening::Own)?,
            };
            // Not in that of whoever computes it.
            let new = match &revision.context {
                Some(context) => context.call(py, &function, &old)?,
                None => context::in_empty(py, || function.call(&[&old]))?,
            };
            drop(old);
            packed(py, &key, new)
        })?;
    }
    drop(mutator);
    Ok(board().is_settled())
}

/// Finishes the update that was begun by what `f` computes. An error is reported, and leaves the entry as it is.
fn finish(
    py: Python<'_>,
    mutator: &mut Mutator<Parcel, Revision>,
    key: &Arc<str>,
    name: &Arc<str>,
    f: impl FnOnce() -> PyResult<Updated<Parcel>>,
) -> PyResult<()> {
    *RUNNING.lock() = Some(Running { key: key.clone(), name: name.clone(), since: Instant::now() });
    set_updating(true);
    let new = f();
    set_updating(false);
    let running = RUNNING.lock().take();
    drop(running);
    match new {
        Ok(new) => mutator.finish(new),
        Err(Raised) => {
            mutator.finish(Updated::Keep);
            // A Ctrl-C is for whoever computes this by a call. By itself a worker computes it for somebody else.
            let is_called = boc::current_worker().is_none() || Holder::in_behavior();
            if is_called && error::is(py, Kind::KeyboardInterrupt) {
                return Err(Raised);
            }
            report(py, key, name)?;
        }
    }
    Ok(())
}

/// The default for the function of an update, which may change what it gets.
fn own_copy<'py>(default: &Object<'py>, key: &str) -> PyResult<Object<'py>> {
    Parcel::pack_for_all(default, || format!("the default of notice_update('{key}')"))?
        .open(default.py(), Opening::Own)
}

/// The new value of an entry, for all.
fn packed<'py>(py: Python<'py>, key: &str, new: Object<'py>) -> PyResult<Updated<Parcel>> {
    if new.address() == REMOVED.get(py, State::get(py))?.address() {
        return Ok(Updated::Remove);
    }
    Parcel::pack_for_all(&new, || format!("the value of the notice '{key}'")).map(Updated::Set)
}

/// Says that an update failed, and why.
fn report(py: Python<'_>, key: &str, name: &str) -> PyResult<()> {
    let Some(error) = error::take(py) else { return Ok(()) };
    if REPORT.call(py, &[&text::string(py, key)?, &text::string(py, name)?, &error]).is_err() {
        let why = error::describe(py);
        module::write_stderr(py, &format!("bocpy: notice_update('{key}') failed: {why}\n"));
    }
    Ok(())
}

/// What a function is called, for messages.
fn name_of(function: &Object<'_>) -> Arc<str> {
    let name = function.getattr_opt(c"__qualname__").ok().flatten();
    error::clear(function.py());
    match name.as_ref().and_then(|name| name.to_str()) {
        Some(name) => name.into(),
        None => function.class_name().into(),
    }
}
