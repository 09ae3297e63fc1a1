//! `m[...]`: elements, rows, parts; reading and overwriting.

use super::arguments::{indices, is_sequence, raise};
use super::data::{read, wrap, write};
use super::gather::apart;
use super::operand::{Handle, Input, with_output};
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::mapping_slots::Items;
use crate::ffi::{Object, PyResult, Python, Slice, Tuple, number};
use boc_matrix::{Error, Matrix, Select, Shape, Span};

/// What a key says of one axis.
enum Selector {
    One(isize),
    /// A slice: its parts, and whether it is `:`.
    Slice(isize, isize, isize),
    List(Vec<isize>),
}

/// All of an axis.
const ALL: Selector = Selector::Slice(0, isize::MAX, 1);

impl Selector {
    fn of(py: Python<'_>, object: &Object<'_>) -> PyResult<Selector> {
        if object.is_int() || object.is_index() {
            return Ok(Selector::One(object.to_index()?));
        }
        if let Some(slice) = object.as_slice() {
            let (start, stop, step) = slice.parts()?;
            return Ok(Selector::Slice(start, stop, step));
        }
        if object.is_list() {
            return Ok(Selector::List(indices(py, object)?));
        }
        let message = format!(
            "a Matrix is indexed by ints, slices and lists of ints, as m[i, j], m[1:3] or m[[0, 2]], not by a {}",
            object.class_name()
        );
        Err(error::raise(py, Kind::Type, &message))
    }

    fn select(&self, length: usize) -> Result<Select<'_>, Error> {
        Ok(match self {
            Selector::One(at) => Select::One(*at),
            Selector::Slice(start, stop, step) => Select::Span(span(*start, *stop, *step, length)?),
            Selector::List(list) => Select::List(list),
        })
    }
}

/// The positions of a slice.
pub(super) fn span(start: isize, stop: isize, step: isize, length: usize) -> Result<Span, Error> {
    Span::slice(Some(start), Some(stop), Some(step), length)
}

/// The positions of a slice object.
pub(super) fn span_of(py: Python<'_>, slice: &Slice<'_>, length: usize) -> PyResult<Span> {
    let (start, stop, step) = slice.parts()?;
    span(start, stop, step, length).map_err(|error| raise(py, error))
}

/// A key with two ints, the most frequent kind.
#[inline]
fn element(key: &Object<'_>) -> Option<(isize, isize)> {
    let pair = key.as_tuple()?;
    if pair.len() != 2 {
        return None;
    }
    let (row, column) = (pair.item(0).ok()?, pair.item(1).ok()?);
    let int = |object: &Object<'_>| isize::try_from(object.as_exact_int()?.to_i64()?).ok();
    Some((int(&row)?, int(&column)?))
}

/// The selectors of a key.
fn selectors(py: Python<'_>, key: &Object<'_>) -> PyResult<(Selector, Selector)> {
    let Some(pair) = key.as_tuple() else { return Ok((Selector::of(py, key)?, ALL)) };
    let item = |place| Selector::of(py, &*Tuple::item(pair, place)?);
    match pair.len() {
        2 => {
            let (rows, columns) = (item(0)?, item(1)?);
            let of_list = |object: &Object<'_>, other: &Selector| match object.as_slice() {
                Some(slice) => Ok(!matches!(other, Selector::List(_)) || slice.is_whole()?),
                None => Ok(true),
            };
            if !of_list(&*pair.item(0)?, &columns)? || !of_list(&*pair.item(1)?, &rows)? {
                let message = "a list of indices goes with all of the other axis: m[rows, :] or m[:, columns]; for other parts \
                               use take()";
                return Err(error::raise(py, Kind::Index, message));
            }
            Ok((rows, columns))
        }
        others => {
            let message = format!("a Matrix has two axes, a row and a column; this key has {others} parts");
            Err(error::raise(py, Kind::Index, &message))
        }
    }
}

impl Items for Handle {
    fn length(py: Python<'_>, this: &Instance<'_, Self>) -> PyResult<usize> {
        read::<_, Error>(py, this.value(), |matrix| Ok(matrix.rows()))
    }

    #[inline]
    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>> {
        if let Some((row, column)) = element(key) {
            return number::float(py, read(py, this.value(), |matrix| matrix.get(row, column))?);
        }
        part(py, this, key)
    }

    fn nth<'py>(py: Python<'py>, this: &Instance<'py, Self>, place: isize) -> PyResult<Object<'py>> {
        row(py, this, place)
    }

    fn set_item<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        key: &Object<'py>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(error::raise(py, Kind::Type, "elements of a Matrix cannot be deleted"));
        };
        if let Some((row, column)) = element(key)
            && (value.is_float() || value.is_int())
        {
            let number = value.to_f64()?;
            return write(py, this.value(), |matrix| matrix.set(row, column, number));
        }
        assign(py, this, key, value)
    }
}

/// A row by number: a matrix, or its only element.
fn row<'py>(py: Python<'py>, this: &Instance<'py, Handle>, place: isize) -> PyResult<Object<'py>> {
    enum Row {
        Element(f64),
        Elements(Matrix),
    }
    let row = read(py, this.value(), |matrix| match matrix.columns() {
        1 => matrix.get(place, 0).map(Row::Element),
        columns => matrix.select(Select::One(place), Select::Span(Span::all(columns))).map(Row::Elements),
    })?;
    match row {
        Row::Element(number) => number::float(py, number),
        Row::Elements(matrix) => wrap(py, matrix),
    }
}

fn part<'py>(py: Python<'py>, this: &Instance<'py, Handle>, key: &Object<'py>) -> PyResult<Object<'py>> {
    let (rows, columns) = selectors(py, key)?;
    if let (Selector::One(place), false) = (&rows, key.is_tuple()) {
        return row(py, this, *place);
    }
    if let (Selector::One(row), Selector::One(column)) = (&rows, &columns) {
        return number::float(py, read(py, this.value(), |matrix| matrix.get(*row, *column))?);
    }
    let part = read(py, this.value(), |matrix| {
        matrix.select(rows.select(matrix.rows())?, columns.select(matrix.columns())?)
    })?;
    wrap(py, part)
}

fn assign<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    key: &Object<'py>,
    value: &Object<'py>,
) -> PyResult<()> {
    let (rows, columns) = selectors(py, key)?;
    let given = Input::needed(py, value, "what is assigned")?;
    let given = apart(py, this.value(), given)?;
    let flat = is_sequence(value);
    with_output(py, this.value(), [&given], |matrix, [operand]| {
        let (rows, columns) = (rows.select(matrix.rows())?, columns.select(matrix.columns())?);
        // A list fills a column, too.
        if flat
            && let boc_matrix::Operand::Values(values, _) = operand
            && width(columns) == 1
            && values.len() > 1
        {
            let column = boc_matrix::Operand::values(values, Shape::new(values.len(), 1)?)?;
            return matrix.assign(rows, columns, column);
        }
        matrix.assign(rows, columns, operand)
    })
}

/// How many columns are selected.
fn width(columns: Select<'_>) -> usize {
    match columns {
        Select::One(_) => 1,
        Select::Span(span) => span.len(),
        Select::List(list) => list.len(),
    }
}
