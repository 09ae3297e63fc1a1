//! A clock that is cheap to read, for times of microseconds.

use std::time::{Duration, Instant};

#[cfg(loom)]
mod ticks {
    /// In a model no time passes: each execution has to go the same way.
    pub(super) fn now() -> u64 {
        0
    }
}

#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
mod ticks {
    /// The processor's tick counter. Reading it takes a third of the time of the system's clock, but its unit is unknown.
    #[inline]
    pub(super) fn now() -> u64 {
        // SAFETY: every x86-64 has the instruction.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
}

#[cfg(all(any(not(target_arch = "x86_64"), miri), not(loom)))]
mod ticks {
    use std::sync::OnceLock;
    use std::time::Instant;

    /// Nanoseconds.
    #[inline]
    pub(super) fn now() -> u64 {
        static BORN: OnceLock<Instant> = OnceLock::new();
        BORN.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// A point in time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticks(u64);

/// Converts times to ticks. Calibrated step by step against the system's clock.
pub(crate) struct Rate {
    since: (Instant, Ticks),
    /// Ticks in a microsecond.
    per_microsecond: u64,
}

impl Ticks {
    #[inline]
    pub(crate) fn now() -> Ticks {
        Ticks(ticks::now())
    }

    /// The number itself, for [`Ticks::of_number`].
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn of_number(number: u64) -> Ticks {
        Ticks(number)
    }

    /// That many ticks later.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn after(self, ticks: u64) -> Ticks {
        Ticks(self.0.wrapping_add(ticks))
    }

    /// Ticks since then. If the counter has gone backwards, as it may between cores, this is a huge number.
    #[inline]
    pub(crate) fn since(self, then: Ticks) -> u64 {
        self.0.wrapping_sub(then.0)
    }
}

impl Rate {
    pub(crate) fn new() -> Self {
        // The slowest possible processor: until the first comparison, time seems to pass too quickly.
        Rate { since: (Instant::now(), Ticks::now()), per_microsecond: 1_000 }
    }

    #[inline]
    pub(crate) fn ticks(&self, time: Duration) -> u64 {
        time.as_micros() as u64 * self.per_microsecond
    }

    /// Compares the clocks, if the time since the last comparison is long enough.
    pub(crate) fn correct(&mut self) {
        let now = (Instant::now(), Ticks::now());
        let elapsed = now.0.duration_since(self.since.0).as_micros() as u64;
        if elapsed >= 20 {
            self.per_microsecond = (now.1.since(self.since.1) / elapsed).clamp(100, 10_000);
            self.since = now;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_found_out() {
        let mut rate = Rate::new();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(2));
            rate.correct();
        }
        let (began, then) = (Instant::now(), Ticks::now());
        std::thread::sleep(Duration::from_millis(20));
        let (elapsed, ticks) = (began.elapsed(), Ticks::now().since(then));
        let expected = rate.ticks(elapsed) as f64;
        assert!((0.5..2.0).contains(&(ticks as f64 / expected)), "{ticks} for {expected}");
    }
}
