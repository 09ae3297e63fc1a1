//! What the program may say of a single behavior: a name, and its priority.

use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult};
use crate::interpreter::labels::{Label, Named};
use boc::Placement;
use std::sync::Arc;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Before all others that are ready.
    High,
    #[default]
    Normal,
    /// When nothing else is ready.
    Low,
}

impl Priority {
    /// Where the behavior runs, if its priority says so.
    pub(crate) fn placement(self) -> Option<Placement> {
        match self {
            Priority::High => Some(Placement::First),
            Priority::Normal => None,
            Priority::Low => Some(Placement::Last),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Manner {
    name: Option<Arc<str>>,
    pub(crate) priority: Priority,
}

impl Manner {
    /// As the keywords `name` and `priority` say.
    pub(crate) fn of(
        function: &str,
        name: Option<&Object<'_>>,
        priority: Option<&Object<'_>>,
    ) -> PyResult<Manner> {
        let wrong_type = |what: &str, wanted: &str, value: &Object<'_>| {
            let message =
                format!("{function}(): {what} must be {wanted} or None, not {}", value.class_name());
            error::raise(value.py(), Kind::Type, &message)
        };
        let name = match name.filter(|name| !name.is_none()) {
            None => None,
            Some(name) => Some(name.to_str().ok_or_else(|| wrong_type("the name", "a str", name))?.into()),
        };
        let priority = match priority.filter(|priority| !priority.is_none()) {
            None => Priority::Normal,
            Some(priority) => {
                let text = priority.to_str();
                match text.ok_or_else(|| wrong_type("the priority", "a str", priority))? {
                    "high" => Priority::High,
                    "normal" => Priority::Normal,
                    "low" => Priority::Low,
                    other => {
                        let message = format!(
                            "{function}(): the priority must be 'high', 'normal' or 'low', not {other:?}"
                        );
                        return Err(error::raise(priority.py(), Kind::Value, &message));
                    }
                }
            }
        };
        Ok(Manner { name, priority })
    }

    /// Whether it says nothing.
    pub(crate) fn is_usual(&self) -> bool {
        self.name.is_none() && self.priority == Priority::Normal
    }

    /// The name, for a behavior with a function of that label.
    pub(crate) fn named(&self, function: Label) -> Option<Named> {
        self.name.as_ref().map(|name| Named::new(name, function))
    }
}
