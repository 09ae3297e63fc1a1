//! Arrays of records: one block of memory that moves by reference, like a single record.

use super::classes::{self, class_of, shape_of};
use super::column;
use super::element;
use super::handle::{self, Record};
use super::shape::{Shape, shape_of_number};
use crate::ffi::args::Args;
use crate::ffi::block::Data;
use crate::ffi::buffer_slots::{Keeper, Lends, Lent};
use crate::ffi::class::{Class, Comparison, Instance, Native, Referable};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::mapping_slots::Items;
use crate::ffi::method::{self, Function, Method, MethodDef, Property, PropertyDef};
use crate::ffi::ownership::{Kept, Ownable, Owned};
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::PerInterpreter;
use crate::transport::by_reference::{self, ByReference, Kind};
use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The data of an array: its records are the bytes behind this.
pub(crate) struct Records {
    shape: u32,
    /// How many there are.
    pub(super) length: usize,
    /// How many buffers of its memory are in use.
    lent: AtomicUsize,
}

/// The value of a handle.
pub(crate) type Array = Owned<Records>;

pub(crate) static KIND: Kind = Kind::of::<Records>();
static CLASS: PerInterpreter<Class<Array>> = PerInterpreter::to_be_filled();

const LENT: &str = "a buffer of this RecordArray is in use, such as a memoryview or a NumPy array over its memory: let go of \
                    that first (release() it, or del every array), or use a copy()";

impl Records {
    pub(super) fn shape(&self) -> &'static Shape {
        shape_of_number(self.shape as usize).expect("its shape was there when it was made")
    }

    /// Where a record is among the bytes.
    #[inline]
    pub(super) fn place(&self, index: usize) -> std::ops::Range<usize> {
        let size = self.shape().size;
        index * size..(index + 1) * size
    }
}

impl Data for Records {
    type Kind = Kind;
    const KIND: &'static Kind = &KIND;

    fn bytes(&self) -> usize {
        // Checked when it is made.
        self.length * self.shape().size
    }
}

impl Ownable for Records {
    fn class(&self) -> Cow<'static, str> {
        format!("RecordArray of {}", self.shape().name).into()
    }
}

impl ByReference for Records {
    type Handle = Array;
    const CLASS: &'static PerInterpreter<Class<Array>> = &CLASS;

    fn size(&self) -> usize {
        self.bytes()
    }

