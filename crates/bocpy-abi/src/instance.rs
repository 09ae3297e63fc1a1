//! Python objects with data in Rust, and what bocpy does with them: the functions of a [`Descriptor`].

use crate::attached::{Noted, let_go};
use crate::error::Error;
use crate::movable::Movable;
use crate::panics::caught;
use crate::place::{Busy, Content, Place, Reading, Writing, holds_any};
use crate::raw::Descriptor;
use crate::version::API_VERSION;
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::ptr;

/// The `str` that says where the data has gone: a reference of its own. It lives and dies with an object of the same
/// interpreter.
pub(crate) struct Gone(*mut ffi::PyObject);

impl Gone {
    /// # Safety
    ///
    /// The thread is attached to the interpreter of the object, here and where this is dropped.
    unsafe fn new(text: *mut ffi::PyObject) -> Self {
        // SAFETY: attached.
        Gone(unsafe { ffi::Py_NewRef(text) })
    }

    /// As an exception, which is set.
    fn raise(self) -> Error {
        // SAFETY: attached, as for `new`; the class is CPython's.
        unsafe { ffi::PyErr_SetObject(ffi::PyExc_RuntimeError, self.0) };
        Error::Raised
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        // SAFETY: attached, as for `new`; the reference is its own.
        unsafe { ffi::Py_DECREF(self.0) };
    }
}

type At<T> = Place<T, Gone>;

/// What Python sees as an object of the class.
#[repr(C)]
pub(crate) struct Instance<T: Movable> {
    head: ffi::PyObject,
    place: At<T>,
}

/// # Safety
///
/// It is an object of the class, which lives as long as `'a`.
unsafe fn place<'a, T: Movable>(object: *mut ffi::PyObject) -> &'a At<T> {
    // SAFETY: `create` makes all objects, and fills in the place.
    unsafe { &*ptr::addr_of!((*object.cast::<Instance<T>>()).place) }
}

/// A new object with that data; if there is none, the data comes back, and an exception is set.
///
/// # Safety
///
/// The thread is attached, and it is the class of this data.
pub(crate) unsafe fn create<T: Movable>(
    class: *mut ffi::PyTypeObject,
    data: Box<T>,
) -> Result<*mut ffi::PyObject, Box<T>> {
    // SAFETY: attached; the place is memory of the new object, in which nothing is yet.
    unsafe {
        let object = ffi::PyType_GenericAlloc(class, 0);
        if object.is_null() {
            return Err(data);
        }
        ptr::addr_of_mut!((*object.cast::<Instance<T>>()).place).write(Place::new(data));
        Ok(object)
    }
}

