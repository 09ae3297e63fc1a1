//! What we keep for each interpreter: its classes, the callables that we need of it, and its caches.

use super::{Home, Resident};
use crate::api::cown::CownObject;
use crate::api::read::Read;
use crate::api::when::When;
use crate::behavior::Caches;
use crate::ffi::class::{Class, Native};
use crate::ffi::{Object, PyResult, Python, module};
use parking_lot::Mutex;
use pyo3_ffi as ffi;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// One interpreter's state.
pub(crate) struct State {
    pub(crate) home: Arc<Home>,
    pub(crate) cown: Class<CownObject>,
    pub(crate) when: Class<When>,
    pub(crate) read: Class<Read>,
    pub(crate) caches: Caches,
    /// Whether CPython carries its queues: see `transport::portable`.
    pub(crate) carries_queues: AtomicBool,
    callables: [OnceLock<Resident>; CALLABLES.len()],
}

// SAFETY: the classes are used by threads that are attached to this interpreter only, as `get` sees to.
unsafe impl Send for State {}
// SAFETY: as above; the rest guards itself.
unsafe impl Sync for State {}

/// Python functions that we call, found when first needed.
#[derive(Clone, Copy)]
pub(crate) enum Callable {
    Dumps,
    Loads,
    DumpsByValue,
    Define,
    Survey,
    DirectNames,
    Origin,
    Check,
    Namespace,
    ImportModule,
    FindMissing,
    FormatException,
    PortableException,
    ExplainNameError,
    ExplainImportError,
    Culprit,
    RemoteTraceback,
    WarnLargeGlobal,
    SetUpWorker,
    GatherSettings,
    Answer,
    FinishAtExit,
    DescribeView,
    OpenView,
    OpenArray,
    CarryBuffer,
    LeaveWorker,
    Carry,
}

const CALLABLES: [(&str, &CStr); 28] = [
    ("_pickle", c"dumps"),
    ("_pickle", c"loads"),
    ("bocpy._by_value", c"dumps"),
    ("bocpy._by_value", c"define"),
    ("bocpy._code", c"survey"),
    ("bocpy._code", c"direct_names"),
    ("bocpy._code", c"origin"),
    ("bocpy._code", c"check"),
    ("bocpy._worker", c"namespace"),
    ("bocpy._worker", c"import_module"),
    ("bocpy._worker", c"find_missing"),
    ("bocpy._errors", c"format_exception"),
    ("bocpy._errors", c"portable_exception"),
    ("bocpy._errors", c"explain_name_error"),
    ("bocpy._errors", c"explain_import_error"),
    ("bocpy._errors", c"culprit"),
    ("bocpy._errors", c"RemoteTraceback"),
    ("bocpy._code", c"warn_large_global"),
    ("bocpy._worker", c"set_up"),
    ("bocpy._worker", c"gather_settings"),
    ("bocpy._by_value", c"answer"),
    ("bocpy._lifecycle", c"finish_at_exit"),
    ("bocpy._buffers", c"describe_view"),
    ("bocpy._buffers", c"open_view"),
    ("bocpy._buffers", c"open_array"),
    ("bocpy._core", c"_carry_buffer"),
    ("bocpy._worker", c"leave"),
    ("bocpy._by_value", c"carry"),
];

/// All interpreters' states, by the interpreters' numbers, which CPython never uses twice.
static STATES: Mutex<Option<HashMap<i64, Arc<State>>>> = Mutex::new(None);

thread_local! {
    /// The state that this thread asked for last: nearly always the one that it asks for next.
    static LAST: Cell<(i64, *const State)> = const { Cell::new((-1, ptr::null())) };
}

impl State {
    /// The state of the interpreter that this thread is attached to.
    pub(crate) fn get<'py>(py: Python<'py>) -> &'py State {
        State::try_get(py)
            .expect("bocpy is used in an interpreter that it has been imported in, before its end")
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

    /// Fills the module: makes the state of a new interpreter, or takes up the one that is there.
    pub(crate) fn set_up<'py>(py: Python<'py>, module: &Object<'py>) -> PyResult<&'py State> {
        if State::try_get(py).is_none() {
            let state = State {
                home: Home::new(py),
                cown: Class::new(py, module)?,
                when: Class::new(py, module)?,
                read: Class::new(py, module)?,
                caches: Caches::default(),
                carries_queues: AtomicBool::new(false),
                callables: Default::default(),
            };
            if let Some(main) = CownObject::MAIN.filter(|_| state.home.is_main()) {
                main.learn(py)?;
            }
            STATES.lock().get_or_insert_default().insert(state.home.id(), Arc::new(state));
        }
        Ok(State::get(py))
    }

    /// The interpreter is ending.
    pub(crate) fn tear_down(py: Python<'_>) {
        let Some(state) = State::try_get(py) else { return };
        let id = state.home.id();
        let state = STATES.lock().as_mut().and_then(|states| states.remove(&id));
        LAST.set((-1, ptr::null()));
        drop(state);
    }

    /// One of the Python functions that we call.
    pub(crate) fn callable<'py>(&self, py: Python<'py>, callable: Callable) -> PyResult<Object<'py>> {
        let place = &self.callables[callable as usize];
        if let Some(found) = place.get().and_then(|found| found.open(py)) {
            return Ok(found);
        }
        let (module, name) = CALLABLES[callable as usize];
        let found = module::import_from(py, module, name)?;
        let _ = place.set(Resident::at(self.home.clone(), found.clone()));
        Ok(found)
    }

    /// Calls one of them.
    pub(crate) fn invoke<'py>(
        &self,
        py: Python<'py>,
        callable: Callable,
        args: &[&Object<'py>],
    ) -> PyResult<Object<'py>> {
        self.callable(py, callable)?.call(args)
    }
}
