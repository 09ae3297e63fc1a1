//! The class `Matrix`: what its parts are, and the few methods that belong nowhere else.

use super::arguments::flag;
use super::data::{CLASS, MatrixData, Refused, read, wrap, write, write_whole};
use super::operand::Handle;
use super::{
    arithmetic, blocks, comparisons, construct, elementwise, gather, iterator, pickling, random, reductions,
    repr, vectors, view, view_class,
};
use crate::ffi::class::{Class, Comparison, Instance, Native, Referable};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{MethodDef, PropertyDef};
use crate::ffi::slots::Slots;
use crate::ffi::text_slots::Text;
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::State;
use boc_matrix::{Error, Reduction, Shape};
use std::ffi::CStr;

/// Makes the other classes that belong to matrices, for a new interpreter.
pub(crate) fn set_up(py: Python<'_>, module: &Object<'_>, state: &State) -> PyResult<()> {
    view::set_up(py, module, state)?;
    view_class::set_up(py, module, state)?;
    iterator::set_up(py, module, state)
}

impl Native for Handle {
    const NAME: &'static CStr = c"bocpy.Matrix";
    const DOC: &'static CStr = doc!("Matrix(rows, columns, values=None)", MATRIX);
    const SLOTS: &'static [Slots<Self>] =
        &[Slots::numbers(), Slots::items(), Slots::unhashable(), Slots::buffer(), Slots::text()];
    const COMPARES: bool = true;
    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        let groups = [
            methods(),
            arithmetic::methods(),
            arithmetic::class_methods(),
            elementwise::methods(),
            comparisons::class_methods(),
            reductions::methods(),
            vectors::methods(),
            gather::methods(),
            view::methods(),
            construct::class_methods(),
            random::class_methods(),
            pickling::methods(),
            blocks::methods(),
            blocks::class_methods(),
        ];
        groups.into_iter().flatten().collect()
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        [properties(), components(), view::properties()].into_iter().flatten().collect()
    }

    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, kwargs: Option<&Dict<'py>>) -> PyResult<Self> {
        Handle::try_new(py, MatrixData::new(construct::create(py, args, kwargs)?))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        // An object that can be shown no more says so, too: tracebacks and debuggers show objects.
        let shown = this.value().read(py, |data| data.get().map(repr::constructor));
        match shown {
            Ok(Ok(shown)) => text::string(py, &shown),
            Ok(Err(_)) => text::string(py, "<Matrix, its rows handed out>"),
            Err(_) => {
                error::clear(py);
                text::string(py, "<Matrix, moved away>")
            }
        }
    }

    fn compare_with<'py>(
        this: &Instance<'py, Self>,
        other: &Object<'py>,
        comparison: Comparison,
    ) -> PyResult<Option<Object<'py>>> {
        comparisons::compare(this, other, comparison)
    }

    fn class(py: Python<'_>) -> Option<&Class<Self>> {
        State::try_get(py).map(|state| CLASS.of(state))
    }
}

impl Text for Handle {
    fn text<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let table = read::<_, Refused>(py, this.value(), |matrix| Ok(repr::table(matrix, "")))?;
        text::string(py, &table)
    }
}

/// `(rows, columns)`.
pub(super) fn shape_object(py: Python<'_>, shape: Shape) -> PyResult<Object<'_>> {
    let count = |count: usize| number::uint(py, count as u64);
    Ok(Tuple::new(py, vec![count(shape.rows())?, count(shape.columns())?])?.into())
}

fn shape_of(py: Python<'_>, this: &Instance<'_, Handle>) -> PyResult<Shape> {
    read::<_, Error>(py, this.value(), |matrix| Ok(matrix.shape()))
}

fn transpose<'py>(py: Python<'py>, this: &Instance<'py, Handle>, in_place: bool) -> PyResult<Object<'py>> {
    if in_place {
        write_whole(py, this.value(), |matrix| matrix.transpose_in_place())?;
        return Ok((**this).clone());
    }
    wrap(py, read(py, this.value(), |matrix| matrix.transpose())?)
}

fn get_component<'py>(py: Python<'py>, this: &Instance<'py, Handle>, place: usize) -> PyResult<Object<'py>> {
    let found = read(py, this.value(), |matrix| match matrix.as_slice().get(place) {
        Some(&value) => Ok(value),
        None => Err(no_component(place, matrix.len())),
    })?;
    number::float(py, found)
}

fn no_component(place: usize, length: usize) -> Error {
    Error::Index { what: "element", index: place as isize, length }
}

fn set_component(
    py: Python<'_>,
    this: &Instance<'_, Handle>,
    place: usize,
    value: Option<&Object<'_>>,
) -> PyResult<()> {
    let Some(value) = value else {
        return Err(error::raise(py, Kind::Type, "elements of a Matrix cannot be deleted"));
    };
    let value = super::arguments::number(py, value, "an element of a Matrix")?;
    write(py, this.value(), |matrix| {
        let length = matrix.len();
        *matrix.as_mut_slice().get_mut(place).ok_or(no_component(place, length))? = value;
        Ok::<_, Error>(())
    })
}

methods! { Handle;
    Transpose, c"transpose", doc!("transpose($self, /, in_place=False)", MATRIX_TRANSPOSE), |py, this, args| {
        let [in_place] = args.bind("transpose", ["in_place"], 1)?;
        transpose(py, this, flag(in_place)?)
    };
    TransposeInPlace, c"transpose_in_place", doc!("transpose_in_place($self, /)", MATRIX_TRANSPOSE_IN_PLACE),
    |py, this, args| {
        args.bind("transpose_in_place", [], 0)?;
        transpose(py, this, true)?;
        Ok(py.none())
    };
}

properties! { Handle;
    Rows, c"rows", doc!(MATRIX_ROWS), |py, this| number::uint(py, shape_of(py, this)?.rows() as u64);
    Columns, c"columns", doc!(MATRIX_COLUMNS), |py, this| number::uint(py, shape_of(py, this)?.columns() as u64);
    Size, c"size", doc!(MATRIX_SIZE), |py, this| number::uint(py, shape_of(py, this)?.size() as u64);
    ShapeProperty, c"shape", doc!(MATRIX_SHAPE), |py, this| shape_object(py, shape_of(py, this)?);
    Transposed, c"T", doc!(MATRIX_T), |py, this| transpose(py, this, false);
    Length, c"length", doc!(MATRIX_LENGTH), |py, this| {
        let length = read::<_, Error>(py, this.value(), |matrix| Ok(matrix.reduce(Reduction::Magnitude)))?;
        number::float(py, length)
    };
    Acquired, c"acquired", doc!(MATRIX_ACQUIRED), |py, this| {
        let usable = this.value().read(py, |data| data.get().is_ok()).unwrap_or_else(|_| {
            error::clear(py);
            false
        });
        Ok(number::boolean(py, usable))
    };
    ArrayPriority, c"__array_priority__", c"Has NumPy leave its operators to those of Matrix.",
    |py, _this| number::float(py, 1000.0);
}

components! { Handle; get_component, set_component;
    X, c"x", 0, doc!(MATRIX_X);
    Y, c"y", 1, doc!(MATRIX_Y);
    Z, c"z", 2, doc!(MATRIX_Z);
    W, c"w", 3, doc!(MATRIX_W);
}
