//! The memory of matrices: one allocation for each, or disjoint ranges of one allocation for row blocks.
//!
//! # Who may touch what
//!
//! A [`Buffer`] owns a range of doubles of an `Allocation`, alone: nobody else reads or writes that range as long as the
//! buffer lives. Mostly the range is the whole allocation. [`Buffer::split`] puts the allocation behind an `Arc` and hands
//! out buffers for disjoint ranges. They go to any threads, and may be split again. [`Buffer::join`] makes one buffer of
//! those for neighbouring ranges. When that one covers everything there cannot be other parts, since ranges never overlap,
//! so the allocation leaves its `Arc`.
//!
//! # All memory is initialised
//!
//! A fresh buffer has zeros, or what a freed buffer has left ([`Buffer::scratch`], for outputs that are about to be
//! overwritten). So there is never uninitialised memory to think about, and zeroing costs nothing where it matters: large
//! memory comes from the kernel as zeros.
//!
//! # Freed buffers are kept
//!
//! Asking the kernel for pages costs more than filling them. So each thread keeps a few of its freed large allocations
//! ([`KEPT`] of them, [`KEPT_BYTES`] together at most) and takes the first one that fits. [`release_memory`] frees them.

use crate::Error;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// From this size on, allocations are aligned to cache lines and kept when freed.
const LARGE_BYTES: usize = 2048;
/// A cache line, and the widest vector.
const LINE: usize = 64;
/// How many freed allocations a thread keeps.
const KEPT: usize = 8;
/// How many bytes of freed allocations a thread keeps.
const KEPT_BYTES: usize = 64 << 20;

/// A block of the allocator's. `data` is `capacity` initialised doubles in it.
struct Allocation {
    base: NonNull<u8>,
    data: NonNull<f64>,
    capacity: usize,
}

// SAFETY: an allocation is plain memory that any thread may free; it is read and written through buffers only.
unsafe impl Send for Allocation {}
// SAFETY: a shared allocation offers nothing but its address.
unsafe impl Sync for Allocation {}

impl Allocation {
    fn layout(capacity: usize) -> Result<Layout, Error> {
        let failed = Error::OutOfMemory { bytes: capacity.saturating_mul(size_of::<f64>()) };
        let layout = Layout::array::<f64>(capacity).map_err(|_| failed.clone())?;
        if layout.size() < LARGE_BYTES {
            return Ok(layout);
        }
        // Larger alignments would make Rust's allocator write zeros itself, so the room for the alignment is ours.
        let size = layout.size().checked_add(LINE).ok_or(failed.clone())?;
        Layout::from_size_align(size, align_of::<f64>()).map_err(|_| failed)
    }

    /// Zeros. `capacity` is not 0.
    #[inline]
    fn new(capacity: usize) -> Result<Allocation, Error> {
        Allocation::fresh(capacity).or_else(|_| {
            // What is kept for later may be what is missing now.
            release_memory();
            Allocation::fresh(capacity)
        })
    }

    #[inline]
    fn fresh(capacity: usize) -> Result<Allocation, Error> {
        let layout = Allocation::layout(capacity)?;
        let large = layout.size() > LARGE_BYTES;
        // SAFETY: the size is not 0, since `capacity` is not.
        let base = unsafe { if large { alloc_zeroed(layout) } else { alloc(layout) } };
        let base = NonNull::new(base).ok_or(Error::OutOfMemory { bytes: layout.size() })?;
        if !large {
            // SAFETY: the block has that size. Cheaper than `alloc_zeroed`, which is slow for small blocks.
            unsafe { base.write_bytes(0, layout.size()) };
            return Ok(Allocation { base, data: base.cast(), capacity });
        }
        let skip = base.as_ptr().align_offset(LINE).min(LINE);
        // SAFETY: a large block has LINE bytes more than `capacity` doubles need.
        let data = unsafe { base.add(skip) }.cast();
        Ok(Allocation { base, data, capacity })
    }

    fn is_large(&self) -> bool {
        self.capacity * size_of::<f64>() >= LARGE_BYTES
    }
}

impl Drop for Allocation {
    #[inline]
    fn drop(&mut self) {
        if let Ok(layout) = Allocation::layout(self.capacity) {
            // SAFETY: `new` allocated this block by the same layout, and it is freed once.
            unsafe { dealloc(self.base.as_ptr(), layout) };
        }
    }
}

thread_local! {
    static FREED: RefCell<Vec<Allocation>> = const { RefCell::new(Vec::new()) };
}

/// A freed allocation for that many doubles, not much larger than needed.
fn kept(length: usize) -> Option<Allocation> {
    FREED
        .try_with(|freed| {
            let mut freed = freed.try_borrow_mut().ok()?;
            let fits = |one: &Allocation| one.capacity >= length && one.capacity / 2 <= length;
            let at = freed.iter().rposition(fits)?;
            Some(freed.remove(at))
        })
        .ok()
        .flatten()
}

