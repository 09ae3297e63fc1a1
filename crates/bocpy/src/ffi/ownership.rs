//! Who may touch data that moves by reference.
//!
//! The data stays where it is in memory. What moves is the right to touch it, which one handle has at a time:
//!
//! ```text
//!     a handle that owns it ----- taken to move -----> gone: every use raises, and says where the data is now
//!         |         ^
//!         | taken   | opened again for one who may write: a new version,
//!         | to read | so that handles of the versions before are stale
//!         v         |
//!     handles that may only read, in as many interpreters as there are readers
//! ```
//!
//! A handle is an object of one interpreter, whose lock guards it. So who owns the data needs no other lock: nobody else may
//! touch it. Readers share the lock of the data with who comes next. On free-threaded builds, a handle has a lock of its own,
//! and every access takes the lock of the data.

use super::block::{AnyBlock, Block, Data, Finally};
use super::error::{self, Kind};
use super::{PyResult, Python};
use std::borrow::Cow;
use std::cell::{Cell, UnsafeCell};
use std::mem;

/// Data that handles own.
pub(crate) trait Ownable: Data {
    /// What the type is called.
    fn class(&self) -> Cow<'static, str>;
}

/// What a handle, that is an object of a type that moves by reference, holds.
pub(crate) struct Owned<T: Ownable>(Guarded<Held<T>>);

enum Held<T: Ownable> {
    Owns {
        /// How many are reading just now; -1: somebody is writing.
        uses: Cell<i16>,
        version: u32,
        block: Block<T>,
    },
    Reads {
        version: u32,
        block: Block<T>,
    },
    /// What to tell those who use the handle all the same. Twice boxed, to be one word.
    Gone(Box<Box<str>>),
}

/// A right to touch data.
pub(crate) struct Right<T: Ownable> {
    pub(crate) block: Block<T>,
    version: u32,
    pub(crate) writes: bool,
}

/// Keeps data in memory, where it is, without a right to touch it.
pub(crate) struct Kept<T: Ownable>(Block<T>);

impl<T: Ownable> Kept<T> {
    /// Where the bytes behind the data begin.
    pub(crate) fn start(&self) -> *mut u8 {
        self.0.start()
    }

    /// Calls `f` with the data, whoever owns it now. `f` looks only at what may change while somebody has the data.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        look_into(&self.0, |data, _| f(data))
    }
}

impl<T: Ownable> Owned<T> {
    /// Keeps the data in memory, also when this handle has lost it. The second part: whether this handle can write.
    pub(crate) fn keep(&self, py: Python<'_>) -> PyResult<(Kept<T>, bool)> {
        let Right { block, writes, .. } = self.right(py)?;
        Ok((Kept(block), writes))
    }

    /// A new handle of new data, with as many zeros behind it as it says.
    pub(crate) fn try_new(py: Python<'_>, data: T) -> PyResult<Self> {
        let size = data.bytes();
        match Block::try_new(data) {
            Some(block) => Ok(Owned::of(block)),
            None => Err(super::buffer::no_room(py, size)),
        }
    }

    /// The first handle of a block.
    pub(crate) fn of(block: Block<T>) -> Self {
        Owned(Guarded::new(Held::Owns { uses: Cell::new(0), version: block.version(), block }))
    }

    /// A handle that owns the data from now on. It waits for readers that are looking at it just now.
    pub(crate) fn next(block: Block<T>) -> Self {
        Owned(Guarded::new(Held::Owns { uses: Cell::new(0), version: block.next_version(), block }))
    }

    /// A handle that may read the data until somebody owns it again.
    pub(crate) fn reader(block: Block<T>) -> Self {
        Owned(Guarded::new(Held::Reads { version: block.version(), block }))
    }

