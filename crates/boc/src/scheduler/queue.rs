//! A worker's own queue of ready behaviors.
//!
//! It has two parts. Behaviors that a body schedules are run newest first: in a tree of behaviors, this keeps the fewest
//! in memory at once. Behaviors that become ready when another one ends are run oldest first: behaviors in a long line
//! were made in about this order, so their memory lies side by side.

use crate::job::Job;
use crate::sync::{Fifo, Lifo, Steal, Stealer};
use std::cell::RefCell;
use std::collections::VecDeque;

pub(crate) enum LocalQueue {
    /// Other workers steal from it.
    Shared { scheduled: Lifo<Job>, released: Fifo<Job> },
    /// There is no other worker.
    Alone(RefCell<Alone>),
}

#[derive(Default)]
pub(crate) struct Alone {
    scheduled: VecDeque<Job>,
    released: VecDeque<Job>,
}

/// The end of a queue that others see.
pub(crate) struct QueueStealer {
    scheduled: Stealer<Job>,
    released: Stealer<Job>,
}

impl LocalQueue {
    /// A queue, and the end of it that others see.
    pub(crate) fn new(alone: bool) -> (LocalQueue, QueueStealer) {
        let (scheduled, released) = (Lifo::new(), Fifo::new());
        let stealer = QueueStealer { scheduled: scheduled.stealer(), released: released.stealer() };
        match alone {
            true => (LocalQueue::Alone(RefCell::default()), stealer),
            false => (LocalQueue::Shared { scheduled, released }, stealer),
        }
    }

    /// Adds a job that a body has scheduled. True if others may steal it.
    #[inline(always)]
    pub(crate) fn push_scheduled(&self, job: Job) -> bool {
        match self {
            LocalQueue::Shared { scheduled, .. } => {
                scheduled.push(job);
                true
            }
            LocalQueue::Alone(queue) => {
                queue.borrow_mut().scheduled.push_back(job);
                false
            }
        }
    }

    /// Adds a job that has become ready because a behavior has ended. True if others may steal it.
    #[inline(always)]
    pub(crate) fn push_released(&self, job: Job) -> bool {
        match self {
            LocalQueue::Shared { released, .. } => {
                released.push(job);
                true
            }
            LocalQueue::Alone(queue) => {
                queue.borrow_mut().released.push_back(job);
                false
            }
        }
    }

    /// Takes the next job.
    #[inline(always)]
    pub(crate) fn next(&self) -> Option<Job> {
        match self {
            LocalQueue::Shared { scheduled, released } => scheduled.pop().or_else(|| released.pop()),
            LocalQueue::Alone(queue) => {
                let queue = &mut *queue.borrow_mut();
                if queue.scheduled.is_empty() {
                    queue.released.pop_front()
                } else {
                    queue.scheduled.pop_back()
                }
            }
        }
    }

    /// Takes the job that was scheduled first. `stealer` belongs to this queue.
    pub(crate) fn oldest_scheduled(&self, stealer: &QueueStealer) -> Option<Job> {
        match self {
            LocalQueue::Shared { .. } => until_done(|| stealer.scheduled.steal(), || ()),
            LocalQueue::Alone(queue) => queue.borrow_mut().scheduled.pop_front(),
        }
    }

    /// Takes the job that became ready first.
    pub(crate) fn oldest_released(&self) -> Option<Job> {
        match self {
            LocalQueue::Shared { released, .. } => released.pop(),
            LocalQueue::Alone(queue) => queue.borrow_mut().released.pop_front(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            LocalQueue::Shared { scheduled, released } => scheduled.is_empty() && released.is_empty(),
            LocalQueue::Alone(queue) => {
                let queue = queue.borrow();
                queue.scheduled.is_empty() && queue.released.is_empty()
            }
        }
    }

    /// Takes a job from `injector`, and moves some more into this queue.
    pub(crate) fn take_from(&self, injector: &crate::sync::Injector<Job>, retry: impl Fn()) -> Option<Job> {
        match self {
            LocalQueue::Shared { scheduled, .. } => {
                until_done(|| injector.steal_batch_and_pop(scheduled.deque()), retry)
            }
            LocalQueue::Alone(_) => until_done(|| injector.steal(), retry),
        }
    }

    /// The same from the queue of another worker. `one`: moves no more.
    pub(crate) fn steal_from(&self, other: &QueueStealer, one: bool, retry: impl Fn()) -> Option<Job> {
        let LocalQueue::Shared { scheduled, released } = self else { return None };
        let released = || match one {
            false => other.released.steal_batch_and_pop(released.deque()),
            true => other.released.steal(),
        };
        let scheduled = || match one {
            false => other.scheduled.steal_batch_and_pop(scheduled.deque()),
            true => other.scheduled.steal(),
        };
        until_done(scheduled, &retry).or_else(|| until_done(released, retry))
    }
}

impl QueueStealer {
    pub(crate) fn is_empty(&self) -> bool {
        self.scheduled.is_empty() && self.released.is_empty()
    }

    /// How many there are, about.
    #[cfg(not(loom))]
    pub(crate) fn len(&self) -> usize {
        self.scheduled.len() + self.released.len()
    }

    pub(crate) fn take(&self) -> Option<Job> {
        until_done(|| self.scheduled.steal(), || ()).or_else(|| until_done(|| self.released.steal(), || ()))
    }
}

/// Steals until it is clear whether there was something; calls `retry` whenever it has to try again.
pub(crate) fn until_done(steal: impl Fn() -> Steal<Job>, retry: impl Fn()) -> Option<Job> {
    loop {
        match steal() {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => retry(),
        }
    }
}
