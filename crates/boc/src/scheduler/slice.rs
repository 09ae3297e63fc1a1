//! How long a worker may follow what is at hand before it looks at what has waited.
//!
//! A worker runs first what the end of a behavior has made ready, and then what its bodies have scheduled last: their
//! values are in its cache. That may go on for ever, so it is bounded by time. After a slice of [`SLICE`] come some turns
//! for what has waited longest: as many as fit into a slice, at most [`TURNS`].
//!
//! To read a clock takes a good part of the time of a short behavior. So where behaviors are short it is read after every
//! [`STRIDE`] of them; where they are not, after each one.

use super::clock::{Rate, Ticks};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How long a worker follows what is at hand.
pub(crate) const SLICE: Duration = Duration::from_micros(100);
/// How many behaviors that have waited may come after that.
const TURNS: u32 = 32;
/// How many short behaviors may run before the next look at the clock.
const STRIDE: u32 = 8;
/// A behavior that takes longer is not short.
const SHORT: Duration = Duration::from_micros(2);

pub(crate) struct Slice {
    began: Cell<Ticks>,
    /// The last look, if there was one in this slice: what runs first need not be short.
    looked: Cell<Option<Ticks>>,
    /// How many behaviors run before the next look, and how many were to run since the last.
    until_look: Cell<u32>,
    stride: Cell<u32>,
    /// How many turns of those who wait are left. Zero: it is a slice for what is at hand.
    turns: Cell<u32>,
    rate: RefCell<Rate>,
}

impl Slice {
    pub(crate) fn new() -> Self {
        let now = Ticks::now();
        Slice {
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

    /// Before each behavior: true where it is the turn of one that has waited.
    #[inline]
    pub(crate) fn is_turn_of_waiting(&self) -> bool {
        let until = self.until_look.get() - 1;
        self.until_look.set(until);
        if until == 0 {
            self.look();
        }
        match self.turns.get() {
            0 => false,
            1 => {
                self.begin(Ticks::now());
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
    fn look(&self) {
        let now = Ticks::now();
        let (slice, short) = {
            let rate = self.rate.borrow();
            (rate.ticks(SLICE), rate.ticks(SHORT))
        };
        let looked = self.looked.replace(Some(now));
        let short = looked.is_some_and(|looked| now.since(looked) < short * u64::from(self.stride.get()));
        let stride = if short { (self.stride.get() * 2).min(STRIDE) } else { 1 };
        self.stride.set(stride);
        self.until_look.set(stride);
        if now.since(self.began.get()) >= slice {
            self.rate.borrow_mut().correct();
            self.began.set(now);
            // After a slice of those who wait comes one for what is at hand, and the other way round.
            self.turns.set(if self.turns.get() == 0 { TURNS } else { 0 });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::thread::sleep;

    /// Bodies that take longer than a slice: one at hand, one that has waited, and so on.
    #[test]
    fn long_ones_take_turns() {
        let slice = Slice::new();
        let turns: Vec<bool> = (0..7)
            .map(|_| {
                let turn = slice.is_turn_of_waiting();
                sleep(SLICE);
                turn
            })
            .collect();
        assert_eq!(turns[1..], [true, false, true, false, true, false]);
    }

    #[test]
    fn turns_end() {
        let slice = Slice::new();
        slice.is_turn_of_waiting();
        sleep(SLICE);
        let turns = (0..10 * TURNS).take_while(|_| slice.is_turn_of_waiting()).count();
        assert!((1..=TURNS as usize).contains(&turns));
    }

    /// The clock is looked at soon after behaviors have become long, however many short ones came before.
    #[test]
    fn short_ones_then_long_ones() {
        let slice = Slice::new();
        (0..100_000).for_each(|_| _ = slice.is_turn_of_waiting());
        slice.nothing_waits();
        let before = (0..100).take_while(|_| {
            sleep(SLICE);
            !slice.is_turn_of_waiting()
        });
        assert!(before.count() <= STRIDE as usize);
    }
}
