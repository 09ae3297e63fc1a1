//! The queue of requests that a cown keeps: how a behavior gets in line, is granted the cown, and hands it on.
//!
//! # Protocol
//!
//! A cown holds the *tail* of a linked list of [`Request`]s. The algorithm is the one of "When Concurrency Matters:
//! Behaviour-Oriented Concurrency" (OOPSLA 2023); its treatment of readers follows the fair reader-writer queue lock of
//! Mellor-Crummey and Scott (PPoPP 1991).
//!
//! **Link, phase one.** A behavior visits its cowns in one global order and swaps its request in as each tail. No former
//! tail: the cown is free. Else it waits until its predecessor is `SCHEDULED`, that is, until the predecessor's behavior
//! has all its requests in line, and hooks itself behind it. The wait is what makes getting in line at several cowns one
//! atomic step: who comes behind us at one cown comes behind us at every cown. It can't go round in a circle, because
//! all behaviors visit cowns in the same order.
//!
//! **Link, phase two.** The behavior marks its requests `SCHEDULED`.
//!
//! **Grant.** A behavior counts its requests that are not granted yet; whoever grants the last one makes it ready.
//!
//! **Release.** A request without a successor swings the tail back to nothing; else it grants its successor.
//!
//! **Readers.** Readers that follow each other hold the cown together, counted in `readers`. A reader behind a reader
//! that already reads joins at once; behind one that still waits it leaves word there (`NEXT_READS`), and whoever grants
//! the first grants the second too. The writer behind a group of readers must wait for the last of them to leave, which
//! need not be the last in the queue. So its predecessor, on leaving, puts it into `next_writer` and adds `WRITER_WAITS`
//! to `readers` in the step that takes itself off; the one thread whose step leaves `readers` at exactly `WRITER_WAITS`
//! grants it. No reader can come in meanwhile, since all later ones queue behind the writer.

use crate::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering, spin};
use std::ptr::{self, NonNull};

/// What a behavior may do with a cown. See [`Claims`](crate::Claims).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Alone with the cown; may change its value.
    Write,
    /// Together with other readers; may look at the value.
    Read,
}

/// All requests of this request's behavior are in line.
const SCHEDULED: u8 = 1;
/// This reader waits for its grant.
const WAITING: u8 = 2;
/// The successor of this waiting reader reads too, and is to be granted with it.
const NEXT_READS: u8 = 4;
/// The successor of this reader writes.
const NEXT_WRITES: u8 = 8;

/// One reader in `Queue::readers`.
const READER: usize = 2;
/// A writer waits in `Queue::next_writer` until no reader is left.
const WRITER_WAITS: usize = 1;

/// What a queue needs to know of a behavior: how many grants it lacks. Each behavior begins with this.
pub(crate) struct Lacking(AtomicUsize);

/// A cown's end of the queue.
pub(crate) struct Queue {
    tail: AtomicPtr<Request>,
    readers: AtomicUsize,
    next_writer: AtomicPtr<Request>,
}

/// One behavior's claim on one cown, to write or to read it. Whoever links it keeps the cown alive.
pub struct Request {
    queue: NonNull<Queue>,
    mode: Mode,
    state: AtomicU8,
    behavior: AtomicPtr<Lacking>,
    next: AtomicPtr<Request>,
}

impl Lacking {
    pub(crate) fn new(grants: usize) -> Self {
        Lacking(AtomicUsize::new(grants))
    }

    /// Counts down; true where nothing is lacking any more.
    ///
    /// # Safety
    /// The behavior is alive. Where this gives false it may be gone already.
    pub(crate) unsafe fn grant(this: NonNull<Lacking>, grants: usize) -> bool {
        // SAFETY: says the caller; the reference is to the atomic alone, and not used once it has been counted down.
        unsafe { this.as_ref() }.0.fetch_sub(grants, Ordering::AcqRel) == grants
    }
}

