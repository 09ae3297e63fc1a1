//! What a worker counts.

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

        /// The live counters. Each is written by one thread at a time or does not matter much, and read by anyone.
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
    /// Behaviors that a release on this worker made ready and that it ran next, without a queue between.
    dispatched_to_pending,
    /// Behaviors that others put into this worker's inbox.
    pushed_remote,
    /// Behaviors that it ran from its own queue or its inbox.
    popped_local,
    /// Behaviors that it took from the shared queue or from other workers.
    popped_via_steal,
    /// Tries of a steal that another thread's step made necessary again.
    dequeue_cas_retries,
    /// Times that a row of directly handed-on behaviors was broken off to let the queue have its turn.
    batch_resets,
    /// Looks around for work elsewhere.
    steal_attempts,
    /// Looks around that found none.
    steal_failures,
    /// Times it went to sleep.
    parked,
    /// When it last looked around, in nanoseconds since the runtime was started.
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
