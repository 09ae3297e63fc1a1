//! Values in a form that any interpreter can open.

use super::advice::advice;
use super::by_reference::{Opening, Reference, Taken, Taking, Whole, is_reference};
use super::cown::CownObject;
use super::out_of_band::OutOfBand;
use super::pack::{is_packed, pack};
use super::packed::{LARGE, Packed};
use super::recorded::{has_method, with_records};
use super::registered::Manner;
use super::scalar::Scalar;
use super::unpack::unpack;
use super::{namespaces, out_of_band};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, buffer, module, number, text};
use crate::interpreter::{Imported, PerInterpreter, State};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether CPython carries this interpreter's queues: see `registered`.
static CARRIES_QUEUES: PerInterpreter<AtomicBool> = PerInterpreter::new(AtomicBool::default);

static DUMPS: Imported = Imported::new("bocpy._pickling", c"dumps");
static LOADS: Imported = Imported::new("_pickle", c"loads");
static DUMPS_BY_VALUE: Imported = Imported::new("bocpy._by_value", c"dumps");
static DUMPS_GLOBAL: Imported = Imported::new("bocpy._by_value", c"dumps_global");
static DUMPS_DETACHED: Imported = Imported::new("bocpy._by_value", c"dumps_detached");
static DEFINE: Imported = Imported::new("bocpy._by_value", c"define");
static CARRY: Imported = Imported::new("bocpy._by_value", c"carry");
static CARRY_BUFFER: Imported = Imported::new("bocpy._core", c"_carry_buffer");
static CULPRIT: Imported = Imported::new("bocpy._errors", c"culprit");
static EXPLAIN_IMPORT_ERROR: Imported = Imported::new("bocpy._errors", c"explain_import_error");

/// A value that belongs to no interpreter.
#[derive(Clone)]
pub(crate) enum Portable {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Twice boxed, here and below, so that there is no length beside the pointer: there is a value in every cown.
    Str(Box<Box<str>>),
    Bytes(Box<Box<[u8]>>),
    /// See [`by_reference`](super::by_reference).
    Reference(Reference),
    /// Builtin types, and containers of them.
    Packed(Box<Packed>),
    Pickled(Box<Pickled>),
}

/// What has no form of its own here.
#[derive(Clone)]
pub(crate) struct Pickled {
    data: Box<[u8]>,
    out_of_band: OutOfBand,
    class: Box<str>,
}

impl Portable {
    /// The forms that cost next to nothing: those never stay resident.
    #[inline]
    pub(crate) fn scalar(object: &Object<'_>) -> Option<Portable> {
        Scalar::of(object).map(Scalar::portable)
    }

    /// The forms that cost little: those never stay resident either.
    pub(crate) fn small(object: &Object<'_>) -> Option<Portable> {
        const SMALL: usize = 256;
        if let Some(scalar) = Portable::scalar(object) {
            return Some(scalar);
        }
        if let Some(string) = object.as_str() {
            let text = string.raw_text();
            let is_small = text.ascii && text.data.len() <= SMALL;
            return is_small.then(|| object.to_str().map(|text| Portable::Str(Box::new(text.into()))))?;
        }
        if object.is_bytes() {
            let bytes = object.to_bytes().filter(|bytes| bytes.len() <= SMALL)?;
            return Some(Portable::Bytes(Box::new(bytes.into())));
        }
        CownObject::exact_handle(object).map(|handle| Portable::Reference(Reference::Cown(handle.clone())))
    }

    /// The form of what moves by reference, which costs little, too. `None` where it is none of that, or has gone elsewhere.
    pub(crate) fn reference(object: &Object<'_>, taking: Taking<'_>) -> Option<Portable> {
        match Reference::of(object, taking) {
            Ok(reference) => reference.map(Portable::Reference),
            Err(Raised) => {
                error::clear(object.py());
                None
            }
        }
    }

