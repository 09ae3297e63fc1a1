//! Context variables that are sent to another interpreter: those that have a name there (see `_context.py`), with values
//! that can be moved.

use super::recent::Recent;
use super::scoped;
use crate::ffi::context::Context;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised, weak};
use crate::interpreter::{Imported, PerInterpreter, Resident, State};
use crate::transport::by_reference::{Opening, Taking};
use crate::transport::immutable::is_immutable;
use crate::transport::portable::Portable;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NAME_OF: Imported = Imported::new("bocpy._context", c"name_of");
static FIND: Imported = Imported::new("bocpy._context", c"find");
static DECIMAL_STATE: Imported = Imported::new("bocpy._context", c"decimal_state");
static SEPARATE_DECIMAL: Imported = Imported::new("bocpy._context", c"separate_decimal");

/// The variables of a context, for another interpreter.
pub(crate) struct Sent {
    variables: Vec<Arc<Variable>>,
    /// No value can change.
    fixed: bool,
}

struct Variable {
    name: Arc<Name>,
    value: Portable,
    fixed: bool,
}

/// What finds a variable in another interpreter.
struct Name {
    number: u64,
    form: Portable,
}

/// A variable that has been met in an interpreter.
struct Known {
    /// Kept so that its address is not used again.
    variable: Resident,
    /// `None` for one that has no name in other interpreters.
    name: Option<Arc<Name>>,
    /// That of `decimal`: its value is changed in place.
    is_decimal: bool,
}

/// A variable and its value, and what they were sent as.
struct Source {
    known: Arc<Known>,
    value: Value,
    sent: Option<Arc<Variable>>,
}

/// What is kept of a value, to see whether it is still what has been sent.
enum Value {
    /// It never changes, or it can't be sent.
    Fixed(Resident),
    /// The same for what can't be sent and need not be kept alive for that.
    Weak(Resident),
    /// A context of `decimal`, and what pickles it.
    Decimal(Resident, Resident),
    /// It is not sent, whatever it is.
    Nameless,
    /// Nobody knows.
    Changing,
}

/// The context with which a thread has scheduled last: most often, it has not changed.
struct Last {
    interpreter: i64,
    /// How many names there were.
    names: u64,
    sources: Vec<Arc<Source>>,
    sent: Option<Arc<Sent>>,
}

/// The context that a thread has opened last.
struct Opened {
    sent: Arc<Sent>,
    context: Resident,
}

thread_local! {
    static LAST: Cell<Option<Box<Last>>> = const { Cell::new(None) };
    static OPENED: Cell<Option<Box<Opened>>> = const { Cell::new(None) };
}

static KNOWN: PerInterpreter<Mutex<Recent<usize, Arc<Known>>>> = PerInterpreter::new(Mutex::default);
/// By the number of a name, what it means here: a variable, a function that takes the value, or `None` for nothing.
static FOUND: PerInterpreter<Mutex<Recent<u64, Arc<Resident>>>> = PerInterpreter::new(Mutex::default);
/// How often a variable that had no name may have got one.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// A variable that had no name in other interpreters may have one now.
pub(crate) fn count_name(state: &State) {
    let forgotten = std::mem::take(&mut *KNOWN.of(state).lock());
    drop(forgotten);
    NAMES.fetch_add(1, Ordering::Relaxed);
}

/// Forgets all that can be worked out again.
pub(super) fn forget(state: &State) {
    drop(LAST.take());
    drop(OPENED.take());
    let (known, found) =
        (std::mem::take(&mut *KNOWN.of(state).lock()), std::mem::take(&mut *FOUND.of(state).lock()));
    drop((known, found));
}

/// The variables of that context, for another interpreter. `None` if none of them can be sent.
pub(super) fn send<'py>(
    py: Python<'py>,
    state: &State,
    context: &Context<'py>,
) -> PyResult<Option<Arc<Sent>>> {
    let names = NAMES.load(Ordering::Relaxed);
    let last = LAST.take().filter(|last| last.interpreter == state.home.id() && last.names == names);
    let last = match last {
        Some(last) if last.is_of(py, state, context)? => last,
        last => {
            let sources = sources(py, state, context, last.as_deref())?;
            let variables: Vec<_> = sources.iter().filter_map(|source| source.sent.clone()).collect();
            let fixed = variables.iter().all(|variable| variable.fixed);
            let sent = (!variables.is_empty()).then(|| Arc::new(Sent { variables, fixed }));
            Box::new(Last { interpreter: state.home.id(), names, sources, sent })
        }
    };
    let sent = last.sent.clone();
    let before = LAST.replace(Some(last));
    drop(before);
    Ok(sent)
}

