//! Jobs: what the scheduler runs. It need not know what a job consists of.
//!
//! A job is a block of memory that begins with a [`Header`]: how many grants it lacks before it may run, and a static
//! table of functions that know the rest of the block. A pointer to the header is all that is handed around.

use crate::sync::{AtomicU32, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// Where a behavior is to run. See [`Body::placement`](crate::Body::placement).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// On any worker.
    #[default]
    Anywhere,
    /// Rather on the worker of that number, because what it needs is there. If that worker stays busy for some 200
    /// microseconds, an idle one takes the behavior.
    Prefer(usize),
    /// Only in the lane of that number, which a thread of the program pumps. See [`Runtime::pump`](crate::Runtime::pump).
    Only(usize),
}

/// How each job begins.
#[repr(C)]
pub(crate) struct Header {
    /// Grants that the job still waits for.
    pending: AtomicU32,
    /// How many requests the block has.
    pub(crate) requests: u32,
    table: &'static Table,
    /// Who counts the job: the scheduler's own. Null where nobody does, as for a hold, which is over as soon as it is run.
    pub(crate) owner: *const (),
}

/// What the scheduler can do with a job.
pub(crate) struct Table {
    /// Runs the job, or drops it unrun, and ends it.
    pub(crate) run: unsafe fn(NonNull<Header>, How, &dyn Sink),
    /// Where the job is to run; none where that is all the same to it.
    pub(crate) placement: Option<unsafe fn(NonNull<Header>) -> Placement>,
    /// For jobs with a promise.
    pub(crate) promise: Option<PromiseTable>,
}

/// How a promise reaches into the block of a job.
pub(crate) struct PromiseTable {
    /// How far behind the header the state is that promise and runner share.
    pub(crate) state: usize,
    /// Where the result is.
    pub(crate) result: unsafe fn(NonNull<Header>) -> *mut (),
    pub(crate) free: unsafe fn(NonNull<Header>),
}

/// What becomes of a job's body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Run,
    /// And the sink wants to know of each cown that is released.
    RunWatched,
    /// It is dropped without being run, as the runtime has ended.
    Discard,
}

/// What takes over the jobs that the end of another has made ready.
pub(crate) trait Sink {
    /// `fresh`: it has got in line only while that other one ran, so it is still in the cache.
    fn ready(&self, job: Job, fresh: bool);
    /// The job `behavior` has released the cown of that number.
    fn released(&self, _behavior: usize, _cown: usize) {}
}

/// A job that waits for nothing any more. It has to be run; dropping this leaks it.
#[must_use]
#[derive(Debug)]
pub(crate) struct Job(NonNull<Header>);

// SAFETY: a ready job is owned data that may go to another thread (`Body: Send`); nobody else points to it, but for the
// atomics in its requests.
unsafe impl Send for Job {}

impl Header {
    pub(crate) fn new(requests: usize, table: &'static Table, owner: *const ()) -> Self {
        let requests = u32::try_from(requests).expect("a behavior can't ask for four thousand million cowns");
        Header { pending: AtomicU32::new(0), requests, table, owner }
    }

    /// How the promise of this job reaches into its block.
    ///
    /// # Safety
    /// It is a job with a promise.
    #[inline(always)]
    pub(crate) unsafe fn promise(&self) -> &'static PromiseTable {
        // SAFETY: says the caller.
        unsafe { self.table.promise.as_ref().unwrap_unchecked() }
    }

    /// Sets how many grants the job waits for. Before anybody can grant.
    pub(crate) fn wait_for(&self, grants: usize) {
        self.pending.store(grants as u32, Ordering::Relaxed);
    }

    /// Counts grants. Gives the job where it waits for nothing any more.
    ///
    /// # Safety
    /// The job is alive, and waits for these grants. Where this gives `None` it may be gone already.
    #[inline]
    pub(crate) unsafe fn grant(this: NonNull<Header>, grants: usize) -> Option<Job> {
        let grants = grants as u32;
        // SAFETY: says the caller; the reference is to the atomic alone, and not used once it has been counted down.
        let pending = unsafe { &(*this.as_ptr()).pending };
        // Where nobody else has a grant to give, nobody else writes.
        let last = pending.load(Ordering::Acquire) == grants
            || pending.fetch_sub(grants, Ordering::AcqRel) == grants;
        last.then_some(Job(this))
    }
}

impl Job {
    /// # Safety
    /// The job waits for nothing, and no other `Job` stands for it.
    pub(crate) unsafe fn new(header: NonNull<Header>) -> Job {
        Job(header)
    }

    fn header(&self) -> &Header {
        // SAFETY: it is alive until it is run, and `run` takes the job.
        unsafe { self.0.as_ref() }
    }

    /// Who counts the job. See [`Header::owner`].
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

    /// Where it is to run.
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
        // SAFETY: the table is that of this job, which is ready; and it ends once, as this takes it.
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

/// Drops what was thrown by a panic, and what its destructor throws in turn. Where that goes on it is forgotten.
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

/// Panics, once what can't be used has been dropped: a destructor that panics in the middle of that would end the process.
#[cold]
#[track_caller]
pub(crate) fn refuse<T>(unused: T, why: &str) -> ! {
    catch_panics(|| drop(unused));
    panic!("{why}");
}
