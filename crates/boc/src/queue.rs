//! The queue of requests of a cown: how a behavior gets in line, is granted the cown, and passes it on.
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
//! **Link, phase one.** A behavior visits its cowns in one global order and swaps its request in as each tail. If there
//! was no tail, the cown is free. Otherwise it waits until its predecessor is `SCHEDULED`, that is, until the
//! predecessor's behavior has all its requests in line. Then it sets the predecessor's `next`. The wait makes getting in
//! line at several cowns one atomic step: a behavior that is behind us at one cown is behind us at every cown. There can
//! be no cycle of waits, because all behaviors visit cowns in the same order.
//!
//! **Link, phase two.** The behavior marks its requests `SCHEDULED`. A behavior whose only request is a write is in line
//! after the swap. So the request is marked before the swap, and there is no second phase.
//!
//! **Grant.** A behavior counts its requests that are not granted yet. The thread that grants the last one makes it ready.
//!
//! **Release.** A request without a successor sets the tail back to null. Otherwise it grants its successor.
//!
//! **Readers.** Consecutive readers hold the cown together, counted in `readers`. A reader behind a reader that already
//! reads joins at once. Behind one that still waits it sets `NEXT_READS` there, and the thread that grants the first
//! grants the second too. The writer behind a group of readers must wait for the last of them to leave, which need not be
//! the last in the queue. So its predecessor, when it leaves, stores it in `next_writer`, and adds `WRITER_WAITS` to
//! `readers` in the same step that subtracts itself. The one thread whose step leaves `readers` at exactly `WRITER_WAITS`
//! grants it. No reader can join in the meantime, since all later ones queue behind the writer.
//!
//! # Who keeps the cown alive
//!
//! A line of any length keeps its cown alive with one reference: the request that finds no tail takes the reference, and
//! the one that sets the tail back to null drops it. Only readers, which may still read when the line is empty, have a
//! reference each.

use crate::cown_core::Core;
use crate::job::{Header, Job, catch_panics};
use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, Ordering, prefetch, spin};
use std::ptr::{self, NonNull};

/// What a behavior may do with a cown. See [`Claims`](crate::Claims).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Holds the cown alone; may change its value.
    Write,
    /// Holds the cown together with other readers; may read its value.
    Read,
}

/// What a request does in the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Write,
    Read,
    /// Nothing: another request of the same behavior is in line for the same cown.
    Merged,
}

/// All requests of this request's behavior are in line.
const SCHEDULED: u8 = 1;
/// This reader waits for its grant.
const WAITING: u8 = 2;
/// The successor of this waiting reader reads too, and will be granted with it.
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

/// The relation of a request to its cown before it is linked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The caller keeps the cown alive until it is linked.
    Borrowed,
    /// It has a reference to the cown, which is dropped or passed to the line once it is in line.
    Owned,
    /// It has the line's reference to a new cown that nobody else knows, and is in line from the beginning.
    First,
}

impl Request {
    /// A request of the behavior that begins `back` bytes before the address where this will be stored.
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

    /// The mode that the behavior asked for.
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

    /// The behavior that this request is part of.
    ///
    /// # Safety
    /// It lies in the block of that behavior.
    pub(crate) unsafe fn behavior(this: NonNull<Request>) -> NonNull<Header> {
        // SAFETY: guaranteed by the caller.
        unsafe { this.byte_sub(this.as_ref().back as usize).cast() }
    }

    /// The request that has got in line behind this one, and is there at least until this one is released. `None` where that
    /// is not known. `granted`: whether this one is granted.
    pub(crate) fn kept_waiting(&self, granted: bool) -> Option<NonNull<Request>> {
        let next = || NonNull::new(self.next.load(Ordering::Acquire));
        match self.role {
            Role::Merged => None,
            Role::Write => next(),
            // A reader behind a reader may be granted and gone at any time. A writer waits for all readers before it.
            Role::Read if self.state.load(Ordering::Acquire) & NEXT_WRITES != 0 => next(),
            Role::Read if granted => {
                // SAFETY: alive, as it is granted.
                let queue = unsafe { &self.cown.as_ref().queue };
                // The writer is stored before the mark is set, and the next one after this reader has left.
                let waits = queue.readers.load(Ordering::Acquire) & WRITER_WAITS != 0;
                waits.then(|| NonNull::new(queue.next_writer.load(Ordering::Acquire))).flatten()
            }
            Role::Read => None,
        }
    }

