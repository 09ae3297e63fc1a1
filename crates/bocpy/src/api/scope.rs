//! `scope` and the class `Scope`.

use super::patience::seconds;
use super::when::{call_over, over_cowns};
use crate::behavior::scoped;
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance, Native, Referable};
use crate::ffi::collect::Visitor;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::method::{self, Function, Method, MethodDef, Property, PropertyDef};
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, number, text};
use crate::host::scopes::{self, name_of};
use crate::interpreter::{Imported, Resident, State};
use crate::transport::by_reference;
use crate::transport::reports::Report;
use crate::transport::scope::{SCOPE, Scope, ScopeObject};
use std::cmp::Ordering;
use std::ffi::CStr;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

static ENTER_ASYNC: Imported = Imported::new("bocpy._scopes", c"enter_async");
static EXIT_ASYNC: Imported = Imported::new("bocpy._scopes", c"exit_async");
static EXCEPTION_OF: Imported = Imported::new("bocpy._scopes", c"exception_of");

/// Makes the class, for a new interpreter.
pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    SCOPE.fill(state, Class::new(py, module)?);
    Ok(())
}

/// `scope(timeout=None, limit=None, name=None)`.
pub(crate) struct ScopeFunction;

impl Function for ScopeFunction {
    const NAME: &'static CStr = c"scope";
    const DOC: &'static CStr = doc!("scope($module, /, timeout=None, limit=None, name=None)", SCOPE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [timeout, limit, name] = args.bind("scope", ["timeout", "limit", "name"], 3)?;
        let timeout = seconds(py, timeout)?;
        let limit = scopes::limit(py, limit)?;
        let name = match name.filter(|name| !name.is_none()) {
            None => None,
            Some(name) => Some(name.to_str().ok_or_else(|| {
                let message = format!("the name of a scope must be a str or None, not {}", name.class_name());
                error::raise(py, Kind::Type, &message)
            })?),
        };
        let state = State::get(py);
        let above = scopes::current(py, state)?;
        ScopeObject::open(py, Scope::new(above, name, limit, timeout))
    }
}

impl Native for ScopeObject {
    const NAME: &'static CStr = c"bocpy.Scope";
    const DOC: &'static CStr = c"Behaviors that are waited for together. Made by `scope`.";

    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<When>(),
            method::method::<WhenCall>(),
            method::method::<Cancel>(),
            method::method::<Enter>(),
            method::method::<Exit>(),
            method::method::<EnterAsync>(),
            method::method::<ExitAsync>(),
            method::method::<BeginEnd>(),
            method::method::<LeaveIfEmpty>(),
            method::method::<TimeLeft>(),
            method::method::<TimeOut>(),
            method::method::<Finish>(),
            method::method::<Reduce>(),
        ]
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        vec![
            method::property::<Cancelled>(),
            method::property::<Pending>(),
            method::property::<Name>(),
            method::property::<Limit>(),
        ]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        let message = "bocpy.Scope cannot be created directly: write `with bocpy.scope() as s:`";
        Err(error::raise(py, Kind::Type, message))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let scope = &this.value().scope;
        let name = scope.name().map(|name| format!(" {name:?}")).unwrap_or_default();
        let what = match (scope.is_here(), scope.is_new(), scope.is_left()) {
            (false, ..) => "of the parent process",
            (_, true, _) => "not entered",
            (.., true) => "ended",
            _ if scope.is_cancelled() => "cancelled",
            _ => "open",
        };
        text::string(py, &format!("<bocpy.Scope{name}, {what}, {} in flight>", scope.count()))
    }

    fn hash(&self) -> Option<isize> {
        Some((Arc::as_ptr(&self.scope).addr() >> 4) as isize)
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(Arc::as_ptr(&self.scope).cmp(&Arc::as_ptr(&other.scope)))
    }

    const COLLECTED: bool = true;

    fn traverse(&self, py: Python<'_>, visitor: &mut Visitor) {
        // Others have it locked for some instructions only, in which nothing is collected.
        if let Ok(token) = self.token.try_lock()
            && let Some(token) = token.as_ref().and_then(|token| token.peek(py))
        {
            visitor.visit(&token);
        }
    }

    fn clear(&self, _py: Python<'_>) {
        drop(self.take_token());
    }
}

