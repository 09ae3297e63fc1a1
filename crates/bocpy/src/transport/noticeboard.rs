//! The noticeboard of this process, and what each thread has opened of it.
//!
//! A behavior sees the board as it was when it first looked at it, until its end. Values are opened when they are asked for. An
//! object that a behavior got serves the next one on the same thread, as long as the entry is the same and nobody has
//! changed the object or kept it. Objects that nobody can change serve all.

use super::by_reference::Opening;
use super::form::{explain_open, is_true_copy};
use super::holder::Holder;
use super::immutable::is_immutable_without_cowns;
use super::parcel::Parcel;
use super::portable::Portable;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::Resident;
use crate::interpreter::renewable::Renewable;
use boc::{Entries, Look, Noticeboard, Snapshot};
use rustc_hash::FxHashMap;
use std::array;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// The board: entries, and updates that are to be computed.
pub(crate) type Board = Noticeboard<Parcel, Revision>;

/// How a new value is to be computed from the old one.
pub(crate) struct Revision {
    pub(crate) by: Parcel,
    pub(crate) default: Parcel,
    /// What the function is called.
    pub(crate) name: Arc<str>,
    /// The context variables that the function is to see, if any are set where the update was posted.
    pub(crate) context: Option<Box<dyn Surroundings>>,
}

/// Context variables that have been taken along: see [`behavior::context`](crate::behavior::context).
pub(crate) trait Surroundings: Send + Sync {
    /// Calls `function` where they are set.
    fn call<'py>(
        &self,
        py: Python<'py>,
        function: &Object<'py>,
        argument: &Object<'py>,
    ) -> PyResult<Object<'py>>;
}

static BOARD: Renewable<Arc<Board>> = Renewable::new();

thread_local! {
    static VIEW: View = View::default();
}

/// What a thread knows of the board. No `RefCell` is borrowed while Python code may run, which could read the board too.
#[derive(Default)]
struct View {
    /// Whether this thread computes an update, whose function must not read the board.
    updates: Cell<bool>,
    /// What the behavior that runs on this thread sees, once it has looked.
    look: RefCell<Option<Look<Parcel>>>,
    /// How often somebody has looked.
    looks: Cell<u64>,
    opened: RefCell<Opened>,
}

/// Objects that entries were opened to.
#[derive(Default)]
struct Opened {
    all: Vec<Open>,
    /// Their places, by key.
    places: FxHashMap<Box<str>, usize>,
    /// Places of what is not to be kept beyond the behavior that looks.
    passing: Vec<usize>,
    /// Some of the places by key objects, to be found without a look at what the key is.
    quick: Box<Quick>,
}

#[derive(Default)]
struct Open {
    object: Option<Resident>,
    /// The version in which the entry got the value.
    since: u64,
    /// The last version in which the entry had it still.
    until: u64,
    /// Whether nobody can change the object.
    is_fixed: bool,
    /// The look in which it was opened or compared: so it may have been changed since, by the behavior that looks.
    look: u64,
}

const SETS: usize = 64;
const WAYS: usize = 4;

/// Places by the addresses of keys: an address belongs to one set of slots.
struct Quick([[Option<(Resident, usize)>; WAYS]; SETS]);

impl Default for Quick {
    fn default() -> Self {
        Quick(array::from_fn(|_| Default::default()))
    }
}

impl Quick {
    #[inline]
    fn set_of(address: usize) -> usize {
        // Fibonacci hashing: addresses of objects have much in common.
        (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize >> (usize::BITS - SETS.trailing_zeros())
    }

    #[inline]
    fn get(&self, key: &Object<'_>) -> Option<usize> {
        let mut set = self.0[Quick::set_of(key.address())].iter().flatten();
        set.find(|(known, _)| known.is(key)).map(|(_, place)| *place)
    }

    /// Gives what had its slot before.
    #[must_use]
    fn put(&mut self, key: &Object<'_>, place: usize) -> Option<Resident> {
        let set = &mut self.0[Quick::set_of(key.address())];
        let is_for = |slot: &Option<(Resident, usize)>| slot.as_ref().is_none_or(|(known, _)| known.is(key));
        let slot = set.iter().position(is_for).unwrap_or(place % WAYS);
        set[slot].replace((Resident::new(key.clone()), place)).map(|(key, _)| key)
    }
}

pub(crate) fn board() -> &'static Arc<Board> {
    BOARD.get()
}

/// Whether this thread computes an update.
#[inline]
pub(crate) fn is_updating() -> bool {
    VIEW.with(|view| view.updates.get())
}

pub(crate) fn set_updating(updates: bool) {
    VIEW.with(|view| view.updates.set(updates));
}

/// The value of an entry that the behavior on this thread has looked at before, or that is like that. `None` says nothing.
#[inline]
pub(crate) fn glance<'py>(py: Python<'py>, key: &Object<'py>) -> Option<Object<'py>> {
    VIEW.with(|view| {
        if view.look.borrow().is_none() {
            begin_look(view)?;
        }
        let look = view.look.borrow();
        let version = look.as_ref()?.version();
        if view.updates.get() {
            return None;
        }
        let opened = view.opened.borrow();
        let open = &opened.all[opened.quick.get(key)?];
        let is_it = open.until == version && (open.is_fixed || open.look == view.looks.get());
        is_it.then(|| open.object.as_ref()?.open(py))?
    })
}

/// The board as the caller sees it: as it is now, or as the behavior that runs has seen it first.
pub(crate) fn snapshot() -> Snapshot<Parcel> {
    VIEW.with(|view| {
        if view.look.borrow().is_none() && begin_look(view).is_none() {
            return board().snapshot();
        }
        view.look.borrow().as_ref().expect("it has been begun").snapshot()
    })
}

