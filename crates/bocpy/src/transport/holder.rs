//! Holders of cowns, and the current holder on this thread.

use super::noticeboard;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

/// Someone who can hold a cown: the behavior that a thread runs, or a thread outside behaviors. A thread runs one
/// behavior at a time, and a behavior that has ended holds nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(u32);

/// A thread's own data. In one place: finding it takes longer than reading it.
struct Me {
    /// The thread's own number, once it has one.
    thread: Cell<u32>,
    /// The number of the behavior that it runs. Zero: none.
    behavior: Cell<u32>,
    /// Whether that behavior has looked at the noticeboard.
    looks: Cell<bool>,
}

thread_local! {
    static ME: Me = const { Me { thread: Cell::new(0), behavior: Cell::new(0), looks: Cell::new(false) } };
}

/// Set in the numbers of behaviors.
pub(super) const BEHAVIOR: u32 = 1 << 31;
/// Set in no number of a holder.
pub(super) const NOBODY: u32 = 1 << 30;

impl Holder {
    /// The current holder on this thread.
    #[inline]
    pub(crate) fn current() -> Holder {
        ME.with(|me| match me.behavior.get() {
            0 => Holder(me.thread()),
            behavior => Holder(behavior),
        })
    }

    /// The holder of that number, which is not zero.
    pub(super) fn of_number(number: u32) -> Holder {
        Holder(number)
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// True while this thread runs a behavior.
    pub(crate) fn in_behavior() -> bool {
        ME.with(|me| me.behavior.get() != 0)
    }

    /// The behavior that this thread runs looks at the noticeboard.
    pub(super) fn set_looking() {
        ME.with(|me| me.looks.set(true));
    }

    /// Runs `f` as a behavior.
    #[inline]
    pub(crate) fn as_behavior<R>(f: impl FnOnce(Holder) -> R) -> R {
        struct Reset<'a>(&'a Me, u32);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                self.0.behavior.set(self.1);
                if self.0.looks.take() {
                    noticeboard::look_away();
                }
            }
        }
        ME.with(|me| {
            let behavior = BEHAVIOR | me.thread();
            let _reset = Reset(me, me.behavior.replace(behavior));
            f(Holder(behavior))
        })
    }
}

impl Me {
    fn thread(&self) -> u32 {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        if self.thread.get() == 0 {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            assert!(number < NOBODY, "more threads than there are numbers for");
            self.thread.set(number);
        }
        self.thread.get()
    }
}
