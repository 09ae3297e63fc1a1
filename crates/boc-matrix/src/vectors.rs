//! Geometry: matrices as batches of vectors.
//!
//! With [`Axis::Columns`], each row is a vector; with [`Axis::Rows`], each column is. Without an axis, the shape decides.

use crate::{Axis, Error, Matrix, Operand, Reduction, Shape};

/// A result that is a number for a single vector, and a matrix for a batch.
#[derive(Debug)]
pub enum Scalars {
    /// For one vector.
    One(f64),
    /// For each vector of a batch: `Mx1` for vectors in rows, `1xN` for vectors in columns.
    Each(Matrix),
}

impl Matrix {
    /// The sum of the products of elements (not that of matrices): of all, of each column ([`Axis::Rows`]) or of each row.
    /// The operands broadcast.
    pub fn vecdot<'a>(&self, other: impl Into<Operand<'a>>, axis: Option<Axis>) -> Result<Scalars, Error> {
        let operand = other.into();
        if let (Operand::Values(_, right), left) = (operand, self.shape())
            && left.broadcast(right).is_none()
        {
            return Err(Error::Shapes { operation: "vecdot", left, right });
        }
        let products = self.multiply(operand)?;
        Ok(match axis {
            None => Scalars::One(products.reduce(Reduction::Sum)),
            Some(axis) => Scalars::Each(products.reduce_axis(Reduction::Sum, axis)?),
        })
    }

    /// Along which axis this shape holds vectors of two (or three) components; the axis given decides where both do.
    fn vectors(
        operation: &'static str,
        lengths: &'static str,
        shape: Shape,
        axis: Option<Axis>,
    ) -> Result<(Axis, usize), Error> {
        let most = if lengths == "2" { 2 } else { 3 };
        let wrong = Error::Vectors { operation, lengths, shape };
        let fits = |axis: Axis, components: usize| shape.length(axis) == components;
        if let Some(axis) = axis {
            let components = shape.length(axis);
            if (2..=most).contains(&components) {
                return Ok((axis, components));
            }
            return Err(match Matrix::vectors(operation, lengths, shape, None) {
                Ok((other, _)) => {
                    let what = format!(
                        "along axis {}, the vectors of {shape} have {components} components; leave the axis out, or use {}",
                        axis.number(),
                        other.number()
                    );
                    Error::Argument { operation, what }
                }
                Err(_) => wrong,
            });
        }
        // Rows before columns, but a batch of two components before one of three (`2x3`, `3x2`).
        for components in 2..=most {
            for axis in [Axis::Columns, Axis::Rows] {
                if fits(axis, components) {
                    return Ok((axis, components));
                }
            }
        }
        Err(wrong)
    }

    /// The cross product of vectors with 3 components (vectors again), or the z component of that of vectors with 2
    /// (numbers). Single vectors broadcast to a batch.
    ///
    /// Without an axis, `Nx2` and `Nx3` are vectors in rows, `2xN` and `3xN` in columns; squares are vectors in rows;
    /// `2x3` and `3x2` are batches of vectors with 2 components.
    ///
    /// ```
    /// use boc_matrix::{Cross, Matrix};
    ///
    /// let (x, y) = (Matrix::row(&[1.0, 0.0, 0.0])?, Matrix::row(&[0.0, 1.0, 0.0])?);
    /// let Cross::Vectors(z) = x.cross(&y, None)? else { unreachable!() };
    /// assert_eq!(z.as_slice(), [0.0, 0.0, 1.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn cross(&self, other: &Matrix, axis: Option<Axis>) -> Result<Cross, Error> {
        let wrong = Error::Shapes { operation: "cross", left: self.shape(), right: other.shape() };
        let shape = self.shape().broadcast(other.shape()).ok_or(wrong.clone())?;
        let shape = Shape::new(shape.rows(), shape.columns())?;
        let (axis, components) = Matrix::vectors("cross", "2 or 3", shape, axis)?;
        if self.shape().length(axis) != components || other.shape().length(axis) != components {
            return Err(wrong);
        }
        let at = |matrix: &Matrix, vector: usize, component: usize| {
            let single = matrix.shape().size() == components;
            matrix[place(matrix.shape(), axis, if single { 0 } else { vector }, component)]
        };
        let count = shape.size() / components;
        let part = |vector: usize, i: usize, j: usize| {
            at(self, vector, i) * at(other, vector, j) - at(self, vector, j) * at(other, vector, i)
        };
        if components == 2 {
            if count == 1 {
                return Ok(Cross::Scalars(Scalars::One(part(0, 0, 1))));
            }
            let mut output = Matrix::scratch(shape.reduced(axis))?;
            output.iter_mut().enumerate().for_each(|(vector, to)| *to = part(vector, 0, 1));
            return Ok(Cross::Scalars(Scalars::Each(output)));
        }
        let mut output = Matrix::scratch(shape)?;
        for vector in 0..count {
            for (component, (i, j)) in [(1, 2), (2, 0), (0, 1)].into_iter().enumerate() {
                output[place(shape, axis, vector, component)] = part(vector, i, j);
            }
        }
        Ok(Cross::Vectors(output))
    }

    /// Each vector of 2 components, a quarter of a turn counter-clockwise: (x, y) becomes (-y, x). Without an axis, `Nx2` are
    /// vectors in rows, `2xN` in columns, `2x2` in rows.
    pub fn perpendicular(&self, axis: Option<Axis>) -> Result<Matrix, Error> {
        let mut output = self.try_clone()?;
        output.perpendicular_in_place(axis)?;
        Ok(output)
    }

    /// [`Matrix::perpendicular`], in place.
    pub fn perpendicular_in_place(&mut self, axis: Option<Axis>) -> Result<(), Error> {
        let shape = self.shape();
        let (axis, _) = Matrix::vectors("perpendicular", "2", shape, axis)?;
        match axis {
            Axis::Columns => {
                for [x, y] in self.as_chunks_mut::<2>().0 {
                    (*x, *y) = (-*y, *x);
                }
            }
            Axis::Rows => {
                let (x, y) = self.split_at_mut(shape.columns());
                for (x, y) in x.iter_mut().zip(y) {
                    (*x, *y) = (-*y, *x);
                }
            }
        }
        Ok(())
    }

    /// The angle of each vector of 2 components to the x axis, `atan2(y, x)`. Which are the vectors: see
    /// [`Matrix::perpendicular`].
    pub fn angle(&self, axis: Option<Axis>) -> Result<Scalars, Error> {
        let shape = self.shape();
        let (axis, _) = Matrix::vectors("angle", "2", shape, axis)?;
        let angle = |vector: usize| {
            let [x, y] = [0, 1].map(|component| self[place(shape, axis, vector, component)]);
            y.atan2(x)
        };
        if shape.size() == 2 {
            return Ok(Scalars::One(angle(0)));
        }
        let mut output = Matrix::scratch(shape.reduced(axis))?;
        output.iter_mut().enumerate().for_each(|(vector, to)| *to = angle(vector));
        Ok(Scalars::Each(output))
    }
}

/// The result of [`Matrix::cross`].
#[derive(Debug)]
pub enum Cross {
    /// Of vectors with two components.
    Scalars(Scalars),
    /// Of vectors with three.
    Vectors(Matrix),
}

/// Where the component of a vector lies.
#[inline]
fn place(shape: Shape, axis: Axis, vector: usize, component: usize) -> usize {
    match axis {
        Axis::Columns => vector * shape.columns() + component,
        Axis::Rows => component * shape.columns() + vector,
    }
}
