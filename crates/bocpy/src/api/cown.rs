//! The class `Cown`.

use super::patience::seconds;
use crate::ffi::args::{self, Args};
use crate::ffi::class::{self, Class, Instance, Just, Native, Referable};
use crate::ffi::collect::Visitor;
use crate::ffi::error::{self, Kind};
use crate::ffi::graph::Repr;
use crate::ffi::main_property::{KnownName, Main, main_property};
use crate::ffi::method::{self, Function, Method, MethodDef, Property, PropertyDef};
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, module, number, text};
use crate::host::{cancelling, results};
use crate::interpreter::{Imported, Resident, State, backend, epoch};
use crate::transport::by_reference::{Taking, hand_over};
use crate::transport::cown::{self, COWN, CownObject, Handle};
use crate::transport::holder::Holder;
use crate::transport::out_of_band;
use crate::transport::pinned::check_thread;
use crate::transport::portable::Portable;
use crate::transport::reading::see;
use crate::transport::scalar::Scalar;
use crate::transport::slot::Slot;
use crate::transport::tenure;
use boc::Mode;
use std::cmp::Ordering;
use std::ffi::CStr;

static AWAITED: Imported = Imported::new("bocpy._awaiting", c"awaited");

/// A new cown of that value. `stay`: as the object that it is.
pub(crate) fn new_handle(value: &Object<'_>, stay: bool) -> PyResult<Handle> {
    let since = epoch::now();
    let slot = match Scalar::of(value) {
        Some(scalar) => Slot::scalar(scalar, since),
        None if stay => {
            let value = hand_over(value, Taking::Move(&|| "a cown's value".into()))?;
            Slot::resident(Resident::new(value), since)
        }
        None => Slot::portable(Portable::encode_named(value, || "a cown's value".into())?, since),
    };
    Ok(boc::Cown::with_tag((), slot))
}

impl CownObject {
    fn slot(&self) -> &Slot {
        self.0.tag()
    }

    /// The value, opened here.
    fn value<'py>(&self, py: Python<'py>, mode: Mode) -> PyResult<Object<'py>> {
        match mode {
            Mode::Write => self.slot().get(py),
            Mode::Read => see(py, self.0.id(), || self.slot().look(py, backend::values_stay(py))),
        }
    }

    fn unwrap<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        if Holder::in_behavior() {
            let message = "unwrap() cannot be called inside a behavior: schedule a behavior over the cown instead, with \
                           @when(cown), and use its `.value`";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        check_thread(py, &self.0)?;
        let slot = self.slot();
        let held = slot.holder() == Some(Holder::current());
        let since = slot.epoch();
        if !held && tenure::acquire_briefly(py, &self.0).is_err() {
            error::clear(py);
            let message = "unwrap() takes a finished result, but a behavior holds this cown, or waits for it: call get(), \
                           which waits for the value, or wait() or quiesce() first";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        let is_pending = slot.is_pending();
        let exception = slot.exception();
        let result = slot.get(py);
        if result.is_ok() {
            slot.put(Portable::None);
        }
        if !held {
            tenure::let_go(&self.0);
            if let Some(since) = since {
                slot.set_epoch(since);
            }
        }
        let value = result?;
        if is_pending {
            let message = "unwrap() takes a finished result, but this is that of a behavior that has not run, as the \
                           workers had ended before it was its turn";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        if !exception || !value.is_exception() {
            return Ok(value);
        }
        Err(error::raise_object(&value))
    }
}

/// The argument of `Cown(value)`, or of the class of that name.
pub(super) fn the_value<'py>(
    py: Python<'py>,
    class: &str,
    args: &Tuple<'py>,
    kwargs: Option<&Dict<'py>>,
) -> PyResult<Object<'py>> {
    match (args.len(), args::only_keyword(py, kwargs, "value")?) {
        (1, None) => Ok(args.item(0)?.clone()),
        (0, Some(value)) => Ok(value),
        _ => {
            let message = format!("{class}() takes one argument: the value that it owns");
            Err(error::raise(py, Kind::Type, &message))
        }
    }
}

/// Raises if a cown has its value.
pub(super) fn check_blank(py: Python<'_>, cown: &Handle) -> PyResult<()> {
    if cown.tag().is_blank() {
        return Ok(());
    }
    let message = "this cown has its value already: a cown is initialized once. To change the value, hold the cown and \
                   assign to `.value`";
    Err(error::raise(py, Kind::Runtime, message))
}

impl Native for CownObject {
    const NAME: &'static CStr = c"bocpy.Cown";
    const DOC: &'static CStr = doc!("Cown(value)", COWN);
    const OPEN: bool = true;

    type Extra = Referable;

