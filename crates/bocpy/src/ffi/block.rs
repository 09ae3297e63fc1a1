//! Data that lives outside of all interpreters: counted, and with bytes behind it if its type wants some.
//!
//! ```text
//!     | references | version | lock | kind | T | bytes ...
//! ```
//!
//! A pointer to one is a single word, whatever the type is, as the kind says that. There may be millions of them, so that the
//! kind is a number, and small data comes right behind it. Who may touch the data when is the
//! matter of [`ownership`](super::ownership).

use parking_lot::RawRwLock;
use parking_lot::lock_api::{RawRwLock as _, RawRwLockRecursive as _};
use std::alloc::{Layout, alloc, dealloc};
use std::any::TypeId;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem;
use std::process::abort;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering, fence};

/// A type of data that may be in a block.
pub(crate) trait Data: Sized + Send + Sync + 'static {
    /// What there is to say of the type. Of the same type for all types of data that are kept together.
    type Kind: HasFree;
    const KIND: &'static Self::Kind;

    /// How many bytes are behind it.
    fn bytes(&self) -> usize {
        0
    }
}

/// What says of a type how its blocks are freed.
pub(crate) trait HasFree: Sync + Sized + 'static {
    fn free(&self) -> Free;
    /// Its number, and what has that number.
    fn number(&self) -> u32;
    fn of_number(number: u32) -> &'static Self;
}

/// How the blocks of a type are freed.
#[derive(Clone, Copy)]
pub(crate) struct Free {
    free: unsafe fn(NonNull<()>),
    data: fn() -> TypeId,
}

impl Free {
    pub(crate) const fn of<T: Data>() -> Free {
        Free { free: free::<T>, data: TypeId::of::<T> }
    }
}

/// What a block begins with, whatever its type is.
#[repr(C)]
struct Head {
    references: AtomicU32,
    version: AtomicU32,
    lock: RawRwLock,
    kind: u32,
}

#[repr(C)]
struct Whole<T: Data> {
    references: AtomicU32,
    version: AtomicU32,
    lock: RawRwLock,
    kind: u32,
    data: UnsafeCell<T>,
}

/// The bytes are as much aligned as the widest number.
const ALIGNMENT: usize = 8;

impl<T: Data> Whole<T> {
    const BYTES: usize = mem::size_of::<Self>().next_multiple_of(ALIGNMENT);

    fn layout(bytes: usize) -> Option<Layout> {
        let size = Self::BYTES.checked_add(bytes)?;
        Layout::from_size_align(size, mem::align_of::<Self>().max(ALIGNMENT)).ok()
    }
}

/// A reference to a block of some type.
pub(crate) struct AnyBlock<K: HasFree>(NonNull<Head>, PhantomData<&'static K>);

// SAFETY: what is in it can be sent and shared; the counter is atomic.
unsafe impl<K: HasFree> Send for AnyBlock<K> {}
// SAFETY: as above.
unsafe impl<K: HasFree> Sync for AnyBlock<K> {}

/// A reference to a block of that type.
#[repr(transparent)]
pub(crate) struct Block<T: Data>(AnyBlock<T::Kind>, PhantomData<T>);

impl<K: HasFree> AnyBlock<K> {
    fn head(&self) -> &Head {
        // SAFETY: counted, so that it is there.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn kind(&self) -> &'static K {
        K::of_number(self.head().kind)
    }

    /// The same, if it is of that type.
    pub(crate) fn downcast<T: Data<Kind = K>>(&self) -> Option<&Block<T>> {
        // SAFETY: laid out as this; the type is checked.
        (self.is::<T>()).then(|| unsafe { &*ptr::from_ref(self).cast() })
    }

    fn is<T: Data<Kind = K>>(&self) -> bool {
        (self.kind().free().data)() == TypeId::of::<T>()
    }
}

impl<K: HasFree> Clone for AnyBlock<K> {
    fn clone(&self) -> Self {
        if self.head().references.fetch_add(1, Ordering::Relaxed) > u32::MAX / 2 {
            abort(); // before it wraps around
        }
        AnyBlock(self.0, PhantomData)
    }
}

impl<K: HasFree> Drop for AnyBlock<K> {
    #[inline]
    fn drop(&mut self) {
        if self.head().references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: it was the last one, and the kind is that of the data.
            unsafe { (self.kind().free().free)(self.0.cast()) }
        }
    }
}

/// # Safety
/// It is a block of `T`, to which there are no references left.
unsafe fn free<T: Data>(block: NonNull<()>) {
    let whole = block.cast::<Whole<T>>();
    // SAFETY: says the caller; it was allocated with that layout.
    unsafe {
        let bytes = (*(*whole.as_ptr()).data.get()).bytes();
        ptr::drop_in_place(whole.as_ptr());
        let layout = Whole::<T>::layout(bytes).unwrap_or_else(|| abort());
        dealloc(whole.as_ptr().cast(), layout);
    }
}

impl<T: Data> Clone for Block<T> {
    fn clone(&self) -> Self {
        Block(self.0.clone(), PhantomData)
    }
}

