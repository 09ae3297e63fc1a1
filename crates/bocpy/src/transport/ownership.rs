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

use super::by_reference::ByReference;
use crate::ffi::error::{self, Kind};
use crate::ffi::{PyResult, Python};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a handle, that is an object of a type that moves by reference, holds.
pub(crate) struct Owned<T>(Mutex<Held<T>>);

enum Held<T> {
    Right(Right<T>),
    /// What to tell those who use the handle all the same.
    Gone(Box<str>),
}

/// A right to touch data, as long as its version is this.
pub(super) struct Right<T> {
    pub(super) body: Arc<Body<T>>,
    version: u64,
    pub(super) writes: bool,
}

/// The data itself.
pub(super) struct Body<T> {
    data: RwLock<T>,
    /// Counts the handles that could write, one after another. Changed only by who may write to `data`.
    version: AtomicU64,
}

impl<T> Clone for Right<T> {
    fn clone(&self) -> Self {
        Right { body: self.body.clone(), version: self.version, writes: self.writes }
    }
}

impl<T: ByReference> Owned<T> {
    /// A new handle of new data.
    pub(crate) fn new(data: T) -> Self {
        let body = Body { data: RwLock::new(data), version: AtomicU64::new(0) };
        Owned::with(Right { body: Arc::new(body), version: 0, writes: true })
    }

    pub(super) fn with(right: Right<T>) -> Self {
        Owned(Mutex::new(Held::Right(right)))
    }

    /// Calls `f` with the data. It must not run Python code.
    pub(crate) fn read<R>(&self, py: Python<'_>, f: impl FnOnce(&T) -> R) -> PyResult<R> {
        let right = self.right(py)?;
        let data = right.body.data.read();
        right.check(py, &data)?;
        Ok(f(&data))
    }

    /// The same for data that `f` may change.
    pub(crate) fn write<R>(&self, py: Python<'_>, f: impl FnOnce(&mut T) -> R) -> PyResult<R> {
        let right = self.right(py)?;
        let mut data = right.body.data.write();
        right.check(py, &data)?;
        if !right.writes {
            let message = format!(
                "this {} can only be read: it belongs to a cown that is shared by its readers. Take a copy(), or schedule \
                 a behavior with @when(cown), without read(), to change it",
                data.class()
            );
            return Err(error::raise(py, Kind::Runtime, &message));
        }
        Ok(f(&mut data))
    }

    /// The right that this handle has. Raises if it has none any more.
    pub(super) fn right(&self, py: Python<'_>) -> PyResult<Right<T>> {
        match &*self.0.lock() {
            Held::Right(right) => Ok(right.clone()),
            Held::Gone(why) => Err(error::raise(py, Kind::Runtime, why)),
        }
    }

    /// Changes the right that this handle has, if that is one to this data. False if not.
    pub(super) fn change(&self, body: &Body<T>, f: impl FnOnce(&mut Right<T>) -> Option<Box<str>>) -> bool {
        let mut held = self.0.lock();
        let Held::Right(right) = &mut *held else { return false };
        if !std::ptr::eq(&raw const *right.body, body) {
            return false;
        }
        let gone = f(right);
        let before = gone.map(|why| std::mem::replace(&mut *held, Held::Gone(why)));
        drop(held);
        drop(before);
        true
    }

    /// Ends a right to read.
    pub(super) fn revoke(&self) {
        let mut held = self.0.lock();
        let Held::Right(right) = &*held else { return };
        if right.writes {
            return;
        }
        let why = format!(
            "this {} was lent to a behavior that read a cown, and has ended: ask the cown for its value again",
            right.body.with(T::class)
        );
        let before = std::mem::replace(&mut *held, Held::Gone(why.into()));
        drop(held);
        drop(before);
    }

    /// Gives a right back that was taken from this handle.
    pub(super) fn restore(&self, body: Arc<Body<T>>) {
        let version = body.version.load(Ordering::Relaxed);
        let before =
            std::mem::replace(&mut *self.0.lock(), Held::Right(Right { body, version, writes: true }));
        drop(before);
    }
}

impl<T: ByReference> Right<T> {
    /// Raises if the data has gone on to another handle. `data`: it is locked, so that this holds for a while.
    pub(super) fn check(&self, py: Python<'_>, data: &T) -> PyResult<()> {
        if self.version == self.body.version.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = format!(
            "this {} belonged to a cown that was read, and to which another behavior has had access since: ask the cown \
             for its value again",
            data.class()
        );
        Err(error::raise(py, Kind::Runtime, &message))
    }
}

impl<T: ByReference> Body<T> {
    /// A handle that owns the data from now on. It waits for readers that are looking at it just now.
    pub(super) fn own(self: Arc<Self>) -> Owned<T> {
        let alone = self.data.write();
        let version = self.version.load(Ordering::Relaxed) + 1;
        self.version.store(version, Ordering::Relaxed);
        drop(alone);
        Owned::with(Right { body: self, version, writes: true })
    }

    /// A handle that may read the data until somebody owns it again.
    pub(super) fn lend(self: Arc<Self>) -> Owned<T> {
        let version = self.version.load(Ordering::Relaxed);
        Owned::with(Right { body: self, version, writes: false })
    }

    /// A handle of a copy.
    pub(super) fn copy(&self, py: Python<'_>) -> PyResult<Owned<T>> {
        let copy = self.data.read().copy(py)?;
        Ok(Owned::new(copy))
    }

    pub(super) fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.data.read())
    }
}
