//! Reductions: one number of all elements, of each row or of each column, all of them or those that a mask chooses.
//!
//! With a mask, the chosen elements of a group are brought together first, and then treated as if they were all.

use crate::buffer::Buffer;
use crate::dispatch::dispatch;
use crate::fold::{All, EachColumn, EachRow, Fold, Max, Min, Squares, Sum};
use crate::{Axis, Error, Matrix, Operand, Shape};
use std::marker::PhantomData;

/// What to make of the elements of a group.
///
/// If a mask chooses none of a group, its sum and magnitudes are 0, the rest is NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum, at least as exact as NumPy's.
    Sum,
    /// The sum divided by the count.
    Mean,
    /// The least. NaN is passed over, unless it is the first of its group; then it is the result. Which of two zeros
    /// is the result is not defined.
    Min,
    /// The greatest; NaN and zeros as with `Min`.
    Max,
    /// The Euclidean length, the square root of `MagnitudeSquared`.
    Magnitude,
    /// The sum of squares.
    MagnitudeSquared,
}

impl Reduction {
    /// Of no elements.
    fn of_none(self) -> f64 {
        match self {
            Reduction::Sum | Reduction::Magnitude | Reduction::MagnitudeSquared => 0.0,
            Reduction::Mean | Reduction::Min | Reduction::Max => f64::NAN,
        }
    }

    /// Of at least one element.
    pub(crate) fn of(self, values: &[f64]) -> f64 {
        fn all<F: Fold>(values: &[f64]) -> f64 {
            dispatch(All::<F>(values, PhantomData))
        }
        match self {
            Reduction::Sum => all::<Sum>(values),
            Reduction::Mean => all::<Sum>(values) / values.len() as f64,
            Reduction::Min => all::<Min>(values),
            Reduction::Max => all::<Max>(values),
            Reduction::Magnitude => all::<Squares>(values).sqrt(),
            Reduction::MagnitudeSquared => all::<Squares>(values),
        }
    }
}

