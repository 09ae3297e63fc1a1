//! Records: a handle of the data, that is an instance of a class made by `@record`.

use super::array;
use super::classes::{self, class_of};
use super::format::Raw;
use super::shape::{Field, Shape, shape_of_number};
use crate::ffi::args::Args;
use crate::ffi::block::Data;
use crate::ffi::class::{Bare, Class, Comparison, Instance, Native};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::fields::{Fields, Name, Slots};
use crate::ffi::method::{self, Function, Method, MethodDef};
use crate::ffi::ownership::{Ownable, Owned};
use crate::ffi::{Dict, Object, PyResult, Python, Raised, Tuple, number, text};
use crate::interpreter::PerInterpreter;
use crate::transport::by_reference::{self, ByReference, Kind};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::CStr;

/// The data of a record: its fields are the bytes behind this.
pub(crate) struct Record {
    /// The number of its shape: half as long as the shape's address.
    shape: u32,
}

impl Record {
    #[inline]
    pub(super) fn shape(&self) -> &'static Shape {
        shape_of_number(self.shape as usize).expect("its shape was there when it was made")
    }
}

/// The value of a handle.
pub(crate) type Handle = Owned<Record>;

pub(crate) static KIND: Kind = Kind::of::<Record>();
static CLASS: PerInterpreter<Class<Handle>> = PerInterpreter::to_be_filled();

impl Data for Record {
    type Kind = Kind;
    const KIND: &'static Kind = &KIND;

    #[inline]
    fn bytes(&self) -> usize {
        self.shape().size
    }
}

impl Ownable for Record {
    fn class(&self) -> Cow<'static, str> {
        Cow::Borrowed(&self.shape().name)
    }
}

impl ByReference for Record {
    type Handle = Handle;
    const CLASS: &'static PerInterpreter<Class<Handle>> = &CLASS;

    fn size(&self) -> usize {
        self.shape().size
    }

    fn copy(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<Handle> {
        new(py, self.shape(), bytes)
    }

    fn of<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
        Class::find_derived(object, || CLASS.here(object.py()))
    }

    fn prepare(object: &Object<'_>) -> PyResult<()> {
        let py = object.py();
        let Some(handle) = Self::of(object) else { return Ok(()) };
        let shape = handle.with(py, |record, _| record.shape())?;
        classes::prepare(&object.class(), shape)
    }

    fn wrap(py: Python<'_>, owned: Handle) -> PyResult<Object<'_>> {
        let shape = owned.with(py, |record, _| record.shape())?;
        let class = class_of(py, shape)?;
        CLASS.here(py).derived_instance(py, &class, owned)
    }
}

/// A new record with these bytes.
pub(super) fn new(py: Python<'_>, shape: &'static Shape, bytes: &[u8]) -> PyResult<Handle> {
    let handle = Owned::try_new(py, Record { shape: shape.number as u32 })?;
    handle.with_mut(py, |_, record| record.copy_from_slice(bytes))?;
    Ok(handle)
}

impl Native for Handle {
    const NAME: &'static CStr = c"bocpy._core.Record";
    const DOC: &'static CStr = doc!(RECORD);
    const OPEN: bool = true;
    type Extra = Bare;

