//! The class `MatrixView`.

use super::arguments::{is_sequence, number as real, raise};
use super::arithmetic::operate;
use super::data::{read, wrap, write};
use super::indexing::span_of;
use super::iterator::{self, Over};
use super::operand::{Input, with_output};
use super::repr;
use super::view::{View, base, copy, make};
use crate::ffi::class::{Class, Instance, Native};
use crate::ffi::error::{self, Kind};
use crate::ffi::linked::Linked;
use crate::ffi::mapping_slots::Items;
use crate::ffi::method::{MethodDef, PropertyDef};
use crate::ffi::number_slots::{Numbers, Operator};
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::{PerInterpreter, State};
use boc_matrix::{Error, Matrix, Operand, Orientation, Unary, Window};
use std::ffi::CStr;

pub(super) static VIEW: PerInterpreter<Class<View>> = PerInterpreter::to_be_filled();

/// Makes the class for a new interpreter.
pub(super) fn set_up(py: Python<'_>, module: &Object<'_>, state: &State) -> PyResult<()> {
    VIEW.fill(state, Class::new(py, module)?);
    Ok(())
}

/// Puts the class into the module.
pub(crate) fn publish(py: Python<'_>, module: &Object<'_>, state: &State) -> PyResult<()> {
    module.setattr(c"MatrixView", &VIEW.of(state).as_object(py))
}

impl Native for View {
    const NAME: &'static CStr = c"bocpy.MatrixView";
    const DOC: &'static CStr = doc!(MATRIXVIEW);
    const SLOTS: &'static [Slots<Self>] = &[Slots::numbers(), Slots::items()];
    type Extra = Linked;

    fn methods() -> Vec<MethodDef<Self>> {
        methods()
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        let mut all = properties();
        all.extend(components());
        all
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        let message = "a MatrixView is made by a Matrix: m.row_view(i), m.column_view(j) or m.view[i]";
        Err(error::raise(py, Kind::Type, message))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let elements = copy(py, this)?;
        text::string(py, &format!("MatrixView({})", repr::table(&elements, "           ")))
    }

    fn class(py: Python<'_>) -> Option<&Class<Self>> {
        State::try_get(py).map(|state| VIEW.of(state))
    }
}

impl Numbers for View {
    fn operate<'py>(
        py: Python<'py>,
        operator: Operator,
        left: &Object<'py>,
        right: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        operate(py, operator, left, right)
    }

    /// The elements stay as they are: the name is bound to a new matrix.
    fn operate_in_place<'py>(
        py: Python<'py>,
        operator: Operator,
        this: &Instance<'py, Self>,
        other: &Object<'py>,
    ) -> PyResult<Object<'py>> {
        operate(py, operator, this, other)
    }

    fn negative<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        unary(py, this, Unary::Negate)
    }

    fn absolute<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        unary(py, this, Unary::Abs)
    }
}

fn unary<'py>(py: Python<'py>, this: &Instance<'py, View>, operation: Unary) -> PyResult<Object<'py>> {
    let mut elements = copy(py, this)?;
    elements.unary_in_place(operation);
    wrap(py, elements)
}

/// The matrix is still there to be used.
fn check(py: Python<'_>, this: &Instance<'_, View>) -> PyResult<()> {
    let window = this.value().window;
    read(py, base(py, this)?, |matrix| window.of(matrix).map(|_| ()))
}

fn element<'py>(py: Python<'py>, this: &Instance<'py, View>, place: isize) -> PyResult<Object<'py>> {
    let window = this.value().window;
    number::float(py, read(py, base(py, this)?, |matrix| window.of(matrix)?.get(place))?)
}

fn set_element(py: Python<'_>, this: &Instance<'_, View>, place: isize, value: &Object<'_>) -> PyResult<()> {
    may_write(py, this)?;
    let value = real(py, value, "an element of a MatrixView")?;
    let window = this.value().window;
    write(py, base(py, this)?, |matrix| window.set(matrix, place, value))
}

fn may_write(py: Python<'_>, this: &Instance<'_, View>) -> PyResult<()> {
    if this.value().read_only {
        return Err(error::raise(py, Kind::Type, "this MatrixView is read-only"));
    }
    Ok(())
}

fn get_component<'py>(py: Python<'py>, this: &Instance<'py, View>, place: isize) -> PyResult<Object<'py>> {
    element(py, this, place)
}

fn set_component(
    py: Python<'_>,
    this: &Instance<'_, View>,
    place: isize,
    value: Option<&Object<'_>>,
) -> PyResult<()> {
    match value {
        Some(value) => set_element(py, this, place, value),
        None => Err(error::raise(py, Kind::Type, "elements of a MatrixView cannot be deleted")),
    }
}

impl Items for View {
    fn length(py: Python<'_>, this: &Instance<'_, Self>) -> PyResult<usize> {
        check(py, this)?;
        Ok(this.value().window.len())
    }

