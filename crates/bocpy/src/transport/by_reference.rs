//! The door for types whose values move by reference, rather than by being written down and made anew.
//!
//! Such a type implements [`ByReference`], and has a line in the list that [`know`] is called with. Then its values move as
//! they are, on their own and in containers and pickles: in cowns, captures and results.

use super::cown::{CownObject, Handle};
use super::out_of_band;
use super::recorded::recorded;
use super::registered::{Manner, Registered, is_movable};
use super::scope::{Scope, ScopeObject};
use crate::ffi::block::{AnyBlock, Block, Free, HasFree};
use crate::ffi::class::{Class, Native};
use crate::ffi::error::{self, Kind as Error};
use crate::ffi::ownership::{Ownable, Owned, look_into, typed};
use crate::ffi::{Object, PyResult, Python, Tuple, module, number};
use crate::interpreter::{PerInterpreter, Resident, State};
use smallvec::SmallVec;
use std::borrow::{Borrow, Cow};
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Data that moves by reference. It is what instances of a native class own.
pub(crate) trait ByReference: Ownable<Kind = Kind> {
    /// The value of a handle: mostly just what it owns.
    type Handle: Native + From<Owned<Self>> + Borrow<Owned<Self>>;

    /// The class of the handles.
    const CLASS: &'static PerInterpreter<Class<Self::Handle>>;

    /// How many bytes it takes, about.
    fn size(&self) -> usize;

