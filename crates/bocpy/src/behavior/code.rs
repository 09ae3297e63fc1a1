//! Code objects: encoded once in a process, decoded once in each interpreter.

use super::CACHES;
use super::namespace::Namespace;
use crate::ffi::error::{self, Kind};
use crate::ffi::function::{self, CodeObject, PyFunction};
use crate::ffi::{Object, PyResult, Python, number, text};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::{Imported, Resident, State};
use crate::transport::namespaces;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static ORIGIN: Imported = Imported::new("bocpy._code", c"origin");
static NAMESPACE: Imported = Imported::new("bocpy._worker", c"namespace");

/// Where a function's globals are found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// By importing the module of that name; otherwise they belong to a namespace.
    pub(crate) importable: bool,
    pub(crate) name: Arc<str>,
}

/// A code object that belongs to no interpreter.
pub(crate) struct Code {
    number: u64,
    data: Box<[u8]>,
    pub(crate) place: Place,
    /// The name of the function, for messages.
    pub(crate) name: Arc<str>,
    /// That, and where the function is defined.
    pub(crate) label: Label,
    pub(crate) free_variables: usize,
}

/// The same, opened in one interpreter.
pub(crate) struct Opened {
    code: Resident,
    pub(crate) globals: Resident,
    /// The bindings in them, if they belong to a namespace.
    pub(crate) namespace: Arc<Namespace>,
    /// The function, if all functions of that code are alike.
    function: Option<Resident>,
}

/// The code that a thread has run last: most often, it runs it again.
struct Last {
    interpreter: i64,
    number: u64,
    opened: Arc<Opened>,
}

thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// Forgets what this thread has run last.
pub(super) fn forget_last() {
    drop(LAST.take());
}

impl Place {
    /// The place of a function with those globals.
    pub(crate) fn of<'py>(py: Python<'py>, globals: &Object<'py>) -> PyResult<Place> {
        let origin = ORIGIN.call(py, &[globals])?;
        let origin = origin.try_tuple()?;
        let importable = origin.item(0)?.is_true()?;
        let name: Arc<str> = origin.item(1)?.to_str().unwrap_or("<nameless>").into();
        if !importable {
            namespaces::add(&name);
        }
        Ok(Place { importable, name })
    }
}

impl Code {
    /// Encodes the code of a function.
    pub(crate) fn write<'py>(
        code: &CodeObject<'py>,
        place: Place,
        name: &str,
        free_variables: usize,
    ) -> PyResult<Code> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let data = code.dump()?;
        let data =
            data.to_bytes().ok_or_else(|| error::raise(code.py(), Kind::Type, "marshal gave no bytes"))?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name: Arc<str> = name.into();
        let (file, line) = (code.getattr(c"co_filename")?, code.getattr(c"co_firstlineno")?);
        let line = line.as_int().and_then(|line| line.to_i64()).unwrap_or(0);
        let label = labels::label(&name, &format!("{}:{line}", file.to_str().unwrap_or("?")));
        Ok(Code { number, data: data.into(), place, name, label, free_variables })
    }

    /// Calls `f` with the code as this interpreter has it.
    pub(crate) fn with<R>(
        &self,
        py: Python<'_>,
        state: &State,
        f: impl FnOnce(&Opened) -> PyResult<R>,
    ) -> PyResult<R> {
        let interpreter = state.home.id();
        LAST.with(|place| {
            // Taken out meanwhile: what `f` runs may forget it.
            let last =
                place.take().filter(|last| last.interpreter == interpreter && last.number == self.number);
            let last = match last {
                Some(last) => last,
                None => Last { interpreter, number: self.number, opened: self.open(py, state)? },
            };
            let result = f(&last.opened);
            place.set(Some(last));
            result
        })
    }

    fn open(&self, py: Python<'_>, state: &State) -> PyResult<Arc<Opened>> {
        if let Some(opened) = CACHES.of(state).opened.lock().get(self.number) {
            return Ok(opened);
        }
        let importable = number::boolean(py, self.place.importable);
        let name = text::string(py, &self.place.name)?;
        let globals = NAMESPACE.call_in(py, state, &[&importable, &name])?;
        let code = function::load_code(py, &self.data)?;
        let shared = match self.free_variables {
            0 => Some(Resident::new(PyFunction::new(code.try_code()?, globals.try_dict()?)?.into())),
            _ => None,
        };
        let namespace = CACHES.of(state).namespace(&self.place.name);
        let opened = Opened {
            code: Resident::new(code),
            globals: Resident::new(globals),
            namespace,
            function: shared,
        };
        let opened = Arc::new(opened);
        let forgotten = CACHES.of(state).opened.lock().insert(self.number, opened.clone());
        drop(forgotten);
        Ok(opened)
    }
}

impl Opened {
    /// A function of this code; for a closure, without its cells as yet.
    pub(crate) fn function<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        fresh: bool,
    ) -> PyResult<PyFunction<'py>> {
        if let (Some(function), false) = (&self.function, fresh)
            && let Some(function) = function.peek_in(py, state)
            && let Some(function) = function.as_function()
        {
            return Ok(function.clone());
        }
        let (code, globals) = (here(py, &self.code)?, here(py, &self.globals)?);
        PyFunction::new(code.try_code()?, globals.try_dict()?)
    }
}

fn here<'py>(py: Python<'py>, resident: &Resident) -> PyResult<Object<'py>> {
    resident
        .open(py)
        .ok_or_else(|| error::raise(py, Kind::Runtime, "code of another interpreter: a bug in bocpy"))
}
