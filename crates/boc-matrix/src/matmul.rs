//! The product of matrices.
//!
//! The crate `gemm` does the work: for 32 to 512 rows it was the fastest of those measured (`matrixmultiply`, `gemm`; one
//! thread, AVX-512), and it uses AVX-512. For small matrices its preparations cost more than the product, so these
//! have a loop here.

use crate::dispatch::{Kernel, dispatch};
use crate::{Error, Matrix, Shape};
use gemm_common::Parallelism;

/// Up to so many multiplications, the simple loop is as fast.
const SMALL: usize = 8 * 8 * 8;

impl Matrix {
    /// The product of an `MxK` and a `KxN` matrix, `MxN`. [`Error::Shapes`] if the inner numbers differ.
    ///
    /// ```
    /// use boc_matrix::Matrix;
    ///
    /// let a = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0]])?;
    /// let product = a.matmul(&Matrix::column(&[1.0, 10.0])?)?;
    /// assert_eq!(product.as_slice(), [21.0, 43.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn matmul(&self, other: &Matrix) -> Result<Matrix, Error> {
        if self.columns() != other.rows() {
            return Err(Error::Shapes { operation: "matmul", left: self.shape(), right: other.shape() });
        }
        let shape = Shape::new(self.rows(), other.columns())?;
        let inner = self.columns();
        let mut output = Matrix::scratch(shape)?;
        if shape.size().saturating_mul(inner) <= SMALL {
            dispatch(Small {
                left: self,
                right: other,
                output: &mut output,
                inner,
                columns: shape.columns(),
            });
        } else {
            large(self, other, &mut output);
        }
        Ok(output)
    }
}

struct Small<'a> {
    left: &'a [f64],
    right: &'a [f64],
    output: &'a mut [f64],
    inner: usize,
    columns: usize,
}

impl Kernel for Small<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match (self.inner, self.columns) {
            (2, 2) => fixed::<2, 2>(self),
            (3, 3) => fixed::<3, 3>(self),
            (4, 4) => fixed::<4, 4>(self),
            (8, 8) => fixed::<8, 8>(self),
            _ => {
                let Small { left, right, output, inner, columns } = self;
                for (to, left) in output.chunks_exact_mut(columns).zip(left.chunks_exact(inner)) {
                    to.fill(0.0);
                    for (&x, right) in left.iter().zip(right.chunks_exact(columns)) {
                        to.iter_mut().zip(right).for_each(|(to, &y)| *to += x * y);
                    }
                }
            }
        }
    }
}

/// For a right operand of K rows and N columns.
#[inline(always)]
fn fixed<const K: usize, const N: usize>(small: Small<'_>) {
    let (right, _) = small.right.as_chunks::<N>();
    let Some(right) = right.first_chunk::<K>() else { return };
    let rows = small.output.as_chunks_mut::<N>().0.iter_mut();
    for (to, left) in rows.zip(small.left.as_chunks::<K>().0) {
        let mut sums = [0.0; N];
        for k in 0..K {
            for j in 0..N {
                sums[j] += left[k] * right[k][j];
            }
        }
        *to = sums;
    }
}

fn large(left: &Matrix, right: &Matrix, output: &mut Matrix) {
    let (m, k, n) = (left.rows(), left.columns(), right.columns());
    assert!(right.rows() == k && output.rows() == m && output.columns() == n);
    // All of them are at most isize::MAX, see `Shape`.
    let (row_of_left, row_of_right) = (k as isize, n as isize);
    let no = false;
    // gemm thinks in columns: for it these are the transposes, so it is asked for right^T times left^T, which is the
    // transpose of the product.
    // SAFETY: the pointers are to n*m, n*k and k*m initialised doubles, laid out by these strides; the output is borrowed
    // exclusively, so it overlaps neither operand.
    unsafe {
        gemm_f64::gemm::f64::get_gemm_fn()(
            n,
            m,
            k,
            output.as_mut_ptr(),
            row_of_right,
            1,
            no, // the output is not read
            right.as_ptr(),
            row_of_right,
            1,
            left.as_ptr(),
            row_of_left,
            1,
            0.0,
            1.0,
            no,
            no,
            no,
            Parallelism::None,
        );
    }
}