    #[inline]
    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>> {
        if key.is_index() {
            return element(py, this, key.to_index()?);
        }
        check(py, this)?;
        let View { window, read_only } = *this.value();
        let window = part(py, window, key)?;
        match this.linked() {
            Some(matrix) => make(py, matrix, View { window, read_only }),
            None => element(py, this, 0),
        }
    }

    fn nth<'py>(py: Python<'py>, this: &Instance<'py, Self>, place: isize) -> PyResult<Object<'py>> {
        element(py, this, place)
    }

    fn set_item<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        key: &Object<'py>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(error::raise(py, Kind::Type, "elements of a MatrixView cannot be deleted"));
        };
        if key.is_index() {
            return set_element(py, this, key.to_index()?, value);
        }
        may_write(py, this)?;
        let window = part(py, this.value().window, key)?;
        assign(py, this, window, value)
    }
}

/// The part of a view that a slice says.
fn part(py: Python<'_>, window: Window, key: &Object<'_>) -> PyResult<Window> {
    let Some(slice) = key.as_slice() else {
        let message = format!("a MatrixView is indexed by one int or slice, not by a {}", key.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    let span = span_of(py, slice, window.len())?;
    window.slice(span).map_err(|error| raise(py, error))
}

/// A number for all elements of a window, or as many as it has, however they lie.
fn assign(py: Python<'_>, this: &Instance<'_, View>, window: Window, value: &Object<'_>) -> PyResult<()> {
    let handle = base(py, this)?;
    let given = super::gather::apart(py, handle, Input::needed(py, value, "what is assigned")?)?;
    let exactly = is_sequence(value);
    with_output(py, handle, [&given], |matrix, [operand]| {
        let operand = match operand {
            Operand::Values(values, _) if values.len() == 1 && !exactly => Operand::Number(values[0]),
            Operand::Values(values, shape) => {
                if values.len() != window.len() {
                    let what =
                        format!("there are {} elements, and {} values for them", window.len(), values.len());
                    return Err(Error::Argument { operation: "assignment", what });
                }
                let is_line = shape.rows() == 1 || shape.columns() == 1;
                if !is_line {
                    let what = format!("a matrix of {shape} is no row or column");
                    return Err(Error::Argument { operation: "assignment", what });
                }
                Operand::values(values, window.view_shape())?
            }
            number => number,
        };
        window.assign(matrix, operand)
    })
}

methods! { View;
    Copy, c"copy", doc!("copy($self, /)", MATRIXVIEW_COPY),
    |py, this, args| {
        args.bind("copy", [], 0)?;
        wrap(py, copy(py, this)?)
    };
    Values, c"values", doc!("values($self, /)", MATRIXVIEW_VALUES),
    |py, this, args| {
        args.bind("values", [], 0)?;
        check(py, this)?;
        iterator::make(py, this, Over::Elements)
    };
    ToList, c"tolist", doc!("tolist($self, /)", MATRIXVIEW_TOLIST),
    |py, this, args| {
        args.bind("tolist", [], 0)?;
        let elements: Matrix = copy(py, this)?;
        Ok(List::fill(py, elements.iter().map(|&value| number::float(py, value)))?.into())
    };
    Reduce, c"__reduce__", doc!("__reduce__($self, /)", MATRIXVIEW_REDUCE),
    |py, _this, _args| {
        let message = "a MatrixView cannot be pickled or moved: it is a part of a Matrix. Send that, or a copy() of the view";
        Err(error::raise(py, Kind::Type, message))
    };
}

properties! { View;
    Rows, c"rows", doc!(MATRIXVIEW_ROWS), |py, this| {
        check(py, this)?;
        number::uint(py, this.value().window.view_shape().rows() as u64)
    };
    Columns, c"columns", doc!(MATRIXVIEW_COLUMNS), |py, this| {
        check(py, this)?;
        number::uint(py, this.value().window.view_shape().columns() as u64)
    };
    Size, c"size", doc!(MATRIXVIEW_SIZE), |py, this| {
        check(py, this)?;
        number::uint(py, this.value().window.len() as u64)
    };
    Shape, c"shape", doc!(MATRIXVIEW_SHAPE), |py, this| {
        check(py, this)?;
        super::class::shape_object(py, this.value().window.view_shape())
    };
    IsRow, c"is_row", doc!(MATRIXVIEW_IS_ROW),
    |py, this| Ok(number::boolean(py, this.value().window.orientation() == Orientation::Row));
    ReadOnly, c"read_only", doc!(MATRIXVIEW_READ_ONLY), |py, this| Ok(number::boolean(py, this.value().read_only));
    Transposed, c"T", doc!(MATRIXVIEW_T), |py, this| {
        check(py, this)?;
        let View { window, read_only } = *this.value();
        match this.linked() {
            Some(matrix) => make(py, matrix, View { window: window.transposed(), read_only }),
            None => Ok((**this).clone()),
        }
    };
}

components! { View; get_component, set_component;
    X, c"x", 0, doc!(MATRIXVIEW_X);
    Y, c"y", 1, doc!(MATRIXVIEW_Y);
    Z, c"z", 2, doc!(MATRIXVIEW_Z);
    W, c"w", 3, doc!(MATRIXVIEW_W);
}
