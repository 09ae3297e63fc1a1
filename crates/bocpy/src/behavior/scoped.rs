//! In which scope the code is that runs now.
//!
//! A behavior is in that in which it was scheduled. Other code is in that which it has entered: a context variable says so,
//! so that threads and asynchronous tasks are each in their own. It is left out where context variables are sent.

use crate::ffi::context::ContextVar;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{PerInterpreter, Resident, State};
use crate::transport::scope::{SCOPE, Scope};
use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

/// The variable of an interpreter, if a scope has been entered there. Its value is a handle.
static VARIABLE: PerInterpreter<OnceLock<Resident>> = PerInterpreter::new(OnceLock::new);

thread_local! {
    /// The scope of the behavior that this thread runs.
    static RUNNING: RefCell<Option<Arc<Scope>>> = const { RefCell::new(None) };
}

/// Runs `f` as a behavior of that scope.
pub(super) fn within<R>(scope: &Arc<Scope>, f: impl FnOnce() -> R) -> R {
    struct Reset(Option<Arc<Scope>>);
    impl Drop for Reset {
        fn drop(&mut self) {
            RUNNING.replace(self.0.take());
        }
    }
    let _reset = Reset(RUNNING.replace(Some(scope.clone())));
    f()
}

/// The scope of the behavior that this thread runs.
pub(crate) fn of_behavior() -> Option<Arc<Scope>> {
    RUNNING.with_borrow(Option::clone)
}

fn variable<'py>(py: Python<'py>, state: &State) -> PyResult<Object<'py>> {
    let place = VARIABLE.of(state);
    if let Some(variable) = place.get().and_then(|variable| variable.open(py)) {
        return Ok(variable);
    }
    let new = ContextVar::new(py, c"bocpy.scope")?;
    let variable = place.get_or_init(|| Resident::at(state.home.clone(), new.clone().into()));
    Ok(variable.open(py).unwrap_or_else(|| new.into()))
}

/// The scope that the code of this thread, which runs no behavior, has entered last.
pub(crate) fn entered(py: Python<'_>, state: &State) -> PyResult<Option<Arc<Scope>>> {
    let Some(handle) = handle(py, state)? else { return Ok(None) };
    let scope = SCOPE.of(state).get(&handle).map(|handle| handle.scope.clone());
    Ok(scope.and_then(|scope| scope.innermost_entered().cloned()))
}

/// The handle of that.
fn handle<'py>(py: Python<'py>, state: &State) -> PyResult<Option<Object<'py>>> {
    let Some(variable) = VARIABLE.of(state).get() else { return Ok(None) };
    let variable = variable.peek_in(py, state);
    match variable.as_ref().and_then(|variable| variable.as_context_var()) {
        Some(variable) => variable.get(),
        None => Ok(None),
    }
}

/// From now on the code of this thread is in the scope of that handle. Returns what takes that back.
pub(crate) fn set<'py>(
    py: Python<'py>,
    state: &State,
    handle: &Object<'py>,
) -> PyResult<Option<Object<'py>>> {
    let variable = variable(py, state)?;
    variable.as_context_var().map(|variable| variable.set(handle)).transpose()
}

/// Takes that back for that handle, where the code is in its scope. If it has entered another one since, it stays in that.
/// Raises where this is another context.
pub(crate) fn reset<'py>(
    py: Python<'py>,
    state: &State,
    left: &Object<'py>,
    token: &Object<'py>,
) -> PyResult<()> {
    if handle(py, state)?.is_none_or(|current| current.as_ptr() != left.as_ptr()) {
        return Ok(());
    }
    let variable = variable(py, state)?;
    variable.as_context_var().map_or(Ok(()), |variable| variable.reset(token))
}

/// Whether it is that variable.
pub(super) fn is_variable(state: &State, variable: &Object<'_>) -> bool {
    VARIABLE.of(state).get().is_some_and(|own| own.is(variable))
}

/// Whether the variable is set in this thread's context.
pub(super) fn is_set(py: Python<'_>, state: &State) -> PyResult<bool> {
    Ok(handle(py, state)?.is_some())
}
