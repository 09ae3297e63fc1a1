//! A list that removes dead things by itself.

/// It is cleaned up whenever it has twice as many things as were left the last time.
pub(crate) struct SelfPruning<T> {
    things: Vec<T>,
    tidy_at: usize,
}

impl<T> Default for SelfPruning<T> {
    fn default() -> Self {
        SelfPruning::new()
    }
}

impl<T> SelfPruning<T> {
    const LEAST: usize = 64;

    pub(crate) const fn new() -> Self {
        SelfPruning { things: Vec::new(), tidy_at: SelfPruning::<T>::LEAST }
    }

    /// `tidy` runs under the lock around the list, and must not run other code.
    pub(crate) fn push(&mut self, thing: T, tidy: impl FnOnce(&mut Vec<T>)) {
        if self.things.len() >= self.tidy_at {
            tidy(&mut self.things);
            self.tidy_at = (self.things.len() * 2).max(Self::LEAST);
        }
        self.things.push(thing);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.things.iter()
    }

    pub(crate) fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.things)
    }
}
