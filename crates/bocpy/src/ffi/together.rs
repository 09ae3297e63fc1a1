//! Several handles used at once: some to read, one to write. For free-threaded builds.
//!
//! Where an interpreter's lock guards the handles, they can be used one inside the other. Without, each use takes the lock of
//! its data, and threads whose operations write to each other's operands would wait for each other in a circle. So the locks
//! are taken in the order of their addresses, each of them once, however the operands are ordered.

use super::block::Lock;
use super::error::Raised;
use super::ownership::{Ownable, Owned, Right, in_use, look_into, only_read};
use super::{PyResult, Python};

/// Calls `f` with the data of `reads`, and that of `output`, which is not one of these, to write. It must not run Python code.
pub(crate) fn write<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    output: &Owned<T>,
    f: impl for<'x> FnOnce([Option<&'x T>; N], &'x mut T) -> R,
) -> PyResult<R> {
    in_order(py, reads, Some(output), |found, to| match to {
        Some(to) => f(found, to),
        None => unreachable!("there is an output"),
    })
}

/// Calls `f` with the data of `reads`. It must not run Python code.
pub(crate) fn read<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    f: impl for<'x> FnOnce([Option<&'x T>; N]) -> R,
) -> PyResult<R> {
    in_order(py, reads, None, |found, _| f(found))
}

/// All locks first, in one order for all threads.
fn in_order<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    output: Option<&Owned<T>>,
    f: impl for<'x> FnOnce([Option<&'x T>; N], Option<&'x mut T>) -> R,
) -> PyResult<R> {
    let mut rights: [Option<Right<T>>; N] = [const { None }; N];
    for (right, handle) in rights.iter_mut().zip(reads) {
        *right = handle.map(|handle| handle.right(py)).transpose()?;
    }
    let to = output.map(|output| output.right(py)).transpose()?;
    let mut blocks: Vec<_> = rights.iter().flatten().map(|right| (&right.block, false)).collect();
    blocks.extend(to.iter().map(|to| (&to.block, true)));
    // To write comes before to read the same.
    blocks.sort_by_key(|(block, writes)| (block.address(), !writes));
    blocks.dedup_by_key(|(block, _)| block.address());
    let locks: Vec<Lock<'_, T>> = blocks.into_iter().map(|(block, writes)| block.lock(writes)).collect();
    // Nothing is raised before the locks are free again: that may wait for other threads.
    if let Some(stale) = rights.iter().flatten().chain(&to).find(|right| !right.is_current()) {
        drop(locks);
        return Err(stale.stale(py));
    }
    let is_read =
        |to: &Right<T>| rights.iter().flatten().any(|right| right.block.address() == to.block.address());
    if let Some(to) = to.as_ref().filter(|to| !to.writes || is_read(to)) {
        drop(locks);
        return Err(not_to_write(py, to));
    }
    let mut found = [None; N];
    for (found, right) in found.iter_mut().zip(&rights) {
        // SAFETY: locked to read as long as `locks` is there. It is not what is written to, as was seen just now.
        *found = right.as_ref().map(|right| unsafe { right.block.parts() }.0);
    }
    // SAFETY: locked to write as long as `locks` is there.
    let data = to.as_ref().map(|to| unsafe { to.block.parts_mut() }.0);
    let result = f(found, data);
    drop(locks);
    Ok(result)
}

/// Why data cannot be written to: one may only read it, or reads it at the same time.
#[cold]
fn not_to_write<T: Ownable>(py: Python<'_>, to: &Right<T>) -> Raised {
    if to.writes { in_use(py) } else { only_read(py, &look_into(&to.block, |data, _| data.class())) }
}
