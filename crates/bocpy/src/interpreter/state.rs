//! What we keep for each interpreter.

use super::Home;
use super::per_interpreter::Parts;
use crate::ffi::Python;
use crate::ffi::method::Ended;
use parking_lot::Mutex;
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::ptr;
use std::sync::Arc;

/// One interpreter's state: its home, and what others keep for it by [`PerInterpreter`](super::PerInterpreter).
pub(crate) struct State {
    pub(crate) home: Arc<Home>,
    /// The address of the module object that it was made for.
    module: usize,
    pub(super) parts: Parts,
}

/// All interpreters' states, by the interpreters' numbers, which CPython never uses twice.
static STATES: Mutex<Option<HashMap<i64, Arc<State>>>> = Mutex::new(None);

thread_local! {
    /// The state that this thread asked for last: nearly always the one that it asks for next.
    static LAST: Cell<(i64, *const State)> = const { Cell::new((-1, ptr::null())) };
}

impl State {
    /// The state of the interpreter that this thread is attached to.
    pub(crate) fn get<'py>(py: Python<'py>) -> &'py State {
        State::try_get(py).unwrap_or_else(|| resume_unwind(Box::new(Ended)))
    }

    /// The same; `None` where bocpy is not imported there, or not any more.
    pub(crate) fn try_get(_py: Python<'_>) -> Option<&State> {
        // SAFETY: attached. A state goes with its interpreter's module only, at which time no code that uses it is left to
        // run; and an interpreter's number never comes again, so what is remembered in `LAST` is not mistaken.
        unsafe {
            let id = ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get());
            let (last, state) = LAST.get();
            if last == id {
                return state.as_ref();
            }
            let state = STATES.lock().as_ref()?.get(&id).map(Arc::as_ptr)?;
            LAST.set((id, state));
            Some(&*state)
        }
    }

    /// A state for this interpreter, which nobody can find yet.
    pub(crate) fn new(py: Python<'_>, module: usize) -> State {
        State { home: Home::new(py), module, parts: Parts::new() }
    }

    /// From now on it is found.
    pub(crate) fn register(self, py: Python<'_>) -> &State {
        STATES.lock().get_or_insert_default().insert(self.home.id(), Arc::new(self));
        State::get(py)
    }

    /// The module object at that address is freed. If it is not the one that the state was made for, the state stays.
    pub(crate) fn module_gone(py: Python<'_>, module: usize) {
        if State::try_get(py).is_some_and(|state| state.module == module) {
            State::tear_down(py);
        }
    }

    /// The interpreter is ending.
    pub(crate) fn tear_down(py: Python<'_>) {
        let Some(state) = State::try_get(py) else { return };
        let id = state.home.id();
        let state = STATES.lock().as_mut().and_then(|states| states.remove(&id));
        LAST.set((-1, ptr::null()));
        drop(state);
    }
}
