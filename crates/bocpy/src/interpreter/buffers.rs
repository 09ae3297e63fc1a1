//! Large pieces of memory on their way from one interpreter to another, without a copy where that is possible.

use super::{Home, Resident, State};
use crate::ffi::buffer::{self, ByteArray};
use crate::ffi::builtin::Builtin;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use parking_lot::Mutex;
use std::slice;
use std::sync::{Arc, Weak};

/// Bytes that an object in some interpreter owns and nobody writes to, or that we own. Clones are the same bytes.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Mutex<Bytes>>);

/// The same, as its home knows it.
pub(crate) struct WeakMemory(Weak<Mutex<Bytes>>);

enum Bytes {
    Lent {
        owner: Resident,
        start: *const u8,
        size: usize,
        /// The owner is a bytearray that nobody else knows; its memory may be moved out.
        is_ours: bool,
    },
    Own(Box<[u8]>),
    /// So many bytes, which could not be copied when their home ended.
    Lost(usize),
}

// SAFETY: memory that nobody writes to and that the owner keeps; the owner is `Send`.
unsafe impl Send for Bytes {}

impl Bytes {
    fn len(&self) -> usize {
        match self {
            Bytes::Lent { size, .. } | Bytes::Lost(size) => *size,
            Bytes::Own(bytes) => bytes.len(),
        }
    }

    fn as_slice(&self) -> Result<&[u8], String> {
        match self {
            // SAFETY: the owner keeps the bytes, and nobody writes to them.
            Bytes::Lent { start, size, .. } => Ok(unsafe { slice::from_raw_parts(*start, *size) }),
            Bytes::Own(bytes) => Ok(bytes),
            Bytes::Lost(size) => Err(format!(
                "{size} bytes of this value are lost: there was no memory for them when wait() ended the worker that had them"
            )),
        }
    }

    fn slice(&self, py: Python<'_>) -> PyResult<&[u8]> {
        self.as_slice().map_err(|why| error::raise(py, Kind::Memory, &why))
    }
}

impl Memory {
    /// A copy of the memory of an object.
    pub(crate) fn copy(object: &Object<'_>) -> PyResult<Self> {
        let copy = object.with_memory(|bytes| buffer::copy(object.py(), bytes))??;
        Ok(Memory(Arc::new(Mutex::new(Bytes::Own(copy)))))
    }

    /// The content of `bytes`, which nobody can change.
    pub(crate) fn of_bytes(object: &Object<'_>) -> PyResult<Self> {
        object.with_memory(|bytes| Memory::lent(object.clone(), bytes, false))
    }

    /// The content of a bytearray to which there is one more reference, which is about to go.
    pub(crate) fn of_bytearray(array: &ByteArray<'_>) -> PyResult<Self> {
        let is_ours = array.can_give_memory();
        array.with_memory(|bytes| Memory::lent(array.clone().into(), bytes, is_ours))
    }

    /// The content of an object that lends its memory, to which there is one more reference, which is about to go.
    pub(crate) fn of_lender(object: &Object<'_>) -> PyResult<Self> {
        // As long as there is a view of it, nobody can make the object move its memory.
        let view = buffer::view(object)?;
        object.with_memory(|bytes| Memory::lent(view, bytes, false))
    }

    fn lent(owner: Object<'_>, bytes: &[u8], is_ours: bool) -> Self {
        let memory = Memory(Arc::new(Mutex::new(Bytes::Own(Box::default()))));
        memory.set_lent(owner, bytes, is_ours);
        memory
    }

    /// From now on it is that, which `owner` has.
    fn set_lent(&self, owner: Object<'_>, bytes: &[u8], is_ours: bool) {
        let home = State::get(owner.py()).home.clone();
        let owner = Resident::at(home.clone(), owner);
        let lent = Bytes::Lent { owner, start: bytes.as_ptr(), size: bytes.len(), is_ours };
        let before = std::mem::replace(&mut *self.0.lock(), lent);
        home.lends(WeakMemory(Arc::downgrade(&self.0)));
        drop(before);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Calls `f`, which must not run Python code, with the bytes.
    pub(crate) fn with<R>(&self, py: Python<'_>, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
        Ok(f(self.0.lock().slice(py)?))
    }

    /// A bytearray with that content: the memory itself if possible, else a copy. `last`: whether the bytes are not
    /// needed afterwards.
    pub(crate) fn to_bytearray<'py>(&self, py: Python<'py>, last: bool) -> PyResult<Object<'py>> {
        let mut bytes = self.0.lock();
        if let Bytes::Lent { owner, is_ours: true, start, size } = &mut *bytes
            && last
            && Arc::strong_count(&self.0) == 1
        {
            // SAFETY: only we know the owner, as `is_ours` says; and there is one of us, under a lock.
            let taken = unsafe { buffer::take_memory(py, owner.as_ptr())? };
            *start = std::ptr::NonNull::dangling().as_ptr();
            *size = 0;
            return Ok(taken);
        }
        buffer::bytearray(py, bytes.slice(py)?)
    }

    /// Undoes that: the bytearray is not needed after all, and nobody else refers to it.
    pub(crate) fn take_back(&self, array: &Object<'_>) -> PyResult<()> {
        let is_given = matches!(&*self.0.lock(), Bytes::Lent { size: 0, .. });
        let Some(Builtin::ByteArray(array)) = array.builtin().filter(|_| is_given) else { return Ok(()) };
        array.with_memory(|bytes| self.set_lent(array.clone().into(), bytes, array.can_give_memory()))
    }
}

impl WeakMemory {
    pub(super) fn is_dead(&self) -> bool {
        self.0.strong_count() == 0
    }

    /// The home is about to end: what it has lent must be copied.
    pub(super) fn bring_out(&self) {
        let Some(memory) = self.0.upgrade() else { return };
        let before = {
            let mut bytes = memory.lock();
            let copy = match bytes.as_slice() {
                Ok(bytes) => buffer::try_copy(bytes).map_or(Bytes::Lost(bytes.len()), Bytes::Own),
                Err(_) => return,
            };
            std::mem::replace(&mut *bytes, copy)
        };
        drop(before);
    }
}

impl Home {
    /// Copies all that is lent.
    pub(crate) fn bring_out_what_is_lent(&self) {
        for memory in self.take_lent() {
            memory.bring_out();
        }
    }
}
