//! One field of all records in an array.

use super::array::{self, Array, Records, array_of, index_of, indices};
use super::format::Format;
use super::shape::{Field, Shape};
use crate::ffi::args::Args;
use crate::ffi::buffer_slots::{Lends, Lent};
use crate::ffi::class::{Class, Instance, Native};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::linked::Linked;
use crate::ffi::mapping_slots::Items;
use crate::ffi::method::{self, Method, MethodDef};
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::{PerInterpreter, State};
use std::cmp::Ordering;
use std::ffi::{CStr, CString};

/// Which field it is. The array is linked.
pub(crate) struct Column {
    shape: &'static Shape,
    place: usize,
}

static CLASS: PerInterpreter<Class<Column>> = PerInterpreter::to_be_filled();

pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    CLASS.fill(state, Class::new(py, module)?);
    Ok(())
}

pub(super) fn new<'py>(array: &Object<'py>, shape: &'static Shape, place: usize) -> PyResult<Object<'py>> {
    CLASS.here(array.py()).linked_instance(array.py(), Column { shape, place }, array.clone())
}

impl Column {
    fn field(&self) -> &'static Field {
        &self.shape.fields[self.place]
    }
}

fn array<'a>(py: Python<'_>, this: &'a Instance<'_, Column>) -> PyResult<&'a Array> {
    this.linked()
        .and_then(array_of)
        .ok_or_else(|| error::raise(py, Error::Runtime, "this column has no array any more"))
}

/// Calls `f` with the values of the column, as bytes.
fn with_values<R>(
    py: Python<'_>,
    this: &Instance<'_, Column>,
    f: impl FnOnce(&mut dyn ExactSizeIterator<Item = &[u8]>) -> R,
) -> PyResult<R> {
    let field = this.value().field();
    array(py, this)?.with(py, |records, bytes| {
        f(&mut bytes.chunks_exact(records.shape().size).map(|record| field.of(record)))
    })
}

impl Native for Column {
    const NAME: &'static CStr = c"bocpy._core.RecordColumn";
    const DOC: &'static CStr = c"One field of all records in an array.";
    const SLOTS: &'static [Slots<Self>] = &[Slots::items(), Slots::buffer(), Slots::unhashable()];
    type Extra = Linked;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Sum>(),
            method::method::<Mean>(),
            method::method::<Min>(),
            method::method::<Max>(),
            method::method::<Fill>(),
            method::method::<ToList>(),
            method::method::<Reduce>(),
        ]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Error::Type, "a column is made by an array, as in a.column(\"bid\")"))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let column = this.value();
        let length = match array(py, this)?.with(py, |records, _| records.length) {
            Ok(length) => format!(" of {length} records"),
            Err(_) => {
                error::clear(py);
                " of an array that has been moved".into()
            }
        };
        text::string(py, &format!("<column '{}' of {}{length}>", column.field().name, column.shape.name))
    }
}

impl Items for Column {
    fn length(py: Python<'_>, this: &Instance<'_, Self>) -> PyResult<usize> {
        array(py, this)?.with(py, |records, _| records.length)
    }

    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>> {
        let length = Self::length(py, this)?;
        if let Some(slice) = key.as_slice() {
            let (start, stop, step) = slice.parts()?;
            let items: PyResult<Vec<_>> =
                indices(length, start, stop, step).into_iter().map(|index| value(py, this, index)).collect();
            return Ok(List::new(py, items?)?.into());
        }
        value(py, this, index_of(py, key, length)?)
    }

    fn nth<'py>(py: Python<'py>, this: &Instance<'py, Self>, place: isize) -> PyResult<Object<'py>> {
        let length = Self::length(py, this)?;
        match usize::try_from(place).ok().filter(|place| *place < length) {
            Some(place) => value(py, this, place),
            None => Err(error::raise(py, Error::Index, "there are no more values in this column")),
        }
    }

    fn set_item<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        key: &Object<'py>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        if key.is_slice() {
            let message = "values of a column are assigned one by one, or by fill(), or by a buffer such as a NumPy array over it";
            return Err(error::raise(py, Error::Type, message));
        }
        let index = index_of(py, key, Self::length(py, this)?)?;
        let column = this.value();
        let raw = super::handle::value_for(py, column.shape, column.field(), value)?;
        array(py, this)?.with_mut(py, |records, bytes| {
            raw.store(column.field().of_mut(&mut bytes[records.place(index)]));
        })
    }
}

fn value<'py>(py: Python<'py>, this: &Instance<'py, Column>, index: usize) -> PyResult<Object<'py>> {
    let field = this.value().field();
    array(py, this)?
        .with(py, |records, bytes| field.format.open(py, field.of(&bytes[records.place(index)])))?
}

impl Lends for Column {
    fn lend(py: Python<'_>, this: &Instance<'_, Self>, writes: bool) -> PyResult<Lent> {
        let field = this.value().field();
        let format = CString::new(field.format.buffer_code()).unwrap_or_default();
        array::lend(py, array(py, this)?, writes, (field.offset, format, field.format.size()))
    }
}

