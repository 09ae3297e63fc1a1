//! What Python calls.
#![forbid(unsafe_code)]

#[macro_use]
mod docs;

pub(crate) mod cown;
pub(crate) mod module;
pub(crate) mod read;
pub(crate) mod runtime;
pub(crate) mod when;
