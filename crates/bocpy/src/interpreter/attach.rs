//! Leaving the interpreter that this thread is attached to, and visiting another.

use super::{Home, State};
use crate::ffi::Python;
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::time::Duration;

/// Takes up a thread state again.
///
/// A thread of the program that is not a worker may do so when Python is exiting. CPython before 3.14 then ends the
/// thread by unwinding, which our frames do not support. So the thread hangs here instead, as later versions do
/// themselves.
///
/// # Safety
/// As for `PyEval_RestoreThread`.
pub(super) unsafe fn take_up(thread: *mut ffi::PyThreadState) {
    type Restore = unsafe extern "C-unwind" fn(*mut ffi::PyThreadState);
    struct Stay;
    impl Drop for Stay {
        fn drop(&mut self) {
            loop {
                std::thread::park();
            }
        }
    }
    let stay = Stay;
    // SAFETY: the same function, with a type that says that it may unwind. Its declaration says that it does not, and
    // with that the compiler would leave out the cleanup code. The rest is guaranteed by the caller.
    unsafe {
        let restore = std::mem::transmute::<*const (), Restore>(ffi::PyEval_RestoreThread as *const ());
        std::hint::black_box(restore)(thread);
    }
    std::mem::forget(stay);
}

thread_local! {
    /// The state of the worker's interpreter that this thread is attached to, while it runs behaviors.
    static WORKER: Cell<*const State> = const { Cell::new(ptr::null()) };
}

/// Puts `state` there for as long as `f` runs.
fn with_worker<R>(state: *const State, f: impl FnOnce() -> R) -> R {
    struct Reset(*const State);
    impl Drop for Reset {
        fn drop(&mut self) {
            WORKER.set(self.0);
        }
    }
    let _reset = Reset(WORKER.replace(state));
    f()
}

/// Runs `f`, which runs behaviors, one after the other.
pub(crate) fn as_worker<R>(py: Python<'_>, f: impl FnOnce() -> R) -> R {
    with_worker(State::get(py), f)
}

/// Runs `f` with the state of the interpreter that this thread, a worker's, is attached to. `as_worker` has already found
/// what `if_attached` looks up each time.
#[inline]
pub(crate) fn on_worker<R>(f: impl FnOnce(Python<'_>, &State) -> R) -> Option<R> {
    // SAFETY: null unless this thread is attached, and has been since `as_worker`, whose interpreter's state it is.
    unsafe { WORKER.get().as_ref().map(|state| f(Python::assume(), state)) }
}

/// Runs `f` while this thread is attached to nothing, so that others may run Python code meanwhile.
///
/// `f` can't touch Python objects: they are not `Send`.
pub(crate) fn detach<R: Send>(_py: Python<'_>, f: impl FnOnce() -> R + Send) -> R {
    // SAFETY: attached, says the token; attached again when this returns or unwinds.
    unsafe {
        let thread = ffi::PyEval_SaveThread();
        let result = catch_unwind(AssertUnwindSafe(|| with_worker(ptr::null(), f)));
        take_up(thread);
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// The same for the runtime's own way to wait for work, which knows nothing of Python.
pub(crate) fn pause(_py: Python<'_>, sleep: &mut dyn FnMut()) {
    // SAFETY: as in `detach`; a panic would be the runtime's own, and end the thread.
    unsafe {
        let thread = ffi::PyEval_SaveThread();
        with_worker(ptr::null(), sleep);
        take_up(thread);
    }
}

/// Sleeps, attached to nothing, whether or not this thread is attached.
pub(super) fn rest(time: Duration) {
    let sleep = || std::thread::sleep(time);
    match attached_to() {
        // SAFETY: attached, as we have just seen.
        Some(_) => detach(unsafe { Python::assume() }, sleep),
        None => sleep(),
    }
}

/// Leaves this thread's interpreter, runs `f` in another, and comes back. `None` where that one is about to end.
///
/// We leave before we enter: if two threads each held one interpreter's GIL and waited for the other's, they would
/// deadlock.
pub(crate) fn within<R: Send>(
    py: Python<'_>,
    home: &Home,
    f: impl FnOnce(Python<'_>) -> R + Send,
) -> Option<R> {
    detach(py, || home.visit(f))
}

/// Runs `f` in an interpreter, for a thread that is attached to none. `None` where that one is about to end.
pub(crate) fn visit<R>(home: &Home, f: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    home.visit(f)
}

/// The interpreter that this thread is attached to, by its number; `None` where it is attached to none.
pub(crate) fn attached_to() -> Option<i64> {
    // SAFETY: asks without needing to be attached; the thread state is this thread's own.
    unsafe {
        let thread = ffi::compat::PyThreadState_GetUnchecked();
        (!thread.is_null() && is_own(thread))
            .then(|| ffi::PyInterpreterState_GetID(ffi::PyThreadState_GetInterpreter(thread)))
    }
}

/// Whether what CPython gives as the current thread state is this thread's. Before 3.12 it is that of whichever thread has the
/// GIL. (There, bocpy is used in the main interpreter only, and a thread has one state at most in that.)
fn is_own(current: *mut ffi::PyThreadState) -> bool {
    // SAFETY: asks for what CPython keeps for this thread, attached or not.
    cfg!(Py_3_12) || unsafe { ffi::PyGILState_GetThisThreadState() == current }
}

/// Runs `f` where this thread is attached to an interpreter that `bocpy` is imported in.
pub(crate) fn if_attached<R>(f: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    attached_to()?;
    // SAFETY: attached, as we have just seen, and nothing here leaves the interpreter.
    let py = unsafe { Python::assume() };
    State::try_get(py).map(|_| f(py))
}
