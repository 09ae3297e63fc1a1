//! Memory for behaviors and cowns.
//!
//! A behavior is one block of memory that lives for microseconds, and often dies on another thread than it was made on.
//! So freed blocks are kept for the next behavior: each thread has a list of them for every size. A full list passes
//! blocks to a common stash, a batch at a time, where threads that only make behaviors find them. A full stash returns
//! blocks to the allocator.
//!
//! Lists and batches are arrays of pointers, not chains through the blocks ("magazines": J. Bonwick and J. Adams,
//! Magazines and Vmem, USENIX 2001). If a thread takes blocks that another one has freed, each block is in the other
//! one's cache. With an array the thread can prefetch several blocks; in a chain it has to wait for one block to learn
//! where the next one is.
//!
//! Blocks are whole cache lines. Two blocks in one line, used by two workers, would slow each other down; and as each
//! worker uses the same few blocks again and again, they would do so for long.

use crate::sync::prefetch_for_write;
use std::alloc::Layout;
#[cfg(not(all(test, loom)))]
use std::alloc::handle_alloc_error;
use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};
use std::sync::Mutex;

/// Sizes are rounded up to a multiple of this.
const LINE: usize = 64;
/// The minimum alignment of blocks that are kept. Asking for more makes allocators slow; those with size classes
/// (jemalloc, mimalloc, snmalloc) align such sizes to whole lines anyway.
const ALIGN: usize = 16;
/// Blocks of up to `LINE * SIZES` bytes are kept.
const SIZES: usize = 5;
/// How many blocks change hands at once.
const BATCH: usize = 64;
/// How many batches of one size the stash keeps.
const STASHED: usize = 128;
/// How many blocks a thread has in one list at most.
const ROOM: usize = 2 * BATCH;
/// How many blocks are requested from the allocator at once if the stash has none.
const FRESH: usize = 16;
/// How many blocks ahead a block is prefetched.
const AHEAD: usize = 4;
/// Every block comes from the allocator and goes back there. For tools that look for misuse of memory, and for models.
const PLAIN: bool = cfg!(any(loom, boc_plain_memory));

type Block = *mut u8;

/// Free blocks that change hands.
type Batch = Box<[Block; BATCH]>;

/// Free blocks of one size.
struct List {
    /// How many there are.
    len: Cell<usize>,
    /// The blocks, after `AHEAD` null entries that keep the prefetch in bounds. The last block is used next.
    blocks: UnsafeCell<[Block; AHEAD + ROOM]>,
}

struct Lists([List; SIZES]);

thread_local! {
    static LISTS: Lists = const { Lists([const { List::new() }; SIZES]) };
}

struct Stash(Vec<Batch>);

// SAFETY: a free block belongs to the thread that has the pointer to it.
unsafe impl Send for Stash {}

/// Nobody sleeps for these locks: after a `fork` their owner may no longer exist. If one is taken, the allocator is used.
static STASHES: [Mutex<Stash>; SIZES] = [const { Mutex::new(Stash(Vec::new())) }; SIZES];

/// The list for blocks of this size and alignment, if such blocks are kept.
#[inline(always)]
fn list(size: usize, align: usize) -> Option<usize> {
    // Nobody asks for size zero; it would be in no list.
    let list = size.wrapping_sub(1) / LINE;
    (!PLAIN && list < SIZES && align <= ALIGN).then_some(list)
}

/// The blocks of a list.
fn whole(list: usize) -> Layout {
    Layout::from_size_align(LINE * (list + 1), ALIGN).expect("a small power of two")
}

/// A block of memory. Its size is not zero, and its alignment a power of two.
#[inline(always)] // much is known where this is called
pub(crate) fn allocate(size: usize, align: usize) -> NonNull<u8> {
    let Some(list) = list(size, align) else { return from_allocator(size, align) };
    let kept = LISTS.try_with(|lists| lists.0[list].take(list));
    kept.unwrap_or_else(|_| from_allocator(whole(list).size(), whole(list).align()))
}

/// Gives a block back.
///
/// # Safety
/// It came from `allocate` with this size and alignment, and is not used again.
#[inline(always)] // as above
pub(crate) unsafe fn free(block: NonNull<u8>, size: usize, align: usize) {
    match list(size, align) {
        // SAFETY: guaranteed by the caller; a block that is kept has the size of its list.
        Some(list) => unsafe {
            if LISTS.try_with(|lists| lists.0[list].put(list, block)).is_err() {
                to_allocator(block, whole(list).size(), whole(list).align());
            }
        },
        // SAFETY: guaranteed by the caller.
        None => unsafe { to_allocator(block, size, align) },
    }
}

#[cold]
fn from_allocator(size: usize, align: usize) -> NonNull<u8> {
    let layout = Layout::from_size_align(size, align).expect("a block fits into memory");
    #[cfg(all(test, loom))]
    return crate::models::memory::allocate(layout);
    #[cfg(not(all(test, loom)))]
    from_system(layout)
}

