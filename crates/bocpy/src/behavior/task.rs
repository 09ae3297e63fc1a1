//! One behavior: what it runs, over which cowns, and how it ends.

use super::code::Opened;
use super::context;
use super::extra::Extra;
use super::globals::Snapshot;
use super::namespace::Namespace;
use super::params::{ClaimedCowns, CownClaimsShape, Groups, HeldCowns};
use super::then::Then;
use super::{batched, cancelled, dropping, pumped, unshare};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::function::{self, PyFunction};
use crate::ffi::{Object, PyResult, Python, Tuple, module, text};
use crate::interpreter::labels::Label;
use crate::interpreter::shown::{self, Visible};
use crate::interpreter::{Imported, Resident, State, attach, backend, epoch};
use crate::transport::answers::{Answer, Question, Telling, tell_onlookers};
use crate::transport::by_reference::{Opening, Taking, hand_over, is_data, is_reference};
use crate::transport::cown::{COWN, CownObject, Handle};
use crate::transport::holder::Holder;
use crate::transport::lines::{self, Claim, Waiters};
use crate::transport::pinned::{self, PINNED};
use crate::transport::portable::{Portable, explain_import};
use crate::transport::reading::{Seen, reading};
use crate::transport::recorded::recorded;
use crate::transport::scope::{Member, Scope};
use crate::transport::{relay, reports, residents, tenure};
use boc::{Cown, Placement};
use smallvec::SmallVec;
use std::any::Any;
use std::sync::Arc;

pub(crate) static FORMAT_EXCEPTION: Imported = Imported::new("bocpy._errors", c"format_exception");
static DESCRIBE: Imported = Imported::new("bocpy._reports", c"describe");
static CAREFULLY: Imported = Imported::new("bocpy._exceptions", c"carefully");
static NOTE_ROOT_CAUSE: Imported = Imported::new("bocpy._reports", c"note_root_cause");
static EXPLAIN_NAME_ERROR: Imported = Imported::new("bocpy._errors", c"explain_name_error");

/// The lane of the runtime that the main thread pumps.
pub(crate) const MAIN_LANE: usize = 0;

/// The arguments behind the cowns.
type Rest<'py> = SmallVec<[Object<'py>; 2]>;

/// What a behavior runs.
pub(crate) enum Work {
    /// A function made of its parts.
    ///
    /// `number`: see [`dropping`]. There is room for it here.
    Sent { snapshot: Arc<Snapshot>, captures: Option<Box<Captures>>, number: u32 },
    /// A pickled callable.
    Callable(Box<PickledCallable>),
    /// A callable of this interpreter.
    Local(Box<LocalCallable>),
    /// Nothing of Python's: it tells somebody what its cown has.
    Look(Box<Look>),
}

/// What a function brings along.
#[derive(Default)]
pub(crate) struct Captures {
    pub(crate) args: Vec<Portable>,
    pub(crate) keywords: Option<Portable>,
    pub(crate) closure: Box<[Option<Portable>]>,
    pub(crate) extra: Extra,
}

pub(crate) struct PickledCallable {
    pub(crate) callable: Portable,
    pub(crate) args: Vec<Portable>,
    pub(crate) name: Arc<str>,
    pub(crate) extra: Extra,
    pub(crate) label: Label,
    pub(crate) number: u32,
}

pub(crate) struct LocalCallable {
    pub(crate) callable: Resident,
    pub(crate) args: Vec<Resident>,
    /// What it reads of its globals, if it is not to see their changes.
    pub(crate) then: Option<Arc<Then>>,
    pub(crate) name: Arc<str>,
    pub(crate) extra: Extra,
    pub(crate) label: Label,
    pub(crate) number: u32,
}

/// Answers somebody outside behaviors who wants to know the value of a cown.
pub(crate) struct Look {
    pub(crate) question: Question,
    pub(crate) name: &'static Arc<str>,
    pub(crate) label: Label,
    pub(crate) extra: Extra,
}

impl Look {
    #[cold]
    fn run(&self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>) -> Option<Afterwards> {
        pumped::count_no_behavior();
        let cown = cowns.all().next()?;
        let running = Running { label: self.label, cowns };
        state.home.set_running(running.label);
        let telling = shown::showing(py, &running, || {
            state.home.look_around(py);
            tell_onlookers(py, [cown]);
            self.question.answer(Answer::now(py, cown.tag(), false))
        });
        state.home.set_running(0);
        telling.map(Afterwards::Tell)
    }
}

