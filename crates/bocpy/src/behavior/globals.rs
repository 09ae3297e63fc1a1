//! The globals of a function that can't be imported: taken name by name as they are when a behavior is scheduled.

use super::CACHES;
use super::code::Code;
use super::plan::{Plan, Sent};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Dict, Object, PyResult, Python, number, text};
use crate::interpreter::{Imported, Resident, State};
use crate::transport::by_reference::Taking;
use crate::transport::immutable::is_immutable;
use crate::transport::portable::Portable;
use std::sync::Arc;

static SURVEY: Imported = Imported::new("bocpy._code", c"survey");
static WARN_LARGE_GLOBAL: Imported = Imported::new("bocpy._code", c"warn_large_global");

/// There is a warning about larger globals that are encoded again for every behavior.
const LARGE: usize = 1_000_000;

/// The form in which one global is sent.
pub(crate) enum Payload {
    /// It is imported under that name, with those submodules.
    Module { name: Box<str>, submodules: Box<[Box<str>]> },
    /// A value, or a function or class by value.
    Value(Portable),
    /// There is none of that name.
    Missing,
    /// It can't be sent, for that reason.
    Unsendable(Box<str>),
}

/// One global of a snapshot.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) payload: Arc<Payload>,
    /// Some of the code assigns to it.
    pub(crate) stored: bool,
    /// The value cannot change, so objects made from it stay equal to it.
    pub(crate) fixed: bool,
}

/// A behavior's code, with the globals that it sees. All behaviors that were scheduled in the same state share it.
pub(crate) struct Snapshot {
    pub(crate) code: Arc<Code>,
    pub(crate) entries: Vec<Entry>,
    /// Whether any entry is stored to, and must be bound again each time.
    pub(crate) stored: bool,
    /// Whether any name was not there.
    pub(crate) incomplete: bool,
}

/// A name that the code reaches.
struct Name {
    key: Resident,
    text: Arc<str>,
    submodules: Box<[Box<str>]>,
}

/// A snapshot, with the objects that it was made from.
pub(crate) struct Taken {
    names: Arc<[Name]>,
    sources: Vec<Source>,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// The object that an entry was made of.
#[derive(Clone)]
struct Source {
    object: Option<Arc<Resident>>,
    /// While it is the same object, the entry holds.
    fixed: bool,
    /// A function or class: a different one may use other names.
    leads_on: bool,
}

/// The globals of `function` as they are now. Usually this only checks that they are still the same objects.
pub(crate) fn take<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    sent: &mut Sent,
    function: &Object<'py>,
    globals: &Dict<'py>,
    survey_again: bool,
) -> PyResult<Arc<Snapshot>> {
    if let Some(taken) = &sent.taken
        && !survey_again
        && taken.is_still(py, state, globals)?
    {
        return Ok(sent.snapshots.clone_of(&taken.snapshot));
    }
    let before = sent.taken.take().or_else(|| plan.taken.lock().clone());
    let after = match &before {
        Some(before) if !survey_again => match before.update(py, state, plan, globals)? {
            Update::Same => None,
            Update::Changed(after) => Some(after),
            Update::Unknown => Some(Taken::new(py, state, plan, function, globals, Some(before))?),
        },
        _ => Some(Taken::new(py, state, plan, function, globals, before.as_deref())?),
    };
    let taken = match after {
        None => before,
        Some(after) => {
            let after = Arc::new(after);
            let older = plan.taken.lock().replace(after.clone());
            drop((older, before));
            Some(after)
        }
    };
    let taken = sent.taken.insert(taken.expect("taken or known"));
    Ok(sent.snapshots.clone_of(&taken.snapshot))
}

/// The snapshot of a function of an importable module: only its code.
pub(crate) fn none(plan: &Plan, sent: &mut Sent) -> Arc<Snapshot> {
    sent.snapshots.clone_of(plan.plain.get_or_init(|| snapshot(&plan.code, Vec::new())))
}

enum Update {
    Same,
    Changed(Taken),
    Unknown,
}

