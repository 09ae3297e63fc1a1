//! Many elements to one: sums, extremes and where they are.

use super::arguments::{axis, count, flag, given, needed, raise};
use super::data::{MatrixData, read, wrap};
use super::operand::{Handle, Input, with_matrices};
use crate::ffi::args::Args;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::{List, Object, PyResult, Python, Tuple, number};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Axis, Error, Extreme, Matrix, Operand, Reduction, Shape, TopK};

/// The mask of a reduction, which has to be of the matrix's shape.
fn mask<'a>(py: Python<'_>, this: &Handle, object: Option<&'a Object<'_>>) -> PyResult<Option<Input<'a>>> {
    let Some(object) = given(object) else { return Ok(None) };
    let Some(handle) = MatrixData::of(object) else {
        let message = format!("where has to be a Matrix, a mask, not a {}", object.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    let shape = |handle: &Handle| read::<_, Error>(py, handle, |matrix| Ok(matrix.shape()));
    let (own, other) = (shape(this)?, shape(handle)?);
    if own != other {
        let message = format!("the mask, where, is {other}; it has to be as the matrix is, {own}");
        return Err(error::raise(py, Kind::Value, &message));
    }
    Ok(Some(Input::Object(handle)))
}

/// The matrix that an operand is the whole of, and a mask: operands of one shape.
fn with_mask<R>(
    py: Python<'_>,
    this: &Handle,
    mask: Option<&Input<'_>>,
    f: impl FnOnce(&Matrix, Option<Operand<'_>>) -> Result<R, Error>,
) -> PyResult<R> {
    let Some(mask) = mask else { return read(py, this, |matrix| f(matrix, None)) };
    with_matrices(py, &Input::Object(this), mask, |matrix, mask| f(matrix, Some(mask.into())))
}

fn reduce<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    name: &str,
    reduction: Reduction,
) -> PyResult<Object<'py>> {
    let [along, only] = args.bind(name, ["axis", "where"], 2)?;
    let along = axis(py, along, Kind::Value)?;
    let handle = this.value();
    let only = mask(py, handle, only)?;
    match along {
        None => {
            let result = with_mask(py, handle, only.as_ref(), |matrix, mask| match mask {
                None => Ok(matrix.reduce(reduction)),
                Some(mask) => matrix.reduce_where(reduction, mask),
            })?;
            number::float(py, result)
        }
        Some(axis) => wrap(
            py,
            with_mask(py, handle, only.as_ref(), |matrix, mask| match mask {
                None => matrix.reduce_axis(reduction, axis),
                Some(mask) => matrix.reduce_axis_where(reduction, axis, mask),
            })?,
        ),
    }
}

fn arg<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    name: &str,
    extreme: Extreme,
) -> PyResult<Object<'py>> {
    let [along, only, as_matrix] = args.bind(name, ["axis", "where", "as_matrix"], 3)?;
    let (along, as_matrix) = (axis(py, along, Kind::Value)?, flag(as_matrix)?);
    let handle = this.value();
    let only = mask(py, handle, only)?;
    let Some(axis) = along else {
        let place = with_mask(py, handle, only.as_ref(), |matrix, mask| match mask {
            None => Ok(Some(matrix.arg(extreme))),
            Some(mask) => matrix.arg_where(extreme, mask),
        })?;
        return number::int(py, place.map_or(-1, |place| place as i64));
    };
    let (places, shape) = with_mask(py, handle, only.as_ref(), |matrix, mask| {
        Ok((matrix.arg_axis(extreme, axis, mask)?, matrix.shape().reduced(axis)))
    })?;
    if as_matrix { wrap(py, indices(py, &places, shape)?) } else { list(py, places.into_iter()) }
}

/// Indices as a matrix of doubles.
fn indices(py: Python<'_>, places: &[isize], shape: Shape) -> PyResult<Matrix> {
    Matrix::from_indices(places, shape).map_err(|error| raise(py, error))
}

fn list<'py>(py: Python<'py>, places: impl ExactSizeIterator<Item = isize>) -> PyResult<Object<'py>> {
    Ok(List::fill(py, places.map(|place| number::int(py, place as i64)))?.into())
}