    /// A copy, for where it has to be in two places. `bytes`: what is behind it.
    fn copy(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<Owned<Self>>;

    /// Raises if the data cannot be moved or shared just now.
    fn may_move(&self, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }

    /// Whether something still looks at the data that is not a handle, so that a new owner has to get a copy.
    fn is_held(&self) -> bool {
        false
    }

    /// What an object holds, if it is one of that type.
    fn of<'a>(object: &'a Object<'_>) -> Option<&'a Owned<Self>> {
        Class::find_exact(object, || Self::CLASS.here(object.py())).map(Borrow::borrow)
    }

    /// An object is about to leave: does what has to be done before.
    fn prepare(_object: &Object<'_>) -> PyResult<()> {
        Ok(())
    }

    /// A new object that holds it.
    fn wrap(py: Python<'_>, owned: Owned<Self>) -> PyResult<Object<'_>> {
        Self::CLASS.here(py).instance(py, owned.into())
    }
}

/// How a value is taken out of its interpreter.
#[derive(Clone, Copy)]
pub(crate) enum Taking<'a> {
    /// It goes away from here. What it is then, for those who use a handle of it all the same.
    Move(&'a dyn Fn() -> String),
    /// It stays here, too, and can be read everywhere.
    Share,
    /// It stays as it is.
    Copy,
    /// The object is about to go, but other values may have what moves by reference in it, too.
    Release,
}

/// How a value is opened in an interpreter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// For one who has it alone from now on. Nobody will open it again, if this succeeds.
    Own,
    /// For one of its readers.
    Read,
    /// For one who gets a copy of his own.
    Copy,
}

/// One type that moves by reference: what can be done with its objects, and with its data on its way.
pub(crate) struct Kind {
    /// Its place in the list of all.
    number: AtomicU32,
    free: Free,
    /// Makes the class, for a new interpreter.
    set_up: for<'py> fn(Python<'py>, &Object<'py>, &State) -> PyResult<()>,
    published: for<'py> fn(Python<'py>, &State) -> Object<'py>,
    name: &'static CStr,
    is_one: fn(&Object<'_>) -> bool,
    /// The data of an object of this type, and whether that is still the object's own, to be settled later.
    take: fn(&Object<'_>, bool) -> PyResult<(Moving, bool)>,
    /// Ends the right of an object that can only be read.
    revoke: fn(&Object<'_>),
    open: for<'py> fn(Python<'py>, &Moving, Opening) -> PyResult<Object<'py>>,
    class: fn(&Moving) -> Cow<'static, str>,
    size: fn(&Moving) -> usize,
    /// Whether an object is a handle of that data.
    is_of: fn(&Moving, &Object<'_>) -> bool,
    /// Takes the right to write from an object, and, where there is a reason, that to read. False if it had none.
    settle: fn(&Moving, &Object<'_>, Option<Box<str>>) -> bool,
    /// Gives that back.
    restore: fn(&Moving, &Object<'_>),
}

/// Data on its way.
pub(crate) type Moving = AnyBlock<Kind>;

impl HasFree for Kind {
    fn free(&self) -> Free {
        self.free
    }

    fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    fn of_number(number: u32) -> &'static Kind {
        KINDS
            .get()
            .and_then(|kinds| kinds.get(number as usize))
            .expect("it has a number as it is in that list")
    }
}

impl Kind {
    pub(crate) const fn of<T: ByReference>() -> Kind {
        Kind {
            number: AtomicU32::new(u32::MAX),
            free: Free::of::<T>(),
            set_up: set_up::<T>,
            published: |py, state| T::CLASS.of(state).as_object(py),
            name: T::Handle::NAME,
            is_one: |object| T::of(object).is_some(),
            take: take::<T>,
            revoke: |object| {
                if let Some(owned) = T::of(object) {
                    owned.revoke();
                }
            },
            open: open::<T>,
            class: |moving| {
                typed::<T>(moving).map_or("?".into(), |block| look_into(block, |data, _| data.class()))
            },
            size: |moving| typed::<T>(moving).map_or(0, |block| look_into(block, |data, _| data.size())),
            is_of: |moving, object| {
                both::<T>(moving, object).is_some_and(|(block, owned)| owned.is_of(block))
            },
            settle: |moving, object, gone| {
                both::<T>(moving, object).is_some_and(|(block, owned)| owned.settle(block, gone))
            },
            restore: |moving, object| {
                if let Some((block, owned)) = both::<T>(moving, object) {
                    owned.restore(block.clone());
                }
            },
        }
    }
}

/// Data and an object, if both are of that type.
fn both<'a, T: ByReference>(
    moving: &'a Moving,
    object: &'a Object<'_>,
) -> Option<(&'a Block<T>, &'a Owned<T>)> {
    Some((typed::<T>(moving)?, T::of(object)?))
}

fn set_up<'py, T: ByReference>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    T::CLASS.fill(state, Class::new(py, module)?);
    Ok(())
}

fn take<T: ByReference>(object: &Object<'_>, copies: bool) -> PyResult<(Moving, bool)> {
    let py = object.py();
    let Some(owned) = T::of(object) else { return Err(another_type(py)) };
    T::prepare(object)?;
    let right = owned.right(py)?;
    // What is only lent can't be given away.
    if copies || !right.writes {
        let copy = right.block.locked(|(data, bytes)| {
            right.check(py, data)?;
            data.copy(py, bytes)
        })?;
        return Ok((copy.right(py)?.block.into_any(), false));
    }
    right.block.locked(|(data, _)| {
        right.check(py, data)?;
        data.may_move(py)
    })?;
    Ok((right.block.into_any(), true))
}

fn open<'py, T: ByReference>(py: Python<'py>, moving: &Moving, opening: Opening) -> PyResult<Object<'py>> {
    let Some(block) = typed::<T>(moving) else { return Err(another_type(py)) };
    let owned = match opening {
        Opening::Own if look_into(block, |data, _| data.is_held()) => {
            look_into(block, |data, bytes| data.copy(py, bytes))?
        }
        Opening::Own => Owned::next(block.clone()),
        Opening::Read => Owned::reader(block.clone()),
        Opening::Copy => look_into(block, |data, bytes| data.copy(py, bytes))?,
    };
    T::wrap(py, owned)
}

fn another_type(py: Python<'_>) -> error::Raised {
    error::raise(py, Error::Type, "an object of another type: a bug in bocpy")
}

static KINDS: OnceLock<&'static [&'static Kind]> = OnceLock::new();

/// Says which types there are, and makes their classes for a new interpreter.
pub(crate) fn know<'py>(
    kinds: &'static [&'static Kind],
    py: Python<'py>,
    module: &Object<'py>,
    state: &State,
) -> PyResult<()> {
    KINDS.get_or_init(|| {
        for (number, kind) in kinds.iter().enumerate() {
            kind.number.store(number as u32, Ordering::Relaxed);
        }
        kinds
    });
    kinds.iter().try_for_each(|kind| (kind.set_up)(py, module, state))
}

