//! The queue of requests that each cown has: how a behavior gets in line, is granted the cown, and hands it on.
//!
//! # Protocol
//!
//! A cown holds the *tail* of a linked list of [`Request`]s. The algorithm is that of "When Concurrency Matters:
//! Behaviour-Oriented Concurrency" (OOPSLA 2023). Its treatment of readers follows the fair reader-writer queue lock of
//! Mellor-Crummey and Scott (PPoPP 1991).
//!
//! ```text
//!              holds the cown        waits               waits
//!             +-----------+       +-----------+       +-----------+
//!             | request   | next  | request   | next  | request   |
//!             | of B1     |------>| of B2     |------>| of B3     |<---- tail ---- cown
//!             | SCHEDULED |       | SCHEDULED |       |           |
//!             +-----------+       +-----------+       +-----------+
//!                                                      not yet in line at all its cowns:
//!                                                      the next one waits before it sets B3's `next`
//! ```
//!
//! **Link, phase one.** A behavior visits its cowns in one global order and swaps its request in as each tail. No former
//! tail: the cown is free. Otherwise it waits until its predecessor is `SCHEDULED`, that is, until the predecessor's
//! behavior has all its requests in line. Then it sets the predecessor's `next`. The wait makes getting in line at several
//! cowns one atomic step: who comes behind us at one cown comes behind us at every cown. The wait can't go round in a
//! circle, because all behaviors visit cowns in the same order.
//!
//! **Link, phase two.** The behavior marks its requests `SCHEDULED`. A behavior with one request, to write, is in line
//! with its first swap. So it is marked before that, and there is no second phase.
//!
//! **Grant.** A behavior counts its requests that are not granted yet. The thread that grants the last one makes it ready.
//!
//! **Release.** A request without a successor swings the tail back to null. Otherwise it grants its successor.
//!
//! **Readers.** Readers that follow each other hold the cown together, counted in `readers`. A reader behind a reader
//! that already reads joins at once. Behind one that still waits it sets `NEXT_READS` there, and the thread
//! that grants the first grants the second too. The writer behind a group of readers must wait for the last of them to leave, which
//! need not be the last in the queue. So its predecessor, on leaving, puts it into `next_writer` and adds `WRITER_WAITS`
//! to `readers` in the step that takes itself off. The one thread whose step leaves `readers` at exactly `WRITER_WAITS`
//! grants it. No reader can come in meanwhile, since all later ones queue behind the writer.
//!
//! # Who keeps the cown alive
//!
//! A line keeps its cown alive with one reference, however long it is: the request that finds no tail before it takes the
//! reference, and the one that swings the tail back to null drops it. Only readers, which may still read when the line is
//! empty, have a reference each.

use crate::cown_core::Core;
use crate::job::{Header, Job, catch_panics};
use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, Ordering, prefetch, spin};
use std::ptr::{self, NonNull};

/// What a behavior may do with a cown. See [`Claims`](crate::Claims).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Alone with the cown; may change its value.
    Write,
    /// Together with other readers; may look at the value.
    Read,
}

/// What a request does in the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Write,
    Read,
    /// Nothing: another request of the same behavior stands in line for the same cown.
    Merged,
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
const READER: u32 = 2;
/// A writer waits in `Queue::next_writer` until no reader is left.
const WRITER_WAITS: u32 = 1;

/// A cown's end of the queue.
pub(crate) struct Queue {
    tail: AtomicPtr<Request>,
    next_writer: AtomicPtr<Request>,
    readers: AtomicU32,
}

/// One behavior's claim on one cown, to write or to read it. It lies in the block of its behavior.
#[repr(C)]
pub(crate) struct Request {
    /// The cown. Its handles are this very pointer: see [`Request::cown`].
    cown: NonNull<Core>,
    next: AtomicPtr<Request>,
    /// How many bytes before this request its behavior begins.
    back: u32,
    state: AtomicU8,
    role: Role,
    mode: Mode,
    standing: Standing,
}

