//! An interpreter as others see it: visiting it, and returning references to it.

use super::attach::{attached_to, detach, take_up};
use super::buffers::WeakMemory;
use super::cross_interpreter::Leftover;
use super::fork_safe;
use super::labels::Label;
use super::self_pruning::SelfPruning;
use super::watchdog::{self, AtDoor};
use crate::ffi::Python;
use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
use pyo3_ffi as ffi;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// An interpreter in whose heap values live.
pub(crate) struct Home {
    id: i64,
    /// Read while somebody visits. Written, to nothing, when the interpreter is about to end.
    interpreter: RwLock<Option<Interpreter>>,
    /// References that died elsewhere, and data to be freed here.
    foreign_drops: Mutex<Vec<Dead>>,
    has_foreign_drops: AtomicBool,
    /// Memory of objects here that values elsewhere refer to.
    lent: Mutex<SelfPruning<WeakMemory>>,
    /// The index of the worker that lives here, plus one.
    worker: AtomicUsize,
    /// Makes that worker sweep soon.
    nudge: OnceLock<Box<dyn Fn() + Send + Sync>>,
    visits: Visits,
    /// The behavior that runs here, for messages.
    running: AtomicU32,
    /// Somebody is about to look at what runs here.
    looked_at: AtomicBool,
}

/// The visitors that wait or are inside.
#[derive(Default)]
struct Visits {
    count: AtomicUsize,
    lock: Mutex<()>,
    over: Condvar,
}

/// See [`Home::look`].
pub(crate) struct Look(Arc<Home>);

impl Look {
    /// As a visit; that it waits is not reported.
    pub(crate) fn visit<R>(self, f: impl FnOnce(Python<'_>) -> R) -> Option<R> {
        self.0.enter(|| None, f)
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.0.looked_at.store(false, Ordering::Release);
    }
}

/// One visit.
struct Visit<'a>(&'a Visits);

impl Visits {
    fn begin(&self) -> Visit<'_> {
        self.count.fetch_add(1, Ordering::SeqCst);
        Visit(self)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let _lock = self.0.lock.lock();
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.over.notify_all();
    }
}

#[derive(Clone, Copy)]
struct Interpreter(NonNull<ffi::PyInterpreterState>);

enum Dead {
    Object(NonNull<ffi::PyObject>),
    Data(Leftover),
}

// SAFETY: a pointer that is only used under the lock around it, to make a thread state for the using thread.
unsafe impl Send for Interpreter {}
// SAFETY: as above.
unsafe impl Sync for Interpreter {}
// SAFETY: only a thread attached to its home drops the reference.
unsafe impl Send for Dead {}

static MAIN: OnceLock<Arc<Home>> = OnceLock::new();

/// The main interpreter's home, once `bocpy` has been imported there.
pub(crate) fn main_home() -> Option<Arc<Home>> {
    MAIN.get().cloned()
}

/// A fork holds this lock until it is over, so that no visitor of the main interpreter has it.
pub(crate) fn hold_visits() -> Option<MutexGuard<'static, ()>> {
    let visits = &MAIN.get()?.visits;
    Some(fork_safe::lock(|| visits.lock.try_lock()))
}

