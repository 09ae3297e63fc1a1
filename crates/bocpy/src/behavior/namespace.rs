//! The globals of a namespace as they are bound in one interpreter, for the behavior that runs there now.

use super::globals::{Entry, Form, Payload, Snapshot, Stamp};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Dict, List, Object, PyResult, Python, number, text};
use crate::interpreter::{Imported, Resident};
use crate::transport::by_reference::Opening;
use crate::transport::portable::explain_import;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static IMPORT_MODULE: Imported = Imported::new("bocpy._worker", c"import_module");
static BRING: Imported = Imported::new("bocpy._shared", c"bring");
static FIND_MISSING: Imported = Imported::new("bocpy._worker", c"find_missing");

/// The bindings in a namespace: each name's payload, and the object that was made from it if that can't change.
#[derive(Default)]
pub(crate) struct Namespace {
    bound: Mutex<Bound>,
    /// The address of `last` in there.
    last: AtomicUsize,
}

#[derive(Default)]
struct Bound {
    /// The snapshot that was bound last, kept so that its address is not used again.
    last: Option<Arc<Snapshot>>,
    names: FxHashMap<Arc<str>, (Arc<Payload>, Option<Resident>)>,
    reasons: FxHashMap<Arc<str>, Box<str>>,
}

impl Namespace {
    /// Whether the globals match the snapshot, so that there is nothing to `bind`.
    #[inline]
    pub(crate) fn is_bound(&self, snapshot: &Arc<Snapshot>) -> bool {
        !snapshot.stored && self.last.load(Ordering::Relaxed) == Arc::as_ptr(snapshot).addr()
    }

    /// Binds the snapshot in `globals`.
    pub(crate) fn bind<'py>(
        &self,
        py: Python<'py>,
        globals: &Dict<'py>,
        snapshot: &Arc<Snapshot>,
    ) -> PyResult<()> {
        if self.is_bound(snapshot) {
            return Ok(());
        }
        let mut parts = None;
        for entry in &snapshot.entries {
            let known = self.bound.lock().names.get(&entry.name).map(|(payload, _)| payload.clone());
            let is_part = matches!(entry.payload.form, Form::Part { .. });
            let is_bound = known.as_ref().is_some_and(|known| Arc::ptr_eq(known, &entry.payload));
            // If one of the parts is bound again, the others are: they may share something.
            if is_bound && !entry.stored && !(is_part && snapshot.stored) {
                continue;
            }
            let bindable = self.bind_entry(py, globals, entry, known.is_some(), &mut parts)?;
            let mut bound = self.bound.lock();
            let object = match bindable {
                Ok(object) => {
                    bound.reasons.remove(&entry.name);
                    object.filter(|_| entry.fixed).map(Resident::new)
                }
                Err(reason) => {
                    bound.reasons.insert(entry.name.clone(), reason);
                    None
                }
            };
            let before = bound.names.insert(entry.name.clone(), (entry.payload.clone(), object));
            drop(bound);
            drop(before);
        }
        let mut bound = self.bound.lock();
        self.last.store(Arc::as_ptr(snapshot).addr(), Ordering::Relaxed);
        let before = bound.last.replace(snapshot.clone());
        drop(bound);
        drop(before);
        Ok(())
    }

    /// The payload that an object was made of, under that name, if it can't have changed since.
    pub(crate) fn payload_of(&self, name: &str, object: &Object<'_>) -> Option<Arc<Payload>> {
        let bound = self.bound.lock();
        let (payload, known) = bound.names.get(name)?;
        known.as_ref().is_some_and(|known| known.is(object)).then(|| payload.clone())
    }

    /// Binds one name. Returns the object, or the reason why there is none.
    fn bind_entry<'py>(
        &self,
        py: Python<'py>,
        globals: &Dict<'py>,
        entry: &Entry,
        known: bool,
        parts: &mut Option<PyResult<Object<'py>>>,
    ) -> PyResult<Result<Option<Object<'py>>, Box<str>>> {
        let key = text::intern(py, &entry.name)?;
        let value = match &entry.payload.form {
            Form::Value(portable) => portable.decode(py, Opening::Copy),
            Form::Part { of, place, alone } => {
                let opened = parts.get_or_insert_with(|| of.decode(py, Opening::Copy));
                match (opened, alone) {
                    (Ok(opened), _) => Ok(opened.try_tuple()?.item(*place)?.clone()),
                    // The error is that of another part.
                    (Err(_), Some(alone)) => {
                        error::clear(py);
                        alone.decode(py, Opening::Copy)
                    }
                    (Err(_), None) => of.decode(py, Opening::Copy),
                }
            }
            Form::Module { name, submodules } => import(py, name, submodules),
            Form::Missing => {
                if known {
                    globals.remove(&key)?;
                }
                return Ok(Ok(None));
            }
            Form::Unsendable(why) => {
                globals.remove(&key)?;
                return Ok(Err(why.clone()));
            }
        };
        let value = match (value, entry.payload.shared) {
            (Ok(value), number) if number != 0 => {
                let fingerprint = number::uint(py, entry.payload.fingerprint)?;
                BRING.call(py, &[&value, &number::uint(py, number)?, &fingerprint])
            }
            (value, _) => value,
        };
        match value {
            Ok(value) => globals.set(&key, &value).map(|()| Ok(Some(value))),
            Err(raised) if error::is(py, Kind::KeyboardInterrupt) => Err(raised),
            Err(raised) => {
                let Raised = explain_import(py, raised);
                let why = error::describe(py);
                globals.remove(&key)?;
                Ok(Err(why.into()))
            }
        }
    }

    /// Looks in the main interpreter for names that were not there when the behavior was scheduled.
    pub(crate) fn find_missing<'py>(
        &self,
        py: Python<'py>,
        globals: &Dict<'py>,
        snapshot: &Snapshot,
    ) -> PyResult<()> {
        for entry in &snapshot.entries {
            if !matches!(entry.payload.form, Form::Missing) {
                continue;
            }
            let key = text::intern(py, &entry.name)?;
            if globals.get(&key)?.is_none() {
                let namespace = text::string(py, &snapshot.code.place.name)?;
                if FIND_MISSING.call(py, &[&namespace, &key]).is_err() {
                    error::clear(py);
                }
            }
        }
        Ok(())
    }

    /// Since when what is bound to that name has been current.
    pub(crate) fn since(&self, name: &str) -> Option<Stamp> {
        self.bound.lock().names.get(name).map(|(payload, _)| payload.since)
    }

    /// Why a name is not there.
    pub(crate) fn reason(&self, name: &str) -> Option<Box<str>> {
        self.bound.lock().reasons.get(name).cloned()
    }
}

fn import<'py>(py: Python<'py>, name: &str, submodules: &[Box<str>]) -> PyResult<Object<'py>> {
    let parts: PyResult<Vec<_>> = submodules.iter().map(|part| text::string(py, part)).collect();
    let parts = List::new(py, parts?)?;
    IMPORT_MODULE.call(py, &[&text::string(py, name)?, &parts])
}
