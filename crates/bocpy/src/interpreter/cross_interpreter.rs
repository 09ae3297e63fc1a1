//! Objects of types that are registered with CPython for moving to another interpreter: its `_PyXIData`.
//!
//! The object is kept in the main interpreter, which outlives all others, and is carried from there to the interpreter
//! that opens it. CPython's data for each move lives only during the move, and is freed by the interpreter that made it.
//! (CPython's own channels would keep it for longer, but they wait for themselves when one dies with another's ID in it.)

use super::home::main_home;
use super::{Resident, State, within};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};

/// Carries an object over to the main interpreter. `None`: its type is not registered with CPython.
pub(crate) fn keep(object: &Object<'_>) -> PyResult<Option<Resident>> {
    let py = object.py();
    let Some(main) = main_home() else { return Ok(None) };
    let Some(taken) = Crossing::from(object)? else { return Ok(None) };
    let kept = match main.is_here() {
        true => taken.open(py).map(|object| Some(Ok(Resident::at(main, object)))),
        false => Ok(within(py, &main, |there| {
            State::try_get(there)?;
            let object = taken.open(there).map_err(|_| error::describe(there));
            Some(object.map(|object| Resident::at(main.clone(), object)))
        })
        .flatten()),
    };
    error::aside(py, || taken.give_back(py));
    arrived(py, kept?).map(Some)
}

/// Carries an object that is kept in the main interpreter over to this one.
pub(crate) fn open<'py>(py: Python<'py>, kept: &Resident) -> PyResult<Object<'py>> {
    let main = kept.home();
    if let Some(object) = kept.peek(py) {
        let taken = arrived(py, Crossing::from(&object)?.map(Ok))?;
        let opened = taken.open(py);
        error::aside(py, || taken.give_back(py));
        return opened;
    }
    let taken = within(py, main, |there| {
        let object = State::try_get(there).and_then(|_| kept.peek(there))?;
        Crossing::from(&object).map_err(|_| error::describe(there)).transpose()
    });
    let taken = arrived(py, taken.flatten())?;
    let opened = taken.open(py);
    error::aside(py, || within(py, main, |there| taken.give_back(there)));
    opened
}

/// The result from the main interpreter, or an error that says why there is none.
fn arrived<T>(py: Python<'_>, found: Option<Result<T, String>>) -> PyResult<T> {
    match found {
        Some(Ok(found)) => Ok(found),
        Some(Err(why)) => Err(error::raise(py, Kind::Runtime, &format!("in the main interpreter: {why}"))),
        None => Err(error::raise(
            py,
            Kind::Runtime,
            "the main interpreter can no longer be used: the program is exiting",
        )),
    }
}

#[cfg(all(Py_3_12, not(Py_GIL_DISABLED), unix))]
use known::Crossing;
#[cfg(not(all(Py_3_12, not(Py_GIL_DISABLED), unix)))]
use unknown::Crossing;

#[cfg(all(Py_3_12, not(Py_GIL_DISABLED), unix))]
mod known {
    use crate::ffi::error::{self, Kind, Raised};
    use crate::ffi::{Object, PyResult, Python};
    use pyo3_ffi as ffi;
    use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
    use std::sync::OnceLock;

    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ANYWHERE: *mut c_void = std::ptr::null_mut();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ANYWHERE: *mut c_void = -2_isize as *mut c_void;

    /// The newest Python of which it is known what these functions take.
    const NEWEST: c_ulong = 0x030f;

    #[cfg(Py_3_14)]
    const NAMES: [&CStr; 3] = [c"_PyObject_GetXIDataNoFallback", c"_PyXIData_NewObject", c"_PyXIData_Clear"];
    #[cfg(not(Py_3_14))]
    const NAMES: [&CStr; 3] = [
        c"_PyObject_GetCrossInterpreterData",
        c"_PyCrossInterpreterData_NewObject",
        c"_PyCrossInterpreterData_Clear",
    ];

    #[cfg(Py_3_14)]
    type Get = unsafe extern "C" fn(*mut ffi::PyThreadState, *mut ffi::PyObject, *mut Data) -> c_int;
    #[cfg(not(Py_3_14))]
    type Get = unsafe extern "C" fn(*mut ffi::PyObject, *mut Data) -> c_int;

