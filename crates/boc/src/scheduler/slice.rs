//! How long a worker may run local work before it looks at waiting behaviors.
//!
//! A worker first runs local work: behaviors that became ready when others ended, and then those that its bodies
//! scheduled last. Their values are in its cache. Local work may never end, so its time is limited. After a slice of
//! [`SLICE`] come some turns for the behaviors that have waited longest: as many as fit into a slice, at most [`TURNS`].
//!
//! Reading a clock takes a good part of the time of a short behavior. So while behaviors are short, it is read about once
//! per microsecond, and at least after every [`STRIDE`] of them; otherwise it is read after each behavior.

use super::clock::{Rate, Ticks};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a worker runs local work.
pub(crate) const SLICE: Duration = Duration::from_micros(100);
/// How many waiting behaviors may run after that.
const TURNS: u32 = 32;
/// How many short behaviors may run between two reads of the clock.
const STRIDE: u32 = 32;
/// If less time has passed since the last look, twice as many run before the next one.
const OFTEN: Duration = Duration::from_micros(1);
/// If more has passed, the next look comes after one behavior.
const LATE: Duration = Duration::from_micros(2);

/// When a worker last looked at the clock, for others.
pub(crate) struct Looked(AtomicU64);

pub(crate) struct Slice {
    shown: Arc<Looked>,
    began: Cell<Ticks>,
    /// The last look, if there was one in this slice: what runs first need not be short.
    looked: Cell<Option<Ticks>>,
    /// How many behaviors run before the next look, and how many were to run since the last.
    until_look: Cell<u32>,
    stride: Cell<u32>,
    /// How many turns for waiting behaviors are left. Zero: it is a slice for local work.
    turns: Cell<u32>,
    rate: RefCell<Rate>,
}

impl Looked {
    pub(crate) fn new() -> Self {
        Looked(AtomicU64::new(Ticks::now().number()))
    }

    pub(crate) fn at(&self) -> Ticks {
        Ticks::of_number(self.0.load(Ordering::Relaxed))
    }
}

impl Slice {
    pub(crate) fn new(shown: Arc<Looked>) -> Self {
        let now = Ticks::now();
        Slice {
            shown,
            began: Cell::new(now),
            looked: Cell::new(None),
            until_look: Cell::new(1),
            stride: Cell::new(1),
            turns: Cell::new(0),
            rate: RefCell::new(Rate::new()),
        }
    }

    /// The worker has had nothing to do.
    pub(crate) fn restart(&self) {
        self.begin(Ticks::now());
        self.looked.set(None);
        self.stride.set(1);
        self.until_look.set(1);
    }

    fn begin(&self, now: Ticks) {
        self.began.set(now);
        self.turns.set(0);
    }

    /// Called before each behavior: true if it is the turn of a waiting one.
    #[inline]
    pub(crate) fn is_turn_of_waiting(&self) -> bool {
        self.is_turn_at(Ticks::now)
    }

    #[inline]
    fn is_turn_at(&self, now: impl Fn() -> Ticks) -> bool {
        let until = self.until_look.get() - 1;
        self.until_look.set(until);
        if until == 0 {
            self.look(now());
        }
        match self.turns.get() {
            0 => false,
            1 => {
                self.begin(now());
                true
            }
            turns => {
                self.turns.set(turns - 1);
                true
            }
        }
    }

    /// Nothing has waited.
    pub(crate) fn nothing_waits(&self) {
        if self.turns.get() != 0 {
            self.begin(Ticks::now());
        }
    }

    #[inline(never)]
    fn look(&self, now: Ticks) {
        let (slice, often, late) = {
            let rate = self.rate.borrow();
            (rate.ticks(SLICE), rate.ticks(OFTEN), rate.ticks(LATE))
        };
        self.shown.0.store(now.number(), Ordering::Relaxed);
        let stride = self.stride.get();
        let stride = match self.looked.replace(Some(now)).map(|looked| now.since(looked)) {
            Some(passed) if passed < often => (stride * 2).min(STRIDE),
            Some(passed) if passed < late => stride,
            _ => 1,
        };
        self.stride.set(stride);
        self.until_look.set(stride);
        if now.since(self.began.get()) >= slice {
            self.rate.borrow_mut().correct();
            self.began.set(now);
            // A slice for waiting behaviors follows one for local work, and the other way round.
            self.turns.set(if self.turns.get() == 0 { TURNS } else { 0 });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A slice, and a clock that advances only by the time that bodies take.
    struct Bodies(Slice, Cell<Ticks>);

    /// Longer than a slice, however fast the processor's clock is.
    const LONG: u64 = 1_000_000;

    impl Bodies {
        fn new() -> Self {
            let slice = Slice::new(Arc::new(Looked::new()));
            let began = slice.began.get();
            Bodies(slice, Cell::new(began))
        }

        /// Returns whether it is the turn of a waiting behavior, and advances the clock by that time.
        fn next(&self, ticks: u64) -> bool {
            let turn = self.0.is_turn_at(|| self.1.get());
            self.1.set(self.1.get().after(ticks));
            turn
        }
    }

    /// Bodies that take longer than a slice: one of local work, one that has waited, and so on.
    #[test]
    fn long_ones_take_turns() {
        let bodies = Bodies::new();
        let turns: Vec<bool> = (0..7).map(|_| bodies.next(LONG)).collect();
        assert_eq!(turns, [false, true, false, true, false, true, false]);
    }

    #[test]
    fn turns_end() {
        let bodies = Bodies::new();
        assert!(!bodies.next(LONG));
        assert_eq!((0..10 * TURNS).take_while(|_| bodies.next(0)).count(), TURNS as usize);
    }

    /// The clock is read soon after behaviors become long, however many short ones came before.
    #[test]
    fn short_ones_then_long_ones() {
        let bodies = Bodies::new();
        assert!((0..100_000).all(|_| !bodies.next(0)));
        let before = (0..100).take_while(|_| !bodies.next(LONG)).count();
        assert!(before <= STRIDE as usize, "{before}");
    }
}