impl Request {
    pub(crate) fn new(queue: &Queue, mode: Mode) -> Self {
        Request {
            queue: NonNull::from(queue),
            mode,
            state: AtomicU8::new(0),
            behavior: AtomicPtr::new(ptr::null_mut()),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The place of the cown in the order in which all behaviors get in line.
    pub(crate) fn order(&self) -> usize {
        self.queue.addr().get()
    }

    /// Merges a second request of one behavior for one cown into this: the stronger mode counts.
    pub(crate) fn absorb(&mut self, other: &Request) {
        if other.mode == Mode::Write {
            self.mode = Mode::Write;
        }
    }

    /// Names the behavior that this request belongs to; before it is linked.
    pub(crate) fn belong(&self, behavior: NonNull<Lacking>) {
        self.behavior.store(behavior.as_ptr(), Ordering::Relaxed);
        if self.mode == Mode::Read {
            self.state.store(WAITING, Ordering::Relaxed);
        }
    }

    fn queue(&self) -> &Queue {
        // SAFETY: alive, says whoever has linked this request.
        unsafe { self.queue.as_ref() }
    }

    fn as_ptr(&self) -> *mut Request {
        ptr::from_ref(self).cast_mut()
    }

    /// Phase one. True where the cown is granted at once.
    ///
    /// # Safety
    /// The request stays where it is in memory until it is released, and belongs to a behavior that outlives it; so does
    /// its cown.
    pub(crate) unsafe fn link(&self) -> bool {
        let queue = self.queue();
        let Some(before) = NonNull::new(queue.tail.swap(self.as_ptr(), Ordering::AcqRel)) else {
            return match self.mode {
                Mode::Write => queue.enter_empty_as_writer(self),
                Mode::Read => {
                    queue.readers.fetch_add(READER, Ordering::AcqRel);
                    // Nobody looks at our state before we are scheduled.
                    self.state.store(0, Ordering::Relaxed);
                    true
                }
            };
        };
        // SAFETY: a request that is not the tail any more is not freed before its successor is hooked on, which only
        // this thread does.
        let before = unsafe { before.as_ref() };
        spin(|| (before.state.load(Ordering::Acquire) & SCHEDULED != 0).then_some(()));
        match (before.mode, self.mode) {
            (Mode::Write, _) => {
                before.next.store(self.as_ptr(), Ordering::Release);
                false
            }
            (Mode::Read, Mode::Write) => {
                before.state.fetch_or(NEXT_WRITES, Ordering::AcqRel);
                before.next.store(self.as_ptr(), Ordering::Release);
                false
            }
            (Mode::Read, Mode::Read) => {
                let waits = before.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                    (state & WAITING != 0).then_some(state | NEXT_READS)
                });
                if waits.is_err() {
                    queue.readers.fetch_add(READER, Ordering::AcqRel);
                    self.state.store(0, Ordering::Relaxed);
                }
                before.next.store(self.as_ptr(), Ordering::Release);
                waits.is_err()
            }
        }
    }

    /// Phase two.
    pub(crate) fn scheduled(&self) {
        match self.mode {
            // Nobody else changes the state of a writer.
            Mode::Write => self.state.store(SCHEDULED, Ordering::Release),
            Mode::Read => _ = self.state.fetch_or(SCHEDULED, Ordering::Release),
        }
    }

    /// Takes a free cown for writing, or does nothing. `None`: it is not free. `Some(false)`: it is in line, behind
    /// readers that had already left the queue.
    ///
    /// # Safety
    /// As for [`Request::link`].
    pub(crate) unsafe fn try_link(&self) -> Option<bool> {
        let queue = self.queue();
        if queue.readers.load(Ordering::Acquire) != 0 {
            return None;
        }
        self.state.store(SCHEDULED, Ordering::Relaxed);
        queue
            .tail
            .compare_exchange(ptr::null_mut(), self.as_ptr(), Ordering::AcqRel, Ordering::Relaxed)
            .ok()
            .map(|_| queue.enter_empty_as_writer(self))
    }

    /// Hands the cown on. Behaviors that had lacked only this cown are given to `ready`.
    ///
    /// # Safety
    /// The request is granted, and is released once.
    pub(crate) unsafe fn release(&self, mut ready: impl FnMut(NonNull<Lacking>)) {
        let queue = self.queue();
        let next = self.leave_or_successor(queue);
        match (self.mode, next) {
            (Mode::Write, None) => {}
            (Mode::Write, Some(next)) => {
                // SAFETY: a successor that waits for our grant is alive.
                match unsafe { next.as_ref() }.mode {
                    // SAFETY: as above.
                    Mode::Write => unsafe { resolve(next, &mut ready) },
                    // SAFETY: as above.
                    Mode::Read => unsafe { queue.grant_readers(next, &mut ready) },
                }
            }
            (Mode::Read, Some(next)) if self.state.load(Ordering::Acquire) & NEXT_WRITES != 0 => {
                queue.next_writer.store(next.as_ptr(), Ordering::Relaxed);
                let before = queue.readers.fetch_sub(READER - WRITER_WAITS, Ordering::AcqRel);
                if before == READER {
                    queue.grant_writer(&mut ready);
                }
            }
            // The successor, if there is one, reads already.
            (Mode::Read, _) => {
                let before = queue.readers.fetch_sub(READER, Ordering::AcqRel);
                if before == READER + WRITER_WAITS {
                    queue.grant_writer(&mut ready);
                }
            }
        }
    }

