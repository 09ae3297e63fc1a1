//! One record in an array, where it is: it is looked at and changed through the array's handle.

use super::array::{Array, array_of};
use super::classes::class_of;
use super::format::Raw;
use super::handle;
use super::handle::Record;
use super::shape::Shape;
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Comparison, Instance, Native};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::fields::{self, Fields, Name};
use crate::ffi::linked::Linked;
use crate::ffi::method::{self, Method, MethodDef};
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::{PerInterpreter, State};
use crate::transport::by_reference::ByReference;
use std::ffi::CStr;

/// Which one it is. The array is linked.
pub(crate) struct Element {
    index: usize,
}

static CLASS: PerInterpreter<Class<Element>> = PerInterpreter::to_be_filled();

pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    CLASS.fill(state, Class::new(py, module)?);
    Ok(())
}

/// The element of that index, which is in the array.
pub(super) fn new<'py>(array: &Object<'py>, index: usize) -> PyResult<Object<'py>> {
    CLASS.here(array.py()).linked_instance(array.py(), Element { index }, array.clone())
}

/// A copy of the bytes of an element. `None`: the object is none.
pub(super) fn bytes_of(py: Python<'_>, object: &Object<'_>) -> PyResult<Option<(&'static Shape, Vec<u8>)>> {
    let Some(element) = Class::find_exact_instance(object, || CLASS.here(py)) else { return Ok(None) };
    bytes(py, element).map(Some)
}

fn bytes(py: Python<'_>, this: &Instance<'_, Element>) -> PyResult<(&'static Shape, Vec<u8>)> {
    let index = this.value().index;
    array(py, this)?.with(py, |records, bytes| (records.shape(), bytes[records.place(index)].to_vec()))
}

fn array<'a>(py: Python<'_>, this: &'a Instance<'_, Element>) -> PyResult<&'a Array> {
    this.linked()
        .and_then(array_of)
        .ok_or_else(|| error::raise(py, Error::Runtime, "this element has no array any more"))
}

/// A record with the same values, of the class of the array's records.
fn copy<'py>(py: Python<'py>, this: &Instance<'py, Element>) -> PyResult<Object<'py>> {
    let (shape, bytes) = bytes(py, this)?;
    Record::wrap(py, handle::new(py, shape, &bytes)?)
}

impl Fields for Element {
    #[inline]
    fn glance<'py>(py: Python<'py>, this: &Instance<'py, Self>, name: &Name<'_>) -> Option<Object<'py>> {
        let array = this.linked().and_then(array_of)?;
        array.glance(py, |records, bytes| {
            let record = bytes.get(records.place(this.value().index))?;
            records.shape().find(name)?.glance(py, record)
        })
    }

    #[inline]
    fn change<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
        value: &Object<'py>,
    ) -> bool {
        let Some(array) = this.linked().and_then(array_of) else { return false };
        let changed = array.glance_mut(py, |records, bytes| {
            let shape = records.shape();
            let field = shape.find(name).filter(|_| !shape.options.frozen)?;
            field.change(value, bytes.get_mut(records.place(this.value().index))?)
        });
        changed.is_some()
    }

    fn get_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
    ) -> PyResult<Option<Object<'py>>> {
        let index = this.value().index;
        let array = array(py, this)?;
        let found = array.with(py, |records, bytes| {
            let record = &bytes[records.place(index)];
            let shape = records.shape();
            (shape, shape.find(name).map(|field| field.format.open(py, field.of(record))))
        });
        let (shape, found) = match found {
            Ok(found) => found,
            // Its methods say themselves what is wrong.
            Err(_) if fields::own_method(this, name) => {
                error::clear(py);
                return Ok(None);
            }
            Err(raised) => return Err(raised),
        };
        match found {
            Some(found) => found.map(Some),
            // Methods and properties of the records are those of elements, too.
            None => match fields::own_method(this, name) {
                true => Ok(None),
                false => fields::attribute_of_class(&class_of(py, shape)?, this, name),
            },
        }
    }

    fn set_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
        value: Option<&Object<'py>>,
    ) -> PyResult<bool> {
        let index = this.value().index;
        let array = array(py, this)?;
        let shape = array.with(py, |records, _| records.shape())?;
        let Some(field) = shape.find(name) else { return Ok(false) };
        let raw: Raw<'_> = handle::value_for(py, shape, field, value)?;
        array.with_mut(py, |records, bytes| raw.store(field.of_mut(&mut bytes[records.place(index)])))?;
        Ok(true)
    }
}

