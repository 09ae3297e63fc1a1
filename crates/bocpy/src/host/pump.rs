//! Running pinned behaviors: the main thread does so when it calls `pump`, and while it waits in bocpy for something else.

use super::engine::{ENGINE, Engine, SIGNAL_CHECK, engine, is_in_behavior};
use super::updates::refuse_in_update;
use crate::behavior::context::with_clean;
use crate::behavior::pumped::{self, Tally};
use crate::behavior::task::MAIN_LANE;
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python};
use crate::interpreter::attach::as_worker;
use crate::interpreter::main_thread::is_main_thread;
use crate::interpreter::{State, detach, shown};
use crate::transport::in_transit::refuse_to_wait;
use crate::transport::lane::{self, Entered, Main, Nudge};
use crate::transport::pinned;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often a wait looks into the lane, although it is woken when something comes. In milliseconds.
static POLL: AtomicU64 = AtomicU64::new(SIGNAL_CHECK.as_millis() as u64);

pub(crate) fn set_poll(milliseconds: u64) {
    POLL.store(milliseconds, Ordering::Relaxed);
}

/// How much is run.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// No behavior begins after that time.
    pub(crate) time: Option<Duration>,
    pub(crate) most: Option<usize>,
    /// Whether to raise the first exception of a body.
    pub(crate) raises: bool,
}

/// What has been run.
#[derive(Default)]
pub(crate) struct Pumped {
    pub(crate) executed: usize,
    /// Something is left, for which there was no time.
    pub(crate) deadline_reached: bool,
    pub(crate) raised: usize,
}

/// What a wait runs before it looks at its own business again.
const IN_A_WAIT: Bounds = Bounds { time: Some(SIGNAL_CHECK), most: None, raises: false };

/// Whether something is in the lane. It may be, as long as a thread starts or ends the workers, or forks.
pub(super) fn is_work_there() -> bool {
    ENGINE.try_read_recursive().is_none_or(|engine| engine.as_ref().is_some_and(has_work))
}

fn has_work(engine: &Arc<Engine>) -> bool {
    !engine.runtime.is_lane_empty(MAIN_LANE)
}

/// `pump()`.
pub(crate) fn pump(py: Python<'_>, bounds: Bounds) -> PyResult<Pumped> {
    let refuse = |message| Err(error::raise(py, Kind::Runtime, message));
    if is_in_behavior() {
        return refuse(
            "pump() cannot be called inside a behavior, as it would run another one within it: what is ready runs after this one",
        );
    }
    refuse_in_update(py, "pump")?;
    refuse_to_wait(py, "pump()")?;
    if !is_main_thread(py, State::get(py)) {
        return refuse(
            "pump() runs behaviors of the main thread, and this is another one: call it there. To wake an event loop of the main \
             thread from here, see set_pump_notify()",
        );
    }
    let Some(engine) = engine(py).clone() else {
        return refuse(
            "pump() was called while no workers are up, so there is nothing to run: call start(), or schedule a behavior first. \
             After wait(), which ends the workers, the next @when starts them again; quiesce() does not end them",
        );
    };
    if !pinned::are_any() {
        return Ok(Pumped::default());
    }
    run(py, &engine, bounds)
}

/// On any thread: drops what was left to it, and to others.
pub(super) fn sweep(py: Python<'_>) {
    let state = State::get(py);
    state.home.sweep(py);
    if is_main_thread(py, state) {
        pinned::sweep(py);
    }
}

