//! The processor's vector instructions, chosen when the program runs.
//!
//! A kernel is an ordinary loop, written once, in a type that implements [`Kernel`]. It is compiled once for each
//! [`Level`], and the compiler makes vector instructions of that level of it. [`dispatch`] calls the best copy that this
//! processor can run. On aarch64, NEON is part of the baseline.
//!
//! Kernels are written so that the order of their operations does not depend on the level: with a fixed number of
//! accumulators, and no contraction of `a * b + c`. So all levels give the same bits.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// A set of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the architecture has: SSE2, or NEON.
    Baseline = 1,
    /// AVX2 and FMA: four doubles at a time.
    Avx2 = 2,
    /// AVX-512 (F, VL, DQ, BW, CD): eight doubles at a time.
    Avx512 = 3,
}

/// The level in use; 0 before the first use. Never a level that the processor does not have.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level in use.
#[inline]
pub fn level() -> Level {
    match LEVEL.load(Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => {
            let best = best();
            LEVEL.store(best as u8, Relaxed);
            best
        }
    }
}

#[cold]
fn best() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
        {
            return Level::Avx512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Level::Avx2;
        }
    }
    Level::Baseline
}

/// For tests: use this level from now on, on all threads. False, and no change, if the processor does not have it.
#[doc(hidden)]
pub fn force_level(level: Level) -> bool {
    let possible = level <= best();
    if possible {
        LEVEL.store(level as u8, Relaxed);
    }
    possible
}

/// A loop over doubles. `run` has to be `#[inline(always)]`, and all that it calls, so that it is compiled anew for each
/// level.
pub(crate) trait Kernel {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs a kernel by the best instructions there are.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match level() {
        // SAFETY: `level` names only what `best` has found in this processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(kernel) },
        _ => kernel.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512cd,avx2,fma")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
