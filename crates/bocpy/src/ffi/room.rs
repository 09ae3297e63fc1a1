//! Room for many items, asked for before it is needed: where there is none, that is a `MemoryError` and not the end of the
//! process.

use super::error::{self, Kind};
use super::{PyResult, Python};

/// An empty vector with room for so many.
pub(crate) fn room<T>(py: Python<'_>, count: usize) -> PyResult<Vec<T>> {
    let mut vector = Vec::new();
    match vector.try_reserve_exact(count) {
        Ok(()) => Ok(vector),
        Err(_) => Err(error::raise(py, Kind::Memory, &format!("no memory for {count} items"))),
    }
}