    const MAIN: Option<Main<Self>> = Some(main_property::<Value>(&VALUE));

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Acquire>(),
            method::method::<Release>(),
            method::method::<Unwrap>(),
            method::method::<Get>(),
            method::method::<Peek>(),
            method::method::<Done>(),
            method::method::<Cancel>(),
            method::method::<Enter>(),
            method::method::<Exit>(),
            method::method::<Reduce>(),
            method::class_method::<Self, ClassGetItem>(),
        ]
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        vec![method::property::<Value>(), method::property::<Exception>(), method::property::<Acquired>()]
    }

    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, kwargs: Option<&Dict<'py>>) -> PyResult<Self> {
        let handle = new_handle(&the_value(py, "Cown", args, kwargs)?, backend::values_stay(py))?;
        Ok(Just(handle))
    }

    fn blank(_py: Python<'_>) -> PyResult<Self> {
        Ok(Just(boc::Cown::with_tag((), Slot::blank(epoch::now()))))
    }

    fn init<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        args: &Tuple<'py>,
        kwargs: Option<&Dict<'py>>,
    ) -> PyResult<()> {
        let value = the_value(py, "Cown", args, kwargs)?;
        check_blank(py, &this.value().0)?;
        this.value().slot().set(&value, || backend::values_stay(py))
    }

    const AWAITABLE: bool = true;

    fn awaited<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        AWAITED.call_in(py, State::get(py), &[this])
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let cown = this.value();
        let name = if cown.slot().is_pinned() { "PinnedCown" } else { "Cown" };
        let value = if let Some(mode) = tenure::access(py, &cown.0) {
            // A cown may be a part of its own value.
            let Some(_repr) = Repr::enter(this)? else {
                return text::string(py, &format!("{name}({:#x}, value=...)", cown.0.id()));
            };
            match cown.value(py, mode).and_then(|value| value.repr()) {
                Ok(value) => value.to_str().unwrap_or("?").to_owned(),
                Err(_) => {
                    error::clear(py);
                    format!("<{}>", cown.slot().describe())
                }
            }
        } else {
            "<not held>".to_owned()
        };
        text::string(py, &format!("{name}({:#x}, value={value})", cown.0.id()))
    }

    fn hash(&self) -> Option<isize> {
        Some((self.0.id() >> 4) as isize)
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(self.0.cmp(&other.0))
    }

    fn class(py: Python<'_>) -> Option<&Class<Self>> {
        State::try_get(py).map(|state| COWN.of(state))
    }

    const COLLECTED: bool = true;

    fn traverse(&self, py: Python<'_>, visitor: &mut Visitor) {
        cown::traverse(py, &self.0, visitor);
    }

    fn clear(&self, py: Python<'_>) {
        cown::clear(py, &self.0);
    }

    fn kept(py: Python<'_>, this: &Instance<'_, Self>) {
        cown::keep(py, this);
    }

    fn finalize(py: Python<'_>, this: &Instance<'_, Self>) {
        cown::forget(py, this);
        tenure::let_go_if_forgotten(&this.value().0);
    }
}

macro_rules! methods {
    ($($name:ident, $python:literal, $doc:expr, |$py:ident, $this:ident, $args:ident| $body:expr;)+) => {
        $(
            struct $name;
            impl Method for $name {
                type Of = CownObject;
                const NAME: &'static CStr = $python;
                const DOC: &'static CStr = $doc;
                fn call<'py>(
                    $py: Python<'py>,
                    $this: &Instance<'py, CownObject>,
                    $args: Args<'_, 'py>,
                ) -> PyResult<Object<'py>> {
                    $body
                }
            }
        )+
    };
}

methods! {
    Acquire, c"acquire", doc!("acquire($self, /)", COWN_ACQUIRE),
    |py, this, args| {
        args.bind("acquire", [], 0)?;
        tenure::acquire(py, &this.value().0)?;
        Ok(py.none())
    };
    Release, c"release", doc!("release($self, /)", COWN_RELEASE),
    |py, this, args| {
        args.bind("release", [], 0)?;
        tenure::release(py, &this.value().0)?;
        Ok(py.none())
    };
    Unwrap, c"unwrap", doc!("unwrap($self, /)", COWN_UNWRAP),
    |py, this, args| {
        args.bind("unwrap", [], 0)?;
        this.value().unwrap(py)
    };
    Get, c"get", doc!("get($self, /, timeout=None)", COWN_GET),
    |py, this, args| {
        let [timeout] = args.bind("get", ["timeout"], 1)?;
        results::get(py, &this.value().0, seconds(py, timeout)?)
    };
    Peek, c"peek", doc!("peek($self, /, timeout=None)", COWN_PEEK),
    |py, this, args| {
        let [timeout] = args.bind("peek", ["timeout"], 1)?;
        results::peek(py, &this.value().0, seconds(py, timeout)?)
    };
    Done, c"done", doc!("done($self, /)", COWN_DONE),
    |py, this, args| {
        args.bind("done", [], 0)?;
        let cown = &this.value().0;
        Ok(number::boolean(py, results::is_done(cown)))
    };
    Cancel, c"cancel", doc!("cancel($self, /)", COWN_CANCEL),
    |py, this, args| {
        args.bind("cancel", [], 0)?;
        let cancelled = cancelling::cancel(py, &[&this.value().0])?;
        Ok(number::boolean(py, cancelled[0]))
    };
    Enter, c"__enter__", doc!("__enter__($self, /)", COWN_ENTER),
    |py, this, args| {
        args.bind("__enter__", [], 0)?;
        tenure::acquire(py, &this.value().0)?;
        Ok((**this).clone())
    };
    Exit, c"__exit__", doc!("__exit__($self, /, *exc)", COWN_EXIT),
    |py, this, _args| {
        tenure::release(py, &this.value().0)?;
        Ok(py.none())
    };
    Reduce, c"__reduce__", doc!("__reduce__($self, /)", COWN_REDUCE),
    |py, this, _args| {
        let handle = &this.value().0;
        let (function, args) = match out_of_band::pack_cown(handle) {
            Some(number) => (c"_carried", vec![number::uint(py, number as u64)?]),
            None => {
                let process = number::uint(py, std::process::id().into())?;
                (c"_recalled", vec![process, number::uint(py, out_of_band::remember(handle))?])
            }
        };
        let function = module::import_from(py, "bocpy._core", function)?;
        Ok(Tuple::new(py, vec![function, Tuple::new(py, args)?.into()])?.into())
    };
}

