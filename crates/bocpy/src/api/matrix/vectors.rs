//! Rows and columns as vectors: lengths, angles, products.

use super::arguments::{axis, flag, needed};
use super::arithmetic::in_place;
use super::data::{read, wrap};
use super::operand::{Handle, Input, with_matrices};
use crate::ffi::error::Kind;
use crate::ffi::{Object, PyResult, Python, number};
use boc_matrix::{Axis, Cross, Error, Matrix, Scalars, Shape};

fn scalars(py: Python<'_>, scalars: Scalars) -> PyResult<Object<'_>> {
    match scalars {
        Scalars::One(number) => number::float(py, number),
        Scalars::Each(matrix) => wrap(py, matrix),
    }
}

/// The axis of a cross product. `2x3` and `3x2` are vectors with two components whatever it is, as the peer has it.
fn of_cross(axis: Option<Axis>, shape: Shape) -> Option<Axis> {
    axis.filter(|_| !matches!((shape.rows(), shape.columns()), (2, 3) | (3, 2)))
}

fn vecdot(left: &Matrix, right: &Matrix, axis: Option<Axis>) -> Result<Scalars, Error> {
    // A column with a row would make a table, which is hardly ever meant.
    let (one, other) = (left.shape(), right.shape());
    if one.broadcast(other).is_none_or(|common| common != one && common != other) {
        return Err(Error::Shapes { operation: "vecdot", left: one, right: other });
    }
    left.vecdot(right, axis)
}

fn cross(left: &Matrix, right: &Matrix, axis: Option<Axis>) -> Result<Cross, Error> {
    let (shape, other) = (left.shape(), right.shape());
    let axis = of_cross(axis, shape);
    let is_single =
        |shape: Shape| (shape.rows() == 1 || shape.columns() == 1) && [2, 3].contains(&shape.size());
    // How a single vector lies does not matter: it is turned to lie as those of the other operand do.
    let across = match axis {
        Some(Axis::Rows) => true,
        Some(Axis::Columns) => false,
        None if shape.columns() == 2 => false,
        None if shape.rows() == 2 => true,
        None => shape.columns() != 3,
    };
    let lies_across = other.rows() > 1;
    if is_single(other) && other != shape && across != lies_across {
        return left.cross(&right.transpose()?, axis);
    }
    left.cross(right, axis)
}

methods! { Handle;
    VecDot, c"vecdot", doc!("vecdot($self, /, other, axis=None)", MATRIX_VECDOT),
    |py, this, args| {
        let [other, along] = args.bind("vecdot", ["other", "axis"], 2)?;
        let other = Input::needed(py, needed(py, "vecdot", "other", other)?, "other")?;
        let along = axis(py, along, Kind::Value)?;
        let result = with_matrices(py, &Input::Object(this.value()), &other, |matrix, other| vecdot(matrix, other, along))?;
        scalars(py, result)
    };
    CrossMethod, c"cross", doc!("cross($self, /, other, axis=None)", MATRIX_CROSS),
    |py, this, args| {
        let [other, along] = args.bind("cross", ["other", "axis"], 2)?;
        let other = Input::needed(py, needed(py, "cross", "other", other)?, "other")?;
        let along = axis(py, along, Kind::Value)?;
        match with_matrices(py, &Input::Object(this.value()), &other, |matrix, other| cross(matrix, other, along))? {
            Cross::Scalars(result) => scalars(py, result),
            Cross::Vectors(matrix) => wrap(py, matrix),
        }
    };
    Normalize, c"normalize", doc!("normalize($self, /, axis=None, in_place=False)", MATRIX_NORMALIZE),
    |py, this, args| {
        let [along, here] = args.bind("normalize", ["axis", "in_place"], 2)?;
        let along = axis(py, along, Kind::Value)?;
        if flag(here)? {
            return in_place(py, this, |matrix| matrix.normalize_in_place(along));
        }
        wrap(py, read(py, this.value(), |matrix| matrix.normalize(along))?)
    };
    Perpendicular, c"perpendicular", doc!("perpendicular($self, /, axis=None, in_place=False)", MATRIX_PERPENDICULAR),
    |py, this, args| {
        let [along, here] = args.bind("perpendicular", ["axis", "in_place"], 2)?;
        let along = axis(py, along, Kind::Value)?;
        if flag(here)? {
            return in_place(py, this, |matrix| matrix.perpendicular_in_place(along));
        }
        wrap(py, read(py, this.value(), |matrix| matrix.perpendicular(along))?)
    };
    Angle, c"angle", doc!("angle($self, /, axis=None)", MATRIX_ANGLE),
    |py, this, args| {
        let [along] = args.bind("angle", ["axis"], 1)?;
        let along = axis(py, along, Kind::Value)?;
        let result = read(py, this.value(), |matrix| matrix.angle(along))?;
        scalars(py, result)
    };
}