/// Puts the classes into the module that is named in their names.
pub(crate) fn publish<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    for kind in KINDS.get().copied().unwrap_or_default() {
        let name = kind.name.to_str().unwrap_or_default();
        let name = CString::new(name.rsplit('.').next().unwrap_or(name)).unwrap_or_default();
        module.setattr(&name, &(kind.published)(py, state))?;
    }
    Ok(())
}

fn kind_of(object: &Object<'_>) -> Option<&'static Kind> {
    KINDS.get()?.iter().copied().find(|kind| (kind.is_one)(object))
}

/// Whether an object is of a type that moves by reference.
pub(crate) fn is_reference(object: &Object<'_>) -> bool {
    CownObject::exact_handle(object).is_some() || ScopeObject::handle(object).is_some() || is_data(object)
}

/// What travels beside the rest of a value, which names it by number.
#[derive(Clone)]
pub(crate) enum Reference {
    Cown(Handle),
    Scope(Arc<Scope>),
    Data(Moving),
    /// Of a type of another package.
    Registered(Arc<Registered>),
}

impl Reference {
    /// The reference to what an object stands for. `None` where its type does not move so.
    pub(super) fn take(object: &Object<'_>, taken: &mut Taken) -> PyResult<Option<Reference>> {
        if let Some(handle) = CownObject::exact_handle(object) {
            return Ok(Some(Reference::Cown(handle.clone())));
        }
        if let Some(scope) = ScopeObject::handle(object) {
            return Ok(Some(Reference::Scope(scope.clone())));
        }
        let Some(kind) = kind_of(object) else { return Reference::take_registered(object, taken, false) };
        let (data, owned) = (kind.take)(object, taken.copies)?;
        if owned {
            taken.owned.push((Resident::new(object.clone()), data.clone()));
        }
        Ok(Some(Reference::Data(data)))
    }

    /// The same for an object of a type of another package. `insists`: as for [`Registered::of`].
    pub(super) fn take_registered(
        object: &Object<'_>,
        taken: &mut Taken,
        insists: bool,
    ) -> PyResult<Option<Reference>> {
        let Some(registered) = Registered::of(object, taken.registered, insists)? else { return Ok(None) };
        taken.given.push((Resident::new(object.clone()), registered.clone()));
        Ok(Some(Reference::Registered(registered)))
    }

    /// The same, settled.
    pub(super) fn of(object: &Object<'_>, taking: Taking<'_>) -> PyResult<Option<Reference>> {
        Reference::of_part(object, taking, None)
    }

    /// The same for a part of what goes as a whole, or not at all.
    fn of_part(
        object: &Object<'_>,
        taking: Taking<'_>,
        whole: Option<&mut Whole>,
    ) -> PyResult<Option<Reference>> {
        if !is_reference(object) {
            return Ok(None);
        }
        let mut taken = Taken::new(taking);
        let reference = Reference::take(object, &mut taken)?;
        taken.settle(object.py(), taking, whole)?;
        Ok(reference)
    }

    pub(super) fn open<'py>(&self, py: Python<'py>, opening: Opening) -> PyResult<Object<'py>> {
        match self {
            Reference::Cown(handle) => CownObject::open(py, handle.clone()),
            Reference::Scope(scope) => ScopeObject::open(py, scope.clone()),
            Reference::Data(data) => (data.kind().open)(py, data, opening),
            Reference::Registered(registered) => registered.open(py, opening),
        }
    }

    pub(super) fn class(&self) -> Cow<'static, str> {
        match self {
            Reference::Cown(_) => "Cown".into(),
            Reference::Scope(_) => "Scope".into(),
            Reference::Data(data) => (data.kind().class)(data),
            Reference::Registered(registered) => registered.class().clone(),
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            // Nobody knows how much such an object has.
            Reference::Cown(_) | Reference::Scope(_) | Reference::Registered(_) => size_of::<Reference>(),
            Reference::Data(data) => (data.kind().size)(data),
        }
    }

    /// Whether that object, opened from this, is still what it was.
    pub(super) fn is_of(&self, object: &Object<'_>) -> bool {
        match self {
            Reference::Cown(handle) => CownObject::exact_handle(object) == Some(handle),
            Reference::Scope(scope) => {
                ScopeObject::handle(object).is_some_and(|other| Arc::ptr_eq(other, scope))
            }
            Reference::Data(data) => (data.kind().is_of)(data, object),
            // Nobody can tell.
            Reference::Registered(_) => false,
        }
    }

    pub(super) fn is_data(&self) -> bool {
        match self {
            Reference::Cown(_) | Reference::Scope(_) => false,
            Reference::Data(_) => true,
            Reference::Registered(registered) => registered.hands_over(),
        }
    }

    /// One who has it alone has opened it, with the rest of its value.
    pub(super) fn close(&self) {
        if let Reference::Registered(registered) = self {
            registered.close();
        }
    }
}

