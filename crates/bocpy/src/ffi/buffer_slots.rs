//! Lending the memory of instances by the buffer protocol.

use super::class::{Instance, Native};
use super::error::{self, Kind};
use super::method::guard;
use super::object::{Borrowed, Python};
use super::slots::slot;
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

/// Instances lend their memory.
pub(crate) trait Lends: Native {
    /// What is lent. Raises where it cannot be, above all where it must not be written to and `writes` says that it will.
    fn lend(py: Python<'_>, this: &Instance<'_, Self>, writes: bool) -> PyResult<Lent>;
}

/// Memory that is lent until this is dropped, in any thread that is attached.
pub(crate) struct Lent {
    /// Keeps the memory.
    pub(crate) keeper: Box<dyn Keeper>,
    /// The format of an item, in the words of `struct`, and its size.
    pub(crate) format: Cow<'static, CStr>,
    pub(crate) item: usize,
    /// For each dimension: how many there are, and how many bytes it is from one to the next.
    pub(crate) dimensions: Dimensions,
    pub(crate) writable: bool,
}

/// One or two.
pub(crate) type Dimensions = SmallVec<[(usize, usize); 2]>;

impl Lent {
    /// Whether the items lie one after the other, without anything between them.
    fn is_dense(&self) -> bool {
        let mut size = self.item;
        self.dimensions.iter().rev().all(|(count, stride)| {
            let dense = *count < 2 || *stride == size;
            size = size.saturating_mul(*count);
            dense
        })
    }
}

/// Keeps memory where it is, and as large as it is, for as long as it lives itself.
pub(crate) trait Keeper {
    /// Where the first item is.
    fn start(&self) -> *mut u8;
}

/// What a `Py_buffer` points to.
struct Exported {
    shape: SmallVec<[ffi::Py_ssize_t; 2]>,
    strides: SmallVec<[ffi::Py_ssize_t; 2]>,
    format: Cow<'static, CStr>,
    keeper: Box<dyn Keeper>,
}

const DOUBLE: ffi::Py_ssize_t = size_of::<f64>() as ffi::Py_ssize_t;

unsafe extern "C" fn get<T: Lends>(
    this: *mut ffi::PyObject,
    buffer: *mut ffi::Py_buffer,
    flags: c_int,
) -> c_int {
    // SAFETY: CPython calls this attached, with an instance, and a buffer to be filled. All that it is filled with is kept by
    // what `internal` points to, until `release` takes that back.
    unsafe {
        let py = Python::assume();
        (*buffer).obj = ptr::null_mut();
        guard(py, -1, || {
            let object = Borrowed::new(py, this);
            let asks = |what: c_int| flags & what == what;
            let lent = T::lend(py, Instance::assume(&object), asks(ffi::PyBUF_WRITABLE))?;
            if asks(ffi::PyBUF_F_CONTIGUOUS) && lent.dimensions.len() > 1 {
                let message = "the elements lie row after row: a column-major buffer is a copy";
                return Err(error::raise(py, Kind::Buffer, message));
            }
            let any_stride =
                asks(ffi::PyBUF_STRIDES) && !asks(ffi::PyBUF_C_CONTIGUOUS) && !asks(ffi::PyBUF_F_CONTIGUOUS);
            if !any_stride && !lent.is_dense() {
                let message =
                    "the items do not lie one after the other: ask for a buffer with strides, or take a copy";
                return Err(error::raise(py, Kind::Buffer, message));
            }
            let mut exported = Box::new(Exported {
                shape: lent.dimensions.iter().map(|(count, _)| *count as ffi::Py_ssize_t).collect(),
                strides: lent.dimensions.iter().map(|(_, stride)| *stride as ffi::Py_ssize_t).collect(),
                format: lent.format,
                keeper: lent.keeper,
            });
            (*buffer).buf = exported.keeper.start().cast();
            (*buffer).len = exported.shape.iter().product::<ffi::Py_ssize_t>() * lent.item as ffi::Py_ssize_t;
            (*buffer).itemsize = lent.item as ffi::Py_ssize_t;
            (*buffer).readonly = c_int::from(!lent.writable);
            (*buffer).ndim = if asks(ffi::PyBUF_ND) { exported.shape.len() as c_int } else { 1 };
            (*buffer).format =
                if asks(ffi::PyBUF_FORMAT) { exported.format.as_ptr().cast_mut() } else { ptr::null_mut() };
            (*buffer).shape = if asks(ffi::PyBUF_ND) { exported.shape.as_mut_ptr() } else { ptr::null_mut() };
            (*buffer).strides =
                if asks(ffi::PyBUF_STRIDES) { exported.strides.as_mut_ptr() } else { ptr::null_mut() };
            (*buffer).suboffsets = ptr::null_mut();
            (*buffer).internal = Box::into_raw(exported).cast();
            (*buffer).obj = object.clone().into_ptr();
            Ok(0)
        })
    }
}

unsafe extern "C" fn release<T: Lends>(_: *mut ffi::PyObject, buffer: *mut ffi::Py_buffer) {
    // SAFETY: CPython calls this attached, once for each buffer that `get` has filled.
    unsafe {
        let exported = Box::from_raw((*buffer).internal.cast::<Exported>());
        (*buffer).internal = ptr::null_mut();
        error::aside(Python::assume(), || drop(exported));
    }
}

pub(super) fn add<T: Lends>(slots: &mut Vec<ffi::PyType_Slot>) {
    slots.push(slot(ffi::Py_bf_getbuffer, get::<T> as *mut c_void));
    slots.push(slot(ffi::Py_bf_releasebuffer, release::<T> as *mut c_void));
}