/// Refuses what only numbers have.
fn check_number(py: Python<'_>, this: &Instance<'_, Column>, method: &str) -> PyResult<()> {
    let column = this.value();
    if matches!(column.field().format, Format::Bytes(_)) {
        let message =
            format!("{method}() is for numbers, and the field '{}' holds bytes", column.field().name);
        return Err(error::raise(py, Error::Type, &message));
    }
    Ok(())
}

/// A sum as exact as the numbers allow: ints as they are, floats in blocks, as their order does not matter.
enum Total {
    Int(i128),
    Float(f64),
    Complex(f64, f64),
}

fn total(py: Python<'_>, this: &Instance<'_, Column>) -> PyResult<Total> {
    let column = this.value();
    let field = column.field();
    array(py, this)?.with(py, |records, bytes| match field.format {
        Format::Float(8) => Total::Float(sum_of_doubles(records, field, bytes)),
        Format::Float(_) => Total::Float(pairwise(
            &|index| field.format.float(value_at(records, field, bytes, index)),
            0,
            records.length,
        )),
        Format::Complex(size) => {
            let part = |place: usize| {
                let part = move |index| {
                    let both = value_at(records, field, bytes, index);
                    Format::Float(size)
                        .float(&both[place * usize::from(size)..(place + 1) * usize::from(size)])
                };
                pairwise(&part, 0, records.length)
            };
            Total::Complex(part(0), part(1))
        }
        format => {
            let values = (0..records.length).map(|index| format.int(value_at(records, field, bytes, index)));
            Total::Int(values.sum())
        }
    })
}

#[inline]
fn value_at<'a>(records: &Records, field: &Field, bytes: &'a [u8], index: usize) -> &'a [u8] {
    field.of(&bytes[records.place(index)])
}

/// The doubles of a column. `size`: bytes of a record.
fn doubles<'a>(bytes: &'a [u8], size: usize, offset: usize) -> impl ExactSizeIterator<Item = f64> + 'a {
    bytes.chunks_exact(size).map(move |record| {
        record.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0.0, |word| f64::from_ne_bytes(*word))
    })
}

/// Eight sums side by side for each 1024 values, and those in pairs: the error grows with the logarithm of their number.
fn sum_of_doubles(records: &Records, field: &Field, bytes: &[u8]) -> f64 {
    let size = records.shape().size;
    let blocks: Vec<f64> = bytes
        .chunks(1024 * size)
        .map(|block| {
            let mut sums = [0.0; 8];
            let eights = block.chunks_exact(8 * size);
            let rest: f64 = doubles(eights.remainder(), size, field.offset).sum();
            if size == size_of::<f64>() {
                // Nothing between them: these are vectors of the processor.
                let (words, _) = block[..block.len() - eights.remainder().len()].as_chunks::<64>();
                for eight in words {
                    let (eight, _) = eight.as_chunks::<8>();
                    for (sum, word) in sums.iter_mut().zip(eight) {
                        *sum += f64::from_ne_bytes(*word);
                    }
                }
            } else {
                for eight in eights {
                    for (sum, value) in sums.iter_mut().zip(doubles(eight, size, field.offset)) {
                        *sum += value;
                    }
                }
            }
            let [a, b, c, d, e, f, g, h] = sums;
            ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
        })
        .collect();
    pairwise(&|index| blocks[index], 0, blocks.len())
}

/// The smallest or the greatest double; the first NaN, if there is one.
fn extreme_of_doubles(mut values: impl Iterator<Item = f64>, wanted: Ordering) -> Option<f64> {
    let mut best = values.next()?;
    for value in values {
        let is_better = if wanted == Ordering::Less { value < best } else { value > best };
        // A NaN stays.
        if is_better || (value.is_nan() && !best.is_nan()) {
            best = value;
        }
    }
    Some(best)
}

/// The sum of `value(start)` to `value(end - 1)`, in pairs.
fn pairwise(value: &dyn Fn(usize) -> f64, start: usize, end: usize) -> f64 {
    if end - start <= 64 {
        return (start..end).map(value).sum();
    }
    let middle = start.midpoint(end);
    pairwise(value, start, middle) + pairwise(value, middle, end)
}

/// An int of 128 bits as an object.
fn int(py: Python<'_>, value: i128) -> PyResult<Object<'_>> {
    match i64::try_from(value) {
        Ok(value) => number::int(py, value),
        Err(_) => {
            let text =
                CString::new(format!("{}{:x}", if value < 0 { "-" } else { "" }, value.unsigned_abs()));
            number::from_hex(py, &text.unwrap_or_default())
        }
    }
}

struct Sum;

impl Method for Sum {
    type Of = Column;
    const NAME: &'static CStr = c"sum";
    const DOC: &'static CStr =
        c"sum($self, /)\n--\n\nThe sum of all values; 0 where there are none. Ints of any size, floats by pairwise summation.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        check_number(py, this, "sum")?;
        match total(py, this)? {
            Total::Int(sum) => int(py, sum),
            Total::Float(sum) => number::float(py, sum),
            Total::Complex(real, imaginary) => number::complex(py, real, imaginary),
        }
    }
}