/// Handles from which data has been taken. They lose it when the whole value has been, so that a value that can't be moved
/// stays as it was.
pub(crate) struct Taken {
    copies: bool,
    registered: Manner,
    owned: SmallVec<[(Resident, Moving); 1]>,
    /// Objects of types of other packages. Their data is taken in the end.
    given: Vec<(Resident, Arc<Registered>)>,
}

impl Taken {
    pub(super) fn new(taking: Taking<'_>) -> Self {
        let copies = matches!(taking, Taking::Copy | Taking::Release);
        let registered = match taking {
            Taking::Move(_) | Taking::Release => Manner::Move,
            Taking::Share | Taking::Copy => Manner::Copy,
        };
        Taken { copies, registered, owned: SmallVec::new(), given: Vec::new() }
    }

    /// For what is not going to be settled.
    pub(super) fn for_a_try() -> Self {
        Taken { copies: false, registered: Manner::Move, owned: SmallVec::new(), given: Vec::new() }
    }

    /// The same, but objects that CPython could carry are taken in that manner.
    pub(super) fn with_registered(self, registered: Manner) -> Self {
        Taken { registered, ..self }
    }

    /// The same way of taking, for a part of the value.
    pub(super) fn for_part(&self) -> Self {
        Taken { owned: SmallVec::new(), given: Vec::new(), ..*self }
    }

    /// Takes over what has been taken of a part.
    pub(super) fn append(&mut self, part: Taken) {
        self.owned.extend(part.owned);
        self.given.extend(part.given);
    }

    /// All has been taken. `whole`: what it is a part of.
    pub(super) fn settle(
        self,
        py: Python<'_>,
        taking: Taking<'_>,
        whole: Option<&mut Whole>,
    ) -> PyResult<()> {
        self.settle_owned(py, taking)?;
        let to = match taking {
            Taking::Move(to) if !self.given.is_empty() => to(),
            _ => String::new(),
        };
        for (count, (object, registered)) in self.given.iter().enumerate() {
            let taken = match object.peek(py) {
                Some(object) => registered.take(&object, &gone_from(registered.class(), &to)),
                None => {
                    Err(error::raise(py, Error::Runtime, "an object of another interpreter: a bug in bocpy"))
                }
            };
            if let Err(raised) = taken {
                restore(py, &self.owned);
                error::aside(py, || give_back(py, &self.given[..count]));
                return Err(raised);
            }
        }
        if let Some(whole) = whole {
            whole.owned.extend(self.owned);
            whole.given.extend(self.given);
        }
        Ok(())
    }

    fn settle_owned(&self, py: Python<'_>, taking: Taking<'_>) -> PyResult<()> {
        if self.owned.is_empty() {
            return Ok(());
        }
        let to = match taking {
            Taking::Move(to) => Some(to()),
            Taking::Share => None,
            Taking::Copy | Taking::Release => return Ok(()),
        };
        for (count, (object, data)) in self.owned.iter().enumerate() {
            let settled = object
                .peek(py)
                .is_some_and(|object| (data.kind().settle)(data, &object, gone(data, to.as_deref())));
            if settled {
                continue;
            }
            restore(py, &self.owned[..count]);
            let message =
                format!("this {} was moved while another thread moved it, too", (data.kind().class)(data));
            return Err(error::raise(py, Error::Runtime, &message));
        }
        Ok(())
    }
}

