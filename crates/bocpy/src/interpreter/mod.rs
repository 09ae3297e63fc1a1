//! Interpreters: attaching to one, making and ending them, state for each of them, and objects left in one.

pub(crate) mod attach;
pub(crate) mod backend;
pub(crate) mod buffers;
pub(crate) mod cross_interpreter;
pub(crate) mod epoch;
pub(crate) mod errands;
pub(crate) mod fork_safe;
pub(crate) mod home;
pub(crate) mod imported;
pub(crate) mod labels;
pub(crate) mod locked;
pub(crate) mod main_thread;
pub(crate) mod make;
pub(crate) mod movable;
pub(crate) mod per_interpreter;
pub(crate) mod renewable;
pub(crate) mod resident;
pub(crate) mod self_pruning;
pub(crate) mod shown;
#[cfg(all(Py_3_12, not(Py_3_14)))]
pub(crate) mod spares;
pub(crate) mod state;
pub(crate) mod watchdog;

pub(crate) use attach::{detach, within};
pub(crate) use home::Home;
pub(crate) use imported::Imported;
pub(crate) use per_interpreter::PerInterpreter;
pub(crate) use resident::Resident;
pub(crate) use state::State;
