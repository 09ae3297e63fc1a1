//! Who sleeps, who searches, and whom to wake.
//!
//! # Protocol
//!
//! A worker without work *searches* for a moment and then *sleeps*. Waking a sleeper costs a system call, so a producer
//! wakes one only if nobody searches: a searcher will find the work. That leaves two ways to lose work, and both are
//! closed by the same pairing of sequentially consistent steps:
//!
//! - a producer publishes work, then looks at the counts; a searcher that gives up puts itself among the sleepers, then
//!   looks for work once more. One of the two sees the other.
//! - a searcher that finds work stops searching, then looks for more work; a producer that relied on it had published
//!   before it looked at the counts. The last searcher to stop thus wakes another where there is more to do. One that
//!   had given up and found work in its last look goes on as a searcher, for the same reason.
//!
//! Work that one worker should do is not for a searcher to take at once, but somebody idle *watches* lest it wait long: a
//! watcher is a sleeper that gets up by itself after [`STEAL_DELAY`] to look again. One is enough, and a searcher will watch
//! when it gives up. So a producer wakes a watcher only where nobody searches or watches; a searcher that finds other
//! work wakes one in its stead.

use super::STEAL_DELAY;
use crate::sync::{AtomicUsize, Mutex, Ordering, Parker, Unparker, fence, lock, spin_loop, yield_now};
use std::cell::Cell;
use std::iter::repeat_n;

/// The workers that have nothing to do.
pub(crate) struct Sleep {
    searching: AtomicUsize,
    /// The length of `sleepers`, to be read without the lock.
    sleeping: AtomicUsize,
    /// How many of them watch.
    watching: AtomicUsize,
    sleepers: Mutex<Vec<usize>>,
    wakers: Box<[Unparker]>,
}

/// A worker's own part in it.
pub(crate) struct Sleeper {
    index: usize,
    parker: Parker,
    searches: Cell<bool>,
    /// Whether it has just watched: it has looked around long enough.
    watched: Cell<bool>,
}

/// How often a searcher looks around before it sleeps, first with a short pause after each look, then offering its core to
/// others: some ten microseconds. Longer would be busy waiting, shorter would make a stream of small behaviors pay for a
/// wake-up each.
const SPINS: usize = if cfg!(loom) { 0 } else { 20 };
const YIELDS: usize = if cfg!(loom) { 1 } else { 20 };

impl Sleep {
    /// The common part for `count` workers, and the own part of each.
    pub(crate) fn new(count: usize) -> (Sleep, Vec<Sleeper>) {
        let sleepers: Vec<Sleeper> = (0..count)
            .map(|index| Sleeper {
                index,
                parker: Parker::new(),
                searches: Cell::new(false),
                watched: Cell::new(false),
            })
            .collect();
        let wakers = sleepers.iter().map(|sleeper| sleeper.parker.unparker().clone()).collect();
        let sleep = Sleep {
            searching: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(0),
            watching: AtomicUsize::new(0),
            sleepers: Mutex::new(Vec::with_capacity(count)),
            wakers,
        };
        (sleep, sleepers)
    }

    /// Work has been published that any worker may take.
    pub(crate) fn wake_one(&self) {
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::SeqCst) == 0 || self.searching.load(Ordering::SeqCst) != 0 {
            return;
        }
        let mut sleepers = lock(&self.sleepers);
        if let Some(index) = sleepers.pop() {
            self.rouse(index, sleepers.len());
        }
    }

    /// Work has been published that another worker should take, which is awake.
    pub(crate) fn wake_watcher(&self) {
        fence(Ordering::SeqCst);
        if self.watching.load(Ordering::SeqCst) == 0 {
            self.wake_one();
        }
    }

    /// Work has been published that worker `index` should take. False where that worker is awake.
    pub(crate) fn wake(&self, index: usize) -> bool {
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::SeqCst) == 0 {
            return false;
        }
        let mut sleepers = lock(&self.sleepers);
        let Some(place) = sleepers.iter().position(|&sleeper| sleeper == index) else { return false };
        sleepers.swap_remove(place);
        self.rouse(index, sleepers.len());
        true
    }

    /// An end has been published that everyone should notice.
    pub(crate) fn wake_all(&self) {
        let mut sleepers = lock(&self.sleepers);
        while let Some(index) = sleepers.pop() {
            self.rouse(index, sleepers.len());
        }
    }

    /// Under the lock of `sleepers`: `index` has been taken off, `left` are left.
    fn rouse(&self, index: usize, left: usize) {
        self.sleeping.store(left, Ordering::SeqCst);
        // On behalf of the one who wakes up: from here on somebody searches.
        self.searching.fetch_add(1, Ordering::SeqCst);
        self.wakers[index].unpark();
    }
}

