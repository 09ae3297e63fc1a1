//! The data of a `Matrix` object.

use super::arguments::raise;
use crate::ffi::block::Data;
use crate::ffi::class::Class;
use crate::ffi::ownership::{Ownable, Owned};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::PerInterpreter;
use crate::transport::by_reference::{ByReference, Kind};
use boc_matrix::{Error, Matrix};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) static CLASS: PerInterpreter<Class<Owned<MatrixData>>> = PerInterpreter::to_be_filled();

/// A matrix that moves by reference.
pub(crate) struct MatrixData {
    /// None: its rows have been handed out by `split_rows`, or joined with others.
    matrix: Option<Matrix>,
    /// How many buffers of its memory are in use.
    lent: AtomicUsize,
    /// How many of these were lent by handles that can only read: what they show must not change.
    lent_to_read: AtomicUsize,
}

/// What is told about an object whose rows have been handed out.
pub(super) const EMPTY: &str = "this Matrix has handed its rows out, by split_rows() or join_rows(): use the matrices that \
                                those have returned";

impl MatrixData {
    pub(super) fn new(matrix: Matrix) -> Self {
        MatrixData::of_any(Some(matrix))
    }

    fn of_any(matrix: Option<Matrix>) -> Self {
        MatrixData { matrix, lent: AtomicUsize::new(0), lent_to_read: AtomicUsize::new(0) }
    }

    /// One more buffer is in use.
    pub(super) fn lend(&self, writable: bool) {
        self.lent.fetch_add(1, Ordering::Relaxed);
        self.lent_to_read.fetch_add(usize::from(!writable), Ordering::Relaxed);
    }

    /// One less is.
    pub(super) fn take_back(&self, writable: bool) {
        self.lent_to_read.fetch_sub(usize::from(!writable), Ordering::Relaxed);
        self.lent.fetch_sub(1, Ordering::Release);
    }

    #[inline]
    pub(super) fn get(&self) -> Result<&Matrix, Refused> {
        self.matrix.as_ref().ok_or(Refused::Empty)
    }

    /// To change elements.
    #[inline]
    pub(super) fn get_mut(&mut self) -> Result<&mut Matrix, Refused> {
        if *self.lent_to_read.get_mut() > 0 {
            return Err(Refused::Lent);
        }
        self.matrix.as_mut().ok_or(Refused::Empty)
    }

    /// To change where the elements are, or the shape: refused while a buffer is in use.
    pub(super) fn get_whole(&mut self) -> Result<&mut Matrix, Refused> {
        if self.is_lent() {
            return Err(Refused::Lent);
        }
        self.get_mut()
    }

    /// Takes the matrix out, so that nothing is left.
    pub(super) fn take(&mut self) -> Result<Matrix, Refused> {
        if self.is_lent() {
            return Err(Refused::Lent);
        }
        self.matrix.take().ok_or(Refused::Empty)
    }

    /// Gives back what was taken out.
    pub(super) fn put_back(&mut self, matrix: Matrix) {
        self.matrix = Some(matrix);
    }

    fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Acquire) > 0
    }
}

/// Why the matrix in an object cannot be used.
pub(super) enum Refused {
    /// There is none.
    Empty,
    /// A buffer of its memory is in use.
    Lent,
    Error(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Error(error)
    }
}

/// What is told about a matrix whose memory is in use.
pub(super) const LENT: &str = "a buffer of this Matrix is in use, such as a memoryview or a NumPy array over its memory: let go of that first (release() \
     it, or del every array), or use a copy()";

pub(crate) static KIND: Kind = Kind::of::<MatrixData>();

impl Data for MatrixData {
    type Kind = Kind;
    const KIND: &'static Kind = &KIND;
}

impl Ownable for MatrixData {
    fn class(&self) -> Cow<'static, str> {
        "Matrix".into()
    }
}

impl ByReference for MatrixData {
    type Handle = Owned<Self>;
    const CLASS: &'static PerInterpreter<Class<Owned<Self>>> = &CLASS;

    fn size(&self) -> usize {
        size_of::<Self>() + self.matrix.as_ref().map_or(0, |matrix| size_of_val(matrix.as_slice()))
    }

    fn copy(&self, py: Python<'_>, _bytes: &[u8]) -> PyResult<Owned<Self>> {
        let copy = self.matrix.as_ref().map(Matrix::try_clone).transpose();
        let matrix = copy.map_err(|error| raise(py, error))?;
        Owned::try_new(py, MatrixData::of_any(matrix))
    }

    fn may_move(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_lent() {
            return Err(raise(py, Refused::Lent));
        }
        Ok(())
    }

    fn is_held(&self) -> bool {
        self.is_lent()
    }
}

/// A new object with this matrix.
#[inline]
pub(super) fn wrap(py: Python<'_>, matrix: Matrix) -> PyResult<Object<'_>> {
    MatrixData::wrap(py, Owned::try_new(py, MatrixData::new(matrix))?)
}

/// A new object without a matrix, which can be put in later.
pub(super) fn wrap_nothing(py: Python<'_>) -> PyResult<Object<'_>> {
    MatrixData::wrap(py, Owned::try_new(py, MatrixData::of_any(None))?)
}

/// Calls `f` with the matrix of an object. It must not run Python code.
#[inline]
pub(super) fn read<R, E: Into<Refused>>(
    py: Python<'_>,
    owned: &Owned<MatrixData>,
    f: impl FnOnce(&Matrix) -> Result<R, E>,
) -> PyResult<R> {
    let result = owned.read(py, |data| data.get().and_then(|matrix| f(matrix).map_err(Into::into)))?;
    result.map_err(|refused| raise(py, refused))
}

/// The same to change elements.
#[inline]
pub(super) fn write<R, E: Into<Refused>>(
    py: Python<'_>,
    owned: &Owned<MatrixData>,
    f: impl FnOnce(&mut Matrix) -> Result<R, E>,
) -> PyResult<R> {
    let result = owned.write(py, |data| data.get_mut().and_then(|matrix| f(matrix).map_err(Into::into)))?;
    result.map_err(|refused| raise(py, refused))
}

/// The same to change the shape, too.
pub(super) fn write_whole<R, E: Into<Refused>>(
    py: Python<'_>,
    owned: &Owned<MatrixData>,
    f: impl FnOnce(&mut Matrix) -> Result<R, E>,
) -> PyResult<R> {
    let result = owned.write(py, |data| data.get_whole().and_then(|matrix| f(matrix).map_err(Into::into)))?;
    result.map_err(|refused| raise(py, refused))
}
