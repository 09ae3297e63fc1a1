//! How long a call may block.

use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::host::engine::SIGNAL_CHECK;
use crate::host::pump;
use crate::interpreter::main_thread::is_main_thread;
use crate::interpreter::{State, detach};
use crate::transport::in_transit::refuse_to_wait;
use std::time::{Duration, Instant};

/// A timeout; `None` waits forever.
pub(super) fn seconds(py: Python<'_>, timeout: Option<&Object<'_>>) -> PyResult<Option<Duration>> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else { return Ok(None) };
    let seconds = timeout.to_f64().map_err(|raised| {
        if !error::is(py, Kind::Type) {
            return raised;
        }
        error::clear(py);
        let message =
            format!("the timeout must be a number of seconds, or None, not {}", timeout.class_name());
        error::raise(py, Kind::Type, &message)
    })?;
    if seconds.is_nan() {
        return Err(error::raise(
            py,
            Kind::Value,
            "the timeout is NaN: pass a number of seconds, or None to wait forever",
        ));
    }
    // A time that is too long for a clock means forever.
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).ok())
}

/// How long a call may block.
pub(super) struct Patience {
    deadline: Option<Instant>,
    /// How often it looks for Ctrl-C, if that comes to this thread.
    slice: Option<Duration>,
}

impl Patience {
    /// A timeout in seconds; negative and `None` mean forever.
    pub(super) fn new(py: Python<'_>, timeout: Option<&Object<'_>>) -> PyResult<Patience> {
        let timeout = timeout.filter(|timeout| !timeout.is_none());
        let forever = match timeout {
            Some(timeout) => timeout.to_f64()? < 0.0,
            None => true,
        };
        let timeout = if forever { None } else { seconds(py, timeout)? };
        Ok(Patience {
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            slice: None,
        })
    }

    /// Runs `f`, which blocks as long as the function that it gets says, until it succeeds. `None` on timeout.
    pub(super) fn wait<R: Send, E: Send>(
        mut self,
        py: Python<'_>,
        mut state: E,
        mut f: impl FnMut(E, &mut (dyn FnMut() -> Option<Duration> + Send)) -> Result<R, E> + Send,
    ) -> PyResult<Result<R, E>> {
        refuse_to_wait(py, "send() or receive()")?;
        if is_main_thread(py, State::get(py)) {
            self.slice = Some(SIGNAL_CHECK);
        }
        loop {
            if self.slice.is_some() {
                pump::run_ready(py)?;
            }
            let mut first = true;
            let (deadline, slice) = (self.deadline, self.slice);
            let mut patience = move || {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                let is_over = left.is_some_and(|left| left.is_zero()) || (slice.is_some() && !first);
                first = false;
                let time = left.unwrap_or(Duration::MAX).min(slice.unwrap_or(Duration::MAX));
                (!is_over).then_some(time)
            };
            let f = &mut f;
            match detach(py, || f(state, &mut patience)) {
                Ok(result) => return Ok(Ok(result)),
                Err(again) => state = again,
            }
            error::check_signals(py)?;
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(Err(state));
            }
        }
    }
}
