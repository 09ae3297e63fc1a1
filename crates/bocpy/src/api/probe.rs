//! A type that moves by reference and has nothing to it, for the tests of that.

use crate::ffi::args::Args;
use crate::ffi::block::Data;
use crate::ffi::class::{Class, Instance, Native, Referable};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::method::{self, Method, MethodDef, Property, PropertyDef};
use crate::ffi::ownership::{Ownable, Owned};
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::PerInterpreter;
use crate::transport::by_reference::{self, ByReference, Kind};
use std::borrow::Cow;
use std::ffi::CStr;

static CLASS: PerInterpreter<Class<Owned<Probe>>> = PerInterpreter::to_be_filled();

/// A number that lives outside of all interpreters, and how often it has been copied.
pub(crate) struct Probe {
    value: i64,
    copies: u64,
}

pub(super) static KIND: Kind = Kind::of::<Probe>();

impl Data for Probe {
    type Kind = Kind;
    const KIND: &'static Kind = &KIND;
}

impl Ownable for Probe {
    fn class(&self) -> Cow<'static, str> {
        "Probe".into()
    }
}

impl ByReference for Probe {
    type Handle = Owned<Self>;
    const CLASS: &'static PerInterpreter<Class<Owned<Self>>> = &CLASS;

    fn size(&self) -> usize {
        size_of::<Probe>()
    }

    fn copy(&self, py: Python<'_>, _bytes: &[u8]) -> PyResult<Owned<Self>> {
        Owned::try_new(py, Probe { value: self.value, copies: self.copies + 1 })
    }
}

impl Native for Owned<Probe> {
    const NAME: &'static CStr = c"bocpy._core._Probe";
    const DOC: &'static CStr = c"_Probe(value)\n--\n\nA number that moves by reference, for tests.";
    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![method::method::<Copy>(), method::method::<Reduce>()]
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        vec![method::property::<Value>(), method::property::<Copies>()]
    }

    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, _kwargs: Option<&Dict<'py>>) -> PyResult<Self> {
        match args.len() {
            1 => Owned::try_new(py, Probe { value: int(py, &*args.item(0)?)?, copies: 0 }),
            _ => Err(error::raise(py, Error::Type, "_Probe() takes one argument: a number")),
        }
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let value = this.value().read(py, |probe| probe.value)?;
        text::string(py, &format!("_Probe({value})"))
    }
}

fn int(py: Python<'_>, object: &Object<'_>) -> PyResult<i64> {
    let value = object.as_int().and_then(|int| int.to_i64());
    value.ok_or_else(|| error::raise(py, Error::Type, "a _Probe takes an int of 64 bits"))
}

struct Copy;

impl Method for Copy {
    type Of = Owned<Probe>;
    const NAME: &'static CStr = c"copy";
    const DOC: &'static CStr = c"copy($self, /)\n--\n\nAnother one of the same value.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Owned<Probe>>,
        _args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let copy = this.value().read(py, |probe| probe.copy(py, &[]))??;
        Probe::wrap(py, copy)
    }
}

struct Reduce;

impl Method for Reduce {
    type Of = Owned<Probe>;
    const NAME: &'static CStr = c"__reduce__";
    const DOC: &'static CStr = c"__reduce__($self, /)\n--\n\nFor pickle.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Owned<Probe>>,
        _args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        if let Some(moved) = by_reference::reduce(this)? {
            return Ok(moved);
        }
        let value = number::int(py, this.value().read(py, |probe| probe.value)?)?;
        Ok(Tuple::new(py, vec![this.class(), Tuple::new(py, vec![value])?.into()])?.into())
    }
}

struct Value;

impl Property for Value {
    type Of = Owned<Probe>;
    const NAME: &'static CStr = c"value";
    const DOC: &'static CStr = c"The number.";
    const SETTABLE: bool = true;

    fn get<'py>(py: Python<'py>, this: &Instance<'py, Owned<Probe>>) -> PyResult<Object<'py>> {
        number::int(py, this.value().read(py, |probe| probe.value)?)
    }

    fn set<'py>(
        py: Python<'py>,
        this: &Instance<'py, Owned<Probe>>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(error::raise(py, Error::Attribute, "a _Probe keeps its value"));
        };
        let value = int(py, value)?;
        this.value().write(py, |probe| probe.value = value)
    }
}

struct Copies;

impl Property for Copies {
    type Of = Owned<Probe>;
    const NAME: &'static CStr = c"copies";
    const DOC: &'static CStr = c"How often the data has been copied on its way here.";

    fn get<'py>(py: Python<'py>, this: &Instance<'py, Owned<Probe>>) -> PyResult<Object<'py>> {
        number::uint(py, this.value().read(py, |probe| probe.copies)?)
    }
}
