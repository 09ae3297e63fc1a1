//! One behavior: what it runs, over which cowns, and how it ends.

use super::code::Opened;
use super::globals::Snapshot;
use super::namespace::Namespace;
use super::params::{ClaimedCowns, CownClaimsShape, Groups, HeldCowns};
use super::{batched, unshare};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::function::{self, PyFunction};
use crate::ffi::{Object, PyResult, Python, Tuple, module, text};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::{Imported, Resident, State, attach, backend, epoch};
use crate::transport::by_reference::{Opening, Taking, hand_over, is_reference};
use crate::transport::cown::{COWN, CownObject, Handle};
use crate::transport::holder::Holder;
use crate::transport::portable::{Portable, import_hint};
use crate::transport::reading::{Seen, reading};
use crate::transport::{reports, residents};
use boc::{Cown, Placement};
use smallvec::SmallVec;
use std::sync::Arc;

pub(crate) static FORMAT_EXCEPTION: Imported = Imported::new("bocpy._errors", c"format_exception");
static PORTABLE_EXCEPTION: Imported = Imported::new("bocpy._errors", c"portable_exception");
static EXPLAIN_NAME_ERROR: Imported = Imported::new("bocpy._errors", c"explain_name_error");
static EXPLAIN_IMPORT_ERROR: Imported = Imported::new("bocpy._errors", c"explain_import_error");

/// The arguments behind the cowns.
type Rest<'py> = SmallVec<[Object<'py>; 2]>;

/// What a behavior runs.
pub(crate) enum Work {
    /// A function made of its parts.
    Sent { snapshot: Arc<Snapshot>, captures: Option<Box<Captures>> },
    /// A pickled callable.
    Callable(Box<PickledCallable>),
    /// A callable of this interpreter.
    Local(Box<LocalCallable>),
}

/// The captures of a function.
#[derive(Default)]
pub(crate) struct Captures {
    pub(crate) args: Vec<Portable>,
    pub(crate) keywords: Option<Portable>,
    pub(crate) closure: Box<[Option<Portable>]>,
}

pub(crate) struct PickledCallable {
    pub(crate) callable: Portable,
    pub(crate) args: Vec<Portable>,
    pub(crate) name: Arc<str>,
}

pub(crate) struct LocalCallable {
    pub(crate) callable: Resident,
    pub(crate) args: Vec<Resident>,
    pub(crate) missing: Option<LateNames>,
    pub(crate) name: Arc<str>,
}

/// Global names that were not there when a behavior was scheduled, and the globals to look in when it runs.
pub(crate) struct LateNames {
    pub(crate) names: Resident,
    pub(crate) globals: Resident,
}

/// A behavior that waits for its cowns.
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) groups: Groups,
}

impl Task {
    /// The name of its function.
    fn name(&self) -> &Arc<str> {
        match &self.work {
            Work::Sent { snapshot, .. } => &snapshot.code.name,
            Work::Callable(body) => &body.name,
            Work::Local(body) => &body.name,
        }
    }

    /// The same as a number.
    fn label(&self) -> Label {
        match &self.work {
            Work::Sent { snapshot, .. } => snapshot.code.label,
            _ => labels::label(self.name()),
        }
    }

    fn run_attached(self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>) {
        // Most often they were last written on another core: prefetch them while we prepare. Not so the result: the
        // scheduling thread most often drops its handle about now, and the result would be fetched twice.
        cowns.all().for_each(|cown| cown.tag().prefetch());
        state.home.look_around(py);
        if let Work::Sent { snapshot, .. } = &self.work {
            state.home.set_running(snapshot.code.label);
        }
        Holder::as_behavior(|me| {
            let _held = Held::by(me, cowns);
            let run = || self.call(py, state, cowns).map_err(|raised| explain_import(py, state, raised));
            let (outcome, seen) = match cowns.read().next() {
                None => (run(), Seen::default()),
                Some(_) => reading(py, cowns.read().map(Cown::id), run),
            };
            self.finish(py, state, cowns, outcome);
            seen.take_back(py);
        });
        state.home.set_running(0);
        if let Work::Sent { snapshot, .. } = self.work {
            batched::give_back(snapshot);
        }
    }

