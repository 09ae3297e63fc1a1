//! What a behavior runs, and what that brings along.

use super::code::Opened;
use super::extra::Extra;
use super::globals::Snapshot;
use super::look::Look;
use super::then::Then;
use crate::ffi::function::{self, PyFunction};
use crate::ffi::{Object, PyResult, Python, Tuple};
use crate::interpreter::labels::Label;
use crate::interpreter::{Resident, State};
use crate::transport::answers::Telling;
use crate::transport::by_reference::Opening;
use crate::transport::portable::Portable;
use crate::transport::scope::Member;
use smallvec::SmallVec;
use std::sync::Arc;

/// The arguments behind the cowns.
pub(super) type Rest<'py> = SmallVec<[Object<'py>; 2]>;

/// What a behavior runs.
pub(crate) enum Work {
    /// A function made of its parts.
    ///
    /// `number`: see [`dropping`](super::dropping). There is room for it here.
    Sent { snapshot: Arc<Snapshot>, captures: Option<Box<Captures>>, number: u32 },
    /// A pickled callable.
    Callable(Box<PickledCallable>),
    /// A callable of this interpreter.
    Local(Box<LocalCallable>),
    /// Nothing of Python's: it tells somebody what its cown has.
    Look(Box<Look>),
}

/// What a function brings along.
#[derive(Default)]
pub(crate) struct Captures {
    pub(crate) args: Vec<Portable>,
    pub(crate) keywords: Option<Portable>,
    pub(crate) closure: Box<[Option<Portable>]>,
    pub(crate) extra: Extra,
}

pub(crate) struct PickledCallable {
    pub(crate) callable: Portable,
    pub(crate) args: Vec<Portable>,
    pub(crate) name: Arc<str>,
    pub(crate) extra: Extra,
    pub(crate) label: Label,
    pub(crate) number: u32,
}

pub(crate) struct LocalCallable {
    pub(crate) callable: Resident,
    pub(crate) args: Vec<Resident>,
    /// What it reads of its globals, if it is not to see their changes.
    pub(crate) then: Option<Arc<Then>>,
    pub(crate) name: Arc<str>,
    pub(crate) extra: Extra,
    pub(crate) label: Label,
    pub(crate) number: u32,
}

/// What happens when a behavior has released its cowns: those who learn of it may want to have them.
#[allow(dead_code, reason = "it happens when this is dropped")]
pub(crate) enum Afterwards {
    /// The scope counts one behavior less.
    Leave(Member),
    Tell(Telling),
}

impl Work {
    /// What it brings along that few do. There is no room for that in each behavior.
    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        match self {
            Work::Sent { captures, .. } => &mut captures.get_or_insert_default().extra,
            Work::Callable(body) => &mut body.extra,
            Work::Local(body) => &mut body.extra,
            Work::Look(look) => &mut look.extra,
        }
    }

    #[inline]
    pub(super) fn extra(&self) -> Option<&Extra> {
        match self {
            Work::Sent { captures, .. } => captures.as_ref().map(|captures| &captures.extra),
            Work::Callable(body) => Some(&body.extra),
            Work::Local(body) => Some(&body.extra),
            Work::Look(look) => Some(&look.extra),
        }
    }

    /// The name of its function, and where that is defined.
    pub(crate) fn label(&self) -> Label {
        match self {
            Work::Sent { snapshot, .. } => snapshot.code.label,
            Work::Callable(body) => body.label,
            Work::Local(body) => body.label,
            Work::Look(look) => look.label,
        }
    }

    /// See [`dropping`](super::dropping).
    pub(super) fn number(&self) -> u32 {
        match self {
            Work::Sent { number, .. } => *number,
            Work::Callable(body) => body.number,
            Work::Local(body) => body.number,
            // It changes nothing, and somebody waits for it.
            Work::Look(_) => u32::MAX,
        }
    }
}

impl Captures {
    /// The function with its closure and keyword defaults; the captures among its parameters go to `rest`.
    pub(super) fn function<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        opened: &Opened,
        rest: &mut Rest<'py>,
    ) -> PyResult<PyFunction<'py>> {
        for capture in &self.args {
            rest.push(capture.decode(py, Opening::Own)?);
        }
        let fresh = self.keywords.is_some() || !self.closure.is_empty();
        let body = opened.function(py, state, fresh)?;
        if let Some(keywords) = &self.keywords {
            body.set_kw_defaults(&keywords.decode(py, Opening::Own)?)?;
        }
        if !self.closure.is_empty() {
            let cell = |content: &Option<Portable>| {
                let content = content.as_ref().map(|content| content.decode(py, Opening::Own)).transpose()?;
                function::cell(py, content.as_ref())
            };
            let cells: PyResult<Vec<_>> = self.closure.iter().map(cell).collect();
            body.set_closure(&Tuple::new(py, cells?)?)?;
        }
        Ok(body)
    }
}