    /// Calls `f` with the data. It must not run Python code.
    pub(crate) fn read<R>(&self, py: Python<'_>, f: impl FnOnce(&T) -> R) -> PyResult<R> {
        if cfg!(Py_GIL_DISABLED) {
            let right = self.right(py)?;
            let result = right.block.locked(|(data, _)| right.is_current().then(|| f(data)));
            return result.ok_or_else(|| right.stale(py));
        }
        self.with(py, |data, _| f(data))
    }

    /// The same for data that `f` may change.
    pub(crate) fn write<R>(&self, py: Python<'_>, f: impl FnOnce(&mut T) -> R) -> PyResult<R> {
        if cfg!(Py_GIL_DISABLED) {
            let right = self.right(py)?;
            // Nothing is raised while it is locked: that may wait for other threads.
            let result = right.block.locked_mut(|(data, _)| match right.is_current() {
                true if right.writes => Ok(f(data)),
                true => Err(Some(data.class())),
                false => Err(None),
            });
            return result
                .map_err(|class| class.map_or_else(|| right.stale(py), |class| only_read(py, &class)));
        }
        self.with_mut(py, |data, _| f(data))
    }

    /// Calls `f` with the data and the bytes behind it. It must be short, run no Python code, and use no other handle: on
    /// free-threaded builds, this one is locked. All that a type does is done so, or all by `read` and `write`.
    #[inline]
    pub(crate) fn with<R>(&self, py: Python<'_>, f: impl FnOnce(&T, &[u8]) -> R) -> PyResult<R> {
        let held = self.0.hold();
        let held = held.get();
        match held {
            Held::Owns { uses, version, block } if uses.get() >= 0 && *version == block.version() => {
                uses.set(uses.get() + 1);
                let _done = Finally(|| uses.set(uses.get() - 1));
                if cfg!(Py_GIL_DISABLED) {
                    return Ok(block.locked(|(data, bytes)| f(data, bytes)));
                }
                // SAFETY: only this handle may touch the data. It keeps it as long as it is in use, and no use writes.
                let (data, bytes) = unsafe { block.parts() };
                Ok(f(data, bytes))
            }
            _ => Self::with_lock(py, held, f),
        }
    }

    /// The same for those who only want to know if it is simple: `None` if this handle does not own the data, or `f` says
    /// so. `f` must be short, and must not panic.
    #[inline]
    pub(crate) fn glance<R>(&self, _py: Python<'_>, f: impl FnOnce(&T, &[u8]) -> Option<R>) -> Option<R> {
        if cfg!(Py_GIL_DISABLED) {
            return None;
        }
        match self.0.hold().get() {
            Held::Owns { uses, version, block } if uses.get() >= 0 && *version == block.version() => {
                uses.set(uses.get() + 1);
                // SAFETY: as in `with`.
                let (data, bytes) = unsafe { block.parts() };
                let result = f(data, bytes);
                uses.set(uses.get() - 1);
                result
            }
            _ => None,
        }
    }

    /// The same for data that `f` may change.
    #[inline]
    pub(crate) fn glance_mut<R>(
        &self,
        _py: Python<'_>,
        f: impl FnOnce(&mut T, &mut [u8]) -> Option<R>,
    ) -> Option<R> {
        if cfg!(Py_GIL_DISABLED) {
            return None;
        }
        match self.0.hold().get() {
            Held::Owns { uses, version, block } if uses.get() == 0 && *version == block.version() => {
                uses.set(-1);
                // SAFETY: as in `with_mut`.
                let (data, bytes) = unsafe { block.parts_mut() };
                let result = f(data, bytes);
                uses.set(0);
                result
            }
            _ => None,
        }
    }

    #[cold]
    fn with_lock<R>(py: Python<'_>, held: &Held<T>, f: impl FnOnce(&T, &[u8]) -> R) -> PyResult<R> {
        match held {
            Held::Owns { uses, .. } if uses.get() < 0 => Err(in_use(py)),
            Held::Owns { version, block, .. } | Held::Reads { version, block } => {
                let right = Right { block: block.clone(), version: *version, writes: false };
                right.block.locked(|(data, bytes)| right.check(py, data).map(|()| f(data, bytes)))
            }
            Held::Gone(why) => Err(error::raise(py, Kind::Runtime, why)),
        }
    }

