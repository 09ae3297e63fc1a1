//! References to snapshots, counted in batches: several are added in advance, and several are dropped at a time.

use super::globals::Snapshot;
use std::cell::Cell;
use std::sync::Arc;

/// The most references in store.
const MOST: usize = 64;

/// References to an object that is passed to other threads again and again, which drop them at the same time.
/// Incrementing the count while others decrement it means waiting for its memory; so several references are added at a
/// time.
#[derive(Default)]
pub(crate) struct Batched {
    ready: Vec<Arc<Snapshot>>,
    /// How many to store the next time: doubles as long as the same object is requested.
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
    /// References that this thread no longer needs, all to the same object.
    static RETURNED: Cell<Vec<Arc<Snapshot>>> = const { Cell::new(Vec::new()) };
}

/// Drops a reference soon. Several workers that run the same code would wait for each other to decrement; and a worker
/// that schedules the code that it runs need not count at all.
pub(super) fn give_back(snapshot: Arc<Snapshot>) {
    RETURNED.with(|place| {
        // Taken out meanwhile: dropping a snapshot may run any code.
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

/// Moves the returned references into the empty `ready`, if they are references to the original. The memory of `ready` is
/// used for those that are returned next.
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
