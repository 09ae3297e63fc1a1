//! Dense matrices of doubles, fast on one thread, and in row blocks on several.
//!
//! ```
//! use boc_matrix::{Axis, Matrix, Reduction};
//!
//! let points = Matrix::from_rows(&[[3.0, 4.0], [6.0, 8.0]])?;
//! let lengths = points.reduce_axis(Reduction::Magnitude, Axis::Columns)?;
//! assert_eq!(lengths.as_slice(), [5.0, 10.0]);
//! let units = points.divide(&lengths)?; // a column, used for all columns
//! assert_eq!(units.as_slice(), [0.6, 0.8, 0.6, 0.8]);
//! assert_eq!(points.add(&Matrix::column(&[1.0, 2.0, 3.0])?).unwrap_err().to_string(),
//!     "add: the shapes 2x2 and 3x1 do not fit together; rows, and columns, must be equal or 1");
//! # Ok::<(), boc_matrix::Error>(())
//! ```
//!
//! There are no empty matrices: each has at least one row and one column. Whatever a caller gives, the answer is a result or an
//! [`Error`], also if there is no memory for a matrix, and after an error nothing has been written.
//!
//! # Parts
//!
//! | what | where |
//! |---|---|
//! | shapes, axes, broadcasting | [`Shape`], [`Axis`], [`Operand`] |
//! | making, looking into, joining | [`Matrix`], [`Matrix::concat`], [`Matrix::select`], [`Matrix::assign`], [`Window`], [`View`] |
//! | element by element | [`Matrix::binary`], [`Matrix::unary`], [`Matrix::ternary`], and `assign_...` to write to an output |
//! | many to one | [`Matrix::reduce`], [`Matrix::reduce_axis`], `..._where` for masks, [`Matrix::arg`], [`Matrix::topk`] |
//! | by index | [`Matrix::take`], [`Matrix::put`], [`Matrix::take_along_axis`], [`Matrix::put_along_axis`] |
//! | bins | [`Bins`], [`Matrix::digitize`] |
//! | vectors | [`Matrix::normalize`], [`Matrix::cross`], [`Matrix::vecdot`], [`Matrix::perpendicular`], [`Matrix::angle`] |
//! | matrices | [`Matrix::matmul`], [`Matrix::transpose`], [`Matrix::compare`], [`Matrix::all_close`] |
//! | random numbers | [`Random`], [`Matrix::uniform`], [`Matrix::normal`] |
//! | several threads | [`Matrix::split_rows`], [`Matrix::join_rows`] |
//!
//! # Layers
//!
//! Each module uses only those above it in this list.
//!
//! | layer | modules | what it knows |
//! |---|---|---|
//! | words | `error`, `shape` | messages, sizes, the rule of broadcasting |
//! | memory | `buffer` | one allocation for a matrix, or for all its row blocks; freed ones used again |
//! | loops | `dispatch`, `fold`, `sine` | vector instructions, chosen when the program runs |
//! | matrix | `matrix`, `operand` | a buffer with a shape; what it can be combined with |
//! | operations | all others | |
//!
//! `unsafe` is in three of them: `buffer`; `dispatch`, which calls functions compiled for instructions that it has found the
//! processor to have; and `matmul`, which calls `gemm`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod binary;
mod bins;
mod blocks;
mod buffer;
mod dispatch;
mod error;
mod extreme;
mod fold;
mod gather;
mod matmul;
mod matrix;
mod normalize;
mod operand;
mod order;
mod random;
mod reduce;
mod select;
mod shape;
mod sine;
mod ternary;
mod transpose;
mod unary;
mod vectors;
mod view;

pub use binary::Binary;
pub use bins::Bins;
pub use blocks::JoinError;
pub use buffer::release_memory;
#[doc(hidden)]
pub use dispatch::force_level;
pub use dispatch::{Level, level};
pub use error::{Error, ErrorKind};
pub use extreme::{Extreme, TopK};
pub use gather::Put;
pub use matrix::Matrix;
pub use operand::Operand;
pub use random::Random;
pub use reduce::Reduction;
pub use select::{Select, Span};
pub use shape::{Axis, Shape};
pub use ternary::Ternary;
pub use unary::{Range, Unary};
pub use vectors::{Cross, Scalars};
pub use view::{Orientation, View, Window};
