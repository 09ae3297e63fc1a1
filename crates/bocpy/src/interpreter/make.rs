//! Making and ending interpreters, on the threads that run in them.

use crate::ffi::Python;
use parking_lot::Mutex;
#[cfg(Py_3_12)]
use parking_lot::RwLock;
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `f` on this thread, which is attached to nothing, attached to the main interpreter.
pub(crate) fn in_main<R>(f: impl FnOnce(Python<'_>) -> R) -> R {
    /// One after the other: a thread that waits for the GIL asks for it every few milliseconds, and thousands that start at the
    /// same time would do nothing else. Threads that have the GIL don't come here.
    static ENTERING: Mutex<()> = Mutex::new(());
    // SAFETY: the main interpreter lives as long as the process uses Python; the thread that started this one waits for it.
    // The thread state is this thread's, and goes when `f` is done.
    let result = unsafe {
        let thread = ffi::PyThreadState_New(ffi::PyInterpreterState_Main());
        let entering = ENTERING.lock();
        ffi::PyEval_RestoreThread(thread);
        drop(entering);
        let result = catch_unwind(AssertUnwindSafe(|| f(Python::assume())));
        ffi::PyThreadState_Clear(thread);
        ffi::PyThreadState_DeleteCurrent();
        result
    };
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

thread_local! {
    /// Whether this thread runs in an interpreter that was made here.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the interpreter that this thread runs in was made here, not by the program.
pub(crate) fn is_own() -> bool {
    OWN.get()
}

/// Runs `f` on this thread, which is attached to nothing, in a new interpreter with a GIL and an allocator of its own.
///
/// # Errors
/// What CPython says if it can't make one.
#[cfg(Py_3_12)]
pub(crate) fn in_new_interpreter<R>(f: impl FnOnce(Python<'_>) -> R) -> Result<R, String> {
    /// CPython before 3.14 sometimes fails to make two at the same time.
    static MAKING: RwLock<()> = RwLock::new(());
    let mut f = Some(f);
    let first = match cfg!(Py_3_14) {
        true => attempt(&mut f, MAKING.read()),
        false => attempt(&mut f, MAKING.write()),
    };
    first.or_else(|_| attempt(&mut f, MAKING.write()))
}

/// The same. `making` is dropped as soon as there is an interpreter; `f` is called only if there is one.
#[cfg(Py_3_12)]
fn attempt<R>(f: &mut Option<impl FnOnce(Python<'_>) -> R>, making: impl Sized) -> Result<R, String> {
    use std::ffi::CStr;
    let config = ffi::PyInterpreterConfig {
        use_main_obmalloc: 0,
        allow_fork: 0,
        allow_exec: 0,
        allow_threads: 1,
        allow_daemon_threads: 0,
        check_multi_interp_extensions: 1,
        gil: ffi::PyInterpreterConfig_OWN_GIL,
    };
    // SAFETY: a new interpreter can be made from within another only, so we go through the main one. From the making on
    // this thread is attached to the new interpreter; `f` leaves it so; after its end the thread is attached to nothing
    // and takes up the thread state of the main interpreter again, to give it up too.
    unsafe {
        let boot = ffi::PyThreadState_New(ffi::PyInterpreterState_Main());
        ffi::PyEval_RestoreThread(boot);
        let mut thread = std::ptr::null_mut();
        let status = ffi::Py_NewInterpreterFromConfig(&mut thread, &config);
        drop(making);
        let result = match f.take_if(|_| ffi::PyStatus_Exception(status) == 0) {
            None => {
                let message =
                    (!status.err_msg.is_null()).then(|| CStr::from_ptr(status.err_msg).to_string_lossy());
                Err(message
                    .map_or_else(|| "CPython gives no reason".to_owned(), |message| message.into_owned()))
            }
            Some(f) => {
                OWN.set(true);
                let result = catch_unwind(AssertUnwindSafe(|| f(Python::assume())));
                OWN.set(false);
                ffi::Py_EndInterpreter(ffi::PyThreadState_Get());
                ffi::PyEval_RestoreThread(boot);
                Ok(result)
            }
        };
        ffi::PyThreadState_Clear(boot);
        ffi::PyThreadState_DeleteCurrent();
        result.map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}
