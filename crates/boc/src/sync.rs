//! The primitives for all lock-free code here: the standard library's, or loom's under `cfg(loom)`.

#[cfg(not(loom))]
mod primitive {
    pub(crate) use crossbeam_deque::{Injector, Steal, Stealer, Worker as Deque};
    pub(crate) use crossbeam_utils::sync::{Parker, Unparker};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::thread::yield_now;

    /// Between two turns of a spin loop.
    pub(crate) fn spin_again(turns: u32) {
        if turns <= 64 { spin_loop() } else { yield_now() }
    }
}

#[cfg(loom)]
mod primitive {
    pub(crate) use crossbeam_deque::Steal;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::thread::yield_now;
    use std::collections::VecDeque;

    /// Between two turns of a spin loop. Loom could run such a loop forever. It need not explore this execution further:
    /// there are others that differ only in that the spinning thread came later.
    pub(crate) fn spin_again(turns: u32) {
        if turns > 1 {
            loom::skip_branch();
        }
        yield_now();
    }

    /// crossbeam's parker, in the few lines that a model needs: one token, kept until it is taken.
    pub(crate) struct Parker(Unparker);

    #[derive(Clone)]
    pub(crate) struct Unparker(std::sync::Arc<(Mutex<bool>, Condvar)>);

    impl Parker {
        pub(crate) fn new() -> Self {
            Parker(Unparker(std::sync::Arc::new((Mutex::new(false), Condvar::new()))))
        }
        pub(crate) fn unparker(&self) -> &Unparker {
            &self.0
        }
        pub(crate) fn park(&self) {
            let (token, signal) = &*self.0.0;
            let mut there = token.lock().unwrap();
            while !*there {
                there = signal.wait(there).unwrap();
            }
            *there = false;
        }
        /// In a model, the timeout may expire at once; the token may be there all the same.
        pub(crate) fn park_timeout(&self, _: std::time::Duration) {
            *self.0.0.0.lock().unwrap() = false;
        }
    }

    impl Unparker {
        pub(crate) fn unpark(&self) {
            *self.0.0.lock().unwrap() = true;
            self.0.1.notify_one();
        }
    }

    /// crossbeam's queues, each with a lock around it.
    pub(crate) struct Injector<T>(std::sync::Arc<Mutex<VecDeque<T>>>);

    /// A worker's own queue.
    pub(crate) struct Deque<T>(Injector<T>, bool);

    /// The part that others see.
    pub(crate) struct Stealer<T>(Injector<T>);

    impl<T> Injector<T> {
        pub(crate) fn new() -> Self {
            Injector(std::sync::Arc::new(Mutex::new(VecDeque::new())))
        }
        pub(crate) fn push(&self, task: T) {
            self.0.lock().unwrap().push_back(task);
        }
        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().unwrap().is_empty()
        }
        pub(crate) fn steal(&self) -> Steal<T> {
            self.0.lock().unwrap().pop_front().map_or(Steal::Empty, Steal::Success)
        }
        pub(crate) fn steal_batch_and_pop(&self, into: &Deque<T>) -> Steal<T> {
            let mut batch = self.0.lock().unwrap();
            let half = batch.len().div_ceil(2);
            let mut batch = batch.drain(..half).collect::<VecDeque<T>>();
            let first = batch.pop_front();
            let mut own = into.0.0.lock().unwrap();
            match into.1 {
                // They are taken from the other end.
                true => batch.into_iter().rev().for_each(|task| own.push_back(task)),
                false => own.append(&mut batch),
            }
            first.map_or(Steal::Empty, Steal::Success)
        }
    }

    impl<T> Deque<T> {
        pub(crate) fn new_lifo() -> Self {
            Deque(Injector::new(), true)
        }
        pub(crate) fn new_fifo() -> Self {
            Deque(Injector::new(), false)
        }
        pub(crate) fn stealer(&self) -> Stealer<T> {
            Stealer(Injector(self.0.0.clone()))
        }
        pub(crate) fn push(&self, task: T) {
            self.0.push(task);
        }
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
        pub(crate) fn pop(&self) -> Option<T> {
            let mut queue = self.0.0.lock().unwrap();
            if self.1 { queue.pop_back() } else { queue.pop_front() }
        }
    }

    impl<T> Stealer<T> {
        pub(crate) fn steal(&self) -> Steal<T> {
            self.0.steal()
        }
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
        pub(crate) fn steal_batch_and_pop(&self, into: &Deque<T>) -> Steal<T> {
            self.0.steal_batch_and_pop(into)
        }
    }
}

pub(crate) use primitive::*;

/// A worker's own queue that it takes the newest from.
pub(crate) struct Lifo<T>(Deque<T>);

/// A worker's own queue that it takes the oldest from.
pub(crate) struct Fifo<T>(Deque<T>);

impl<T> Lifo<T> {
    pub(crate) fn new() -> Self {
        Lifo(Deque::new_lifo())
    }
}

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Fifo(Deque::new_fifo())
    }
}

macro_rules! queue {
    ($name:ident) => {
        impl<T> $name<T> {
            #[inline]
            pub(crate) fn push(&self, task: T) {
                self.0.push(task);
            }
            /// First checks whether there is anything, which is cheaper than trying.
            #[inline]
            pub(crate) fn pop(&self) -> Option<T> {
                if self.0.is_empty() { None } else { self.0.pop() }
            }
            #[inline]
            pub(crate) fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
            pub(crate) fn stealer(&self) -> Stealer<T> {
                self.0.stealer()
            }
            pub(crate) fn deque(&self) -> &Deque<T> {
                &self.0
            }
        }
    };
}

queue!(Lifo);
queue!(Fifo);

/// Sleeps until `is_done`, as long as `patience` says: it is asked how long to sleep before it is asked again. False if it says
/// `None` before.
pub(crate) fn park_until(
    parker: &Parker,
    is_done: impl Fn() -> bool,
    mut patience: impl FnMut() -> Option<std::time::Duration>,
) -> bool {
    while !is_done() {
        match patience() {
            None => return false,
            Some(std::time::Duration::MAX) => parker.park(),
            Some(time) => parker.park_timeout(time),
        }
    }
    true
}

/// Locks, even if a thread has panicked while it held the lock: no panic leaves the state behind our locks half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Calls `ready` until it returns something. The wait is for another thread to finish a few instructions; if that thread
/// has lost its core, we yield ours.
pub(crate) fn spin<R>(mut ready: impl FnMut() -> Option<R>) -> R {
    let mut turns = 0_u32;
    loop {
        if let Some(result) = ready() {
            return result;
        }
        turns += 1;
        spin_again(turns);
    }
}

/// Prefetches the memory at that address into the cache. The address need not be valid.
#[inline(always)]
pub(crate) fn prefetch<T>(place: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, which does nothing if there is no memory.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = place;
}

/// The same, for writing.
#[inline(always)]
pub(crate) fn prefetch_for_write<T>(place: *const T) {
    // The compiler turns `_MM_HINT_ET0` into a prefetch for reading, unless it is told that the processor has the other
    // one. Processors without it treat it as a no-op.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) place, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(not(target_arch = "x86_64"), miri))]
    let _ = place;
}
