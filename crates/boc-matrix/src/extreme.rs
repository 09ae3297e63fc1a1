//! Where the least and greatest elements are: `argmin`, `argmax`, `topk`.

use crate::reduce::group;
use crate::{Axis, Error, Matrix, Operand, Reduction, Shape};
use std::cmp::Ordering;

/// Which end of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extreme {
    /// The least elements.
    Least,
    /// The greatest elements.
    Greatest,
}

impl Extreme {
    fn before(self, a: f64, b: f64) -> bool {
        match self {
            Extreme::Least => a < b,
            Extreme::Greatest => a > b,
        }
    }

    /// The order of `topk`: the wanted first, NaN last, earlier ones first among equals.
    fn compare(self, (i, a): (usize, f64), (j, b): (usize, f64)) -> Ordering {
        let values = match self {
            Extreme::Least => a.partial_cmp(&b),
            Extreme::Greatest => b.partial_cmp(&a),
        };
        values.unwrap_or(a.is_nan().cmp(&b.is_nan())).then(i.cmp(&j))
    }
}

/// The result of [`Matrix::topk`].
#[derive(Debug)]
pub struct TopK {
    /// The elements, sorted; NaN where the group has too few.
    pub values: Matrix,
    /// Where each was in its group (of the whole matrix: in row-major order); -1 where the group has too few. In the
    /// layout of `values`.
    pub indices: Vec<isize>,
}