    /// The same for data that `f` may change.
    #[inline]
    pub(crate) fn with_mut<R>(&self, py: Python<'_>, f: impl FnOnce(&mut T, &mut [u8]) -> R) -> PyResult<R> {
        let held = self.0.hold();
        let held = held.get();
        match held {
            Held::Owns { uses, version, block } if uses.get() == 0 && *version == block.version() => {
                uses.set(-1);
                let _done = Finally(|| uses.set(0));
                if cfg!(Py_GIL_DISABLED) {
                    return Ok(block.locked_mut(|(data, bytes)| f(data, bytes)));
                }
                // SAFETY: only this handle may touch the data. It keeps it as long as it is in use, and has no other use.
                let (data, bytes) = unsafe { block.parts_mut() };
                Ok(f(data, bytes))
            }
            _ => Err(Self::cannot_write(py, held)),
        }
    }

    #[cold]
    fn cannot_write(py: Python<'_>, held: &Held<T>) -> error::Raised {
        match held {
            Held::Owns { version, block, .. } if *version == block.version() => in_use(py),
            Held::Owns { version, block, .. } | Held::Reads { version, block } => {
                let right = Right { block: block.clone(), version: *version, writes: false };
                right.block.locked(|(data, _)| match right.check(py, data) {
                    Ok(()) => only_read(py, &data.class()),
                    Err(raised) => raised,
                })
            }
            Held::Gone(why) => error::raise(py, Kind::Runtime, why),
        }
    }

    /// The right that this handle has. Raises if it has none any more.
    pub(crate) fn right(&self, py: Python<'_>) -> PyResult<Right<T>> {
        match self.0.hold().get() {
            Held::Owns { uses, .. } if uses.get() < 0 => Err(in_use(py)),
            Held::Owns { version, block, .. } => {
                Ok(Right { block: block.clone(), version: *version, writes: true })
            }
            Held::Reads { version, block } => {
                Ok(Right { block: block.clone(), version: *version, writes: false })
            }
            Held::Gone(why) => Err(error::raise(py, Kind::Runtime, why)),
        }
    }

    /// Whether it is a handle of that data.
    pub(crate) fn is_of(&self, block: &Block<T>) -> bool {
        match self.0.hold().get() {
            Held::Owns { block: mine, .. } | Held::Reads { block: mine, .. } => mine.is(block),
            Held::Gone(_) => false,
        }
    }

    /// Takes the right to write to that data from this handle, and, where there is a reason, that to read. False if it had
    /// no right to it, or is in use.
    pub(crate) fn settle(&self, block: &Block<T>, gone: Option<Box<str>>) -> bool {
        let held = self.0.hold();
        let (version, mine) = match held.get() {
            Held::Owns { uses, version, block } if uses.get() == 0 => (*version, block),
            Held::Reads { version, block } => (*version, block),
            _ => return false,
        };
        if !mine.is(block) {
            return false;
        }
        let after = match gone {
            Some(why) => Held::Gone(Box::new(why)),
            None => Held::Reads { version, block: block.clone() },
        };
        drop(held.replace(after));
        true
    }

    /// Ends a right to read.
    pub(crate) fn revoke(&self) {
        let held = self.0.hold();
        let Held::Reads { block, .. } = held.get() else { return };
        let why = format!(
            "this {} was lent to a behavior that read a cown, and has ended: ask the cown for its value again",
            block.locked(|(data, _)| data.class())
        );
        drop(held.replace(Held::Gone(Box::new(why.into()))));
    }

    /// Gives a right back that was taken from this handle.
    pub(crate) fn restore(&self, block: Block<T>) {
        let version = block.version();
        drop(self.0.hold().replace(Held::Owns { uses: Cell::new(0), version, block }));
    }
}

