//! Counted references, some of them in advance.

use std::sync::Arc;

/// The most references in store.
const MOST: usize = 64;

/// References to what is handed to others again and again, who drop them at the same time on other threads. To count one
/// on while they count one off is to wait for the memory that the count is in; so many are counted on at a time.
pub(crate) struct Supply<T> {
    ready: Vec<Arc<T>>,
    /// How many to store the next time: more and more, as long as it is the same that is asked for.
    next: usize,
}

impl<T> Default for Supply<T> {
    fn default() -> Self {
        Supply { ready: Vec::new(), next: 0 }
    }
}

impl<T> Supply<T> {
    /// One more reference.
    pub(crate) fn clone_of(&mut self, original: &Arc<T>) -> Arc<T> {
        match self.ready.pop() {
            Some(ready) if Arc::ptr_eq(&ready, original) => return ready,
            Some(_) => {
                self.ready.clear();
                self.next = 0;
            }
            None => {
                self.ready.extend(std::iter::repeat_n(original, self.next).cloned());
                self.next = (2 * self.next).clamp(1, MOST);
            }
        }
        original.clone()
    }
}