/// The behavior that runs looks at the board from now on. `None` where there is none.
fn begin_look(view: &View) -> Option<()> {
    if !Holder::in_behavior() {
        return None;
    }
    Holder::set_looking();
    view.looks.set(view.looks.get() + 1);
    let look = board().look();
    *view.look.borrow_mut() = Some(look);
    Some(())
}

/// The behavior that has looked at the board has come to its end.
#[cold]
pub(super) fn look_away() {
    let gone = VIEW.with(|view| {
        let mut gone = Vec::new();
        let mut opened = view.opened.borrow_mut();
        let opened = &mut *opened;
        for place in opened.passing.drain(..) {
            gone.extend(opened.all[place].object.take());
        }
        (view.look.take(), gone)
    });
    drop(gone);
}

/// Lets go of all that this thread has opened.
pub(crate) fn forget() {
    let gone = VIEW.with(|view| (view.look.take(), view.opened.take()));
    drop(gone);
}

/// The value of an entry as it was in `entries`. `key`: the object of that text.
pub(crate) fn read<'py>(
    py: Python<'py>,
    entries: &Entries<Parcel>,
    key: &Object<'py>,
    text: &str,
) -> PyResult<Option<Object<'py>>> {
    let Some((entry, since)) = entries.get_since(text) else { return Ok(None) };
    let object = match known(py, entry, since, text) {
        Some(object) => object,
        None => open(py, entry, text)?,
    };
    remember(entries, entry, since, key, text, &object);
    Ok(Some(object))
}

/// The object that the entry was opened to before, if it can be used once more.
fn known<'py>(py: Python<'py>, entry: &Parcel, since: u64, text: &str) -> Option<Object<'py>> {
    let place = VIEW.with(|view| {
        let mut opened = view.opened.borrow_mut();
        let place = *opened.places.get(text)?;
        let open = &mut opened.all[place];
        if open.since != since {
            return None;
        }
        let is_it = open.is_fixed || (view.look.borrow().is_some() && open.look == view.looks.get());
        // What has yet to be compared is out of everyone's reach meanwhile.
        Some(if is_it { Ok(open.object.as_ref()?.open(py)?) } else { Err(open.object.take()?) })
    })?;
    match place {
        Ok(object) => Some(object),
        Err(object) => is_unchanged(py, entry, &object).then(|| object.open(py))?,
    }
}

/// Keeps what an entry was opened to.
fn remember(
    entries: &Entries<Parcel>,
    entry: &Parcel,
    since: u64,
    key: &Object<'_>,
    text: &str,
    object: &Object<'_>,
) {
    let (is_fixed, is_comparable) = (is_immutable_without_cowns(object), is_comparable(entry));
    let gone = VIEW.with(|view| {
        // It serves this behavior and, if it can be told that nobody has changed it, the next ones.
        if !is_fixed && !is_comparable && view.look.borrow().is_none() {
            return Vec::new();
        }
        let mut opened = view.opened.borrow_mut();
        let opened = &mut *opened;
        let mut gone = opened.make_room(entries);
        let place = *opened.places.entry(text.into()).or_insert_with(|| {
            opened.all.push(Open::default());
            opened.all.len() - 1
        });
        let open = &mut opened.all[place];
        gone.extend(open.object.replace(Resident::new(object.clone())));
        open.since = since;
        open.until = entries.version();
        open.is_fixed = is_fixed;
        open.look = view.looks.get();
        if !is_fixed && !is_comparable {
            opened.passing.push(place);
        }
        gone.extend(opened.quick.put(key, place));
        gone
    });
    drop(gone);
}

impl Opened {
    /// Lets go of what belongs to keys that are no longer on the board, if there are many. It is to be dropped later.
    #[must_use]
    fn make_room(&mut self, entries: &Entries<Parcel>) -> Vec<Resident> {
        if self.all.len() <= 2 * entries.keys().len() + 64 || !self.passing.is_empty() {
            return Vec::new();
        }
        let mut before = std::mem::take(&mut self.all);
        self.places.retain(|key, place| {
            let stays = entries.get(key).is_some();
            if stays {
                self.all.push(std::mem::take(&mut before[*place]));
                *place = self.all.len() - 1;
            }
            stays
        });
        let keys = std::mem::take(&mut *self.quick).0.into_iter().flatten().flatten().map(|(key, _)| key);
        before.into_iter().filter_map(|open| open.object).chain(keys).collect()
    }
}

fn is_unchanged(py: Python<'_>, entry: &Parcel, object: &Resident) -> bool {
    matches!(entry, Parcel::Portable(portable) if is_true_copy(py, object, portable))
}

fn open<'py>(py: Python<'py>, entry: &Parcel, key: &str) -> PyResult<Object<'py>> {
    entry.open(py, Opening::Read).map_err(|raised| {
        let raised = match entry {
            Parcel::Portable(portable) => explain_open(py, portable, raised),
            Parcel::Object(_) => raised,
        };
        if error::is(py, Kind::KeyboardInterrupt) || error::is(py, Kind::Memory) {
            return raised;
        }
        let Some(error) = error::take(py) else { return raised };
        let why = error::describe_object(&error);
        error::restore(error);
        let message = format!(
            "the notice '{key}' cannot be read here: {why}. notice_write() can put another value there, and notice_delete() \
             takes it off"
        );
        error::raise_from(py, Kind::Runtime, &message)
    })
}

/// Whether it can be found out if somebody has changed or kept an object that an entry was opened to.
fn is_comparable(entry: &Parcel) -> bool {
    match entry {
        // A cown must not live longer than its entry.
        Parcel::Portable(Portable::Packed(packed)) => packed.references.is_empty(),
        Parcel::Portable(Portable::Str(_) | Portable::Bytes(_)) => true,
        _ => false,
    }
}