impl<T: Ownable> Right<T> {
    /// Whether the data has not gone on to another handle. If it is locked, this holds for a while.
    pub(super) fn is_current(&self) -> bool {
        self.version == self.block.version()
    }

    /// Raises if the data has gone on to another handle. `data`: it is locked, so that this holds for a while.
    pub(crate) fn check(&self, py: Python<'_>, data: &T) -> PyResult<()> {
        if self.is_current() { Ok(()) } else { Err(gone_on(py, &data.class())) }
    }

    /// Raises that it has. Not for one who has locked the data.
    #[cold]
    pub(super) fn stale(&self, py: Python<'_>) -> error::Raised {
        gone_on(py, &look_into(&self.block, |data, _| data.class()))
    }
}

/// The block of data that is on its way, with its kind's view of it.
pub(crate) fn look_into<T: Ownable, R>(block: &Block<T>, f: impl FnOnce(&T, &[u8]) -> R) -> R {
    block.locked(|(data, bytes)| f(data, bytes))
}

/// A block of that type. `None`: it is of another.
pub(crate) fn typed<T: Ownable>(block: &AnyBlock<T::Kind>) -> Option<&Block<T>> {
    block.downcast()
}

#[cold]
pub(super) fn in_use(py: Python<'_>) -> error::Raised {
    error::raise(py, Kind::Runtime, "this object is in use: it cannot be given away or changed meanwhile")
}

#[cold]
fn gone_on(py: Python<'_>, class: &str) -> error::Raised {
    let message = format!(
        "this {class} belonged to a cown that was read, and to which another behavior has had access since: ask the cown \
         for its value again"
    );
    error::raise(py, Kind::Runtime, &message)
}

#[cold]
pub(super) fn only_read(py: Python<'_>, class: &str) -> error::Raised {
    let message = format!(
        "this {class} can only be read: it belongs to a cown that is shared by its readers. Take a copy(), or schedule a \
         behavior with @when(cown), without read(), to change it"
    );
    error::raise(py, Kind::Runtime, &message)
}

/// What the interpreter's lock guards, or, where there is none, a lock of its own.
struct Guarded<T> {
    #[cfg(Py_GIL_DISABLED)]
    lock: parking_lot::RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: it is in an object, which only code that is attached to the object's interpreter can reach; and see `hold`.
unsafe impl<T: Send> Send for Guarded<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    fn new(value: T) -> Self {
        Guarded {
            #[cfg(Py_GIL_DISABLED)]
            lock: parking_lot::lock_api::RawMutex::INIT,
            value: UnsafeCell::new(value),
        }
    }

    /// Until the end of this, no other thread comes to the value. What is done meanwhile must not let go of the
    /// interpreter's lock.
    #[inline]
    fn hold(&self) -> Holding<'_, T> {
        #[cfg(Py_GIL_DISABLED)]
        parking_lot::lock_api::RawMutex::lock(&self.lock);
        Holding(self)
    }
}

struct Holding<'a, T>(&'a Guarded<T>);

impl<T> Holding<'_, T> {
    #[inline]
    fn get(&self) -> &T {
        // SAFETY: see `Guarded::hold`. It is only replaced where nobody uses it: see `Held::Owns::uses`.
        unsafe { &*self.0.value.get() }
    }

    /// Puts in another value, and gives the one before, to be dropped. The caller has seen that nobody uses it.
    fn replace(self, value: T) -> T {
        // SAFETY: says the caller.
        unsafe { mem::replace(&mut *self.0.value.get(), value) }
    }
}

#[cfg(Py_GIL_DISABLED)]
impl<T> Drop for Holding<'_, T> {
    fn drop(&mut self) {
        // SAFETY: locked by `hold`.
        unsafe { parking_lot::lock_api::RawMutex::unlock(&self.0.lock) }
    }
}
