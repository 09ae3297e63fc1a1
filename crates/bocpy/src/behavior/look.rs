//! What runs in the place of a behavior when somebody outside wants to know the value of a cown.

use super::extra::Extra;
use super::params::HeldCowns;
use super::pumped;
use super::running::Running;
use super::work::Afterwards;
use crate::ffi::Python;
use crate::interpreter::labels::Label;
use crate::interpreter::{State, shown};
use crate::transport::answers::{Answer, Question, tell_onlookers};
use std::sync::Arc;

/// Answers somebody outside behaviors who wants to know the value of a cown.
pub(crate) struct Look {
    pub(crate) question: Question,
    pub(crate) name: &'static Arc<str>,
    pub(crate) label: Label,
    pub(crate) extra: Extra,
}

impl Look {
    #[cold]
    pub(super) fn run(&self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>) -> Option<Afterwards> {
        pumped::count_no_behavior();
        let cown = cowns.all().next()?;
        let running = Running { label: self.label, cowns };
        state.home.set_running(running.label);
        let telling = shown::showing(py, &running, || {
            state.home.look_around(py);
            tell_onlookers(py, [cown]);
            self.question.answer(Answer::now(py, cown.tag(), false))
        });
        state.home.set_running(0);
        telling.map(Afterwards::Tell)
    }
}
