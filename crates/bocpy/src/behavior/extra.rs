//! What few behaviors bring along.

use super::context::Brought;
use super::manner::Priority;
use super::scoped;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::State;
use crate::interpreter::labels::Named;
use crate::transport::scope::Member;

#[derive(Default)]
pub(crate) struct Extra {
    /// The context variables that it is to see.
    pub(crate) context: Option<Brought>,
    /// Its place in a scope.
    pub(crate) member: Option<Member>,
    /// What it is called, if not by its function's name.
    pub(crate) name: Option<Named>,
    pub(crate) priority: Priority,
}

impl Extra {
    /// Runs `f` where the behavior says.
    pub(super) fn run<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        f: impl FnOnce() -> PyResult<Object<'py>>,
    ) -> PyResult<Object<'py>> {
        let in_context = || match &self.context {
            None => f(),
            Some(context) => context.run(py, state, f),
        };
        match &self.member {
            None => in_context(),
            Some(member) => scoped::within(member.scope(), in_context),
        }
    }
}