/// Runs what is ready.
fn run(py: Python<'_>, engine: &Arc<Engine>, bounds: Bounds) -> PyResult<Pumped> {
    sweep(py);
    let attends = lane::enter(Main::Attends);
    lane::begin(py)?;
    if !has_work(engine) {
        return Ok(Pumped::default());
    }
    let deadline = bounds.time.and_then(|time| Instant::now().checked_add(time));
    let (mut begun, mut deadline_reached, mut signal) = (0, false, None);
    let goes_on = || {
        if begun > 0 {
            if pumped::is_to_end() || bounds.most.is_some_and(|most| begun - pumped::others() >= most) {
                return false;
            }
            if error::check_signals(py).is_err() {
                signal = error::take(py);
                return false;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                deadline_reached = has_work(engine);
                return false;
            }
        }
        begun += 1;
        true
    };
    let (ran, tally) = counting(py, || engine.runtime.pump_while(MAIN_LANE, goes_on));
    // What comes from here on is told of; and so is what is left.
    drop(attends);
    let ran = ran.map_err(|why| error::raise(py, Kind::Runtime, &format!("pump(): {why}")))?;
    let (executed, raised) = (ran - tally.others, tally.raised);
    if let Some(signal) = signal {
        error::restore(signal);
        return Err(error::Raised);
    }
    tally.raise(py, bounds.raises)?;
    Ok(Pumped { executed, deadline_reached, raised })
}

/// Runs `f`, which runs behaviors, as a worker would.
fn counting<R>(py: Python<'_>, f: impl FnOnce() -> R) -> (R, Tally) {
    pumped::counting(|| shown::as_worker(py, pinned::PINNED, || as_worker(py, || with_clean(py, f))))
}

/// Whether the caller is the one who runs pinned behaviors, and there may be any.
fn pumps(py: Python<'_>) -> bool {
    pinned::are_any() && !is_in_behavior() && is_main_thread(py, State::get(py))
}

/// The runtime of those behaviors, where the caller runs them. Its lock is not kept: they may fork.
fn pumped(py: Python<'_>) -> Option<Arc<Engine>> {
    let engine = pumps(py).then(|| engine(py).clone());
    engine.flatten()
}

/// As long as what this returns lives, the main thread is in a wait for the runtime. `None`: this is another thread.
pub(super) fn attend(py: Python<'_>) -> Option<Entered> {
    is_main_thread(py, State::get(py)).then(|| lane::enter(Main::Attends))
}

/// Waits until nothing is in flight, at most for that time; on the main thread, runs what is ready before that, and ends when
/// something becomes so.
pub(super) fn wait_for_runtime(py: Python<'_>, engine: &Arc<Engine>, time: Duration) -> PyResult<()> {
    let runtime = &engine.runtime;
    if !pumps(py) {
        detach(py, || runtime.wait_timeout(time) && runtime.wait_for_background(time));
        return Ok(());
    }
    run(py, engine, IN_A_WAIT)?;
    let time = time.min(Duration::from_millis(POLL.load(Ordering::Relaxed)));
    detach(py, || {
        if !runtime.wait_for_lane(MAIN_LANE, Some(time)) && runtime.is_quiescent() {
            runtime.wait_for_background(time);
        }
    });
    Ok(())
}

/// Calls `sleep`, which waits for something else, attached to nothing; on the main thread, runs what is ready before that.
/// `nudge` ends `sleep` when something becomes so.
pub(crate) fn wait<R: Send>(
    py: Python<'_>,
    nudge: &Arc<impl Nudge + 'static>,
    sleep: impl FnOnce() -> R + Send,
) -> PyResult<R> {
    if let Some(engine) = pumped(py) {
        let _waits = lane::enter(Main::Waits(nudge.clone()));
        run(py, &engine, IN_A_WAIT)?;
        let awake = detach(py, sleep);
        if lane::is_calling() {
            run(py, &engine, IN_A_WAIT)?;
        }
        return Ok(awake);
    }
    Ok(detach(py, sleep))
}

/// Runs what is ready, if this is the main thread, which waits for something that does not wake it.
pub(crate) fn run_ready(py: Python<'_>) -> PyResult<()> {
    if let Some(engine) = pumped(py) {
        run(py, &engine, IN_A_WAIT)?;
    }
    Ok(())
}
