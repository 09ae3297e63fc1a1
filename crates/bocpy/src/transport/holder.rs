//! Holders of cowns, and the current holder on this thread.

use super::noticeboard;
use crate::ffi::module;
use crate::interpreter::attach::if_attached;
use parking_lot::Mutex;
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
    /// What there is to do at its end.
    at_end: Cell<u8>,
}

thread_local! {
    static ME: Me = const { Me { thread: Cell::new(0), behavior: Cell::new(0), at_end: Cell::new(0) } };
}

/// Tells when the thread that has touched it ends.
struct Ending(Cell<u32>);

thread_local! {
    static ENDING: Ending = const { Ending(Cell::new(0)) };
}

/// The numbers of threads that have ended, of those that were asked for.
static ENDED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Drop for Ending {
    fn drop(&mut self) {
        ENDED.lock().push(self.0.get());
    }
}

/// The behavior has looked at the noticeboard.
const LOOKS: u8 = 1;
/// The behavior has forked, and this is the child.
const FORKED: u8 = 2;
/// The behavior has acquired cowns by hand.
const ACQUIRES: u8 = 4;

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

    /// The end of this thread will be in [`Holder::take_ended`].
    pub(super) fn watch_end(self) {
        ENDING.with(|ending| ending.0.set(self.0));
    }

    /// Threads that have ended since somebody asked.
    pub(super) fn take_ended() -> Vec<Holder> {
        std::mem::take(&mut *ENDED.lock()).into_iter().map(Holder).collect()
    }

    /// True while this thread runs a behavior.
    pub(crate) fn in_behavior() -> bool {
        ME.with(|me| me.behavior.get() != 0)
    }

    /// The behavior that this thread runs looks at the noticeboard.
    pub(super) fn set_looking() {
        ME.with(|me| me.at_end.set(me.at_end.get() | LOOKS));
    }

    /// The behavior that this thread runs, if any, has acquired a cown by hand.
    pub(super) fn set_acquiring() {
        ME.with(|me| me.at_end.set(me.at_end.get() | ACQUIRES));
    }

    /// Whether it has.
    #[inline]
    pub(crate) fn acquires() -> bool {
        ME.with(|me| me.at_end.get() & ACQUIRES != 0)
    }

    /// This process is the child of a fork, by the behavior that this thread runs. It ends with that behavior: nobody else is
    /// there who would end it, and the behaviors that wait are the parent's.
    pub(crate) fn end_process_with_behavior() {
        ME.with(|me| me.at_end.set(me.at_end.get() | FORKED));
    }

    /// Whether that is so.
    pub(crate) fn ends_process() -> bool {
        ME.with(|me| me.at_end.get() & FORKED != 0)
    }

    /// Runs `f` as a behavior.
    #[inline]
    pub(crate) fn as_behavior<R>(f: impl FnOnce(Holder) -> R) -> R {
        struct Reset<'a>(&'a Me, u32);
        impl Drop for Reset<'_> {
            fn drop(&mut self) {
                self.0.behavior.set(self.1);
                let at_end = self.0.at_end.take();
                if at_end & FORKED != 0 {
                    if_attached(|py| module::exit_process(py, 0));
                }
                if at_end & LOOKS != 0 {
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