/// Gives data back to the handles that it was taken from.
fn restore(py: Python<'_>, owned: &[(Resident, Moving)]) {
    for (object, data) in owned {
        if let Some(object) = object.peek(py) {
            (data.kind().restore)(data, &object);
        }
    }
}

/// The same for objects of types of other packages, where these can do that.
fn give_back(py: Python<'_>, given: &[(Resident, Arc<Registered>)]) {
    for (object, registered) in given {
        if let Some(object) = object.peek(py) {
            registered.give_back(&object);
        }
    }
}

/// What has been moved, value after value, for something that gets all of them, or none.
#[derive(Default)]
pub(crate) struct Whole {
    owned: SmallVec<[(Resident, Moving); 1]>,
    given: Vec<(Resident, Arc<Registered>)>,
}

impl Whole {
    /// One of them could not be moved: gives the others back to the handles that they were taken from. Nobody has opened them
    /// meanwhile but the caller, who has dropped what came of that.
    pub(crate) fn give_back(self, py: Python<'_>) {
        if self.owned.is_empty() && self.given.is_empty() {
            return;
        }
        error::aside(py, || {
            restore(py, &self.owned);
            give_back(py, &self.given);
            drop(self);
        });
    }
}

/// What to tell those who use a handle when the data is gone.
fn gone(data: &Moving, to: Option<&str>) -> Option<Box<str>> {
    let message = format!(
        "this {} has been moved: it is now {}. One handle at a time can use it: make a copy() before you hand it over, where \
         both sides need it",
        (data.kind().class)(data),
        to?.trim_end_matches(',')
    );
    Some(message.into())
}

/// The same for an object of a type of another package. Nothing is known of where it goes: it is released.
fn gone_from(class: &str, to: &str) -> String {
    match to {
        "" => format!("this {class} has been moved"),
        to => format!(
            "this {class} has been moved: it is now {}. One object at a time has the data",
            to.trim_end_matches(',')
        ),
    }
}

/// What the new owner of a value gets where values stay the objects that they are: a handle of a type that moves by reference
/// is handed over all the same, and becomes another object.
pub(crate) fn hand_over<'py>(object: &Object<'py>, taking: Taking<'_>) -> PyResult<Object<'py>> {
    hand_over_part(object, taking, None)
}

/// The same for a part of what goes as a whole, or not at all.
pub(crate) fn hand_over_part<'py>(
    object: &Object<'py>,
    taking: Taking<'_>,
    whole: Option<&mut Whole>,
) -> PyResult<Object<'py>> {
    let record = if is_data(object) { None } else { recorded(object)? };
    let object = record.as_ref().unwrap_or(object);
    match Reference::of_part(object, taking, whole)? {
        Some(reference @ Reference::Data(_)) => reference.open(object.py(), Opening::Own),
        Some(Reference::Registered(registered)) => {
            let opened = registered.open(object.py(), Opening::Own);
            if opened.is_err() {
                error::aside(object.py(), || registered.give_back(object));
            }
            opened
        }
        _ => Ok(object.clone()),
    }
}

/// Whether it is a handle of data that one at a time may touch.
pub(crate) fn is_data(object: &Object<'_>) -> bool {
    kind_of(object).is_some() || is_movable(object)
}

/// The same for a reader: an object that it may only read.
pub(crate) fn lend(object: Object<'_>) -> PyResult<Object<'_>> {
    match kind_of(&object) {
        Some(kind) => {
            let data = (kind.take)(&object, false)?.0;
            (kind.open)(object.py(), &data, Opening::Read)
        }
        None => Ok(object),
    }
}

/// A reader has come to its end: the object that it got can no longer be used.
pub(crate) fn take_back(object: &Object<'_>) {
    if let Some(kind) = kind_of(object) {
        (kind.revoke)(object);
    }
}

/// `__reduce__` of a handle that is on its way to another interpreter. `None` where somebody else pickles it.
pub(crate) fn reduce<'py>(object: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    let py = object.py();
    let Some(number) = out_of_band::pack(object)? else { return Ok(None) };
    let function = module::import_from(py, "bocpy._core", c"_carried")?;
    let number = Tuple::new(py, vec![number::uint(py, number as u64)?])?;
    Ok(Some(Tuple::new(py, vec![function, number.into()])?.into()))
}