    fn copy(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<Array> {
        let copy = new(py, self.shape(), self.length)?;
        copy.with_mut(py, |_, place| place.copy_from_slice(bytes))?;
        Ok(copy)
    }

    fn may_move(&self, py: Python<'_>) -> PyResult<()> {
        match self.is_held() {
            true => Err(error::raise(py, Error::Runtime, LENT)),
            false => Ok(()),
        }
    }

    fn is_held(&self) -> bool {
        self.lent.load(Ordering::Acquire) > 0
    }

    fn prepare(object: &Object<'_>) -> PyResult<()> {
        let py = object.py();
        let Some(array) = Self::of(object) else { return Ok(()) };
        let shape = array.with(py, |records, _| records.shape())?;
        classes::prepare(&class_of(py, shape)?, shape)
    }
}

/// A new array of zeros.
pub(super) fn new(py: Python<'_>, shape: &'static Shape, length: usize) -> PyResult<Array> {
    let bytes = length.checked_mul(shape.size).filter(|bytes| *bytes <= isize::MAX as usize / 2);
    if bytes.is_none() {
        let message =
            format!("an array of {length} records of {} bytes is larger than memory can be", shape.size);
        return Err(error::raise(py, Error::Memory, &message));
    }
    Owned::try_new(py, Records { shape: shape.number as u32, length, lent: AtomicUsize::new(0) })
}

/// The array that an object is.
pub(super) fn array_of<'a>(object: &'a Object<'_>) -> Option<&'a Array> {
    Records::of(object)
}

impl Native for Array {
    const NAME: &'static CStr = c"bocpy.RecordArray";
    const DOC: &'static CStr = doc!(RECORDARRAY);
    const SLOTS: &'static [Slots<Self>] = &[Slots::items(), Slots::buffer(), Slots::unhashable()];
    const COMPARES: bool = true;
    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Copy>(),
            method::method::<ShallowCopy>(),
            method::method::<DeepCopy>(),
            method::method::<Column>(),
            method::method::<ToList>(),
            method::method::<Reduce>(),
            method::method::<SizeOf>(),
            method::class_method::<Self, ClassGetItem>(),
        ]
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        vec![method::property::<RecordClass>()]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        let message = "a RecordArray is made by the class of its records, as in Quote.array(1000)";
        Err(error::raise(py, Error::Type, message))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let found = this.value().with(py, |records, _| (records.shape(), records.length));
        match found {
            Ok((shape, length)) => text::string(py, &format!("<RecordArray of {length} {}>", shape.name)),
            Err(raised) => handle::useless(py, raised, || "RecordArray".into()),
        }
    }

    fn compare_with<'py>(
        this: &Instance<'py, Self>,
        other: &Object<'py>,
        comparison: Comparison,
    ) -> PyResult<Option<Object<'py>>> {
        let py = this.py();
        let Some(other) = array_of(other) else { return Ok(None) };
        let Some(wants) = comparison.of_equals() else { return Ok(None) };
        if std::ptr::eq(this.value(), other) {
            let equal = this.value().with(py, are_equal_to_themselves)?;
            return Ok(Some(number::boolean(py, equal == wants)));
        }
        // Not both at once: another thread may compare them the other way round.
        let copy = other.with(py, |records, bytes| records.copy(py, bytes))??;
        let equal = this.value().with(py, |records, bytes| {
            copy.with(py, |others, other| {
                let shape = records.shape();
                shape.is_like(others.shape()) && bytes.len() == other.len() && {
                    let mut both = bytes.chunks_exact(shape.size).zip(other.chunks_exact(shape.size));
                    both.all(|(one, other)| handle::are_equal(shape, one, other))
                }
            })
        })??;
        Ok(Some(number::boolean(py, equal == wants)))
    }
}

fn are_equal_to_themselves(records: &Records, bytes: &[u8]) -> bool {
    let shape = records.shape();
    bytes.chunks_exact(shape.size).all(|record| handle::are_equal(shape, record, record))
}

impl Items for Array {
    fn length(py: Python<'_>, this: &Instance<'_, Self>) -> PyResult<usize> {
        this.value().with(py, |records, _| records.length)
    }

    fn item<'py>(py: Python<'py>, this: &Instance<'py, Self>, key: &Object<'py>) -> PyResult<Object<'py>> {
        if let Some(slice) = key.as_slice() {
            let (start, stop, step) = slice.parts()?;
            let (shape, length) = this.value().with(py, |records, _| (records.shape(), records.length))?;
            let chosen = indices(length, start, stop, step);
            let copy = new(py, shape, chosen.len())?;
            this.value().with(py, |records, bytes| {
                copy.with_mut(py, |_, place| {
                    for (record, index) in place.chunks_exact_mut(shape.size).zip(chosen) {
                        record.copy_from_slice(&bytes[records.place(index)]);
                    }
                })
            })??;
            return Records::wrap(py, copy);
        }
        let length = Self::length(py, this)?;
        element::new(this, index_of(py, key, length)?)
    }

    fn nth<'py>(py: Python<'py>, this: &Instance<'py, Self>, place: isize) -> PyResult<Object<'py>> {
        match usize::try_from(place)
            .ok()
            .filter(|place| Self::length(py, this).is_ok_and(|length| *place < length))
        {
            Some(place) => element::new(this, place),
            None => {
                // If it could not be asked how many there are, that is the error.
                this.value().with(py, |_, _| ())?;
                Err(error::raise(py, Error::Index, "there are no more records in this array"))
            }
        }
    }

    fn set_item<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        key: &Object<'py>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(error::raise(
                py,
                Error::Type,
                "an array of records keeps its length: nothing can be deleted",
            ));
        };
        if key.is_slice() {
            let message = "records are assigned one by one, a[i] = record; columns, by a buffer such as a NumPy array over them";
            return Err(error::raise(py, Error::Type, message));
        }
        let (shape, length) = this.value().with(py, |records, _| (records.shape(), records.length))?;
        let index = index_of(py, key, length)?;
        let Some((its, bytes)) = bytes_of(py, value)?.filter(|(its, _)| its.is_like(shape)) else {
            let message = format!(
                "an array of {} takes records of that class, not '{}'",
                shape.name,
                value.class_name()
            );
            return Err(error::raise(py, Error::Type, &message));
        };
        let _ = its;
        this.value().with_mut(py, |records, place| place[records.place(index)].copy_from_slice(&bytes))
    }
}

