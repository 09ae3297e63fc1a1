//! Cowns as Python objects: what a handle is, how one is recognised, and how one is made. What can be done with one is in
//! `api::cown`.
//!
//! # Garbage
//!
//! A cown's value may lead back to the cown. CPython's collector finds such a cycle if it is told that a handle leads to the
//! value. That is true of a handle if it is the only one that the cown has, and the value is an object of the same
//! interpreter: then nobody else, neither a behavior nor another interpreter, can come to have the cown meanwhile.
//!
//! So that there is only one where a value refers to a cown in many places, the handles that a worker keeps in its values
//! are the same object for the same cown: they are remembered in [`INSTANCES`].

use super::pinned::{self, PINNED_COWN};
use super::slot::Slot;
use crate::ffi::class::{Class, Instance, Just, Native};
use crate::ffi::collect::Visitor;
use crate::ffi::{Object, PyResult, Python, error, weak};
use crate::interpreter::{PerInterpreter, Resident, State, backend};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A cown, as Python knows it: ordering is the runtime's business, the value is in the tag.
pub(crate) type Handle = boc::Cown<(), Slot>;

/// The value of an instance of `Cown`.
pub(crate) type CownObject = Just<Handle>;

/// The class `Cown`.
pub(crate) static COWN: PerInterpreter<Class<CownObject>> = PerInterpreter::to_be_filled();

/// Handles that values refer to: weak references to them, by their cowns' numbers.
static INSTANCES: PerInterpreter<Instances> = PerInterpreter::new(Instances::default);

/// Whether there has been one in any interpreter: if not, nobody need look for those of one.
static REMEMBERED: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Instances {
    all: Mutex<FxHashMap<usize, Resident>>,
    /// How many there are, for those who don't want to take the lock where there are none.
    count: AtomicUsize,
}

/// Makes the class, for a new interpreter.
pub(crate) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    COWN.fill(state, Class::new(py, module)?);
    PINNED_COWN.fill(state, Class::derived(py, module, COWN.of(state))?);
    match CownObject::MAIN.filter(|_| state.home.is_main()) {
        Some(main) => main.learn(py),
        None => Ok(()),
    }
}

impl CownObject {
    /// A Python handle of a cown: the one that values have, if they have one.
    pub(crate) fn open(py: Python<'_>, handle: Handle) -> PyResult<Object<'_>> {
        let state = State::get(py);
        if let Some(known) = CownObject::known(py, state, &handle) {
            return Ok(known);
        }
        let object = CownObject::new_object(py, state, handle)?;
        remember(py, state, &object);
        Ok(object)
    }

    fn new_object<'py>(py: Python<'py>, state: &State, handle: Handle) -> PyResult<Object<'py>> {
        match handle.tag().is_pinned() {
            true => pinned::open(py, state, handle),
            false => COWN.of(state).instance(py, Just(handle)),
        }
    }

    /// The same for a call that will hardly keep it.
    pub(crate) fn lend<'py>(py: Python<'py>, state: &State, handle: &Handle) -> PyResult<Object<'py>> {
        match CownObject::known(py, state, handle) {
            Some(known) => Ok(known),
            None => CownObject::new_object(py, state, handle.clone()),
        }
    }

    /// A new one of a cown whose value will come to be in another interpreter, most often: the collector need not know of
    /// it.
    #[inline]
    pub(crate) fn open_result<'py>(py: Python<'py>, state: &State, handle: Handle) -> PyResult<Object<'py>> {
        match backend::values_stay(py) {
            true => COWN.of(state).instance(py, Just(handle)),
            false => COWN.of(state).untracked_instance(py, Just(handle)),
        }
    }

    /// The handle that values here have.
    #[inline]
    pub(crate) fn known<'py>(py: Python<'py>, state: &State, handle: &Handle) -> Option<Object<'py>> {
        if !REMEMBERED.load(Ordering::Relaxed) {
            return None;
        }
        let instances = INSTANCES.of(state);
        if instances.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let reference = instances.all.lock().get(&handle.id())?.open(py)?;
        weak::target(&reference)
    }

    /// The cown that an object is a handle of, if it is one.
    pub(crate) fn plain_handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
        COWN.here(object.py()).handle(object)
    }

    /// The same for instances of the class itself only, and for those of `PinnedCown`.
    pub(crate) fn exact_handle<'a>(object: &'a Object<'_>) -> Option<&'a Handle> {
        let exact = Class::find_exact(object, || COWN.here(object.py())).map(CownObject::handle);
        exact.or_else(|| pinned::exact_handle(object))
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

/// Remembers the handle that values have from now on, if they have none yet.
fn remember(py: Python<'_>, state: &State, object: &Object<'_>) {
    let Some(handle) = CownObject::exact_handle(object) else { return };
    let Ok(reference) = weak::reference(object) else { return error::clear(py) };
    REMEMBERED.store(true, Ordering::Relaxed);
    let instances = INSTANCES.of(state);
    let mut all = instances.all.lock();
    let before = match all.get(&handle.id()).and_then(|known| weak::target(&*known.peek(py)?)) {
        Some(known) => Some(Resident::new(known)),
        None => all.insert(handle.id(), Resident::new(reference)),
    };
    instances.count.store(all.len(), Ordering::Relaxed);
    drop(all);
    drop(before);
}

/// A behavior has kept the handle that it was lent.
#[cold]
pub(crate) fn keep(py: Python<'_>, this: &Instance<'_, CownObject>) {
    error::aside(py, || remember(py, State::get(py), this));
}

/// A handle is going.
#[inline]
pub(crate) fn forget(py: Python<'_>, this: &Instance<'_, CownObject>) {
    if !REMEMBERED.load(Ordering::Relaxed) {
        return;
    }
    let Some(state) = State::try_get(py) else { return };
    let instances = INSTANCES.of(state);
    if instances.count.load(Ordering::Relaxed) == 0 {
        return;
    }
    let id = this.value().0.id();
    let reference = instances.all.lock().get(&id).and_then(|reference| reference.open(py));
    // Another handle of the cown may be the one that is remembered.
    if reference.is_none_or(|reference| weak::target(&reference).is_some()) {
        return;
    }
    let mut all = instances.all.lock();
    let gone = all.remove(&id);
    instances.count.store(all.len(), Ordering::Relaxed);
    drop(all);
    drop(gone);
}

/// Tells the garbage collector what a handle leads to.
pub(crate) fn traverse(py: Python<'_>, handle: &Handle, visitor: &mut Visitor) {
    if handle.handles() == 1 {
        handle.tag().visit_object(py, |object| visitor.visit(object));
    }
}

/// Only garbage refers to the handle.
pub(crate) fn clear(py: Python<'_>, handle: &Handle) {
    if handle.handles() == 1 && handle.tag().visit_object(py, |_| ()).is_some() {
        handle.tag().discard();
    }
}