impl Native for Element {
    const NAME: &'static CStr = c"bocpy._core.RecordElement";
    const DOC: &'static CStr = c"A record in an array. copy() makes a record of it that is not in the array.";
    const SLOTS: &'static [Slots<Self>] = &[Slots::unhashable()];
    const COMPARES: bool = true;
    const FIELDS: Option<fields::Slots> = Some(fields::Slots::of::<Self>());
    type Extra = Linked;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Copy>(),
            method::method::<Replace>(),
            method::method::<AsTuple>(),
            method::method::<AsDict>(),
            method::method::<Reduce>(),
        ]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Error::Type, "an element is made by an array, as in a[0]"))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        match copy(py, this) {
            Ok(record) => {
                let shown = record.repr()?;
                text::string(
                    py,
                    &format!("<element {}: {}>", this.value().index, shown.to_str().unwrap_or("?")),
                )
            }
            Err(raised) => handle::useless(py, raised, || "element".into()),
        }
    }

    fn compare_with<'py>(
        this: &Instance<'py, Self>,
        other: &Object<'py>,
        comparison: Comparison,
    ) -> PyResult<Option<Object<'py>>> {
        let py = this.py();
        let Some(wants) = comparison.of_equals() else { return Ok(None) };
        let others = match Record::of(other) {
            Some(record) => Some(record.with(py, |record, bytes| (record.shape(), bytes.to_vec()))?),
            None => bytes_of(py, other)?,
        };
        let Some((its, others)) = others else { return Ok(None) };
        let (shape, mine) = bytes(py, this)?;
        let equal = shape.is_like(its) && handle::are_equal(shape, &mine, &others);
        Ok(Some(number::boolean(py, equal == wants)))
    }
}

macro_rules! by_a_copy {
    ($($method:ident, $name:literal, $doc:literal, |$py:ident, $copy:ident, $args:ident| $result:expr;)+) => {
        $(
            struct $method;

            impl Method for $method {
                type Of = Element;
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = $doc;
                fn call<'py>(
                    $py: Python<'py>,
                    this: &Instance<'py, Element>,
                    $args: Args<'_, 'py>,
                ) -> PyResult<Object<'py>> {
                    let $copy = copy($py, this)?;
                    let _ = &$args;
                    $result
                }
            }
        )+
    };
}

by_a_copy! {
    Copy, c"copy", c"copy($self, /)\n--\n\nA record with the same values, which is not in the array.", |_py, copy, args| Ok(copy);
    Replace, c"replace", c"replace($self, /, **changes)\n--\n\nA record with the same values, but for those given.",
        |py, copy, args| handle::replaced(py, &copy, &args.named()?);
    AsTuple, c"astuple", c"astuple($self, /)\n--\n\nThe values of the fields, in their order.",
        |_py, copy, args| copy.call_method(c"astuple", &[]);
    AsDict, c"asdict", c"asdict($self, /)\n--\n\nThe values of the fields, by their names.",
        |_py, copy, args| copy.call_method(c"asdict", &[]);
    Reduce, c"__reduce__", c"__reduce__($self, /)\n--\n\nRefused: an element is a part of its array.",
        |py, _copy, args| Err(error::raise(py, Error::Type, "an element of an array of records cannot be sent or pickled: \
            it is a part of the array. Send its copy(), or the array"));
}