    fn call<'py>(&self, py: Python<'py>, state: &State, cowns: HeldCowns<'_>) -> PyResult<Object<'py>> {
        let mut rest = Rest::new();
        match &self.work {
            Work::Sent { snapshot, captures } => snapshot.code.with(py, state, |opened| {
                let body = match captures {
                    Some(captures) => captures.function(py, state, opened, &mut rest)?,
                    None => opened.function(py, state, false)?,
                };
                if snapshot.code.place.importable {
                    return self.invoke(py, state, cowns, &body, &mut rest);
                }
                if snapshot.incomplete || !opened.namespace.is_bound(snapshot) {
                    let globals = opened.globals.open(py).ok_or(Raised)?;
                    let globals = globals.try_dict()?;
                    opened.namespace.bind(py, globals, snapshot)?;
                    if snapshot.incomplete {
                        opened.namespace.find_missing(py, globals, snapshot)?;
                    }
                }
                let result = self.invoke(py, state, cowns, &body, &mut rest);
                result.map_err(|raised| explain_name(py, state, &opened.namespace, raised))
            }),
            Work::Callable(pickled) => {
                let body = pickled.callable.decode(py, Opening::Own)?;
                for capture in &pickled.args {
                    rest.push(capture.decode(py, Opening::Own)?);
                }
                self.invoke(py, state, cowns, &body, &mut rest)
            }
            Work::Local(local) => {
                let foreign =
                    || error::raise(py, Kind::Runtime, "a body of another interpreter: a bug in bocpy");
                let body = local.callable.open(py).ok_or_else(foreign)?;
                for capture in &local.args {
                    rest.push(capture.open(py).ok_or_else(foreign)?);
                }
                if let (Some(missing), Some(function)) = (&local.missing, body.as_function()) {
                    let names = missing.names.open(py).ok_or_else(foreign)?;
                    let globals = missing.globals.open(py).ok_or_else(foreign)?;
                    let (globals, overlay) = (globals.try_dict()?, function.globals());
                    for name in names.items()? {
                        if let Some(value) = globals.get(&name)? {
                            overlay.set(&name, &value)?;
                        }
                    }
                }
                self.invoke(py, state, cowns, &body, &mut rest)
            }
        }
    }

    /// Calls the body with the cowns, and with the captures behind them.
    fn invoke<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        cowns: HeldCowns<'_>,
        body: &Object<'py>,
        rest: &mut Rest<'py>,
    ) -> PyResult<Object<'py>> {
        if self.groups.is_empty() {
            let handles = cowns.all().map(CownObject::of);
            let known = |cown: &CownObject| CownObject::known(py, state, cown.handle());
            return COWN.of(state).with_instances(py, handles, known, rest, |args| body.call_slice(args));
        }
        let mut args = SmallVec::new();
        cowns.open(py, &self.groups, &mut args)?;
        args.extend(rest.drain(..));
        body.call_slice(&args)
    }

    /// Stores the outcome of the body as the result, and leaves the values as they are, or makes them portable if necessary.
    fn finish(&self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>, outcome: PyResult<Object<'_>>) {
        let stay = backend::values_stay(py);
        let strict = backend::is_strict() && !stay;
        let mut failed = outcome.as_ref().err().and_then(|Raised| error::take(py));
        if strict {
            for handle in cowns.all() {
                let what = || format!("the value that the behavior '{}' left in a cown,", self.name());
                if handle.tag().settle(py, what).is_err() {
                    let error = error::take(py);
                    failed = failed.or(error);
                }
            }
        }
        let mut is_object = false;
        if let (None, Ok(value)) = (&failed, outcome) {
            match self.give(py, state, cowns, value, stay, strict) {
                Ok(stays) => is_object = stays,
                Err(Raised) => failed = error::take(py),
            }
        }
        if let Some(error) = failed {
            self.fail(py, state, cowns.result, error, stay);
        }
        // Last, when the body has no references to the values any more.
        if !stay {
            cowns.written().for_each(|cown| self.leave(py, state, cown));
            unshare::unshare(py, state, cowns, is_object);
            let read = cowns.read().filter(|cown| cown.tag().leave_read(&state.home));
            read.for_each(|cown| residents::add(state, cown));
        }
    }

    /// Makes `value` the result. Returns whether it stays as an object, and raises if it can't be the result.
    fn give<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        cowns: HeldCowns<'_>,
        value: Object<'py>,
        stay: bool,
        strict: bool,
    ) -> PyResult<bool> {
        // The result is not read: it is in another core's cache, and has been `None` from the start.
        if value.is_none() {
            return Ok(false);
        }
        let slot = cowns.result.tag();
        let what = || format!("the result of the behavior '{}'", self.name());
        // What is in a cown as well, or kept somewhere, has to be in two places.
        let taking = if value.references() > 1 { Taking::Copy } else { Taking::Move(&what) };
        if stay {
            slot.put_resident(Resident::at(state.home.clone(), hand_over(&value, taking)?));
            return Ok(true);
        }
        if let Some(small) = Portable::small(&value).or_else(|| Portable::reference(&value, taking)) {
            slot.put(small);
            return Ok(false);
        }
        // The result of a reader may be part of a value that others read. And an object that moves by reference may be
        // the value of a cown as well.
        let in_two_places = cowns.read().next().is_some()
            || cowns
                .written()
                .any(|cown| cown.tag().object_here(py).is_some_and(|value| is_reference(&value)));
        if in_two_places {
            slot.put(Portable::copy_named(&value, what)?);
            return Ok(false);
        }
        if strict {
            slot.put(Portable::encode_named(&value, what)?);
            return Ok(false);
        }
        slot.put_resident(Resident::at(state.home.clone(), value));
        self.leave(py, state, cowns.result);
        Ok(true)
    }

    /// Leaves a cown's value where it is.
    #[inline]
    fn leave(&self, py: Python<'_>, state: &State, cown: &Handle) {
        if cown.tag().leave(py, &state.home, || self.label()) {
            residents::add(state, cown);
        }
    }

    fn fail<'py>(&self, py: Python<'py>, state: &State, result: &Handle, error: Object<'py>, stay: bool) {
        let trace = FORMAT_EXCEPTION.call_in(py, state, &[&error]);
        let trace = trace.ok().and_then(|trace| trace.to_str().map(str::to_owned));
        error::clear(py);
        let trace =
            trace.unwrap_or_else(|| format!("{} in the behavior '{}'\n", error.class_name(), self.name()));
        if Holder::ends_process() {
            module::write_stderr(py, &trace);
            module::exit_process(py, 1);
        }
        reports::note(result);
        let slot = result.tag();
        if stay {
            return slot.fail_resident(Resident::at(state.home.clone(), error), trace);
        }
        let portable = PORTABLE_EXCEPTION
            .call_in(py, state, &[&error])
            .and_then(|portable| Portable::encode(&portable, Taking::Copy));
        let portable = portable.or_else(|Raised| {
            error::clear(py);
            let message =
                text::string(py, &format!("{} in the behavior '{}'", error.class_name(), self.name()))?;
            Portable::encode(&message, Taking::Copy)
        });
        match portable {
            Ok(portable) => slot.fail(portable, trace),
            Err(Raised) => {
                error::clear(py);
                slot.fail(Portable::None, trace);
            }
        }
    }
}