    /// The forms that need no pickling. `last`: the object is about to go.
    fn native(object: &Object<'_>, last: bool, taken: &mut Taken) -> PyResult<Option<Portable>> {
        if let Some(small) = Portable::small(object) {
            return Ok(Some(small));
        }
        if object.is_bytes()
            && let Some(bytes) = object.to_bytes().filter(|bytes| bytes.len() < LARGE)
        {
            return Ok(Some(Portable::Bytes(Box::new(bytes.into()))));
        }
        if let Some(handle) = CownObject::plain_handle(object) {
            return Ok(Some(Portable::Reference(Reference::Cown(handle.clone()))));
        }
        if let Some(reference) = Reference::take(object, taken)? {
            return Ok(Some(Portable::Reference(reference)));
        }
        Ok(pack(object, last, taken)?.map(|packed| Portable::Packed(Box::new(packed))))
    }

    /// Makes a value portable. Raises what pickling raises if that is not possible; `object` is as it was.
    pub(crate) fn encode(object: &Object<'_>, taking: Taking<'_>) -> PyResult<Portable> {
        Portable::encode_as(object, false, taking)
    }

    /// The same for an object of which there is one reference, which is about to go: its memory goes along. `to`: as for
    /// [`Taking::Move`].
    pub(crate) fn encode_last(object: &Object<'_>, to: &dyn Fn() -> String) -> PyResult<Portable> {
        Portable::encode_as(object, true, Taking::Move(to))
    }

    /// The same for a copy of a global, or of several: functions in it that are globals themselves stay those.
    pub(crate) fn encode_global(object: &Object<'_>) -> PyResult<Portable> {
        Portable::encode_by(object, false, Taking::Copy, &DUMPS_GLOBAL, None)
    }

    fn encode_as(object: &Object<'_>, last: bool, taking: Taking<'_>) -> PyResult<Portable> {
        Portable::encode_by(object, last, taking, &DUMPS_BY_VALUE, None)
    }

    fn encode_by(
        object: &Object<'_>,
        last: bool,
        taking: Taking<'_>,
        by_value: &'static Imported,
        whole: Option<&mut Whole>,
    ) -> PyResult<Portable> {
        Portable::encode_taking(object, last, taking, Taken::new(taking), by_value, whole)
    }

    fn encode_taking(
        object: &Object<'_>,
        last: bool,
        taking: Taking<'_>,
        mut taken: Taken,
        by_value: &'static Imported,
        whole: Option<&mut Whole>,
    ) -> PyResult<Portable> {
        let portable = match Portable::native(object, last, &mut taken)? {
            Some(native) => native,
            None => {
                // What is copied, such as a global, arrives as what it is.
                let record = match taking {
                    Taking::Copy | Taking::Release => None,
                    _ => with_records(object)?,
                };
                match &record {
                    None => pickle(object, by_value, &mut taken)?,
                    Some(record) => match Portable::native(record, false, &mut taken)? {
                        Some(native) => native,
                        None => pickle(record, by_value, &mut taken)?,
                    },
                }
            }
        };
        taken.settle(object.py(), taking, whole)?;
        Ok(portable)
    }

