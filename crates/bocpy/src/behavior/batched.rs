//! Counted references to snapshots, some of them in advance, and counted off some at a time.

use super::globals::Snapshot;
use std::cell::Cell;
use std::sync::Arc;

/// The most references in store.
const MOST: usize = 64;

/// References to what is handed to others again and again, who drop them at the same time on other threads. To count one
/// on while they count one off is to wait for the memory that the count is in; several are counted on at a time.
#[derive(Default)]
pub(crate) struct Batched {
    ready: Vec<Arc<Snapshot>>,
    /// How many to store the next time: more and more, as long as it is the same that is asked for.
    next: usize,
}

impl Batched {
    /// One more reference.
    pub(crate) fn clone_of(&mut self, original: &Arc<Snapshot>) -> Arc<Snapshot> {
        match self.ready.pop() {
            Some(ready) if Arc::ptr_eq(&ready, original) => return ready,
            Some(_) => {
                self.ready.clear();
                self.next = 0;
            }
            None => {
                take_returned(original, &mut self.ready);
                if let Some(ready) = self.ready.pop() {
                    return ready;
                }
                self.ready.extend(std::iter::repeat_n(original, self.next).cloned());
                self.next = (2 * self.next).clamp(1, MOST);
            }
        }
        original.clone()
    }
}

thread_local! {
    /// What this thread has been handed and does not need any more: all of it references to the same.
    static RETURNED: Cell<Vec<Arc<Snapshot>>> = const { Cell::new(Vec::new()) };
}

/// Drops a reference, before long. Several workers that run the same would wait for each other to count off; and one that
/// schedules what it runs need not count at all.
pub(super) fn give_back(snapshot: Arc<Snapshot>) {
    RETURNED.with(|place| {
        // Taken out meanwhile: with a snapshot may go what runs any code.
        let mut returned = place.take();
        match returned.last() {
            Some(last) if !Arc::ptr_eq(last, &snapshot) => returned.clear(),
            _ if returned.len() >= MOST => returned.truncate(MOST / 2),
            _ => {}
        }
        returned.push(snapshot);
        place.set(returned);
    });
}

/// Moves what has been returned into `ready`, which is empty, if it is references to the original. `ready`'s memory is used
/// for those that are returned next.
fn take_returned(original: &Arc<Snapshot>, ready: &mut Vec<Arc<Snapshot>>) {
    let mut returned = RETURNED.take();
    match returned.last() {
        Some(last) if Arc::ptr_eq(last, original) => std::mem::swap(&mut returned, ready),
        _ => returned.clear(),
    }
    RETURNED.set(returned);
}

/// Drops what this thread has not dropped yet.
pub(super) fn forget_returned() {
    drop(RETURNED.take());
}
