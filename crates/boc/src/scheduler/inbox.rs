//! Ready behaviors whose values live on one worker.
//!
//! That worker takes them in their order. Others may steal them too, but not at once: the values would have to move, and
//! the next behavior over them would have to follow. So a worker that has nothing to do *watches*: it notes how many have
//! been put in, and looks again a little later. A behavior that is still there has waited for that long, and is stolen.

use crate::sync::{AtomicUsize, Injector, Ordering, Steal};
use crossbeam_utils::CachePadded;

pub(crate) struct Inbox<T> {
    queue: Injector<T>,
    /// How many others have put in. On a cache line of its own, as others write it and the owner does not.
    sent: CachePadded<AtomicUsize>,
    /// How many the owner has put in.
    kept: CachePadded<AtomicUsize>,
    taken: AtomicUsize,
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Self {
        let count = || AtomicUsize::new(0);
        let (sent, kept) = (CachePadded::new(count()), CachePadded::new(count()));
        Inbox { queue: Injector::new(), sent, kept, taken: count() }
    }

    /// Puts something in. For all threads but the owner.
    pub(crate) fn send(&self, item: T) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.queue.push(item);
    }

    /// The same, for the owner.
    pub(crate) fn keep(&self, item: T) {
        self.kept.store(self.kept.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.queue.push(item);
    }

    /// How many others have put in by now.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> Option<T> {
        loop {
            match self.queue.steal() {
                Steal::Success(item) => {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    return Some(item);
                }
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many there are, about.
    #[cfg(not(loom))]
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// How many have been put in by now.
    pub(crate) fn mark(&self) -> usize {
        self.sent().wrapping_add(self.kept.load(Ordering::Relaxed))
    }

    /// Whether one of those is still there.
    pub(crate) fn holds_from_before(&self, mark: usize) -> bool {
        let taken = self.taken.load(Ordering::Relaxed);
        !self.is_empty() && mark.wrapping_sub(taken).cast_signed() > 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_at_the_mark_is_told_from_what_came_after() {
        let inbox = Inbox::new();
        let empty = inbox.mark();
        inbox.send(1);
        let one = inbox.mark();
        assert!(!inbox.holds_from_before(empty));
        assert!(inbox.holds_from_before(one));
        inbox.keep(2);
        assert!(inbox.take() == Some(1));
        assert!(!inbox.holds_from_before(one));
        assert!(inbox.holds_from_before(inbox.mark()));
    }
}