    /// The same for a function that is to have the globals that it needs as they are now, wherever it is called.
    pub(crate) fn encode_function(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Portable> {
        let mut taken = Taken::new(Taking::Copy);
        let portable = pickle(object, &DUMPS_DETACHED, &mut taken);
        let portable = portable.and_then(|portable| {
            taken.settle(object.py(), Taking::Copy, None)?;
            Ok(portable)
        });
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// Makes a function, class or anything that holds such portable, without a try to name it by its module. `dumps`: how.
    fn by_value(object: &Object<'_>, dumps: &'static Imported, taken: &mut Taken) -> PyResult<Portable> {
        let py = object.py();
        let dumps = || dumps.call(py, &[object]);
        let portable = Portable::from_pickler(py, &object.class_name(), taken, dumps)?;
        portable.ok_or_else(|| error::raise(py, Kind::Type, "pickle gave nothing"))
    }

    /// The same for a function or class that travels with the globals that it needs.
    pub(crate) fn define(object: &Object<'_>) -> PyResult<Portable> {
        let py = object.py();
        let define = || DEFINE.call(py, &[object]);
        let portable = Portable::copied_by(py, &object.class_name(), define)?;
        portable.ok_or_else(|| error::raise(py, Kind::Type, "pickle gave nothing"))
    }

    /// What `pickler` gives: bytes, or `None` for nothing; with copies of what it meets that moves by reference.
    pub(crate) fn copied_by<'py>(
        py: Python<'py>,
        class: &str,
        pickler: impl FnOnce() -> PyResult<Object<'py>>,
    ) -> PyResult<Option<Portable>> {
        let mut taken = Taken::new(Taking::Copy);
        let portable = Portable::from_pickler(py, class, &mut taken, pickler)?;
        taken.settle(py, Taking::Copy, None)?;
        Ok(portable)
    }

    fn from_pickler<'py>(
        py: Python<'py>,
        class: &str,
        taken: &mut Taken,
        pickler: impl FnOnce() -> PyResult<Object<'py>>,
    ) -> PyResult<Option<Portable>> {
        let (data, out_of_band) = out_of_band::while_packing(taken, pickler);
        let data = data?;
        if data.is_none() {
            return Ok(None);
        }
        let data = data.to_bytes().ok_or_else(|| error::raise(py, Kind::Type, "pickle gave no bytes"))?;
        let data = buffer::copy(py, data)?;
        Ok(Some(Portable::Pickled(Box::new(Pickled { data, out_of_band, class: class.into() }))))
    }

