//! The matrix itself: what it is made of, and how to make one and look into it.

use crate::buffer::Buffer;
use crate::operand::{Line, Source};
use crate::{Axis, Error, Operand, Shape};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A dense matrix of doubles in row-major order, with at least one row and one column.
///
/// It dereferences to the slice of its elements. It can be sent to other threads as it is; nothing is copied.
///
/// ```
/// use boc_matrix::{Matrix, Shape};
///
/// let mut matrix = Matrix::new(Shape::new(2, 2)?, &[1.0, 2.0, 3.0, 4.0])?;
/// matrix[3] = 5.0;
/// assert_eq!(matrix.get(-1, -1)?, 5.0);
/// assert_eq!(matrix.row_slice(0), [1.0, 2.0]);
/// # Ok::<(), boc_matrix::Error>(())
/// ```
pub struct Matrix {
    buffer: Buffer,
    shape: Shape,
}

impl Matrix {
    /// A matrix of these values, which have to be as many as the shape says ([`Error::Count`]).
    pub fn new(shape: Shape, values: &[f64]) -> Result<Matrix, Error> {
        if values.len() != shape.size() {
            return Err(Error::Count { shape, given: values.len() });
        }
        let mut matrix = Matrix::scratch(shape)?;
        matrix.copy_from_slice(values);
        Ok(matrix)
    }

    /// A matrix of zeros. Large ones cost no memory before they are written to.
    pub fn zeros(shape: Shape) -> Result<Matrix, Error> {
        Ok(Matrix { buffer: Buffer::zeros(shape.size())?, shape })
    }

    /// A matrix of ones.
    pub fn ones(shape: Shape) -> Result<Matrix, Error> {
        Matrix::full(shape, 1.0)
    }

    /// A matrix of one value.
    pub fn full(shape: Shape, value: f64) -> Result<Matrix, Error> {
        let mut matrix = Matrix::scratch(shape)?;
        matrix.fill(value);
        Ok(matrix)
    }

    /// A `1xN` row.
    pub fn row(values: &[f64]) -> Result<Matrix, Error> {
        Matrix::new(Shape::new(1, values.len())?, values)
    }

    /// An `Nx1` column.
    pub fn column(values: &[f64]) -> Result<Matrix, Error> {
        Matrix::new(Shape::new(values.len(), 1)?, values)
    }

    /// A matrix of these rows, which have to be equally long ([`Error::Ragged`]).
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Matrix, Error> {
        let needed = rows.first().map_or(0, |row| row.as_ref().len());
        let lengths = rows.iter().map(|row| row.as_ref().len());
        if let Some((row, length)) = lengths.enumerate().find(|&(_, length)| length != needed) {
            return Err(Error::Ragged { row, length, needed });
        }
        let mut matrix = Matrix::scratch(Shape::new(rows.len(), needed)?)?;
        for (to, row) in matrix.chunks_exact_mut(needed).zip(rows) {
            to.copy_from_slice(row.as_ref());
        }
        Ok(matrix)
    }

    /// The number in row i and column j by a function of (i, j).
    pub fn from_fn(shape: Shape, mut value: impl FnMut(usize, usize) -> f64) -> Result<Matrix, Error> {
        let mut matrix = Matrix::scratch(shape)?;
        for (i, row) in matrix.chunks_exact_mut(shape.columns()).enumerate() {
            row.iter_mut().enumerate().for_each(|(j, to)| *to = value(i, j));
        }
        Ok(matrix)
    }

    /// Any values, to be overwritten.
    #[inline]
    pub(crate) fn scratch(shape: Shape) -> Result<Matrix, Error> {
        Ok(Matrix { buffer: Buffer::scratch(shape.size())?, shape })
    }

    pub(crate) fn from_buffer(buffer: Buffer, shape: Shape) -> Matrix {
        debug_assert_eq!(buffer.len(), shape.size());
        Matrix { buffer, shape }
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        self.buffer
    }

    pub(crate) fn set_shape(&mut self, shape: Shape) {
        debug_assert_eq!(shape.size(), self.shape.size());
        self.shape = shape;
    }

    /// A copy with memory of its own, or an error if there is none.
    pub fn try_clone(&self) -> Result<Matrix, Error> {
        Matrix::new(self.shape, self)
    }

