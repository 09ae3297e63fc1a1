//! Cowns: concurrent owners of a value.

use crate::cown_core::{Core, Table};
use crate::job::drop_payload;
use crate::pool;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::thread;

/// A concurrent owner: a value, and the queue of behaviors that wait for it. A handle; clones name the same cown.
///
/// The value can be reached only by a behavior that has asked for the cown ([`Runtime::when`](crate::Runtime::when)) or,
/// outside behaviors, through [`Cown::try_hold`]. Beside its value a cown may have a *tag*, which any thread may read at
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
#[repr(transparent)] // a request's pointer to its cown is seen as a handle
pub struct Cown<T, G = ()>(NonNull<Inner<T, G>>, PhantomData<Inner<T, G>>);

/// A handle that does not keep its cown alive. Behaviors that wait for the cown do.
///
/// ```
/// let cown = boc::Cown::new(1);
/// let weak = cown.downgrade();
/// assert!(weak.upgrade() == Some(cown.clone()));
/// drop(cown);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakCown<T, G = ()>(NonNull<Inner<T, G>>, PhantomData<Inner<T, G>>);

#[repr(C)] // the core first: that is all that a queue knows of a cown
pub(crate) struct Inner<T, G> {
    core: Core,
    tag: G,
    value: UnsafeCell<T>,
}

// SAFETY: one writer at a time, or readers together, access the value; the queue ensures this. Handing it from thread to
// thread needs `T: Send`, sharing it among readers `T: Sync` (asked for where a read is requested).
unsafe impl<T: Send, G: Send + Sync> Sync for Cown<T, G> {}
// SAFETY: as above.
unsafe impl<T: Send, G: Send + Sync> Send for Cown<T, G> {}
// SAFETY: as above.
unsafe impl<T: Send, G: Send + Sync> Sync for WeakCown<T, G> {}
// SAFETY: as above.
unsafe impl<T: Send, G: Send + Sync> Send for WeakCown<T, G> {}

// A handle does not show the value, so it cannot show one that a panic has left half changed.
impl<T, G> std::panic::UnwindSafe for Cown<T, G> {}
impl<T, G: std::panic::RefUnwindSafe> std::panic::RefUnwindSafe for Cown<T, G> {}

impl<T, G> Inner<T, G> {
    const TABLE: Table = Table { layout: Layout::new::<Self>(), drop_contents: Self::drop_contents };

