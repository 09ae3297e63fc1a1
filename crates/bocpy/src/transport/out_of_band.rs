//! What travels out of band, beside a pickle that names it by number: what moves by reference or is carried by CPython itself,
//! and large buffers.

use super::by_reference::{Opening, Reference, Taken};
use super::cown::Handle;
use crate::ffi::error::{self, Kind};
use crate::ffi::{List, Object, PyResult, Python, buffer, text};
use crate::interpreter::buffers::Memory;
use boc::WeakCown;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

use super::slot::Slot;

/// What goes along with a pickle.
#[derive(Clone, Default)]
pub(crate) struct OutOfBand {
    references: Vec<Reference>,
    buffers: Vec<Buffer>,
}

/// Memory that an object has asked not to be copied into the pickle.
#[derive(Clone)]
struct Buffer {
    memory: Memory,
    readonly: bool,
}

impl OutOfBand {
    pub(crate) fn is_empty(&self) -> bool {
        self.references.is_empty() && self.buffers.is_empty()
    }

    pub(crate) fn size(&self) -> usize {
        let buffers = self.buffers.iter().map(|buffer| buffer.memory.len()).sum::<usize>();
        buffers + self.references.iter().map(Reference::size).sum::<usize>()
    }

    pub(super) fn has_data(&self) -> bool {
        self.references.iter().any(Reference::is_data)
    }

    pub(super) fn close(&self) {
        self.references.iter().for_each(Reference::close);
    }

    /// The buffers as objects of this interpreter, if there are any.
    pub(crate) fn buffers<'py>(&self, py: Python<'py>) -> PyResult<Option<Object<'py>>> {
        if self.buffers.is_empty() {
            return Ok(None);
        }
        let open = |buffer: &Buffer| {
            buffer.memory.with(py, |bytes| match buffer.readonly {
                true => text::bytes(py, bytes),
                false => buffer::bytearray(py, bytes),
            })?
        };
        let buffers: PyResult<Vec<_>> = self.buffers.iter().map(open).collect();
        Ok(Some(List::new(py, buffers?)?.into()))
    }
}

thread_local! {
    /// For the values that this thread pickles just now, innermost last.
    static PACKING: RefCell<Vec<(OutOfBand, Taken)>> = const { RefCell::new(Vec::new()) };
    /// The same for those that it unpickles.
    static UNPACKING: RefCell<Vec<(OutOfBand, Opening)>> = const { RefCell::new(Vec::new()) };
}

/// Runs `pack`, and gives what is to go along.
pub(super) fn while_packing<R>(taken: &mut Taken, pack: impl FnOnce() -> R) -> (R, OutOfBand) {
    PACKING.with_borrow_mut(|stack| stack.push((OutOfBand::default(), taken.for_part())));
    let result = pack();
    let Some((beside, part)) = PACKING.with_borrow_mut(Vec::pop) else {
        return (result, OutOfBand::default());
    };
    taken.append(part);
    (result, beside)
}

/// Runs `unpack` with that at hand which goes along.
pub(super) fn while_unpacking<R>(beside: &OutOfBand, opening: Opening, unpack: impl FnOnce() -> R) -> R {
    UNPACKING.with_borrow_mut(|stack| stack.push((beside.clone(), opening)));
    let result = unpack();
    UNPACKING.with_borrow_mut(Vec::pop);
    result
}

/// Takes a cown along with the value that is being pickled, and gives its number. `None` where nothing of ours is.
pub(crate) fn pack_cown(cown: &Handle) -> Option<usize> {
    PACKING.with_borrow_mut(|stack| {
        let references = &mut stack.last_mut()?.0.references;
        references.push(Reference::Cown(cown.clone()));
        Some(references.len() - 1)
    })
}

/// The same for any object of a type that moves by reference.
pub(super) fn pack(object: &Object<'_>) -> PyResult<Option<usize>> {
    pack_by(object, Reference::take)
}

/// The same for an object of a type that CPython carries. `None`: nothing of ours is being pickled, or the object has to be
/// pickled itself. `insists`: it can't be.
pub(crate) fn pack_registered(object: &Object<'_>, insists: bool) -> PyResult<Option<usize>> {
    pack_by(object, |object, taken| Reference::take_registered(object, taken, insists))
}