impl Taken {
    #[cold]
    fn new<'py>(
        py: Python<'py>,
        state: &State,
        plan: &Plan,
        function: &Object<'py>,
        globals: &Dict<'py>,
        before: Option<&Taken>,
    ) -> PyResult<Taken> {
        let mut names = Vec::new();
        let mut sources = Vec::new();
        let mut entries = Vec::new();
        for (key, stored, submodules) in survey(py, state, function, globals)? {
            let value = globals.get(&key)?;
            let text = text::intern(py, key.to_str().unwrap_or("?"))?;
            let name =
                Name { text: key.to_str().unwrap_or("?").into(), key: Resident::new(text), submodules };
            let known = before.and_then(|before| before.find(&name, value.as_ref()));
            let (source, payload) = match known {
                Some(known) => known,
                None => source(py, state, plan, &name, value)?,
            };
            entries.push(Entry { name: name.text.clone(), payload, stored, fixed: source.fixed });
            sources.push(source);
            names.push(name);
        }
        Ok(Taken { names: names.into(), sources, snapshot: snapshot(&plan.code, entries) })
    }

    fn find(&self, name: &Name, value: Option<&Object<'_>>) -> Option<(Source, Arc<Payload>)> {
        let place = self.names.iter().position(|known| known.text == name.text)?;
        let source = &self.sources[place];
        let holds = source.fixed && source.is(value) && self.names[place].submodules == name.submodules;
        holds.then(|| (source.clone(), self.snapshot.entries[place].payload.clone()))
    }

    /// Whether all globals are still the same objects, and can't have changed. This is the usual case.
    fn is_still<'py>(&self, py: Python<'py>, state: &State, globals: &Dict<'py>) -> PyResult<bool> {
        for (name, source) in self.names.iter().zip(&self.sources) {
            let Some(key) = name.key.peek_in(py, state).filter(|_| source.fixed) else { return Ok(false) };
            if !source.is(globals.get(&key)?.as_ref()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn update<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        plan: &Plan,
        globals: &Dict<'py>,
    ) -> PyResult<Update> {
        let mut changed = smallvec::SmallVec::<[(usize, Option<Object<'py>>); 4]>::new();
        for (place, name) in self.names.iter().enumerate() {
            let Some(key) = name.key.peek_in(py, state) else { return Ok(Update::Unknown) };
            let value = globals.get(&key)?;
            let source = &self.sources[place];
            let same = source.is(value.as_ref());
            if same && source.fixed {
                continue;
            }
            if !same && (source.leads_on || source.object.is_none() || value.as_ref().is_none_or(leads_on)) {
                return Ok(Update::Unknown);
            }
            changed.push((place, value));
        }
        if changed.is_empty() {
            return Ok(Update::Same);
        }
        let mut sources = self.sources.clone();
        let mut entries = self.snapshot.entries.clone();
        for (place, value) in changed {
            (sources[place], entries[place].payload) = source(py, state, plan, &self.names[place], value)?;
            entries[place].fixed = sources[place].fixed;
        }
        let snapshot = snapshot(&plan.code, entries);
        Ok(Update::Changed(Taken { names: self.names.clone(), sources, snapshot }))
    }
}

impl Source {
    fn is(&self, value: Option<&Object<'_>>) -> bool {
        match (&self.object, value) {
            (None, None) => true,
            (Some(object), Some(value)) => object.is(value),
            _ => false,
        }
    }
}

fn snapshot(code: &Arc<Code>, entries: Vec<Entry>) -> Arc<Snapshot> {
    let stored = entries.iter().any(|entry| entry.stored);
    let incomplete = entries.iter().any(|entry| matches!(*entry.payload, Payload::Missing));
    Arc::new(Snapshot { code: code.clone(), entries, stored, incomplete })
}

/// The names that `function` reaches, each with whether it is stored to, and parts of a package.
type Survey<'py> = Vec<(Object<'py>, bool, Box<[Box<str>]>)>;

fn survey<'py>(
    py: Python<'py>,
    state: &State,
    function: &Object<'py>,
    globals: &Object<'py>,
) -> PyResult<Survey<'py>> {
    let found = SURVEY.call_in(py, state, &[function, globals])?;
    let mut names = Vec::new();
    for item in found.items()? {
        let item = item.try_tuple()?;
        let parts = item.item(2)?;
        let parts = if parts.is_none() { Vec::new() } else { parts.items()? };
        let parts = parts.iter().filter_map(|part| part.to_str().map(Box::from)).collect();
        names.push((item.item(0)?.clone(), item.item(1)?.is_true()?, parts));
    }
    Ok(names)
}