/// What happens when a behavior has released its cowns: those who learn of it may want to have them.
#[allow(dead_code, reason = "it happens when this is dropped")]
pub(crate) enum Afterwards {
    /// The scope counts one behavior less.
    Leave(Member),
    Tell(Telling),
}

impl Work {
    /// What it brings along that few do. There is no room for that in each behavior.
    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        match self {
            Work::Sent { captures, .. } => &mut captures.get_or_insert_default().extra,
            Work::Callable(body) => &mut body.extra,
            Work::Local(body) => &mut body.extra,
            Work::Look(look) => &mut look.extra,
        }
    }

    #[inline]
    fn extra(&self) -> Option<&Extra> {
        match self {
            Work::Sent { captures, .. } => captures.as_ref().map(|captures| &captures.extra),
            Work::Callable(body) => Some(&body.extra),
            Work::Local(body) => Some(&body.extra),
            Work::Look(look) => Some(&look.extra),
        }
    }

    /// The name of its function, and where that is defined.
    pub(crate) fn label(&self) -> Label {
        match self {
            Work::Sent { snapshot, .. } => snapshot.code.label,
            Work::Callable(body) => body.label,
            Work::Local(body) => body.label,
            Work::Look(look) => look.label,
        }
    }

    /// See [`dropping`].
    fn number(&self) -> u32 {
        match self {
            Work::Sent { number, .. } => *number,
            Work::Callable(body) => body.number,
            Work::Local(body) => body.number,
            // It changes nothing, and somebody waits for it.
            Work::Look(_) => u32::MAX,
        }
    }
}

/// A behavior that waits for its cowns.
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) groups: Groups,
}

/// It is moved several times, and there are many.
const _: () = assert!(size_of::<Task>() <= 32);

impl Task {
    /// What it is called.
    fn name(&self) -> &Arc<str> {
        if let Some(named) = self.work.extra().and_then(|extra| extra.name.as_ref()) {
            return &named.name;
        }
        match &self.work {
            Work::Sent { snapshot, .. } => &snapshot.code.name,
            Work::Callable(body) => &body.name,
            Work::Local(body) => &body.name,
            Work::Look(look) => look.name,
        }
    }

    /// That, and where its function is defined.
    fn label(&self) -> Label {
        let named = self.work.extra().and_then(|extra| extra.name.as_ref());
        named.map_or_else(|| self.work.label(), |named| named.label)
    }

    /// The scope that it belongs to.
    fn scope(&self) -> Option<&Arc<Scope>> {
        Some(self.work.extra()?.member.as_ref()?.scope())
    }

    /// Whether it is not to run.
    #[cold]
    fn is_cancelled(&self, result: &Handle) -> bool {
        dropping::is_dropped(self.work.number())
            || self.scope().is_some_and(Scope::is_cancelled)
            || cancelled::is_to_be_dropped(result)
    }

    /// It does not run.
    #[cold]
    fn cancel(&self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>) {
        pumped::count_no_behavior();
        if cancelled::cancel(py, state, cowns.result, self.name()).is_err()
            && let Some(error) = error::take(py)
        {
            self.fail(py, state, cowns, &error, backend::values_stay(py));
        }
        cancelled::forget(cowns.result);
    }