/// A copy of the bytes of a record, or of an element of an array. `None`: it is neither.
fn bytes_of(py: Python<'_>, object: &Object<'_>) -> PyResult<Option<(&'static Shape, Vec<u8>)>> {
    if let Some(record) = Record::of(object) {
        return record.with(py, |record, bytes| Some((record.shape(), bytes.to_vec())));
    }
    element::bytes_of(py, object)
}

/// Which of so many a key means.
pub(super) fn index_of(py: Python<'_>, key: &Object<'_>, length: usize) -> PyResult<usize> {
    let int = match key.is_int_like() {
        true => key.clone(),
        false => number::index(key).map_err(|raised| {
            if !error::is(py, Error::Type) {
                return raised;
            }
            let message = format!("an index is an int or a slice, not '{}'", key.class_name());
            error::clear(py);
            error::raise(py, Error::Type, &message)
        })?,
    };
    let index = int.as_int().and_then(|int| int.to_i64()).map(|index| match index < 0 {
        true => index.saturating_add_unsigned(length as u64),
        false => index,
    });
    let index = index.and_then(|index| usize::try_from(index).ok()).filter(|index| *index < length);
    index.ok_or_else(|| {
        let shown = int.repr().ok().and_then(|text| text.to_str().map(str::to_owned)).unwrap_or_default();
        error::clear(py);
        error::raise(py, Error::Index, &format!("there is no record {shown}: this array has {length}"))
    })
}

/// The indices that a slice means.
pub(super) fn indices(length: usize, start: isize, stop: isize, step: isize) -> Vec<usize> {
    let length = length as isize;
    let from_end = |place: isize| if place < 0 { place.saturating_add(length) } else { place };
    let (mut place, stop) = match step > 0 {
        true => (from_end(start).clamp(0, length), from_end(stop).clamp(0, length)),
        false => (from_end(start).clamp(-1, length - 1), from_end(stop).clamp(-1, length - 1)),
    };
    let mut chosen = Vec::new();
    while if step > 0 { place < stop } else { place > stop } {
        chosen.push(place as usize);
        place = place.saturating_add(step);
    }
    chosen
}

/// Memory that is in use.
struct InUse {
    kept: Kept<Records>,
    offset: usize,
}

impl Keeper for InUse {
    fn start(&self) -> *mut u8 {
        self.kept.start().wrapping_add(self.offset)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.kept.with(|records| records.lent.fetch_sub(1, Ordering::Release));
    }
}

/// Lends the memory of an array, or a field of its records.
pub(super) fn lend(
    py: Python<'_>,
    array: &Array,
    writes: bool,
    (offset, format, item): (usize, CString, usize),
) -> PyResult<Lent> {
    let (kept, may_write) = array.keep(py)?;
    let (shape, length) = array.with(py, |records, _| (records.shape(), records.length))?;
    let writable = may_write && !shape.options.frozen;
    if writes && !writable {
        let why = match may_write {
            true => "its records are frozen",
            false => "it is shared by the readers of a cown",
        };
        let message =
            format!("this RecordArray can only be read: {why}. Ask for a read-only buffer, or take a copy()");
        return Err(error::raise(py, Error::Buffer, &message));
    }
    array.with(py, |records, _| records.lent.fetch_add(1, Ordering::Relaxed))?;
    let keeper = Box::new(InUse { kept, offset });
    Ok(Lent {
        keeper,
        format: format.into(),
        item,
        dimensions: [(length, shape.size)].into_iter().collect(),
        writable,
    })
}