/// How a request stands to its cown before it is linked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The caller keeps the cown alive until it is linked.
    Borrowed,
    /// It came with a reference to the cown, which is to be dropped, or used up, once it is in line.
    Owned,
    /// It came with the line's reference to a new cown that nobody else knows of, and is in line from the beginning.
    First,
}

impl Request {
    /// A request of the behavior that begins `back` bytes before the place that this will be written to.
    pub(crate) fn new(cown: NonNull<Core>, mode: Mode, standing: Standing, back: usize) -> Self {
        let (role, state) = match (mode, standing) {
            (Mode::Write, Standing::First) => (Role::Write, SCHEDULED),
            (Mode::Write, _) => (Role::Write, 0),
            (Mode::Read, _) => (Role::Read, WAITING),
        };
        let back = u32::try_from(back).expect("a behavior is smaller than four gigabytes");
        let next = AtomicPtr::new(ptr::null_mut());
        Request { cown, next, back, state: AtomicU8::new(state), role, mode, standing }
    }

    pub(crate) fn cown(&self) -> NonNull<Core> {
        self.cown
    }

    pub(crate) fn cown_ref(&self) -> &NonNull<Core> {
        &self.cown
    }

    /// What the behavior asked for here.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// The place of the cown in the order in which all behaviors get in line.
    #[inline]
    pub(crate) fn order(&self) -> usize {
        self.cown.addr().get()
    }

