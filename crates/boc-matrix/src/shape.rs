//! Shapes, axes and the one rule of broadcasting.

use crate::Error;
use std::fmt;

/// The number of rows and columns of a matrix: at least one of each, and no more elements than memory could hold.
///
/// ```
/// use boc_matrix::Shape;
///
/// let shape = Shape::new(2, 3)?;
/// assert_eq!((shape.rows(), shape.columns(), shape.size()), (2, 3, 6));
/// assert_eq!(shape.to_string(), "2x3");
/// assert!(Shape::new(0, 3).is_err() && Shape::new(usize::MAX, 2).is_err());
/// # Ok::<(), boc_matrix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rows: usize,
    columns: usize,
}

impl Shape {
    /// A shape, or an error if it has no elements ([`Error::Empty`]) or too many ([`Error::TooLarge`]).
    #[inline]
    pub fn new(rows: usize, columns: usize) -> Result<Shape, Error> {
        if rows == 0 || columns == 0 {
            return Err(Error::Empty { rows, columns });
        }
        // Bytes, with room for the alignment of the buffer, must fit into an isize: Rust's limit for one allocation.
        match rows.checked_mul(columns) {
            Some(size) if size <= isize::MAX as usize / size_of::<f64>() - 64 => Ok(Shape { rows, columns }),
            _ => Err(Error::TooLarge { rows, columns }),
        }
    }

    /// The number of rows.
    #[inline]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[inline]
    pub fn columns(self) -> usize {
        self.columns
    }

    /// The number of elements.
    #[inline]
    pub fn size(self) -> usize {
        self.rows * self.columns
    }

    /// The shape of the transpose.
    #[inline]
    pub fn transposed(self) -> Shape {
        Shape { rows: self.columns, columns: self.rows }
    }

    /// The shape of a reduction along an axis: `1xN` or `Mx1`.
    #[inline]
    pub fn reduced(self, axis: Axis) -> Shape {
        match axis {
            Axis::Rows => Shape { rows: 1, ..self },
            Axis::Columns => Shape { columns: 1, ..self },
        }
    }

    /// The common shape of two operands: rows, and columns, must be equal or 1. So a column with a row gives a table.
    #[inline]
    pub fn broadcast(self, other: Shape) -> Option<Shape> {
        let common = |a: usize, b: usize| match (a, b) {
            _ if a == b => Some(a),
            (1, n) | (n, 1) => Some(n),
            _ => None,
        };
        Some(Shape { rows: common(self.rows, other.rows)?, columns: common(self.columns, other.columns)? })
    }

    pub(crate) fn common(operation: &'static str, left: Shape, right: Shape) -> Result<Shape, Error> {
        if left == right {
            return Ok(left);
        }
        let shape = left.broadcast(right).ok_or(Error::Shapes { operation, left, right })?;
        Shape::new(shape.rows, shape.columns)
    }

    /// The number of rows, or of columns: how many indices an axis has.
    pub(crate) fn length(self, axis: Axis) -> usize {
        match axis {
            Axis::Rows => self.rows,
            Axis::Columns => self.columns,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}x{}", self.rows, self.columns)
    }
}

/// The axis that an operation runs along, with NumPy's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// 0: down the rows. A sum gives one number for each column; `take` chooses rows.
    Rows,
    /// 1: across the columns. A sum gives one number for each row; `take` chooses columns.
    Columns,
}

impl Axis {
    /// NumPy's number.
    pub(crate) fn number(self) -> i64 {
        match self {
            Axis::Rows => 0,
            Axis::Columns => 1,
        }
    }
}

impl TryFrom<i64> for Axis {
    type Error = Error;

    /// 0 and -2 are [`Axis::Rows`], 1 and -1 are [`Axis::Columns`].
    fn try_from(axis: i64) -> Result<Axis, Error> {
        match axis {
            0 | -2 => Ok(Axis::Rows),
            1 | -1 => Ok(Axis::Columns),
            _ => Err(Error::Axis(axis)),
        }
    }
}