    fn run_attached(mut self, py: Python<'_>, state: &State, cowns: HeldCowns<'_>) -> Option<Afterwards> {
        if let Work::Look(look) = &self.work {
            return look.run(py, state, cowns);
        }
        let extra = self.work.extra();
        // Most often they were last written on another core: prefetch them while we prepare. Not so the result: the
        // scheduling thread most often drops its handle about now, and the result would be fetched twice.
        cowns.all().for_each(|cown| cown.tag().prefetch());
        reports::tell_waiting(py);
        relay::follow(py, state);
        let running = Running { label: self.label(), cowns };
        state.home.set_running(running.label);
        shown::showing(py, &running, || {
            state.home.look_around(py);
            if (extra.is_some() || cancelled::are_any()) && self.is_cancelled(cowns.result) {
                return self.cancel(py, state, cowns);
            }
            Holder::as_behavior(|me| {
                let _held = Held::by(me, cowns);
                let call = || self.call(py, state, cowns).map_err(|raised| explain_import(py, raised));
                let run = || match extra {
                    None => call(),
                    Some(extra) => extra.run(py, state, call),
                };
                let (outcome, seen) = match cowns.read().next() {
                    None => (run(), Seen::default()),
                    Some(_) => reading(py, cowns.read().map(Cown::id), run),
                };
                self.finish(py, state, cowns, outcome);
                if Holder::acquires() {
                    // It ends as a holder of those cowns, too: nobody else could release them.
                    drop(tenure::release_all(py));
                }
                seen.take_back(py);
            });
        });
        context::clean(py, state);
        relay::flush(py, state);
        state.home.set_running(0);
        let member = match extra {
            Some(_) => self.work.extra_mut().member.take(),
            None => None,
        };
        if let Work::Sent { snapshot, .. } = self.work {
            batched::give_back(snapshot);
        }
        member.map(Afterwards::Leave)
    }

    fn call<'py>(&self, py: Python<'py>, state: &State, cowns: HeldCowns<'_>) -> PyResult<Object<'py>> {
        let mut rest = Rest::new();
        match &self.work {
            Work::Sent { snapshot, captures, .. } => snapshot.code.with(py, state, |opened| {
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
                if let (Some(then), Some(function)) = (&local.then, body.as_function())
                    && !then.is_in_module(py, &function.globals())?
                {
                    let copy = then.function(py, function)?;
                    let outcome = self.invoke(py, state, cowns, &copy, &mut rest);
                    return match outcome {
                        Ok(value) => then.put_back(py, &copy, function).map(|()| value),
                        Err(raised) => {
                            // The error of the body says more than that there is no memory.
                            error::aside(py, || {
                                then.put_back(py, &copy, function).is_err().then(|| error::clear(py))
                            });
                            Err(raised)
                        }
                    };
                }
                self.invoke(py, state, cowns, &body, &mut rest)
            }
            Work::Look(_) => Ok(py.none()),
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
        if backend::values_stay(py) {
            // Somebody may have kept a handle of what is the behavior's alone from now on.
            cowns.written().for_each(|cown| cown.tag().renew(py));
        }
        if self.groups.is_empty() {
            let handles = cowns.all().map(CownObject::of);
            let known = |cown: &CownObject| match pinned::open_if_pinned(py, state, cown.handle()) {
                Some(pinned) => Some(pinned),
                None => CownObject::known(py, state, cown.handle()),
            };
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
            self.fail(py, state, cowns, &error, stay);
        }
        tell_onlookers(py, cowns.all());
        // Last, when the body has no references to the values any more.
        if !stay {
            cowns.written().for_each(|cown| self.leave(py, state, cown));
            unshare::unshare(py, state, cowns, is_object);
            let read = cowns.read().filter(|cown| cown.tag().leave_read(&state.home));
            read.for_each(|cown| residents::add(state, cown));
        } else {
            cowns.written().for_each(|cown| cown.tag().renew(py));
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
            cowns.result.tag().set_ended();
            return Ok(false);
        }
        let value = match recorded(&value)? {
            Some(record) => {
                drop(value); // it has the record, too
                record
            }
            None => value,
        };
        let slot = cowns.result.tag();
        let what = || format!("the result of the behavior '{}'", self.name());
        // What is in a cown as well, or kept somewhere, has to be in two places.
        let taking = if value.references() > 1 { Taking::Copy } else { Taking::Move(&what) };
        if stay {
            let value = apart(py, cowns, &value).map_or_else(|| hand_over(&value, taking), Ok)?;
            slot.put_resident(Resident::at(state.home.clone(), value));
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
        // It is kept for longer than the name of one behavior.
        if cown.tag().leave(py, &state.home, || self.work.label()) {
            residents::add(state, cown);
        }
    }

    /// Makes an exception the result.
    fn fail<'py>(
        &self,
        py: Python<'py>,
        state: &State,
        cowns: HeldCowns<'_>,
        error: &Object<'py>,
        stay: bool,
    ) {
        let behavior = text::string(py, self.name())
            .and_then(|name| DESCRIBE.call_in(py, state, &[error, &name]))
            .ok()
            .and_then(|text| text.to_str().map(str::to_owned));
        let behavior = behavior.unwrap_or_else(|| format!("behavior '{}'", self.name()));
        error::clear(py);
        for before in cowns.all().filter_map(|cown| cown.tag().unread()) {
            let note = || {
                let cause = before.open(py)?;
                NOTE_ROOT_CAUSE.call_in(py, state, &[error, &text::string(py, &before.behavior)?, &cause])
            };
            if note().is_err() {
                error::clear(py);
            }
        }
        if Holder::ends_process() {
            let trace = FORMAT_EXCEPTION.call_in(py, state, &[error]).ok();
            let trace = trace.and_then(|trace| trace.to_str().map(str::to_owned));
            module::write_stderr(
                py,
                &trace.unwrap_or_else(|| format!("{} in the {behavior}\n", error.class_name())),
            );
            module::exit_process(py, 1);
        }
        pumped::note(error, cowns.result);
        reports::note(cowns.result);
        let slot = cowns.result.tag();
        if stay {
            return slot.fail_resident(error, behavior, self.scope());
        }
        let portable = Portable::encode(error, Taking::Copy).or_else(|Raised| {
            error::clear(py);
            Portable::encode(&CAREFULLY.call_in(py, state, &[error])?, Taking::Copy)
        });
        let portable = portable.or_else(|Raised| {
            let why = error::describe(py);
            let message =
                format!("{} in the {behavior}, which could not be moved: {why}", error.class_name());
            let raised = error::raise(py, Kind::Runtime, &message);
            Portable::encode(&error::take(py).ok_or(raised)?, Taking::Copy)
        });
        match portable {
            Ok(portable) => slot.fail(portable, behavior, self.scope()),
            Err(Raised) => {
                error::clear(py);
                slot.fail(Portable::None, behavior, self.scope());
            }
        }
    }
}

/// A behavior that runs, for those who look.
struct Running<'a> {
    label: Label,
    cowns: HeldCowns<'a>,
}

/// The same as they see it.
pub(crate) struct RunningView {
    pub(crate) label: Label,
    pub(crate) claims: Vec<Claim>,
    pub(crate) waiters: Waiters,
}

impl Visible for Running<'_> {
    fn label(&self) -> Label {
        self.label
    }