impl Last {
    /// Whether that context has these variables, and nothing has changed.
    fn is_of<'py>(&self, py: Python<'py>, state: &State, context: &Context<'py>) -> PyResult<bool> {
        if self.sources.len() != context.len() {
            return Ok(false);
        }
        for source in &self.sources {
            let Some(variable) = source.known.variable.peek_in(py, state) else { return Ok(false) };
            match context.get(&variable)? {
                Some(value) if source.holds(py, state, &value)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Source {
    fn holds<'py>(&self, py: Python<'py>, state: &State, value: &Object<'py>) -> PyResult<bool> {
        Ok(match &self.value {
            // An equal one, too: what a behavior passes on is never the object that it was sent as.
            Value::Fixed(then) => {
                then.is(value)
                    || match &self.sent {
                        Some(sent) => sent.value.is_form_of(value)?,
                        None => false,
                    }
            }
            Value::Weak(then) => {
                let then = then.open(py).and_then(|then| weak::target(&then));
                then.is_some_and(|then| then.address() == value.address())
            }
            Value::Decimal(then, content) => {
                then.is(value)
                    && match content.peek_in(py, state) {
                        Some(content) => content.equals(&value.call_method(c"__reduce__", &[])?)?,
                        None => false,
                    }
            }
            Value::Nameless => true,
            Value::Changing => false,
        })
    }
}

fn sources<'py>(
    py: Python<'py>,
    state: &State,
    context: &Context<'py>,
    last: Option<&Last>,
) -> PyResult<Vec<Arc<Source>>> {
    let mut sources = Vec::with_capacity(context.len());
    for variable in context.variables()? {
        let Some(value) = context.get(&variable)? else { continue };
        let before = last.and_then(|last| last.sources.iter().find(|was| was.known.variable.is(&variable)));
        let source = match before {
            Some(before) if before.holds(py, state, &value)? => before.clone(),
            Some(before) => Arc::new(source(py, state, before.known.clone(), value)?),
            None => Arc::new(source(py, state, known(py, state, variable, &value)?, value)?),
        };
        sources.push(source);
    }
    Ok(sources)
}

fn source<'py>(py: Python<'py>, state: &State, known: Arc<Known>, value: Object<'py>) -> PyResult<Source> {
    let Some(name) = known.name.clone() else {
        return Ok(Source { known, value: Value::Nameless, sent: None });
    };
    let at = |object| Resident::at(state.home.clone(), object);
    if known.is_decimal {
        let content = value.call_method(c"__reduce__", &[])?;
        let to_send = DECIMAL_STATE.call_in(py, state, &[&content])?;
        let sent = match to_send.is_none() {
            true => None,
            false => {
                let value = Portable::encode(&to_send, Taking::Copy)?;
                Some(Arc::new(Variable { name, value, fixed: false }))
            }
        };
        return Ok(Source { known, value: Value::Decimal(at(value), at(content)), sent });
    }
    match Portable::encode(&value, Taking::Copy) {
        Ok(portable) => {
            let fixed = is_immutable(&value);
            let sent = Some(Arc::new(Variable { name, value: portable, fixed }));
            Ok(Source { known, value: if fixed { Value::Fixed(at(value)) } else { Value::Changing }, sent })
        }
        Err(raised) if error::is(py, Kind::KeyboardInterrupt) => Err(raised),
        Err(Raised) => {
            error::clear(py);
            let value = match weak::reference(&value) {
                Ok(reference) => Value::Weak(at(reference)),
                Err(Raised) => Value::Fixed(at(value)),
            };
            error::clear(py);
            Ok(Source { known, value, sent: None })
        }
    }
}