/// Keeps an allocation for this thread's next buffers, or frees it, or frees older ones.
fn keep(allocation: Allocation) {
    let bytes = |one: &Allocation| one.capacity * size_of::<f64>();
    if cfg!(boc_plain_memory) || bytes(&allocation) > KEPT_BYTES {
        return;
    }
    // If this thread is ending, the closure is dropped, and the allocation with it.
    let _ = FREED.try_with(|freed| {
        let Ok(mut freed) = freed.try_borrow_mut() else { return };
        let mut total = bytes(&allocation) + freed.iter().map(bytes).sum::<usize>();
        while freed.len() >= KEPT || total > KEPT_BYTES {
            total -= bytes(&freed.remove(0));
        }
        if freed.try_reserve(1).is_ok() {
            freed.push(allocation);
        }
    });
}

/// Frees the memory that this thread has kept of freed matrices.
pub fn release_memory() {
    let _ = FREED.try_with(|freed| freed.try_borrow_mut().map(|mut freed| freed.clear()));
}

/// Doubles in memory that nobody else touches.
pub(crate) struct Buffer {
    data: NonNull<f64>,
    length: usize,
    memory: ManuallyDrop<Memory>,
}

enum Memory {
    /// The range starts where the allocation does.
    Whole(Allocation),
    /// A range that starts `start` doubles into the allocation.
    Part { allocation: Arc<Allocation>, start: usize },
}

// SAFETY: a buffer owns its range as a `Box<[f64]>` does.
unsafe impl Send for Buffer {}
// SAFETY: as above; through a shared buffer, the range can only be read.
unsafe impl Sync for Buffer {}

impl Buffer {
    #[inline]
    fn whole(allocation: Allocation, length: usize) -> Buffer {
        debug_assert!(length <= allocation.capacity);
        Buffer { data: allocation.data, length, memory: ManuallyDrop::new(Memory::Whole(allocation)) }
    }

    /// That many zeros; `length` is not 0.
    #[inline]
    pub(crate) fn zeros(length: usize) -> Result<Buffer, Error> {
        if length * size_of::<f64>() >= LARGE_BYTES
            && let Some(allocation) = kept(length)
        {
            let mut buffer = Buffer::whole(allocation, length);
            buffer.fill(0.0);
            return Ok(buffer);
        }
        Ok(Buffer::whole(Allocation::new(length)?, length))
    }

    /// That many doubles of any values, to be overwritten; `length` is not 0.
    #[inline]
    pub(crate) fn scratch(length: usize) -> Result<Buffer, Error> {
        if length * size_of::<f64>() >= LARGE_BYTES
            && let Some(allocation) = kept(length)
        {
            return Ok(Buffer::whole(allocation, length));
        }
        Ok(Buffer::whole(Allocation::new(length)?, length))
    }

    /// Splits the buffer into ranges of these lengths, none of them 0, which add up to its own. Nothing is copied. The parts
    /// are added to a vector that has room for them.
    pub(crate) fn split(self, lengths: impl Iterator<Item = usize> + Clone, into: &mut Vec<Buffer>) {
        assert_eq!(lengths.clone().sum::<usize>(), self.length, "the parts have to be the whole");
        let (_, length, memory) = self.into_parts();
        let (allocation, first) = match memory {
            Memory::Whole(allocation) => (Arc::new(allocation), 0),
            Memory::Part { allocation, start } => (allocation, start),
        };
        let mut start = first;
        into.extend(lengths.map(|length| {
            let part = Buffer::part(Arc::clone(&allocation), start, length);
            start += length;
            part
        }));
        debug_assert_eq!(start, first + length);
    }

    /// Only for a range that no other buffer has.
    fn part(allocation: Arc<Allocation>, start: usize, length: usize) -> Buffer {
        assert!(start + length <= allocation.capacity);
        // SAFETY: the range is inside of the allocation.
        let data = unsafe { allocation.data.add(start) };
        Buffer { data, length, memory: ManuallyDrop::new(Memory::Part { allocation, start }) }
    }

    /// Where the range lies in which shared allocation, to see which buffers are neighbours.
    pub(crate) fn place(&self) -> Option<(usize, usize)> {
        match &*self.memory {
            Memory::Whole(_) => None,
            Memory::Part { allocation, start } => Some((Arc::as_ptr(allocation).addr(), *start)),
        }
    }

