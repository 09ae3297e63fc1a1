//! Gathering and scattering by lists of indices.

use super::arguments::{axis, axis_or_rows, count, flag, given, indices, needed};
use super::data::{read, wrap};
use super::operand::{Handle, Input, from_to, output, with_output};
use crate::ffi::args::Args;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use boc_matrix::{Axis, Error, Matrix, Put, Shape};

/// The shape of what is taken along an axis, one element of each column or row; checks the number of indices.
fn along_shape(operation: &str, matrix: Shape, count: usize, axis: Axis) -> Result<Shape, Error> {
    let shape = matrix.reduced(axis);
    if count == shape.size() {
        return Ok(shape);
    }
    let groups = if axis == Axis::Rows { "columns" } else { "rows" };
    let operation = if operation == "put_along_axis" { "put_along_axis" } else { "take_along_axis" };
    let what = format!("there are {} {groups}, and {count} indices; it takes one for each", shape.size());
    Err(Error::Argument { operation, what })
}

fn take<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    name: &str,
    along: bool,
) -> PyResult<Object<'py>> {
    let [places, axis, out] = args.bind(name, ["indices", "axis", "out"], 2)?;
    let places = indices(py, needed(py, name, "indices", places)?)?;
    let axis = axis_or_rows(py, axis)?;
    let handle = this.value();
    let Some(to) = output(py, out)? else {
        let taken = read(py, handle, |matrix| {
            if along {
                let shape = along_shape(name, matrix.shape(), places.len(), axis)?;
                matrix.take_along_axis(&places, shape, Some(axis))
            } else {
                matrix.take(&places, Some(axis))
            }
        })?;
        return wrap(py, taken);
    };
    if std::ptr::eq(to, handle) {
        let message = format!(
            "{name}: out cannot be the matrix itself: elements would be overwritten before they are read"
        );
        return Err(error::raise(py, Kind::Value, &message));
    }
    from_to(py, handle, to, |matrix, to| {
        if !along {
            return matrix.take_into(&places, Some(axis), to);
        }
        let needed = along_shape(name, matrix.shape(), places.len(), axis)?;
        if needed != to.shape() {
            return Err(Error::Output { operation: "take_along_axis", needed, given: to.shape() });
        }
        matrix.take_along_axis_into(&places, Some(axis), to)
    })?;
    Ok(given(out).map_or_else(|| py.none(), Object::clone))
}

fn put<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    name: &str,
    along: bool,
) -> PyResult<Object<'py>> {
    let [places, value, axis, accumulate] = args.bind(name, ["indices", "value", "axis", "accumulate"], 4)?;
    let places = indices(py, needed(py, name, "indices", places)?)?;
    let value = Input::needed(py, needed(py, name, "value", value)?, "the value")?;
    let axis = axis_or_rows(py, axis)?;
    let how = if flag(accumulate)? { Put::Accumulate } else { Put::Replace };
    let value = apart(py, this.value(), value)?;
    with_output(py, this.value(), [&value], |matrix, [value]| {
        if along {
            let shape = along_shape(name, matrix.shape(), places.len(), axis)?;
            matrix.put_along_axis(&places, shape, value, Some(axis), how)
        } else {
            matrix.put(&places, value, Some(axis), how)
        }
    })?;
    Ok((**this).clone())
}

/// A value that is to be written to parts of a matrix: a copy, where it is that matrix itself.
pub(super) fn apart<'a>(py: Python<'_>, this: &Handle, value: Input<'a>) -> PyResult<Input<'a>> {
    match value {
        Input::Object(other) if std::ptr::eq(other, this) => {
            Ok(Input::Made(read(py, this, Matrix::try_clone)?))
        }
        value => Ok(value),
    }
}

methods! { Handle;
    Take, c"take", doc!("take($self, /, indices, axis=0, *, out=None)", MATRIX_TAKE),
    |py, this, args| take(py, this, &args, "take", false);
    Select, c"select", doc!("select($self, /, indices, axis=0)", MATRIX_SELECT),
    |py, this, args| {
        args.bind("select", ["indices", "axis"], 2)?;
        take(py, this, &args, "select", false)
    };
    PutMethod, c"put", doc!("put($self, /, indices, value, axis=0, accumulate=False)", MATRIX_PUT),
    |py, this, args| put(py, this, &args, "put", false);
    TakeAlongAxis, c"take_along_axis",
    doc!("take_along_axis($self, /, indices, axis=0, *, out=None)", MATRIX_TAKE_ALONG_AXIS),
    |py, this, args| take(py, this, &args, "take_along_axis", true);
    PutAlongAxis, c"put_along_axis",
    doc!("put_along_axis($self, /, indices, value, axis=0, accumulate=False)", MATRIX_PUT_ALONG_AXIS),
    |py, this, args| put(py, this, &args, "put_along_axis", true);
    RepeatInterleave, c"repeat_interleave",
    doc!("repeat_interleave($self, /, repeats, axis=None)", MATRIX_REPEAT_INTERLEAVE),
    |py, this, args| {
        let [repeats, along] = args.bind("repeat_interleave", ["repeats", "axis"], 2)?;
        let repeats = count(py, needed(py, "repeat_interleave", "repeats", repeats)?, "repeats")?;
        let along = axis(py, along, Kind::Value)?;
        wrap(py, read(py, this.value(), |matrix| matrix.repeat_interleave(repeats, along))?)
    };
}