    /// The one behind a request that waits for its grant.
    pub(crate) fn behind_waiting(&self) -> Option<NonNull<Request>> {
        NonNull::new(self.next.load(Ordering::Acquire))
    }

    pub(crate) fn writes_alone(&self) -> bool {
        self.role == Role::Write
    }

    /// Merges another request of the same behavior and cown into this one: the stronger mode counts. Must be called
    /// before either is linked.
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
    /// The request is [`Standing::First`]; nobody else knows the cown yet.
    pub(crate) unsafe fn begin_line(this: NonNull<Request>) {
        // SAFETY: guaranteed by the caller.
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
    /// It has not been linked, and if it began a line, nobody else has the cown.
    pub(crate) unsafe fn forgo(&self) {
        if self.standing == Standing::First {
            // SAFETY: the line's reference exists.
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

    /// Phase one. True if the cown is granted at once. `alone`: the request is the only one of its behavior, and writes;
    /// then this also marks it as scheduled.
    ///
    /// # Safety
    /// The request and the header of its behavior stay where they are until it is released. The cown is alive during the
    /// call. If it is `alone` and not granted at once, the behavior may be gone when this returns.
    #[inline]
    pub(crate) unsafe fn link(this: NonNull<Request>, alone: bool) -> bool {
        // SAFETY: guaranteed by the caller.
        let request = unsafe { this.as_ref() };
        // SAFETY: guaranteed by the caller.
        let core = unsafe { request.cown.as_ref() };
        let queue = &core.queue;
        debug_assert!(!alone || request.role == Role::Write);
        if alone {
            request.state.store(SCHEDULED, Ordering::Relaxed);
        }
        let Some(before) = NonNull::new(queue.tail.swap(this.as_ptr(), Ordering::AcqRel)) else {
            // The line is new: it gets the request's reference.
            return match request.role {
                Role::Read => {
                    core.add_references(2 - u32::from(request.standing == Standing::Owned));
                    queue.readers.fetch_add(READER, Ordering::AcqRel);
                    // Nobody reads our state before we are scheduled.
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
        // SAFETY: a request that is no longer the tail is not freed before its `next` is set, which only this thread
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
        // Not earlier: while we have the reference, our predecessor cannot conclude that only the line knows the cown.
        if let Some(cown) = surplus {
            // SAFETY: the reference was the request's. The behavior may have run already, so this may be the last reference.
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

    /// Takes a free cown for writing, or does nothing. `None`: the cown is not free. `Some(false)`: the request is in
    /// line, behind readers that have already left the line.
    ///
    /// # Safety
    /// As for [`Request::link`]. The request owns no reference.
    pub(crate) unsafe fn try_link(this: NonNull<Request>) -> Option<bool> {
        // SAFETY: guaranteed by the caller.
        let request = unsafe { this.as_ref() };
        // SAFETY: guaranteed by the caller.
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

    /// Passes the cown on. Jobs that waited only for this grant are passed to `ready`. Returns how many references to the
    /// cown the caller now has to drop.
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
        // SAFETY: the line, or the reader, has a reference until this ends. The exception is a writer with a successor,
        // which does not use the cown after it has granted the successor.
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

    /// Leaves the line empty, or returns the request behind this one, if one has come since we last looked.
    fn leave_or_successor(&self, this: NonNull<Request>, core: &Core) -> Option<NonNull<Request>> {
        let next = || NonNull::new(self.next.load(Ordering::Acquire));
        // If only the line knows the cown, nobody can get in line any more. This is checked first: a thread that got in
        // line and has dropped the last handle since has set our `next` before that.
        if core.is_known_by(1) {
            return next();
        }
        let null = ptr::null_mut();
        match core.queue.tail.compare_exchange(this.as_ptr(), null, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => None,
            // Another request is the tail now, and its thread is about to set our `next`.
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
    // SAFETY: alive, as the caller guarantees; and it lies at that offset from the header of its behavior, in the same block.
    unsafe {
        let back = request.as_ref().back as usize;
        // In a long line the next request was made long ago: prefetch its memory while this one waits and runs.
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

    /// True if nobody holds the cown or waits for it.
    pub(crate) fn is_free(&self) -> bool {
        self.tail.load(Ordering::Acquire).is_null() && self.readers.load(Ordering::Acquire) == 0
    }

    /// A writer has become the tail of an empty line. Readers that have left the line may still be reading. All of them
    /// have been counted by now, and no others can come, so a count of zero stays zero.
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
        // SAFETY: the writer waits for this grant, so it is alive; only the step that brought `readers` to `WRITER_WAITS`
        // leads here.
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
