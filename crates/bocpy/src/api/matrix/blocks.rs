//! A matrix in blocks of rows, for several behaviors to fill, and together again.

use super::arguments::{count, needed, raise};
use super::data::{MatrixData, Refused, read, wrap_nothing};
use super::operand::Handle;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::{List, Object, PyResult, Python, room};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Error, JoinError, Matrix};

fn split<'py>(py: Python<'py>, this: &Instance<'py, Handle>, count: usize) -> PyResult<Object<'py>> {
    // The objects come first: what fails then leaves the rows where they are.
    let rows = read::<_, Error>(py, this.value(), |matrix| Ok(matrix.rows()))?;
    let possible = if count <= rows { count } else { 0 };
    let mut objects = room(py, possible)?;
    for _ in 0..possible {
        objects.push(wrap_nothing(py)?);
    }
    let blocks = this.value().write(py, |data| {
        let matrix = data.take()?;
        let blocks = if objects.len() == count || count > matrix.rows() {
            matrix.split_rows(count)
        } else {
            Err((
                Error::Argument { operation: "split_rows", what: "another thread uses the matrix".into() },
                matrix,
            ))
        };
        blocks.map_err(|(error, matrix)| {
            data.put_back(matrix);
            Refused::Error(error)
        })
    })?;
    let blocks = blocks.map_err(|refused| raise(py, refused))?;
    for (object, block) in objects.iter().zip(blocks) {
        put_into(py, object, block)?;
    }
    Ok(List::new(py, objects)?.into())
}

/// A matrix for an object without one.
fn put_into(py: Python<'_>, object: &Object<'_>, matrix: Matrix) -> PyResult<()> {
    match MatrixData::of(object) {
        Some(handle) => handle.write(py, |data| data.put_back(matrix)),
        None => Err(error::raise(py, Kind::Runtime, "a Matrix that is none: a bug in bocpy")),
    }
}

/// Blocks that have been taken out of their objects, with where they lie in memory.
struct Taken<'a> {
    from: Vec<(&'a Handle, *const f64)>,
    blocks: Vec<Matrix>,
}

impl Taken<'_> {
    /// Gives all back.
    fn put_back(mut self, py: Python<'_>) {
        self.from.sort_unstable_by_key(|(_, place)| *place);
        for block in self.blocks {
            let place = block.as_slice().as_ptr();
            if let Ok(at) = self.from.binary_search_by_key(&place, |(_, place)| *place) {
                let given = error::aside(py, || self.from[at].0.write(py, |data| data.put_back(block)));
                debug_assert!(given.is_ok(), "nobody else can have it meanwhile");
            }
        }
    }
}

fn join<'py>(py: Python<'py>, blocks: &Object<'py>) -> PyResult<Object<'py>> {
    let objects = blocks.items()?;
    let whole = wrap_nothing(py)?;
    let mut taken = Taken { from: room(py, objects.len())?, blocks: room(py, objects.len())? };
    for (place, object) in objects.iter().enumerate() {
        let block = match MatrixData::of(object) {
            Some(handle) => match handle.write(py, MatrixData::take) {
                Ok(Ok(block)) => Ok((handle, block)),
                Ok(Err(Refused::Empty))
                    if taken.from.iter().any(|(other, _)| std::ptr::eq(*other, handle)) =>
                {
                    Err(error::raise(py, Kind::Value, &format!("join_rows: block {place} is there twice")))
                }
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
        Ok(matrix) => {
            put_into(py, &whole, matrix)?;
            Ok(whole)
        }
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