    /// # Safety
    /// `this` is the core of an `Inner<T, G>` that nobody refers to any more, and this is called once.
    unsafe fn drop_contents(this: NonNull<Core>) -> thread::Result<()> {
        let this = this.cast::<Self>().as_ptr();
        // One at a time: a panic in one destructor while another panic unwinds would abort the process. SAFETY:
        // guaranteed by the caller.
        let value = catch_unwind(AssertUnwindSafe(|| unsafe { ptr::drop_in_place(&raw mut (*this).value) }));
        // SAFETY: guaranteed by the caller.
        let tag = catch_unwind(AssertUnwindSafe(|| unsafe { ptr::drop_in_place(&raw mut (*this).tag) }));
        match (value, tag) {
            (Err(first), Err(second)) => {
                drop_payload(second);
                Err(first)
            }
            (value, tag) => value.and(tag),
        }
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
    #[inline]
    pub fn with_tag(value: T, tag: G) -> Self {
        let layout = Layout::new::<Inner<T, G>>();
        let inner = pool::allocate(layout.size(), layout.align()).cast::<Inner<T, G>>();
        let core = Core::new(const { &Inner::<T, G>::TABLE });
        // SAFETY: new memory, of that layout.
        unsafe { inner.write(Inner { core, tag, value: UnsafeCell::new(value) }) };
        Cown(inner, PhantomData)
    }

    /// Two handles of one new cown. Cheaper than cloning a handle.
    ///
    /// ```
    /// let (cown, same) = boc::Cown::pair_with_tag(1, ());
    /// assert!(cown == same && cown.handles() == 2);
    /// ```
    #[inline]
    pub fn pair_with_tag(value: T, tag: G) -> (Self, Self) {
        let cown = Cown::with_tag(value, tag);
        // SAFETY: nobody else has the cown yet. The second reference is that of the second handle.
        unsafe { cown.0.cast::<Core>().as_mut() }.add_unshared_reference();
        let same = Cown(cown.0, PhantomData);
        (cown, same)
    }

    /// The tag that this cown was made with.
    #[inline]
    pub fn tag(&self) -> &G {
        // SAFETY: alive, as the handle is; the tag is only ever shared.
        unsafe { &(*self.0.as_ptr()).tag }
    }

    /// A handle that does not keep the cown alive.
    pub fn downgrade(&self) -> WeakCown<T, G> {
        self.core_ref().add_weak();
        WeakCown(self.0, PhantomData)
    }

    /// A number that no other living cown has. It determines the order in which behaviors get in line at their cowns.
    pub fn id(&self) -> usize {
        self.0.addr().get()
    }

    /// The number of handles. All behaviors that wait for the cown or hold it count as one more; each reader counts as one.
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let same = cown.clone();
    /// assert_eq!(same.handles(), 2);
    /// ```
    pub fn handles(&self) -> usize {
        self.core_ref().references()
    }

    /// True if nobody holds the cown or waits for it.
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// assert!(cown.is_free());
    /// let held = cown.try_hold();
    /// assert!(!cown.is_free());
    /// # drop(held);
    /// ```
    pub fn is_free(&self) -> bool {
        self.core_ref().queue.is_free()
    }

    pub(crate) fn core(&self) -> NonNull<Core> {
        self.0.cast()
    }

    fn core_ref(&self) -> &Core {
        // SAFETY: alive, as the handle is.
        unsafe { &(*self.0.as_ptr()).core }
    }

    /// Where the value is.
    pub(crate) fn value(&self) -> *mut T {
        // SAFETY: alive, as the handle is.
        unsafe { (*self.0.as_ptr()).value.get() }
    }

    /// The handle's reference, which is no longer dropped with the handle.
    pub(crate) fn into_core(self) -> NonNull<Core> {
        let core = self.core();
        std::mem::forget(self);
        core
    }

    /// A pointer to the core of a cown, seen as a handle.
    ///
    /// # Safety
    /// It is the core of a `Cown<T, G>`, which is alive as long as the pointer is borrowed.
    pub(crate) unsafe fn of_core(core: &NonNull<Core>) -> &Self {
        // SAFETY: a handle is such a pointer, `repr(transparent)`.
        unsafe { &*ptr::from_ref(core).cast::<Self>() }
    }
}

impl<T, G> WeakCown<T, G> {
    fn core_ref(&self) -> &Core {
        // SAFETY: the memory is there, as the handle is.
        unsafe { &(*self.0.as_ptr()).core }
    }

    /// The cown, while it lives.
    pub fn upgrade(&self) -> Option<Cown<T, G>> {
        self.core_ref().upgrade().then(|| Cown(self.0, PhantomData))
    }

    /// The cown's number. See [`Cown::id`].
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// assert_eq!(cown.downgrade().id(), cown.id());
    /// ```
    pub fn id(&self) -> usize {
        self.0.addr().get()
    }

    /// The number of handles that keep the cown alive. See [`Cown::handles`].
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let weak = cown.downgrade();
    /// assert_eq!(weak.handles(), 1);
    /// drop(cown);
    /// assert_eq!(weak.handles(), 0);
    /// ```
    pub fn handles(&self) -> usize {
        self.core_ref().references()
    }
}

impl<T, G> Clone for Cown<T, G> {
    #[inline]
    fn clone(&self) -> Self {
        self.core_ref().add_references(1);
        Cown(self.0, PhantomData)
    }
}

impl<T, G> Drop for Cown<T, G> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this handle's reference.
        unsafe { Core::drop_references(self.core(), 1) };
    }
}

impl<T, G> Clone for WeakCown<T, G> {
    fn clone(&self) -> Self {
        self.core_ref().add_weak();
        WeakCown(self.0, PhantomData)
    }
}

impl<T, G> Drop for WeakCown<T, G> {
    fn drop(&mut self) {
        // SAFETY: this handle's reference.
        unsafe { Core::drop_weak(self.0.cast()) };
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
    /// Two handles are equal if they refer to the same cown.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
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
