//! Memory for models. In one execution of a model no place is used twice, and in each execution the blocks are at the
//! same places, so that behaviors get in line in the same order. Freed memory is made unusable: if it is used, loom finds
//! an atomic that it does not know.

use std::alloc::Layout;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ptr::NonNull;

struct Arena {
    memory: Box<[u128]>,
    used: usize,
    live: HashMap<usize, Layout>,
}

// The threads of a model share one real thread.
thread_local! {
    static ARENA: RefCell<Arena> =
        RefCell::new(Arena { memory: vec![0; 1 << 16].into(), used: 0, live: HashMap::new() });
}

/// An execution begins.
pub(crate) fn begin() {
    ARENA.with_borrow_mut(|arena| (arena.used, arena.live) = (0, HashMap::new()));
}

/// It has ended: nothing is left.
pub(crate) fn end() {
    ARENA.with_borrow(|arena| assert!(arena.live.is_empty(), "blocks that nobody frees: {:?}", arena.live));
}

pub(crate) fn allocate(layout: Layout) -> NonNull<u8> {
    ARENA.with_borrow_mut(|arena| {
        let place = arena.used;
        assert!(layout.align() <= 16);
        arena.used += layout.size().div_ceil(16);
        let block = NonNull::from(&mut arena.memory[place..arena.used]).cast();
        arena.live.insert(block.addr().get(), layout);
        block
    })
}

/// # Safety
/// The block is not used again.
pub(crate) unsafe fn free(block: NonNull<u8>, size: usize, align: usize) {
    let layout = ARENA.with_borrow_mut(|arena| arena.live.remove(&block.addr().get()));
    let layout = layout.expect("a block is freed once");
    assert_eq!((size, align), (layout.size(), layout.align()));
    // SAFETY: a block of that size, which is not used any more.
    unsafe { block.write_bytes(0xd7, size) };
}