    /// Whether another request has got in line behind this one.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        !self.next.load(Ordering::Relaxed).is_null()
    }

    pub(crate) fn writes_alone(&self) -> bool {
        self.role == Role::Write
    }

    /// Lets this request stand for another of the same behavior and cown, too: the stronger mode counts. Before either is
    /// linked.
    pub(crate) fn merge(&mut self, other: &mut Request) {
        if other.role == Role::Write {
            self.role = Role::Write;
            self.state = AtomicU8::new(0);
        }
        other.role = Role::Merged;
    }

    /// Puts the first request for a new cown in line.
    ///
    /// # Safety
    /// The request is [`Standing::First`]; nobody else knows of the cown yet.
    pub(crate) unsafe fn begin_line(this: NonNull<Request>) {
        // SAFETY: says the caller.
        let queue = unsafe { &this.as_ref().cown.as_ref().queue };
        queue.tail.store(this.as_ptr(), Ordering::Relaxed);
    }

    /// Whether it has to be linked.
    #[inline]
    pub(crate) fn is_to_be_linked(&self) -> bool {
        self.standing != Standing::First
    }

    /// Drops the reference to the cown of a request that will not be linked.
    ///
    /// # Safety
    /// It has not been linked, and if it began a line nobody else has got the cown.
    pub(crate) unsafe fn forgo(&self) {
        if self.standing == Standing::First {
            // SAFETY: the line's reference is there.
            unsafe { self.cown.as_ref() }.queue.tail.store(ptr::null_mut(), Ordering::Relaxed);
        }
        if self.standing != Standing::Borrowed {
            // SAFETY: the reference is the request's own.
            unsafe { Core::drop_references(self.cown, 1) };
        }
    }

    /// The same for a request that is merged into another one, which keeps the cown alive.
    pub(crate) fn forgo_merged(&self) {
        if self.standing == Standing::Owned {
            // SAFETY: the other request has a reference, or the caller has one.
            unsafe { self.cown.as_ref() }.drop_one_of_many();
        }
    }

    /// Phase one. True where the cown is granted at once. `alone`: the request is the only one of its behavior, and
    /// writes; it is scheduled with this.
    ///
    /// # Safety
    /// The request and the header of its behavior stay where they are until it is released. The cown is alive during the
    /// call. Where it is not granted at once and is `alone`, the behavior may be gone as this returns.
    #[inline]
    pub(crate) unsafe fn link(this: NonNull<Request>, alone: bool) -> bool {
        // SAFETY: says the caller.
        let request = unsafe { this.as_ref() };
        // SAFETY: says the caller.
        let core = unsafe { request.cown.as_ref() };
        let queue = &core.queue;
        debug_assert!(!alone || request.role == Role::Write);
        if alone {
            request.state.store(SCHEDULED, Ordering::Relaxed);
        }
        let Some(before) = NonNull::new(queue.tail.swap(this.as_ptr(), Ordering::AcqRel)) else {
            // The line is new: it gets its reference.
            return match request.role {
                Role::Read => {
                    core.add_references(2 - u32::from(request.standing == Standing::Owned));
                    queue.readers.fetch_add(READER, Ordering::AcqRel);
                    // Nobody looks at our state before we are scheduled.
                    request.state.store(0, Ordering::Relaxed);
                    true
                }
                _ => {
                    if request.standing == Standing::Borrowed {
                        core.add_references(1);
                    }
                    queue.enter_empty_as_writer(this)
                }
            };
        };
        // A reader has a reference of its own. A writer needs none, as the line has one.
        let surplus = match (request.role, request.standing) {
            (Role::Read, Standing::Borrowed) => {
                core.add_references(1);
                None
            }
            (Role::Write, Standing::Owned) => Some(request.cown),
            _ => None,
        };
        // SAFETY: a request that is not the tail any more is not freed before its `next` is set, which only this thread
        // does.
        let before = unsafe { before.as_ref() };
        if before.state.load(Ordering::Acquire) & SCHEDULED == 0 {
            spin(|| (before.state.load(Ordering::Acquire) & SCHEDULED != 0).then_some(()));
        }
        let granted = match (before.role, request.role) {
            (Role::Read, Role::Read) => {
                let waits = before.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                    (state & WAITING != 0).then_some(state | NEXT_READS)
                });
                if waits.is_err() {
                    queue.readers.fetch_add(READER, Ordering::AcqRel);
                    request.state.store(0, Ordering::Relaxed);
                }
                waits.is_err()
            }
            (Role::Read, _) => {
                before.state.fetch_or(NEXT_WRITES, Ordering::AcqRel);
                false
            }
            _ => false,
        };
        before.next.store(this.as_ptr(), Ordering::Release);
        // Only now: while we have it, the one before does not take itself for the last who knows of the cown.
        if let Some(cown) = surplus {
            // SAFETY: the reference was the request's. The behavior may have run already, so it may be the last.
            catch_panics(|| unsafe { Core::drop_shared_reference(cown) });
        }
        granted
    }

    /// Phase two.
    pub(crate) fn scheduled(&self) {
        match self.role {
            Role::Read => _ = self.state.fetch_or(SCHEDULED, Ordering::Release),
            // Nobody else changes the state of a writer.
            _ => self.state.store(SCHEDULED, Ordering::Release),
        }
    }

    /// Takes a free cown for writing, or does nothing. `None`: it is not free. `Some(false)`: it is in line, behind
    /// readers that had already left the line.
    ///
    /// # Safety
    /// As for [`Request::link`]. The request owns no reference.
    pub(crate) unsafe fn try_link(this: NonNull<Request>) -> Option<bool> {
        // SAFETY: says the caller.
        let request = unsafe { this.as_ref() };
        // SAFETY: says the caller.
        let core = unsafe { request.cown.as_ref() };
        let queue = &core.queue;
        if queue.readers.load(Ordering::Acquire) != 0 {
            return None;
        }
        request.state.store(SCHEDULED, Ordering::Relaxed);
        let free = ptr::null_mut();
        queue.tail.compare_exchange(free, this.as_ptr(), Ordering::AcqRel, Ordering::Relaxed).ok()?;
        core.add_references(1);
        Some(queue.enter_empty_as_writer(this))
    }

    /// Hands the cown on. Jobs that had waited only for this grant are given to `ready`. Gives how many references to the
    /// cown are the caller's to drop now.
    ///
    /// # Safety
    /// The request is granted, and is released once.
    #[inline]
    pub(crate) unsafe fn release(this: NonNull<Request>, mut ready: impl FnMut(Job)) -> u32 {
        // SAFETY: granted, so nobody has freed it.
        let request = unsafe { this.as_ref() };
        if request.role == Role::Merged {
            return 0;
        }
        // SAFETY: the line, or the reader, has a reference until this is over; but for the writer with a successor, which
        // does not come here again once it has granted that.
        let core = unsafe { request.cown.as_ref() };
        let queue = &core.queue;
        let next = match NonNull::new(request.next.load(Ordering::Acquire)) {
            None => request.leave_or_successor(this, core),
            next => next,
        };
        match (request.role, next) {
            (Role::Write, Some(next)) => {
                // SAFETY: a successor that waits for our grant is alive.
                match unsafe { next.as_ref() }.role {
                    // SAFETY: as above.
                    Role::Read => unsafe { queue.grant_readers(next, &mut ready) },
                    // SAFETY: as above.
                    _ => unsafe { resolve(next, &mut ready) },
                }
                0
            }
            (Role::Read, Some(next)) if request.state.load(Ordering::Acquire) & NEXT_WRITES != 0 => {
                queue.next_writer.store(next.as_ptr(), Ordering::Relaxed);
                let before = queue.readers.fetch_sub(READER - WRITER_WAITS, Ordering::AcqRel);
                if before == READER {
                    queue.grant_writer(&mut ready);
                }
                1
            }
            (Role::Read, next) => {
                // The successor, if there is one, reads already.
                let before = queue.readers.fetch_sub(READER, Ordering::AcqRel);
                if before == READER + WRITER_WAITS {
                    queue.grant_writer(&mut ready);
                }
                1 + u32::from(next.is_none())
            }
            (_, None) => 1,
            (Role::Merged, Some(_)) => unreachable!("what is merged is not in line"),
        }
    }

    /// Leaves the line empty, or gives the request behind this one, if one has come since we looked.
    fn leave_or_successor(&self, this: NonNull<Request>, core: &Core) -> Option<NonNull<Request>> {
        let next = || NonNull::new(self.next.load(Ordering::Acquire));
        // Where only the line knows of the cown, nobody can get in line any more. Asked first: who did, and has dropped the
        // last handle since, has set our `next` before.
        if core.is_known_by(1) {
            return next();
        }
        let null = ptr::null_mut();
        match core.queue.tail.compare_exchange(this.as_ptr(), null, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => None,
            // Somebody is the tail now, and about to set our `next`.
            Err(_) => Some(spin(next)),
        }
    }
}

