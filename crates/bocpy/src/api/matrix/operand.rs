//! Operands: made of Python objects, and looked at together.
//!
//! An object can be several operands of one operation, and its output. Here, and only here, that is seen to.

use super::arguments::{is_sequence, numbers, raise};
use super::data::{MatrixData, Refused, read};
use super::view;
use crate::ffi::buffer_slots::Numbers;
use crate::ffi::error::{self, Kind};
use crate::ffi::ownership::Owned;
use crate::ffi::together;
use crate::ffi::{Object, PyResult, Python, Raised};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Error, Matrix, Operand, Shape};
use std::ptr;

pub(super) type Handle = Owned<MatrixData>;

/// An operand.
pub(super) enum Input<'a> {
    Number(f64),
    /// The matrix of an object.
    Object(&'a Handle),
    /// A matrix made for this: of a list, or of a view.
    Made(Matrix),
}

impl<'a> Input<'a> {
    /// What an object is as an operand: a matrix, a view, a number, a list or tuple of numbers, or memory with numbers in it.
    /// `None` where it is nothing of that kind.
    #[inline]
    pub(super) fn of(py: Python<'_>, object: &'a Object<'_>) -> PyResult<Option<Input<'a>>> {
        if object.is_float() || object.is_int() {
            return object.to_f64().map(|number| Some(Input::Number(number)));
        }
        if let Some(handle) = MatrixData::of(object) {
            return Ok(Some(Input::Object(handle)));
        }
        Input::of_other(py, object)
    }

    #[cold]
    fn of_other(py: Python<'_>, object: &Object<'_>) -> PyResult<Option<Input<'a>>> {
        if let Some(copy) = view::copy_of(py, object)? {
            return Ok(Some(Input::Made(copy)));
        }
        if is_sequence(object) {
            return numbers(py, object, None).map(|row| Some(Input::Made(row)));
        }
        // Numbers of other types before memory: those of NumPy lend some.
        if object.is_float_like() || object.is_int_like() {
            return object.to_f64().map(|number| Some(Input::Number(number)));
        }
        if object.is_bytes() || object.is_str() {
            return Ok(None);
        }
        if let Some(table) = table_of(py, object)? {
            return Ok(Some(Input::Made(table)));
        }
        if object.is_real_like() {
            return object.to_f64().map(|number| Some(Input::Number(number)));
        }
        Ok(None)
    }

    /// The same. Raises where it is nothing of that kind; `what` names the operand.
    pub(super) fn needed(py: Python<'_>, object: &'a Object<'_>, what: &str) -> PyResult<Input<'a>> {
        match Input::of(py, object)? {
            Some(input) => Ok(input),
            None => {
                let message = format!(
                    "{what} has to be a Matrix, a MatrixView, a number, or a list or tuple of numbers, not a {}",
                    object.class_name()
                );
                Err(error::raise(py, Kind::Type, &message))
            }
        }
    }

    /// A matrix or a view; numbers, too, if `or_number` is set.
    pub(super) fn matrix(
        py: Python<'_>,
        object: &'a Object<'_>,
        what: &str,
        or_number: bool,
    ) -> PyResult<Input<'a>> {
        if let Some(handle) = MatrixData::of(object) {
            return Ok(Input::Object(handle));
        }
        if let Some(copy) = view::copy_of(py, object)? {
            return Ok(Input::Made(copy));
        }
        if or_number {
            if !object.is_real_like() {
                let message = format!("{what} has to be a Matrix or a number, not a {}", object.class_name());
                return Err(error::raise(py, Kind::Type, &message));
            }
            return object.to_f64().map(Input::Number);
        }
        let message = format!("{what} has to be a Matrix, not a {}", object.class_name());
        Err(error::raise(py, Kind::Type, &message))
    }

    fn is(&self, other: &Input<'_>) -> bool {
        matches!((self, other), (Input::Object(one), Input::Object(other)) if ptr::eq(*one, *other))
    }

    fn is_output(&self, output: &Handle) -> bool {
        matches!(self, Input::Object(one) if ptr::eq(*one, output))
    }

