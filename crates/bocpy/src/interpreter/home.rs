//! An interpreter as others see it: visiting it, and giving it back its references.

use super::attach::attached_to;
use crate::ffi::Python;
use parking_lot::{Mutex, RwLock};
use pyo3_ffi as ffi;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// An interpreter in whose heap values live.
pub(crate) struct Home {
    id: i64,
    /// Read while somebody visits. Written, to nothing, when the interpreter is about to end.
    interpreter: RwLock<Option<Interpreter>>,
    /// References that died elsewhere.
    foreign_drops: Mutex<Vec<Dead>>,
    has_foreign_drops: AtomicBool,
}

#[derive(Clone, Copy)]
struct Interpreter(NonNull<ffi::PyInterpreterState>);
struct Dead(NonNull<ffi::PyObject>);

// SAFETY: a pointer that is only used under the lock around it, to make a thread state for the using thread.
unsafe impl Send for Interpreter {}
// SAFETY: as above.
unsafe impl Sync for Interpreter {}
// SAFETY: a reference that is only given up by a thread attached to its home.
unsafe impl Send for Dead {}

static MAIN: OnceLock<Arc<Home>> = OnceLock::new();

/// The main interpreter's home, once `bocpy` has been imported there.
pub(crate) fn main_home() -> Option<Arc<Home>> {
    MAIN.get().cloned()
}

impl Home {
    /// The home that this thread is attached to. Called once for each interpreter.
    pub(crate) fn new(_py: Python<'_>) -> Arc<Home> {
        // SAFETY: attached.
        let (id, interpreter) = unsafe {
            let interpreter = ffi::PyInterpreterState_Get();
            (ffi::PyInterpreterState_GetID(interpreter), NonNull::new_unchecked(interpreter))
        };
        let home = Arc::new(Home {
            id,
            interpreter: RwLock::new(Some(Interpreter(interpreter))),
            foreign_drops: Mutex::default(),
            has_foreign_drops: AtomicBool::new(false),
        });
        if home.is_main() {
            let _ = MAIN.set(home.clone());
        }
        home
    }

    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// The main interpreter, in which the program started.
    pub(crate) fn is_main(&self) -> bool {
        self.id == 0
    }

    /// True where this thread is attached to it.
    pub(crate) fn is_here(&self) -> bool {
        attached_to() == Some(self.id)
    }

    /// Attaches this thread, which must be attached to nothing, for as long as `f` runs.
    pub(super) fn visit<R>(&self, f: impl FnOnce(Python<'_>) -> R) -> Option<R> {
        let interpreter = self.interpreter.read_recursive();
        let Interpreter(pointer) = (*interpreter)?;
        // SAFETY: the interpreter does not end while we hold the lock. A new thread state for this thread, which is
        // attached to nothing; it goes before the lock does.
        let result = unsafe {
            let thread = ffi::PyThreadState_New(pointer.as_ptr());
            ffi::PyEval_RestoreThread(thread);
            let result = catch_unwind(AssertUnwindSafe(|| f(Python::assume())));
            ffi::PyThreadState_Clear(thread);
            ffi::PyThreadState_DeleteCurrent();
            result
        };
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Lets no more visitors in, and waits for those who are inside. To be called by a thread that is attached to nothing.
    pub(crate) fn close(&self) {
        *self.interpreter.write() = None;
    }

    /// Keeps a reference that died elsewhere until somebody who is attached comes by.
    pub(super) fn drop_later(&self, object: NonNull<ffi::PyObject>) {
        self.foreign_drops.lock().push(Dead(object));
        self.has_foreign_drops.store(true, Ordering::Release);
    }

    /// Gives up the references that died elsewhere. Cheap where there are none.
    #[inline]
    pub(crate) fn sweep(&self, py: Python<'_>) {
        if self.has_foreign_drops.load(Ordering::Relaxed) {
            self.sweep_now(py);
        }
    }

    #[cold]
    fn sweep_now(&self, _py: Python<'_>) {
        debug_assert!(self.is_here());
        self.has_foreign_drops.store(false, Ordering::Relaxed);
        let dead = std::mem::take(&mut *self.foreign_drops.lock());
        for Dead(object) in dead {
            // SAFETY: attached to its home, and the reference is ours.
            unsafe { ffi::Py_DECREF(object.as_ptr()) };
        }
    }
}
