//! The product of matrices.
//!
//! The crate `gemm` does the work: for 32 to 512 rows it was the fastest of those measured (`matrixmultiply`, `gemm`; one
//! thread, AVX-512), and it uses AVX-512. For small matrices its preparations cost more than the product, so these
//! have a loop here.

use crate::buffer::release_memory;
use crate::dispatch::{Kernel, dispatch};
use crate::extreme::vector;
use crate::{Error, Matrix, Shape};
use gemm_common::Parallelism;
use gemm_common::cache::CACHE_INFO;
use std::cell::Cell;
use std::hint::black_box;

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
            check_room(shape.rows(), inner, shape.columns())?;
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

/// Below so many bytes, nobody asks whether they are there.
const LITTLE: usize = 128 << 10;

thread_local! {
    /// Whether `gemm` has the memory that it takes once for each thread.
    static STARTED: Cell<bool> = const { Cell::new(false) };
}

/// `gemm` copies parts of the operands to memory of its own, and ends the process if there is none. So that much is asked for
/// first, and given back at once.
fn check_room(m: usize, k: usize, n: usize) -> Result<(), Error> {
    // See `gemm_common::cache::kernel_params`: parts are as large as caches at most, where it knows these.
    let cache = |level: usize| CACHE_INFO[level].cache_bytes / size_of::<f64>();
    let depth = k.min(1024);
    let part = |length: usize, most: usize| depth.saturating_mul(length + 32).min(most.max(depth * 4096));
    let mut needed = part(n, cache(2)).saturating_add(part(m, 2 * cache(1)));
    let started = STARTED.get();
    if !started {
        needed = needed.saturating_add(cache(1));
    }
    if started && needed * size_of::<f64>() <= LITTLE {
        return Ok(());
    }
    if vector::<f64>(needed).map(black_box).is_err() {
        release_memory();
        drop(vector::<f64>(needed).map(black_box)?);
    }
    STARTED.set(true);
    Ok(())
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
