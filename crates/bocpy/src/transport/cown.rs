//! Cowns as Python objects: what a handle is, how one is recognised, and how one is made. What can be done with one is in
//! `api::cown`.

use super::slot::Slot;
use crate::ffi::class::{Class, Just, Native};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{PerInterpreter, State};

/// A cown, as Python knows it: ordering is the runtime's business, the value is in the tag.
pub(crate) type Handle = boc::Cown<(), Slot>;

/// The value of an instance of `Cown`.
pub(crate) type CownObject = Just<Handle>;

/// The class `Cown`.
pub(crate) static COWN: PerInterpreter<Class<CownObject>> = PerInterpreter::to_be_filled();

/// Makes the class, for a new interpreter.
pub(crate) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    COWN.fill(state, Class::new(py, module)?);
    match CownObject::MAIN.filter(|_| state.home.is_main()) {
        Some(main) => main.learn(py),
        None => Ok(()),
    }
}

impl CownObject {
    /// A new Python handle of a cown.
    pub(crate) fn open(py: Python<'_>, handle: Handle) -> PyResult<Object<'_>> {
        CownObject::open_in(py, State::get(py), handle)
    }

    /// The same for who has the state of the interpreter at hand.
    #[inline]
    pub(crate) fn open_in<'py>(py: Python<'py>, state: &State, handle: Handle) -> PyResult<Object<'py>> {
        COWN.of(state).instance(py, Just(handle))
    }

    /// The cown that an object is a handle of, if it is one.
    pub(crate) fn plain_handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
        COWN.here(object.py()).handle(object)
    }

    /// The same for instances of the class itself only.
    pub(crate) fn exact_handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
        COWN.here(object.py()).get_exact(object).map(CownObject::handle)
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0
    }
}

impl Class<CownObject> {
    /// The cown that an object is a handle of.
    pub(crate) fn handle<'a>(&self, object: &'a Object<'_>) -> Option<&'a Handle> {
        self.get(object).map(CownObject::handle)
    }
}
