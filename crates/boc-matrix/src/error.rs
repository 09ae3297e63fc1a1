//! What can go wrong, in words that a user can act on.

use crate::Shape;
use std::fmt;

/// Why an operation was refused. Nothing has been written then.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes that do not broadcast to a common one.
    Shapes {
        /// The operation that was asked for.
        operation: &'static str,
        /// The shape of the left operand.
        left: Shape,
        /// The shape of the right operand.
        right: Shape,
    },
    /// An output (or a part that is assigned to) of another shape than the result's.
    Output {
        /// The operation that was asked for.
        operation: &'static str,
        /// The shape of the result.
        needed: Shape,
        /// The shape of the output.
        given: Shape,
    },
    /// No rows or no columns.
    Empty {
        /// The number of rows asked for.
        rows: usize,
        /// The number of columns asked for.
        columns: usize,
    },
    /// More elements than an address space has bytes for.
    TooLarge {
        /// The number of rows asked for.
        rows: usize,
        /// The number of columns asked for.
        columns: usize,
    },
    /// The allocator had no memory.
    OutOfMemory {
        /// The bytes asked for.
        bytes: usize,
    },
    /// Another number of values than the shape has elements.
    Count {
        /// The shape to fill.
        shape: Shape,
        /// The number of values given.
        given: usize,
    },
    /// Rows of unequal length.
    Ragged {
        /// The first row that differs from the row 0.
        row: usize,
        /// Its length.
        length: usize,
        /// The length of row 0.
        needed: usize,
    },
    /// Not an axis of a matrix.
    Axis(i64),
    /// An index outside its range.
    Index {
        /// What is counted: "row", "column" or "element".
        what: &'static str,
        /// The index as given.
        index: isize,
        /// The number of rows, columns or elements.
        length: usize,
    },
    /// A number that is no index.
    NotAnIndex(f64),
    /// A combination of selectors that has no meaning.
    Selector(&'static str),
    /// A shape that holds no vectors of the lengths that the operation is for.
    Vectors {
        /// The operation that was asked for.
        operation: &'static str,
        /// The lengths that it is for.
        lengths: &'static str,
        /// The shape given.
        shape: Shape,
    },
    /// Row blocks that are not neighbours in one matrix.
    Blocks(&'static str),
    /// An argument that is out of its range.
    Argument {
        /// The operation that was asked for.
        operation: &'static str,
        /// What is wrong with which argument.
        what: String,
    },
}

/// The kinds of errors, for bindings that have a class of exceptions for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A shape, a count or an argument.
    Value,
    /// An index or a selector.
    Index,
    /// An axis.
    Axis,
    /// Memory.
    Memory,
}

impl Error {
    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Axis(_) => ErrorKind::Axis,
            Error::Index { .. } | Error::NotAnIndex(_) | Error::Selector(_) => ErrorKind::Index,
            Error::OutOfMemory { .. } | Error::TooLarge { .. } => ErrorKind::Memory,
            _ => ErrorKind::Value,
        }
    }

    pub(crate) fn argument(operation: &'static str, what: impl Into<String>) -> Error {
        Error::Argument { operation, what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shapes { operation, left, right } => {
                let rule = match *operation {
                    "matmul" => "the left one has to have as many columns as the right one has rows",
                    "concat" => "they have to have as many columns, or rows if the axis is 1",
                    "comparison" => "only matrices of the same shape have an order",
                    "view" => "the matrix has another shape now than when this view was made",
                    _ => "rows, and columns, must be equal or 1",
                };
                write!(to, "{operation}: the shapes {left} and {right} do not fit together; {rule}")
            }
            Error::Output { operation, needed, given } => {
                write!(to, "{operation}: the result is {needed}, the place for it is {given}")
            }
            Error::Empty { rows, columns } => {
                write!(to, "a matrix has at least one row and one column, not {rows}x{columns}")
            }
            Error::TooLarge { rows, columns } => {
                write!(to, "a matrix of {rows}x{columns} is larger than memory can be")
            }
            Error::OutOfMemory { bytes } => write!(to, "no memory for a matrix of {bytes} bytes"),
            Error::Count { shape, given } => {
                write!(to, "a matrix of {shape} takes {} values, not {given}", shape.size())
            }
            Error::Ragged { row, length, needed } => {
                write!(to, "row {row} has {length} values, row 0 has {needed}; all rows must be equally long")
            }
            Error::Axis(axis) => {
                write!(to, "axis {axis} does not exist; it is 0 or -2 (down the rows), 1 or -1")
            }
            Error::Index { what, index, length } => {
                write!(to, "{what} {index} does not exist; there are {length}")
            }
            Error::NotAnIndex(value) => write!(to, "{value} is not an index; an index is a whole number"),
            Error::Selector(what) => to.write_str(what),
            Error::Vectors { operation, lengths, shape } => {
                write!(
                    to,
                    "{operation}: is for vectors of {lengths} components, as rows or columns, not for {shape}"
                )
            }
            Error::Blocks(what) => to.write_str(what),
            Error::Argument { operation, what } => write!(to, "{operation}: {what}"),
        }
    }
}

impl std::error::Error for Error {}