/// Numbers in memory that some object lends, one by one, as doubles.
pub(crate) struct Numbers {
    buffer: Box<ffi::Py_buffer>,
    read: unsafe fn(*const u8) -> f64,
}

macro_rules! readers {
    ($($kind:ty: $read:ident;)*) => {
        $(
            unsafe fn $read(at: *const u8) -> f64 {
                // SAFETY: such a number is there, says the caller. It may lie anywhere.
                unsafe { at.cast::<$kind>().read_unaligned() as f64 }
            }
        )*
    };
}

readers! {
    f64: read_f64; f32: read_f32;
    i8: read_i8; i16: read_i16; i32: read_i32; i64: read_i64;
    u8: read_u8; u16: read_u16; u32: read_u32; u64: read_u64;
}

/// How to read a number of that format, in the machine's own order of bytes.
fn reader(format: &[u8], size: usize) -> Option<unsafe fn(*const u8) -> f64> {
    let native: &[u8] = if cfg!(target_endian = "little") { b"@=<" } else { b"@=>!" };
    let kind = match format {
        [order, kind] if native.contains(order) => *kind,
        [kind] => *kind,
        _ => return None,
    };
    Some(match (kind, size) {
        (b'd', 8) => read_f64,
        (b'f', 4) => read_f32,
        (b'?' | b'B', 1) => read_u8,
        (b'b', 1) => read_i8,
        (b'h' | b'i' | b'l' | b'q' | b'n', 2) => read_i16,
        (b'h' | b'i' | b'l' | b'q' | b'n', 4) => read_i32,
        (b'h' | b'i' | b'l' | b'q' | b'n', 8) => read_i64,
        (b'H' | b'I' | b'L' | b'Q' | b'N', 2) => read_u16,
        (b'H' | b'I' | b'L' | b'Q' | b'N', 4) => read_u32,
        (b'H' | b'I' | b'L' | b'Q' | b'N', 8) => read_u64,
        _ => return None,
    })
}

impl Numbers {
    /// The numbers of an object. `None` where it lends no memory, or that of one number without dimensions. Raises for another format than that of real numbers, and
    /// for more than two dimensions.
    pub(crate) fn of(object: &super::Object<'_>) -> PyResult<Option<Numbers>> {
        let py = object.py();
        // SAFETY: a live object; filled on success, and then released by `drop`.
        unsafe {
            if ffi::PyObject_CheckBuffer(object.as_ptr()) == 0 {
                return Ok(None);
            }
            let mut buffer = Box::new(ffi::Py_buffer::new());
            if ffi::PyObject_GetBuffer(object.as_ptr(), &mut *buffer, ffi::PyBUF_FULL_RO) != 0 {
                return Err(Raised);
            }
            if buffer.ndim == 0 {
                // One number, which it will say itself.
                ffi::PyBuffer_Release(&mut *buffer);
                return Ok(None);
            }
            let format = match buffer.format {
                format if format.is_null() => b"B",
                format => std::ffi::CStr::from_ptr(format).to_bytes(),
            };
            let text = String::from_utf8_lossy(format).into_owned();
            let read = reader(format, buffer.itemsize as usize);
            let numbers = Numbers { buffer, read: read.unwrap_or(read_f64) };
            if read.is_none() {
                let message = format!(
                    "a buffer of the format '{text}' has no real numbers of this machine in it: convert it to doubles, \
                     format 'd', as by array.astype(float)"
                );
                return Err(error::raise(py, Kind::Type, &message));
            }
            if numbers.buffer.ndim > 2 || !numbers.buffer.suboffsets.is_null() {
                let message =
                    format!("a matrix has one or two dimensions, this buffer has {}", numbers.buffer.ndim);
                return Err(error::raise(py, Kind::Value, &message));
            }
            Ok(Some(numbers))
        }
    }

    /// The numbers of rows and columns. One dimension is a row.
    pub(crate) fn shape(&self) -> (usize, usize) {
        // SAFETY: the buffer was asked for with its shape, and has so many dimensions.
        unsafe {
            let length = |axis: usize| *self.buffer.shape.add(axis) as usize;
            if self.buffer.ndim == 1 { (1, length(0)) } else { (length(0), length(1)) }
        }
    }

    /// Writes them to `to`, row after row.
    ///
    /// # Panics
    /// If there are not as many places as numbers.
    pub(crate) fn copy_to(&self, to: &mut [f64]) {
        let (rows, columns) = self.shape();
        assert_eq!(rows * columns, to.len());
        let start = self.buffer.buf.cast_const().cast::<u8>();
        // SAFETY: the buffer was asked for with its strides; each place is within it.
        unsafe {
            let stride = |axis: usize| *self.buffer.strides.add(axis);
            let (down, across) = if self.buffer.ndim == 1 { (0, stride(0)) } else { (stride(0), stride(1)) };
            let dense = across == DOUBLE && (rows == 1 || down == columns as ffi::Py_ssize_t * DOUBLE);
            if dense && ptr::fn_addr_eq(self.read, read_f64 as unsafe fn(*const u8) -> f64) {
                ptr::copy_nonoverlapping(start, to.as_mut_ptr().cast::<u8>(), size_of_val(to));
                return;
            }
            for (place, to) in to.iter_mut().enumerate() {
                let (row, column) = ((place / columns) as isize, (place % columns) as isize);
                *to = (self.read)(start.offset(row * down + column * across));
            }
        }
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        // SAFETY: filled by CPython, released once.
        unsafe { ffi::PyBuffer_Release(&mut *self.buffer) }
    }
}