    /// One buffer for the ranges of all these, which must be neighbours in this order; else they come back. Nothing is
    /// copied.
    pub(crate) fn join(parts: Vec<Buffer>) -> Result<Buffer, Vec<Buffer>> {
        let neighbours = parts.windows(2).all(|two| match (two[0].place(), two[1].place()) {
            (Some((left, start)), Some((right, next))) => left == right && start + two[0].length == next,
            _ => false,
        });
        if parts.is_empty() || !neighbours {
            return Err(parts);
        }
        let length = parts.iter().map(|part| part.length).sum();
        let mut parts = parts.into_iter().map(Buffer::into_parts);
        let Some((_, _, Memory::Part { allocation, start })) = parts.next() else {
            unreachable!("a single whole buffer is joined by nobody, see `Matrix::join_rows`")
        };
        parts.for_each(drop); // their ranges are ours now
        // If no other part is left the ranges were all there are, but for doubles at the end that no matrix has used.
        match Arc::try_unwrap(allocation) {
            Ok(allocation) if start == 0 => Ok(Buffer::whole(allocation, length)),
            Ok(allocation) => Ok(Buffer::part(Arc::new(allocation), start, length)),
            Err(allocation) => Ok(Buffer::part(allocation, start, length)),
        }
    }

    fn into_parts(self) -> (NonNull<f64>, usize, Memory) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so its memory is taken once.
        (this.data, this.length, unsafe { ManuallyDrop::take(&mut this.memory) })
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a buffer is dropped once, and not after `into_parts`.
        let memory = unsafe { ManuallyDrop::take(&mut self.memory) };
        match memory {
            Memory::Whole(allocation) if allocation.is_large() => keep(allocation),
            Memory::Part { allocation, .. } => {
                if let Some(allocation) = Arc::into_inner(allocation)
                    && allocation.is_large()
                {
                    keep(allocation);
                }
            }
            Memory::Whole(_) => {}
        }
    }
}

impl Deref for Buffer {
    type Target = [f64];

    #[inline]
    fn deref(&self) -> &[f64] {
        // SAFETY: the range is initialised, and this buffer's alone, see above.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f64] {
        // SAFETY: as above; the borrow of the buffer is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split<const N: usize>(buffer: Buffer, lengths: [usize; N]) -> Vec<Buffer> {
        let mut parts = Vec::new();
        buffer.split(lengths.into_iter(), &mut parts);
        parts
    }

    #[test]
    fn large_buffers_are_aligned_and_zero_also_when_memory_is_used_again() {
        for length in [1, 3, 255, 256, 257, 1000, if cfg!(miri) { 1001 } else { 100_000 }] {
            for _ in 0..3 {
                let mut buffer = Buffer::zeros(length).unwrap();
                assert!(buffer.iter().all(|&value| value.to_bits() == 0));
                if length >= 256 {
                    assert_eq!(buffer.as_ptr().addr() % LINE, 0);
                }
                buffer.fill(7.0);
            }
        }
        release_memory();
    }

    #[test]
    #[cfg(not(any(boc_plain_memory, miri)))]
    fn the_memory_kept_is_bounded_and_can_be_released() {
        let buffers: Vec<Buffer> = (1..40).map(|n| Buffer::zeros(n << 17).unwrap()).collect();
        drop(buffers);
        FREED.with_borrow(|freed| {
            assert!(!freed.is_empty() && freed.len() <= KEPT);
            assert!(freed.iter().map(|one| one.capacity * 8).sum::<usize>() <= KEPT_BYTES);
        });
        release_memory();
        FREED.with_borrow(|freed| assert!(freed.is_empty()));
    }

    #[test]
    fn parts_are_joined_in_place_and_refused_with_a_gap() {
        let mut buffer = Buffer::zeros(1000).unwrap();
        let address = buffer.as_ptr();
        buffer[999] = 5.0;
        let mut parts = split(buffer, [400, 100, 500]);
        let middle = parts.remove(1);
        let parts = Buffer::join(parts).err().expect("a gap");
        let [first, last] = <[Buffer; 2]>::try_from(parts).ok().expect("both came back");
        let inner = split(middle, [99, 1]);
        let middle = Buffer::join(inner).ok().expect("neighbours");
        assert!(middle.place().is_some());
        let whole = Buffer::join(vec![first, middle, last]).ok().expect("all");
        assert!(whole.place().is_none());
        assert_eq!((whole.as_ptr(), whole.len(), whole[999]), (address, 1000, 5.0));
    }

    #[test]
    fn what_is_left_of_a_split_matrix_stays_usable() {
        let mut parts = split(Buffer::zeros(600).unwrap(), [200, 200, 200]);
        parts.truncate(2);
        parts.remove(0);
        let mut last = Buffer::join(parts).ok().expect("one part is its own neighbour");
        last.fill(1.0);
        assert_eq!((last.len(), last.place().map(|(_, start)| start)), (200, Some(200)));
    }
}
