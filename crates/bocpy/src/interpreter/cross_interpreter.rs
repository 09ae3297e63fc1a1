//! CPython's own way to take the data of an object to another interpreter, for types that are registered with it: its
//! `_PyXIData`.
//!
//! A function of the type takes the data out of an object; one that comes with the data makes a new object of it, in another
//! interpreter; then the first interpreter frees the data. Each of these happens at most once for each time that the data
//! is taken: some types hand it over, and nobody can tell which.
//!
//! That functions of the type run in the right interpreter is not enough: some keep what they need of it in variables of the
//! thread that has imported them. So new objects are only made by a thread for the interpreter that it belongs to.

use super::movable::raised_or;
use super::{Home, State};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use std::sync::Arc;

/// The function that takes the data out of objects of one type, in all interpreters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Taker(usize);

/// The function that makes objects of the data that one takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Maker(usize);

impl Maker {
    /// The function with that address.
    pub(crate) fn at(address: usize) -> Maker {
        Maker(address)
    }

    /// The file of the library that it is in.
    pub(crate) fn library(self) -> Option<String> {
        raw::library(self)
    }
}

/// Data on its way. It belongs to the interpreter that it was taken in, which frees it.
pub(crate) struct Crossing {
    /// `None`: it is being dropped.
    data: Option<Box<raw::Data>>,
    home: Arc<Home>,
}

/// What is left for the interpreter to free that data was taken in.
pub(super) struct Leftover(Box<raw::Data>);

// SAFETY: the functions behind it may be called by any thread that is attached to the right interpreter, as CPython demands of
// them; who calls them checks that.
unsafe impl Send for Crossing {}
// SAFETY: as above. Shared, it is only looked at.
unsafe impl Sync for Crossing {}
// SAFETY: as above.
unsafe impl Send for Leftover {}

/// How CPython takes the data of such an object. `None`: its type is not registered in this interpreter.
pub(crate) fn taker(object: &Object<'_>) -> Option<Taker> {
    raw::find(object)
}

impl Crossing {
    /// Takes the data out of an object. The object is as it was if that fails.
    pub(crate) fn take(object: &Object<'_>) -> PyResult<Crossing> {
        let py = object.py();
        let home = State::get(py).home.clone();
        if taker(object).is_none() {
            let message = format!(
                "the type '{}' is no longer registered with CPython in the interpreter that has this object",
                object.class_name()
            );
            return Err(error::raise(py, Kind::Runtime, &message));
        }
        let Some(data) = raw::take(object) else {
            return Err(raised_or(py, || {
                format!(
                    "the type '{}', which is registered with CPython, has failed to give the data of an object, and has \
                     not said why",
                    object.class_name()
                )
            }));
        };
        error::clear(py);
        let crossing = Crossing { data: Some(data), home };
        if crossing.data.as_ref().is_none_or(|data| data.maker().is_none()) {
            let message = format!(
                "the type '{}', which is registered with CPython, has not said how to make an object of the data that it \
                 gave: XIDATA_INIT does that",
                object.class_name()
            );
            return Err(error::raise(py, Kind::Runtime, &message));
        }
        Ok(crossing)
    }

    /// A new object of this interpreter. At most one.
    pub(crate) fn open<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        let opened = match &self.data {
            Some(data) => raw::make(py, data),
            None => None,
        };
        match opened {
            Some(object) => {
                error::clear(py);
                Ok(object)
            }
            None => {
                Err(raised_or(py, || "the type has failed to make an object, and has not said why".into()))
            }
        }
    }

    /// Whether there is any data: for some types, to make an object is all that is needed.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.as_ref().is_none_or(|data| data.is_empty())
    }

    pub(crate) fn maker(&self) -> Option<Maker> {
        self.data.as_ref()?.maker()
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        let Some(data) = self.data.take() else { return };
        let left = Leftover(data);
        match self.home.is_here() {
            true => left.free(),
            false => self.home.free_later(left),
        }
    }
}

impl Leftover {
    /// To be called by a thread that is attached to the interpreter in which it was taken.
    pub(super) fn free(self) {
        raw::free(*self.0);
    }
}

#[cfg(all(Py_3_12, not(Py_GIL_DISABLED), unix))]
mod raw {
    use super::{Maker, Taker};
    use crate::ffi::{Object, Python};
    use pyo3_ffi as ffi;
    use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
    use std::ptr;
    use std::sync::OnceLock;

    #[repr(C)]
    struct Found {
        file: *const c_char,
        base: *mut c_void,
        name: *const c_char,
        address: *mut c_void,
    }

    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        fn dladdr(address: *const c_void, found: *mut Found) -> c_int;
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ANYWHERE: *mut c_void = ptr::null_mut();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ANYWHERE: *mut c_void = -2_isize as *mut c_void;

    /// The newest Python of which it is known what these functions and this struct are.
    const NEWEST: c_ulong = 0x030f;

    type Take = unsafe extern "C" fn(*mut ffi::PyThreadState, *mut ffi::PyObject, *mut Data) -> c_int;
    type Make = unsafe extern "C" fn(*mut Data) -> *mut ffi::PyObject;

    /// CPython's struct.
    #[repr(C)]
    pub(super) struct Data {
        data: *mut c_void,
        /// What has to live as long as the data.
        object: *mut ffi::PyObject,
        interpreter: i64,
        make: Option<Make>,
        free: Option<unsafe extern "C" fn(*mut c_void)>,
        /// Later versions may have more.
        room: [usize; 11],
    }

    impl Data {
        pub(super) fn is_empty(&self) -> bool {
            self.data.is_null()
        }

        pub(super) fn maker(&self) -> Option<Maker> {
            self.make.map(|make| Maker(make as usize))
        }
    }

