//! The counters of a worker.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// A worker's counts since the runtime was started. See [`Runtime::stats`](crate::Runtime::stats).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Stats {
            /// Each count with its name.
            pub fn entries(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }
        }

        /// The live counters. Any thread may read them. Each is written by one thread at a time, or need not be exact.
        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)+
        }

        impl Counters {
            pub(crate) fn read(&self) -> Stats {
                Stats { $($name: self.$name.0.load(Relaxed),)+ }
            }
        }
    };
}

counters! {
    /// Behaviors that this worker put into its own queue.
    pushed_local,
    /// Behaviors that a release on this worker made ready and that it ran next, without a queue in between.
    dispatched_to_pending,
    /// Behaviors that others put into this worker's inbox.
    pushed_remote,
    /// Behaviors that it ran from its own queue or its inbox.
    popped_local,
    /// Behaviors that it took from the shared queue or from other workers.
    popped_via_steal,
    /// Steals that had to be tried again because of another thread.
    dequeue_cas_retries,
    /// Times that a chain of directly passed-on behaviors was interrupted to give the queue a turn.
    batch_resets,
    /// Searches for work elsewhere.
    steal_attempts,
    /// Such searches that found none.
    steal_failures,
    /// Times it went to sleep.
    parked,
    /// When it last searched, in nanoseconds since the runtime was started.
    last_steal_attempt_ns,
    /// Times that the shared queue was looked at first, so that it does not starve.
    fairness_arm_fires,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more, by the only thread that writes this counter.
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
}
