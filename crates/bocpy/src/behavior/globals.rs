//! The globals of a function that can't be imported: taken name by name as they are when a behavior is scheduled.

use super::CACHES;
use super::code::Code;
use super::plan::{Plan, Sent};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::{Imported, Resident, State};
use crate::transport::by_reference::Taking;
use crate::transport::immutable::is_immutable;
use crate::transport::portable::{Portable, refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static SURVEY: Imported = Imported::new("bocpy._code", c"survey");
static WARN_LARGE_GLOBAL: Imported = Imported::new("bocpy._code", c"warn_large_global");

/// There is a warning about larger globals that are encoded again for every behavior.
const LARGE: usize = 1_000_000;

/// The form in which one global is sent.
pub(crate) enum Form {
    /// It is imported under that name, with those submodules.
    Module { name: Box<str>, submodules: Box<[Box<str>]> },
    /// A value, or a function or class by value.
    Value(Portable),
    /// One of several values that may change. They were encoded together, so that what they share is shared again.
    /// `alone`: the value by itself, if something else in the whole may fail to open.
    Part { of: Arc<Portable>, place: usize, alone: Option<Portable> },
    /// There is none of that name.
    Missing,
    /// It can't be sent, for that reason.
    Unsendable(Box<str>),
}

impl Form {
    fn fingerprint(&self) -> u64 {
        match self {
            Form::Value(value) => value.fingerprint(),
            Form::Part { of, .. } => of.fingerprint(),
            _ => 0,
        }
    }
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

/// What a global was, and since when.
pub(crate) struct Payload {
    pub(crate) form: Form,
    pub(crate) since: Stamp,
    /// The number of the object, if it is a part of a function or class as well; otherwise 0.
    pub(crate) shared: u64,
    /// If so, what tells it from what the object was at another time.
    pub(crate) fingerprint: u64,
}

impl Payload {
    fn new(form: Form) -> Payload {
        Payload { form, since: now(), shared: 0, fingerprint: 0 }
    }
}

/// A moment: later ones are greater.
pub(crate) type Stamp = u64;

pub(crate) fn now() -> Stamp {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
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
        let mut are_stored = Vec::new();
        let mut found = Vec::new();
        for (key, stored, submodules) in survey(py, state, function, globals)? {
            let value = globals.get(&key)?;
            let text = text::intern(py, key.to_str().unwrap_or("?"))?;
            let name =
                Name { text: key.to_str().unwrap_or("?").into(), key: Resident::new(text), submodules };
            let known = before.and_then(|before| before.find(&name, value.as_ref()));
            found.push(match known {
                Some(known) => Found::Known(known),
                None => find(py, state, plan, &name, value)?,
            });
            are_stored.push(stored);
            names.push(name);
        }
        let (mut sources, mut entries) = (Vec::new(), Vec::new());
        for (place, (source, payload)) in
            encode_together(py, state, plan, &names, found)?.into_iter().enumerate()
        {
            let stored = are_stored[place];
            entries.push(Entry { name: names[place].text.clone(), payload, stored, fixed: source.fixed });
            sources.push(source);
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
        let names: Vec<&Name> = changed.iter().map(|(place, _)| &self.names[*place]).collect();
        let places: Vec<usize> = changed.iter().map(|(place, _)| *place).collect();
        let mut found = Vec::with_capacity(changed.len());
        for ((_, value), name) in changed.into_iter().zip(&names) {
            found.push(find(py, state, plan, name, value)?);
        }
        for (place, made) in places.into_iter().zip(encode_together(py, state, plan, &names, found)?) {
            (sources[place], entries[place].payload) = made;
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
    let incomplete = entries.iter().any(|entry| matches!(entry.payload.form, Form::Missing));
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

/// What a name stands for.
enum Found<'py> {
    Known((Source, Arc<Payload>)),
    /// A value that may change.
    Open(Object<'py>),
}

fn find<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    name: &Name,
    value: Option<Object<'py>>,
) -> PyResult<Found<'py>> {
    let Some(value) = value else {
        let source = Source { object: None, fixed: true, leads_on: false };
        return Ok(Found::Known((source, Arc::new(Payload::new(Form::Missing)))));
    };
    let leads_on = leads_on(&value);
    let here = CACHES.of(state).namespace(&plan.code.place.name);
    let payload = if let Some(payload) = here.payload_of(&name.text, &value) {
        // It came from another interpreter, and is passed on in the same form: a worker that knows it need not decode it
        // again.
        payload
    } else if value.is_module() {
        module(&value, &name.submodules)
    } else if leads_on {
        definition(py, state, &value)?
    } else if is_immutable(&value) {
        Arc::new(Payload::new(match Portable::encode(&value, Taking::Copy) {
            Ok(portable) => Form::Value(portable),
            Err(raised) => unsendable(py, &value, raised)?,
        }))
    } else {
        return Ok(Found::Open(value));
    };
    Ok(Found::Known((source(state, value, true, leads_on), payload)))
}

fn source(state: &State, value: Object<'_>, fixed: bool, leads_on: bool) -> Source {
    Source { object: Some(Arc::new(Resident::at(state.home.clone(), value))), fixed, leads_on }
}

fn module(value: &Object<'_>, submodules: &[Box<str>]) -> Arc<Payload> {
    let name = value.getattr(c"__name__").ok().and_then(|name| name.to_str().map(Box::<str>::from));
    error::clear(value.py());
    Arc::new(Payload::new(match name {
        Some(name) => Form::Module { name, submodules: submodules.into() },
        None => Form::Unsendable("it is a module without a name".into()),
    }))
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
    let payload = Arc::new(Payload::new(match Portable::define(value) {
        Ok(portable) => Form::Value(portable),
        Err(raised) => unsendable(py, value, raised)?,
    }));
    let thing = Resident::at(state.home.clone(), value.clone());
    let known = Arc::new(Definition { _thing: thing, payload: payload.clone() });
    let forgotten = CACHES.of(state).definitions.lock().insert(address, known);
    drop(forgotten);
    Ok(payload)
}

/// Encodes the values that may change as one, in place of each by itself: one object may be a part of several.
fn encode_together<'py, N: std::borrow::Borrow<Name>>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    names: &[N],
    found: Vec<Found<'py>>,
) -> PyResult<Vec<(Source, Arc<Payload>)>> {
    let open = found.iter().filter_map(|found| match found {
        Found::Open(value) => Some(value.clone()),
        Found::Known(_) => None,
    });
    let mut open: Vec<Object<'py>> = open.collect();
    let mut whole = encode_all(py, &open)?;
    let mut each = Vec::new();
    if whole.is_none() {
        // Each by itself: there is only one, or some cannot be sent.
        for value in &open {
            each.push(match Portable::encode_global(value) {
                Ok(portable) => Ok(portable),
                Err(raised) => Err(unsendable(py, value, raised)?),
            });
        }
        if each.iter().any(Result::is_err) {
            let mut keep = each.iter().map(Result::is_ok);
            open.retain(|_| keep.next().unwrap_or(false));
            whole = encode_all(py, &open)?;
        }
    }
    let whole = whole.map(Arc::new);
    let mut each = each.into_iter();
    let mut taken = Vec::with_capacity(found.len());
    let mut part = 0;
    for (found, name) in found.into_iter().zip(names) {
        let value = match found {
            Found::Known(known) => {
                taken.push(known);
                continue;
            }
            Found::Open(value) => value,
        };
        let alone = match each.next().transpose() {
            Ok(alone) => alone,
            Err(why) => {
                // As long as it is the same object, this is not tried again.
                taken.push((source(state, value, true, false), Arc::new(Payload::new(why))));
                continue;
            }
        };
        let encode = || Portable::encode_global(&value);
        let form = match &whole {
            Some(whole) => {
                let alone = match alone {
                    None if whole.may_fail() => Some(encode()?),
                    alone => alone.filter(|_| whole.may_fail()),
                };
                Form::Part { of: whole.clone(), place: part, alone }
            }
            None => Form::Value(alone.map_or_else(encode, Ok)?),
        };
        part += 1;
        warn_if_large(py, state, plan, name.borrow(), &value, &form)?;
        let mut payload = Payload::new(form);
        payload.shared = CACHES.of(state).shared(&value);
        if payload.shared != 0 {
            payload.fingerprint = payload.form.fingerprint();
        }
        taken.push((source(state, value, false, false), Arc::new(payload)));
    }
    Ok(taken)
}

/// The values as one; `None` if one of them cannot be sent.
fn encode_all<'py>(py: Python<'py>, values: &[Object<'py>]) -> PyResult<Option<Portable>> {
    if values.len() < 2 {
        return Ok(None);
    }
    match Portable::encode_global(&Tuple::of(py, values)?.into()) {
        Ok(portable) => Ok(Some(portable)),
        Err(raised) if error::is(py, Kind::KeyboardInterrupt) => Err(raised),
        Err(_) => {
            error::clear(py);
            Ok(None)
        }
    }
}

fn warn_if_large<'py>(
    py: Python<'py>,
    state: &State,
    plan: &Plan,
    name: &Name,
    value: &Object<'py>,
    form: &Form,
) -> PyResult<()> {
    let size = match form {
        Form::Value(portable) => portable.size(),
        Form::Part { of, .. } if of.size() > LARGE && !plan.has_warned.load(Ordering::Relaxed) => {
            Portable::encode_global(value)?.size()
        }
        _ => 0,
    };
    if size > LARGE {
        plan.has_warned.store(true, Ordering::Relaxed);
        let name = text::string(py, &name.text)?;
        let size = number::uint(py, size as u64)?;
        let function = text::string(py, &plan.code.name)?;
        WARN_LARGE_GLOBAL.call_in(py, state, &[&name, &function, &size])?;
    }
    Ok(())
}

fn unsendable(py: Python<'_>, value: &Object<'_>, raised: error::Raised) -> PyResult<Form> {
    if error::is(py, Kind::KeyboardInterrupt) {
        return Err(raised);
    }
    let why = error::take(py).map_or_else(|| "unknown error".into(), |error| refusal(value, &error));
    let class = value.class_name();
    // A worker imports what is in a module, and so makes the parts of it that cannot be sent for itself.
    let advice = if leads_on(value) { ". In a module of its own it could be imported there" } else { "" };
    Ok(Form::Unsendable(
        format!("its value of type '{class}' cannot be sent to a worker: {why}{advice}").into(),
    ))
}