    const FIELDS: Option<Slots> = Some(Slots::of::<Self>());
    const COMPARES: bool = true;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Copy>(),
            method::method::<ShallowCopy>(),
            method::method::<DeepCopy>(),
            method::method::<Replace>(),
            method::method::<ReplaceForCopy>(),
            method::method::<AsTuple>(),
            method::method::<AsDict>(),
            method::method::<Reduce>(),
            method::method::<SizeOf>(),
            method::class_method::<Self, Size>(),
            method::class_method::<Self, Revive>(),
            method::class_method::<Self, array::Make>(),
            method::class_method::<Self, array::Revive>(),
        ]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(
            py,
            Error::Type,
            "Record is the base of records: put @record above a class with annotated fields",
        ))
    }

    fn blank_of(class: &Object<'_>) -> PyResult<Self> {
        let py = class.py();
        match classes::shape_of(class) {
            Some(shape) => new(py, shape, &shape.blank),
            None => {
                let name = class.getattr(c"__qualname__")?;
                let message = format!(
                    "{} is derived from a record, and is none itself: put @record above it",
                    name.to_str().unwrap_or("this class")
                );
                Err(error::raise(py, Error::Type, &message))
            }
        }
    }

    fn init<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        args: &Tuple<'py>,
        kwargs: Option<&Dict<'py>>,
    ) -> PyResult<()> {
        let shape = this.value().with(py, |record, _| record.shape())?;
        let count = args.len();
        if count > shape.fields.len() {
            let message = format!(
                "{}() takes {} values at most, and {count} were given",
                shape.name,
                shape.fields.len()
            );
            return Err(error::raise(py, Error::Type, &message));
        }
        let mut values: SmallVec<[Option<Object<'py>>; 8]> = SmallVec::new();
        for place in 0..count {
            values.push(Some((*args.item(place)?).clone()));
        }
        values.resize(shape.fields.len(), None);
        each_named(py, shape, kwargs, |place, value| {
            if place < count {
                let message =
                    format!("{}() got two values for the field '{}'", shape.name, shape.fields[place].name);
                return Err(error::raise(py, Error::Type, &message));
            }
            values[place] = Some(value);
            Ok(())
        })?;
        let missing = |(field, value): (&Field, &Option<Object<'py>>)| {
            (!field.has_default && value.is_none()).then(|| format!("'{}'", field.name))
        };
        let missing: Vec<String> = shape.fields.iter().zip(&values).filter_map(missing).collect();
        if !missing.is_empty() {
            let message = format!("{}() needs a value for {}", shape.name, missing.join(", "));
            return Err(error::raise(py, Error::Type, &message));
        }
        let values = values.iter().enumerate().filter_map(|(place, value)| Some((place, value.as_ref()?)));
        assign(py, this.value(), shape, values)
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let values = match values_of(py, this.value()) {
            Ok(values) => values,
            Err(raised) => return useless(py, raised, || this.class_name()),
        };
        let shape = this.value().with(py, |record, _| record.shape())?;
        let mut text = format!("{}(", shape.name);
        for (place, (field, value)) in shape.fields.iter().zip(values).enumerate() {
            if place > 0 {
                text += ", ";
            }
            let shown = value.repr()?;
            text += &format!("{}={}", field.name, shown.to_str().unwrap_or("?"));
        }
        text::string(py, &(text + ")"))
    }

    fn compare_with<'py>(
        this: &Instance<'py, Self>,
        other: &Object<'py>,
        comparison: Comparison,
    ) -> PyResult<Option<Object<'py>>> {
        let py = this.py();
        let Some(others) = Record::of(other).filter(|_| this.class().address() == other.class().address())
        else {
            return Ok(None);
        };
        let others: SmallVec<[u8; 64]> = others.with(py, |_, bytes| SmallVec::from_slice(bytes))?;
        let (order, ordered) = this.value().with(py, |record, bytes| {
            (order_of(record.shape(), bytes, &others), record.shape().options.ordered)
        })?;
        let holds = match comparison {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            _ if !ordered => return Ok(None),
            Comparison::Less => order.is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
            Comparison::Greater => order.is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        };
        Ok(Some(number::boolean(py, holds)))
    }
}

/// The `repr` of `what`, of which it has just been raised that it has no right to its data any more: who only looks at a variable is told,
/// and not stopped.
pub(super) fn useless(py: Python<'_>, raised: Raised, what: impl FnOnce() -> String) -> PyResult<Object<'_>> {
    if !error::is(py, Error::Runtime) {
        return Err(raised);
    }
    let why = error::describe(py);
    let why = why.strip_prefix("RuntimeError: ").unwrap_or(&why);
    text::string(py, &format!("<{} that cannot be used: {why}>", what()))
}

/// How one record stands to another: the first fields that differ decide. `None` if these are not comparable.
fn order_of(shape: &Shape, one: &[u8], other: &[u8]) -> Option<Ordering> {
    for field in &shape.fields {
        match field.format.compare(field.of(one), field.of(other))? {
            Ordering::Equal => {}
            order => return Some(order),
        }
    }
    Some(Ordering::Equal)
}

pub(super) fn are_equal(shape: &Shape, one: &[u8], other: &[u8]) -> bool {
    order_of(shape, one, other) == Some(Ordering::Equal)
}

/// What a field is to hold from now on. Raises if it can't.
pub(super) fn value_for<'a>(
    py: Python<'_>,
    shape: &Shape,
    field: &Field,
    value: Option<&'a Object<'_>>,
) -> PyResult<Raw<'a>> {
    let Some(value) = value else {
        let message = format!("the field '{}' of {} cannot be deleted", field.name, shape.name);
        return Err(error::raise(py, Error::Attribute, &message));
    };
    if shape.options.frozen {
        let message = format!("{} is frozen: make another one with replace({}=...)", shape.name, field.name);
        return Err(error::raise(py, Error::Attribute, &message));
    }
    shape.encode(field, value)
}

/// The record `object` with other values for some fields.
pub(super) fn replaced<'py>(
    py: Python<'py>,
    object: &Object<'py>,
    changes: &Dict<'py>,
) -> PyResult<Object<'py>> {
    match Class::find_derived_instance(object, || CLASS.here(py)) {
        Some(record) => copy_of(py, record, Some(changes)),
        None => Err(error::raise(py, Error::Type, "this is no record")),
    }
}

