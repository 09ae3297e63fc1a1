//! What a view is, and how matrices make views.

use super::arguments::{flag, needed, raise};
use super::data::{MatrixData, read};
use super::indexing::span_of;
use super::iterator::{self, Over};
use super::operand::Handle;
use super::view_class::VIEW;
use crate::ffi::class::{Class, Instance, Just, Native};
use crate::ffi::error::{self, Kind};
use crate::ffi::linked::Linked;
use crate::ffi::mapping_slots::Items;
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, text};
use crate::interpreter::PerInterpreter;
use crate::transport::by_reference::ByReference;
use boc_matrix::{Error, Matrix, Orientation, Window};
use std::ffi::CStr;

/// The value of a `MatrixView` object, which is linked to the `Matrix` object that it is a view of.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) window: Window,
    pub(super) read_only: bool,
}

/// The handle of the matrix that a view is of.
pub(super) fn base<'a, 'py>(py: Python<'py>, view: &'a Instance<'py, View>) -> PyResult<&'a Handle> {
    match view.linked().and_then(MatrixData::of) {
        Some(handle) => Ok(handle),
        None => Err(error::raise(py, Kind::Runtime, "a MatrixView without a Matrix: a bug in bocpy")),
    }
}

/// A copy of the elements, if the object is a view.
pub(super) fn copy_of(py: Python<'_>, object: &Object<'_>) -> PyResult<Option<Matrix>> {
    match Class::find_exact_instance(object, || VIEW.here(py)) {
        Some(view) => copy(py, view).map(Some),
        None => Ok(None),
    }
}

/// A copy of the elements.
pub(super) fn copy<'py>(py: Python<'py>, view: &Instance<'py, View>) -> PyResult<Matrix> {
    let window = view.value().window;
    read(py, base(py, view)?, |matrix| window.of(matrix)?.to_matrix())
}

/// A new view of a matrix object.
pub(super) fn make<'py>(py: Python<'py>, matrix: &Object<'py>, view: View) -> PyResult<Object<'py>> {
    VIEW.here(py).linked_instance(py, view, matrix.clone())
}

/// The window of a row or column.
pub(super) fn line(
    py: Python<'_>,
    handle: &Handle,
    orientation: Orientation,
    place: isize,
) -> PyResult<Window> {
    read(py, handle, |matrix| match orientation {
        Orientation::Row => Window::row(matrix.shape(), place),
        Orientation::Column => Window::column(matrix.shape(), place),
    })
}

/// The part of a window that an int or a slice says.
fn narrowed(py: Python<'_>, window: Window, part: &Object<'_>) -> PyResult<Window> {
    if let Some(slice) = part.as_slice() {
        let span = span_of(py, slice, window.len())?;
        return window.slice(span).map_err(|error| raise(py, error));
    }
    if part.is_index() {
        return one(window, part.to_index()?).map_err(|error| raise(py, error));
    }
    let message = format!("a part of a row or column is an int or a slice, not a {}", part.class_name());
    Err(error::raise(py, Kind::Type, &message))
}

/// One element of a window.
fn one(window: Window, place: isize) -> Result<Window, Error> {
    let length = window.len();
    let at = if place < 0 { length.wrapping_add_signed(place) } else { place as usize };
    if at >= length {
        return Err(Error::Index { what: "element", index: place, length });
    }
    let at = at as isize;
    window.slice(super::indexing::span(at, at + 1, 1, length)?)
}

