//! A value on its way from one who hands it over to one who gets it: the contents of a message, or of the noticeboard.

use super::by_reference::{Opening, Taking, hand_over};
use super::portable::Portable;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{Imported, Resident, backend, within};

static DETACHED: Imported = Imported::new("bocpy._code", c"detached");

/// A value that no cown owns.
pub(crate) enum Parcel {
    Portable(Portable),
    /// Where values stay what they are.
    Object(Resident),
}

impl Parcel {
    /// Takes a value, as a cown does: as it is now or, where values stay, the object itself. `what` it is from now on is for
    /// messages.
    pub(crate) fn pack(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Parcel> {
        if let Some(small) = Portable::small(object) {
            return Ok(Parcel::Portable(small));
        }
        if backend::values_stay(object.py()) {
            return Ok(Parcel::Object(Resident::new(hand_over(object, Taking::Move(&what))?)));
        }
        Portable::encode_named(object, what).map(Parcel::Portable)
    }

    /// The same for a value that several will look at: the object itself only if it can't be written down.
    pub(crate) fn pack_for_all(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Parcel> {
        let stay = backend::values_stay(object.py());
        match Portable::encode_for_all(object, stay, &what) {
            Err(Raised) if stay && error::is(object.py(), Kind::Type) => {
                error::clear(object.py());
                Ok(Parcel::Object(Resident::new(object.clone())))
            }
            packed => packed.map(Parcel::Portable),
        }
    }

    /// The same for a function, with the globals that it needs as they are now.
    pub(crate) fn pack_function(object: &Object<'_>, what: impl Fn() -> String) -> PyResult<Parcel> {
        if backend::values_stay(object.py()) {
            return Ok(Parcel::Object(Resident::new(DETACHED.call(object.py(), &[object])?)));
        }
        Portable::encode_function(object, what).map(Parcel::Portable)
    }

    /// An object of this interpreter.
    pub(crate) fn open<'py>(&self, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        let resident = match self {
            Parcel::Portable(portable) => return portable.decode(py, opening),
            Parcel::Object(resident) => resident,
        };
        if let Some(object) = resident.open(py) {
            return Ok(object);
        }
        // From another interpreter that uses threads for its behaviors.
        let fetched = within(py, resident.home(), |there| {
            let object = resident.peek(there)?;
            Some(Portable::encode(&object, Taking::Copy).map_err(|Raised| error::describe(there)))
        });
        match fetched.flatten() {
            Some(Ok(portable)) => portable.decode(py, Opening::Own),
            Some(Err(why)) => Err(error::raise(py, Kind::Type, &why)),
            None => {
                Err(error::raise(py, Kind::Runtime, "the interpreter in which this value lived has ended"))
            }
        }
    }

    /// What the value's type is called.
    pub(crate) fn class(&self) -> String {
        match self {
            Parcel::Portable(portable) => portable.class().into_owned(),
            Parcel::Object(_) => "object".into(),
        }
    }
}
