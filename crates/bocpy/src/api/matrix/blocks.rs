//! A matrix in blocks of rows, for several behaviors to fill, and together again.

use super::arguments::{count, needed, raise};
use super::data::{MatrixData, Refused, wrap};
use super::operand::Handle;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::{List, Object, PyResult, Python};
use crate::transport::by_reference::ByReference;
use boc_matrix::{JoinError, Matrix};

fn split<'py>(py: Python<'py>, this: &Instance<'py, Handle>, count: usize) -> PyResult<Object<'py>> {
    let blocks = this.value().write(py, |data| {
        data.take()?.split_rows(count).map_err(|(error, matrix)| {
            data.put_back(matrix);
            Refused::Error(error)
        })
    })?;
    let blocks = blocks.map_err(|refused| raise(py, refused))?;
    let blocks: PyResult<Vec<_>> = blocks.into_iter().map(|block| wrap(py, block)).collect();
    Ok(List::new(py, blocks?)?.into())
}

/// Blocks that have been taken out of their objects, with where they lie in memory.
struct Taken<'a> {
    from: Vec<(&'a Handle, *const f64)>,
    blocks: Vec<Matrix>,
}

impl Taken<'_> {
    /// Gives all back.
    fn put_back(self, py: Python<'_>) {
        for block in self.blocks {
            let owner = self.from.iter().find(|(_, place)| *place == block.as_slice().as_ptr());
            if let Some((handle, _)) = owner {
                let given = error::aside(py, || handle.write(py, |data| data.put_back(block)));
                debug_assert!(given.is_ok(), "nobody else can have it meanwhile");
            }
        }
    }
}

fn join<'py>(py: Python<'py>, blocks: &Object<'py>) -> PyResult<Object<'py>> {
    let objects = blocks.items()?;
    let mut taken = Taken { from: Vec::new(), blocks: Vec::new() };
    for (place, object) in objects.iter().enumerate() {
        let block = match MatrixData::of(object) {
            Some(handle) if taken.from.iter().any(|(other, _)| std::ptr::eq(*other, handle)) => {
                Err(error::raise(py, Kind::Value, &format!("join_rows: block {place} is there twice")))
            }
            Some(handle) => match handle.write(py, MatrixData::take) {
                Ok(Ok(block)) => Ok((handle, block)),
                Ok(Err(refused)) => Err(raise(py, refused)),
                Err(raised) => Err(raised),
            },
            None => {
                let message = format!("join_rows: block {place} is a {}, not a Matrix", object.class_name());
                Err(error::raise(py, Kind::Type, &message))
            }
        };
        match block {
            Ok((handle, block)) => {
                taken.from.push((handle, block.as_slice().as_ptr()));
                taken.blocks.push(block);
            }
            Err(raised) => {
                taken.put_back(py);
                return Err(raised);
            }
        }
    }
    let Taken { from, blocks } = taken;
    match Matrix::join_rows(blocks) {
        Ok(matrix) => wrap(py, matrix),
        Err(JoinError { error, blocks }) => {
            Taken { from, blocks }.put_back(py);
            Err(raise(py, error))
        }
    }
}

methods! { Handle;
    SplitRows, c"split_rows", doc!("split_rows($self, /, count)", MATRIX_SPLIT_ROWS), |py, this, args| {
        let [blocks] = args.bind("split_rows", ["count"], 1)?;
        split(py, this, count(py, needed(py, "split_rows", "count", blocks)?, "the number of blocks")?)
    };
}

class_methods! { Handle;
    JoinRows, c"join_rows", doc!("join_rows($type, blocks)", MATRIX_JOIN_ROWS), |py, args| {
        let [blocks] = args.bind("join_rows", ["blocks"], 1)?;
        join(py, needed(py, "join_rows", "blocks", blocks)?)
    };
}
