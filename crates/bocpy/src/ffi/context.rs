//! Contexts, and the variables that belong to one.

use super::kind::kind;
use super::object::{Object, Python};
use super::{PyResult, Raised, error};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

kind!(
    /// A `contextvars.Context`.
    Context, as_context if is_context
);

kind!(
    /// A `contextvars.ContextVar`.
    ContextVar, as_context_var if is_context_var
);

impl<'py> Context<'py> {
    /// An empty one.
    pub(crate) fn new(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: no conditions.
        unsafe { Object::owned(py, ffi::PyContext_New()) }.map(Context)
    }

    /// A copy of that of this thread. Takes the same time however much is in it.
    #[inline]
    pub(crate) fn of_thread(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: no conditions.
        unsafe { Object::owned(py, ffi::PyContext_CopyCurrent()) }.map(Context)
    }

    /// Another one with the same variables.
    pub(crate) fn copy(&self) -> PyResult<Self> {
        // SAFETY: a live context.
        unsafe { Object::owned(self.py(), ffi::PyContext_Copy(self.as_ptr())) }.map(Context)
    }

    /// The variables that are set in it.
    pub(crate) fn variables(&self) -> PyResult<Vec<Object<'py>>> {
        // SAFETY: a live object.
        let variables = unsafe { Object::owned(self.py(), ffi::PySequence_List(self.as_ptr())) }?;
        variables.items()
    }

    /// How many variables are set in it.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a live object. There is no way for this to fail.
        usize::try_from(unsafe { ffi::PyObject_Size(self.as_ptr()) }).unwrap_or(0)
    }

    /// The value of a variable that may be set in it.
    pub(crate) fn get(&self, variable: &Object<'py>) -> PyResult<Option<Object<'py>>> {
        // SAFETY: live objects.
        match unsafe { Object::owned(self.py(), ffi::PyObject_GetItem(self.as_ptr(), variable.as_ptr())) } {
            Ok(value) => Ok(Some(value)),
            Err(Raised) if error::is(self.py(), error::Kind::Key) => {
                error::clear(self.py());
                Ok(None)
            }
            Err(Raised) => Err(Raised),
        }
    }

    /// Calls `f` with this as the context of this thread. Raises if a thread is in it.
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> PyResult<R> {
        self.enter()?;
        let result = f();
        self.exit();
        Ok(result)
    }

    /// Makes it the context of this thread, until [`exit`](Self::exit). Raises if a thread is in it.
    pub(crate) fn enter(&self) -> PyResult<()> {
        // SAFETY: a live context.
        match unsafe { ffi::PyContext_Enter(self.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }

    /// Gives this thread back the context that it had before. An error that has been raised stays.
    pub(crate) fn exit(&self) {
        error::aside(self.py(), || {
            // SAFETY: a live context.
            unsafe { ffi::PyContext_Exit(self.as_ptr()) };
            error::clear(self.py());
        });
    }
}

/// Where a thread's state has its context: at which word, plus one. Zero: nobody has looked yet.
///
/// CPython offers only to copy it, which takes ten times as long as to look, and every behavior that is scheduled would pay
/// for that.
static PLACE: AtomicUsize = AtomicUsize::new(0);
/// The same where it has not been found.
const NOWHERE: usize = usize::MAX;
/// How many words are searched. All Pythons' thread states are longer.
const SEARCHED: usize = 32;

/// Whether no variable is set in the context of this thread.
#[inline]
pub(crate) fn is_empty(py: Python<'_>) -> bool {
    match PLACE.load(Ordering::Relaxed) {
        0 => look_for_place(py),
        NOWHERE => Context::of_thread(py).is_ok_and(|context| context.len() == 0),
        place => {
            // SAFETY: attached, so the state is this thread's own; the place is one that was found in it.
            let context = unsafe { *thread_state().add(place - 1) };
            // SAFETY: it has been seen to have the context there. The state owns it, and nothing can change that here.
            context.is_null() || unsafe { ffi::PyObject_Size(context) } == 0
        }
    }
}

/// The state of this thread as words.
fn thread_state() -> *const *mut ffi::PyObject {
    // SAFETY: asks without conditions.
    unsafe { ffi::compat::PyThreadState_GetUnchecked() }.cast_const().cast()
}

#[cold]
fn look_for_place(py: Python<'_>) -> bool {
    let place = find_place(py);
    error::clear(py);
    PLACE.store(place.map_or(NOWHERE, |place| place + 1), Ordering::Relaxed);
    is_empty(py)
}

/// The one word that changes with the context.
fn find_place(py: Python<'_>) -> Option<usize> {
    let places_of = |context: &Context<'_>| -> Option<Vec<usize>> {
        let find = || {
            // SAFETY: attached; the state is longer than that.
            let words = unsafe { std::slice::from_raw_parts(thread_state(), SEARCHED) };
            (0..SEARCHED).filter(|&place| words[place] == context.as_ptr()).collect()
        };
        context.run(find).ok()
    };
    let (one, other) = (Context::new(py).ok()?, Context::new(py).ok()?);
    let (first, second) = (places_of(&one)?, places_of(&other)?);
    (first == second && first.len() == 1).then(|| first[0])
}

impl<'py> ContextVar<'py> {
    /// A new one, without a default.
    pub(crate) fn new(py: Python<'py>, name: &CStr) -> PyResult<Self> {
        // SAFETY: the name is copied; no default.
        unsafe { Object::owned(py, ffi::PyContextVar_New(name.as_ptr(), ptr::null_mut())) }.map(ContextVar)
    }

    /// Its value in the context of this thread, if it is set there.
    pub(crate) fn get(&self) -> PyResult<Option<Object<'py>>> {
        let mut value = ptr::null_mut();
        // SAFETY: a live variable; the value is a new reference, or null.
        unsafe {
            match ffi::PyContextVar_Get(self.as_ptr(), ptr::null_mut(), &mut value) {
                0 if value.is_null() => Ok(None),
                0 => Object::owned(self.py(), value).map(Some),
                _ => Err(Raised),
            }
        }
    }

    /// Sets it in the context of this thread. Returns what takes that back.
    pub(crate) fn set(&self, value: &Object<'py>) -> PyResult<Object<'py>> {
        // SAFETY: live objects, and this one is a variable.
        unsafe { Object::owned(self.py(), ffi::PyContextVar_Set(self.as_ptr(), value.as_ptr())) }
    }

    /// Takes back what has been set. Raises where that was in another context.
    pub(crate) fn reset(&self, token: &Object<'py>) -> PyResult<()> {
        // SAFETY: live objects, and this one is a variable.
        match unsafe { ffi::PyContextVar_Reset(self.as_ptr(), token.as_ptr()) } {
            0 => Ok(()),
            _ => Err(Raised),
        }
    }
}

impl Object<'_> {
    /// Exactly a `contextvars.Context`.
    fn is_context(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyContext_CheckExact(self.as_ptr()) != 0 }
    }

    /// Exactly a `contextvars.ContextVar`.
    pub(crate) fn is_context_var(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyContextVar_CheckExact(self.as_ptr()) != 0 }
    }
}