impl Sleeper {
    /// Searches for a moment, then sleeps until woken, or for a little while where it has to `watch`. Returns where there
    /// may be work, or an end. Counts each sleep.
    pub(crate) fn sleep(
        &self,
        sleep: &Sleep,
        work: impl Fn() -> bool,
        watch: impl Fn() -> bool,
        end: impl Fn() -> bool,
        sleeps: impl Fn(),
    ) {
        if !self.searches.get() {
            self.searches.set(true);
            sleep.searching.fetch_add(1, Ordering::SeqCst);
        }
        if !self.watched.take() {
            let spin = || (0..16).for_each(|_| spin_loop());
            for pause in repeat_n(spin as fn(), SPINS).chain(repeat_n(yield_now as fn(), YIELDS)) {
                if work() || end() {
                    return;
                }
                pause();
            }
        }
        {
            let mut sleepers = lock(&sleep.sleepers);
            sleepers.push(self.index);
            sleep.sleeping.store(sleepers.len(), Ordering::SeqCst);
            self.searches.set(false);
            sleep.searching.fetch_sub(1, Ordering::SeqCst);
        }
        fence(Ordering::SeqCst);
        if (work() || end()) && self.get_up(sleep) {
            return;
        }
        // If somebody is about to wake us, this takes the wake-up, lest it be there when we next want to sleep.
        if watch() {
            sleep.watching.fetch_add(1, Ordering::SeqCst);
            self.parker.park_timeout(STEAL_DELAY);
            sleep.watching.fetch_sub(1, Ordering::SeqCst);
            self.watched.set(true);
        } else {
            sleeps();
            self.parker.park();
        }
        // Who woke us has counted us among those who search; unless all were woken, or we get up by ourselves.
        self.get_up(sleep);
        self.searches.set(true);
    }

    /// Takes this worker off the sleepers, and counts it among those who search, so that `found` will look for more: some
    /// producer may have relied on us. False where somebody else has done both already.
    fn get_up(&self, sleep: &Sleep) -> bool {
        let mut sleepers = lock(&sleep.sleepers);
        let Some(place) = sleepers.iter().position(|&sleeper| sleeper == self.index) else { return false };
        sleepers.swap_remove(place);
        sleep.sleeping.store(sleepers.len(), Ordering::SeqCst);
        self.searches.set(true);
        sleep.searching.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Work has been found. If we were the last to search and there is more, somebody else should look.
    #[inline]
    pub(crate) fn found(&self, sleep: &Sleep, more: impl Fn() -> bool, watch: impl Fn() -> bool) {
        if self.searches.get() {
            self.stop_search(sleep, more, watch);
        }
    }

    #[cold]
    fn stop_search(&self, sleep: &Sleep, more: impl Fn() -> bool, watch: impl Fn() -> bool) {
        self.watched.set(false);
        self.searches.set(false);
        if sleep.searching.fetch_sub(1, Ordering::SeqCst) == 1 {
            fence(Ordering::SeqCst);
            if more() {
                sleep.wake_one();
            } else if watch() {
                sleep.wake_watcher();
            }
        }
    }
}