/// In the child of a fork, nobody is on a visit: those threads are the parent's.
pub(crate) fn start_clean(visits: Option<MutexGuard<'static, ()>>) {
    if let Some(main) = MAIN.get() {
        main.visits.count.store(0, Ordering::SeqCst);
    }
    drop(visits);
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
            lent: Mutex::new(SelfPruning::new()),
            worker: AtomicUsize::new(0),
            nudge: OnceLock::new(),
            visits: Visits::default(),
            running: AtomicU32::new(0),
            looked_at: AtomicBool::new(false),
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

    /// True if this thread is attached to it.
    pub(crate) fn is_here(&self) -> bool {
        attached_to() == Some(self.id)
    }

    /// Attaches this thread, which must be attached to nothing, for as long as `f` runs.
    pub(super) fn visit<R>(&self, f: impl FnOnce(Python<'_>) -> R) -> Option<R> {
        self.enter(|| Some(watchdog::at_door(self.worker(), self.running())), f)
    }

    /// The right to visit it only to look at what runs here. There is one: such a visitor may wait for long, and nobody for
    /// it. `None` while another thread has it.
    pub(crate) fn look(self: &Arc<Self>) -> Option<Look> {
        (!self.looked_at.swap(true, Ordering::Acquire)).then(|| Look(self.clone()))
    }

    fn enter<R>(
        &self,
        at_door: impl FnOnce() -> Option<AtDoor>,
        f: impl FnOnce(Python<'_>) -> R,
    ) -> Option<R> {
        let _visit = self.visits.begin();
        let interpreter = self.interpreter.read_recursive();
        let Interpreter(pointer) = (*interpreter)?;
        // SAFETY: the interpreter does not end while we hold the lock. A new thread state for this thread, which is
        // attached to nothing; it goes before the lock does.
        let result = unsafe {
            let thread = ffi::PyThreadState_New(pointer.as_ptr());
            let at_door = at_door();
            take_up(thread);
            drop(at_door);
            let result = catch_unwind(AssertUnwindSafe(|| f(Python::assume())));
            ffi::PyThreadState_Clear(thread);
            ffi::PyThreadState_DeleteCurrent();
            result
        };
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// The worker that lives here, by its number.
    pub(crate) fn worker(&self) -> Option<usize> {
        self.worker.load(Ordering::Relaxed).checked_sub(1)
    }

    /// That worker has moved in.
    #[cfg_attr(not(Py_3_12), allow(dead_code))]
    pub(crate) fn set_worker(&self, worker: usize, nudge: impl Fn() + Send + Sync + 'static) {
        self.worker.store(worker + 1, Ordering::Relaxed);
        let _ = self.nudge.set(Box::new(nudge));
    }

    /// What runs here just now.
    pub(crate) fn running(&self) -> Label {
        self.running.load(Ordering::Relaxed)
    }

    pub(crate) fn set_running(&self, behavior: Label) {
        self.running.store(behavior, Ordering::Relaxed);
    }

    /// Called by the worker that lives here, between two behaviors: drops references that died elsewhere, and lets
    /// visitors in, which would otherwise wait for the next switch of threads. Cheap if there is nothing to do.
    #[inline]
    pub(crate) fn look_around(&self, py: Python<'_>) {
        self.sweep(py);
        if self.visits.count.load(Ordering::Relaxed) > 0 {
            self.let_in(py);
        }
    }

    #[cold]
    fn let_in(&self, py: Python<'_>) {
        detach(py, || {
            let mut lock = self.visits.lock.lock();
            while self.visits.count.load(Ordering::SeqCst) > 0 {
                self.visits.over.wait(&mut lock);
            }
        });
    }

    /// Lets no more visitors in, and waits for those who are inside. To be called by a thread that is attached to nothing.
    pub(crate) fn close(&self) {
        *self.interpreter.write() = None;
    }

    /// Keeps a reference that died elsewhere until an attached thread sweeps.
    pub(super) fn drop_later(&self, object: NonNull<ffi::PyObject>) {
        self.end_later(Dead::Object(object));
    }

    /// The same for data that an interpreter has to free itself.
    pub(super) fn free_later(&self, data: Leftover) {
        self.end_later(Dead::Data(data));
    }

    fn end_later(&self, dead: Dead) {
        self.foreign_drops.lock().push(dead);
        if !self.has_foreign_drops.swap(true, Ordering::AcqRel)
            && let Some(nudge) = self.nudge.get()
        {
            // The worker may sleep, and nothing else may wake it for a long time.
            nudge();
        }
    }

    pub(super) fn lends(&self, memory: WeakMemory) {
        self.lent.lock().push(memory, |lent| lent.retain(|memory| !memory.is_dead()));
    }

    pub(super) fn take_lent(&self) -> Vec<WeakMemory> {
        self.lent.lock().take()
    }

    /// Drops the references that died elsewhere. Cheap if there are none.
    #[inline]
    pub(crate) fn sweep(&self, py: Python<'_>) {
        if self.has_foreign_drops.load(Ordering::Relaxed) {
            self.sweep_now(py);
        }
    }

    #[cold]
    fn sweep_now(&self, _py: Python<'_>) {
        assert!(self.is_here());
        self.has_foreign_drops.store(false, Ordering::Relaxed);
        let dead = std::mem::take(&mut *self.foreign_drops.lock());
        for dead in dead {
            match dead {
                // SAFETY: attached to its home, and the reference is ours.
                Dead::Object(object) => unsafe { ffi::Py_DECREF(object.as_ptr()) },
                Dead::Data(data) => data.free(),
            }
        }
    }
}