/// A function or class, through which other names are reached.
fn leads_on(object: &Object<'_>) -> bool {
    object.is_function() || object.is_class()
}

fn source<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    name: &Name,
    value: Option<Object<'py>>,
) -> PyResult<(Source, Arc<Payload>)> {
    let Some(value) = value else {
        return Ok((Source { object: None, fixed: true, leads_on: false }, Arc::new(Payload::Missing)));
    };
    let leads_on = leads_on(&value);
    let here = CACHES.of(state).namespace(&plan.code.place.name);
    let (payload, fixed) = if let Some(payload) = here.payload_of(&name.text, &value) {
        // It came from another interpreter, and is passed on in the same form: a worker that knows it need not decode it
        // again.
        (payload, true)
    } else {
        encode_global(py, state, plan, name, &value, leads_on)?
    };
    let object = Some(Arc::new(Resident::at(state.home.clone(), value)));
    Ok((Source { object, fixed, leads_on }, payload))
}

fn encode_global<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    name: &Name,
    value: &Object<'py>,
    leads_on: bool,
) -> PyResult<(Arc<Payload>, bool)> {
    let (payload, fixed) = if value.is_module() {
        (module(value, &name.submodules), true)
    } else if leads_on {
        (definition(py, state, value)?, true)
    } else {
        encode(py, state, plan, name, value)?
    };
    Ok((payload, fixed))
}

fn module(value: &Object<'_>, submodules: &[Box<str>]) -> Arc<Payload> {
    let name = value.getattr(c"__name__").ok().and_then(|name| name.to_str().map(Box::<str>::from));
    error::clear(value.py());
    Arc::new(match name {
        Some(name) => Payload::Module { name, submodules: submodules.into() },
        None => Payload::Unsendable("it is a module without a name".into()),
    })
}

/// A function or class that has been sent.
pub(crate) struct Definition {
    /// Kept so that its address is not used again.
    _thing: Resident,
    payload: Arc<Payload>,
}

/// A function or class, encoded once for all behaviors.
fn definition<'py>(py: Python<'py>, state: &State, value: &Object<'py>) -> PyResult<Arc<Payload>> {
    let address = value.as_ptr().addr();
    if let Some(known) = CACHES.of(state).definitions.lock().get(address) {
        return Ok(known.payload.clone());
    }
    let payload = Arc::new(match Portable::define(value) {
        Ok(portable) => Payload::Value(portable),
        Err(raised) => unsendable(py, value, raised)?,
    });
    let thing = Resident::at(state.home.clone(), value.clone());
    let known = Arc::new(Definition { _thing: thing, payload: payload.clone() });
    let forgotten = CACHES.of(state).definitions.lock().insert(address, known);
    drop(forgotten);
    Ok(payload)
}

fn encode<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    name: &Name,
    value: &Object<'py>,
) -> PyResult<(Arc<Payload>, bool)> {
    match Portable::encode(value, Taking::Copy) {
        Ok(portable) => {
            let fixed = is_immutable(value);
            if !fixed && portable.size() > LARGE {
                let name = text::string(py, &name.text)?;
                let size = number::uint(py, portable.size() as u64)?;
                let function = text::string(py, &plan.code.name)?;
                WARN_LARGE_GLOBAL.call_in(py, state, &[&name, &function, &size])?;
            }
            Ok((Arc::new(Payload::Value(portable)), fixed))
        }
        // As long as it is the same object, this is not tried again.
        Err(raised) => Ok((Arc::new(unsendable(py, value, raised)?), true)),
    }
}

fn unsendable(py: Python<'_>, value: &Object<'_>, raised: error::Raised) -> PyResult<Payload> {
    if error::is(py, Kind::KeyboardInterrupt) {
        return Err(raised);
    }
    let why = error::describe(py);
    let class = value.class_name();
    Ok(Payload::Unsendable(format!("its value of type '{class}' cannot be sent to a worker: {why}").into()))
}