impl Matrix {
    /// Where the least or greatest element is, in row-major order; the first one of equals. NaN is passed over, unless it is
    /// the first element; then it is the result.
    ///
    /// ```
    /// use boc_matrix::{Extreme, Matrix};
    ///
    /// let row = Matrix::row(&[1.0, 7.0, f64::NAN, 7.0])?;
    /// assert_eq!(row.arg(Extreme::Greatest), 1);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn arg(&self, extreme: Extreme) -> usize {
        arg(self, extreme)
    }

    /// As [`Matrix::arg`], for the elements where the mask, which broadcasts to the matrix, is not zero; None if it chooses
    /// none.
    pub fn arg_where<'a>(
        &self,
        extreme: Extreme,
        mask: impl Into<Operand<'a>>,
    ) -> Result<Option<usize>, Error> {
        let mask = self.mask(mask.into())?;
        Ok(scan(extreme, (0..self.len()).filter(|&at| mask[at] != 0.0).map(|at| (at, self[at]))))
    }

    /// As [`Matrix::arg`], for each column ([`Axis::Rows`]) or row. The mask chooses which elements count; -1 is for a group
    /// with none.
    pub fn arg_axis(
        &self,
        extreme: Extreme,
        axis: Axis,
        mask: Option<Operand<'_>>,
    ) -> Result<Vec<isize>, Error> {
        let mask = mask.map(|mask| self.mask(mask)).transpose()?;
        let groups = self.shape().reduced(axis).size();
        let mut result = vector(groups)?;
        for at in 0..groups {
            let (start, step, count) = group(self.shape(), axis, at);
            let chosen = match &mask {
                None if step == 1 => Some(arg(&self[start..][..count], extreme)),
                None => scan(extreme, (0..count).map(|nth| (nth, self[start + nth * step]))),
                Some(mask) => {
                    let chosen = (0..count).filter(|nth| mask[start + nth * step] != 0.0);
                    scan(extreme, chosen.map(|nth| (nth, self[start + nth * step])))
                }
            };
            result.push(chosen.map_or(-1, |nth| nth as isize));
        }
        Ok(result)
    }

    /// The `k` least or greatest elements of all (gives `1xk`), of each column ([`Axis::Rows`], gives `kxN`) or of each row
    /// (gives `Mxk`), sorted, the first ones of equals, NaN last. Groups with fewer than `k` elements that the mask chooses
    /// are filled up with NaN and -1. [`Error::Argument`] if k is 0.
    ///
    /// ```
    /// use boc_matrix::{Extreme, Matrix};
    ///
    /// let row = Matrix::row(&[3.0, 9.0, 5.0])?;
    /// let top = row.topk(2, None, Extreme::Greatest, None)?;
    /// assert_eq!((top.values.as_slice(), &top.indices[..]), (&[9.0, 5.0][..], &[1, 2][..]));
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn topk(
        &self,
        k: usize,
        axis: Option<Axis>,
        extreme: Extreme,
        mask: Option<Operand<'_>>,
    ) -> Result<TopK, Error> {
        if k == 0 {
            return Err(Error::argument("topk", "k is 0; ask for at least one element"));
        }
        let mask = mask.map(|mask| self.mask(mask)).transpose()?;
        let shape = match axis {
            None => Shape::new(1, k)?,
            Some(Axis::Rows) => Shape::new(k, self.columns())?,
            Some(Axis::Columns) => Shape::new(self.rows(), k)?,
        };
        let mut values = Matrix::full(shape, f64::NAN)?;
        let mut indices = vector(shape.size())?;
        indices.resize(shape.size(), -1);
        let groups = axis.map_or(1, |axis| self.shape().reduced(axis).size());
        let mut candidates =
            vector::<(usize, f64)>(axis.map_or(self.len(), |axis| self.shape().length(axis)))?;
        for at in 0..groups {
            let (start, step, count) = axis.map_or((0, 1, self.len()), |axis| group(self.shape(), axis, at));
            let chosen = |nth: &usize| mask.as_ref().is_none_or(|mask| mask[start + nth * step] != 0.0);
            candidates.clear();
            candidates.extend((0..count).filter(chosen).map(|nth| (nth, self[start + nth * step])));
            if k < candidates.len() {
                candidates.select_nth_unstable_by(k - 1, |&a, &b| extreme.compare(a, b));
                candidates.truncate(k);
            }
            candidates.sort_unstable_by(|&a, &b| extreme.compare(a, b));
            for (nth, &(index, value)) in candidates.iter().enumerate() {
                let to = match axis {
                    Some(Axis::Rows) => nth * shape.columns() + at,
                    _ => at * k + nth,
                };
                values[to] = value;
                indices[to] = index as isize;
            }
        }
        Ok(TopK { values, indices })
    }

    fn mask(&self, mask: Operand<'_>) -> Result<Matrix, Error> {
        if let Some(right) = mask.shape(None)
            && right.broadcast(self.shape()) != Some(self.shape())
        {
            return Err(Error::Shapes { operation: "where", left: self.shape(), right });
        }
        Matrix::expand(mask, self.shape())
    }

    /// Indices as a matrix of doubles.
    pub fn from_indices(indices: &[isize], shape: Shape) -> Result<Matrix, Error> {
        if indices.len() != shape.size() {
            return Err(Error::Count { shape, given: indices.len() });
        }
        let mut matrix = Matrix::scratch(shape)?;
        matrix.iter_mut().zip(indices).for_each(|(to, &index)| *to = index as f64);
        Ok(matrix)
    }

    /// The elements as indices; [`Error::NotAnIndex`] if one is no whole number of that range.
    pub fn to_indices(&self) -> Result<Vec<isize>, Error> {
        let mut indices = vector(self.len())?;
        for &value in self.iter() {
            // Beyond 2^53 doubles skip whole numbers; no matrix has that many elements.
            if value.fract() != 0.0 || value.abs() > (1_u64 << 53) as f64 {
                return Err(Error::NotAnIndex(value));
            }
            indices.push(value as isize);
        }
        Ok(indices)
    }
}

/// An empty vector with room for so many, or an error if there is no memory.
pub(crate) fn vector<T>(length: usize) -> Result<Vec<T>, Error> {
    let mut vector = Vec::new();
    let bytes = length.saturating_mul(size_of::<T>());
    vector.try_reserve_exact(length).map_err(|_| Error::OutOfMemory { bytes })?;
    Ok(vector)
}

/// Of at least one element: first what it is, which is fast, then where it is first.
fn arg(values: &[f64], extreme: Extreme) -> usize {
    let reduction = match extreme {
        Extreme::Least => Reduction::Min,
        Extreme::Greatest => Reduction::Max,
    };
    let best = reduction.of(values);
    values.iter().position(|&value| value == best).unwrap_or(0) // NaN is equal to none, and was the first
}

fn scan(extreme: Extreme, mut values: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    let (mut index, mut best) = values.next()?;
    for (at, value) in values {
        if extreme.before(value, best) {
            (index, best) = (at, value);
        }
    }
    Some(index)
}
