//! Arithmetic: operators, and the methods that do the same.

use super::arguments::{flag, given, needed, raise};
use super::data::{CLASS, MatrixData, read, wrap, write, write_whole};
use super::operand::{Handle, Input, output, with_matrices, with_operands, with_output};
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance};
use crate::ffi::error::{self, Kind};
use crate::ffi::number_slots::{Numbers, Operator};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::State;
use crate::transport::by_reference::ByReference;
use boc_matrix::{Binary, Error, Matrix, Operand, Ternary, Unary};

impl Operator {
    /// What it is element by element.
    fn binary(self) -> Option<Binary> {
        match self {
            Operator::Add => Some(Binary::Add),
            Operator::Subtract => Some(Binary::Subtract),
            Operator::Multiply => Some(Binary::Multiply),
            Operator::Divide => Some(Binary::Divide),
            Operator::MatrixMultiply => None,
        }
    }
}

impl Numbers for Handle {
    #[inline]
    fn operate<'py>(
        py: Python<'py>,
        operator: Operator,
        left: &Object<'py>,
        right: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        operate(py, operator, left, right)
    }

    fn operate_in_place<'py>(
        py: Python<'py>,
        operator: Operator,
        this: &Instance<'py, Self>,
        other: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        let Some(other) = operand(py, operator, other)? else { return Ok(py.not_implemented()) };
        match operator.binary() {
            Some(binary) => with_output(py, this.value(), [&other], |matrix, [other]| {
                matrix.assign_binary(binary, Operand::Output, other)
            })?,
            None => {
                let product = multiply(py, &Input::Object(this.value()), &other)?;
                write_whole(py, this.value(), |matrix| replace(matrix, product))?;
            }
        }
        Ok((**this).clone())
    }

    fn negative<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        wrap(py, read(py, this.value(), |matrix| matrix.unary(Unary::Negate))?)
    }

    fn absolute<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        wrap(py, read(py, this.value(), |matrix| matrix.unary(Unary::Abs))?)
    }
}

/// A product takes the place of the left factor, whose shape the name is bound to had.
fn replace(matrix: &mut Matrix, product: Matrix) -> Result<(), Error> {
    if matrix.shape() != product.shape() {
        return Err(Error::Output { operation: "@=", needed: product.shape(), given: matrix.shape() });
    }
    *matrix = product;
    Ok(())
}

/// `left operator right`, for matrices and views.
#[inline]
pub(super) fn operate<'py>(
    py: Python<'py>,
    operator: Operator,
    left: &Object<'py>,
    right: &Object<'py>,
) -> PyResult<Object<'py>> {
    if let Some(binary) = operator.binary()
        && let Some(result) = simple(py, binary, left, right)
    {
        return wrap(py, result);
    }
    operate_on_any(py, operator, left, right)
}

/// The most frequent operands: matrices that these objects own, and floats. `None` for others, and where something is wrong.
/// It takes as long as to sort out which operands there are, for small matrices.
#[inline]
fn simple(py: Python<'_>, operation: Binary, left: &Object<'_>, right: &Object<'_>) -> Option<Matrix> {
    let state = State::get(py);
    let handle = |object| Class::find_exact(object, || CLASS.of(state));
    let number = |object: &Object<'_>| if object.is_float() { object.to_f64().ok() } else { None };
    match (handle(left), handle(right)) {
        (Some(left), Some(right)) => left.glance(py, |left, _| {
            right.glance(py, |right, _| Matrix::binary(operation, left.get().ok()?, right.get().ok()?).ok())
        }),
        (Some(left), None) => {
            let right = number(right)?;
            left.glance(py, |left, _| Matrix::binary(operation, left.get().ok()?, right).ok())
        }
        (None, Some(right)) => {
            let left = number(left)?;
            right.glance(py, |right, _| Matrix::binary(operation, left, right.get().ok()?).ok())
        }
        (None, None) => None,
    }
}

fn operate_on_any<'py>(
    py: Python<'py>,
    operator: Operator,
    left: &Object<'py>,
    right: &Object<'py>,
) -> PyResult<Object<'py>> {
    let Some(left) = operand(py, operator, left)? else { return Ok(py.not_implemented()) };
    let Some(right) = operand(py, operator, right)? else { return Ok(py.not_implemented()) };
    let result = match operator.binary() {
        Some(binary) => {
            with_operands(py, [&left, &right], |[left, right]| Matrix::binary(binary, left, right))?
        }
        None => multiply(py, &left, &right)?,
    };
    wrap(py, result)
}

/// An operand. There are no products of matrices and numbers.
#[inline]
fn operand<'a>(py: Python<'_>, operator: Operator, object: &'a Object<'_>) -> PyResult<Option<Input<'a>>> {
    let input = Input::of(py, object)?;
    Ok(input.filter(|input| operator != Operator::MatrixMultiply || !matches!(input, Input::Number(_))))
}

/// The product of matrices.
fn multiply(py: Python<'_>, left: &Input<'_>, right: &Input<'_>) -> PyResult<Matrix> {
    with_matrices(py, left, right, Matrix::matmul)
}

/// An operation on this matrix and another operand: as a new matrix, or written to `out`.
pub(super) fn binary<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    operation: Binary,
) -> PyResult<Object<'py>> {
    let (other, out) = match args.positional() {
        [other] if args.are_positional() => (other, None),
        _ => {
            // `other` cannot be given by name: it would hide that the operands are alike.
            let [other, out] = args.bind(operation.name(), ["other", "out"], 1)?;
            (needed(py, operation.name(), "other", other)?, given(out))
        }
    };
    let other = Input::needed(py, other, "other")?;
    let this = Input::Object(this.value());
    match (out, output(py, out)?) {
        (Some(object), Some(out)) => {
            with_output(py, out, [&this, &other], |out, [left, right]| {
                out.assign_binary(operation, left, right)
            })?;
            Ok(object.clone())
        }
        _ => wrap(
            py,
            with_operands(py, [&this, &other], |[left, right]| Matrix::binary(operation, left, right))?,
        ),
    }
}

