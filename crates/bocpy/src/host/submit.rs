//! Scheduling: a function and what it captures become a behavior.

use super::engine::{ensure_started, schedule};
use super::scopes;
use super::updates::refuse_in_update;
use crate::behavior::context;
use crate::behavior::manner::Manner;
use crate::behavior::params::Params;
use crate::behavior::submit::work;
use crate::behavior::task::Task;
use crate::behavior::work::Work;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::State;
use crate::transport::cown::{CownObject, Handle};
use crate::transport::scope::Scope;
use std::sync::Arc;

/// What is said of a behavior beside its cowns and its function.
#[derive(Clone, Default)]
pub(crate) struct Wish {
    /// The scope into which it is scheduled, if not that in which the caller is.
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) manner: Manner,
}

/// Schedules `body` over the cowns of `params`, with `captures` after them. Returns the cown of its result.
pub(crate) fn submit<'py>(
    py: Python<'py>,
    state: &State,
    body: &Object<'py>,
    params: &mut Params<'_>,
    captures: &[Object<'py>],
    wish: Option<&Wish>,
) -> PyResult<Object<'py>> {
    refuse_in_update(py, "when")?;
    state.home.sweep(py);
    // The backend must be settled first: it determines how captures are sent.
    ensure_started(py)?;
    // Before anything is taken: this may wait, and fail.
    let member = scopes::join(py, state, wish.and_then(|wish| wish.scope.as_ref()))?;
    let mut work = work(py, state, body, params, captures)?;
    if let Some(context) = context::now(py, state)? {
        work.extra_mut().context = Some(context);
    }
    if member.is_some() {
        work.extra_mut().member = member;
    }
    if let Some(wish) = wish {
        let name = wish.manner.named(work.label());
        let extra = work.extra_mut();
        (extra.name, extra.priority) = (name, wish.manner.priority);
    }
    CownObject::open_result(py, state, enter(py, work, params)?)
}

/// Passes a behavior to the runtime. Returns the cown of its result. For all callers, and in one piece: large arguments would
/// be copied.
#[inline(never)]
pub(super) fn enter(py: Python<'_>, work: Work, params: &mut Params<'_>) -> PyResult<Handle> {
    let (claims, groups) = params.claims();
    schedule(py, claims, Task { work, groups })
}
