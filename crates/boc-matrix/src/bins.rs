//! Sorting numbers into bins.

use crate::extreme::vector;
use crate::{Error, Matrix, Reduction};

/// The edges between bins, and which bin an edge itself belongs to.
///
/// Bin 0 is below the first edge, bin `k` between the edges `k - 1` and `k`, and the last one, as many as there are edges,
/// is beyond the last edge; as NumPy's `digitize` has it. NaN is in no bin, which the number -1 says.
///
/// ```
/// use boc_matrix::{Bins, Matrix};
///
/// let bins = Bins::edges(&[0.0, 10.0, 20.0], false)?;
/// let row = Matrix::row(&[-1.0, 0.0, 15.0, 20.0, f64::NAN])?;
/// assert_eq!(row.digitize(&bins)?.as_slice(), [0.0, 1.0, 2.0, 3.0, -1.0]);
/// # Ok::<(), boc_matrix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    edges: Edges,
    falling: bool,
    right: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Edges {
    /// Ascending.
    List(Vec<f64>),
    /// Those between so many bins of equal width: without the two bounds.
    Equal { least: f64, greatest: f64, count: usize },
}

impl Edges {
    fn len(&self) -> usize {
        match self {
            Edges::List(edges) => edges.len(),
            Edges::Equal { count, .. } => count - 1,
        }
    }

    /// How many edges, from the first one, `below` holds of: it is false of all that follow one of which it is.
    fn count(&self, below: impl Fn(f64) -> bool) -> usize {
        let (least, greatest, count) = match self {
            Edges::List(edges) => return edges.partition_point(|&edge| below(edge)),
            Edges::Equal { least, greatest, count } => (*least, *greatest, *count),
        };
        let (width, steps) = (greatest - least, count as f64);
        let step = width / steps;
        // As NumPy's linspace.
        let edge = |nth: usize| match width.is_finite() {
            true => nth as f64 * step + least,
            false => least * (1.0 - nth as f64 / steps) + greatest * (nth as f64 / steps),
        };
        let (mut low, mut high) = (1, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if below(edge(middle)) { low = middle + 1 } else { high = middle }
        }
        low - 1
    }
}

impl Bins {
    /// Bins between edges that ascend, or descend, not necessarily strictly. With `right`, a number that is equal to an edge is
    /// in the bin with the smaller numbers, else in that with the greater ones. [`Error::Argument`] for no edges, NaN, and edges
    /// in no order.
    pub fn edges(edges: &[f64], right: bool) -> Result<Bins, Error> {
        if edges.is_empty() || edges.iter().any(|edge| edge.is_nan()) {
            return Err(Error::argument("digitize", "give at least one edge, and none that is NaN"));
        }
        let falling = edges.len() > 1 && !edges.is_sorted();
        let mut sorted = vector(edges.len())?;
        sorted.extend_from_slice(edges);
        if falling {
            sorted.reverse();
        }
        if !sorted.is_sorted() {
            return Err(Error::argument("digitize", "the edges neither ascend nor descend; sort them"));
        }
        Ok(Bins { edges: Edges::List(sorted), falling, right })
    }

    /// So many bins of equal width between two bounds, counted from 0: the first has all numbers below, too, the last one all
    /// above. [`Error::Argument`] if there are none, a bound is not finite, or the upper bound is below the lower one. If both
    /// are equal, all numbers are in bin 0.
    ///
    /// ```
    /// use boc_matrix::{Bins, Matrix};
    ///
    /// let bins = Bins::equal(4, 0.0, 4.0, false)?;
    /// assert_eq!(Matrix::row(&[-9.0, 0.5, 1.0, 4.0, 9.0])?.digitize(&bins)?.as_slice(), [0.0, 0.0, 1.0, 3.0, 3.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn equal(count: usize, least: f64, greatest: f64, right: bool) -> Result<Bins, Error> {
        if count == 0 {
            return Err(Error::argument("bin", "the number of bins is 0; it has to be at least 1"));
        }
        if !(least.is_finite() && greatest.is_finite() && least <= greatest) {
            let what = format!("{least} and {greatest} are not two finite bounds, the lower one first");
            return Err(Error::argument("bin", what));
        }
        // Of no width, there is one bin.
        let count = if least == greatest { 1 } else { count };
        Ok(Bins { edges: Edges::Equal { least, greatest, count }, falling: false, right })
    }

    /// So many bins of equal width between the least and the greatest element of a matrix. NaN does not count.
    pub fn spanning(matrix: &Matrix, count: usize, right: bool) -> Result<Bins, Error> {
        let numbers = matrix.equal(matrix)?; // all but NaN
        let least = matrix.reduce_where(Reduction::Min, &numbers)?;
        let greatest = matrix.reduce_where(Reduction::Max, &numbers)?;
        // Of nothing but NaN, which is in no bin, any bounds will do.
        if least.is_nan() {
            Bins::equal(count, 0.0, 0.0, right)
        } else {
            Bins::equal(count, least, greatest, right)
        }
    }

    /// The number of x's bin.
    pub fn number(&self, x: f64) -> f64 {
        if x.is_nan() {
            return -1.0;
        }
        let below = match self.right {
            false => self.edges.count(|edge| edge <= x),
            true => self.edges.count(|edge| edge < x),
        };
        (if self.falling { self.edges.len() - below } else { below }) as f64
    }
}

impl Matrix {
    /// The number of each element's bin.
    pub fn digitize(&self, bins: &Bins) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.shape())?;
        output.iter_mut().zip(self.iter()).for_each(|(to, &x)| *to = bins.number(x));
        Ok(output)
    }

    /// [`Matrix::digitize`], in place.
    pub fn digitize_in_place(&mut self, bins: &Bins) {
        self.iter_mut().for_each(|x| *x = bins.number(*x));
    }
}
