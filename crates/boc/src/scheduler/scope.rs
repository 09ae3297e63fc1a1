//! Scopes: counts of behaviors in flight that can be waited for.
//!
//! One number holds two counts. The low half counts what is in flight; a thread that waits for the scope waits until that
//! is zero. The high half counts the *owners*: handles of the scope, and scopes below it. The scope's memory exists while
//! either count is not zero. Only something that is counted in one of the two may count in another.
//!
//! A scope within another one counts there as one in flight while it has something in flight itself, and as one owner
//! while it exists. Background jobs have their own scope, and are owners of the root scope: nobody waits for them, but
//! the runtime's memory exists while they do.

use super::Shared;
use crate::sync::{AtomicU64, Ordering};
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) struct Scope {
    count: AtomicU64,
    place: Place,
    /// The runtime. Its memory exists while the root scope does.
    shared: *const Shared,
}

enum Place {
    Root,
    Background,
    /// Below that scope. The second field is the pointer with which the memory of this scope is freed; a pointer made
    /// from a reference must not be used for that.
    Within(ScopeHandle, Cell<Option<NonNull<Scope>>>),
}

// SAFETY: the pointers refer to data that may be shared and that lives long enough; the cell is written before the scope
// is shared.
unsafe impl Send for Scope {}
// SAFETY: as above.
unsafe impl Sync for Scope {}

/// One owner in the count.
const OWNER: u64 = 1 << 32;

/// A scope that is counted as owned by this.
pub(crate) struct ScopeHandle(NonNull<Scope>);

// SAFETY: as for `&Scope`; and the thread that drops the last owner drops the scope, which may be sent.
unsafe impl Send for ScopeHandle {}
// SAFETY: as above.
unsafe impl Sync for ScopeHandle {}

fn in_flight(count: u64) -> u64 {
    count & (OWNER - 1)
}

impl Scope {
    /// The root scope of a runtime, with the runtime as its owner.
    pub(crate) fn root(shared: *const Shared) -> Self {
        Scope { count: AtomicU64::new(OWNER), place: Place::Root, shared }
    }

    /// The scope of background jobs, which lives as long as the root scope.
    pub(crate) fn background(shared: *const Shared) -> Self {
        Scope { count: AtomicU64::new(OWNER), place: Place::Background, shared }
    }

    pub(crate) fn shared(&self) -> *const Shared {
        self.shared
    }

    pub(crate) fn is_background(&self) -> bool {
        matches!(self.place, Place::Background)
    }

    /// Counts in some more. The caller has to be counted itself.
    #[inline]
    pub(crate) fn enter(&self, entering: u64) {
        match self.place {
            Place::Root => _ = self.count.fetch_add(entering, Ordering::Relaxed),
            _ => self.enter_below(entering),
        }
    }

    /// The same, if there is a scope above. That scope has to count this one before anything is in flight here: a thread
    /// that schedules here and then waits there must not find it empty.
    fn enter_below(&self, entering: u64) {
        let mut count = self.count.load(Ordering::Relaxed);
        loop {
            let first = in_flight(count) == 0;
            if first {
                match &self.place {
                    Place::Root => {}
                    Place::Background => self.root_scope().own(),
                    Place::Within(parent, _) => parent.scope().enter(1),
                }
            }
            match self.count.compare_exchange(count, count + entering, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => {
                    count = now;
                    if first {
                        // SAFETY: just entered; the caller is an owner or counted, so the runtime exists.
                        unsafe { self.leave_above() };
                    }
                }
            }
        }
    }

