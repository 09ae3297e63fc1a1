//! Safe wrappers over `pyo3-ffi`, a small file per kind of object.
//!
//! All of it follows from one rule: a [`Python`] token is proof that this thread is attached to an interpreter, and an
//! [`Object`] carries the lifetime of such a token. Neither can leave the thread.
//!
//! What works with objects of one builtin kind only is a method of a type for that kind, such as [`List`]: see `kind.rs`.

pub(crate) mod allocator;
pub(crate) mod args;
mod beside;
pub(crate) mod block;
pub(crate) mod buffer;
pub(crate) mod buffer_slots;
pub(crate) mod builtin;
pub(crate) mod cache;
pub(crate) mod class;
pub(crate) mod collect;
pub(crate) mod context;
pub(crate) mod derived;
mod dict;
mod entries;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod filling;
pub(crate) mod forever;
pub(crate) mod frames;
pub(crate) mod function;
pub(crate) mod graph;
pub(crate) mod iterator_slots;
mod kind;
mod lending;
pub(crate) mod linked;
mod list;
pub(crate) mod main_property;
pub(crate) mod mapping_slots;
pub(crate) mod method;
pub(crate) mod module;
pub(crate) mod number;
pub(crate) mod number_slots;
pub(crate) mod object;
pub(crate) mod ownership;
pub(crate) mod pending;
mod room;
mod set;
mod slice;
pub(crate) mod slots;
mod spares;
pub(crate) mod special;
pub(crate) mod subclass;
pub(crate) mod text;
pub(crate) mod text_slots;
pub(crate) mod together;
mod tuple;
pub(crate) mod weak;

pub(crate) use dict::Dict;
pub(crate) use error::{PyResult, Raised};
pub(crate) use list::List;
pub(crate) use object::{Borrowed, Object, Python};
pub(crate) use room::room;
pub(crate) use set::Set;
pub(crate) use slice::Slice;
pub(crate) use tuple::Tuple;
