//! The extension module `bocpy._core`: behavior-oriented concurrency for Python.
//!
//! From the top: [`api`] is what Python calls; [`host`] is where behaviors run; [`behavior`] is how code is sent,
//! [`transport`] how values move; [`interpreter`] deals with interpreters and what each keeps for us; [`ffi`] makes
//! CPython's interface safe. `unsafe` lives in the last two only.
#![allow(missing_docs)] // a private crate: nothing of it can be named from outside

mod api;
mod behavior;
mod ffi;
mod host;
mod interpreter;
mod transport;

/// One thread allocates a behavior, and another one frees it. The C library takes a lock each time; allocators that
/// return each block to its thread write to memory which that thread reads when it allocates. jemalloc returns many
/// blocks at a time.
#[cfg(not(windows))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What CPython calls on import.
#[unsafe(no_mangle)]
pub extern "C" fn PyInit__core() -> *mut pyo3_ffi::PyObject {
    ffi::module::init(&api::module::DEFINITION)
}