fn topk<'py>(py: Python<'py>, this: &Instance<'py, Handle>, args: &Args<'_, 'py>) -> PyResult<Object<'py>> {
    let names = ["k", "axis", "largest", "where", "as_matrix"];
    let [k, along, largest, only, as_matrix] = args.bind("topk", names, 5)?;
    let k = needed(py, "topk", "k", k)?;
    if k.is_index() && k.to_index()? < 1 {
        return Err(error::raise(py, Kind::Value, "topk: k has to be at least 1"));
    }
    let (k, along, as_matrix) = (count(py, k, "k")?, axis(py, along, Kind::Value)?, flag(as_matrix)?);
    let extreme = match largest {
        Some(largest) if !largest.is_true()? => Extreme::Least,
        _ => Extreme::Greatest,
    };
    let handle = this.value();
    let only = mask(py, handle, only)?;
    let shape = read::<_, Error>(py, handle, |matrix| Ok(matrix.shape()))?;
    let most = match along {
        None => shape.size(),
        Some(Axis::Rows) => shape.rows(),
        Some(Axis::Columns) => shape.columns(),
    };
    if k > most {
        let message = format!("topk: k is {k}, but there are {most} elements to choose from");
        return Err(error::raise(py, Kind::Value, &message));
    }
    let TopK { values, indices: places } =
        with_mask(py, handle, only.as_ref(), |matrix, mask| matrix.topk(k, along, extreme, mask))?;
    let places = if as_matrix {
        wrap(py, indices(py, &places, values.shape())?)?
    } else {
        let columns = values.columns();
        match along {
            None => list(py, places.into_iter())?,
            Some(Axis::Columns) => {
                List::fill(py, places.chunks(columns).map(|row| list(py, row.iter().copied())))?.into()
            }
            Some(Axis::Rows) => {
                let column = |j| list(py, places[j..].iter().step_by(columns).copied());
                List::fill(py, (0..columns).map(column))?.into()
            }
        }
    };
    Ok(Tuple::new(py, vec![wrap(py, values)?, places])?.into())
}

methods! { Handle;
    Sum, c"sum", doc!("sum($self, /, axis=None, where=None)", MATRIX_SUM),
    |py, this, args| reduce(py, this, &args, "sum", Reduction::Sum);
    Mean, c"mean", doc!("mean($self, /, axis=None, where=None)", MATRIX_MEAN),
    |py, this, args| reduce(py, this, &args, "mean", Reduction::Mean);
    Min, c"min", doc!("min($self, /, axis=None, where=None)", MATRIX_MIN),
    |py, this, args| reduce(py, this, &args, "min", Reduction::Min);
    Max, c"max", doc!("max($self, /, axis=None, where=None)", MATRIX_MAX),
    |py, this, args| reduce(py, this, &args, "max", Reduction::Max);
    Magnitude, c"magnitude", doc!("magnitude($self, /, axis=None, where=None)", MATRIX_MAGNITUDE),
    |py, this, args| reduce(py, this, &args, "magnitude", Reduction::Magnitude);
    MagnitudeSquared, c"magnitude_squared",
    doc!("magnitude_squared($self, /, axis=None, where=None)", MATRIX_MAGNITUDE_SQUARED),
    |py, this, args| reduce(py, this, &args, "magnitude_squared", Reduction::MagnitudeSquared);
    ArgMin, c"argmin", doc!("argmin($self, /, axis=None, where=None, as_matrix=False)", MATRIX_ARGMIN),
    |py, this, args| arg(py, this, &args, "argmin", Extreme::Least);
    ArgMax, c"argmax", doc!("argmax($self, /, axis=None, where=None, as_matrix=False)", MATRIX_ARGMAX),
    |py, this, args| arg(py, this, &args, "argmax", Extreme::Greatest);
    TopKMethod, c"topk",
    doc!("topk($self, /, k, axis=None, largest=True, where=None, as_matrix=False)", MATRIX_TOPK),
    |py, this, args| topk(py, this, &args);
}
