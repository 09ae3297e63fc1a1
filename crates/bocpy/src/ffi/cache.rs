//! The processor's cache.

/// Prefetches the memory at the beginning of `what` for writing, while we do something else.
#[inline]
pub(crate) fn prefetch<T>(what: &T) {
    let place = std::ptr::from_ref(what).cast::<u8>();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which does nothing to memory and nothing at all with a bad address. Processors that don't know it
    // pass over it. With that intention there is no function for it in `core::arch`.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) place, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