impl Lends for Array {
    fn lend(py: Python<'_>, this: &Instance<'_, Self>, writes: bool) -> PyResult<Lent> {
        let shape = this.value().with(py, |records, _| records.shape())?;
        let format = CString::new(shape.buffer_format()).unwrap_or_default();
        lend(py, this.value(), writes, (0, format, shape.size))
    }
}

macro_rules! copies {
    ($($method:ident, $name:literal, $doc:expr;)+) => {
        $(
            struct $method;

            impl Method for $method {
                type Of = Array;
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = $doc;
                fn call<'py>(py: Python<'py>, this: &Instance<'py, Array>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
                    let copy = this.value().with(py, |records, bytes| records.copy(py, bytes))??;
                    Records::wrap(py, copy)
                }
            }
        )+
    };
}

copies! {
    Copy, c"copy", doc!("copy($self, /)", RECORDARRAY_COPY);
    ShallowCopy, c"__copy__", c"__copy__($self, /)\n--\n\nFor copy.copy().";
    DeepCopy, c"__deepcopy__", c"__deepcopy__($self, memo, /)\n--\n\nFor copy.deepcopy().";
}

struct Column;

impl Method for Column {
    type Of = Array;
    const NAME: &'static CStr = c"column";
    const DOC: &'static CStr = doc!("column($self, name, /)", RECORDARRAY_COLUMN);
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Array>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(name)] = args.bind("column", ["name"], 1)? else {
            return Err(error::raise(py, Error::Type, "column() takes the name of a field"));
        };
        let shape = this.value().with(py, |records, _| records.shape())?;
        let Some(place) = name.to_str().and_then(|name| shape.place_of(name)) else {
            let names: Vec<_> = shape.fields.iter().map(|field| &*field.name).collect();
            let shown = name.repr()?;
            let message = format!(
                "{} has no field {}: its fields are {}",
                shape.name,
                shown.to_str().unwrap_or("?"),
                names.join(", ")
            );
            return Err(error::raise_with(py, Error::Key, &text::string(py, &message)?));
        };
        column::new(this, shape, place)
    }
}

struct ToList;

impl Method for ToList {
    type Of = Array;
    const NAME: &'static CStr = c"tolist";
    const DOC: &'static CStr = doc!("tolist($self, /)", RECORDARRAY_TOLIST);
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Array>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let (shape, length) = this.value().with(py, |records, _| (records.shape(), records.length))?;
        let mut list = Vec::new();
        for index in 0..length {
            let record = this
                .value()
                .with(py, |records, bytes| handle::new(py, shape, &bytes[records.place(index)]))??;
            list.push(Record::wrap(py, record)?);
        }
        Ok(List::new(py, list)?.into())
    }
}

struct RecordClass;

impl Property for RecordClass {
    type Of = Array;
    const NAME: &'static CStr = c"record";
    const DOC: &'static CStr = doc!(RECORDARRAY_RECORD);
    fn get<'py>(py: Python<'py>, this: &Instance<'py, Array>) -> PyResult<Object<'py>> {
        class_of(py, this.value().with(py, |records, _| records.shape())?)
    }
}

struct SizeOf;

impl Method for SizeOf {
    type Of = Array;
    const NAME: &'static CStr = c"__sizeof__";
    const DOC: &'static CStr = c"__sizeof__($self, /)\n--\n\nFor sys.getsizeof(): the handle and its data.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Array>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let bytes = this.value().with(py, |records, _| records.bytes());
        if bytes.is_err() {
            error::clear(py);
        }
        number::uint(py, (size_of::<crate::ffi::class::Layout<Array>>() + bytes.unwrap_or(0)) as u64)
    }
}

struct ClassGetItem;

impl Function for ClassGetItem {
    const NAME: &'static CStr = c"__class_getitem__";
    const DOC: &'static CStr =
        c"__class_getitem__($type, item, /)\n--\n\nFor annotations: RecordArray[Quote].";
    fn call<'py>(_: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        crate::ffi::class::generic_alias(class, "RecordArray", args)
    }
}

struct Reduce;

