//! Objects of types that other packages have registered with CPython for moving to other interpreters. See
//! [`cross_interpreter`](crate::interpreter::cross_interpreter) for what CPython does.
//!
//! Such a type takes part in what we do with values only by two functions: one takes the data out of an object, the other
//! makes a new object of it. Some types hand the data over by that, and the object has lost it; others share it. That is
//! found out when the first object of a type is taken: the data is asked for twice. What hands its data over can be moved,
//! but be in two places only if it can be pickled, too.
//!
//! ```text
//!    Given ----> Data <---------- Object
//!      the data   |  an interpreter  ^
//!      is taken   |  other than that |
//!                 +------------------+
//!                      it is opened
//! ```

use super::by_reference::{Opening, Taking};
use super::portable::Portable;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::interpreter::cross_interpreter::{Crossing, Maker, Taker, taker};
use crate::interpreter::errands::in_main;
use crate::interpreter::home::main_home;
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{Imported, PerInterpreter, Resident, State, detach, within};
use parking_lot::{Condvar, Mutex};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Weak};

static NAME_OF: Imported = Imported::new("bocpy._extensions", c"name_of");
static LOAD: Imported = Imported::new("bocpy._extensions", c"load");

/// What is known of the types, which are the same in all interpreters.
static NATURES: Mutex<Option<FxHashMap<Taker, Nature>>> = Mutex::new(None);
/// The modules that they come from.
static ORIGINS: Mutex<Option<FxHashMap<Maker, Origin>>> = Mutex::new(None);
/// Those that are known to be loaded in an interpreter.
static LOADED: PerInterpreter<Mutex<FxHashSet<Maker>>> = PerInterpreter::new(Mutex::default);
/// What depends on an interpreter that may end.
static HERE: PerInterpreter<Mutex<SelfPruning<Weak<Registered>>>> = PerInterpreter::new(Mutex::default);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nature {
    /// An object keeps its data when it is taken.
    Shares,
    /// It loses the data.
    HandsOver,
}

/// How objects of such types are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// They go away from where they are.
    Move,
    /// They stay there, too.
    Copy,
    /// Not at all.
    Not,
}

/// One such object on its way.
pub(crate) struct Registered {
    class: Box<str>,
    taker: Taker,
    place: Mutex<Place>,
    changed: Condvar,
}

/// An extension module, which may not be loaded in every interpreter. `None`: one that comes with CPython, which needs no care.
type Origin = Option<Arc<Module>>;

struct Module {
    name: Box<str>,
    /// Its file.
    library: Box<str>,
}

enum Place {
    /// An object whose data has not been taken yet.
    Given,
    Data {
        crossing: Crossing,
        origin: Origin,
    },
    /// An object that has been opened, and that nobody uses: more can be made of it.
    Object(Arc<Resident>),
    /// A thread is busy with it.
    Changing,
    /// It has been given to somebody for good; or is lost, for this reason.
    Gone(Box<str>),
}

/// Whether objects of its type can be taken here.
pub(crate) fn is_registered(object: &Object<'_>) -> bool {
    taker_of(object).is_some()
}

fn taker_of(object: &Object<'_>) -> Option<Taker> {
    // CPython has registered some of its own, which we know better.
    if object.builtin().is_some() || object.is_function() || object.is_code() || object.is_class() {
        return None;
    }
    taker(object)
}

fn nature(taker: Taker) -> Option<Nature> {
    NATURES.lock().as_ref()?.get(&taker).copied()
}

impl Registered {
    /// An object that is to be taken. `None`: it is none of these; or a copy is asked for, and it is not known that there can be
    /// one. `insists`: there is no other way to have one.
    pub(super) fn of(
        object: &Object<'_>,
        manner: Manner,
        insists: bool,
    ) -> PyResult<Option<Arc<Registered>>> {
        if manner == Manner::Not {
            return Ok(None);
        }
        let Some(taker) = taker_of(object) else { return Ok(None) };
        let nature = nature(taker);
        if manner == Manner::Copy && nature != Some(Nature::Shares) {
            if !insists {
                return Ok(None);
            }
            if nature == Some(Nature::HandsOver) {
                return Err(refuse_copy(object.py(), &object.class_name()));
            }
        }
        Ok(Some(Arc::new(Registered {
            class: object.class_name().into(),
            taker,
            place: Mutex::new(Place::Given),
            changed: Condvar::new(),
        })))
    }

    /// Takes the data. If that fails, the object has it as before.
    pub(super) fn take(self: &Arc<Self>, object: &Object<'_>) -> PyResult<()> {
        let crossing = Crossing::take(object)?;
        if nature(self.taker).is_none() {
            let nature = match Crossing::take(object) {
                Ok(again) if again.is_empty() == crossing.is_empty() => Some(Nature::Shares),
                Err(Raised) if error::is(object.py(), Kind::Memory) => None,
                _ => Some(Nature::HandsOver),
            };
            error::clear(object.py());
            if let Some(nature) = nature {
                NATURES.lock().get_or_insert_default().insert(self.taker, nature);
            }
        }
        let origin = origin(object, &crossing);
        self.is_here(State::get(object.py()));
        self.put(Place::Data { crossing, origin });
        Ok(())
    }

