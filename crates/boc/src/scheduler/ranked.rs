//! Ready behaviors that run before all others, or after them: a queue for each, which all workers share.

use super::queue::until_done;
use crate::job::Job;
use crate::sync::{AtomicUsize, Injector, Ordering};

pub(crate) struct Ranked {
    queue: Injector<Job>,
    /// How many there are, or a little more. Workers look at this before each behavior, so it is one number.
    count: AtomicUsize,
}

impl Ranked {
    pub(crate) fn new() -> Self {
        Ranked { queue: Injector::new(), count: AtomicUsize::new(0) }
    }

    pub(crate) fn push(&self, job: Job) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.queue.push(job);
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    #[cfg(not(loom))]
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> Option<Job> {
        let job = until_done(|| self.queue.steal(), || ())?;
        self.count.fetch_sub(1, Ordering::SeqCst);
        Some(job)
    }
}