    fn handle(&self) -> Option<&'a Handle> {
        match self {
            Input::Object(handle) => Some(handle),
            _ => None,
        }
    }

    /// The matrix; `data` is that of the object, if it is one.
    fn matrix_in<'x>(&'x self, data: Option<&'x MatrixData>) -> Result<&'x Matrix, Refused> {
        match self {
            Input::Made(matrix) => Ok(matrix),
            _ => data.ok_or(Refused::Empty)?.get(),
        }
    }

    /// The shape, of all but numbers.
    pub(super) fn shape(&self, py: Python<'_>) -> PyResult<Option<Shape>> {
        match self {
            Input::Number(_) => Ok(None),
            Input::Made(matrix) => Ok(Some(matrix.shape())),
            Input::Object(handle) => read::<_, Refused>(py, handle, |matrix| Ok(Some(matrix.shape()))),
        }
    }
}

/// The table in the memory that an object lends.
pub(super) fn table_of(py: Python<'_>, object: &Object<'_>) -> PyResult<Option<Matrix>> {
    let Some(numbers) = Numbers::of(object)? else { return Ok(None) };
    let (rows, columns) = numbers.shape();
    let shape = Shape::new(rows, columns).map_err(|error| raise(py, error))?;
    let mut matrix = Matrix::zeros(shape).map_err(|error| raise(py, error))?;
    numbers.copy_to(&mut matrix);
    Ok(Some(matrix))
}

/// The matrix object that a result is to be written to.
pub(super) fn output<'a>(py: Python<'_>, object: Option<&'a Object<'_>>) -> PyResult<Option<&'a Handle>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(None) };
    match MatrixData::of(object) {
        Some(handle) => Ok(Some(handle)),
        None => {
            let message = format!("out has to be a Matrix, not a {}", object.class_name());
            Err(error::raise(py, Kind::Type, &message))
        }
    }
}

/// Calls `f` with operands, each object read once. It must not run Python code.
pub(super) fn with_operands<R, const N: usize>(
    py: Python<'_>,
    inputs: [&Input<'_>; N],
    f: impl for<'x> FnOnce([Operand<'x>; N]) -> Result<R, Error>,
) -> PyResult<R> {
    if !cfg!(Py_GIL_DISABLED) {
        return step(py, inputs, None, [Operand::Number(0.0); N], 0, f);
    }
    let result = together::read(py, inputs.map(Input::handle), |found| -> Result<R, Refused> {
        Ok(f(operands(inputs, found)?)?)
    })?;
    result.map_err(|refused| raise(py, refused))
}

/// Calls `f` with an output to write to, and operands; those that are the output itself are `Operand::Output`. It must not run
/// Python code.
pub(super) fn with_output<R, const N: usize>(
    py: Python<'_>,
    output: &Handle,
    inputs: [&Input<'_>; N],
    f: impl for<'x> FnOnce(&mut Matrix, [Operand<'x>; N]) -> Result<R, Error>,
) -> PyResult<R> {
    if !cfg!(Py_GIL_DISABLED) {
        return step(py, inputs, Some(output), [Operand::Number(0.0); N], 0, |operands| {
            // In the innermost of the reads: none of the objects read is the output.
            Ok(super::data::write(py, output, |matrix| f(matrix, operands)))
        })?;
    }
    let reads = inputs.map(|input| input.handle().filter(|handle| !ptr::eq(*handle, output)));
    let result = together::write(py, reads, output, |found, data| -> Result<R, Refused> {
        Ok(f(data.get_mut()?, operands(inputs, found)?)?)
    })?;
    result.map_err(|refused| raise(py, refused))
}

/// The operands, with the data of those that are objects; an object without is the output.
fn operands<'x, const N: usize>(
    inputs: [&'x Input<'_>; N],
    found: [Option<&'x MatrixData>; N],
) -> Result<[Operand<'x>; N], Refused> {
    let mut operands = [Operand::Output; N];
    for (operand, (input, found)) in operands.iter_mut().zip(inputs.into_iter().zip(found)) {
        *operand = match (input, found) {
            (Input::Number(number), _) => Operand::Number(*number),
            (Input::Made(matrix), _) => matrix.into(),
            (Input::Object(_), Some(data)) => data.get()?.into(),
            (Input::Object(_), None) => Operand::Output,
        };
    }
    Ok(operands)
}

