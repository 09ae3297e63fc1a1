//! Jobs: what the scheduler runs, without knowing what they consist of.
//!
//! A job is a block of memory that begins with a [`Header`]: the number of grants that it still waits for, and a static
//! table of functions that know the rest of the block. Only pointers to the header are passed around.

use crate::sync::{AtomicU32, Ordering};
use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// Where to run a behavior. See [`Body::placement`](crate::Body::placement).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// On any worker.
    #[default]
    Anywhere,
    /// Preferably on the worker of that number, because its data is there. If that worker stays busy for some 200
    /// microseconds, an idle one takes the behavior.
    Prefer(usize),
    /// On any worker, before all others that are ready. They still get a turn now and then.
    First,
    /// On any worker, when nothing else is ready there; and now and then anyway.
    Last,
    /// Only in the lane of that number, which a thread of the program pumps. See [`Runtime::pump`](crate::Runtime::pump).
    Only(usize),
}

/// The beginning of each job.
#[repr(C)]
pub(crate) struct Header {
    /// Grants that the job still waits for.
    pending: AtomicU32,
    /// How many requests the block has.
    pub(crate) requests: u32,
    pub(crate) table: &'static Table,
    /// The scope that counts the job; only the scheduler uses this. Null if no scope counts it, as for a hold, which ends
    /// as soon as it is run.
    pub(crate) owner: *const (),
}

/// What the scheduler can do with a job.
pub(crate) struct Table {
    /// Runs the job, or drops it unrun, and ends it.
    pub(crate) run: unsafe fn(NonNull<Header>, How, &dyn Sink),
    /// Where to run the job; `None` if any place will do.
    pub(crate) placement: Option<unsafe fn(NonNull<Header>) -> Placement>,
    /// For jobs with a promise.
    pub(crate) promise: Option<PromiseTable>,
    /// What others may see of the job while it waits.
    pub(crate) view: View,
}

/// See [`Waiting`](crate::Waiting).
pub(crate) struct View {
    /// The type of the shape in which the cowns are named.
    pub(crate) shape: fn() -> TypeId,
    /// The label of the body. The job has not run, and nobody else calls this meanwhile.
    pub(crate) label: unsafe fn(NonNull<Header>) -> u32,
    /// The first request in the block.
    pub(crate) first_request: unsafe fn(NonNull<Header>) -> NonNull<()>,
}

/// How a promise accesses the block of a job.
pub(crate) struct PromiseTable {
    /// The offset, from the header, of the state that promise and runner share.
    pub(crate) state: usize,
    /// Where the result is.
    pub(crate) result: unsafe fn(NonNull<Header>) -> *mut (),
    pub(crate) free: unsafe fn(NonNull<Header>),
}

/// What to do with a job's body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Run,
    /// Run it, and tell the sink about each cown that is released.
    RunWatched,
    /// Drop it without running it, as the runtime has ended.
    Discard,
}

/// Receives the jobs that become ready when another job ends.
pub(crate) trait Sink {
    /// `fresh`: it got in line while that other job ran, so it is still in the cache.
    fn ready(&self, job: Job, fresh: bool);
    /// The job `behavior` has released the cown of that number.
    fn released(&self, _behavior: usize, _cown: usize) {}
}

/// A ready job. It has to be run; dropping this leaks it.
#[must_use]
#[derive(Debug)]
pub(crate) struct Job(NonNull<Header>);

// SAFETY: a ready job is owned data that may go to another thread (`Body: Send`). Other threads access only the atomics
// in its requests.
unsafe impl Send for Job {}

impl Header {
    pub(crate) fn new(requests: usize, table: &'static Table, owner: *const ()) -> Self {
        let requests = u32::try_from(requests).expect("a behavior can't ask for four thousand million cowns");
        Header { pending: AtomicU32::new(0), requests, table, owner }
    }

    /// How the promise of this job accesses its block.
    ///
    /// # Safety
    /// It is a job with a promise.
    #[inline(always)]
    pub(crate) unsafe fn promise(&self) -> &'static PromiseTable {
        // SAFETY: guaranteed by the caller.
        unsafe { self.table.promise.as_ref().unwrap_unchecked() }
    }

    /// Sets how many grants the job waits for. Must be called before anybody can grant.
    pub(crate) fn wait_for(&self, grants: usize) {
        self.pending.store(grants as u32, Ordering::Relaxed);
    }

    /// Counts grants. Returns the job if it is ready now.
    ///
    /// # Safety
    /// The job is alive, and waits for these grants. If this returns `None`, the job may be gone already.
    #[inline]
    pub(crate) unsafe fn grant(this: NonNull<Header>, grants: usize) -> Option<Job> {
        let grants = grants as u32;
        // SAFETY: guaranteed by the caller; the reference is to the atomic alone, and not used once it has been counted down.
        let pending = unsafe { &(*this.as_ptr()).pending };
        // If there is no other grant to come, nobody else writes.
        let last = pending.load(Ordering::Acquire) == grants
            || pending.fetch_sub(grants, Ordering::AcqRel) == grants;
        last.then_some(Job(this))
    }
}

impl Job {
    /// # Safety
    /// The job is ready, and there is no other `Job` for it.
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Job {
        Job(header)
    }

    fn header(&self) -> &Header {
        // SAFETY: it is alive until it is run, and `run` takes the job.
        unsafe { self.0.as_ref() }
    }

    /// The scope that counts the job. See [`Header::owner`].
    #[inline]
    pub(crate) fn owner(&self) -> *const () {
        self.header().owner
    }

    /// A number that no other job in flight has.
    pub(crate) fn id(&self) -> usize {
        self.0.addr().get()
    }

    /// Whether any worker may run it.
    #[inline]
    pub(crate) fn runs_anywhere(&self) -> bool {
        self.header().table.placement.is_none()
    }

    /// Where to run it.
    #[inline]
    pub(crate) fn placement(&self) -> Placement {
        match self.header().table.placement {
            // SAFETY: the table is that of this job.
            Some(placement) => unsafe { placement(self.0) },
            None => Placement::Anywhere,
        }
    }

    /// Runs the job, or drops it unrun.
    #[inline]
    pub(crate) fn end(self, how: How, sink: &dyn Sink) {
        // SAFETY: the table is that of this job, which is ready; and it ends only once, as this takes it by value.
        unsafe { (self.header().table.run)(self.0, how, sink) }
    }
}

/// Calls `f`; a panic ends here. The panic hook has printed it.
#[inline]
pub(crate) fn catch_panics(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_payload(payload);
    }
}

/// Drops the payload of a panic, and the payload of a panic in its destructor. If that panics again, the payload is
/// forgotten.
#[cold]
pub(crate) fn drop_payload(mut payload: Box<dyn std::any::Any + Send>) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(another) => payload = another,
        }
    }
    std::mem::forget(payload);
}

/// Panics, after dropping the unused arguments: a destructor that panics during the panic would abort the process.
#[cold]
#[track_caller]
pub(crate) fn refuse<T>(unused: T, why: &str) -> ! {
    catch_panics(|| drop(unused));
    panic!("{why}");
}