struct Mean;

impl Method for Mean {
    type Of = Column;
    const NAME: &'static CStr = c"mean";
    const DOC: &'static CStr =
        c"mean($self, /)\n--\n\nThe mean of all values. Raises ValueError where there are none.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        check_number(py, this, "mean")?;
        let length = Column::length(py, this)?;
        if length == 0 {
            return Err(empty(py, "mean"));
        }
        let count = length as f64;
        match total(py, this)? {
            Total::Int(sum) => number::float(py, sum as f64 / count),
            Total::Float(sum) => number::float(py, sum / count),
            Total::Complex(real, imaginary) => number::complex(py, real / count, imaginary / count),
        }
    }
}

fn empty(py: Python<'_>, method: &str) -> error::Raised {
    error::raise(
        py,
        Error::Value,
        &format!("{method}() of a column without values: the array has no records"),
    )
}

/// The smallest or the greatest value. If one is NaN, it is that.
fn extreme<'py>(
    py: Python<'py>,
    this: &Instance<'py, Column>,
    method: &str,
    wanted: Ordering,
) -> PyResult<Object<'py>> {
    check_number(py, this, method)?;
    let format = this.value().field().format;
    if let Format::Complex(_) = format {
        return Err(error::raise(py, Error::Type, &format!("{method}(): complex numbers have no order")));
    }
    if format == Format::Float(8) {
        let offset = this.value().field().offset;
        let found = array(py, this)?.with(py, |records, bytes| {
            extreme_of_doubles(doubles(bytes, records.shape().size, offset), wanted)
        })?;
        return found.map_or_else(|| Err(empty(py, method)), |found| number::float(py, found));
    }
    let found = with_values(py, this, |values| {
        let mut best: Option<&[u8]> = None;
        for value in values {
            let Some(so_far) = best else {
                best = Some(value);
                continue;
            };
            match format.compare(value, so_far) {
                Some(order) if order == wanted => best = Some(value),
                Some(_) => {}
                None => {
                    // One of them is NaN.
                    best = Some(if format.compare(so_far, so_far).is_none() { so_far } else { value });
                    break;
                }
            }
        }
        best.map(|best| format.open(py, best))
    })?;
    found.unwrap_or_else(|| Err(empty(py, method)))
}

struct Min;

impl Method for Min {
    type Of = Column;
    const NAME: &'static CStr = c"min";
    const DOC: &'static CStr =
        c"min($self, /)\n--\n\nThe smallest value; NaN if one is NaN. Raises ValueError where there are none.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        extreme(py, this, "min", Ordering::Less)
    }
}

struct Max;

impl Method for Max {
    type Of = Column;
    const NAME: &'static CStr = c"max";
    const DOC: &'static CStr =
        c"max($self, /)\n--\n\nThe greatest value; NaN if one is NaN. Raises ValueError where there are none.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        extreme(py, this, "max", Ordering::Greater)
    }
}

struct Fill;

impl Method for Fill {
    type Of = Column;
    const NAME: &'static CStr = c"fill";
    const DOC: &'static CStr = c"fill($self, value, /)\n--\n\nGives this field of all records that value.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Column>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let [Some(value)] = args.bind("fill", ["value"], 1)? else {
            return Err(error::raise(py, Error::Type, "fill() takes a value"));
        };
        let column = this.value();
        let raw = super::handle::value_for(py, column.shape, column.field(), Some(value))?;
        array(py, this)?.with_mut(py, |records, bytes| {
            let size = records.shape().size;
            bytes.chunks_exact_mut(size).for_each(|record| raw.store(column.field().of_mut(record)));
        })?;
        Ok(py.none())
    }
}

struct ToList;

impl Method for ToList {
    type Of = Column;
    const NAME: &'static CStr = c"tolist";
    const DOC: &'static CStr = c"tolist($self, /)\n--\n\nThe values as a list.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let format = this.value().field().format;
        let items: PyResult<Vec<_>> =
            with_values(py, this, |values| values.map(|value| format.open(py, value)).collect())?;
        Ok(List::new(py, items?)?.into())
    }
}

struct Reduce;

impl Method for Reduce {
    type Of = Column;
    const NAME: &'static CStr = c"__reduce__";
    const DOC: &'static CStr = c"__reduce__($self, /)\n--\n\nRefused: a column is a part of its array.";
    fn call<'py>(py: Python<'py>, _: &Instance<'py, Column>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let message = "a column of an array of records cannot be sent or pickled: it is a part of the array. Send the array, or \
                       tolist()";
        Err(error::raise(py, Error::Type, message))
    }
}