#[cfg(not(all(test, loom)))]
fn from_system(layout: Layout) -> NonNull<u8> {
    // SAFETY: nothing here is of size zero.
    let block = unsafe { std::alloc::alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// The block came from `from_allocator`, with this size and alignment.
#[cold]
unsafe fn to_allocator(block: NonNull<u8>, size: usize, align: usize) {
    #[cfg(all(test, loom))]
    // SAFETY: guaranteed by the caller.
    return unsafe { crate::models::memory::free(block, size, align) };
    #[cfg(not(all(test, loom)))]
    // SAFETY: guaranteed by the caller; so they make a valid layout.
    unsafe {
        std::alloc::dealloc(block.as_ptr(), Layout::from_size_align_unchecked(size, align))
    };
}

impl List {
    const fn new() -> Self {
        List { len: Cell::new(0), blocks: UnsafeCell::new([ptr::null_mut(); AHEAD + ROOM]) }
    }

    /// The blocks, and room for more.
    ///
    /// # Safety
    /// Nobody else uses them meanwhile.
    #[allow(clippy::mut_from_ref)] // see above
    unsafe fn blocks(&self) -> &mut [Block] {
        // SAFETY: guaranteed by the caller.
        unsafe { &mut (&mut *self.blocks.get())[AHEAD..] }
    }

    #[inline(always)]
    fn take(&self, list: usize) -> NonNull<u8> {
        if self.len.get() == 0 {
            self.refill(list);
        }
        let len = self.len.get() - 1;
        self.len.set(len);
        let blocks = self.blocks.get().cast::<Block>();
        // SAFETY: `len` is below `ROOM`. A block in the list is free, and nobody else's. None is null.
        unsafe {
            // Another thread may have written to it last.
            let ahead = *blocks.add(len);
            (0..=list).for_each(|line| prefetch_for_write(ahead.wrapping_byte_add(LINE * line)));
            NonNull::new_unchecked(*blocks.add(AHEAD + len))
        }
    }

    #[cold]
    fn refill(&self, list: usize) {
        // SAFETY: nothing below uses this list.
        let blocks = unsafe { self.blocks() };
        let stashed = || STASHES[list].try_lock().ok()?.0.pop();
        if let Some(batch) = stashed() {
            blocks[..BATCH].copy_from_slice(&*batch);
            self.len.set(BATCH);
            return;
        }
        for place in (0..FRESH).rev() {
            // If the allocator returns them in the order of their addresses, they are used in that order.
            blocks[place] = from_allocator(whole(list).size(), whole(list).align()).as_ptr();
        }
        self.len.set(FRESH);
    }

    /// # Safety
    /// The block is of this size, came from `from_allocator`, and is not used again.
    #[inline(always)]
    unsafe fn put(&self, list: usize, block: NonNull<u8>) {
        if self.len.get() == ROOM {
            self.hand_over(list);
        }
        let len = self.len.get();
        // SAFETY: `len` is below `ROOM`.
        unsafe { *self.blocks.get().cast::<Block>().add(AHEAD + len) = block.as_ptr() };
        self.len.set(len + 1);
    }

    /// The list is full. Passes on the blocks that were freed first, which are cold.
    #[cold]
    fn hand_over(&self, list: usize) {
        // SAFETY: nothing below uses this list.
        let blocks = unsafe { self.blocks() };
        if let Ok(mut stash) = STASHES[list].try_lock()
            && stash.0.len() < STASHED
        {
            stash.0.push(Box::new(std::array::from_fn(|place| blocks[place])));
        } else {
            give_back(list, &blocks[..BATCH]);
        }
        blocks.copy_within(BATCH.., 0);
        self.len.set(ROOM - BATCH);
    }
}

/// Gives free blocks back to the allocator.
fn give_back(list: usize, blocks: &[Block]) {
    for &block in blocks {
        // SAFETY: a free block of that size, which came from the allocator.
        unsafe { std::alloc::dealloc(block, whole(list)) };
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        for (place, list) in self.0.iter().enumerate() {
            if list.len.get() == ROOM {
                list.hand_over(place);
            }
            // SAFETY: only this thread has the list.
            give_back(place, unsafe { &list.blocks()[..list.len.take()] });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn layouts() -> impl Iterator<Item = Layout> {
        let sizes = [1, 15, 64, 65, 319, 320, 321, 5_000];
        let aligns = [1, 8, 16, 64];
        sizes.into_iter().flat_map(move |size| {
            aligns.into_iter().map(move |align| Layout::from_size_align(size, align).unwrap())
        })
    }

    #[test]
    fn blocks_are_as_asked_for_and_apart() {
        for layout in layouts() {
            let blocks: Vec<_> = (0..1_000).map(|_| allocate(layout.size(), layout.align())).collect();
            for (nth, block) in blocks.iter().enumerate() {
                assert_eq!(block.addr().get() % layout.align(), 0);
                // SAFETY: as large as asked for.
                unsafe { block.write_bytes(nth as u8, layout.size()) };
            }
            for (nth, block) in blocks.iter().enumerate() {
                // SAFETY: written above.
                let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), layout.size()) };
                assert!(bytes.iter().all(|&byte| byte == nth as u8));
            }
            // SAFETY: from `allocate`, and not used again.
            blocks.into_iter().for_each(|block| unsafe { free(block, layout.size(), layout.align()) });
        }
    }

    /// A thread gets blocks that another one has freed, through the stash.
    #[test]
    fn blocks_go_round() {
        if PLAIN {
            return;
        }
        let layout = Layout::from_size_align(208, 8).unwrap();
        let (send, receive) = std::sync::mpsc::sync_channel::<usize>(1_000);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                (0..100_000).for_each(|_| {
                    send.send(allocate(layout.size(), layout.align()).as_ptr().expose_provenance()).unwrap()
                });
            });
            scope.spawn(move || {
                for block in receive {
                    let block = NonNull::new(ptr::with_exposed_provenance_mut(block)).unwrap();
                    // SAFETY: from `allocate` above.
                    unsafe { free(block, layout.size(), layout.align()) };
                }
            });
        });
        let stashed = STASHES[list(layout.size(), layout.align()).unwrap()].lock().unwrap().0.len();
        assert!(stashed <= STASHED);
    }
}