/// What is known of a variable. It has that value now.
fn known<'py>(
    py: Python<'py>,
    state: &State,
    variable: Object<'py>,
    value: &Object<'py>,
) -> PyResult<Arc<Known>> {
    static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);
    if let Some(known) = KNOWN.of(state).lock().get(variable.address()) {
        return Ok(known);
    }
    let name = match scoped::is_variable(state, &variable) {
        // Behaviors have the scope in which they were scheduled.
        true => py.none(),
        false => NAME_OF.call_in(py, state, &[&variable, value])?,
    };
    let is_decimal = name.as_tuple().is_some_and(|name| name.len() == 1);
    let name = match name.is_none() {
        true => None,
        false => match Portable::encode(&name, Taking::Copy) {
            Ok(form) => {
                Some(Arc::new(Name { number: LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1, form }))
            }
            Err(raised) if error::is(py, Kind::KeyboardInterrupt) => return Err(raised),
            Err(Raised) => {
                // Its default can't be moved.
                error::clear(py);
                None
            }
        },
    };
    let address = variable.address();
    let variable = Resident::at(state.home.clone(), variable);
    let known = Arc::new(Known { variable, name, is_decimal });
    let forgotten = KNOWN.of(state).lock().insert(address, known.clone());
    drop(forgotten);
    Ok(known)
}

/// For a context that stays in this interpreter: the program may change its context of `decimal` in place, so the body gets a
/// copy of that.
pub(super) fn separate<'py>(py: Python<'py>, state: &State, context: &Context<'py>) -> PyResult<()> {
    for variable in context.variables()? {
        let Some(value) = context.get(&variable)? else { continue };
        if known(py, state, variable, &value)?.is_decimal {
            context.run(|| SEPARATE_DECIMAL.call_in(py, state, &[]))??;
        }
    }
    Ok(())
}

/// A new context with these variables. Those that this interpreter can't find, or whose values it can't open, are not set.
pub(super) fn open<'py>(py: Python<'py>, state: &State, sent: &Arc<Sent>) -> PyResult<Context<'py>> {
    let last = OPENED.take().filter(|last| Arc::ptr_eq(&last.sent, sent));
    if let Some(last) = last {
        let copy = last.context.peek_in(py, state).and_then(|last| last.as_context().map(Context::copy));
        OPENED.set(Some(last));
        if let Some(copy) = copy {
            return copy;
        }
    }
    let new = Context::new(py)?;
    let set = || sent.variables.iter().try_for_each(|variable| variable.set(py, state));
    new.run(set)??;
    if sent.fixed {
        let context = Resident::at(state.home.clone(), new.copy()?.into());
        drop(OPENED.replace(Some(Box::new(Opened { sent: sent.clone(), context }))));
    }
    Ok(new)
}

impl Variable {
    /// Sets it in the context of this thread.
    fn set(&self, py: Python<'_>, state: &State) -> PyResult<()> {
        let set = || {
            let variable = self.name.find(py, state)?;
            if variable.is_none() {
                return Ok(());
            }
            let value = self.value.decode(py, Opening::Copy)?;
            match variable.as_context_var() {
                Some(variable) => variable.set(&value).map(drop),
                None => variable.call(&[&value]).map(drop),
            }
        };
        match set() {
            Err(raised) if error::is(py, Kind::KeyboardInterrupt) => Err(raised),
            Err(Raised) => {
                error::clear(py);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Name {
    fn find<'py>(&self, py: Python<'py>, state: &State) -> PyResult<Object<'py>> {
        let known = FOUND.of(state).lock().get(self.number);
        if let Some(found) = known.and_then(|found| found.open(py)) {
            return Ok(found);
        }
        let name = self.form.decode(py, Opening::Copy)?.items()?;
        let name: Vec<_> = name.iter().collect();
        let found = match FIND.call_in(py, state, &name) {
            Err(raised) if error::is(py, Kind::KeyboardInterrupt) => return Err(raised),
            Err(Raised) => {
                error::clear(py);
                py.none()
            }
            Ok(found) => found,
        };
        let resident = Arc::new(Resident::at(state.home.clone(), found.clone()));
        let forgotten = FOUND.of(state).lock().insert(self.number, resident);
        drop(forgotten);
        Ok(found)
    }
}
