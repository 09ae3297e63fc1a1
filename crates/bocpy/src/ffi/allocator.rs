//! CPython's allocator of objects.

use super::Python;
#[cfg(all(Py_3_12, not(Py_3_13)))]
use pyo3_ffi as ffi;

/// From here on, as the program ends, memory of objects is not given back.
///
/// CPython 3.12 lets C functions keep the names of their keyword parameters in whichever interpreter calls them first,
/// and at the end takes them for the main one's. Memory of another interpreter that is given back there ends the process.
#[cfg(all(Py_3_12, not(Py_3_13)))]
pub(crate) fn stop_giving_back(_py: Python<'_>) {
    use std::ffi::c_void;

    extern "C" fn keep(_context: *mut c_void, _memory: *mut c_void) {}

    // SAFETY: attached to the main interpreter, of which no worker is left. What allocates stays as it is, and may be
    // handed what it has allocated before.
    unsafe {
        let mut allocator: ffi::PyMemAllocatorEx = std::mem::zeroed();
        ffi::PyMem_GetAllocator(ffi::PyMemAllocatorDomain::PYMEM_DOMAIN_OBJ, &mut allocator);
        allocator.free = Some(keep);
        ffi::PyMem_SetAllocator(ffi::PyMemAllocatorDomain::PYMEM_DOMAIN_OBJ, &mut allocator);
    }
}

#[cfg(not(all(Py_3_12, not(Py_3_13))))]
pub(crate) fn stop_giving_back(_py: Python<'_>) {}
