//! The context in which a body runs.
//!
//! On threads it is a copy of that in which the behavior was scheduled. In another interpreter it is a new one, with the
//! variables that could be sent: see [`variables`](super::variables). What a body sets is gone after it.

use super::scoped;
use super::variables::{self, Sent};
use crate::ffi::context::{Context, is_empty};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised};
use crate::interpreter::{Resident, State, backend};
use crate::transport::noticeboard::Surroundings;
use std::cell::RefCell;
use std::sync::Arc;

/// The context that a behavior brings.
pub(crate) enum Brought {
    /// Of this interpreter.
    Copied(Resident),
    Sent(Arc<Sent>),
}

thread_local! {
    /// The context in which this thread, a worker's, runs behaviors that bring none.
    static CLEAN: RefCell<Option<Resident>> = const { RefCell::new(None) };
}

/// What a behavior that is scheduled now brings. `None` where no variable is set, which is the usual case.
#[inline]
pub(crate) fn now(py: Python<'_>, state: &State) -> PyResult<Option<Brought>> {
    if is_empty(py) { Ok(None) } else { brought(py, state) }
}

#[cold]
fn brought(py: Python<'_>, state: &State) -> PyResult<Option<Brought>> {
    let context = Context::of_thread(py)?;
    if context.len() == 1 && scoped::is_set(py, state)? {
        return Ok(None);
    }
    if backend::values_stay(py) {
        variables::separate(py, state, &context)?;
        Ok(Some(Brought::Copied(Resident::at(state.home.clone(), context.into()))))
    } else {
        Ok(variables::send(py, state, &context)?.map(Brought::Sent))
    }
}

impl Brought {
    /// Calls `f` in it.
    pub(super) fn run<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        f: impl FnOnce() -> PyResult<Object<'py>>,
    ) -> PyResult<Object<'py>> {
        match self {
            Brought::Copied(context) => {
                let context = context.peek_in(py, state);
                match context.as_ref().and_then(|context| context.as_context()) {
                    Some(context) => context.run(f)?,
                    None => Err(error::raise(
                        py,
                        Kind::Runtime,
                        "a context of another interpreter: a bug in bocpy",
                    )),
                }
            }
            Brought::Sent(sent) => variables::open(py, state, sent)?.run(f)?,
        }
    }
}

impl Surroundings for Brought {
    fn call<'py>(
        &self,
        py: Python<'py>,
        function: &Object<'py>,
        argument: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        self.run(py, State::get(py), || function.call(&[argument]))
    }
}

/// Calls `f` in an empty context of its own.
pub(crate) fn in_empty<'py>(
    py: Python<'py>,
    f: impl FnOnce() -> PyResult<Object<'py>>,
) -> PyResult<Object<'py>> {
    Context::new(py)?.run(f)?
}

/// Gives this thread, a worker's, an empty context for as long as `f` runs behaviors.
pub(crate) fn with_clean<R>(py: Python<'_>, f: impl FnOnce() -> R) -> R {
    renew(py);
    let result = f();
    leave(py);
    result
}

/// Called after each behavior: the next one sees nothing of what it has set.
#[inline]
pub(super) fn clean(py: Python<'_>, state: &State) {
    let is_clean = CLEAN.with_borrow(|clean| {
        let clean = clean.as_ref().and_then(|clean| clean.peek_in(py, state));
        clean.as_ref().and_then(|clean| clean.as_context()).is_some_and(|clean| clean.len() == 0)
    });
    if !is_clean {
        renew(py);
    }
}

#[cold]
fn renew(py: Python<'_>) {
    leave(py);
    let new = Context::new(py).and_then(|new| new.enter().map(|()| new));
    match new {
        Ok(new) => drop(CLEAN.replace(Some(Resident::new(new.into())))),
        Err(Raised) => error::clear(py),
    }
}

fn leave(py: Python<'_>) {
    let before = CLEAN.take();
    if let Some(before) = before.as_ref().and_then(|before| before.peek(py))
        && let Some(before) = before.as_context()
    {
        before.exit();
    }
}