impl ScopeObject {
    fn set_token(&self, token: Option<Resident>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    fn take_token(&self) -> Option<Resident> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Enters the scope of that handle, without a look at who does so.
fn enter<'py>(py: Python<'py>, this: &Instance<'py, ScopeObject>) -> PyResult<()> {
    let (handle, state) = (this.value(), State::get(py));
    let name = name_of(&handle.scope);
    if !handle.scope.is_here() {
        let message = format!("{name} was made before os.fork(), in the parent process: make a new one here");
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    if !handle.scope.enter() {
        let message = format!("{name} has been entered already: make one for each `with` block");
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    match scoped::set(py, state, this) {
        Ok(token) => {
            handle.set_token(token.map(Resident::new));
            Ok(())
        }
        Err(Raised) => {
            handle.scope.leave_anyhow();
            Err(Raised)
        }
    }
}

/// The code of this thread is in that scope no more. Another context than that which has entered it stays as it is: it finds
/// that the scope has been left.
fn step_out<'py>(py: Python<'py>, this: &Instance<'py, ScopeObject>) {
    let Some(token) = this.value().take_token() else { return };
    let Some(token) = token.open(py) else { return };
    error::aside(py, || {
        if scoped::reset(py, State::get(py), this, &token).is_err() {
            error::clear(py);
        }
    });
}

/// Raises where a scope cannot be left.
fn check_entered(py: Python<'_>, scope: &Scope) -> PyResult<()> {
    let name = name_of(scope);
    let message = match (scope.is_new(), scope.is_left()) {
        (true, _) => format!("{name} has not been entered: write `with scope() as s:`"),
        (_, true) => format!("{name} has ended already"),
        _ => return Ok(()),
    };
    Err(error::raise(py, Kind::Runtime, &message))
}

/// The end of a `with` block. `raised`: what the block has raised. Returns false, so that this goes on.
fn leave<'py>(py: Python<'py>, scope: &Arc<Scope>, raised: Option<&Object<'py>>) -> PyResult<Object<'py>> {
    check_entered(py, scope)?;
    if !scope.is_here() {
        // What is in flight is the parent's.
        scope.leave_anyhow();
        return Ok(number::boolean(py, false));
    }
    if raised.is_some() {
        scope.cancel();
    }
    let waited = scopes::wait_and_leave(py, scope);
    let error = waited.is_err().then(|| error::take(py)).flatten();
    if error.is_some() {
        scope.cancel();
        scope.leave_anyhow();
    }
    finish(py, scope, raised, error.as_ref())
}

/// Raises what is to be raised when a scope has been left: `error` is what has ended the waiting.
fn finish<'py>(
    py: Python<'py>,
    scope: &Scope,
    raised: Option<&Object<'py>>,
    error: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    let failures = scope.take_failures();
    if failures.is_empty() && raised.is_none() && error.is_none() {
        return Ok(number::boolean(py, false));
    }
    let goes_through = |error: &&Object<'py>| !error::is_kind(error, Kind::Exception);
    if let Some(error) = error.filter(goes_through) {
        failures.iter().for_each(Report::let_go);
        return Err(error::restore(error.clone()));
    }
    if raised.filter(goes_through).is_some() {
        failures.iter().for_each(Report::let_go);
        return Ok(number::boolean(py, false));
    }
    match to_raise(py, scope, raised, error, &failures) {
        Ok(exception) => {
            failures.iter().for_each(|report| _ = report.look());
            match exception.is_none() {
                true => Ok(number::boolean(py, false)),
                false => Err(error::raise_object(&exception)),
            }
        }
        Err(Raised) => {
            failures.iter().for_each(Report::let_go);
            Err(Raised)
        }
    }
}

/// What that is, or `None` where what the block has raised is to go on as it is.
fn to_raise<'py>(
    py: Python<'py>,
    scope: &Scope,
    raised: Option<&Object<'py>>,
    error: Option<&Object<'py>>,
    failures: &[Arc<Report>],
) -> PyResult<Object<'py>> {
    // Where one can't be opened, what says so stands for it.
    let open = |report: &Arc<Report>| report.open(py).or_else(|Raised| error::take(py).ok_or(Raised));
    let opened = List::new(py, failures.iter().map(open).collect::<PyResult<_>>()?)?;
    let none = py.none();
    let name = match scope.name() {
        Some(name) => text::string(py, name)?,
        None => py.none(),
    };
    EXCEPTION_OF.call(py, &[&name, raised.unwrap_or(&none), error.unwrap_or(&none), &opened])
}

macro_rules! methods {
    ($($name:ident, $python:literal, $doc:expr, |$py:ident, $this:ident, $args:ident| $body:expr;)+) => {
        $(
            struct $name;
            impl Method for $name {
                type Of = ScopeObject;
                const NAME: &'static CStr = $python;
                const DOC: &'static CStr = $doc;
                fn call<'py>(
                    $py: Python<'py>,
                    $this: &Instance<'py, ScopeObject>,
                    $args: Args<'_, 'py>,
                ) -> PyResult<Object<'py>> {
                    $body
                }
            }
        )+
    };
}

