//! Helpers for the tests.
#![allow(dead_code)] // each test file uses a part of it

use boc::{Body, Placement, Promise, Shape};
use std::sync::atomic::{AtomicIsize, Ordering};

/// The size of a test, divided by `BOC_TEST_DIVISOR` for slow tools such as valgrind.
pub fn size(full: usize) -> usize {
    let divisor = std::env::var("BOC_TEST_DIVISOR").map_or(1, |text| text.parse().expect("a number"));
    (full / divisor).max(2)
}

/// Numbers that look random and are the same each time (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// `count` different numbers below `bound`.
    pub fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..bound).collect();
        (0..count).map(|_| all.swap_remove(self.below(all.len()))).collect()
    }
}

/// The result of a behavior that has run. Panics if the behavior panicked.
pub fn came_to<R: Send + 'static>(outcome: &Promise<R>) -> R {
    outcome.try_hold().expect("it has run").take()
}

/// Checks which behaviors are inside at the same time.
#[derive(Default)]
pub struct Door(AtomicIsize);

impl Door {
    /// Writes: nobody else may be inside meanwhile.
    pub fn alone<R>(&self, inside: impl FnOnce() -> R) -> R {
        assert_eq!(self.0.swap(-1, Ordering::AcqRel), 0, "a writer met somebody");
        let result = inside();
        assert_eq!(self.0.swap(0, Ordering::AcqRel), -1, "somebody came in to a writer");
        result
    }

    /// Reads: others may read meanwhile.
    pub fn together<R>(&self, inside: impl FnOnce() -> R) -> R {
        assert!(self.0.fetch_add(1, Ordering::AcqRel) >= 0, "a reader met a writer");
        let result = inside();
        assert!(self.0.fetch_sub(1, Ordering::AcqRel) >= 1, "a writer came in to a reader");
        result
    }
}

/// A body that prefers that worker.
pub struct At<F>(pub usize, pub F);

impl<S: Shape, F: FnOnce() + Send + 'static> Body<S> for At<F> {
    type Rest = ();
    fn placement(&self, _: S::Claimed<'_>) -> Placement {
        Placement::Prefer(self.0)
    }
    fn run(self, _: S::Claimed<'_>) {
        (self.1)();
    }
}