    #[cfg(Py_3_14)]
    mod lookup {
        use super::{Data, Take};
        use pyo3_ffi as ffi;
        use std::ffi::{CStr, c_int};

        pub(super) const NAME: &CStr = c"_PyXIData_Lookup";
        pub(super) type WithFallback =
            unsafe extern "C" fn(*mut ffi::PyThreadState, *mut ffi::PyObject, c_int, *mut Data) -> c_int;

        /// One of both is there for a type that is registered.
        #[repr(C)]
        pub(super) struct Functions {
            pub(super) take: Option<Take>,
            /// For containers.
            pub(super) with_fallback: Option<WithFallback>,
        }

        pub(super) type Lookup =
            unsafe extern "C" fn(*mut ffi::PyThreadState, *mut ffi::PyObject) -> Functions;

        /// # Safety
        /// Attached; CPython's function of that name; a live object.
        pub(super) unsafe fn call(lookup: Lookup, object: *mut ffi::PyObject) -> Option<Take> {
            // SAFETY: says the caller. Those with a fallback only are builtin.
            unsafe { lookup(ffi::PyThreadState_Get(), object).take }
        }
    }

    #[cfg(not(Py_3_14))]
    mod lookup {
        use super::Take;
        use pyo3_ffi as ffi;
        use std::ffi::CStr;

        pub(super) const NAME: &CStr = c"_PyCrossInterpreterData_Lookup";
        pub(super) type Lookup = unsafe extern "C" fn(*mut ffi::PyObject) -> Option<Take>;

        /// # Safety
        /// Attached; CPython's function of that name; a live object.
        pub(super) unsafe fn call(lookup: Lookup, object: *mut ffi::PyObject) -> Option<Take> {
            // SAFETY: says the caller.
            unsafe { lookup(object) }
        }
    }

    /// CPython's function that finds the one of a type. It is not part of its API, and may be missing.
    fn lookup() -> Option<lookup::Lookup> {
        static FOUND: OnceLock<Option<lookup::Lookup>> = OnceLock::new();
        *FOUND.get_or_init(|| {
            // SAFETY: reads a constant of CPython; looks up a name; the type matches the function of that name.
            unsafe {
                if ffi::Py_Version >> 16 > NEWEST {
                    return None;
                }
                let found = dlsym(ANYWHERE, lookup::NAME.as_ptr());
                (!found.is_null()).then(|| std::mem::transmute::<*mut c_void, lookup::Lookup>(found))
            }
        })
    }

    fn function(object: &Object<'_>) -> Option<Take> {
        let lookup = lookup()?;
        // SAFETY: attached, says the object, which is alive. It may leave an error, which is not ours.
        unsafe {
            let before = ffi::PyErr_GetRaisedException();
            let found = lookup::call(lookup, object.as_ptr());
            ffi::PyErr_SetRaisedException(before);
            found
        }
    }

    pub(super) fn find(object: &Object<'_>) -> Option<Taker> {
        function(object).map(|take| Taker(take as usize))
    }

    pub(super) fn take(object: &Object<'_>) -> Option<Box<Data>> {
        let take = function(object)?;
        let mut data = Box::new(Data {
            data: ptr::null_mut(),
            object: ptr::null_mut(),
            interpreter: -1,
            make: None,
            free: None,
            room: [0; 11],
        });
        // SAFETY: attached, says the object, which is alive. The function is that of its type, and gets an empty struct, as
        // CPython itself would give it.
        unsafe {
            let status = take(ffi::PyThreadState_Get(), object.as_ptr(), &mut *data);
            data.interpreter = ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get());
            (status == 0).then_some(data)
        }
    }

    pub(super) fn make<'py>(py: Python<'py>, data: &Data) -> Option<Object<'py>> {
        let make = data.make?;
        // SAFETY: attached; what the type has filled in; gives a new reference or null. The function may change the struct,
        // as that of a type which hands its data over does: nobody else looks at it meanwhile.
        unsafe { Object::owned(py, make((&raw const *data).cast_mut())).ok() }
    }

    pub(super) fn free(data: Data) {
        // SAFETY: attached to the interpreter in which it was taken, say the callers. Once, as it is taken over.
        unsafe {
            if let (Some(free), false) = (data.free, data.data.is_null()) {
                free(data.data);
            }
            if !data.object.is_null() {
                ffi::Py_DECREF(data.object);
            }
        }
    }

    pub(super) fn library(maker: Maker) -> Option<String> {
        let mut found =
            Found { file: ptr::null(), base: ptr::null_mut(), name: ptr::null(), address: ptr::null_mut() };
        // SAFETY: any address will do; the name that it gives stays as long as the library is loaded.
        unsafe {
            if dladdr(maker.0 as *const c_void, &mut found) == 0 || found.file.is_null() {
                return None;
            }
            CStr::from_ptr(found.file).to_str().ok().map(str::to_owned)
        }
    }
}

#[cfg(not(all(Py_3_12, not(Py_GIL_DISABLED), unix)))]
mod raw {
    use super::{Maker, Taker};
    use crate::ffi::{Object, Python};

    /// There is no such thing here.
    pub(super) enum Data {}

    impl Data {
        pub(super) fn is_empty(&self) -> bool {
            match *self {}
        }

        pub(super) fn maker(&self) -> Option<Maker> {
            match *self {}
        }
    }

    pub(super) fn find(_: &Object<'_>) -> Option<Taker> {
        None
    }

    pub(super) fn take(_: &Object<'_>) -> Option<Box<Data>> {
        None
    }

    pub(super) fn make<'py>(_: Python<'py>, data: &Data) -> Option<Object<'py>> {
        match *data {}
    }

    pub(super) fn free(data: Data) {
        match data {}
    }

    pub(super) fn library(_: Maker) -> Option<String> {
        None
    }
}
