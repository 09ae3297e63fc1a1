//! Scheduling: a function and what it captures become a behavior.

use super::engine::{ensure_started, schedule};
use super::updates::refuse_in_update;
use crate::behavior::params::Params;
use crate::behavior::submit::work;
use crate::behavior::task::Task;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::State;
use crate::transport::cown::CownObject;

/// Schedules `body` over the cowns of `params`, with `captures` after them. Returns the cown of its result.
pub(crate) fn submit<'py>(
    py: Python<'py>,
    state: &State,
    body: &Object<'py>,
    params: &mut Params<'_>,
    captures: &[Object<'py>],
) -> PyResult<Object<'py>> {
    refuse_in_update(py, "when")?;
    state.home.sweep(py);
    // The backend must be settled first: it determines how captures are sent.
    ensure_started(py)?;
    let work = work(py, state, body, params.len(), captures)?;
    let (claims, groups) = params.claims();
    let result = schedule(py, claims, Task { work, groups })?;
    CownObject::open_result(py, state, result)
}
