//! The noticeboard of this process, and what each interpreter has opened of it.
//!
//! A behavior sees the board as it was when it first looked at it, until its end. Values are opened when they are asked for. An
//! object that a behavior got serves the next one in the same interpreter, as long as the entry is the same and nobody has
//! changed the object or kept it.

use super::by_reference::Opening;
use super::form::{explain_open, is_true_copy};
use super::holder::Holder;
use super::parcel::Parcel;
use super::portable::Portable;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::attach::if_attached;
use crate::interpreter::renewable::Renewable;
use crate::interpreter::{PerInterpreter, Resident, State};
use boc::{Noticeboard, Snapshot};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;

/// The board: entries, and updates that are to be computed.
pub(crate) type Board = Noticeboard<Parcel, Revision>;

/// How a new value is to be computed from the old one.
pub(crate) struct Revision {
    pub(crate) by: Parcel,
    pub(crate) default: Parcel,
    /// What the function is called.
    pub(crate) name: Arc<str>,
}

static BOARD: Renewable<Arc<Board>> = Renewable::new();

/// Objects that entries were opened to, by key, with the entries.
static OPENED: PerInterpreter<Mutex<Opened>> = PerInterpreter::new(Mutex::default);

type Opened = FxHashMap<Box<str>, (Arc<Parcel>, Resident)>;

thread_local! {
    /// What the behavior that runs on this thread sees.
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

struct Seen {
    snapshot: Arc<Snapshot<Parcel>>,
    /// What it has opened. An object of an entry that can't be compared with it later is dropped with this.
    opened: FxHashMap<Box<str>, (Arc<Parcel>, Resident)>,
}

pub(crate) fn board() -> &'static Arc<Board> {
    BOARD.get()
}

/// The board as the caller sees it: as it is now, or as the behavior that runs has seen it first.
pub(crate) fn snapshot() -> Arc<Snapshot<Parcel>> {
    if !Holder::in_behavior() {
        return Arc::new(board().snapshot());
    }
    SEEN.with_borrow_mut(|seen| {
        let seen = seen.get_or_insert_with(|| {
            Holder::set_looking();
            Seen { snapshot: Arc::new(board().snapshot()), opened: FxHashMap::default() }
        });
        seen.snapshot.clone()
    })
}

/// The value of an entry of that snapshot.
pub(crate) fn read<'py>(
    py: Python<'py>,
    snapshot: &Snapshot<Parcel>,
    key: &str,
) -> PyResult<Option<Object<'py>>> {
    let Some(entry) = snapshot.get(key) else { return Ok(None) };
    if let Parcel::Portable(portable) = &*entry
        && portable.is_plain()
    {
        return portable.decode(py, Opening::Copy).map(Some);
    }
    let seen = SEEN.with_borrow(|seen| {
        let (of, object) = seen.as_ref()?.opened.get(key)?;
        Arc::ptr_eq(of, &entry).then(|| object.open(py))?
    });
    if let Some(seen) = seen {
        return Ok(Some(seen));
    }
    let state = State::get(py);
    let known = OPENED.of(state).lock().remove(key);
    let object = match known.filter(|(of, object)| Arc::ptr_eq(of, &entry) && is_unchanged(py, of, object)) {
        Some((_, object)) => object.open(py),
        None => None,
    };
    let object = match object {
        Some(object) => object,
        None => open(py, &entry)?,
    };
    let resident = Resident::at(state.home.clone(), object.clone());
    let kept = SEEN.with_borrow_mut(|seen| match seen {
        Some(seen) => seen.opened.insert(key.into(), (entry.clone(), resident)),
        None => OPENED.of(state).lock().insert(key.into(), (entry.clone(), resident)),
    });
    drop(kept);
    Ok(Some(object))
}

fn is_unchanged(py: Python<'_>, entry: &Parcel, object: &Resident) -> bool {
    matches!(entry, Parcel::Portable(portable) if is_true_copy(py, object, portable))
}

fn open<'py>(py: Python<'py>, entry: &Parcel) -> PyResult<Object<'py>> {
    entry.open(py, Opening::Read).map_err(|raised| match entry {
        Parcel::Portable(portable) => explain_open(py, portable, raised),
        Parcel::Object(_) => raised,
    })
}

/// The behavior that has looked at the board has come to its end: the next may look at what it has opened.
#[cold]
pub(super) fn look_away() {
    let Some(Seen { opened, snapshot }) = SEEN.with_borrow_mut(Option::take) else { return };
    drop(snapshot);
    let _ = if_attached(|py| {
        let reusable = opened.into_iter().filter(|(_, (entry, _))| can_be_compared(entry));
        let place = OPENED.of(State::get(py));
        let mut before = Vec::new();
        let mut all = place.lock();
        for (key, value) in reusable {
            before.extend(all.insert(key, value));
        }
        // Of keys that are gone nothing else would let go.
        let keys = board().snapshot();
        if all.len() > 2 * keys.keys().count() + 64 {
            let gone: Vec<_> = all.keys().filter(|key| keys.get(key).is_none()).cloned().collect();
            before.extend(gone.iter().filter_map(|key| all.remove(key)));
        }
        drop(all);
        drop(before);
    });
}

fn can_be_compared(entry: &Parcel) -> bool {
    matches!(entry, Parcel::Portable(Portable::Packed(_) | Portable::Str(_) | Portable::Bytes(_)))
}