impl Fields for Handle {
    #[inline]
    fn glance<'py>(py: Python<'py>, this: &Instance<'py, Self>, name: &Name<'_>) -> Option<Object<'py>> {
        this.value().glance(py, |record, bytes| record.shape().find(name)?.glance(py, bytes))
    }

    #[inline]
    fn change<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
        value: &Object<'py>,
    ) -> bool {
        let changed = this.value().glance_mut(py, |record, bytes| {
            let shape = record.shape();
            let field = shape.find(name).filter(|_| !shape.options.frozen)?;
            field.change(value, bytes)
        });
        changed.is_some()
    }

    #[inline]
    fn get_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
    ) -> PyResult<Option<Object<'py>>> {
        match this.value().with(py, |record, bytes| {
            record.shape().find(name).map(|field| field.format.open(py, field.of(bytes)))
        }) {
            Ok(found) => found.transpose(),
            // What is no field can be asked for all the same.
            Err(raised) if is_field(&this.class(), name) => Err(raised),
            Err(_) => {
                error::clear(py);
                Ok(None)
            }
        }
    }

    #[inline]
    fn set_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
        value: Option<&Object<'py>>,
    ) -> PyResult<bool> {
        let shape = match this.value().with(py, |record, _| record.shape()) {
            Ok(shape) => shape,
            Err(raised) if is_field(&this.class(), name) => return Err(raised),
            Err(_) => {
                error::clear(py);
                return Ok(false);
            }
        };
        let Some(field) = shape.find(name) else { return Ok(false) };
        let raw = value_for(py, shape, field, value)?;
        this.value().with_mut(py, |_, bytes| raw.store(field.of_mut(bytes)))?;
        Ok(true)
    }
}

/// Whether records of a class have that field: asked where there is no record left.
#[cold]
fn is_field(class: &Object<'_>, name: &Name<'_>) -> bool {
    classes::shape_of(class).is_some_and(|shape| shape.find(name).is_some())
}

/// Gives fields new values: all of them, or, if one of the values will not do, none.
pub(super) fn assign<'a, 'py: 'a>(
    py: Python<'py>,
    handle: &Handle,
    shape: &Shape,
    values: impl Iterator<Item = (usize, &'a Object<'py>)>,
) -> PyResult<()> {
    let mut raws: SmallVec<[(usize, Raw<'a>); 8]> = SmallVec::new();
    for (place, value) in values {
        raws.push((place, shape.encode(&shape.fields[place], value)?));
    }
    handle.with_mut(py, |_, bytes| {
        for (place, raw) in &raws {
            raw.store(shape.fields[*place].of_mut(bytes));
        }
    })
}

/// Calls `f` with the place of each field that is named in a call, and its value.
fn each_named<'py>(
    py: Python<'py>,
    shape: &Shape,
    kwargs: Option<&Dict<'py>>,
    mut f: impl FnMut(usize, Object<'py>) -> PyResult<()>,
) -> PyResult<()> {
    let Some(kwargs) = kwargs else { return Ok(()) };
    let mut position = 0;
    while let Some((name, value)) = kwargs.next(&mut position) {
        let text = name.to_str().unwrap_or_default();
        let Some(place) = shape.place_of(text) else {
            let names: Vec<_> = shape.fields.iter().map(|field| &*field.name).collect();
            let message =
                format!("{} has no field '{text}': its fields are {}", shape.name, names.join(", "));
            return Err(error::raise(py, Error::Type, &message));
        };
        f(place, value)?;
    }
    Ok(())
}

/// The values of all fields, as they are at one moment.
pub(super) fn values_of<'py>(py: Python<'py>, handle: &Handle) -> PyResult<Vec<Object<'py>>> {
    handle.with(py, |record, bytes| {
        record.shape().fields.iter().map(|field| field.format.open(py, field.of(bytes))).collect()
    })?
}

/// A new record of the same class, and perhaps with other values.
fn copy_of<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    changes: Option<&Dict<'py>>,
) -> PyResult<Object<'py>> {
    let copy = this.value().with(py, |record, bytes| record.copy(py, bytes))??;
    let shape = copy.with(py, |record, _| record.shape())?;
    let mut values: SmallVec<[(usize, Object<'py>); 8]> = SmallVec::new();
    each_named(py, shape, changes, |place, value| {
        values.push((place, value));
        Ok(())
    })?;
    assign(py, &copy, shape, values.iter().map(|(place, value)| (*place, value)))?;
    CLASS.here(py).derived_instance(py, &this.class(), copy)
}

macro_rules! copies {
    ($($method:ident, $name:literal, $doc:expr;)+) => {
        $(
            struct $method;

            impl Method for $method {
                type Of = Handle;
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = $doc;
                fn call<'py>(
                    py: Python<'py>,
                    this: &Instance<'py, Handle>,
                    _: Args<'_, 'py>,
                ) -> PyResult<Object<'py>> {
                    copy_of(py, this, None)
                }
            }
        )+
    };
}

