//! Calls that the main thread makes as soon as it runs Python code again.

use super::object::Python;
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// What is called.
pub(crate) trait Pending {
    fn run(py: Python<'_>);
}

/// Orders that call, from any thread. False: too many are ordered already.
pub(crate) fn order<P: Pending>() -> bool {
    // SAFETY: may be called by any thread, attached or not. The function is static.
    unsafe { ffi::Py_AddPendingCall(Some(run::<P>), ptr::null_mut()) == 0 }
}

extern "C" fn run<P: Pending>(_: *mut c_void) -> c_int {
    // SAFETY: CPython calls it attached to the main interpreter.
    let py = unsafe { Python::assume() };
    // A panic must not go through C.
    let _ = catch_unwind(AssertUnwindSafe(|| P::run(py)));
    0
}
