//! Memory for behaviors and cowns.
//!
//! A behavior is one block of memory that lives for microseconds, and often dies on another thread than it was made on.
//! So freed blocks are kept for the next behavior: each thread has a list of them for every size, and gives what is too
//! much for it to a common stash, a batch at a time, where threads that only make behaviors find it. What is too much for
//! the stash goes back to the allocator.
//!
//! Blocks are whole cache lines. Two blocks in one line, used by two workers, would slow each other down; and as each
//! worker uses the same few blocks again and again, they would do so for long.

use crate::sync::prefetch_for_write;
use std::alloc::Layout;
#[cfg(not(all(test, loom)))]
use std::alloc::handle_alloc_error;
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::Mutex;

/// Sizes are rounded up to a multiple of this.
const LINE: usize = 64;
/// What blocks that are kept are aligned to at least. To ask for more makes allocators slow; those with classes of sizes
/// (jemalloc, mimalloc, snmalloc) align such sizes to whole lines by themselves.
const ALIGN: usize = 16;
/// Blocks of up to `LINE * SIZES` bytes are kept.
const SIZES: usize = 5;
/// How many blocks change hands at once.
const BATCH: usize = 64;
/// How many batches of one size the stash keeps.
const STASHED: usize = 128;
/// How many blocks are asked of the allocator at once, where the stash has none.
const FRESH: usize = 16;
/// Every block comes from the allocator and goes back there: for tools that look for misuse of memory, and for models.
const PLAIN: bool = cfg!(any(loom, boc_plain_memory));

/// What a block holds while it is free.
struct Free {
    next: *mut Free,
}

/// A list of free blocks of one size.
struct List {
    first: Cell<*mut Free>,
    len: Cell<usize>,
    /// A whole batch beside, so that a thread that makes and frees in turns need not go to the stash all the time.
    spare: Cell<*mut Free>,
}

struct Lists([List; SIZES]);

thread_local! {
    static LISTS: Lists = const { Lists([const { List::new() }; SIZES]) };
}

/// Chains of `BATCH` free blocks each.
struct Stash(Vec<*mut Free>);

// SAFETY: a free block belongs to the thread that has the pointer to it.
unsafe impl Send for Stash {}

/// Nobody sleeps for these locks: after a `fork` their owner may not be there any more. The allocator does as well.
static STASHES: [Mutex<Stash>; SIZES] = [const { Mutex::new(Stash(Vec::new())) }; SIZES];

/// The list that blocks of this size and alignment are in, if they are kept.
#[inline(always)]
fn list(size: usize, align: usize) -> Option<usize> {
    // A size of nothing is none that anybody asks for; it would be in no list.
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
        // SAFETY: says the caller; a block that is kept is as large as its list says.
        Some(list) => unsafe {
            if LISTS.try_with(|lists| lists.0[list].put(list, block.cast())).is_err() {
                to_allocator(block, whole(list).size(), whole(list).align());
            }
        },
        // SAFETY: says the caller.
        None => unsafe { to_allocator(block, size, align) },
    }
}

/// A chain of new blocks, in the order of their addresses if the allocator gives them so, and how many there are.
fn fresh(list: usize) -> (NonNull<Free>, usize) {
    let mut chain: *mut Free = ptr::null_mut();
    let blocks: [NonNull<Free>; FRESH] =
        std::array::from_fn(|_| from_allocator(whole(list).size(), whole(list).align()).cast());
    for block in blocks.into_iter().rev() {
        // SAFETY: new memory, large enough.
        unsafe { block.write(Free { next: chain }) };
        chain = block.as_ptr();
    }
    (blocks[0], FRESH)
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
    // SAFETY: says the caller.
    return unsafe { crate::models::memory::free(block, size, align) };
    #[cfg(not(all(test, loom)))]
    // SAFETY: says the caller; and so they make a layout.
    unsafe {
        std::alloc::dealloc(block.as_ptr(), Layout::from_size_align_unchecked(size, align))
    };
}

impl List {
    const fn new() -> Self {
        List { first: Cell::new(ptr::null_mut()), len: Cell::new(0), spare: Cell::new(ptr::null_mut()) }
    }

    #[inline(always)]
    fn take(&self, list: usize) -> NonNull<u8> {
        let block = NonNull::new(self.first.get()).unwrap_or_else(|| self.refill(list));
        // SAFETY: a block in the list is free, and nobody else's.
        let next = unsafe { block.as_ref() }.next;
        // Another thread may have written to it last. It is fetched now, for the next one who wants a block.
        (0..=list).for_each(|line| prefetch_for_write(next.wrapping_byte_add(LINE * line)));
        self.first.set(next);
        self.len.set(self.len.get() - 1);
        block.cast()
    }

    #[cold]
    fn refill(&self, list: usize) -> NonNull<Free> {
        let stashed = || STASHES[list].try_lock().ok()?.0.pop();
        let batch = NonNull::new(self.spare.take()).or_else(|| NonNull::new(stashed()?));
        let (first, len) = batch.map_or_else(|| fresh(list), |batch| (batch, BATCH));
        self.first.set(first.as_ptr());
        self.len.set(len);
        first
    }

    /// # Safety
    /// The block is of this size, came from `from_allocator`, and is not used again.
    #[inline(always)]
    unsafe fn put(&self, list: usize, block: NonNull<Free>) {
        if self.len.get() == BATCH {
            self.hand_over(list, self.spare.replace(self.first.take()));
            self.len.set(0);
        }
        // SAFETY: the block is ours now.
        unsafe { block.write(Free { next: self.first.get() }) };
        self.first.set(block.as_ptr());
        self.len.set(self.len.get() + 1);
    }

    #[cold]
    fn hand_over(&self, list: usize, batch: *mut Free) {
        if batch.is_null() {
            return;
        }
        if let Ok(mut stash) = STASHES[list].try_lock()
            && stash.0.len() < STASHED
        {
            return stash.0.push(batch);
        }
        give_back(list, batch);
    }
}

/// Gives a chain of free blocks back to the allocator.
fn give_back(list: usize, mut chain: *mut Free) {
    while let Some(block) = NonNull::new(chain) {
        // SAFETY: a free block of that size, which came from the allocator.
        unsafe {
            chain = block.as_ref().next;
            std::alloc::dealloc(block.as_ptr().cast(), whole(list));
        }
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        for (place, list) in self.0.iter().enumerate() {
            list.hand_over(place, list.spare.take());
            give_back(place, list.first.take());
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

    /// What one thread frees another gets, by way of the stash.
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
