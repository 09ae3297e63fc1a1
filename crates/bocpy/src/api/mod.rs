//! What Python calls.
#![forbid(unsafe_code)]

use crate::transport::by_reference::Kind;

#[macro_use]
mod docs;

mod arrivals;
pub(crate) mod cown;
mod dump;
mod matrix;
pub(crate) mod messages;
pub(crate) mod module;
pub(crate) mod notices;
mod patience;
mod pinned;
#[cfg(feature = "probe")]
mod probe;
pub(crate) mod read;
mod record;
mod relay;
pub(crate) mod runtime;
pub(crate) mod scope;
pub(crate) mod when;

/// The types that move by reference. A new one is a file of its own, and a line here.
static BY_REFERENCE: &[&Kind] = &[
    &record::handle::KIND,
    &record::array::KIND,
    &matrix::KIND,
    #[cfg(feature = "probe")]
    &probe::KIND,
];
