//! Row blocks: a matrix as several ones, which different threads can fill at the same time.

use crate::buffer::Buffer;
use crate::extreme::vector;
use crate::{Error, Matrix, Shape};

/// What [`Matrix::join_rows`] gives back if it cannot join: the reason, and the blocks as they came.
#[derive(Debug)]
pub struct JoinError {
    /// Why not.
    pub error: Error,
    /// The blocks.
    pub blocks: Vec<Matrix>,
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(to)
    }
}

impl std::error::Error for JoinError {}

impl Matrix {
    /// The rows in `count` blocks of nearly equal height, from above. Each block is a matrix of its own, that may go
    /// to another thread, and be split again. Nothing is copied: the blocks lie in the memory of the matrix, which is freed
    /// with the last of them.
    ///
    /// [`Error::Argument`] (and the matrix) unless there are at least `count` rows, and `count` is not 0.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Shape};
    ///
    /// let blocks = Matrix::zeros(Shape::new(1000, 8)?)?.split_rows(4).map_err(|(error, _)| error)?;
    /// let threads: Vec<_> = (blocks.into_iter().enumerate())
    ///     .map(|(nth, mut block)| std::thread::spawn(move || { block.fill(nth as f64); block }))
    ///     .collect();
    /// let blocks = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    /// let whole = Matrix::join_rows(blocks).unwrap();
    /// assert_eq!((whole.get(0, 0)?, whole.get(999, 7)?), (0.0, 3.0));
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn split_rows(self, count: usize) -> Result<Vec<Matrix>, (Error, Matrix)> {
        let (rows, columns) = (self.rows(), self.columns());
        if count == 0 || count > rows {
            let what = format!("{rows} rows make 1 to {rows} blocks, not {count}");
            return Err((Error::argument("split_rows", what), self));
        }
        if count == 1 {
            return Ok(vec![self]);
        }
        let (mut buffers, mut blocks) = match (vector(count), vector(count)) {
            (Ok(buffers), Ok(blocks)) => (buffers, blocks),
            (Err(error), _) | (_, Err(error)) => return Err((error, self)),
        };
        // The first blocks have one row more if it does not come out even.
        let height = move |nth: usize| rows / count + usize::from(nth < rows % count);
        self.into_buffer().split((0..count).map(|nth| height(nth) * columns), &mut buffers);
        let block = |(nth, buffer)| match Shape::new(height(nth), columns) {
            Ok(shape) => Matrix::from_buffer(buffer, shape),
            Err(error) => unreachable!("a part of a shape is a shape: {error}"),
        };
        blocks.extend(buffers.into_iter().enumerate().map(block));
        Ok(blocks)
    }

    /// Joins blocks that [`Matrix::split_rows`] has made, in any order. Nothing is copied. All blocks of a matrix give that
    /// matrix; some that are neighbours give a larger block.
    ///
    /// Fails, and gives the blocks back, if they are not neighbours in one matrix, or differ in their number of columns.
    pub fn join_rows(mut blocks: Vec<Matrix>) -> Result<Matrix, JoinError> {
        let fail = |blocks, what| Err(JoinError { error: Error::Blocks(what), blocks });
        if blocks.len() == 1 {
            return Ok(blocks.remove(0));
        }
        let Some(columns) = blocks.first().map(|block| block.columns()) else {
            return fail(blocks, "there are no blocks to join");
        };
        if blocks.iter().any(|block| block.columns() != columns) {
            return fail(blocks, "the blocks have different numbers of columns");
        }
        let (mut shapes, mut buffers) = match (vector::<Shape>(blocks.len()), vector(blocks.len())) {
            (Ok(shapes), Ok(buffers)) => (shapes, buffers),
            (Err(error), _) | (_, Err(error)) => return Err(JoinError { error, blocks }),
        };
        blocks.sort_unstable_by_key(|block| block.buffer().place());
        shapes.extend(blocks.iter().map(Matrix::shape));
        let rows = shapes.iter().map(|shape| shape.rows()).sum();
        buffers.extend(blocks.into_iter().map(Matrix::into_buffer));
        match (Buffer::join(buffers), Shape::new(rows, columns)) {
            (Ok(buffer), Ok(shape)) => Ok(Matrix::from_buffer(buffer, shape)),
            (Err(buffers), _) => {
                let blocks =
                    buffers.into_iter().zip(shapes).map(|(buffer, shape)| Matrix::from_buffer(buffer, shape));
                fail(
                    blocks.collect(),
                    "the blocks are not neighbours in one matrix; some are missing, or were copied",
                )
            }
            (Ok(_), Err(error)) => unreachable!("blocks of one matrix have a shape: {error}"),
        }
    }

    /// Whether this is a block of a matrix that has been split.
    pub fn is_block(&self) -> bool {
        self.buffer().place().is_some()
    }
}
