//! The two ways in which types of other packages give us their data: by CPython's own mechanism, see
//! [`cross_interpreter`](crate::interpreter::cross_interpreter), and by our API, see
//! [`movable`](crate::interpreter::movable). What is done with either is in [`registered`](super::registered).

use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::interpreter::cross_interpreter::{Crossing, Maker, Taker, taker};
use crate::interpreter::movable::{self, Movable};
use crate::interpreter::{Imported, PerInterpreter};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::sync::Arc;

static NAME_OF: Imported = Imported::new("bocpy._extensions", c"name_of");
static LOAD: Imported = Imported::new("bocpy._extensions", c"load");

/// What is known of the types that CPython carries, which are the same in all interpreters.
static NATURES: Mutex<Option<FxHashMap<Taker, Nature>>> = Mutex::new(None);
/// The modules that types come from, by a function of theirs.
static ORIGINS: Mutex<Option<FxHashMap<Maker, Origin>>> = Mutex::new(None);
/// Those that are known to be loaded in an interpreter.
static LOADED: PerInterpreter<Mutex<FxHashSet<Maker>>> = PerInterpreter::new(Mutex::default);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nature {
    /// An object keeps its data when it is taken.
    Shares,
    /// It loses the data.
    HandsOver,
}

/// How the objects of a type are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Cpython(Taker),
    Ours(Movable),
}

/// The data of an object, on its way.
pub(super) enum Freight {
    Cpython { crossing: Crossing, origin: Origin },
    Ours { freight: movable::Freight, origin: Origin },
}

/// An extension module, which may not be loaded in every interpreter. `None`: one that comes with CPython, which needs no care.
pub(super) type Origin = Option<Arc<Module>>;

pub(super) struct Module {
    name: Box<str>,
    /// Its file.
    library: Box<str>,
}

impl Carrier {
    /// `None`: objects of its type cannot be taken here.
    #[inline]
    pub(super) fn of(object: &Object<'_>) -> Option<Carrier> {
        // CPython has registered some of its own, which we know better.
        if object.builtin().is_some() || object.is_function() || object.is_code() || object.is_class() {
            return None;
        }
        Movable::of(object).map(Carrier::Ours).or_else(|| taker(object).map(Carrier::Cpython))
    }