macro_rules! binary_methods {
    ($($name:ident $operation:ident $python:literal $doc:expr;)*) => {
        methods! { Handle;
            $($name, $python, $doc, |py, this, args| binary(py, this, &args, Binary::$operation);)*

            Fma, c"fma", doc!("fma($self, b, c, /, in_place=False)", MATRIX_FMA),
            |py, this, args| ternary(py, this, &args, Ternary::MultiplyAdd);
            ScaledAdd, c"scaled_add", doc!("scaled_add($self, s, x, /, in_place=False)", MATRIX_SCALED_ADD),
            |py, this, args| ternary(py, this, &args, Ternary::ScaledAdd);
        }
    };
}

binary_methods! {
    Add Add c"add" doc!("add($self, other, /, *, out=None)", MATRIX_ADD);
    Subtract Subtract c"subtract" doc!("subtract($self, other, /, *, out=None)", MATRIX_SUBTRACT);
    Multiply Multiply c"multiply" doc!("multiply($self, other, /, *, out=None)", MATRIX_MULTIPLY);
    Divide Divide c"divide" doc!("divide($self, other, /, *, out=None)", MATRIX_DIVIDE);
    Less Less c"less" doc!("less($self, other, /, *, out=None)", MATRIX_LESS);
    LessEqual LessEqual c"less_equal" doc!("less_equal($self, other, /, *, out=None)", MATRIX_LESS_EQUAL);
    Greater Greater c"greater" doc!("greater($self, other, /, *, out=None)", MATRIX_GREATER);
    GreaterEqual GreaterEqual c"greater_equal" doc!("greater_equal($self, other, /, *, out=None)", MATRIX_GREATER_EQUAL);
    Equal Equal c"equal" doc!("equal($self, other, /, *, out=None)", MATRIX_EQUAL);
    NotEqual NotEqual c"not_equal" doc!("not_equal($self, other, /, *, out=None)", MATRIX_NOT_EQUAL);
}

/// `fma` and `scaled_add`.
fn ternary<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    operation: Ternary,
) -> PyResult<Object<'py>> {
    let (name, names) = match operation {
        Ternary::MultiplyAdd => ("fma", ["b", "c", "in_place"]),
        _ => ("scaled_add", ["s", "x", "in_place"]),
    };
    let [second, third, in_place] = args.bind(name, names, 3)?;
    let second = Input::matrix(py, needed(py, name, names[0], second)?, names[0], true)?;
    let scaled = operation == Ternary::ScaledAdd;
    let third = Input::matrix(py, needed(py, name, names[1], third)?, names[1], !scaled)?;
    let handle = this.value();
    let shape = read::<_, Error>(py, handle, |matrix| Ok(matrix.shape()))?;
    for (input, exactly) in [(&second, false), (&third, scaled)] {
        let Some(given) = input.shape(py)? else { continue };
        if if exactly { given != shape } else { given.broadcast(shape) != Some(shape) } {
            return Err(raise(py, Error::Shapes { operation: name, left: shape, right: given }));
        }
    }
    if flag(in_place)? {
        with_output(py, handle, [&second, &third], |out, [second, third]| {
            out.assign_ternary(operation, Operand::Output, second, third)
        })?;
        return Ok((**this).clone());
    }
    let first = Input::Object(handle);
    wrap(py, with_operands(py, [&first, &second, &third], |[a, b, c]| Matrix::ternary(operation, a, b, c))?)
}

class_methods! { Handle;
    Where, c"where", doc!("where($type, mask, a, b, *, out=None)", MATRIX_WHERE),
    |py, args| choose(py, &args);
}

/// `where`.
fn choose<'py>(py: Python<'py>, args: &Args<'_, 'py>) -> PyResult<Object<'py>> {
    let [mask, a, b, out] = args.bind("where", ["mask", "a", "b", "out"], 3)?;
    let mask = needed(py, "where", "mask", mask)?;
    let Some(handle) = MatrixData::of(mask) else {
        let message = format!("the mask has to be a Matrix, not a {}", mask.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    let a = Input::needed(py, needed(py, "where", "a", a)?, "a")?;
    let b = Input::needed(py, needed(py, "where", "b", b)?, "b")?;
    let mask = Input::Object(handle);
    let shape = read::<_, Error>(py, handle, |matrix| Ok(matrix.shape()))?;
    for input in [&a, &b] {
        if let Some(given) = input.shape(py)?
            && given != shape
        {
            let message = format!(
                "where: the mask is {shape}, a choice is {given}; it has to be of the same shape, or a number"
            );
            return Err(error::raise(py, Kind::Value, &message));
        }
    }
    let out_object = given(out);
    match (out_object, output(py, out)?) {
        (Some(object), Some(out)) => {
            with_output(py, out, [&mask, &a, &b], |out, [mask, a, b]| {
                out.assign_ternary(Ternary::Where, mask, a, b)
            })?;
            Ok(object.clone())
        }
        _ => wrap(
            py,
            with_operands(py, [&mask, &a, &b], |[mask, a, b]| Matrix::ternary(Ternary::Where, mask, a, b))?,
        ),
    }
}

/// Writes to a matrix object in place what an operation gives. See [`write`].
pub(super) fn in_place<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    f: impl FnOnce(&mut Matrix) -> Result<(), Error>,
) -> PyResult<Object<'py>> {
    write(py, this.value(), f)?;
    Ok((**this).clone())
}
