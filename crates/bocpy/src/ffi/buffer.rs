//! Bytearrays, and memory that objects lend.

use super::error::{self, Kind};
use super::kind::kind;
use super::object::{Object, Python};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use std::slice;

kind!(
    /// Exactly a `bytearray`.
    ByteArray
);

/// A new bytearray with that content.
pub(crate) fn bytearray<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Object<'py>> {
    /// From that size on there may be no memory.
    const LARGE: usize = 1 << 16;
    let size = data.len() as ffi::Py_ssize_t;
    // SAFETY: as many bytes as it says; the new bytearray is nobody else's, and as large as the data when they are written.
    unsafe {
        if data.len() < LARGE {
            return Object::owned(py, ffi::PyByteArray_FromStringAndSize(data.as_ptr().cast(), size));
        }
        // In two steps: in one, CPython looks at a field that it has not written yet if there is no memory, and prints an
        // error about exported buffers.
        let new = Object::owned(py, ffi::PyByteArray_FromStringAndSize(std::ptr::null(), 0))?;
        if ffi::PyByteArray_Resize(new.as_ptr(), size) != 0 {
            return Err(Raised);
        }
        let to = ffi::PyByteArray_AsString(new.as_ptr()).cast::<u8>();
        std::ptr::copy_nonoverlapping(data.as_ptr(), to, data.len());
        Ok(new)
    }
}

/// Calls `f` with a memoryview of `data`, to read from it as long as `f` runs. The view must not be kept.
pub(crate) fn with_view<'py, R>(
    py: Python<'py>,
    data: &[u8],
    f: impl FnOnce(&Object<'py>) -> PyResult<R>,
) -> PyResult<R> {
    // SAFETY: the slice is as long as it says; nobody can write to through the view; released before they can go.
    let view = unsafe {
        let size = data.len() as ffi::Py_ssize_t;
        let view = ffi::PyMemoryView_FromMemory(data.as_ptr().cast_mut().cast(), size, ffi::PyBUF_READ);
        Object::owned(py, view)?
    };
    let result = f(&view);
    let release = || view.call_method(c"release", &[]).map(drop);
    match result {
        Ok(result) => release().map(|()| result),
        Err(raised) => {
            error::aside(py, || release().unwrap_or_else(|Raised| error::clear(py)));
            Err(raised)
        }
    }
}

/// A memoryview of an object that lends its memory.
pub(crate) fn view<'py>(object: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a live object.
    unsafe { Object::owned(object.py(), ffi::PyMemoryView_FromObject(object.as_ptr())) }
}

unsafe extern "C" {
    // pyo3-ffi does not declare it.
    fn PyPickleBuffer_FromObject(object: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// The memory that an object lends, for pickle to take along.
pub(crate) fn pickle_buffer<'py>(object: &Object<'py>) -> PyResult<Object<'py>> {
    // SAFETY: a live object.
    unsafe { Object::owned(object.py(), PyPickleBuffer_FromObject(object.as_ptr())) }
}

impl Object<'_> {
    /// Calls `f` with the memory that the object lends, where it is one piece.
    pub(crate) fn with_memory<R>(&self, f: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
        let mut buffer = ffi::Py_buffer::new();
        // SAFETY: filled on success, and released after use. `f` runs no Python code that could write meanwhile, as far as
        // that matters: bytes are bytes.
        unsafe {
            if ffi::PyObject_GetBuffer(self.as_ptr(), &mut buffer, ffi::PyBUF_SIMPLE) != 0 {
                return Err(Raised);
            }
            let data = match buffer.len {
                0 => &[],
                size => slice::from_raw_parts(buffer.buf.cast::<u8>(), size as usize),
            };
            let result = f(data);
            ffi::PyBuffer_Release(&mut buffer);
            Ok(result)
        }
    }
}

impl ByteArray<'_> {
    /// Whether its memory may be taken away from it: it is big enough to come from the C library, and lent to nobody. Where
    /// it belongs to another object inside, as from 3.15 on, it may not.
    pub(crate) fn can_give_memory(&self) -> bool {
        #[cfg(not(Py_3_15))]
        // SAFETY: reads the fields of a bytearray.
        unsafe {
            const FROM_C: ffi::Py_ssize_t = 512;
            let array = self.as_ptr().cast::<ffi::PyByteArrayObject>();
            (*array).ob_exports == 0 && (*array).ob_alloc > FROM_C
        }
        #[cfg(Py_3_15)]
        false
    }
}

/// A new bytearray of this interpreter that takes over the memory of `from`, which is left empty.
///
/// # Safety
/// `from` is a live bytearray of any interpreter that `can_give_memory` was true of; only this thread can reach it.
#[cfg(not(Py_3_15))]
pub(crate) unsafe fn take_memory(py: Python<'_>, from: *mut ffi::PyObject) -> PyResult<Object<'_>> {
    let new = bytearray(py, &[])?;
    // SAFETY: an empty bytearray owns no memory. That of the other came from the C library by way of CPython's allocator,
    // which gives such memory back to it in whichever interpreter.
    unsafe {
        let (from, to) =
            (from.cast::<ffi::PyByteArrayObject>(), new.as_ptr().cast::<ffi::PyByteArrayObject>());
        (*to).ob_base.ob_size = (*from).ob_base.ob_size;
        (*to).ob_alloc = (*from).ob_alloc;
        (*to).ob_bytes = (*from).ob_bytes;
        (*to).ob_start = (*from).ob_start;
        (*from).ob_base.ob_size = 0;
        (*from).ob_alloc = 0;
        (*from).ob_bytes = std::ptr::null_mut();
        (*from).ob_start = std::ptr::null_mut();
    }
    Ok(new)
}

/// The same where `can_give_memory` is never true.
///
/// # Safety
/// As above.
#[cfg(Py_3_15)]
pub(crate) unsafe fn take_memory(_py: Python<'_>, _from: *mut ffi::PyObject) -> PyResult<Object<'_>> {
    unreachable!("no bytearray gives its memory away")
}

/// A copy of those bytes. Raises `MemoryError` if there is no room: they are of any size, and Rust's own way out would be to
/// end the process.
pub(crate) fn copy(py: Python<'_>, bytes: &[u8]) -> PyResult<Box<[u8]>> {
    try_copy(bytes).ok_or_else(|| no_room(py, bytes.len()))
}

/// The same; `None` if there is no room.
pub(crate) fn try_copy(bytes: &[u8]) -> Option<Box<[u8]>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).ok()?;
    copy.extend_from_slice(bytes);
    Some(copy.into_boxed_slice())
}

/// Raises for so many bytes.
#[cold]
pub(crate) fn no_room(py: Python<'_>, size: usize) -> Raised {
    error::raise(
        py,
        Kind::Memory,
        &format!("no memory for {size} bytes of a value that is to be moved or copied"),
    )
}