    /// A new object of this interpreter.
    pub(super) fn open<'py>(self: &Arc<Self>, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        if opening == Opening::Own {
            return self.open_own(py);
        }
        let original = self.original(py)?;
        let copy = match original.peek(py) {
            Some(object) => Portable::encode(&object, Taking::Copy)?,
            None => {
                let copy = within(py, original.home(), |there| {
                    State::try_get(there)?;
                    let object = original.peek(there)?;
                    Some(Portable::encode(&object, Taking::Copy).map_err(|Raised| error::describe(there)))
                });
                self.arrived(py, copy.flatten())?
            }
        };
        copy.decode(py, Opening::Own)
    }

    /// The object that others get copies of, made here if there is none yet.
    fn original(self: &Arc<Self>, py: Python<'_>) -> PyResult<Arc<Resident>> {
        let (original, result) = match self.begin(py) {
            Place::Object(object) => (Place::Object(object.clone()), Ok(object)),
            Place::Data { crossing, origin } => match self.make(py, &crossing, &origin) {
                Ok(object) => {
                    error::aside(py, || drop(crossing));
                    let object = Arc::new(Resident::new(object));
                    (Place::Object(object.clone()), Ok(object))
                }
                Err(raised) => (Place::Data { crossing, origin }, Err(raised)),
            },
            other => {
                self.put(other);
                return Err(self.refuse_gone(py));
            }
        };
        self.put(original);
        result
    }

    fn make<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        crossing: &Crossing,
        origin: &Origin,
    ) -> PyResult<Object<'py>> {
        load(py, crossing, origin)?;
        let object = crossing.open(py)?;
        self.is_here(State::get(py));
        Ok(object)
    }

    /// The same for one who has it alone. Until it is certain that he has it, the object can be taken once more.
    fn open_own<'py>(self: &Arc<Self>, py: Python<'py>) -> PyResult<Object<'py>> {
        let (crossing, origin) = match self.begin(py) {
            Place::Data { crossing, origin } => (crossing, origin),
            Place::Object(object) => match self.take_again(py, &object) {
                Ok(both) => both,
                Err(raised) => {
                    self.put(Place::Object(object));
                    return Err(raised);
                }
            },
            other => {
                self.put(other);
                return Err(self.refuse_gone(py));
            }
        };
        match self.make(py, &crossing, &origin) {
            Ok(object) => {
                error::aside(py, || drop(crossing));
                self.put(Place::Object(Arc::new(Resident::new(object.clone()))));
                Ok(object)
            }
            Err(raised) => {
                self.put(Place::Data { crossing, origin });
                Err(raised)
            }
        }
    }

    /// Takes the data out of an object that has been opened, in the interpreter that has it.
    fn take_again(&self, py: Python<'_>, object: &Arc<Resident>) -> PyResult<(Crossing, Origin)> {
        let take = |object: &Object<'_>| {
            let crossing = Crossing::take(object)?;
            let origin = origin(object, &crossing);
            Ok((crossing, origin))
        };
        if let Some(object) = object.peek(py) {
            return take(&object);
        }
        let taken = within(py, object.home(), |there| {
            State::try_get(there)?;
            let object = object.peek(there)?;
            Some(take(&object).map_err(|Raised| error::describe(there)))
        });
        self.arrived(py, taken.flatten())
    }

    fn arrived<T>(&self, py: Python<'_>, found: Option<Result<T, String>>) -> PyResult<T> {
        match found {
            Some(Ok(found)) => Ok(found),
            Some(Err(why)) => Err(error::raise(py, Kind::Runtime, &why)),
            None => {
                let message =
                    format!("the interpreter in which this {} lived can no longer be used", self.class);
                Err(error::raise(py, Kind::Runtime, &message))
            }
        }
    }

    /// Somebody has opened it for good. What is shared can be opened again.
    pub(super) fn close(&self) {
        if !self.hands_over() {
            return;
        }
        let before = {
            let mut place = self.place.lock();
            match &*place {
                Place::Object(_) => {
                    let gone =
                        format!("this {} has been opened already, by one who has it alone", self.class);
                    Some(std::mem::replace(&mut *place, Place::Gone(gone.into())))
                }
                _ => None,
            }
        };
        drop(before);
    }

    pub(super) fn class(&self) -> &str {
        &self.class
    }

    /// Whether it can be lost to those who had it by being opened.
    pub(super) fn hands_over(&self) -> bool {
        nature(self.taker) != Some(Nature::Shares)
    }

    /// The interpreter that this thread is attached to is about to end.
    fn evacuate(self: &Arc<Self>, py: Python<'_>) -> Option<String> {
        let (crossing, origin) = match self.begin(py) {
            Place::Data { crossing, origin } if crossing.home().is_here() => (crossing, origin),
            Place::Object(object) if object.is_here(py) => match self.take_again(py, &object) {
                Ok(both) => both,
                Err(Raised) => return Some(self.lose(&error::describe(py))),
            },
            other => {
                self.put(other);
                return None;
            }
        };
        let crossing = Arc::new(crossing);
        let (in_other, name) = (crossing.clone(), origin.clone());
        // What comes with CPython does not mind by which thread.
        let opened = in_main(py, origin.is_none(), move |there| {
            State::try_get(there)?;
            let opened = load(there, &in_other, &name).and_then(|()| in_other.open(there));
            Some(opened.map(Resident::new).map_err(|Raised| error::describe(there)))
        });
        drop(crossing);
        match opened.flatten() {
            Some(Ok(object)) => {
                self.put(Place::Object(Arc::new(object)));
                None
            }
            Some(Err(why)) => Some(self.lose(&format!("in the main interpreter: {why}"))),
            None => Some(self.lose("no thread of the main interpreter was there to take it")),
        }
    }

    fn lose(&self, why: &str) -> String {
        let message = format!("this {} was lost when its worker ended: {why}", self.class);
        self.put(Place::Gone(message.as_str().into()));
        message
    }

    fn refuse_gone(&self, py: Python<'_>) -> Raised {
        let why = self.settled(py, |place| match place {
            Place::Gone(why) => why.clone(),
            _ => "another thread has it".into(),
        });
        error::raise(py, Kind::Runtime, &why)
    }

    fn is_here(self: &Arc<Self>, state: &State) {
        let tidy = |all: &mut Vec<Weak<Registered>>| {
            all.retain(|one| one.strong_count() > 0);
            all.sort_unstable_by_key(|one| one.as_ptr().addr());
            all.dedup_by_key(|one| one.as_ptr().addr());
        };
        HERE.of(state).lock().push(Arc::downgrade(self), tidy);
    }

    /// Takes it out of its place, so that no other thread does; with `put` it comes back.
    fn begin(&self, py: Python<'_>) -> Place {
        loop {
            {
                let mut place = self.place.lock();
                if !matches!(*place, Place::Changing) {
                    return std::mem::replace(&mut *place, Place::Changing);
                }
            }
            self.wait(py);
        }
    }

    fn put(&self, place: Place) {
        let before = std::mem::replace(&mut *self.place.lock(), place);
        self.changed.notify_all();
        drop(before);
    }

    fn settled<R>(&self, py: Python<'_>, f: impl Fn(&Place) -> R) -> R {
        loop {
            {
                let place = self.place.lock();
                if !matches!(*place, Place::Changing) {
                    return f(&place);
                }
            }
            self.wait(py);
        }
    }

    fn wait(&self, py: Python<'_>) {
        detach(py, || {
            let mut place = self.place.lock();
            while matches!(*place, Place::Changing) {
                self.changed.wait(&mut place);
            }
        });
    }
}