fn pack_by(
    object: &Object<'_>,
    take: impl FnOnce(&Object<'_>, &mut Taken) -> PyResult<Option<Reference>>,
) -> PyResult<Option<usize>> {
    let mut top = match PACKING.with_borrow_mut(|stack| stack.last_mut().map(|(_, taken)| taken.for_part())) {
        Some(part) => part,
        None => return Ok(None),
    };
    let reference = take(object, &mut top)?;
    Ok(PACKING.with_borrow_mut(|stack| {
        let (beside, taken) = stack.last_mut()?;
        taken.append(top);
        beside.references.push(reference?);
        Some(beside.references.len() - 1)
    }))
}

/// Takes the memory of a `PickleBuffer` along. False where nothing of ours is being pickled.
pub(crate) fn pack_buffer(buffer: &Object<'_>) -> PyResult<bool> {
    if PACKING.with_borrow(Vec::is_empty) {
        return Ok(false);
    }
    let readonly = buffer::view(buffer)?.getattr(c"readonly")?.is_true()?;
    let memory = Memory::copy(&buffer.call_method(c"raw", &[])?)?;
    PACKING.with_borrow_mut(|stack| {
        stack.last_mut().map(|(top, _)| top.buffers.push(Buffer { memory, readonly }))
    });
    Ok(true)
}

/// Runs `f`, which pickles only to see whether that is possible.
pub(crate) fn while_trying<R>(f: impl FnOnce() -> R) -> R {
    while_packing(&mut Taken::for_a_try(), f).0
}

/// A new object for what moves by reference under that number. `None` where there is none.
pub(crate) fn unpack(py: Python<'_>, number: usize) -> PyResult<Option<Object<'_>>> {
    let found = UNPACKING.with_borrow(|stack| {
        let (beside, opening) = stack.last()?;
        Some((beside.references.get(number)?.clone(), *opening))
    });
    found.map(|(reference, opening)| reference.open(py, opening)).transpose()
}

/// Cowns that somebody has pickled on their own account. They are not kept alive by that.
static PICKLED: Mutex<Option<Pickled>> = Mutex::new(None);

#[derive(Default)]
struct Pickled {
    by_number: FxHashMap<u64, WeakCown<(), Slot>>,
    /// Their numbers, by their own. That is no other cown's as long as there is a weak reference.
    numbers: FxHashMap<usize, u64>,
    last: u64,
    /// How many there may be before those that are gone are left out.
    tidy_at: usize,
}

impl Pickled {
    fn number(&mut self, cown: &Handle) -> u64 {
        if let Some(number) = self.numbers.get(&cown.id()) {
            return *number;
        }
        if self.by_number.len() >= self.tidy_at {
            self.by_number.retain(|_, weak| weak.handles() > 0);
            let alive = &self.by_number;
            self.numbers.retain(|_, number| alive.contains_key(number));
            self.tidy_at = (2 * self.by_number.len()).max(64);
        }
        self.last += 1;
        self.by_number.insert(self.last, cown.downgrade());
        self.numbers.insert(cown.id(), self.last);
        self.last
    }
}

/// A number by which `cown` can be found again in this process.
pub(crate) fn remember(cown: &Handle) -> u64 {
    cown.tag().set_pickled();
    PICKLED.lock().get_or_insert_default().number(cown)
}

/// The cown that was pickled under that number in that process.
pub(crate) fn recall(py: Python<'_>, process: u32, number: u64) -> PyResult<Handle> {
    if process != std::process::id() {
        let message = format!(
            "this pickled Cown belongs to process {process}: a cown lives in its own process only; \
             pickle its value instead"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let found = PICKLED.lock().as_ref().and_then(|pickled| pickled.by_number.get(&number)?.upgrade());
    found.ok_or_else(|| {
        let message = "this pickled Cown is gone: a pickle does not keep a cown alive; keep the cown itself";
        error::raise(py, Kind::Runtime, message)
    })
}
