//! The memory of a matrix, lent to others by the buffer protocol.
//!
//! It can be written to if the object could change the matrix itself. While a buffer is in use, the matrix cannot be moved, nor
//! get another shape: both are refused. A buffer of a matrix that was lent to a reader can outlive that reader; then whoever
//! owns the matrix next gets a copy, and the buffer keeps what it shows. On threads, where that is the same object, writing is
//! refused instead.

use super::arguments::raise;
use super::data::MatrixData;
use super::operand::Handle;
use crate::ffi::buffer_slots::{Keeper, Lends, Lent};
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::ownership::Kept;
use crate::ffi::{PyResult, Python};

/// Memory that is in use.
struct InUse {
    kept: Kept<MatrixData>,
    writable: bool,
    start: *mut f64,
}

impl Keeper for InUse {
    fn start(&self) -> *mut u8 {
        self.start.cast()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.kept.with(|data| data.take_back(self.writable));
    }
}

impl Lends for Handle {
    fn lend(py: Python<'_>, this: &Instance<'_, Self>, writes: bool) -> PyResult<Lent> {
        let handle = this.value();
        let (kept, writable) = handle.keep(py)?;
        if writes && !writable {
            let message = "this Matrix can only be read: it is shared by the readers of a cown. Ask for a read-only buffer, or \
                           take a copy()";
            return Err(error::raise(py, Kind::Buffer, message));
        }
        let lent = if writable {
            handle.write(py, |data| {
                let matrix = data.get_mut()?;
                let found = (matrix.as_mut_slice().as_mut_ptr(), matrix.shape());
                data.lend(true);
                Ok(found)
            })?
        } else {
            handle.read(py, |data| {
                let matrix = data.get()?;
                data.lend(false);
                Ok((matrix.as_slice().as_ptr().cast_mut(), matrix.shape()))
            })?
        };
        let (start, shape) = lent.map_err(|refused: super::data::Refused| raise(py, refused))?;
        let keeper = Box::new(InUse { kept, writable, start });
        const DOUBLE: usize = size_of::<f64>();
        let dimensions = [(shape.rows(), shape.columns() * DOUBLE), (shape.columns(), DOUBLE)].into();
        Ok(Lent { keeper, format: c"d".into(), item: DOUBLE, dimensions, writable })
    }
}