    /// Leaves the queue empty, or gives the request behind this one.
    fn leave_or_successor(&self, queue: &Queue) -> Option<NonNull<Request>> {
        if let Some(next) = NonNull::new(self.next.load(Ordering::Acquire)) {
            return Some(next);
        }
        let alone =
            queue.tail.compare_exchange(self.as_ptr(), ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire);
        match alone {
            Ok(_) => None,
            // Somebody is the tail now, and about to hook itself on here.
            Err(_) => Some(spin(|| NonNull::new(self.next.load(Ordering::Acquire)))),
        }
    }
}

// SAFETY: a request is changed through atomics only, and points to a queue, which is Sync.
unsafe impl Send for Request {}
// SAFETY: as above.
unsafe impl Sync for Request {}

/// Grants one more of its requests to the behavior of `request`.
///
/// # Safety
/// The request is alive and not granted. It may be gone when this returns.
unsafe fn resolve(request: NonNull<Request>, ready: &mut impl FnMut(NonNull<Lacking>)) {
    // SAFETY: alive, says the caller; and its behavior outlives it.
    unsafe {
        let behavior = NonNull::new_unchecked(request.as_ref().behavior.load(Ordering::Relaxed));
        if Lacking::grant(behavior, 1) {
            ready(behavior);
        }
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Queue {
            tail: AtomicPtr::new(ptr::null_mut()),
            readers: AtomicUsize::new(0),
            next_writer: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// True where nobody holds the cown or waits for it.
    #[cfg(all(test, loom))]
    pub(crate) fn is_free(&self) -> bool {
        self.tail.load(Ordering::Acquire).is_null() && self.readers.load(Ordering::Acquire) == 0
    }

    /// A writer has become the tail of an empty queue. Readers that have left the queue may still be reading: every
    /// one of them is counted by now, and no other can come, so a count of zero stays zero.
    fn enter_empty_as_writer(&self, writer: &Request) -> bool {
        if self.readers.load(Ordering::Acquire) == 0 {
            return true;
        }
        self.next_writer.store(writer.as_ptr(), Ordering::Relaxed);
        if self.readers.fetch_add(WRITER_WAITS, Ordering::AcqRel) != 0 {
            return false;
        }
        self.readers.store(0, Ordering::Release);
        true
    }

    /// No reader is left, and a writer waits.
    fn grant_writer(&self, ready: &mut impl FnMut(NonNull<Lacking>)) {
        let writer = self.next_writer.load(Ordering::Relaxed);
        self.readers.store(0, Ordering::Release);
        // SAFETY: the writer has waited for this grant, so it is alive; only the step that brought `readers` to
        // `WRITER_WAITS` leads here.
        unsafe { resolve(NonNull::new_unchecked(writer), ready) }
    }

    /// Grants a reader and those that asked to be granted with it.
    ///
    /// # Safety
    /// `first` is alive and waits for its grant.
    unsafe fn grant_readers(&self, first: NonNull<Request>, ready: &mut impl FnMut(NonNull<Lacking>)) {
        self.readers.fetch_add(READER, Ordering::AcqRel);
        let mut reader = Some(first);
        while let Some(this) = reader {
            // SAFETY: alive until it is resolved below; the one behind it waits for us in turn.
            unsafe {
                let request = this.as_ref();
                let state = request.state.fetch_and(!WAITING, Ordering::AcqRel);
                reader = (state & NEXT_READS != 0).then(|| {
                    let next = spin(|| NonNull::new(request.next.load(Ordering::Acquire)));
                    self.readers.fetch_add(READER, Ordering::AcqRel);
                    next
                });
                resolve(this, ready);
            }
        }
    }
}
