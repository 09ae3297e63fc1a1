//! CPython's allocator of objects.

use super::Python;
#[cfg(all(Py_3_12, not(Py_3_13)))]
use pyo3_ffi as ffi;

/// From here on, at the end of the program, memory of objects is no longer freed.
///
/// In CPython 3.12, C functions keep the names of their keyword parameters in the first interpreter that calls them. At
/// exit, CPython frees them as if they belonged to the main interpreter; if they belong to another one, the process
/// aborts.
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