methods! {
    When, c"when", doc!("when($self, /, *cowns, name=None, priority=None)", SCOPE_WHEN),
    |py, this, args| over_cowns(py, "when", args, Some(this.value().scope.clone()));
    WhenCall, c"whencall", doc!("whencall($self, /, func, args, captures=(), *, name=None, priority=None)", SCOPE_WHENCALL),
    |py, this, args| call_over(py, args, Some(&this.value().scope));
    Cancel, c"cancel", doc!("cancel($self, /)", SCOPE_CANCEL),
    |py, this, args| {
        args.bind("cancel", [], 0)?;
        this.value().scope.cancel();
        Ok(py.none())
    };
    Enter, c"__enter__", doc!("__enter__($self, /)", SCOPE_ENTER),
    |py, this, args| {
        args.bind("__enter__", [], 0)?;
        scopes::refuse_to_wait_for_scope(py, "scope()")?;
        enter(py, this)?;
        Ok((**this).clone())
    };
    Exit, c"__exit__", doc!("__exit__($self, /, *exc)", SCOPE_EXIT),
    |py, this, args| {
        scopes::refuse_to_wait_for_scope(py, "scope()")?;
        step_out(py, this);
        let raised = args.positional().get(1).filter(|raised| !raised.is_none());
        leave(py, &this.value().scope, raised)
    };
    EnterAsync, c"__aenter__", doc!("__aenter__($self, /)", SCOPE_AENTER),
    |py, this, args| {
        args.bind("__aenter__", [], 0)?;
        ENTER_ASYNC.call(py, &[this])
    };
    ExitAsync, c"__aexit__", doc!("__aexit__($self, /, *exc)", SCOPE_AEXIT),
    |py, this, args| {
        let none = py.none();
        EXIT_ASYNC.call(py, &[this, args.positional().get(1).unwrap_or(&none)])
    };
    BeginEnd, c"_begin_end", c"The block has ended; true: there is nothing to wait for.",
    |py, this, args| {
        scopes::refuse_to_wait_for_scope(py, "scope()")?;
        step_out(py, this);
        let scope = &this.value().scope;
        check_entered(py, scope)?;
        if !scope.is_here() {
            scope.leave_anyhow();
            return Ok(number::boolean(py, true));
        }
        if args.positional().first().is_some_and(|raised| !raised.is_none()) {
            scope.cancel();
        }
        Ok(number::boolean(py, false))
    };
    LeaveIfEmpty, c"_leave_if_empty", c"Leave the scope, if nothing is in flight: true.",
    |py, this, _args| Ok(number::boolean(py, this.value().scope.leave_if_empty()));
    TimeLeft, c"_time_left", c"How many seconds are left, or None where there is no timeout.",
    |py, this, _args| match this.value().scope.deadline() {
        Some(deadline) => number::float(py, deadline.saturating_duration_since(Instant::now()).as_secs_f64()),
        None => Ok(py.none()),
    };
    TimeOut, c"_time_out", c"Raise that the time is over.",
    |py, this, _args| Err(scopes::time_out(py, &this.value().scope));
    Finish, c"_finish", c"Raise what is to be raised at the end.",
    |py, this, args| {
        let [raised, error] = args.bind("_finish", ["raised", "error"], 2)?;
        let [raised, error] = [raised, error].map(|error| error.filter(|error| !error.is_none()));
        let scope = &this.value().scope;
        if error.is_some() {
            scope.cancel();
            scope.leave_anyhow();
        }
        finish(py, scope, raised, error)
    };
    Reduce, c"__reduce__", c"__reduce__($self, /)\n--\n\nA scope travels in this process only.",
    |py, this, _args| by_reference::reduce(this)?.ok_or_else(|| {
        error::raise(py, Kind::Type, "a Scope cannot be pickled: it belongs to this process")
    });
}

macro_rules! properties {
    ($($name:ident, $python:literal, $doc:expr, |$py:ident, $scope:ident| $body:expr;)+) => {
        $(
            struct $name;
            impl Property for $name {
                type Of = ScopeObject;
                const NAME: &'static CStr = $python;
                const DOC: &'static CStr = $doc;
                fn get<'py>($py: Python<'py>, this: &Instance<'py, ScopeObject>) -> PyResult<Object<'py>> {
                    let $scope = &this.value().scope;
                    $body
                }
            }
        )+
    };
}

properties! {
    Cancelled, c"cancelled", doc!(SCOPE_CANCELLED),
    |py, scope| Ok(number::boolean(py, scope.is_cancelled()));
    Pending, c"pending", doc!(SCOPE_PENDING), |py, scope| number::uint(py, scope.count() as u64);
    Name, c"name", doc!(SCOPE_NAME),
    |py, scope| scope.name().map_or_else(|| Ok(py.none()), |name| text::string(py, name));
    Limit, c"limit", doc!(SCOPE_LIMIT),
    |py, scope| scope.limit().map_or_else(|| Ok(py.none()), |limit| number::uint(py, limit as u64));
}
