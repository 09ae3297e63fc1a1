//! Sleeping, searching and waking of workers. `README.md` in this folder shows the states, and says why no wake-up is lost.

use super::STEAL_DELAY;
use crate::sync::{AtomicUsize, Mutex, Ordering, Parker, Unparker, fence, lock, spin_loop, yield_now};
use std::cell::Cell;
use std::iter::repeat_n;

/// The workers that have nothing to do.
pub(crate) struct Sleep {
    searching: AtomicUsize,
    /// The length of `sleepers`, for reading without the lock.
    sleeping: AtomicUsize,
    /// How many of them watch.
    watching: AtomicUsize,
    sleepers: Mutex<Vec<usize>>,
    wakers: Box<[Unparker]>,
}

/// A worker's own part: whether it runs, searches or sleeps.
pub(crate) struct Sleeper {
    index: usize,
    parker: Parker,
    searches: Cell<bool>,
    /// Whether it has just watched, and so need not search first.
    watched: Cell<bool>,
}

/// How often a searcher looks around before it sleeps, first with a short pause after each look, then yielding its core:
/// about ten microseconds. Longer would be busy waiting; with less, each behavior in a stream of small ones would cost a
/// wake-up.
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

    /// Work has been published that any worker may take. Wakes one if all that are awake have work.
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

    /// Work has been published for a worker that is awake. Makes sure that some worker watches.
    pub(crate) fn wake_watcher(&self) {
        fence(Ordering::SeqCst);
        if self.watching.load(Ordering::SeqCst) == 0 {
            self.wake_one();
        }
    }

    /// Work has been published for worker `index`. Wakes it. False if it is awake.
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

    /// Something has been published that all workers should notice.
    pub(crate) fn wake_all(&self) {
        let mut sleepers = lock(&self.sleepers);
        while let Some(index) = sleepers.pop() {
            self.rouse(index, sleepers.len());
        }
    }

    /// Under the lock of `sleepers`: `index` has been taken off, `left` are left.
    fn rouse(&self, index: usize, left: usize) {
        self.sleeping.store(left, Ordering::SeqCst);
        // On behalf of the woken worker: it searches from here on.
        self.searching.fetch_add(1, Ordering::SeqCst);
        self.wakers[index].unpark();
    }
}

impl Sleeper {
    /// Searches for a moment, then parks until it is woken, or for [`STEAL_DELAY`] if it has to `watch`. Returns if there
    /// may be work, or an end. `parks` is called before each time it parks without limit.
    pub(crate) fn sleep(
        &self,
        sleep: &Sleep,
        work: impl Fn() -> bool,
        watch: impl Fn() -> bool,
        end: impl Fn() -> bool,
        parks: impl Fn(),
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
        // If a thread is about to wake us, this consumes the token, so that it does not end our next park.
        if watch() {
            sleep.watching.fetch_add(1, Ordering::SeqCst);
            self.parker.park_timeout(STEAL_DELAY);
            sleep.watching.fetch_sub(1, Ordering::SeqCst);
            self.watched.set(true);
        } else {
            parks();
            self.parker.park();
        }
        // A thread that woke us has counted us as searching. If none has, we do it here.
        self.get_up(sleep);
        self.searches.set(true);
    }

    /// Takes this worker off the sleepers, and counts it as searching, so that `found` will look for more work: a producer
    /// may have relied on us. False if somebody else has done both.
    fn get_up(&self, sleep: &Sleep) -> bool {
        let mut sleepers = lock(&sleep.sleepers);
        let Some(place) = sleepers.iter().position(|&sleeper| sleeper == self.index) else { return false };
        sleepers.swap_remove(place);
        sleep.sleeping.store(sleepers.len(), Ordering::SeqCst);
        self.searches.set(true);
        sleep.searching.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Work has been found. If we were the last to search and there is more, another worker is woken.
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