    /// # Safety
    /// This scope was counted in the one above. The runtime is alive during the call.
    unsafe fn leave_above(&self) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match &self.place {
                Place::Root => {}
                Place::Background => Scope::disown(NonNull::from(self.root_scope())),
                Place::Within(parent, _) => Scope::leave(parent.0, 1),
            }
        }
    }

    /// Subtracts some. Wakes waiting threads if nothing is left in flight. The scope may be gone when this returns.
    ///
    /// # Safety
    /// They were counted in. The runtime is alive during the call.
    pub(crate) unsafe fn leave(this: NonNull<Scope>, leaving: u64) {
        // SAFETY: it is there, as they are counted.
        let scope = unsafe { this.as_ref() };
        // Read before the scope may be freed.
        let shared = scope.shared;
        let above = match &scope.place {
            Place::Root => None,
            Place::Background => Some(NonNull::from(scope.root_scope())),
            Place::Within(parent, _) => Some(parent.0),
        };
        let background = scope.is_background();
        let left = scope.count.fetch_sub(leaving, Ordering::AcqRel) - leaving;
        if in_flight(left) == 0 {
            // SAFETY: alive, as the caller guarantees.
            unsafe { &*shared }.gate.open();
        }
        if left == 0 {
            // SAFETY: nobody is counted any more.
            unsafe { Scope::end(this) };
        }
        if in_flight(left) == 0
            && let Some(above) = above
        {
            // SAFETY: the scope was counted there.
            unsafe { if background { Scope::disown(above) } else { Scope::leave(above, 1) } };
        }
    }

    fn own(&self) {
        self.count.fetch_add(OWNER, Ordering::Relaxed);
    }

    /// # Safety
    /// One owner was counted in.
    pub(crate) unsafe fn disown(this: NonNull<Scope>) {
        // SAFETY: it exists, as the owner is counted; in the second step nobody is counted any more.
        unsafe {
            if this.as_ref().count.fetch_sub(OWNER, Ordering::AcqRel) == OWNER {
                Scope::end(this);
            }
        }
    }

    /// # Safety
    /// Nobody is counted any more.
    unsafe fn end(this: NonNull<Scope>) {
        // SAFETY: guaranteed by the caller. A root scope lies within the runtime, of which it has a reference.
        unsafe {
            match &this.as_ref().place {
                Place::Root => drop(Arc::from_raw(this.as_ref().shared)),
                // It is freed with the runtime.
                Place::Background => {}
                Place::Within(_, memory) => drop(memory.get().map(|memory| Box::from_raw(memory.as_ptr()))),
            }
        }
    }

    fn root_scope(&self) -> &Scope {
        // SAFETY: this lies within the runtime's memory.
        unsafe { &(*self.shared).root }
    }

    /// True if nothing is in flight.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight() == 0
    }

    /// How much is in flight, or counted in advance.
    pub(crate) fn in_flight(&self) -> u64 {
        in_flight(self.count.load(Ordering::Acquire))
    }

    /// Waits until nothing is in flight, at most until `deadline`. False on timeout. The caller is an owner.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        // SAFETY: the runtime's memory exists while there is an owner.
        let shared = unsafe { &*self.shared };
        shared.give_back_credit();
        let give_back = || shared.give_back_credit();
        shared.while_waited_for(|| shared.gate.wait(deadline, give_back, || self.is_empty()))
    }
}

impl ScopeHandle {
    /// A scope within `parent`. The caller is an owner of `parent`, or counted in it.
    pub(crate) fn within(parent: &Scope) -> ScopeHandle {
        parent.own();
        let above = ScopeHandle(NonNull::from(parent));
        let place = Place::Within(above, Cell::new(None));
        let scope = Box::new(Scope { count: AtomicU64::new(OWNER), shared: parent.shared, place });
        let scope = NonNull::from(Box::leak(scope));
        // SAFETY: nobody else has it yet.
        if let Place::Within(_, memory) = unsafe { &scope.as_ref().place } {
            memory.set(Some(scope));
        }
        ScopeHandle(scope)
    }

    pub(crate) fn scope(&self) -> &Scope {
        // SAFETY: it is there, as this is one of its owners.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for ScopeHandle {
    fn clone(&self) -> Self {
        self.scope().own();
        ScopeHandle(self.0)
    }
}

impl Drop for ScopeHandle {
    fn drop(&mut self) {
        // SAFETY: this was an owner.
        unsafe { Scope::disown(self.0) };
    }
}

/// When a wait of that length ends. `None`: never.
pub(crate) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}
