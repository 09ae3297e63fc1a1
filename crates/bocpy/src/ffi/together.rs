//! Several handles used at once: some to read, one to write.
//!
//! Where an interpreter's lock guards the handles, they are used one inside the other. On free-threaded builds, each use takes
//! the lock of its data, and threads whose operations write to each other's operands could wait for each other in a circle. So
//! there the locks are taken in the order of their addresses, each of them once, however the operands are ordered. What only
//! reads may take them in any order: it makes nobody wait who holds a lock to write, as that one waits for no other such lock.

use super::block::Lock;
use super::error::Raised;
use super::ownership::{Ownable, Owned, Right, in_use, look_into, only_read};
use super::{PyResult, Python};

/// Calls `f` with the data of `reads`, and that of `output`, which is not one of these, to write. It must not run Python code.
#[inline]
pub(crate) fn write<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    output: &Owned<T>,
    f: impl for<'x> FnOnce([Option<&'x T>; N], &'x mut T) -> R,
) -> PyResult<R> {
    if cfg!(Py_GIL_DISABLED) {
        return in_order(py, reads, output, f);
    }
    step(py, reads, output, [None; N], 0, f)
}

/// One inside the other; a handle that is there twice is read twice, which is allowed.
fn step<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    output: &Owned<T>,
    found: [Option<&T>; N],
    at: usize,
    f: impl for<'x> FnOnce([Option<&'x T>; N], &'x mut T) -> R,
) -> PyResult<R> {
    match reads.get(at) {
        None => output.write(py, |data| f(found, data)),
        Some(None) => step(py, reads, output, found, at + 1, f),
        Some(Some(handle)) => handle.read(py, |data| {
            let mut found: [Option<&T>; N] = found;
            found[at] = Some(data);
            step(py, reads, output, found, at + 1, f)
        })?,
    }
}

/// All locks first, in one order for all threads.
fn in_order<T: Ownable, R, const N: usize>(
    py: Python<'_>,
    reads: [Option<&Owned<T>>; N],
    output: &Owned<T>,
    f: impl for<'x> FnOnce([Option<&'x T>; N], &'x mut T) -> R,
) -> PyResult<R> {
    let mut rights: [Option<Right<T>>; N] = [const { None }; N];
    for (right, handle) in rights.iter_mut().zip(reads) {
        *right = handle.map(|handle| handle.right(py)).transpose()?;
    }
    let to = output.right(py)?;
    let mut blocks: Vec<_> = rights.iter().flatten().map(|right| (&right.block, false)).collect();
    blocks.push((&to.block, true));
    // To write comes before to read the same.
    blocks.sort_by_key(|(block, writes)| (block.address(), !writes));
    blocks.dedup_by_key(|(block, _)| block.address());
    let locks: Vec<Lock<'_, T>> = blocks.into_iter().map(|(block, writes)| block.lock(writes)).collect();
    // Nothing is raised before the locks are free again: that may wait for other threads.
    let all = || rights.iter().flatten().chain([&to]);
    if let Some(stale) = all().find(|right| !right.is_current()) {
        drop(locks);
        look_into(&stale.block, |data, _| stale.check(py, data))?;
        return Err(in_use(py));
    }
    if !to.writes || rights.iter().flatten().any(|right| right.block.address() == to.block.address()) {
        drop(locks);
        return Err(not_to_write(py, &to));
    }
    let mut found = [None; N];
    for (found, right) in found.iter_mut().zip(&rights) {
        // SAFETY: locked to read as long as `locks` is there. It is not what is written to, as was seen just now.
        *found = right.as_ref().map(|right| unsafe { right.block.parts() }.0);
    }
    // SAFETY: locked to write as long as `locks` is there.
    let (data, _) = unsafe { to.block.parts_mut() };
    let result = f(found, data);
    drop(locks);
    Ok(result)
}

/// Why data cannot be written to: one may only read it, or reads it at the same time.
#[cold]
fn not_to_write<T: Ownable>(py: Python<'_>, to: &Right<T>) -> Raised {
    if to.writes { in_use(py) } else { look_into(&to.block, |data, _| only_read(py, data)) }
}
