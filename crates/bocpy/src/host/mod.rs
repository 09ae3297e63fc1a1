//! Where behaviors run, and the one runtime of this process: its start, its end, and what is in flight.
#![forbid(unsafe_code)]

pub(crate) mod cancelling;
pub(crate) mod cores;
pub(crate) mod engine;
pub(crate) mod fork;
pub(crate) mod looking;
pub(crate) mod pump;
pub(crate) mod relay;
pub(crate) mod results;
pub(crate) mod scopes;
pub(crate) mod submit;
pub(crate) mod updates;
pub(crate) mod waiting;
mod watch;
pub(crate) mod workers;

pub(crate) use submit::{Wish, submit};