fn view_of<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    orientation: Orientation,
    place: &Object<'py>,
    part: Option<&Object<'py>>,
    read_only: bool,
) -> PyResult<Object<'py>> {
    if !place.is_index() {
        let message = format!("a row or column is an int, not a {}", place.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    let whole = line(py, this.value(), orientation, place.to_index()?)?;
    let window = match part {
        Some(part) if !part.is_none() => narrowed(py, whole, part)?,
        _ => whole,
    };
    make(py, this, View { window, read_only })
}

methods! { Handle;
    RowView, c"row_view", doc!("row_view($self, /, row, columns=None, *, read_only=False)", MATRIX_ROW_VIEW),
    |py, this, args| {
        let [row, columns, read_only] = args.bind("row_view", ["row", "columns", "read_only"], 2)?;
        let row = needed(py, "row_view", "row", row)?;
        view_of(py, this, Orientation::Row, row, columns, flag(read_only)?)
    };
    ColumnView, c"column_view", doc!("column_view($self, /, column, rows=None, *, read_only=False)", MATRIX_COLUMN_VIEW),
    |py, this, args| {
        let [column, rows, read_only] = args.bind("column_view", ["column", "rows", "read_only"], 2)?;
        let column = needed(py, "column_view", "column", column)?;
        view_of(py, this, Orientation::Column, column, rows, flag(read_only)?)
    };
    RowViews, c"row_views", doc!("row_views($self, /, *, read_only=False)", MATRIX_ROW_VIEWS),
    |py, this, args| {
        let [read_only] = args.bind("row_views", ["read_only"], 0)?;
        let read_only = flag(read_only)?;
        read::<_, Error>(py, this.value(), |_| Ok(()))?;
        iterator::make(py, this, Over::Lines(Orientation::Row, read_only))
    };
    ColumnViews, c"column_views", doc!("column_views($self, /, *, read_only=False)", MATRIX_COLUMN_VIEWS),
    |py, this, args| {
        let [read_only] = args.bind("column_views", ["read_only"], 0)?;
        let read_only = flag(read_only)?;
        read::<_, Error>(py, this.value(), |_| Ok(()))?;
        iterator::make(py, this, Over::Lines(Orientation::Column, read_only))
    };
    Values, c"values", doc!("values($self, /)", MATRIX_VALUES),
    |py, this, args| {
        args.bind("values", [], 0)?;
        read::<_, Error>(py, this.value(), |_| Ok(()))?;
        iterator::make(py, this, Over::Elements)
    };
}

properties! { Handle;
    MakeView, c"view", doc!(MATRIX_VIEW), |py, this| MAKER.here(py).linked_instance(py, Just(Maker), (**this).clone());
}

/// What `m.view` gives: views by index.
pub(super) struct Maker;

static MAKER: PerInterpreter<Class<Just<Maker>>> = PerInterpreter::to_be_filled();

/// Makes the class for a new interpreter.
pub(super) fn set_up(py: Python<'_>, module: &Object<'_>, state: &crate::interpreter::State) -> PyResult<()> {
    MAKER.fill(state, Class::new(py, module)?);
    Ok(())
}

impl Native for Just<Maker> {
    const NAME: &'static CStr = c"bocpy._core._ViewMaker";
    const DOC: &'static CStr = c"Makes views of a matrix by index.";
    const SLOTS: &'static [Slots<Self>] = &[Slots::items()];
    type Extra = Linked;

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "views are made by a Matrix: m.view[i]"))
    }

    fn repr<'py>(py: Python<'py>, _: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        text::string(py, "<views of a Matrix, by index>")
    }
}

impl Items for Just<Maker> {
    fn length(py: Python<'_>, _: &Instance<'_, Self>) -> PyResult<usize> {
        Err(error::raise(py, Kind::Type, "m.view has no length; it makes views: m.view[i]"))
    }

    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>> {
        let wrong = || {
            let message = "a view is one row or column: m.view[i], m.view[i, columns] or m.view[rows, j]; m[...] copies any part";
            error::raise(py, Kind::Type, message)
        };
        let Some((matrix, handle)) = this.linked().and_then(|matrix| Some((matrix, MatrixData::of(matrix)?)))
        else {
            return Err(wrong());
        };
        let view = |orientation, place: &Object<'py>, part: Option<&Object<'py>>| {
            let whole = line(py, handle, orientation, place.to_index()?)?;
            let window = part.map_or(Ok(whole), |part| narrowed(py, whole, part))?;
            make(py, matrix, View { window, read_only: false })
        };
        if key.is_index() {
            return view(Orientation::Row, key, None);
        }
        let Some(pair) = key.as_tuple().filter(|pair| pair.len() == 2) else { return Err(wrong()) };
        let (row, column) = (pair.item(0)?, pair.item(1)?);
        let is_part = |object: &Object<'_>| object.is_index() || object.is_slice();
        if row.is_index() && is_part(&column) {
            view(Orientation::Row, &row, Some(&column))
        } else if column.is_index() && is_part(&row) {
            view(Orientation::Column, &column, Some(&row))
        } else {
            Err(wrong())
        }
    }

    fn nth<'py>(py: Python<'py>, _: &Instance<'py, Self>, _: isize) -> PyResult<Object<'py>> {
        Err(error::raise(py, Kind::Type, "m.view cannot be iterated over; m.row_views() can"))
    }

    fn set_item<'py>(
        py: Python<'py>,
        _: &Instance<'py, Self>,
        _: &Object<'py>,
        _: Option<&Object<'py>>,
    ) -> PyResult<()> {
        Err(error::raise(py, Kind::Type, "assign to the elements of a view, m.view[i][:] = ..., or to m[i]"))
    }
}
