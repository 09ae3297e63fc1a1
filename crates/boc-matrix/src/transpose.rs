//! Transposing.

use crate::buffer::Buffer;
use crate::{Error, Matrix, Shape};

/// The side of the squares that are transposed one by one, so that their rows and columns stay in the cache.
const TILE: usize = 16;

impl Matrix {
    /// The transpose.
    pub fn transpose(&self) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.shape().transposed())?;
        transpose(self, self.shape(), &mut output);
        Ok(output)
    }

    /// Transposes in place. A square needs no memory for this; without memory, nothing is changed.
    pub fn transpose_in_place(&mut self) -> Result<(), Error> {
        let shape = self.shape();
        if shape.rows() == shape.columns() {
            let size = shape.rows();
            for i in 0..size {
                for j in 0..i {
                    self.swap(i * size + j, j * size + i);
                }
            }
        } else if shape.rows() > 1 && shape.columns() > 1 {
            let mut copy = Buffer::scratch(shape.size())?;
            copy.copy_from_slice(self);
            transpose(&copy, shape, self);
        }
        self.set_shape(shape.transposed());
        Ok(())
    }
}

fn transpose(input: &[f64], shape: Shape, output: &mut [f64]) {
    let (rows, columns) = (shape.rows(), shape.columns());
    if rows == 1 || columns == 1 {
        return output.copy_from_slice(input);
    }
    for top in (0..rows).step_by(TILE) {
        let bottom = rows.min(top + TILE);
        for left in (0..columns).step_by(TILE) {
            for j in left..columns.min(left + TILE) {
                let to = &mut output[j * rows..][top..bottom];
                for (to, i) in to.iter_mut().zip(top..bottom) {
                    *to = input[i * columns + j];
                }
            }
        }
    }
}