    fn result(&self) -> usize {
        self.cowns.result.id()
    }

    fn view(&self) -> Box<dyn Any + Send> {
        let claimed = self.cowns.claimed();
        let waiters = Waiters::of(|each| claimed.each_waiting(each));
        Box::new(RunningView { label: self.label, claims: lines::claims(claimed), waiters })
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

impl boc::Body<CownClaimsShape> for Task {
    type Rest = Option<Afterwards>;

    fn placement(&self, claimed: ClaimedCowns<'_>) -> Placement {
        let home = HeldCowns::of(claimed).home();
        if home == Some(PINNED) {
            return Placement::Only(MAIN_LANE);
        }
        if let Work::Look(_) = self.work {
            // Somebody waits for it, and it takes no time.
            return Placement::First;
        }
        let by_priority = self.work.extra().and_then(|extra| extra.priority.placement());
        by_priority.unwrap_or_else(|| home.map_or(Placement::Anywhere, Placement::Prefer))
    }

    fn label(&self) -> u32 {
        Task::label(self)
    }

    fn run(self, claimed: ClaimedCowns<'_>) -> Option<Afterwards> {
        // A worker is attached whenever it runs something.
        let ran = attach::on_worker(|py, state| self.run_attached(py, state, HeldCowns::of(claimed)));
        debug_assert!(ran.is_some());
        ran.flatten()
    }
}

/// Where values stay the objects that they are: a copy of a result that may have a handle in it which belongs to a cown of
/// the behavior, and so will be of no use outside. `None`: there is no such cown, or the result cannot be copied.
fn apart<'py>(py: Python<'py>, cowns: HeldCowns<'_>, value: &Object<'py>) -> Option<Object<'py>> {
    let is_one = |cown: &Handle| cown.tag().object_here(py).is_some_and(|value| is_data(&value));
    if is_data(value) || Portable::small(value).is_some() || !cowns.all().any(is_one) {
        return None;
    }
    let copied = Portable::encode(value, Taking::Copy).and_then(|copy| copy.decode(py, Opening::Own));
    if copied.is_err() {
        error::clear(py);
    }
    copied.ok()
}