struct ClassGetItem;

impl Function for ClassGetItem {
    const NAME: &'static CStr = c"__class_getitem__";
    const DOC: &'static CStr = doc!("__class_getitem__($type, item, /)", COWN_CLASS_GETITEM);
    fn call<'py>(_py: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        class::generic_alias(class, "Cown", args)
    }
}

struct Value;

/// Its name.
static VALUE: KnownName = KnownName::new();

impl Property for Value {
    type Of = CownObject;
    const NAME: &'static CStr = c"value";
    const DOC: &'static CStr = doc!(COWN_VALUE);
    const SETTABLE: bool = true;

    fn get<'py>(py: Python<'py>, this: &Instance<'py, CownObject>) -> PyResult<Object<'py>> {
        let cown = this.value();
        let mode = tenure::check_access(py, &cown.0)?;
        cown.value(py, mode)
    }

    fn set<'py>(
        py: Python<'py>,
        this: &Instance<'py, CownObject>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let cown = this.value();
        tenure::check_write(py, &cown.0, "its value")?;
        let Some(value) = value else {
            return Err(error::raise(py, Kind::Attribute, "a cown's value cannot be deleted; assign None"));
        };
        // A behavior may go on changing what it has assigned; what comes from outside is taken as it is now.
        cown.slot().set(value, || Holder::in_behavior() || backend::values_stay(py))
    }
}

struct Exception;

impl Property for Exception {
    type Of = CownObject;
    const NAME: &'static CStr = c"exception";
    const DOC: &'static CStr = doc!(COWN_EXCEPTION);
    const SETTABLE: bool = true;

    fn get<'py>(py: Python<'py>, this: &Instance<'py, CownObject>) -> PyResult<Object<'py>> {
        let cown = this.value();
        tenure::check_access(py, &cown.0)?;
        Ok(number::boolean(py, cown.slot().exception()))
    }

    fn set<'py>(
        py: Python<'py>,
        this: &Instance<'py, CownObject>,
        value: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let cown = this.value();
        tenure::check_write(py, &cown.0, "its exception flag")?;
        let Some(value) = value else {
            return Err(error::raise(py, Kind::Attribute, "a cown's exception flag cannot be deleted"));
        };
        cown.slot().set_exception(value.is_true()?);
        Ok(())
    }
}

struct Acquired;

impl Property for Acquired {
    type Of = CownObject;
    const NAME: &'static CStr = c"acquired";
    const DOC: &'static CStr = doc!(COWN_ACQUIRED);

    fn get<'py>(py: Python<'py>, this: &Instance<'py, CownObject>) -> PyResult<Object<'py>> {
        Ok(number::boolean(py, tenure::access(py, &this.value().0).is_some()))
    }
}

/// `_carried(number)`: what moves by reference within a value that is being unpickled.
pub(crate) struct Carried;

impl Function for Carried {
    const NAME: &'static CStr = c"_carried";
    const DOC: &'static CStr = c"What moves by reference, within a value that is being moved.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let found = match args.int(0) {
            Some(number) => out_of_band::unpack(py, number as usize)?,
            None => None,
        };
        found.ok_or_else(|| {
            error::raise(py, Kind::Runtime, "this pickled object was on its way to another interpreter")
        })
    }
}

/// `_recalled(process, number)`: a cown that somebody has pickled.
pub(crate) struct Recalled;

impl Function for Recalled {
    const NAME: &'static CStr = c"_recalled";
    const DOC: &'static CStr = c"A cown that was pickled in this process.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        match (args.int(0), args.int(1)) {
            (Some(process), Some(number)) => {
                CownObject::open(py, out_of_band::recall(py, process as u32, number as u64)?)
            }
            _ => Err(error::raise(py, Kind::Type, "a pickled Cown names a process and a number")),
        }
    }
}
