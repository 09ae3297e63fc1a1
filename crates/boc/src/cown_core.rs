//! The common part of all cowns, independent of the type of the value: the queue and the reference counts.

use crate::job::drop_payload;
use crate::pool;
use crate::queue::Queue;
use crate::sync::{AtomicU32, Ordering, fence};
use std::alloc::Layout;
use std::panic::resume_unwind;
use std::process::abort;
use std::ptr::NonNull;
use std::thread;

/// The beginning of each cown. The counts work like those of `Arc`; an `Arc` itself could not be used without knowing the
/// type of the value.
#[repr(C)]
pub(crate) struct Core {
    pub(crate) queue: Queue,
    /// References that keep the value.
    strong: AtomicU32,
    /// References that keep the memory: weak ones, and one for all the strong ones.
    weak: AtomicU32,
    table: &'static Table,
}

/// What depends on the type of the value.
pub(crate) struct Table {
    pub(crate) layout: Layout,
    /// Drops the value and the tag. Returns the panic of a destructor.
    pub(crate) drop_contents: unsafe fn(NonNull<Core>) -> thread::Result<()>,
}

/// A count near its maximum can only come from handles that were forgotten billions of times.
const MOST: u32 = u32::MAX / 2;

impl Core {
    /// With one reference.
    pub(crate) fn new(table: &'static Table) -> Self {
        Core { queue: Queue::new(), strong: AtomicU32::new(1), weak: AtomicU32::new(1), table }
    }

    /// Adds a reference, to a cown that no other thread knows.
    #[inline]
    pub(crate) fn add_unshared_reference(&mut self) {
        let count = self.strong.load(Ordering::Relaxed);
        self.strong.store(count + 1, Ordering::Relaxed);
    }

    pub(crate) fn references(&self) -> usize {
        self.strong.load(Ordering::Relaxed) as usize
    }

    #[inline]
    pub(crate) fn add_references(&self, count: u32) {
        if self.strong.fetch_add(count, Ordering::Relaxed) > MOST {
            abort();
        }
    }

    /// Drops a reference that is not the last.
    #[inline]
    pub(crate) fn drop_one_of_many(&self) {
        let before = self.strong.fetch_sub(1, Ordering::Release);
        debug_assert!(before > 1);
    }

    /// Drops references. The last one drops the value, whose destructor may panic.
    ///
    /// # Safety
    /// The references were the caller's.
    #[inline]
    pub(crate) unsafe fn drop_references(this: NonNull<Core>, count: u32) {
        // SAFETY: alive, as the references are there.
        let core = unsafe { this.as_ref() };
        // If nobody else has a reference, nobody else can change the count.
        if core.is_known_by(count) || core.strong.fetch_sub(count, Ordering::Release) == count {
            // SAFETY: they were the last.
            unsafe { Core::drop_value(this) };
        }
    }

    /// Drops a reference that is mostly not the last.
    ///
    /// # Safety
    /// The reference was the caller's.
    #[inline]
    pub(crate) unsafe fn drop_shared_reference(this: NonNull<Core>) {
        // SAFETY: alive, as the reference exists; in the second step it was the last.
        unsafe {
            if this.as_ref().strong.fetch_sub(1, Ordering::Release) == 1 {
                Core::drop_value(this);
            }
        }
    }

    /// True if the only references, including weak ones, are the `count` references of the caller.
    #[inline]
    pub(crate) fn is_known_by(&self, count: u32) -> bool {
        self.strong.load(Ordering::Acquire) == count && self.weak.load(Ordering::Acquire) == 1
    }

    /// # Safety
    /// The last reference is gone.
    #[cold]
    unsafe fn drop_value(this: NonNull<Core>) {
        fence(Ordering::Acquire);
        // SAFETY: nobody can access the value any more; the memory exists until the weak reference is dropped.
        let dropped = unsafe {
            let dropped = (this.as_ref().table.drop_contents)(this);
            Core::drop_weak(this);
            dropped
        };
        match dropped {
            Ok(()) => {}
            // A second panic would abort the process.
            Err(payload) if thread::panicking() => drop_payload(payload),
            Err(payload) => resume_unwind(payload),
        }
    }

    /// A reference, unless the value is gone.
    pub(crate) fn upgrade(&self) -> bool {
        let one_more = |count: u32| (count != 0).then(|| if count > MOST { abort() } else { count + 1 });
        self.strong.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_ok()
    }

    pub(crate) fn add_weak(&self) {
        if self.weak.fetch_add(1, Ordering::Relaxed) > MOST {
            abort();
        }
    }

    /// # Safety
    /// The weak reference was the caller's.
    pub(crate) unsafe fn drop_weak(this: NonNull<Core>) {
        // SAFETY: the memory is there, as the reference is.
        unsafe {
            let weak = &this.as_ref().weak;
            // If it is the last, nobody else can change the count.
            if weak.load(Ordering::Acquire) == 1 || weak.fetch_sub(1, Ordering::Release) == 1 {
                fence(Ordering::Acquire);
                let layout = this.as_ref().table.layout;
                pool::free(this.cast(), layout.size(), layout.align());
            }
        }
    }
}