    /// CPython's functions for it. They are not part of its API, and may be missing.
    struct Functions {
        get: Get,
        new_object: unsafe extern "C" fn(*mut Data) -> *mut ffi::PyObject,
        clear: unsafe extern "C" fn(*mut ffi::PyInterpreterState, *mut Data),
    }

    /// CPython's struct, which has five fields, and room for more.
    #[repr(C, align(16))]
    struct Data([usize; 16]);

    /// What CPython has made of an object. It belongs to the interpreter of that object.
    pub(super) struct Crossing {
        data: Box<Data>,
        home: i64,
        functions: &'static Functions,
    }

    // SAFETY: `open` may be called from other interpreters, and `give_back` checks where it is.
    unsafe impl Send for Crossing {}
    // SAFETY: as above; CPython only reads the data as it opens it.
    unsafe impl Sync for Crossing {}

    impl Functions {
        fn find() -> Option<&'static Functions> {
            static FOUND: OnceLock<Option<Functions>> = OnceLock::new();
            // SAFETY: reads a constant of CPython; looks up names; the types match the functions of these names.
            let find = || unsafe {
                if ffi::Py_Version >> 16 > NEWEST {
                    return None;
                }
                let [get, new_object, clear] = NAMES.map(|name| dlsym(ANYWHERE, name.as_ptr()));
                if get.is_null() || new_object.is_null() || clear.is_null() {
                    return None;
                }
                Some(Functions {
                    get: std::mem::transmute::<*mut c_void, Get>(get),
                    new_object: std::mem::transmute::<
                        *mut c_void,
                        unsafe extern "C" fn(*mut Data) -> *mut ffi::PyObject,
                    >(new_object),
                    clear: std::mem::transmute::<
                        *mut c_void,
                        unsafe extern "C" fn(*mut ffi::PyInterpreterState, *mut Data),
                    >(clear),
                })
            };
            FOUND.get_or_init(find).as_ref()
        }
    }

    /// The interpreter that this thread is attached to, and its number.
    fn here(_py: Python<'_>) -> (*mut ffi::PyInterpreterState, i64) {
        // SAFETY: attached.
        unsafe {
            let interpreter = ffi::PyInterpreterState_Get();
            (interpreter, ffi::PyInterpreterState_GetID(interpreter))
        }
    }

    impl Crossing {
        /// `None`: the object's type is not registered with CPython, or this Python can't do it.
        pub(super) fn from(object: &Object<'_>) -> PyResult<Option<Crossing>> {
            let py = object.py();
            let Some(functions) = Functions::find() else { return Ok(None) };
            let mut data = Box::new(Data([0; 16]));
            // SAFETY: attached; a live object, and room for the data, which CPython sets up before it uses it.
            let status = unsafe {
                #[cfg(Py_3_14)]
                {
                    (functions.get)(ffi::PyThreadState_Get(), object.as_ptr(), &mut *data)
                }
                #[cfg(not(Py_3_14))]
                {
                    (functions.get)(object.as_ptr(), &mut *data)
                }
            };
            if status == 0 {
                return Ok(Some(Crossing { data, home: here(py).1, functions }));
            }
            if error::is(py, Kind::KeyboardInterrupt) {
                return Err(Raised);
            }
            error::clear(py);
            Ok(None)
        }

        /// A new object of this interpreter.
        pub(super) fn open<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
            // SAFETY: attached; the data is whole until it is given back; gives a new reference or null.
            unsafe { Object::owned(py, (self.functions.new_object)((&raw const *self.data).cast_mut())) }
        }

        /// Frees it, in the interpreter of the object. Elsewhere it would be lost.
        pub(super) fn give_back(mut self, py: Python<'_>) {
            let (interpreter, id) = here(py);
            debug_assert_eq!(id, self.home);
            if id == self.home {
                // SAFETY: attached to the interpreter whose data it is, once.
                unsafe { (self.functions.clear)(interpreter, &mut *self.data) }
            }
        }
    }
}

#[cfg(not(all(Py_3_12, not(Py_GIL_DISABLED), unix)))]
mod unknown {
    use crate::ffi::{Object, PyResult, Python};

    /// There is no such thing here.
    pub(super) enum Crossing {}

    impl Crossing {
        pub(super) fn from(_: &Object<'_>) -> PyResult<Option<Crossing>> {
            Ok(None)
        }

        pub(super) fn open<'py>(&self, _: Python<'py>) -> PyResult<Object<'py>> {
            match *self {}
        }

        pub(super) fn give_back(self, _: Python<'_>) {}
    }
}