    /// What the type of an object is called.
    pub(super) fn class(self, object: &Object<'_>) -> Cow<'static, str> {
        match self {
            Carrier::Cpython(_) => object.class_name().into(),
            Carrier::Ours(movable) => movable.name().into(),
        }
    }

    /// What is known of the type.
    pub(super) fn nature(self) -> Option<Nature> {
        match self {
            Carrier::Cpython(taker) => NATURES.lock().as_ref()?.get(&taker).copied(),
            Carrier::Ours(_) => Some(Nature::HandsOver),
        }
    }

    /// Whether an object can be in several places without being pickled for that.
    pub(super) fn copies(self) -> bool {
        match self {
            Carrier::Cpython(_) => self.nature() == Some(Nature::Shares),
            Carrier::Ours(movable) => movable.copies(),
        }
    }

    /// Takes the data. If that fails, the object has it as before. `gone`: what the object says from then on.
    pub(super) fn take(self, object: &Object<'_>, gone: &str) -> PyResult<Freight> {
        match self {
            Carrier::Cpython(_) => {
                let crossing = Crossing::take(object)?;
                let origin = crossing.maker().and_then(|maker| origin(object, maker));
                Ok(Freight::Cpython { crossing, origin })
            }
            Carrier::Ours(movable) => {
                let freight = movable.detach(object, gone)?;
                Ok(Freight::Ours { freight, origin: origin(object, Maker::at(movable.code())) })
            }
        }
    }

    /// The same data as an object has, which keeps it. `None`: the type gives no way to do that by itself.
    pub(super) fn copy_of(self, object: &Object<'_>) -> Option<PyResult<Freight>> {
        match self {
            Carrier::Ours(movable) if movable.copies() => Some(movable.copy_of(object).and_then(|copy| {
                let freight = copy.ok_or_else(|| no_memory(object.py()))?;
                Ok(Freight::Ours { freight, origin: origin(object, Maker::at(movable.code())) })
            })),
            _ => None,
        }
    }

    /// The same as [`take`](Self::take) for the first object of a type of which nothing is known: finds that out.
    pub(super) fn take_first(self, object: &Object<'_>, gone: &str) -> PyResult<Freight> {
        let freight = self.take(object, gone)?;
        if let (Carrier::Cpython(taker), Freight::Cpython { crossing, .. }) = (self, &freight)
            && self.nature().is_none()
        {
            let nature = match Crossing::take(object) {
                Ok(again) if again.is_empty() == crossing.is_empty() => Some(Nature::Shares),
                Err(Raised) if error::is(object.py(), Kind::Memory) => None,
                _ => Some(Nature::HandsOver),
            };
            error::clear(object.py());
            if let Some(nature) = nature {
                NATURES.lock().get_or_insert_default().insert(taker, nature);
            }
        }
        Ok(freight)
    }
}

impl Freight {
    /// A new object of this interpreter. If there is none, the data is still there.
    pub(super) fn open<'py>(self, py: Python<'py>) -> Result<Object<'py>, (Freight, Raised)> {
        match self {
            Freight::Cpython { crossing, origin } => {
                let object = match crossing.maker() {
                    Some(maker) => load(py, maker, &origin).and_then(|()| crossing.open(py)),
                    None => crossing.open(py),
                };
                match object {
                    Ok(object) => {
                        error::aside(py, || drop(crossing));
                        Ok(object)
                    }
                    Err(raised) => Err((Freight::Cpython { crossing, origin }, raised)),
                }
            }
            Freight::Ours { freight, origin } => {
                let attached = match class(py, freight.movable(), &origin) {
                    Ok(class) => freight.attach(&class),
                    Err(raised) => Err((freight, raised)),
                };
                attached.map_err(|(freight, raised)| (Freight::Ours { freight, origin }, raised))
            }
        }
    }

    /// The same data once more. `None`: the type gives no way to do that by itself.
    pub(super) fn copy(&self, py: Python<'_>) -> Option<PyResult<Freight>> {
        match self {
            Freight::Ours { freight, origin } if freight.movable().copies() => {
                let copy = freight.copy().ok_or_else(|| no_memory(py));
                Some(copy.map(|freight| Freight::Ours { freight, origin: origin.clone() }))
            }
            _ => None,
        }
    }

    /// Puts it back into the object that it was taken from, where that is possible.
    pub(super) fn restore(self, object: &Object<'_>) -> Result<(), Freight> {
        match self {
            Freight::Ours { freight, .. } => {
                freight.restore(object);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Whether it needs the interpreter that this thread is attached to.
    pub(super) fn needs_this_interpreter(&self) -> bool {
        match self {
            Freight::Cpython { crossing, .. } => crossing.home().is_here(),
            Freight::Ours { .. } => false,
        }
    }

    /// Whether any thread can open it that is attached to an interpreter, and not only one of that interpreter.
    pub(super) fn opens_by_visitors(&self) -> bool {
        match self {
            // What comes with CPython does not mind.
            Freight::Cpython { origin, .. } => origin.is_none(),
            Freight::Ours { .. } => true,
        }
    }
}

#[cold]
fn no_memory(py: Python<'_>) -> Raised {
    error::raise(py, Kind::Memory, "there is no memory for a copy of what several are to have")
}

/// The type in this interpreter.
fn class<'py>(py: Python<'py>, movable: Movable, origin: &Origin) -> PyResult<Object<'py>> {
    if let Some(class) = movable.class(py) {
        return Ok(class);
    }
    load(py, Maker::at(movable.code()), origin)?;
    if let Some(class) = movable.class(py) {
        return Ok(class);
    }
    let name = movable.name();
    let module = name.rsplit_once('.').map_or("", |(module, _)| module);
    if origin.is_none() {
        module::import(py, module)?;
    }
    movable.class(py).ok_or_else(|| {
        let message = format!(
            "the type '{name}' is not registered with bocpy in this interpreter: the module that makes it has to call \
             bocpy_register() in its Py_mod_exec function, which runs in each interpreter that imports it, and not to \
             unregister the type while objects of it are on their way"
        );
        error::raise(py, Kind::Runtime, &message)
    })
}

/// The module that the type comes from, which has to be loaded where objects are made.
fn origin(object: &Object<'_>, maker: Maker) -> Origin {
    if let Some(known) = ORIGINS.lock().as_ref().and_then(|known| known.get(&maker).cloned()) {
        return known;
    }
    let py = object.py();
    let origin = find_origin(py, maker);
    error::clear(py);
    ORIGINS.lock().get_or_insert_default().insert(maker, origin.clone());
    LOADED.here(py).lock().insert(maker);
    origin
}

fn find_origin(py: Python<'_>, maker: Maker) -> Origin {
    let library = maker.library()?;
    let name = NAME_OF.call(py, &[&text::string(py, &library).ok()?]).ok()?;
    let name = name.to_str().filter(|name| !name.is_empty())?;
    Some(Arc::new(Module { name: name.into(), library: library.into() }))
}

/// Loads that module here, if it is not: without it, there are no classes for the objects, and its functions may crash.
fn load(py: Python<'_>, maker: Maker, origin: &Origin) -> PyResult<()> {
    let loaded = LOADED.here(py);
    if loaded.lock().contains(&maker) {
        return Ok(());
    }
    if let Some(module) = origin {
        LOAD.call(py, &[&text::string(py, &module.name)?, &text::string(py, &module.library)?])?;
    }
    loaded.lock().insert(maker);
    Ok(())
}
