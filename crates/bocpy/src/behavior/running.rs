//! A behavior that runs, for those who look.

use super::params::HeldCowns;
use crate::interpreter::labels::Label;
use crate::interpreter::shown::Visible;
use crate::transport::lines::{self, Claim, Waiters};
use std::any::Any;

/// One that runs.
pub(super) struct Running<'a> {
    pub(super) label: Label,
    pub(super) cowns: HeldCowns<'a>,
}

/// The same as they see it.
pub(crate) struct RunningView {
    pub(crate) label: Label,
    pub(crate) claims: Vec<Claim>,
    pub(crate) waiters: Waiters,
}

impl Visible for Running<'_> {
    fn label(&self) -> Label {
        self.label
    }

    fn result(&self) -> usize {
        self.cowns.result.id()
    }

    fn view(&self) -> Box<dyn Any + Send> {
        let claimed = self.cowns.claimed();
        let waiters = Waiters::of(|each| claimed.each_waiting(each));
        Box::new(RunningView { label: self.label, claims: lines::claims(claimed), waiters })
    }
}
