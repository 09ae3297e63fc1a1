//! Ways to make a matrix.

use super::arguments::{
    axis_or_rows, flag, given, is_sequence, needed, number, numbers, raise, shape, shape_of,
};
use super::data::{MatrixData, Refused, read, wrap};
use super::operand::{Handle, table_of};
use super::view;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, room, text};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Axis, Error, Matrix, Shape};

/// `Matrix(rows, columns, values)`.
pub(super) fn create<'py>(
    py: Python<'py>,
    args: &Tuple<'py>,
    kwargs: Option<&Dict<'py>>,
) -> PyResult<Matrix> {
    const NAMES: [&str; 3] = ["rows", "columns", "values"];
    let wrong = |what: &str| {
        Err(error::raise(py, Kind::Type, &format!("Matrix(rows, columns, values=None): {what}")))
    };
    if args.len() > NAMES.len() {
        return wrong(&format!("takes three arguments at most, not {}", args.len()));
    }
    let mut bound: [Option<Object<'py>>; 3] = [None, None, None];
    for (place, to) in bound.iter_mut().enumerate().take(args.len()) {
        *to = Some((*args.item(place)?).clone());
    }
    if let Some(kwargs) = kwargs {
        let mut named = 0;
        for (name, to) in NAMES.iter().zip(&mut bound) {
            if let Some(value) = kwargs.get(&text::intern(py, name)?)? {
                if to.is_some() {
                    return wrong(&format!("{name} is given twice"));
                }
                *to = Some(value);
                named += 1;
            }
        }
        if named != kwargs.len() {
            return wrong("there is an argument of another name");
        }
    }
    let [Some(rows), Some(columns), values] = &bound else {
        return wrong(
            "the numbers of rows and columns are needed; of rows of numbers Matrix.from_rows() makes a matrix",
        );
    };
    let shape = shape_of(py, rows, columns)?;
    match given(values.as_ref()) {
        None => Matrix::zeros(shape).map_err(|error| raise(py, error)),
        Some(values) => filled(py, shape, values),
    }
}

/// A matrix of that shape, with one number everywhere or with these numbers.
fn filled(py: Python<'_>, shape: Shape, values: &Object<'_>) -> PyResult<Matrix> {
    if values.is_float() || values.is_int() || (values.is_real_like() && !is_sequence(values)) {
        let value = number(py, values, "the value")?;
        return Matrix::full(shape, value).map_err(|error| raise(py, error));
    }
    if is_sequence(values) {
        return numbers(py, values, Some(shape));
    }
    if MatrixData::of(values).is_some() || values.is_bytes() || values.is_str() {
        let message =
            format!("values are a number, or an iterable of numbers, not a {}", values.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    numbers(py, &sequence(values)?, Some(shape))
}

/// What can be iterated over as a tuple, or the list or tuple that it is.
fn sequence<'py>(object: &Object<'py>) -> PyResult<Object<'py>> {
    if is_sequence(object) {
        return Ok(object.clone());
    }
    Ok(Tuple::new(object.py(), object.items()?)?.into())
}

/// A row or a column of these numbers.
fn vector(py: Python<'_>, values: &Object<'_>, as_column: bool) -> PyResult<Matrix> {
    if let Some(view) = view::copy_of(py, values)? {
        return turned(py, view, as_column);
    }
    if MatrixData::of(values).is_some() || values.is_str() {
        let message = format!("a vector is made of an iterable of numbers, not of a {}", values.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    turned(py, numbers(py, &sequence(values)?, None)?, as_column)
}

/// A vector as a row or as a column.
fn turned(py: Python<'_>, vector: Matrix, as_column: bool) -> PyResult<Matrix> {
    let is_column = vector.rows() > 1;
    if is_column == as_column || vector.len() == 1 {
        return Ok(vector);
    }
    vector.transpose().map_err(|error| raise(py, error))
}

/// A matrix of rows, each an iterable of numbers.
fn from_rows(py: Python<'_>, rows: &Object<'_>) -> PyResult<Matrix> {
    let rows = rows.items()?;
    if rows.is_empty() {
        return Err(raise(py, Error::Empty { rows: 0, columns: 0 }));
    }
    let mut made = room(py, rows.len())?;
    let mut needed = 0;
    for (place, row) in rows.iter().enumerate() {
        if row.is_str() {
            return Err(error::raise(
                py,
                Kind::Type,
                &format!("row {place} is a str, not an iterable of numbers"),
            ));
        }
        let row = match view::copy_of(py, row)? {
            Some(view) => turned(py, view, false)?,
            None => numbers(py, &sequence(row)?, None)?,
        };
        if place == 0 {
            needed = row.len();
        } else if row.len() != needed {
            return Err(raise(py, Error::Ragged { row: place, length: row.len(), needed }));
        }
        made.push(row);
    }
    joined(py, &made, Axis::Rows)
}

fn concat<'py>(py: Python<'py>, values: &Object<'py>, axis: Axis) -> PyResult<Matrix> {
    let values = values.items()?;
    // Copies: nothing of Python's is looked at while the matrices are put together, and no object twice at a time.
    let part = |(place, value): (usize, &Object<'py>)| {
        if let Some(handle) = MatrixData::of(value) {
            return read::<_, Refused>(py, handle, |matrix| Ok(matrix.try_clone()?));
        }
        if let Some(view) = view::copy_of(py, value)? {
            return Ok(view);
        }
        if is_sequence(value) {
            return turned(py, numbers(py, value, None)?, axis == Axis::Columns);
        }
        let message =
            format!("concat: item {place} is a {}, not a Matrix or a list of numbers", value.class_name());
        Err(error::raise(py, Kind::Type, &message))
    };
    let mut parts = room(py, values.len())?;
    for value in values.iter().enumerate() {
        parts.push(part(value)?);
    }
    joined(py, &parts, axis)
}

/// One matrix of these.
fn joined(py: Python<'_>, parts: &[Matrix], axis: Axis) -> PyResult<Matrix> {
    let mut all = room(py, parts.len())?;
    all.extend(parts);
    Matrix::concat(&all, axis).map_err(|error| raise(py, error))
}

class_methods! { Handle;
    Zeros, c"zeros", doc!("zeros($type, size)", MATRIX_ZEROS), |py, args| {
        let [size] = args.bind("zeros", ["size"], 1)?;
        let shape = shape(py, needed(py, "zeros", "size", size)?)?;
        wrap(py, Matrix::zeros(shape).map_err(|error| raise(py, error))?)
    };
    Ones, c"ones", doc!("ones($type, size)", MATRIX_ONES), |py, args| {
        let [size] = args.bind("ones", ["size"], 1)?;
        let shape = shape(py, needed(py, "ones", "size", size)?)?;
        wrap(py, Matrix::ones(shape).map_err(|error| raise(py, error))?)
    };
    Full, c"full", doc!("full($type, size, value)", MATRIX_FULL), |py, args| {
        let [size, value] = args.bind("full", ["size", "value"], 2)?;
        let shape = shape(py, needed(py, "full", "size", size)?)?;
        let value = number(py, needed(py, "full", "value", value)?, "the value")?;
        wrap(py, Matrix::full(shape, value).map_err(|error| raise(py, error))?)
    };
    Vector, c"vector", doc!("vector($type, values, as_column=False)", MATRIX_VECTOR), |py, args| {
        let [values, as_column] = args.bind("vector", ["values", "as_column"], 2)?;
        wrap(py, vector(py, needed(py, "vector", "values", values)?, flag(as_column)?)?)
    };
    FromRows, c"from_rows", doc!("from_rows($type, rows)", MATRIX_FROM_ROWS), |py, args| {
        let [rows] = args.bind("from_rows", ["rows"], 1)?;
        wrap(py, from_rows(py, needed(py, "from_rows", "rows", rows)?)?)
    };
    FromBuffer, c"from_buffer", doc!("from_buffer($type, buffer)", MATRIX_FROM_BUFFER), |py, args| {
        let [buffer] = args.bind("from_buffer", ["buffer"], 1)?;
        let buffer = needed(py, "from_buffer", "buffer", buffer)?;
        match table_of(py, buffer)? {
            Some(matrix) => wrap(py, matrix),
            None => {
                let message = format!("a {} lends no memory with rows of numbers in it", buffer.class_name());
                Err(error::raise(py, Kind::Type, &message))
            }
        }
    };
    FromView, c"from_view", doc!("from_view($type, view)", MATRIX_FROM_VIEW), |py, args| {
        let [given] = args.bind("from_view", ["view"], 1)?;
        let given = needed(py, "from_view", "view", given)?;
        match view::copy_of(py, given)? {
            Some(matrix) => wrap(py, matrix),
            None => {
                let message = format!("from_view() takes a MatrixView, not a {}", given.class_name());
                Err(error::raise(py, Kind::Type, &message))
            }
        }
    };
    Concat, c"concat", doc!("concat($type, values, axis=0)", MATRIX_CONCAT), |py, args| {
        let [values, axis] = args.bind("concat", ["values", "axis"], 2)?;
        let axis = axis_or_rows(py, axis)?;
        wrap(py, concat(py, needed(py, "concat", "values", values)?, axis)?)
    };
}
