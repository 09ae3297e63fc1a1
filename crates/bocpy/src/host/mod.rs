//! Where behaviors run, and the one runtime of this process: its start, its end, and what is in flight.
#![forbid(unsafe_code)]

pub(crate) mod cores;
pub(crate) mod engine;
pub(crate) mod fork;
pub(crate) mod submit;
pub(crate) mod updates;
pub(crate) mod waiting;
pub(crate) mod workers;

pub(crate) use engine::is_quiescent;
pub(crate) use submit::submit;
