//! Who can hold a cown, and who this thread acts for.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Someone who can hold a cown: one run of a behavior, or a thread outside behaviors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(u64);

thread_local! {
    static HOLDER: Cell<u64> = const { Cell::new(0) };
    static TURN: Cell<u64> = const { Cell::new(0) };
}

/// Set in the numbers of behaviors' runs.
pub(super) const BEHAVIOR: u64 = 1 << 63;

impl Holder {
    /// Who this thread acts for.
    pub(crate) fn current() -> Holder {
        let turn = TURN.get();
        Holder(if turn == 0 { Holder::thread() } else { turn })
    }

    /// The holder of that number, which is not zero.
    pub(super) fn of_number(number: u64) -> Holder {
        Holder(number)
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }

    fn thread() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut number = HOLDER.get();
        if number == 0 {
            number = NEXT.fetch_add(1, Ordering::Relaxed);
            HOLDER.set(number);
        }
        number
    }

    /// True while this thread runs a behavior.
    pub(crate) fn in_behavior() -> bool {
        TURN.get() != 0
    }

    /// Runs `f` as a new run of a behavior.
    pub(crate) fn turn<R>(f: impl FnOnce(Holder) -> R) -> R {
        thread_local!(static TURNS: Cell<u64> = const { Cell::new(0) });
        struct Reset(u64);
        impl Drop for Reset {
            fn drop(&mut self) {
                TURN.set(self.0);
            }
        }
        // 2^23 threads, 2^40 behaviors each.
        let number = TURNS.replace(TURNS.get() + 1) & ((1 << 40) - 1);
        let turn = BEHAVIOR | (Holder::thread() << 40) | number;
        let _reset = Reset(TURN.replace(turn));
        f(Holder(turn))
    }
}
