//! Who can hold a cown, and who this thread acts for.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Someone who can hold a cown: one run of a behavior, or a thread outside behaviors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(u64);

/// What a thread knows of itself. In one place: to find that costs more than to look at it.
struct Me {
    /// The thread's own number, once it has one.
    thread: Cell<u64>,
    /// The run of a behavior that it is in. Zero: none.
    turn: Cell<u64>,
    /// How many there have been.
    turns: Cell<u64>,
}

thread_local! {
    static ME: Me = const { Me { thread: Cell::new(0), turn: Cell::new(0), turns: Cell::new(0) } };
}

/// Set in the numbers of behaviors' runs.
pub(super) const BEHAVIOR: u64 = 1 << 63;

impl Holder {
    /// Who this thread acts for.
    #[inline]
    pub(crate) fn current() -> Holder {
        ME.with(|me| match me.turn.get() {
            0 => Holder(me.thread()),
            turn => Holder(turn),
        })
    }

    /// The holder of that number, which is not zero.
    pub(super) fn of_number(number: u64) -> Holder {
        Holder(number)
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// True while this thread runs a behavior.
    pub(crate) fn in_behavior() -> bool {
        ME.with(|me| me.turn.get() != 0)
    }

    /// Runs `f` as a new run of a behavior.
    #[inline]
    pub(crate) fn turn<R>(f: impl FnOnce(Holder) -> R) -> R {
        struct Reset<'a>(&'a Me, u64);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                self.0.turn.set(self.1);
            }
        }
        ME.with(|me| {
            // 2^23 threads, 2^40 behaviors each.
            let number = me.turns.replace(me.turns.get() + 1) & ((1 << 40) - 1);
            let turn = BEHAVIOR | (me.thread() << 40) | number;
            let _reset = Reset(me, me.turn.replace(turn));
            f(Holder(turn))
        })
    }
}

impl Me {
    fn thread(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if self.thread.get() == 0 {
            self.thread.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        self.thread.get()
    }
}
