//! The Python classes `Matrix` and `MatrixView`, over the crate `boc-matrix`.
//!
//! A `Matrix` object is a handle of data that moves by reference; see `ffi/ownership.rs`. All that touches the data goes
//! through `read` and `write` of that. Neither runs Python code meanwhile, and neither is nested for one object: arguments
//! are made of Python objects before, and `operand.rs` is where several matrices are looked at together.

#[macro_use]
mod tables;

mod arguments;
mod arithmetic;
mod blocks;
mod buffer;
mod class;
mod comparisons;
mod construct;
mod data;
mod elementwise;
mod gather;
mod indexing;
mod iterator;
mod operand;
mod pickling;
mod random;
mod reductions;
mod repr;
mod vectors;
mod view;
mod view_class;

pub(crate) use class::set_up;
pub(crate) use data::KIND;
pub(crate) use pickling::FromPickle;
pub(crate) use view_class::publish;