impl Method for Reduce {
    type Of = Array;
    const NAME: &'static CStr = c"__reduce__";
    const DOC: &'static CStr = c"__reduce__($self, /)\n--\n\nFor pickle.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Array>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let Some(moved) = by_reference::reduce(this)? {
            return Ok(moved);
        }
        let shape = this.value().with(py, |records, _| records.shape())?;
        let revive = class_of(py, shape)?.getattr(c"_revive_array")?;
        let bytes = this.value().with(py, |_, bytes| text::bytes(py, bytes))??;
        let parts = vec![text::string(py, &format_for_pickle(shape))?, bytes];
        Ok(Tuple::new(py, vec![revive, Tuple::new(py, parts)?.into()])?.into())
    }
}

/// What the bytes of a pickled array are.
fn format_for_pickle(shape: &Shape) -> String {
    let order = if cfg!(target_endian = "little") { '<' } else { '>' };
    format!("{order}{}", shape.buffer_format())
}

/// `_revive_array(format, bytes)`: an array that was pickled.
pub(super) struct Revive;

impl Function for Revive {
    const NAME: &'static CStr = c"_revive_array";
    const DOC: &'static CStr = c"An array that was pickled.";
    fn call<'py>(py: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let (shape, [format, bytes]) = match (shape_of(class), args.positional()) {
            (Some(shape), [format, bytes]) => (shape, [format, bytes]),
            _ => return Err(error::raise(py, Error::Type, "_revive_array() takes a format and bytes")),
        };
        let expected = format_for_pickle(shape);
        let data = bytes.to_bytes().unwrap_or_default();
        if format.to_str() != Some(&expected) || data.len() % shape.size != 0 {
            let message = format!(
                "a pickled array of {} had the fields {}, and its class has the fields {expected} now",
                shape.name,
                format.to_str().unwrap_or("?")
            );
            return Err(error::raise(py, Error::Type, &message));
        }
        let array = new(py, shape, data.len() / shape.size)?;
        array.with_mut(py, |_, place| place.copy_from_slice(data))?;
        classes::register_if_new(class, shape)?;
        Records::wrap(py, array)
    }
}

/// `Class.array(...)`.
pub(super) struct Make;

impl Function for Make {
    const NAME: &'static CStr = c"array";
    const DOC: &'static CStr = doc!("array($type, content, /)", RECORD_ARRAY);
    fn call<'py>(py: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(content)] = args.bind("array", ["content"], 1)? else {
            return Err(error::raise(py, Error::Type, "array() takes a number of records, or records"));
        };
        let Some(shape) = shape_of(class) else {
            return Err(error::raise(py, Error::Type, "array() is for classes made by @record"));
        };
        classes::register_if_new(class, shape)?;
        if content.is_int_like() && !content.is_bool() {
            let length =
                content.as_int().and_then(|int| int.to_i64()).and_then(|int| usize::try_from(int).ok());
            let Some(length) = length else {
                let shown = content.repr()?;
                let message = format!(
                    "an array has a number of records from 0 on, not {}",
                    shown.to_str().unwrap_or("?")
                );
                return Err(error::raise(py, Error::Value, &message));
            };
            let array = new(py, shape, length)?;
            if shape.blank.iter().any(|byte| *byte != 0) {
                array.with_mut(py, |_, place| {
                    place
                        .chunks_exact_mut(shape.size)
                        .for_each(|record| record.copy_from_slice(&shape.blank));
                })?;
            }
            return Records::wrap(py, array);
        }
        let items = match content.items() {
            Ok(items) => items,
            Err(raised) if error::is(py, Error::Type) => {
                let _ = raised;
                error::clear(py);
                let message = format!(
                    "array() takes a number of records, or records, not an object of type '{}'",
                    content.class_name()
                );
                return Err(error::raise(py, Error::Type, &message));
            }
            Err(raised) => return Err(raised),
        };
        let array = new(py, shape, items.len())?;
        for (index, item) in items.iter().enumerate() {
            let Some((_, bytes)) = bytes_of(py, item)?.filter(|(its, _)| its.is_like(shape)) else {
                let message = format!(
                    "an array of {} takes records of that class: item {index} is of type '{}'",
                    shape.name,
                    item.class_name()
                );
                return Err(error::raise(py, Error::Type, &message));
            };
            array.with_mut(py, |records, place| place[records.place(index)].copy_from_slice(&bytes))?;
        }
        Records::wrap(py, array)
    }
}
