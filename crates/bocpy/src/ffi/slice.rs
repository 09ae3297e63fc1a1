//! Slices.

use super::kind::kind;
use super::object::Object;
use super::{PyResult, Raised};
use pyo3_ffi as ffi;

kind!(
    /// A slice.
    Slice, as_slice if is_slice
);

impl Slice<'_> {
    /// Its start, stop and step, each as near as the machine word allows to what it says.
    pub(crate) fn parts(&self) -> PyResult<(isize, isize, isize)> {
        let (mut start, mut stop, mut step) = (0, 0, 0);
        // SAFETY: a slice, and places for its parts.
        match unsafe { ffi::PySlice_Unpack(self.as_ptr(), &mut start, &mut stop, &mut step) } {
            0 => Ok((start, stop, step)),
            _ => Err(Raised),
        }
    }

    /// Whether it is `:`.
    pub(crate) fn is_whole(&self) -> PyResult<bool> {
        let none = |name| Ok(self.getattr(name)?.is_none());
        Ok(none(c"start")? && none(c"stop")? && none(c"step")?)
    }
}

impl Object<'_> {
    pub(crate) fn is_slice(&self) -> bool {
        // SAFETY: compares the type.
        unsafe { ffi::PySlice_Check(self.as_ptr()) != 0 }
    }
}
