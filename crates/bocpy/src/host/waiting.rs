//! Waiting for behaviors, and the end of the workers.

use super::engine::{
    ENDED, ENGINE, Engine, LATE, LIFECYCLE, SIGNAL_CHECK, engine, is_in_behavior, start_clean, start_with,
};
use super::watch::Watch;
use super::{pump, relay, updates, workers};
use crate::behavior::dropping::Dropping;
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python, module};
use crate::interpreter::backend::Backend;
use crate::interpreter::errands::{self, Errand};
use crate::interpreter::{Imported, State, detach, epoch, fork_safe};
use crate::transport::in_transit::refuse_to_wait;
use crate::transport::noticeboard::board;
use crate::transport::parcel::Parcel;
use crate::transport::relay::wait_delivered;
use crate::transport::{reports, scope};
use boc::{Snapshot, Stats};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

static STOP_TRACING: Imported = Imported::new("bocpy._python_bugs", c"stop_tracing");

/// What to wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing is in flight.
    Quiet,
    /// And the workers have ended.
    Stopped,
    /// And nothing can be started any more.
    End,
}

/// Waits until nothing is in flight, and then as `until` says. Returns the counters of the workers, and the entries of the
/// noticeboard, which a runtime that ends takes with it. `cancels`: what has not begun is dropped.
pub(crate) fn wait(
    py: Python<'_>,
    function: &str,
    timeout: Option<Duration>,
    until: Until,
    cancels: bool,
) -> PyResult<(Vec<Stats>, Snapshot<Parcel>)> {
    if is_in_behavior() {
        let message = format!(
            "{function}() cannot be called inside a behavior, as it would wait for that behavior itself: \
             schedule another behavior instead"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    refuse_to_wait(py, &format!("{function}()"))?;
    let home = &State::get(py).home;
    if until != Until::Quiet && home.worker().is_some() {
        let message = format!(
            "{function}() cannot be called by a thread that a behavior has started, as it would wait for that thread itself: \
             use quiesce(), or call {function}() in the main program"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    pump::sweep(py);
    let _dropping = cancels.then(Dropping::begin);
    loop {
        let Some(engine) = engine(py).clone() else {
            let done = match until {
                Until::Quiet => true,
                Until::Stopped => detach(py, open_cowns),
                Until::End => detach(py, try_end),
            };
            if !done {
                continue;
            }
            if until != Until::Quiet {
                tell_of_failures(py, until);
            }
            return Ok((Vec::new(), board().snapshot()));
        };
        wait_for(py, &engine, deadline, function)?;
        detach(py, wait_delivered);
        let stats = engine.runtime.stats();
        if until == Until::Quiet {
            if State::get(py).home.is_main() {
                reports::settle(py);
            }
            return Ok((stats, board().snapshot()));
        }
        if engine.has_interpreters && home.is_main() {
            stop_tracing(py)?;
        }
        if let Some(entries) = stop(py, &engine, until == Until::End, deadline, function)? {
            pump::sweep(py);
            if !start_late(py, &engine)? {
                tell_of_failures(py, until);
                return Ok((stats, entries));
            }
        }
    }
}

/// See `bocpy._python_bugs`.
fn stop_tracing(py: Python<'_>) -> PyResult<()> {
    if cfg!(Py_3_13) && !cfg!(Py_3_15) && STOP_TRACING.call(py, &[])?.is_true()? {
        let message = "bocpy: tracemalloc is stopped, as CPython before 3.15 would crash if it were on while the workers' \
                       interpreters end. Take snapshots before wait(), for example after quiesce()\n";
        module::write_stderr(py, message);
    }
    Ok(())
}

/// The last moment at which it helps to know of exceptions that nobody has looked at.
fn tell_of_failures(py: Python<'_>, until: Until) {
    if State::get(py).home.is_main() {
        if until == Until::End {
            scope::give_up_all();
        }
        reports::tell_all(py);
    }
}

/// The end of a wait where no runtime is up: the main interpreter may use the cowns that there are. False where one is.
fn open_cowns() -> bool {
    let engine = fork_safe::lock(|| ENGINE.try_write());
    if engine.is_none() {
        epoch::next();
    }
    engine.is_none()
}

/// Nothing can be started from now on. False where something has been.
fn try_end() -> bool {
    let _lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
    {
        let engine = ENGINE.write();
        if engine.is_some() {
            return false;
        }
        ENDED.store(true, Ordering::Release);
    }
    workers::end_spares();
    true
}

/// Ends that runtime as [`try_stop`] does, on a thread of its own: workers that leave wait for the threads that behaviors have
/// started, so that may take long.
fn stop(
    py: Python<'_>,
    engine: &Arc<Engine>,
    ends: bool,
    deadline: Option<Instant>,
    function: &str,
) -> PyResult<Option<Snapshot<Parcel>>> {
    let (done, mut news) = mpsc::channel();
    let stopping = engine.clone();
    let door = done.clone();
    let stop = move || drop(done.send(News::Stopped(try_stop(&stopping, ends))));
    if thread::Builder::new().name("bocpy-stop".into()).spawn(stop).is_err() {
        return Ok(detach(py, || try_stop(engine, ends)));
    }
    // Values that live in the workers' interpreters come to this one, if they can.
    let _attending = errands::attend(py, move |errand| {
        door.send(News::Errand(errand)).map_err(|mpsc::SendError(news)| match news {
            News::Errand(errand) => errand,
            News::Stopped(_) => unreachable!("it is what we have sent"),
        })
    });
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // When nothing is in flight any more, it takes some milliseconds, which no timeout should cut short.
        let slice = left.map_or(SIGNAL_CHECK, |left| left.clamp(Duration::from_millis(10), SIGNAL_CHECK));
        let result;
        (news, result) = detach(py, move || {
            let result = news.recv_timeout(slice);
            (news, result)
        });
        match result {
            Ok(News::Stopped(result)) => return Ok(result),
            Ok(News::Errand(errand)) => {
                errand(py);
                continue;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        error::check_signals(py)?;
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline + STOP_PATIENCE);
        if is_over && workers::are_waiting_for_threads() {
            let message = format!(
                "{function}() timed out: all behaviors have ended, but a thread that one of them has started has not, and \
                 its worker waits for it"
            );
            return Err(error::raise(py, Kind::Timeout, &message));
        }
    }
}

/// What a thread that waits for the end of the workers hears.
enum News {
    Stopped(Option<Snapshot<Parcel>>),
    Errand(Errand),
}

/// How long the end of the workers may take beyond a timeout.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Starts again for the behaviors that were scheduled as the workers of `before` left. False if there are none.
fn start_late(py: Python<'_>, before: &Engine) -> PyResult<bool> {
    let mut late = std::mem::take(&mut *LATE.lock()).into_iter();
    if late.len() == 0 {
        return Ok(false);
    }
    let backend = if before.has_interpreters { Backend::Interpreters } else { Backend::Threads };
    while late.len() > 0 {
        if let Err(raised) = start_with(py, before.runtime.worker_count(), backend, None, true) {
            LATE.lock().extend(late);
            return Err(raised);
        }
        // Another thread may have ended it again.
        let Some(engine) = &*engine(py) else { continue };
        late.by_ref().for_each(|(claims, task)| {
            // The last is the result, which is one of these workers from now on.
            if let Some((result, _)) = claims.iter().last() {
                result.tag().set_epoch(epoch::now());
            }
            engine.runtime.schedule(claims, task);
        });
    }
    Ok(true)
}

fn wait_for(py: Python<'_>, engine: &Arc<Engine>, deadline: Option<Instant>, function: &str) -> PyResult<()> {
    let call = format!("{function}()");
    let mut watch = Watch::begin(&call, deadline);
    let _attends = pump::attend(py);
    while !engine.runtime.is_idle() {
        let own = watch.own_and_others(py);
        if let (Some((cown, place)), None) = (&own, deadline) {
            let message = format!(
                "{function}() would never return: this thread has acquired {cown}{place}, and a behavior waits for it. Release \
                 the cown first: call {function}() after the `with` block, or release()"
            );
            return Err(error::raise(py, Kind::Runtime, &message));
        }
        let Some(slice) = watch.slice() else {
            let update = updates::running().map(|update| format!(", and {update}")).unwrap_or_default();
            let held = own.map(|(cown, place)| {
                format!(", and one waits for {cown}, which this thread has acquired{place} and not released")
            });
            return Err(watch.timed_out(py, &format!("{}{update}", held.unwrap_or_default())));
        };
        pump::wait_for_runtime(py, engine, slice)?;
        watch.after_slice(py)?;
        // Somebody may have been kept from computing them.
        if engine.runtime.is_idle() {
            updates::settle(py)?;
        }
    }
    Ok(())
}

/// Ends that runtime, unless something is in flight again. Gives the noticeboard as it was, if it has ended, by us or by
/// another thread. `ends`: nothing can be started from then on.
fn try_stop(engine: &Arc<Engine>, ends: bool) -> Option<Snapshot<Parcel>> {
    let _lifecycle = fork_safe::lock(|| LIFECYCLE.try_lock());
    {
        let mut current = ENGINE.write();
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, engine)) {
            return Some(board().snapshot());
        }
        if !engine.runtime.is_idle() {
            return None;
        }
        *current = None;
        if ends {
            ENDED.store(true, Ordering::Release);
        }
    }
    engine.runtime.stop();
    relay::stop();
    if ends {
        workers::end_spares();
    }
    start_clean();
    Some(board().clear())
}