impl Matrix {
    /// The reduction of all elements.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Reduction};
    ///
    /// let row = Matrix::row(&[3.0, 4.0])?;
    /// assert_eq!(row.reduce(Reduction::Magnitude), 5.0);
    /// assert_eq!(row.reduce(Reduction::Max), 4.0);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn reduce(&self, reduction: Reduction) -> f64 {
        reduction.of(self)
    }

    /// The reduction of each column ([`Axis::Rows`], gives `1xN`) or of each row ([`Axis::Columns`], gives `Mx1`).
    ///
    /// ```
    /// use boc_matrix::{Axis, Matrix, Reduction};
    ///
    /// let matrix = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(matrix.reduce_axis(Reduction::Sum, Axis::Rows)?.as_slice(), [4.0, 6.0]);
    /// assert_eq!(matrix.reduce_axis(Reduction::Mean, Axis::Columns)?.as_slice(), [1.5, 3.5]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn reduce_axis(&self, reduction: Reduction, axis: Axis) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.shape().reduced(axis))?;
        match reduction {
            Reduction::Sum | Reduction::Mean => self.fold_axis::<Sum>(axis, &mut output),
            Reduction::Min => self.fold_axis::<Min>(axis, &mut output),
            Reduction::Max => self.fold_axis::<Max>(axis, &mut output),
            Reduction::Magnitude | Reduction::MagnitudeSquared => {
                self.fold_axis::<Squares>(axis, &mut output)
            }
        }
        match reduction {
            Reduction::Mean => {
                let count = self.shape().length(axis) as f64;
                output.iter_mut().for_each(|sum| *sum /= count);
            }
            Reduction::Magnitude => output.sqrt_in_place(),
            _ => {}
        }
        Ok(output)
    }

    fn fold_axis<F: Fold>(&self, axis: Axis, output: &mut [f64]) {
        let (values, columns, fold) = (self.as_slice(), self.columns(), PhantomData::<F>);
        match axis {
            Axis::Columns => dispatch(EachRow { values, columns, output, fold }),
            Axis::Rows => dispatch(EachColumn { values, columns, output, fold }),
        }
    }

    /// The reduction of the elements where the mask, which broadcasts to the matrix, is not zero (NaN is not).
    pub fn reduce_where<'a>(&self, reduction: Reduction, mask: impl Into<Operand<'a>>) -> Result<f64, Error> {
        let mut chosen = Chosen::new(self, mask.into())?;
        Ok(match chosen.all() {
            [] => reduction.of_none(),
            values => reduction.of(values),
        })
    }

    /// The reduction of the elements of each column, or of each row, where the mask, which broadcasts to the matrix, is not
    /// zero.
    pub fn reduce_axis_where<'a>(
        &self,
        reduction: Reduction,
        axis: Axis,
        mask: impl Into<Operand<'a>>,
    ) -> Result<Matrix, Error> {
        let mut chosen = Chosen::new(self, mask.into())?;
        let mut output = Matrix::scratch(self.shape().reduced(axis))?;
        for (at, to) in output.iter_mut().enumerate() {
            *to = match chosen.group(axis, at) {
                [] => reduction.of_none(),
                values => reduction.of(values),
            };
        }
        Ok(output)
    }

    /// Divides the matrix by its magnitude; or each column by its own ([`Axis::Rows`]), or each row ([`Axis::Columns`]).
    /// What has no length becomes zeros.
    ///
    /// ```
    /// use boc_matrix::{Axis, Matrix};
    ///
    /// let matrix = Matrix::from_rows(&[[3.0, 4.0], [0.0, 0.0]])?;
    /// assert_eq!(matrix.normalize(Some(Axis::Columns))?.as_slice(), [0.6, 0.8, 0.0, 0.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn normalize(&self, axis: Option<Axis>) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.shape())?;
        crate::normalize::run(&mut output, self.columns(), Some(self), axis)?;
        Ok(output)
    }

    /// [`Matrix::normalize`], in place. If there is no memory, nothing is changed.
    pub fn normalize_in_place(&mut self, axis: Option<Axis>) -> Result<(), Error> {
        let columns = self.columns();
        crate::normalize::run(self, columns, None, axis)
    }
}

/// The elements of a matrix that a mask chooses, group by group.
pub(crate) struct Chosen<'a> {
    matrix: &'a Matrix,
    mask: Matrix,
    found: Buffer,
}

impl<'a> Chosen<'a> {
    pub(crate) fn new(matrix: &'a Matrix, mask: Operand<'_>) -> Result<Chosen<'a>, Error> {
        let shape = matrix.shape();
        if let Some(right) = mask.shape(None)
            && right.broadcast(shape) != Some(shape)
        {
            return Err(Error::Shapes { operation: "where", left: shape, right });
        }
        Ok(Chosen { matrix, mask: Matrix::expand(mask, shape)?, found: Buffer::scratch(shape.size())? })
    }

    pub(crate) fn all(&mut self) -> &[f64] {
        self.strided(0, 1, self.matrix.len())
    }

    /// The chosen elements of that column, or row.
    pub(crate) fn group(&mut self, axis: Axis, at: usize) -> &[f64] {
        let (start, step, count) = group(self.matrix.shape(), axis, at);
        self.strided(start, step, count)
    }

    fn strided(&mut self, start: usize, step: usize, count: usize) -> &[f64] {
        let mut size = 0;
        for at in (0..count).map(|nth| start + nth * step) {
            self.found[size] = self.matrix[at];
            size += (self.mask[at] != 0.0) as usize;
            if size == self.found.len() {
                break;
            }
        }
        &self.found[..size]
    }
}

/// Where the elements of a column ([`Axis::Rows`]) or row lie: the first, the distance, the count.
pub(crate) fn group(shape: Shape, axis: Axis, at: usize) -> (usize, usize, usize) {
    match axis {
        Axis::Rows => (at, shape.columns(), shape.rows()),
        Axis::Columns => (at * shape.columns(), 1, shape.columns()),
    }
}