#[cold]
fn refuse_copy(py: Python<'_>, class: &str) -> Raised {
    let message = format!(
        "it hands its data over when it moves, so it cannot be in two places: not be read by several, nor be in a cown and \
         somewhere else as well. Request its cown to write, and return what is needed of it; or give the type '{class}' a \
         __reduce__, by which it can be copied"
    );
    error::raise(py, Kind::Type, &message)
}

/// The module that the type comes from, which has to be loaded where objects are made.
fn origin(object: &Object<'_>, crossing: &Crossing) -> Origin {
    let maker = crossing.maker()?;
    if let Some(known) = ORIGINS.lock().as_ref().and_then(|known| known.get(&maker).cloned()) {
        return known;
    }
    let py = object.py();
    let origin = find_origin(py, crossing);
    error::clear(py);
    ORIGINS.lock().get_or_insert_default().insert(maker, origin.clone());
    LOADED.here(py).lock().insert(maker);
    origin
}

fn find_origin(py: Python<'_>, crossing: &Crossing) -> Origin {
    let library = crossing.library()?;
    let name = NAME_OF.call(py, &[&text::string(py, &library).ok()?]).ok()?;
    let name = name.to_str().filter(|name| !name.is_empty())?;
    Some(Arc::new(Module { name: name.into(), library: library.into() }))
}

/// Loads that module here, if it is not: without it, there are no classes for the objects, and its functions may crash.
fn load(py: Python<'_>, crossing: &Crossing, origin: &Origin) -> PyResult<()> {
    let Some(maker) = crossing.maker() else { return Ok(()) };
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

/// Before an interpreter ends: what depends on it is taken to the main one.
pub(crate) fn leave(py: Python<'_>, state: &State) {
    if state.home.is_main() || main_home().is_none() {
        return;
    }
    loop {
        let all = HERE.of(state).lock().take();
        if all.is_empty() {
            return;
        }
        for one in all.iter().filter_map(Weak::upgrade) {
            if let Some(lost) = one.evacuate(py) {
                module::write_stderr(py, &format!("bocpy: {lost}\n"));
            }
        }
    }
}
