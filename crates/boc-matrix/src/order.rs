//! Comparing whole matrices.

use crate::operand::{Line, Source};
use crate::{Error, Matrix, Shape};
use std::cmp::Ordering;

impl Matrix {
    /// The lexicographic order in row-major order. NaN never decides: the next elements do. [`Error::Shapes`] unless the
    /// shapes are the same.
    ///
    /// ```
    /// use boc_matrix::Matrix;
    /// use std::cmp::Ordering;
    ///
    /// let (a, b) = (Matrix::row(&[f64::NAN, 1.0])?, Matrix::row(&[5.0, 2.0])?);
    /// assert_eq!(a.compare(&b)?, Ordering::Less);
    /// assert!(a.same(&a));
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn compare(&self, other: &Matrix) -> Result<Ordering, Error> {
        if self.shape() != other.shape() {
            return Err(Error::Shapes { operation: "comparison", left: self.shape(), right: other.shape() });
        }
        let different = |(a, b): (&f64, &f64)| a.partial_cmp(b).filter(|order| order.is_ne());
        Ok(self.iter().zip(other.iter()).find_map(different).unwrap_or(Ordering::Equal))
    }

    /// Whether the shapes are the same and [`Matrix::compare`] says equal.
    pub fn same(&self, other: &Matrix) -> bool {
        self.compare(other) == Ok(Ordering::Equal)
    }

    /// Whether all elements are close: `|a - b| <= absolute + relative * |b|`, or equal. NaN is close to NaN if
    /// `equal_nan` says so. The operands broadcast.
    pub fn all_close(
        &self,
        other: &Matrix,
        relative: f64,
        absolute: f64,
        equal_nan: bool,
    ) -> Result<bool, Error> {
        let shape = Shape::common("allclose", self.shape(), other.shape())?;
        let close = |a: f64, b: f64| {
            a == b
                || (equal_nan && a.is_nan() && b.is_nan())
                || (b.is_finite() && (a - b).abs() <= absolute + relative * b.abs())
        };
        let (left, right) = (Source::new(self.into(), shape), Source::new(other.into(), shape));
        let at = |line: Line<'_>, j: usize| match line {
            Line::Number(number) => number,
            Line::Values(values) => values[j],
            Line::Output => unreachable!("neither operand is an output"),
        };
        Ok((0..shape.rows()).all(|i| {
            let (left, right) = (left.line(i, shape.columns()), right.line(i, shape.columns()));
            (0..shape.columns()).all(|j| close(at(left, j), at(right, j)))
        }))
    }
}
