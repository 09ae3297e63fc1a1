//! Lanes: ready behaviors that only one thread of the program may run, when it likes.

use super::queue::until_done;
use crate::job::Job;
use crate::sync::{AtomicBool, Injector, Ordering};

/// Ready behaviors for the thread that pumps the lane.
pub(crate) struct Lane {
    queue: Injector<Job>,
    pumped: AtomicBool,
}

/// The right to pump a lane.
pub(crate) struct Pump<'a>(&'a Lane);

impl Lane {
    pub(crate) fn new() -> Self {
        Lane { queue: Injector::new(), pumped: AtomicBool::new(false) }
    }

    pub(crate) fn push(&self, job: Job) {
        self.queue.push(job);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn take(&self) -> Option<Job> {
        until_done(|| self.queue.steal(), || ())
    }

    /// The right to pump this lane, unless somebody has it.
    pub(crate) fn pump(&self) -> Option<Pump<'_>> {
        (!self.pumped.swap(true, Ordering::Acquire)).then(|| Pump(self))
    }
}

impl Pump<'_> {
    pub(crate) fn next(&self) -> Option<Job> {
        self.0.take()
    }
}

impl Drop for Pump<'_> {
    fn drop(&mut self) {
        self.0.pumped.store(false, Ordering::Release);
    }
}