/// The end of an object, for `tp_dealloc`.
///
/// # Safety
///
/// As CPython calls it.
pub(crate) unsafe extern "C" fn dealloc<T: Movable>(object: *mut ffi::PyObject) {
    // SAFETY: nobody else has the object any more; an object of a class on the heap has a reference to it.
    unsafe {
        // A panic has said on stderr what it is.
        let _ = caught(|| ptr::drop_in_place(ptr::addr_of_mut!((*object.cast::<Instance<T>>()).place)));
        let class = ffi::Py_TYPE(object);
        let free: ffi::freefunc = std::mem::transmute(ffi::PyType_GetSlot(class, ffi::Py_tp_free));
        free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// Tries until it has it, letting other threads run meanwhile.
fn patiently<T: Movable, H>(place: &At<T>, hold: impl Fn() -> Result<H, Busy>) -> Result<H, Error> {
    loop {
        match hold() {
            Ok(held) => return Ok(held),
            Err(Busy::Here) => {
                return Err(Error::Runtime(format!(
                    "this {} is in use: one of its methods, which is still running in this thread, has led to this one",
                    T::NAME
                )));
            }
            Err(Busy::Elsewhere) if holds_any() => {
                return Err(Error::Runtime(format!(
                    "this {} is in use by another thread, and cannot be waited for within a method of another object",
                    T::NAME
                )));
            }
            Err(Busy::Elsewhere) => let_go(|| place.wait()),
        }
    }
}

/// Calls a function with the data, to read.
///
/// # Safety
///
/// The thread is attached, and it is an object of the class.
pub(crate) unsafe fn reading<T: Movable, R>(
    object: *mut ffi::PyObject,
    function: impl FnOnce(&T) -> R,
) -> Result<R, Error> {
    // SAFETY: as the caller promises.
    let place = unsafe { place::<T>(object) };
    let held: Reading<'_, T, Gone> = patiently(place, || place.read())?;
    let gone = match held.content() {
        Content::Data(data) => return Ok(function(data)),
        // SAFETY: attached, and dropped here.
        Content::Gone(gone) => unsafe { Gone::new(gone.0) },
    };
    drop(held);
    Err(gone.raise())
}

/// Calls a function with the data, to change it.
///
/// # Safety
///
/// As for [`reading`].
pub(crate) unsafe fn writing<T: Movable, R>(
    object: *mut ffi::PyObject,
    function: impl FnOnce(&mut T) -> R,
) -> Result<R, Error> {
    // SAFETY: as the caller promises.
    let place = unsafe { place::<T>(object) };
    let mut held: Writing<'_, T, Gone> = patiently(place, || place.write())?;
    let gone = match held.content() {
        Content::Data(data) => return Ok(function(data)),
        // SAFETY: attached, and dropped here.
        Content::Gone(gone) => unsafe { Gone::new(gone.0) },
    };
    drop(held);
    Err(gone.raise())
}

/// The descriptor of a type. There has to be one only, at one address.
pub(crate) fn descriptor<T: Movable>() -> Descriptor {
    Descriptor {
        version: API_VERSION,
        size: size_of::<Descriptor>() as u32,
        detach: detach::<T>,
        restore: restore::<T>,
        attach: attach::<T>,
        drop: free::<T>,
        copy: if T::TRY_COPY.is_some() { Some(copy::<T>) } else { None },
        copy_of: if T::TRY_COPY.is_some() { Some(copy_of::<T>) } else { None },
    }
}

unsafe extern "C" fn detach<T: Movable>(object: *mut ffi::PyObject, gone: *mut ffi::PyObject) -> *mut c_void {
    let take = || {
        // SAFETY: bocpy calls this attached, with an object of the type, and a str.
        let (place, gone) = unsafe { (place::<T>(object), Gone::new(gone)) };
        // Without waiting: bocpy may have something that the other thread needs.
        let mut held = place.write().map_err(|busy| {
            let who = if busy == Busy::Here { "this thread" } else { "another thread" };
            Error::Runtime(format!("this {} cannot move: one of its methods is running, in {who}", T::NAME))
        })?;
        match held.replace(Content::Gone(gone)) {
            Content::Data(data) => Ok(Box::into_raw(data)),
            Content::Gone(earlier) => {
                // SAFETY: attached, and dropped here.
                let text = unsafe { Gone::new(earlier.0) };
                let _later = held.replace(Content::Gone(earlier));
                drop(held);
                Err(text.raise())
            }
        }
    };
    match caught(take) {
        Ok(Ok(data)) => data.cast(),
        Ok(Err(error)) => {
            // SAFETY: attached.
            unsafe { error.raise() };
            ptr::null_mut()
        }
        Err(said) => {
            // SAFETY: attached.
            unsafe { Error::Runtime(said).raise() };
            ptr::null_mut()
        }
    }
}

unsafe extern "C" fn restore<T: Movable>(object: *mut ffi::PyObject, data: *mut c_void) {
    let _ = caught(|| {
        // SAFETY: bocpy calls this attached, with the object and what `detach` has taken out of it.
        let (place, data) = unsafe { (place::<T>(object), Box::from_raw(data.cast::<T>())) };
        // Whoever uses it just looks where the data has gone, and is done at once.
        let mut held = loop {
            match place.write() {
                Ok(held) => break held,
                Err(_) => place.wait(),
            }
        };
        let _gone = held.replace(Content::Data(data));
    });
}

unsafe extern "C" fn attach<T: Movable>(
    class: *mut ffi::PyTypeObject,
    data: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: bocpy calls this attached, with the class of this data, which belongs to it.
    match caught(|| unsafe { create(class, Box::from_raw(data.cast::<T>())) }) {
        Ok(Ok(object)) => object,
        Ok(Err(data)) => {
            let _bocpys = Box::into_raw(data);
            ptr::null_mut()
        }
        // Nothing in `create` panics.
        Err(said) => {
            // SAFETY: attached.
            unsafe { Error::Runtime(said).raise() };
            ptr::null_mut()
        }
    }
}

unsafe extern "C" fn free<T: Movable>(data: *mut c_void) {
    // SAFETY: bocpy calls this with data that nobody else has. The thread need not be attached, so it does not count as such.
    let _ = caught(|| unsafe {
        let _noted = Noted::new(false);
        drop(Box::from_raw(data.cast::<T>()));
    });
}

unsafe extern "C" fn copy<T: Movable>(data: *const c_void) -> *mut c_void {
    // SAFETY: bocpy has the data, and lets one thread at a time do this.
    match caught(|| again(unsafe { &*data.cast::<T>() })) {
        Ok(Some(data)) => Box::into_raw(data).cast(),
        // A panic has said on stderr what it is.
        Ok(None) | Err(_) => ptr::null_mut(),
    }
}

/// Of an object which another thread may use meanwhile: that is waited for.
unsafe extern "C" fn copy_of<T: Movable>(object: *mut ffi::PyObject) -> *mut c_void {
    let copied = caught(|| {
        // SAFETY: bocpy calls this attached, with an object of the type.
        let copy = unsafe {
            let _noted = Noted::new(true);
            reading::<T, _>(object, again)?
        };
        copy.ok_or_else(|| Error::Memory(format!("there is no memory for a copy of this {}", T::NAME)))
    });
    let error = match copied {
        Ok(Ok(data)) => return Box::into_raw(data).cast(),
        Ok(Err(error)) => error,
        Err(said) => Error::Memory(format!("there is no copy of this {}: {said}", T::NAME)),
    };
    // SAFETY: attached.
    unsafe { error.raise() };
    ptr::null_mut()
}

/// The same data once more, by the author's function, which may be called without Python.
fn again<T: Movable>(data: &T) -> Option<Box<T>> {
    // SAFETY: nothing is promised.
    let _noted = unsafe { Noted::new(false) };
    T::TRY_COPY.and_then(|copy| copy(data)).map(Box::new)
}
