//! Dense matrices of doubles.
mod binary;
mod buffer;
mod dispatch;
mod error;
mod fold;
mod matmul;
mod matrix;
mod normalize;
mod operand;
mod random;
mod reduce;
mod shape;
mod sine;
mod ternary;
mod transpose;
mod unary;

pub use binary::Binary;
pub use buffer::release_memory;
#[doc(hidden)]
pub use dispatch::force_level;
pub use dispatch::{Level, level};
pub use error::{Error, ErrorKind};
pub use matrix::Matrix;
pub use operand::Operand;
pub use random::Random;
pub use reduce::Reduction;
pub use shape::{Axis, Shape};
pub use ternary::Ternary;
pub use unary::{Range, Unary};
