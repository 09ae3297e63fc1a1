//! Objects of types of other packages, which give their data to us: see [`carrier`](super::carrier) for how.
//!
//! Such a type takes part in what we do with values only by two functions: one takes the data out of an object, the other
//! makes a new object of it. Some types hand the data over by that, and the object has lost it; others share it. Of those
//! that CPython carries, that is found out when the first object of a type is taken: the data is asked for twice. What hands
//! its data over can be moved, but be in two places only if it can be copied or pickled, too.
//!
//! ```text
//!    Given ----> Data <---------- Object
//!      the data   |  an interpreter  ^
//!      is taken   |  other than that |
//!                 +------------------+
//!                      it is opened
//! ```

use super::by_reference::{Opening, Taking};
use super::carrier::{Carrier, Freight, Nature};
use super::portable::Portable;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module};
use crate::interpreter::errands::in_main;
use crate::interpreter::home::main_home;
use crate::interpreter::movable::Movable;
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{PerInterpreter, Resident, State, detach, within};
use parking_lot::{Condvar, Mutex};
use std::borrow::Cow;
use std::sync::{Arc, Weak};

/// What depends on an interpreter that may end.
static HERE: PerInterpreter<Mutex<SelfPruning<Weak<Registered>>>> = PerInterpreter::new(Mutex::default);

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
    class: Cow<'static, str>,
    carrier: Carrier,
    manner: Manner,
    place: Mutex<Place>,
    changed: Condvar,
}

enum Place {
    /// An object whose data has not been taken yet.
    Given,
    Data(Freight),
    /// An object that has been opened, and that nobody uses: more can be made of it.
    Object(Arc<Resident>),
    /// A thread is busy with it.
    Changing,
    /// It has been given to somebody for good; or is lost, for this reason.
    Gone(Box<str>),
}

/// Whether objects of its type can be taken here.
pub(crate) fn is_registered(object: &Object<'_>) -> bool {
    Carrier::of(object).is_some()
}

