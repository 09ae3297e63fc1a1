//! Frames of Python code, of this thread and of others.

use super::object::{Borrowed, Object, Python};
use super::{PyResult, error};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_ulong};

// Not in every pyo3-ffi that we build with.
unsafe extern "C" {
    fn PyThread_get_thread_ident() -> c_ulong;
    fn _PyOS_IsMainThread() -> c_int;
    #[cfg(not(Py_GIL_DISABLED))]
    fn PyThreadState_GetFrame(thread: *mut ffi::PyThreadState) -> *mut ffi::PyFrameObject;
}

/// A thread that is attached to an interpreter, or has only left it for a moment.
#[derive(Clone, Copy)]
pub(crate) struct Thread {
    #[cfg_attr(not(Py_GIL_DISABLED), allow(dead_code))]
    number: u64,
    #[cfg_attr(Py_GIL_DISABLED, allow(dead_code))]
    state: *mut ffi::PyThreadState,
}

// SAFETY: the pointer is used only by `top`, whose caller says that it is there.
unsafe impl Send for Thread {}

impl Thread {
    /// This one.
    pub(crate) fn current(_py: Python<'_>) -> Thread {
        // SAFETY: attached.
        Thread { number: this_thread(), state: unsafe { ffi::PyThreadState_Get() } }
    }
}

/// The number of this thread, as `threading` has it.
#[cfg_attr(not(windows), allow(clippy::unnecessary_cast))]
pub(crate) fn this_thread() -> u64 {
    // SAFETY: asks for a number.
    unsafe { PyThread_get_thread_ident() as u64 }
}

/// Whether signals come to this thread: it is the main one, attached to the main interpreter. By a function of CPython's that
/// runs no Python code, as a signal could come during that, and its exception would be nobody's.
pub(crate) fn is_main_thread(_py: Python<'_>) -> bool {
    // SAFETY: attached.
    unsafe { _PyOS_IsMainThread() != 0 }
}

/// The file and the line from which we were called. `None`: not from Python.
pub(crate) fn caller(py: Python<'_>) -> Option<(String, u64)> {
    // SAFETY: attached; borrowed, or null where there is no Python frame.
    let frame = unsafe {
        let frame = ffi::PyEval_GetFrame();
        (!frame.is_null()).then(|| Borrowed::new(py, frame.cast()))?
    };
    // SAFETY: a frame.
    let line = unsafe { ffi::PyFrame_GetLineNumber(frame.as_ptr().cast()) };
    // SAFETY: a frame; a new reference to its code.
    let code = unsafe { Object::owned(py, ffi::PyFrame_GetCode(frame.as_ptr().cast()).cast()) }.ok()?;
    let file = code.getattr(c"co_filename").ok()?.to_str()?.to_owned();
    Some((file, line.max(0) as u64))
}

/// A frame of a stack.
pub(crate) struct Frame {
    pub(crate) file: String,
    pub(crate) line: i64,
    pub(crate) name: String,
}

/// The innermost frame of a thread of this interpreter.
///
/// Not by `sys._current_frames`, which makes frames of all threads of all interpreters, whose GILs we don't have.
///
/// # Safety
/// The thread still has its thread state, and cannot give it up before this returns.
#[cfg(not(Py_GIL_DISABLED))]
pub(crate) unsafe fn top(py: Python<'_>, thread: Thread) -> Option<Object<'_>> {
    // SAFETY: guaranteed by the caller; we have the GIL. A new reference, or null where no code of Python runs.
    unsafe {
        let frame = PyThreadState_GetFrame(thread.state);
        if frame.is_null() {
            error::clear(py);
            return None;
        }
        Object::owned(py, frame.cast()).ok()
    }
}

/// The same without a GIL: there are no such interpreters, and that function stops the threads.
///
/// # Safety
/// None here.
#[cfg(Py_GIL_DISABLED)]
pub(crate) unsafe fn top(py: Python<'_>, thread: Thread) -> Option<Object<'_>> {
    let find = || -> PyResult<Option<Object<'_>>> {
        let frames = super::module::import_from(py, "sys", c"_current_frames")?.call(&[])?;
        frames.try_dict()?.get(&super::number::uint(py, thread.number)?)
    };
    find().unwrap_or_else(|_| {
        error::clear(py);
        None
    })
}

/// A frame and those that have called it, at most so many.
pub(crate) fn stack(py: Python<'_>, top: Option<Object<'_>>, most: usize) -> Vec<Frame> {
    let mut stack = Vec::new();
    if walk(top, most, &mut stack).is_err() {
        error::clear(py);
    }
    stack
}

fn walk(mut frame: Option<Object<'_>>, most: usize, stack: &mut Vec<Frame>) -> PyResult<()> {
    let text = |object: &Object<'_>| object.to_str().unwrap_or("?").to_owned();
    while let Some(this) = frame.filter(|frame| !frame.is_none() && stack.len() < most) {
        let (code, line) = (this.getattr(c"f_code")?, this.getattr(c"f_lineno")?);
        stack.push(Frame {
            file: text(&code.getattr(c"co_filename")?),
            line: line.as_int().and_then(|line| line.to_i64()).unwrap_or(0),
            name: text(&code.getattr(c"co_name")?),
        });
        frame = Some(this.getattr(c"f_back")?);
    }
    Ok(())
}

/// Runs `f`, which runs no code of Python and does not wait for a thread that is attached, while no other thread of this
/// interpreter runs: we have its GIL.
#[cfg(not(Py_GIL_DISABLED))]
pub(crate) fn while_stopped<R>(_py: Python<'_>, f: impl FnOnce() -> R) -> R {
    f()
}

/// The same where there is no GIL. Of what is public, it is the visit of all objects that stops the threads.
#[cfg(Py_GIL_DISABLED)]
pub(crate) fn while_stopped<R>(_py: Python<'_>, f: impl FnOnce() -> R) -> R {
    use std::ffi::{c_int, c_void};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    unsafe extern "C" {
        fn PyUnstable_GC_VisitObjects(
            callback: unsafe extern "C" fn(*mut ffi::PyObject, *mut c_void) -> c_int,
            arg: *mut c_void,
        );
    }
    struct Once<F, R>(Option<F>, Option<std::thread::Result<R>>);
    /// Zero: no more objects.
    unsafe extern "C" fn call<F: FnOnce() -> R, R>(_: *mut ffi::PyObject, once: *mut c_void) -> c_int {
        // SAFETY: what is passed below.
        let once = unsafe { &mut *once.cast::<Once<F, R>>() };
        if let Some(f) = once.0.take() {
            once.1 = Some(catch_unwind(AssertUnwindSafe(f)));
        }
        0
    }
    fn with<F: FnOnce() -> R, R>(f: F) -> R {
        let mut once = Once(Some(f), None);
        // SAFETY: attached; the function calls back before it returns.
        unsafe { PyUnstable_GC_VisitObjects(call::<F, R>, (&raw mut once).cast()) };
        match once.1 {
            Some(Ok(result)) => result,
            Some(Err(panic)) => resume_unwind(panic),
            None => unreachable!("there is always an object that the collector knows"),
        }
    }
    with(f)
}
