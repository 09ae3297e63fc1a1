//! The interface to bocpy as it is in C: `bocpy/movable.h`, which bocpy installs, says more about each member.
//!
//! Those who write their types with [`Movable`](crate::Movable) need nothing of this.

use crate::error::Error;
use crate::version::{fits, wanted};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};

/// What bocpy is told about a type, `bocpy_movable` in C. It stays where it is and as it is: bocpy knows a type by this
/// address, in all interpreters.
#[repr(C)]
#[derive(Debug)]
pub struct Descriptor {
    /// 1.
    pub version: u32,
    /// The size of this structure.
    pub size: u32,
    /// Takes the data out of an object; null, with an exception, if it cannot. The second argument is a `str` that says where
    /// the data goes.
    pub detach: unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut c_void,
    /// Puts the data back into the object that it was taken from.
    pub restore: unsafe extern "C" fn(*mut ffi::PyObject, *mut c_void),
    /// A new object of the type with that data; null, with an exception, if there is none: then the data still is bocpy's.
    pub attach: unsafe extern "C" fn(*mut ffi::PyTypeObject, *mut c_void) -> *mut ffi::PyObject,
    /// Frees data. Any thread calls it, without Python.
    pub drop: unsafe extern "C" fn(*mut c_void),
    /// The same data once more; null if there is no memory for it. Any thread calls it, without Python.
    pub copy: Option<unsafe extern "C" fn(*const c_void) -> *mut c_void>,
    /// The same for the data that an object has and keeps; null, with an exception, if it cannot be copied.
    pub copy_of: Option<unsafe extern "C" fn(*mut ffi::PyObject) -> *mut c_void>,
}

/// bocpy's table, `bocpy_api` in C: what is behind the capsule `bocpy._C_API`. Later versions have more members.
#[repr(C)]
#[derive(Debug)]
pub struct Api {
    /// The newest version that this bocpy has.
    pub version: u32,
    /// The oldest version that it still has.
    pub oldest: u32,
    /// From now on, objects of just this type move, in this interpreter. 0; or -1, with an exception.
    pub register_type: unsafe extern "C" fn(*mut ffi::PyTypeObject, *const Descriptor) -> c_int,
    /// No longer. 1 if it was registered, 0 if not; or -1, with an exception.
    pub unregister_type: unsafe extern "C" fn(*mut ffi::PyTypeObject) -> c_int,
}

/// Finds bocpy's table in this interpreter, as `bocpy_import()` does in C.
///
/// # Errors
///
/// An `ImportError` if there is no bocpy, or one whose versions of the interface do not fit to this crate.
///
/// # Safety
///
/// The thread is attached to an interpreter.
pub unsafe fn import() -> Result<&'static Api, Error> {
    // SAFETY: attached, as the caller promises; the name is a C string.
    let found = unsafe { ffi::PyCapsule_Import(c"bocpy._C_API".as_ptr(), 0) }.cast::<Api>();
    if found.is_null() {
        // SAFETY: attached; an exception is set, as nothing was found.
        return Err(unsafe {
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) == 0 {
                Error::Raised
            } else {
                ffi::PyErr_Clear();
                Error::Import(format!(
                    "{}, and the bocpy that is installed has none: install bocpy-rs",
                    wanted()
                ))
            }
        });
    }
    // SAFETY: what is behind a capsule of this name begins with these two numbers in every version, and stays there for as
    // long as the process runs.
    let (version, oldest) = unsafe { ((*found).version, (*found).oldest) };
    fits(version, oldest).map_err(Error::Import)?;
    // SAFETY: as it fits, it begins as version 1 does.
    Ok(unsafe { &*found })
}