    /// The same for what moves: `what` it is from now on is said to those who use it where it was, and in the error if it
    /// can't be moved.
    pub(crate) fn encode_named(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Portable> {
        let portable = Portable::encode(object, Taking::Move(&what));
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// The same for a part of what moves as a whole, or not at all.
    pub(crate) fn encode_part(
        object: &Object<'_>,
        what: impl Fn() -> String,
        whole: &mut Whole,
    ) -> PyResult<Portable> {
        let portable = Portable::encode_by(object, false, Taking::Move(&what), &DUMPS_BY_VALUE, Some(whole));
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// The same for what several will read: of objects that CPython could carry, they get copies if that is possible.
    /// `stay`: CPython need not carry any.
    pub(crate) fn encode_for_all(
        object: &Object<'_>,
        stay: bool,
        what: impl Fn() -> String,
    ) -> PyResult<Portable> {
        let taking = Taking::Move(&what);
        let taken = Taken::new(taking).with_registered(if stay { Manner::Not } else { Manner::Copy });
        let portable = Portable::encode_taking(object, false, taking, taken, &DUMPS_BY_VALUE, None);
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// The same for a value whose holder releases it.
    pub(crate) fn release_named(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Portable> {
        let portable = Portable::encode(object, Taking::Release);
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// The same for a copy of what stays here as well.
    pub(crate) fn copy_named(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Portable> {
        let portable = Portable::encode(object, Taking::Copy);
        portable.map_err(|raised| cannot_move(object, raised, what))
    }

    /// A new object of this interpreter. The portable value is as it was, whatever is raised.
    pub(crate) fn decode<'py>(&self, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        let object = self.open(py, opening)?;
        if opening == Opening::Own {
            match self {
                Portable::Reference(reference) => reference.close(),
                Portable::Packed(packed) => packed.references.iter().for_each(Reference::close),
                Portable::Pickled(pickled) => pickled.out_of_band.close(),
                _ => {}
            }
        }
        Ok(object)
    }

    fn open<'py>(&self, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        match self {
            Portable::None => Ok(py.none()),
            Portable::Bool(value) => Ok(number::boolean(py, *value)),
            Portable::Int(value) => number::int(py, *value),
            Portable::Float(value) => number::float(py, *value),
            Portable::Str(value) => text::string(py, value),
            Portable::Bytes(value) => text::bytes(py, value),
            Portable::Reference(reference) => reference.open(py, opening),
            Portable::Packed(packed) => unpack(py, packed, opening),
            Portable::Pickled(pickled) => pickled.load(py, opening),
        }
    }

    /// Whether that object, opened from this, is as it was, and nobody else refers to what can be changed in it. Of what
    /// is pickled nobody can tell.
    pub(crate) fn is_form_of(&self, object: &Object<'_>) -> PyResult<bool> {
        Ok(match self {
            Portable::Packed(packed) => is_packed(object, packed)?,
            Portable::Reference(reference) => reference.is_of(object),
            Portable::Str(text) => object.is_str() && object.to_str() == Some(&***text),
            Portable::Bytes(bytes) => object.is_bytes() && object.to_bytes() == Some(&***bytes),
            _ => false,
        })
    }

    /// True for what any code may run to open.
    pub(crate) fn is_pickled(&self) -> bool {
        matches!(self, Portable::Pickled(_))
    }

    /// Whether data goes along that belongs to one handle at a time.
    pub(super) fn has_data(&self) -> bool {
        match self {
            Portable::Reference(reference) => reference.is_data(),
            Portable::Packed(packed) => packed.references.iter().any(Reference::is_data),
            Portable::Pickled(pickled) => pickled.out_of_band.has_data(),
            _ => false,
        }
    }

    /// What the value's type is called.
    pub(crate) fn class(&self) -> Cow<'_, str> {
        let class = match self {
            Portable::None => "NoneType",
            Portable::Bool(_) => "bool",
            Portable::Int(_) => "int",
            Portable::Float(_) => "float",
            Portable::Str(_) => "str",
            Portable::Bytes(_) => "bytes",
            Portable::Reference(reference) => return reference.class(),
            Portable::Packed(packed) => packed.class(),
            Portable::Pickled(pickled) => &pickled.class,
        };
        class.into()
    }

    /// Whether it takes Python code to open it, which may fail.
    pub(crate) fn may_fail(&self) -> bool {
        match self {
            Portable::Packed(packed) => packed.runs_python,
            Portable::Pickled(_) | Portable::Reference(Reference::Registered(_)) => true,
            _ => false,
        }
    }

    /// The same for equal values of one origin, and hardly ever for others. 0: nothing is known.
    pub(crate) fn fingerprint(&self) -> u64 {
        let data = match self {
            Portable::Packed(packed) if packed.references.is_empty() && packed.memories.is_empty() => {
                &packed.data
            }
            Portable::Pickled(pickled) if pickled.out_of_band.is_empty() => &pickled.data,
            _ => return 0,
        };
        let mut hasher = DefaultHasher::new();
        hasher.write(data);
        hasher.finish()
    }

    /// How many bytes it takes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Portable::Str(text) => text.len(),
            Portable::Bytes(bytes) => bytes.len(),
            Portable::Packed(packed) => packed.size(),
            Portable::Reference(reference) => reference.size(),
            Portable::Pickled(pickled) => pickled.data.len() + pickled.out_of_band.size(),
            _ => size_of::<Portable>(),
        }
    }
}

/// The error that says what could not be moved, with the reason as its cause.
#[cold]
fn cannot_move(object: &Object<'_>, raised: Raised, what: impl Fn() -> String) -> Raised {
    let py = object.py();
    // What moves by reference says for itself why it can't.
    if error::is(py, Kind::KeyboardInterrupt)
        || error::is(py, Kind::Memory)
        || is_reference(object)
        || has_method(object)
    {
        return raised;
    }
    let Some(reason) = error::take(py) else { return raised };
    let why = refusal(object, &reason);
    let class = object.class_name();
    let message = format!("{} of type '{class}' cannot be moved to another interpreter: {why}", what());
    error::restore(reason);
    error::raise_from(py, Kind::Type, &message)
}

/// Pickles by CPython's own pickler, which knows everything that can be imported; what that refuses, or would name as a
/// part of a module that can't be imported, by value.
fn pickle(object: &Object<'_>, by_value: &'static Imported, taken: &mut Taken) -> PyResult<Portable> {
    let py = object.py();
    let state = State::get(py);
    if object.is_function() || object.is_class() || is_of_namespace(object) {
        return Portable::by_value(object, by_value, taken);
    }
    carry_queues(py, state)?;
    let class = object.class_name();
    let protocol = number::int(py, 5)?;
    let dumps = || {
        let dumps = DUMPS.get(py, state)?;
        dumps.call_with_keyword(&[object, &protocol], c"buffer_callback", &CARRY_BUFFER.get(py, state)?)
    };
    let mut part = taken.for_part();
    match Portable::from_pickler(py, &class, &mut part, dumps) {
        Ok(Some(Portable::Pickled(pickled))) if namespaces::are_named_in(&pickled.data) => {
            Portable::by_value(object, by_value, taken)
        }
        Ok(Some(portable)) => {
            taken.append(part);
            Ok(portable)
        }
        Ok(None) => Err(error::raise(py, Kind::Type, "pickle gave nothing")),
        // What is nested too deep, or interrupted, is so the other way too.
        Err(raised) if error::is(py, Kind::Recursion) || error::is(py, Kind::KeyboardInterrupt) => {
            Err(raised)
        }
        Err(raised) => {
            let Some(first) = error::take(py) else { return Err(raised) };
            let dumps = || by_value.call_in(py, state, &[object, &first]);
            let portable = Portable::from_pickler(py, &class, taken, dumps)?;
            portable.ok_or_else(|| error::raise(py, Kind::Type, "pickle gave nothing"))
        }
    }
}

/// CPython's queues between interpreters are pickled by their number, and gone if that is all that is left of one. So they
/// are left to CPython, once there are any.
fn carry_queues(py: Python<'_>, state: &State) -> PyResult<()> {
    if CARRIES_QUEUES.of(state).load(Ordering::Relaxed) {
        return Ok(());
    }
    if let Some(class) = module::imported_class(py, c"concurrent.interpreters._queues", c"Queue") {
        CARRY.call_in(py, state, &[&class])?;
        CARRIES_QUEUES.of(state).store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Why a value could not be pickled: the error, and the part of the value that it is about.
pub(crate) fn refusal(object: &Object<'_>, reason: &Object<'_>) -> String {
    let py = object.py();
    let culprit = match error::is_kind(reason, Kind::Recursion) {
        true => None,
        // It pickles the parts, which may take something along.
        false => out_of_band::while_packing(&mut Taken::for_a_try(), || CULPRIT.call(py, &[object]).ok()).0,
    };
    error::clear(py);
    let found = |place| {
        let text = culprit.as_ref()?.as_tuple()?.item(place).ok()?.to_str()?.to_owned();
        (!text.is_empty()).then_some(text)
    };
    let (culprit, place) = (found(0), found(1));
    let text = reason.str().ok().and_then(|text| text.to_str().map(str::to_owned)).unwrap_or_default();
    error::clear(py);
    let whole = advice(&object.class_name());
    let advice = whole.or_else(|| advice(culprit.as_deref()?)).unwrap_or_default();
    match culprit {
        Some(culprit) => {
            let place = place.map(|name| format!(", in '{name}'")).unwrap_or_default();
            format!("{}: {text} (the part of type '{culprit}'{place}){advice}", reason.class_name())
        }
        None => format!("{}: {text}{advice}", reason.class_name()),
    }
}

/// Puts first in an ImportError what to do, if it is because a module refuses sub-interpreters. Other errors stay as they
/// are.
pub(crate) fn explain_import(py: Python<'_>, raised: Raised) -> Raised {
    if !error::is(py, Kind::Import) {
        return raised;
    }
    let Some(error) = error::take(py) else { return raised };
    drop(EXPLAIN_IMPORT_ERROR.call(py, &[&error]));
    error::clear(py);
    error::restore(error)
}

/// An instance of a class of a module that can't be imported.
fn is_of_namespace(object: &Object<'_>) -> bool {
    let module = object.class().getattr(c"__module__");
    error::clear(object.py());
    module.is_ok_and(|module| module.to_str().is_some_and(namespaces::contains))
}

impl Pickled {
    fn load<'py>(&self, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        let data = text::bytes(py, &self.data)?;
        let loads = LOADS.get(py, State::get(py))?;
        out_of_band::while_unpacking(&self.out_of_band, opening, || match self.out_of_band.buffers(py)? {
            None => loads.call(&[&data]),
            Some(buffers) => loads.call_with_keyword(&[&data], c"buffers", &buffers),
        })
    }
}