impl<T: Data> Block<T> {
    /// A new block, with zeros behind the data. `None`: there is no memory for that.
    pub(crate) fn try_new(data: T) -> Option<Self> {
        let bytes = data.bytes();
        let layout = Whole::<T>::layout(bytes)?;
        // SAFETY: the layout is not empty; all of it is written.
        unsafe {
            let whole = NonNull::new(alloc(layout))?.cast::<Whole<T>>();
            ptr::write(
                whole.as_ptr(),
                Whole {
                    references: AtomicU32::new(1),
                    version: AtomicU32::new(0),
                    lock: RawRwLock::INIT,
                    kind: T::KIND.number(),
                    data: UnsafeCell::new(data),
                },
            );
            ptr::write_bytes(whole.as_ptr().cast::<u8>().add(Whole::<T>::BYTES), 0, bytes);
            Some(Block(AnyBlock(whole.cast(), PhantomData), PhantomData))
        }
    }

    pub(crate) fn into_any(self) -> AnyBlock<T::Kind> {
        self.0
    }

    /// Where the bytes behind the data begin. Who uses that sees to it that he may.
    pub(crate) fn start(&self) -> *mut u8 {
        self.behind()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.0 == other.0.0
    }

    /// How many handles could write to it before, one after another.
    pub(super) fn version(&self) -> u32 {
        self.0.head().version.load(Ordering::Relaxed)
    }

    /// # Safety
    /// As long as they are used, nobody writes.
    #[inline]
    pub(super) unsafe fn parts(&self) -> (&T, &[u8]) {
        // SAFETY: says the caller.
        unsafe {
            let data = &*self.data();
            (data, slice::from_raw_parts(self.behind(), data.bytes()))
        }
    }

    /// # Safety
    /// As long as they are used, nobody else reads or writes.
    #[inline]
    #[allow(clippy::mut_from_ref)] // the caller sees to that
    pub(super) unsafe fn parts_mut(&self) -> (&mut T, &mut [u8]) {
        // SAFETY: says the caller.
        unsafe {
            let data = &mut *self.data();
            let bytes = data.bytes();
            (data, slice::from_raw_parts_mut(self.behind(), bytes))
        }
    }

    fn data(&self) -> *mut T {
        let whole = self.0.0.as_ptr().cast::<Whole<T>>();
        // SAFETY: it is one.
        unsafe { (*whole).data.get() }
    }

    fn behind(&self) -> *mut u8 {
        // SAFETY: there it begins.
        unsafe { self.0.0.as_ptr().cast::<u8>().add(Whole::<T>::BYTES) }
    }

    /// Calls `f` with the data, while nobody else writes: for readers, and for who has data that is on its way.
    pub(crate) fn locked<R>(&self, f: impl FnOnce((&T, &[u8])) -> R) -> R {
        let lock = &self.0.head().lock;
        // Who reads already may read again, even if somebody waits to write.
        lock.lock_shared_recursive();
        // SAFETY: locked just now.
        let _unlock = Finally(|| unsafe { lock.unlock_shared() });
        // SAFETY: who writes holds the lock, or has the only handle that may touch the data; then there are no readers.
        f(unsafe { self.parts() })
    }

    /// The same for one who writes.
    pub(super) fn locked_mut<R>(&self, f: impl FnOnce((&mut T, &mut [u8])) -> R) -> R {
        let lock = &self.0.head().lock;
        lock.lock_exclusive();
        // SAFETY: locked just now.
        let _unlock = Finally(|| unsafe { lock.unlock_exclusive() });
        // SAFETY: as above.
        f(unsafe { self.parts_mut() })
    }

    /// Holds the lock until the end of what is returned, to read or to write.
    pub(super) fn lock(&self, writes: bool) -> Lock<'_, T> {
        let lock = &self.0.head().lock;
        match writes {
            true => lock.lock_exclusive(),
            // As in `locked`.
            false => lock.lock_shared_recursive(),
        }
        Lock { block: self, writes }
    }

    /// Where it is: the same for all references to it.
    pub(super) fn address(&self) -> usize {
        self.0.0.as_ptr().addr()
    }

    /// Waits for those that are reading, and counts another handle that may write. Returns its version.
    pub(super) fn next_version(&self) -> u32 {
        self.locked_mut(|_| {
            let version = self.version().wrapping_add(1);
            self.0.head().version.store(version, Ordering::Relaxed);
            version
        })
    }
}

/// The lock of a block, held.
pub(super) struct Lock<'a, T: Data> {
    block: &'a Block<T>,
    writes: bool,
}

impl<T: Data> Drop for Lock<'_, T> {
    fn drop(&mut self) {
        let lock = &self.block.0.head().lock;
        // SAFETY: `Block::lock` has locked it so.
        unsafe { if self.writes { lock.unlock_exclusive() } else { lock.unlock_shared() } }
    }
}

/// Calls that at the end, also if there is a panic.
pub(super) struct Finally<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
