//! What methods are called with: axes, indices, shapes, numbers; and what they raise.

use super::data::{EMPTY, LENT, Refused};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised, room};
use boc_matrix::{Axis, Error, ErrorKind, Matrix, Shape};

/// Raises what a refusal means.
#[cold]
pub(super) fn raise(py: Python<'_>, refused: impl Into<Refused>) -> Raised {
    let error = match refused.into() {
        Refused::Empty => return error::raise(py, Kind::Runtime, EMPTY),
        Refused::Lent => return error::raise(py, Kind::Buffer, LENT),
        Refused::Error(error) => error,
    };
    let kind = match error.kind() {
        ErrorKind::Value => Kind::Value,
        ErrorKind::Index => Kind::Index,
        ErrorKind::Axis => Kind::Value,
        ErrorKind::Memory => Kind::Memory,
    };
    error::raise(py, kind, &error.to_string())
}

/// The argument of that name, unless it is not given, or `None`.
pub(super) fn given<'a, 'py>(argument: Option<&'a Object<'py>>) -> Option<&'a Object<'py>> {
    argument.filter(|argument| !argument.is_none())
}

/// Raises that an argument is missing.
#[cold]
pub(super) fn missing(py: Python<'_>, function: &str, name: &str) -> Raised {
    error::raise(py, Kind::Type, &format!("{function}() misses the argument '{name}'"))
}

/// The argument, which has to be given.
pub(super) fn needed<'a, 'py>(
    py: Python<'py>,
    function: &str,
    name: &str,
    argument: Option<&'a Object<'py>>,
) -> PyResult<&'a Object<'py>> {
    argument.ok_or_else(|| missing(py, function, name))
}

/// A flag. As Python does, by whether it is true.
pub(super) fn flag(argument: Option<&Object<'_>>) -> PyResult<bool> {
    argument.map_or(Ok(false), Object::is_true)
}

/// An axis, or none. `kind`: what is raised where there is no such axis.
pub(super) fn axis(py: Python<'_>, argument: Option<&Object<'_>>, kind: Kind) -> PyResult<Option<Axis>> {
    let Some(object) = given(argument) else { return Ok(None) };
    if object.is_bool() || !object.is_index() {
        let message = format!("an axis is 0 or 1 (or -2 or -1), not a {}", object.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    let Ok(number) = object.to_index() else {
        return Err(Raised);
    };
    Axis::try_from(number as i64).map(Some).map_err(|error| error::raise(py, kind, &error.to_string()))
}

/// The axis of a function that works along 0 if none is given.
pub(super) fn axis_or_rows(py: Python<'_>, argument: Option<&Object<'_>>) -> PyResult<Axis> {
    if argument.is_some_and(Object::is_none) {
        return Err(error::raise(py, Kind::Type, "the axis is 0 or 1, not None"));
    }
    Ok(axis(py, argument, Kind::Key)?.unwrap_or(Axis::Rows))
}

/// A real number. `what` names it in an error.
pub(super) fn number(py: Python<'_>, object: &Object<'_>, what: &str) -> PyResult<f64> {
    if object.is_float() || object.is_int() || object.is_real_like() {
        return object.to_f64();
    }
    let message = format!("{what} has to be a number, not a {}", object.class_name());
    Err(error::raise(py, Kind::Type, &message))
}

/// An int that is not negative. `what` names it in an error.
pub(super) fn count(py: Python<'_>, object: &Object<'_>, what: &str) -> PyResult<usize> {
    if !object.is_index() {
        let message = format!("{what} has to be an int, not a {}", object.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    let number = object.to_index()?;
    usize::try_from(number)
        .map_err(|_| error::raise(py, Kind::Value, &format!("{what} is {number}; it cannot be negative")))
}

/// A shape of so many rows and columns.
pub(super) fn shape_of(py: Python<'_>, rows: &Object<'_>, columns: &Object<'_>) -> PyResult<Shape> {
    let rows = count(py, rows, "the number of rows")?;
    let columns = count(py, columns, "the number of columns")?;
    Shape::new(rows, columns).map_err(|error| raise(py, error))
}

/// A shape given as `(rows, columns)`.
pub(super) fn shape(py: Python<'_>, object: &Object<'_>) -> PyResult<Shape> {
    let wrong = |py| error::raise(py, Kind::Type, "a size is (rows, columns): two ints");
    if !(object.is_tuple() || object.is_list()) {
        return Err(wrong(py));
    }
    match &object.items()?[..] {
        [rows, columns] => shape_of(py, rows, columns),
        _ => Err(wrong(py)),
    }
}

/// The numbers of a list or tuple, written to a matrix of `count` elements.
fn fill(py: Python<'_>, matrix: &mut Matrix, items: impl Fn(usize) -> Option<PyResult<f64>>) -> PyResult<()> {
    for (place, to) in matrix.iter_mut().enumerate() {
        *to = items(place).unwrap_or_else(|| {
            Err(error::raise(py, Kind::Runtime, "the list became shorter while it was read"))
        })?;
    }
    Ok(())
}

/// Whether it is a list or a tuple.
pub(super) fn is_sequence(object: &Object<'_>) -> bool {
    object.is_list() || object.is_tuple()
}

/// The numbers of a list or tuple as a matrix of that shape; without one, as a row.
pub(super) fn numbers(py: Python<'_>, object: &Object<'_>, shape: Option<Shape>) -> PyResult<Matrix> {
    let length = object.size();
    let shape = match shape {
        Some(shape) if shape.size() != length => {
            return Err(raise(py, Error::Count { shape, given: length }));
        }
        Some(shape) => shape,
        None if length == 0 => {
            return Err(error::raise(
                py,
                Kind::Value,
                "there are no numbers in the list; a matrix has at least one element",
            ));
        }
        None => Shape::new(1, length).map_err(|error| raise(py, error))?,
    };
    let mut matrix = Matrix::zeros(shape).map_err(|error| raise(py, error))?;
    match (object.as_any_list(), object.as_tuple()) {
        (Some(list), _) => fill(py, &mut matrix, |place| Some(item(py, list.item(place).as_ref()?, place)))?,
        (None, Some(tuple)) => {
            fill(py, &mut matrix, |place| Some(tuple.item(place).and_then(|one| item(py, &one, place))))?;
        }
        (None, None) => return Err(error::raise(py, Kind::Type, "numbers come in a list or tuple")),
    }
    Ok(matrix)
}

fn item(py: Python<'_>, object: &Object<'_>, place: usize) -> PyResult<f64> {
    if object.is_float() || object.is_int() || object.is_real_like() {
        return object.to_f64();
    }
    let hint = if is_sequence(object) { "; for rows of numbers there is Matrix.from_rows()" } else { "" };
    let message = format!("item {place} is a {}, not a number{hint}", object.class_name());
    Err(error::raise(py, Kind::Type, &message))
}

/// The indices in a list or tuple.
pub(super) fn indices(py: Python<'_>, object: &Object<'_>) -> PyResult<Vec<isize>> {
    if !is_sequence(object) {
        let message = format!("indices are a list or tuple of ints, not a {}", object.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    let index = |(place, item): (usize, &Object<'_>)| {
        if item.is_index() {
            return item.to_index();
        }
        let message = format!("an index is an int; item {place} of the indices is a {}", item.class_name());
        Err(error::raise(py, Kind::Type, &message))
    };
    let items = object.items()?;
    let mut found = room(py, items.len())?;
    for item in items.iter().enumerate() {
        found.push(index(item)?);
    }
    Ok(found)
}