/// One read inside the other, where nothing has to be locked.
fn step<'x, R, const N: usize>(
    py: Python<'_>,
    inputs: [&Input<'_>; N],
    output: Option<&Handle>,
    mut found: [Operand<'x>; N],
    at: usize,
    f: impl for<'y> FnOnce([Operand<'y>; N]) -> Result<R, Error>,
) -> PyResult<R> {
    let Some(input) = inputs.get(at) else {
        return f(found).map_err(|error| raise(py, error));
    };
    if output.is_some_and(|output| input.is_output(output)) {
        found[at] = Operand::Output;
        return step(py, inputs, output, found, at + 1, f);
    }
    if let Some(before) = inputs[..at].iter().position(|before| before.is(input)) {
        found[at] = found[before];
        return step(py, inputs, output, found, at + 1, f);
    }
    match input {
        Input::Number(number) => {
            found[at] = Operand::Number(*number);
            step(py, inputs, output, found, at + 1, f)
        }
        Input::Made(matrix) => {
            let mut found: [Operand<'_>; N] = found;
            found[at] = matrix.into();
            step(py, inputs, output, found, at + 1, f)
        }
        Input::Object(handle) => handle.read(py, |data| {
            let mut found: [Operand<'_>; N] = found;
            found[at] = data.get().map_err(|refused| raise(py, refused))?.into();
            step(py, inputs, output, found, at + 1, f)
        })?,
    }
}

/// Calls `f` with a matrix, and another one to write to. It must not run Python code.
pub(super) fn from_to<R>(
    py: Python<'_>,
    from: &Handle,
    to: &Handle,
    f: impl FnOnce(&Matrix, &mut Matrix) -> Result<R, Error>,
) -> PyResult<R> {
    if !cfg!(Py_GIL_DISABLED) {
        return from.read(py, |data| match data.get() {
            Ok(from) => super::data::write(py, to, |to| f(from, to)),
            Err(refused) => Err(raise(py, refused)),
        })?;
    }
    let result = together::write(py, [Some(from)], to, |[from], to| -> Result<R, Refused> {
        let from = from.ok_or(Refused::Empty)?;
        Ok(f(from.get()?, to.get_mut()?)?)
    })?;
    result.map_err(|refused| raise(py, refused))
}

/// Calls `f` with two matrices, each of them read once. It must not run Python code. Raises where one is a number.
pub(super) fn with_matrices<R>(
    py: Python<'_>,
    left: &Input<'_>,
    right: &Input<'_>,
    f: impl FnOnce(&Matrix, &Matrix) -> Result<R, Error>,
) -> PyResult<R> {
    if cfg!(Py_GIL_DISABLED) {
        return with_matrices_locked(py, left, right, f);
    }
    let same = left.is(right);
    let with_left = |left: &Matrix| match right {
        Input::Object(_) if same => f(left, left).map_err(|error| raise(py, error)),
        Input::Object(right) => read(py, right, |right| f(left, right)),
        Input::Made(right) => f(left, right).map_err(|error| raise(py, error)),
        Input::Number(_) => Err(no_number(py)),
    };
    match left {
        Input::Object(left) => left.read(py, |data| match data.get() {
            Ok(left) => with_left(left),
            Err(refused) => Err(raise(py, refused)),
        })?,
        Input::Made(left) => with_left(left),
        Input::Number(_) => Err(no_number(py)),
    }
}

fn with_matrices_locked<R>(
    py: Python<'_>,
    left: &Input<'_>,
    right: &Input<'_>,
    f: impl FnOnce(&Matrix, &Matrix) -> Result<R, Error>,
) -> PyResult<R> {
    if matches!(left, Input::Number(_)) || matches!(right, Input::Number(_)) {
        return Err(no_number(py));
    }
    let result = together::read(py, [left.handle(), right.handle()], |[one, other]| -> Result<R, Refused> {
        Ok(f(left.matrix_in(one)?, right.matrix_in(other)?)?)
    })?;
    result.map_err(|refused| raise(py, refused))
}

fn no_number(py: Python<'_>) -> Raised {
    error::raise(py, Kind::Type, "both operands have to be matrices, not numbers")
}
