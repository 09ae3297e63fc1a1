//! Gathering and scattering by lists of indices, as NumPy's functions of these names do.

use crate::extreme::vector;
use crate::matrix::index;
use crate::operand::{Line, Source};
use crate::select::positions;
use crate::{Axis, Error, Matrix, Operand, Shape};

/// What happens to the element that a value is put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Put {
    /// It is replaced; the last value for a place stays.
    Replace,
    /// The value is added; values for the same place add up, in order.
    Accumulate,
}

impl Put {
    #[inline]
    fn apply(self, to: &mut f64, value: f64) {
        match self {
            Put::Replace => *to = value,
            Put::Accumulate => *to += value,
        }
    }
}

fn what(axis: Option<Axis>) -> &'static str {
    match axis {
        None => "element",
        Some(Axis::Rows) => "row",
        Some(Axis::Columns) => "column",
    }
}

impl Matrix {
    /// How many indices that axis has; without one, how many elements there are.
    fn extent(&self, axis: Option<Axis>) -> usize {
        axis.map_or(self.len(), |axis| self.shape().length(axis))
    }

    /// These rows ([`Axis::Rows`]), these columns, or these elements in row-major order (gives `1xk`). Negative indices count
    /// from the end.
    ///
    /// ```
    /// use boc_matrix::{Axis, Matrix};
    ///
    /// let matrix = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(matrix.take(&[1, 1, 0], Some(Axis::Columns))?.as_slice(), [2.0, 2.0, 1.0, 4.0, 4.0, 3.0]);
    /// assert_eq!(matrix.take(&[-1], None)?.as_slice(), [4.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn take(&self, indices: &[isize], axis: Option<Axis>) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.take_shape(indices.len(), axis)?)?;
        self.take_into(indices, axis, &mut output)?;
        Ok(output)
    }

    fn take_shape(&self, count: usize, axis: Option<Axis>) -> Result<Shape, Error> {
        if count == 0 {
            return Err(Error::Selector("the list of indices is empty"));
        }
        match axis {
            None => Shape::new(1, count),
            Some(Axis::Rows) => Shape::new(count, self.columns()),
            Some(Axis::Columns) => Shape::new(self.rows(), count),
        }
    }

    /// [`Matrix::take`] to an output of the result's shape.
    pub fn take_into(&self, indices: &[isize], axis: Option<Axis>, output: &mut Matrix) -> Result<(), Error> {
        let needed = self.take_shape(indices.len(), axis)?;
        if output.shape() != needed {
            return Err(Error::Output { operation: "take", needed, given: output.shape() });
        }
        let positions = positions(what(axis), indices, self.extent(axis))?;
        match axis {
            None => output.iter_mut().zip(&positions).for_each(|(to, &at)| *to = self[at]),
            Some(Axis::Rows) => {
                for (to, &row) in output.chunks_exact_mut(self.columns()).zip(&positions) {
                    to.copy_from_slice(self.row_slice(row));
                }
            }
            Some(Axis::Columns) => {
                let rows = self.chunks_exact(self.columns());
                for (to, row) in output.chunks_exact_mut(positions.len()).zip(rows) {
                    to.iter_mut().zip(&positions).for_each(|(to, &at)| *to = row[at]);
                }
            }
        }
        Ok(())
    }

    /// Puts values to these rows, columns or elements: what [`Matrix::take`] would take is overwritten, or added to. The
    /// values broadcast. After an error nothing is written.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Put};
    ///
    /// let mut counts = Matrix::row(&[0.0, 0.0, 0.0])?;
    /// counts.put(&[2, 0, 2], 1.0, None, Put::Accumulate)?;
    /// assert_eq!(counts.as_slice(), [1.0, 0.0, 2.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn put<'a>(
        &mut self,
        indices: &[isize],
        values: impl Into<Operand<'a>>,
        axis: Option<Axis>,
        put: Put,
    ) -> Result<(), Error> {
        let shape = self.take_shape(indices.len(), axis)?;
        let source = source("put", values.into(), shape)?;
        let positions = positions(what(axis), indices, self.extent(axis))?;
        let columns = self.columns();
        for nth in 0..shape.rows() {
            let line = source.line(nth, shape.columns());
            for j in 0..shape.columns() {
                let at = match axis {
                    None => positions[j],
                    Some(Axis::Rows) => positions[nth] * columns + j,
                    Some(Axis::Columns) => nth * columns + positions[j],
                };
                put.apply(&mut self[at], value(line, j));
            }
        }
        Ok(())
    }

    /// For each place of the result, the element that the index in that place names in its column ([`Axis::Rows`]) or row; or
    /// in the whole, in row-major order. `shape` is that of the indices and of the result: any number of rows, and as many
    /// columns as the matrix, for [`Axis::Rows`]; for [`Axis::Columns`] the other way round.
    ///
    /// ```
    /// use boc_matrix::{Axis, Extreme, Matrix, Shape};
    ///
    /// let matrix = Matrix::from_rows(&[[1.0, 2.0], [4.0, 3.0]])?;
    /// let greatest = matrix.arg_axis(Extreme::Greatest, Axis::Columns, None)?;
    /// let values = matrix.take_along_axis(&greatest, Shape::new(2, 1)?, Some(Axis::Columns))?;
    /// assert_eq!(values.as_slice(), [2.0, 4.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn take_along_axis(
        &self,
        indices: &[isize],
        shape: Shape,
        axis: Option<Axis>,
    ) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(shape)?;
        self.take_along_axis_into(indices, axis, &mut output)?;
        Ok(output)
    }

    /// [`Matrix::take_along_axis`] to an output of the shape of the indices.
    pub fn take_along_axis_into(
        &self,
        indices: &[isize],
        axis: Option<Axis>,
        output: &mut Matrix,
    ) -> Result<(), Error> {
        let places = self.places("take_along_axis", indices, output.shape(), axis)?;
        output.iter_mut().zip(&places).for_each(|(to, &at)| *to = self[at]);
        Ok(())
    }

    /// Puts values to the places that [`Matrix::take_along_axis`] would read. The values broadcast to the indices' shape.
    /// After an error nothing is written.
    pub fn put_along_axis<'a>(
        &mut self,
        indices: &[isize],
        shape: Shape,
        values: impl Into<Operand<'a>>,
        axis: Option<Axis>,
        put: Put,
    ) -> Result<(), Error> {
        let source = source("put_along_axis", values.into(), shape)?;
        let places = self.places("put_along_axis", indices, shape, axis)?;
        for (nth, places) in places.chunks_exact(shape.columns()).enumerate() {
            let line = source.line(nth, shape.columns());
            for (j, &at) in places.iter().enumerate() {
                put.apply(&mut self[at], value(line, j));
            }
        }
        Ok(())
    }

    fn places(
        &self,
        operation: &'static str,
        indices: &[isize],
        shape: Shape,
        axis: Option<Axis>,
    ) -> Result<Vec<usize>, Error> {
        if indices.len() != shape.size() {
            return Err(Error::Count { shape, given: indices.len() });
        }
        let fits = match axis {
            None => true,
            Some(Axis::Rows) => shape.columns() == self.columns(),
            Some(Axis::Columns) => shape.rows() == self.rows(),
        };
        if !fits {
            return Err(Error::Shapes { operation, left: self.shape(), right: shape });
        }
        let (what, extent, columns) = (what(axis), self.extent(axis), self.columns());
        let mut places = vector(indices.len())?;
        for (i, line) in indices.chunks_exact(shape.columns()).enumerate() {
            for (j, &at) in line.iter().enumerate() {
                let position = index(what, at, extent)?;
                places.push(match axis {
                    None => position,
                    Some(Axis::Rows) => position * columns + j,
                    Some(Axis::Columns) => i * columns + position,
                });
            }
        }
        Ok(places)
    }

    /// Each row ([`Axis::Rows`]), column or element (gives a `1xk` row) so many times, one after the other. [`Error::Argument`]
    /// if `repeats` is 0.
    ///
    /// ```
    /// use boc_matrix::Matrix;
    ///
    /// assert_eq!(Matrix::row(&[1.0, 2.0])?.repeat_interleave(2, None)?.as_slice(), [1.0, 1.0, 2.0, 2.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn repeat_interleave(&self, repeats: usize, axis: Option<Axis>) -> Result<Matrix, Error> {
        if repeats == 0 {
            return Err(Error::argument("repeat_interleave", "repeats is 0; it has to be at least 1"));
        }
        let times = |count: usize| {
            count.checked_mul(repeats).ok_or(Error::TooLarge { rows: self.rows(), columns: self.columns() })
        };
        let shape = match axis {
            None => Shape::new(1, times(self.len())?)?,
            Some(Axis::Rows) => Shape::new(times(self.rows())?, self.columns())?,
            Some(Axis::Columns) => Shape::new(self.rows(), times(self.columns())?)?,
        };
        let mut output = Matrix::scratch(shape)?;
        if axis == Some(Axis::Rows) {
            for (nth, to) in output.chunks_exact_mut(self.columns()).enumerate() {
                to.copy_from_slice(self.row_slice(nth / repeats));
            }
        } else {
            output.chunks_exact_mut(repeats).zip(self.iter()).for_each(|(to, &value)| to.fill(value));
        }
        Ok(output)
    }
}

fn source<'a>(operation: &'static str, values: Operand<'a>, shape: Shape) -> Result<Source<'a>, Error> {
    if matches!(values, Operand::Output) {
        return Err(Error::argument(operation, "the values cannot be the matrix itself; copy it first"));
    }
    match values.shape(None) {
        Some(right) if right.broadcast(shape) != Some(shape) => {
            Err(Error::Shapes { operation, left: shape, right })
        }
        _ => Ok(Source::new(values, shape)),
    }
}

#[inline]
fn value(line: Line<'_>, at: usize) -> f64 {
    match line {
        Line::Number(number) => number,
        Line::Values(values) => values[at],
        Line::Output => unreachable!("refused by `source`"),
    }
}