    /// The number of rows and columns.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.shape.rows()
    }

    /// The number of columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.shape.columns()
    }

    /// All elements, row after row.
    #[inline]
    pub fn as_slice(&self) -> &[f64] {
        &self.buffer
    }

    /// All elements, row after row, to change them.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.buffer
    }

    /// A row. Panics if there is no such row.
    #[inline]
    pub fn row_slice(&self, row: usize) -> &[f64] {
        let columns = self.columns();
        &self.buffer[row * columns..][..columns]
    }

    /// The element in that row and column; negative numbers count from the end. [`Error::Index`] if there is none.
    #[inline]
    pub fn get(&self, row: isize, column: isize) -> Result<f64, Error> {
        Ok(self.buffer[self.position(row, column)?])
    }

    /// Changes the element in that row and column; negative numbers count from the end. [`Error::Index`] if there is none.
    #[inline]
    pub fn set(&mut self, row: isize, column: isize, value: f64) -> Result<(), Error> {
        let position = self.position(row, column)?;
        self.buffer[position] = value;
        Ok(())
    }

    #[inline]
    fn position(&self, row: isize, column: isize) -> Result<usize, Error> {
        let row = index("row", row, self.rows())?;
        Ok(row * self.columns() + index("column", column, self.columns())?)
    }

    /// The operand in full, for a result of that shape, to which it has to broadcast.
    pub fn expand<'a>(operand: impl Into<Operand<'a>>, shape: Shape) -> Result<Matrix, Error> {
        let operand = operand.into();
        let mut matrix = Matrix::scratch(shape)?;
        matrix.assign_all(operand)?;
        Ok(matrix)
    }

    /// Overwrites all elements by an operand that broadcasts to this shape.
    pub fn assign_all<'a>(&mut self, operand: impl Into<Operand<'a>>) -> Result<(), Error> {
        let (operand, shape) = (operand.into(), self.shape);
        if let Some(given) = operand.shape(None)
            && given.broadcast(shape) != Some(shape)
        {
            return Err(Error::Shapes { operation: "assignment", left: shape, right: given });
        }
        let source = Source::new(operand, shape);
        for (i, row) in self.chunks_exact_mut(shape.columns()).enumerate() {
            match source.line(i, shape.columns()) {
                Line::Number(number) => row.fill(number),
                Line::Values(values) => row.copy_from_slice(values),
                Line::Output => {}
            }
        }
        Ok(())
    }

    /// The matrices one below the other ([`Axis::Rows`]), or side by side. Their other dimension has to be equal.
    ///
    /// ```
    /// use boc_matrix::{Axis, Matrix};
    ///
    /// let (a, b) = (Matrix::row(&[1.0, 2.0])?, Matrix::row(&[3.0, 4.0])?);
    /// assert_eq!(Matrix::concat(&[&a, &b], Axis::Rows)?.shape().to_string(), "2x2");
    /// assert_eq!(Matrix::concat(&[&a, &b], Axis::Columns)?.as_slice(), [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn concat(matrices: &[&Matrix], axis: Axis) -> Result<Matrix, Error> {
        let Some(first) = matrices.first() else {
            return Err(Error::argument("concat", "give at least one matrix"));
        };
        let across = match axis {
            Axis::Rows => Axis::Columns,
            Axis::Columns => Axis::Rows,
        };
        let mut total = 0_usize;
        for matrix in matrices {
            if matrix.shape.length(across) != first.shape.length(across) {
                return Err(Error::Shapes { operation: "concat", left: first.shape, right: matrix.shape });
            }
            total = total.saturating_add(matrix.shape.length(axis));
        }
        if axis == Axis::Rows {
            let mut result = Matrix::scratch(Shape::new(total, first.columns())?)?;
            let mut rest = &mut result[..];
            for matrix in matrices {
                let (part, more) = rest.split_at_mut(matrix.len());
                part.copy_from_slice(matrix);
                rest = more;
            }
            return Ok(result);
        }
        let mut result = Matrix::scratch(Shape::new(first.rows(), total)?)?;
        for (i, row) in result.chunks_exact_mut(total).enumerate() {
            let mut rest = row;
            for matrix in matrices {
                let (part, more) = rest.split_at_mut(matrix.columns());
                part.copy_from_slice(matrix.row_slice(i));
                rest = more;
            }
        }
        Ok(result)
    }
}

/// The position of an index, which counts from the end if it is negative.
#[inline]
pub(crate) fn index(what: &'static str, index: isize, length: usize) -> Result<usize, Error> {
    let position = if index < 0 { length.wrapping_add_signed(index) } else { index as usize };
    // A negative one that is too small has wrapped to a number beyond all lengths.
    if position < length { Ok(position) } else { Err(Error::Index { what, index, length }) }
}

impl Deref for Matrix {
    type Target = [f64];

    #[inline]
    fn deref(&self) -> &[f64] {
        &self.buffer
    }
}

impl DerefMut for Matrix {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.buffer
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Matrix({}, {self})", self.shape)
    }
}

/// Rows in brackets; of more than a thousand elements, the first and last three rows and columns.
impl fmt::Display for Matrix {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EDGE: usize = 3;
        let short = self.len() > 1000;
        let skipped = |at: usize, length: usize| short && length > 2 * EDGE && at == EDGE;
        let next = |at: usize, length: usize| if skipped(at, length) { length - EDGE } else { at };
        to.write_str("[")?;
        let mut i = 0;
        while i < self.rows() {
            if skipped(i, self.rows()) {
                to.write_str(",\n ...")?;
                i = next(i, self.rows());
            }
            to.write_str(if i > 0 { ",\n [" } else { "[" })?;
            let mut j = 0;
            while j < self.columns() {
                if skipped(j, self.columns()) {
                    to.write_str(", ...")?;
                    j = next(j, self.columns());
                }
                if j > 0 {
                    to.write_str(", ")?;
                }
                write!(to, "{:?}", self.row_slice(i)[j])?;
                j += 1;
            }
            to.write_str("]")?;
            i += 1;
        }
        to.write_str("]")
    }
}
