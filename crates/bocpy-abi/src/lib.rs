#![doc = include_str!("../README.md")]

mod another;
mod answer;
mod argument;
mod attached;
mod class;
mod error;
mod function;
mod instance;
mod module;
mod movable;
mod object;
mod panics;
mod place;
pub mod raw;
mod text;
mod version;

pub use another::Another;
pub use answer::{Answer, Bytes};
pub use argument::{Argument, Refused};
pub use attached::{Attached, without_gil};
pub use class::{Class, Made};
pub use error::Error;
pub use function::{Function, Method, MethodMut};
pub use module::Module;
pub use movable::Movable;
pub use object::{Object, Owned};

#[doc(hidden)]
pub mod __private {
    pub use crate::module::Definition;
    pub use pyo3_ffi::PyObject;
}