/// The same, but only by our own API: such an object is a handle of data that one at a time may touch, as those of our types
/// are.
#[inline]
pub(super) fn is_movable(object: &Object<'_>) -> bool {
    Movable::of(object).is_some()
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
        let Some(carrier) = Carrier::of(object) else { return Ok(None) };
        if manner == Manner::Copy && !carrier.copies() {
            if !insists {
                return Ok(None);
            }
            if carrier.nature() == Some(Nature::HandsOver) {
                return Err(refuse_copy(object.py(), carrier, &object.class_name()));
            }
        }
        Ok(Some(Arc::new(Registered {
            class: carrier.class(object),
            carrier,
            manner,
            place: Mutex::new(Place::Given),
            changed: Condvar::new(),
        })))
    }

    /// Takes the data. If that fails, the object has it as before. `gone`: what the object says from then on, if it loses it.
    pub(super) fn take(self: &Arc<Self>, object: &Object<'_>, gone: &str) -> PyResult<()> {
        let copy = if self.manner == Manner::Copy { self.carrier.copy_of(object) } else { None };
        let freight = copy.unwrap_or_else(|| self.carrier.take_first(object, gone))?;
        if freight.needs_this_interpreter() {
            self.is_here(State::get(object.py()));
        }
        self.put(Place::Data(freight));
        Ok(())
    }

    /// Gives the data back to the object that it was taken from, if it still is to be had, and the type can do that.
    pub(super) fn give_back(self: &Arc<Self>, object: &Object<'_>) {
        let py = object.py();
        let place = match self.begin(py) {
            Place::Object(opened) => match self.take_again(py, &opened) {
                Ok(freight) => Place::Data(freight),
                Err(Raised) => {
                    error::clear(py);
                    Place::Object(opened)
                }
            },
            other => other,
        };
        match place {
            Place::Data(freight) if self.manner == Manner::Move => match freight.restore(object) {
                Ok(()) => self.put(Place::Gone("it has been given back".into())),
                Err(freight) => self.put(Place::Data(freight)),
            },
            other => self.put(other),
        }
    }

    /// A new object of this interpreter.
    pub(super) fn open<'py>(self: &Arc<Self>, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        if opening == Opening::Own {
            return self.open_own(py);
        }
        if let Some(copy) = self.copy(py)? {
            return copy.open(py).map_err(|(copy, raised)| {
                error::aside(py, || drop(copy));
                raised
            });
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

    /// The same data once more. `None`: the type gives no way to do that by itself.
    fn copy(self: &Arc<Self>, py: Python<'_>) -> PyResult<Option<Freight>> {
        if !matches!(self.carrier, Carrier::Ours(movable) if movable.copies()) {
            return Ok(None);
        }
        let (place, result) = match self.begin_with_data(py) {
            Ok(freight) => {
                let copy = freight.copy(py);
                (Place::Data(freight), copy.transpose())
            }
            Err((place, raised)) => (place, Err(raised)),
        };
        self.put(place);
        result
    }

    /// The object that others get copies of, made here if there is none yet.
    fn original(self: &Arc<Self>, py: Python<'_>) -> PyResult<Arc<Resident>> {
        let (original, result) = match self.begin(py) {
            Place::Object(object) => (Place::Object(object.clone()), Ok(object)),
            Place::Data(freight) => match self.make(py, freight) {
                Ok(object) => {
                    let object = Arc::new(Resident::new(object));
                    (Place::Object(object.clone()), Ok(object))
                }
                Err((freight, raised)) => (Place::Data(freight), Err(raised)),
            },
            other => {
                let raised = refuse_gone(py, &other);
                (other, Err(raised))
            }
        };
        self.put(original);
        result
    }

    fn make<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
        freight: Freight,
    ) -> Result<Object<'py>, (Freight, Raised)> {
        let object = freight.open(py)?;
        self.is_here(State::get(py));
        Ok(object)
    }

    /// The same for one who has it alone. Until it is certain that he has it, the object can be taken once more.
    fn open_own<'py>(self: &Arc<Self>, py: Python<'py>) -> PyResult<Object<'py>> {
        let opened = self.begin_with_data(py).and_then(|freight| match self.make(py, freight) {
            Ok(object) => Ok(object),
            Err((freight, raised)) => Err((Place::Data(freight), raised)),
        });
        match opened {
            Ok(object) => {
                self.put(Place::Object(Arc::new(Resident::new(object.clone()))));
                Ok(object)
            }
            Err((place, raised)) => {
                self.put(place);
                Err(raised)
            }
        }
    }

    /// Takes the data out of its place. With whatever comes of that, `put` has to be called.
    fn begin_with_data(self: &Arc<Self>, py: Python<'_>) -> Result<Freight, (Place, Raised)> {
        match self.begin(py) {
            Place::Data(freight) => Ok(freight),
            Place::Object(object) => {
                self.take_again(py, &object).map_err(|raised| (Place::Object(object), raised))
            }
            place => {
                let raised = refuse_gone(py, &place);
                Err((place, raised))
            }
        }
    }

    /// Takes the data out of an object that has been opened, in the interpreter that has it.
    fn take_again(&self, py: Python<'_>, object: &Arc<Resident>) -> PyResult<Freight> {
        let carrier = self.carrier;
        let take = move |object: &Object<'_>| carrier.take(object, "it has been moved on");
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

    pub(super) fn class(&self) -> &Cow<'static, str> {
        &self.class
    }

    /// Whether it can be lost to those who had it by being opened.
    pub(super) fn hands_over(&self) -> bool {
        self.carrier.nature() != Some(Nature::Shares)
    }

    /// The interpreter that this thread is attached to is about to end.
    fn evacuate(self: &Arc<Self>, py: Python<'_>) -> Option<String> {
        let freight = match self.begin(py) {
            Place::Data(freight) if freight.needs_this_interpreter() => freight,
            Place::Object(object) if object.is_here(py) => match self.take_again(py, &object) {
                Ok(freight) if freight.needs_this_interpreter() => freight,
                Ok(freight) => {
                    self.put(Place::Data(freight));
                    return None;
                }
                Err(Raised) => return Some(self.lose(&error::describe(py))),
            },
            other => {
                self.put(other);
                return None;
            }
        };
        let may_visit = freight.opens_by_visitors();
        let freight = Arc::new(Mutex::new(Some(freight)));
        let in_other = freight.clone();
        let opened = in_main(py, may_visit, move |there| {
            State::try_get(there)?;
            let freight = in_other.lock().take()?;
            let opened = freight.open(there).map(Resident::new);
            Some(opened.map_err(|(freight, Raised)| {
                let why = error::describe(there);
                *in_other.lock() = Some(freight);
                why
            }))
        });
        drop(freight);
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
fn refuse_gone(py: Python<'_>, place: &Place) -> Raised {
    let why = match place {
        Place::Gone(why) => why,
        _ => "another thread has it",
    };
    error::raise(py, Kind::Runtime, why)
}

#[cold]
fn refuse_copy(py: Python<'_>, carrier: Carrier, class: &str) -> Raised {
    let by_function = match carrier {
        Carrier::Cpython(_) => "",
        Carrier::Ours(_) => "its bocpy_movable a `copy`, or ",
    };
    let message = format!(
        "it hands its data over when it moves, so it cannot be in two places: not be read by several, nor be in a cown and \
         somewhere else as well. Of a result, unwrap() gives the object itself, where get() gives a copy. Of another cown, \
         request it to write, and return what is needed; or give {by_function}the type '{class}' a __reduce__, by which it \
         can be copied"
    );
    error::raise(py, Kind::Type, &message)
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
