//! What Python calls.
#![forbid(unsafe_code)]

pub(crate) mod cown;
pub(crate) mod module;
pub(crate) mod read;
pub(crate) mod runtime;
pub(crate) mod when;