copies! {
    Copy, c"copy", doc!("copy($self, /)", RECORD_COPY);
    ShallowCopy, c"__copy__", c"__copy__($self, /)\n--\n\nFor copy.copy().";
    DeepCopy, c"__deepcopy__", c"__deepcopy__($self, memo, /)\n--\n\nFor copy.deepcopy().";
}

macro_rules! replaces {
    ($($method:ident, $name:literal, $doc:expr;)+) => {
        $(
            struct $method;

            impl Method for $method {
                type Of = Handle;
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = $doc;
                fn call<'py>(
                    py: Python<'py>,
                    this: &Instance<'py, Handle>,
                    args: Args<'_, 'py>,
                ) -> PyResult<Object<'py>> {
                    if !args.positional().is_empty() {
                        return Err(error::raise(py, Error::Type, "replace() takes the fields by their names"));
                    }
                    copy_of(py, this, Some(&args.named()?))
                }
            }
        )+
    };
}

replaces! {
    Replace, c"replace", doc!("replace($self, /, **changes)", RECORD_REPLACE);
    ReplaceForCopy, c"__replace__", c"__replace__($self, /, **changes)\n--\n\nFor copy.replace().";
}

struct AsTuple;

impl Method for AsTuple {
    type Of = Handle;
    const NAME: &'static CStr = c"astuple";
    const DOC: &'static CStr = doc!("astuple($self, /)", RECORD_ASTUPLE);
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Handle>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        Ok(Tuple::new(py, values_of(py, this.value())?)?.into())
    }
}

struct AsDict;

impl Method for AsDict {
    type Of = Handle;
    const NAME: &'static CStr = c"asdict";
    const DOC: &'static CStr = doc!("asdict($self, /)", RECORD_ASDICT);
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Handle>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let values = values_of(py, this.value())?;
        let shape = this.value().with(py, |record, _| record.shape())?;
        let dict = Dict::new(py)?;
        for (field, value) in shape.fields.iter().zip(values) {
            dict.set(&text::intern(py, &field.name)?, &value)?;
        }
        Ok(dict.into())
    }
}

struct Reduce;

impl Method for Reduce {
    type Of = Handle;
    const NAME: &'static CStr = c"__reduce__";
    const DOC: &'static CStr = c"__reduce__($self, /)\n--\n\nFor pickle.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Handle>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let Some(moved) = by_reference::reduce(this)? {
            return Ok(moved);
        }
        // The values, not the bytes: fields may come to be of other formats, and machines differ.
        let revive = this.class().getattr(c"_revive")?;
        let values = Tuple::new(py, values_of(py, this.value())?)?;
        Ok(Tuple::new(py, vec![revive, values.into()])?.into())
    }
}

/// `_revive(*values)`: a record that was pickled, whatever the `__init__` of its class does.
struct Revive;

impl Function for Revive {
    const NAME: &'static CStr = c"_revive";
    const DOC: &'static CStr = c"A record that was pickled.";
    fn call<'py>(py: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let values = args.positional();
        let handle = Handle::blank_of(class)?;
        let shape = handle.with(py, |record, _| record.shape())?;
        if values.len() != shape.fields.len() {
            let message = format!(
                "a pickled {} has {} values, and its class has {} fields now",
                shape.name,
                values.len(),
                shape.fields.len()
            );
            return Err(error::raise(py, Error::Type, &message));
        }
        assign(py, &handle, shape, values.iter().enumerate())?;
        CLASS.here(py).derived_instance(py, class, handle)
    }
}

struct SizeOf;

impl Method for SizeOf {
    type Of = Handle;
    const NAME: &'static CStr = c"__sizeof__";
    const DOC: &'static CStr = c"__sizeof__($self, /)\n--\n\nFor sys.getsizeof(): the handle and its data.";
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Handle>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        const HANDLE: usize = size_of::<crate::ffi::class::Layout<Handle>>();
        let data = this.value().with(py, |record, _| record.shape().size + size_of::<[usize; 4]>());
        if data.is_err() {
            error::clear(py);
        }
        number::uint(py, (HANDLE + data.unwrap_or(0)) as u64)
    }
}

/// `Class.sizeof()`.
struct Size;

impl Function for Size {
    const NAME: &'static CStr = c"sizeof";
    const DOC: &'static CStr = doc!("sizeof($type, /)", RECORD_SIZEOF);
    fn call<'py>(py: Python<'py>, class: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        match classes::shape_of(class) {
            Some(shape) => number::uint(py, shape.size as u64),
            None => Err(error::raise(py, Error::Type, "sizeof() is for classes made by @record")),
        }
    }
}
