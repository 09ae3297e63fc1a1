//! Cowns: concurrent owners of a value.

use crate::hold::{AnyCown, Hold};
use crate::queue::{Mode, Queue, Request};
use std::cell::UnsafeCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Weak};

/// A concurrent owner: a value, and the queue of behaviors that wait for it. A handle; clones name the same cown.
///
/// The value can be reached only by a behavior that has asked for the cown ([`Runtime::when`](crate::Runtime::when)) or,
/// outside behaviors, through [`Cown::try_hold`]. Beside its value a cown may carry a *tag*, which anyone may look at at
/// any time: a name, a counter, a lock of your own.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
/// let account = boc::Cown::new(100);
/// runtime.when(&account, |mut account| *account += 5);
/// runtime.wait();
/// assert_eq!(*account.try_hold().unwrap(), 105);
/// # Ok::<(), boc::StartError>(())
/// ```
pub struct Cown<T, G = ()>(Arc<Inner<T, G>>);

/// A handle that does not keep its cown alive. Behaviors that wait for the cown do.
///
/// ```
/// let cown = boc::Cown::new(1);
/// let weak = cown.downgrade();
/// assert!(weak.upgrade() == Some(cown.clone()));
/// drop(cown);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakCown<T, G = ()>(Weak<Inner<T, G>>);

struct Inner<T, G> {
    queue: Queue,
    tag: G,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one writer at a time, or by readers together; the queue sees to it. Handing it from
// thread to thread needs `T: Send`, sharing it among readers `T: Sync` (asked for where a read is requested).
unsafe impl<T: Send, G: Send + Sync> Sync for Inner<T, G> {}
// SAFETY: as above.
unsafe impl<T: Send, G: Send + Sync> Send for Inner<T, G> {}

impl<T: Send, G: Send + Sync> AnyCown for Inner<T, G> {
    fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl<T> Cown<T> {
    /// A new cown that owns `value`.
    pub fn new(value: T) -> Self {
        Cown::with_tag(value, ())
    }
}

impl<T, G> Cown<T, G> {
    /// A new cown that owns `value`, and carries `tag`.
    ///
    /// ```
    /// let cown = boc::Cown::with_tag(100, "Ada's account");
    /// assert_eq!(*cown.tag(), "Ada's account");
    /// ```
    pub fn with_tag(value: T, tag: G) -> Self {
        Cown(Arc::new(Inner { queue: Queue::new(), tag, value: UnsafeCell::new(value) }))
    }

    /// The tag that this cown was made with.
    pub fn tag(&self) -> &G {
        &self.0.tag
    }

    /// A handle that does not keep the cown alive.
    pub fn downgrade(&self) -> WeakCown<T, G> {
        WeakCown(Arc::downgrade(&self.0))
    }

    /// A number that no other living cown has: its place in the order in which behaviors get in line.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// How many handles there are, those of behaviors that wait for the cown among them.
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let same = cown.clone();
    /// assert_eq!(same.handles(), 2);
    /// ```
    pub fn handles(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.value.get()
    }
}

impl<T: Send + 'static, G: Send + Sync + 'static> Cown<T, G> {
    pub(crate) fn request(&self, mode: Mode) -> Request {
        Request::new(&self.0.queue, mode)
    }

    /// Takes the cown for the caller if nobody holds it or waits for it. Behaviors that ask for it meanwhile wait until
    /// the guard is dropped.
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let mut held = cown.try_hold().expect("nobody else is there");
    /// *held += 1;
    /// assert!(cown.try_hold().is_none());
    /// drop(held);
    /// assert_eq!(*cown.try_hold().unwrap(), 2);
    /// ```
    pub fn try_hold(&self) -> Option<CownGuard<T, G>> {
        let hold = Hold::try_new(self.0.clone())?;
        Some(CownGuard { cown: self.clone(), _hold: hold, value: PhantomData })
    }
}

/// The value of a cown that is held outside behaviors. See [`Cown::try_hold`].
///
/// Threads may share a guard only if they may share the value:
///
/// ```compile_fail
/// fn shared(_: impl Sync) {}
/// shared(boc::Cown::new(std::cell::Cell::new(1)).try_hold().unwrap());
/// ```
pub struct CownGuard<T, G = ()> {
    cown: Cown<T, G>,
    _hold: Hold,
    /// Sharing the guard shares the value, sending the guard sends it; sharing the cown does neither.
    value: PhantomData<T>,
}

impl<T, G> Deref for CownGuard<T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: we hold the cown for writing as long as the guard lives.
        unsafe { &*self.cown.as_ptr() }
    }
}

impl<T, G> DerefMut for CownGuard<T, G> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.cown.as_ptr() }
    }
}

impl<T, G> WeakCown<T, G> {
    /// The cown, while it lives.
    pub fn upgrade(&self) -> Option<Cown<T, G>> {
        self.0.upgrade().map(Cown)
    }

    /// The cown's number. See [`Cown::id`].
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// assert_eq!(cown.downgrade().id(), cown.id());
    /// ```
    pub fn id(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// How many handles there are that do. See [`Cown::handles`].
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let weak = cown.downgrade();
    /// assert_eq!(weak.handles(), 1);
    /// drop(cown);
    /// assert_eq!(weak.handles(), 0);
    /// ```
    pub fn handles(&self) -> usize {
        self.0.strong_count()
    }
}

impl<T, G> Clone for Cown<T, G> {
    fn clone(&self) -> Self {
        Cown(self.0.clone())
    }
}

impl<T, G> Clone for WeakCown<T, G> {
    fn clone(&self) -> Self {
        WeakCown(self.0.clone())
    }
}

impl<T: Default> Default for Cown<T> {
    fn default() -> Self {
        Cown::new(T::default())
    }
}

impl<T> From<T> for Cown<T> {
    fn from(value: T) -> Self {
        Cown::new(value)
    }
}

impl<T, G> PartialEq for Cown<T, G> {
    /// Two handles are equal where they name the same cown.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T, G> Eq for Cown<T, G> {}

impl<T, G> PartialOrd for Cown<T, G> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T, G> Ord for Cown<T, G> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id().cmp(&other.id())
    }
}

impl<T, G> Hash for Cown<T, G> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl<T, G> fmt::Debug for Cown<T, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cown({:#x})", self.id())
    }
}