/// The cowns that a behavior holds, as long as it does.
struct Held<'a>(HeldCowns<'a>);

impl<'a> Held<'a> {
    fn by(holder: Holder, cowns: HeldCowns<'a>) -> Self {
        cowns.written().for_each(|handle| handle.tag().set_holder(holder));
        Held(cowns)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let now = epoch::now();
        self.0.written().for_each(|handle| handle.tag().set_free(now));
    }
}

impl Captures {
    /// The function with its closure and keyword defaults; the captures among its parameters go to `rest`.
    fn function<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        opened: &Opened,
        rest: &mut Rest<'py>,
    ) -> PyResult<PyFunction<'py>> {
        for capture in &self.args {
            rest.push(capture.decode(py, Opening::Own)?);
        }
        let fresh = self.keywords.is_some() || !self.closure.is_empty();
        let body = opened.function(py, state, fresh)?;
        if let Some(keywords) = &self.keywords {
            body.set_kw_defaults(&keywords.decode(py, Opening::Own)?)?;
        }
        if !self.closure.is_empty() {
            let cell = |content: &Option<Portable>| {
                let content = content.as_ref().map(|content| content.decode(py, Opening::Own)).transpose()?;
                function::cell(py, content.as_ref())
            };
            let cells: PyResult<Vec<_>> = self.closure.iter().map(cell).collect();
            body.set_closure(&Tuple::new(py, cells?)?)?;
        }
        Ok(body)
    }
}

/// Adds to a NameError why the name is not defined.
fn explain_name(py: Python<'_>, state: &State, namespace: &Namespace, raised: Raised) -> Raised {
    if !error::is(py, Kind::Name) {
        return raised;
    }
    let Some(error) = error::take(py) else { return raised };
    let reason = error.getattr(c"name").ok().and_then(|name| {
        let text = name.to_str()?;
        Some((name.clone(), namespace.reason(text)?))
    });
    error::clear(py);
    if let Some((name, reason)) = reason {
        let told = text::string(py, &reason)
            .and_then(|reason| EXPLAIN_NAME_ERROR.call_in(py, state, &[&error, &name, &reason]));
        if told.is_err() {
            error::clear(py);
        }
    }
    error::restore(error)
}

/// Adds to an ImportError what to do about a module that refuses sub-interpreters.
fn explain_import(py: Python<'_>, state: &State, raised: Raised) -> Raised {
    if !error::is(py, Kind::Import) {
        return raised;
    }
    let Some(error) = error::take(py) else { return raised };
    let hint = error.str().ok().and_then(|text| text.to_str().map(import_hint)).unwrap_or_default();
    if !hint.is_empty() {
        let told =
            text::string(py, hint).and_then(|hint| EXPLAIN_IMPORT_ERROR.call_in(py, state, &[&error, &hint]));
        drop(told);
    }
    error::clear(py);
    error::restore(error)
}

impl boc::Body<CownClaimsShape> for Task {
    fn placement(&self, claimed: ClaimedCowns<'_>) -> Placement {
        HeldCowns::of(claimed).home().map_or(Placement::Anywhere, Placement::Prefer)
    }

    fn run(self, claimed: ClaimedCowns<'_>) {
        // A worker is attached whenever it runs something.
        let ran = attach::on_worker(|py, state| self.run_attached(py, state, HeldCowns::of(claimed)));
        debug_assert!(ran.is_some());
    }
}