/// Grants one more of its requests to the behavior of `request`.
///
/// # Safety
/// The request is alive and not granted. It may be gone when this returns.
#[inline]
unsafe fn resolve(request: NonNull<Request>, ready: &mut impl FnMut(Job)) {
    // SAFETY: alive, says the caller; and it lies that far behind the header of its behavior, in the same block.
    unsafe {
        let back = request.as_ref().back as usize;
        // In a long line the one behind was made long ago: its memory is fetched while this one waits and runs.
        let behind = request.as_ref().next.load(Ordering::Relaxed);
        prefetch(behind.wrapping_byte_sub(back));
        prefetch(behind);
        if let Some(job) = Header::grant(request.byte_sub(back).cast(), 1) {
            ready(job);
        }
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Queue {
            tail: AtomicPtr::new(ptr::null_mut()),
            next_writer: AtomicPtr::new(ptr::null_mut()),
            readers: AtomicU32::new(0),
        }
    }

    /// True where nobody holds the cown or waits for it.
    #[cfg(all(test, loom))]
    pub(crate) fn is_free(&self) -> bool {
        self.tail.load(Ordering::Acquire).is_null() && self.readers.load(Ordering::Acquire) == 0
    }

    /// A writer has become the tail of an empty line. Readers that have left the line may still be reading: every one of
    /// them is counted by now, and no other can come, so a count of zero stays zero.
    fn enter_empty_as_writer(&self, writer: NonNull<Request>) -> bool {
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
    fn grant_writer(&self, ready: &mut impl FnMut(Job)) {
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
    unsafe fn grant_readers(&self, first: NonNull<Request>, ready: &mut impl FnMut(Job)) {
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
