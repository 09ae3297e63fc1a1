//! Copies, lists and pickles.

use super::arguments::{needed, raise, shape_of};
use super::data::{Refused, read, wrap};
use super::operand::Handle;
use crate::ffi::args::Args;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::method::Function;
use crate::ffi::{List, Object, PyResult, Python, Tuple, buffer, module, number, text};
use crate::transport::by_reference;
use boc_matrix::{Error, Matrix};
use std::ffi::CStr;

/// From this protocol on, memory can travel beside a pickle.
const OUT_OF_BAND: isize = 5;

/// The order of bytes in pickles made here.
const ORDER: &str = if cfg!(target_endian = "little") { "little" } else { "big" };

fn copy<'py>(py: Python<'py>, this: &Instance<'py, Handle>) -> PyResult<Object<'py>> {
    wrap(py, read::<_, Refused>(py, this.value(), |matrix| Ok(matrix.try_clone()?))?)
}

fn reduce<'py>(py: Python<'py>, this: &Instance<'py, Handle>, protocol: isize) -> PyResult<Object<'py>> {
    if let Some(moved) = by_reference::reduce(this)? {
        return Ok(moved);
    }
    let shape = read::<_, Error>(py, this.value(), |matrix| Ok(matrix.shape()))?;
    let memory = if protocol >= OUT_OF_BAND {
        buffer::pickle_buffer(this)?
    } else {
        buffer::view(this)?.call_method(c"tobytes", &[])?
    };
    let function = module::import_from(py, "bocpy._core", c"_matrix")?;
    let count = |count: usize| number::uint(py, count as u64);
    let parts = vec![count(shape.rows())?, count(shape.columns())?, memory, text::string(py, ORDER)?];
    Ok(Tuple::new(py, vec![function, Tuple::new(py, parts)?.into()])?.into())
}

/// `_matrix(rows, columns, memory, order)`: for pickle.
pub(crate) struct FromPickle;

impl Function for FromPickle {
    const NAME: &'static CStr = c"_matrix";
    const DOC: &'static CStr = c"Makes a Matrix of its pickled parts.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(rows), Some(columns), Some(memory), Some(order)] =
            args.bind("_matrix", ["rows", "columns", "memory", "order"], 4)?
        else {
            return Err(error::raise(py, Kind::Type, "_matrix() takes four arguments: it is for pickle"));
        };
        let shape = shape_of(py, rows, columns)?;
        let mut matrix = Matrix::zeros(shape).map_err(|error| raise(py, error))?;
        let swapped = order.to_str() != Some(ORDER);
        let fits = memory.with_memory(|bytes| {
            let (numbers, rest) = bytes.as_chunks::<{ size_of::<f64>() }>();
            if numbers.len() != matrix.len() || !rest.is_empty() {
                return false;
            }
            for (to, bytes) in matrix.iter_mut().zip(numbers) {
                let bits = u64::from_ne_bytes(*bytes);
                *to = f64::from_bits(if swapped { bits.swap_bytes() } else { bits });
            }
            true
        })?;
        if !fits {
            let message = format!("this pickle is broken: its numbers are not those of a Matrix of {shape}");
            return Err(error::raise(py, Kind::Value, &message));
        }
        wrap(py, matrix)
    }
}

methods! { Handle;
    Copy, c"copy", doc!("copy($self, /)", MATRIX_COPY), |py, this, args| {
        args.bind("copy", [], 0)?;
        copy(py, this)
    };
    ShallowCopy, c"__copy__", doc!("__copy__($self, /)", MATRIX_COPY), |py, this, args| {
        args.bind("__copy__", [], 0)?;
        copy(py, this)
    };
    DeepCopy, c"__deepcopy__", doc!("__deepcopy__($self, memo, /)", MATRIX_DEEPCOPY), |py, this, args| {
        args.bind("__deepcopy__", ["memo"], 1)?;
        copy(py, this)
    };
    Reduce, c"__reduce__", doc!("__reduce__($self, /)", MATRIX_REDUCE_EX), |py, this, args| {
        args.bind("__reduce__", [], 0)?;
        reduce(py, this, 0)
    };
    ReduceEx, c"__reduce_ex__", doc!("__reduce_ex__($self, protocol, /)", MATRIX_REDUCE_EX), |py, this, args| {
        let [protocol] = args.bind("__reduce_ex__", ["protocol"], 1)?;
        let protocol = needed(py, "__reduce_ex__", "protocol", protocol)?.to_index()?;
        reduce(py, this, protocol)
    };
    ToList, c"tolist", doc!("tolist($self, /)", MATRIX_TOLIST), |py, this, args| {
        args.bind("tolist", [], 0)?;
        // A copy: lists are made while nothing is locked.
        let matrix = read::<_, Refused>(py, this.value(), |matrix| Ok(matrix.try_clone()?))?;
        let row = |row: &[f64]| Ok(List::fill(py, row.iter().map(|&value| number::float(py, value)))?.into());
        Ok(List::fill(py, matrix.chunks(matrix.columns()).map(row))?.into())
    };
}
