//! What event loops and threads that wait for many results use: see `bocpy._awaiting`.

use super::patience::seconds;
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance, Native, Referable};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{self, Function, Method, MethodDef};
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, number, text};
use crate::host::cancelling;
use crate::host::engine::SIGNAL_CHECK;
use crate::host::pump;
use crate::host::results::{self, Asking};
use crate::interpreter::{PerInterpreter, Resident, State};
use crate::transport::answers::{self, Answer, Arrival, Asker};
use crate::transport::cown::{COWN, CownObject, Handle};
use crate::transport::lane::Awaiting;
use crate::transport::scope::ScopeObject;
use std::ffi::CStr;
use std::sync::Arc;
use std::time::Instant;

static ARRIVALS: PerInterpreter<Class<Arrivals>> = PerInterpreter::to_be_filled();

/// Makes the class, for a new interpreter.
pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    ARRIVALS.fill(state, Class::new(py, module)?);
    Ok(())
}

pub(super) fn publish(py: Python<'_>, module: &Object<'_>, state: &State) -> PyResult<()> {
    module.setattr(c"_Arrivals", &ARRIVALS.of(state).as_object(py))
}

/// Values that come for somebody, in the order in which they come.
pub(crate) struct Arrivals(Arc<answers::Arrivals>);

impl Native for Arrivals {
    const NAME: &'static CStr = c"bocpy._Arrivals";
    const DOC: &'static CStr =
        c"_Arrivals(wake=None)\n--\n\nValues of cowns that come for somebody. `wake` is called when there \
                                 are some, on a thread that must not be kept long.";

    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![
            method::method::<Ask>(),
            method::method::<AskScope>(),
            method::method::<Take>(),
            method::method::<Wait>(),
            method::method::<Nudge>(),
            method::method::<Fileno>(),
        ]
    }

    fn create<'py>(_py: Python<'py>, args: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        let wake = match args.len() {
            0 => None,
            _ => Some(args.item(0)?.clone()).filter(|wake| !wake.is_none()),
        };
        Ok(Arrivals(Arc::new(answers::Arrivals::new(wake.map(Resident::new)))))
    }

    fn repr<'py>(py: Python<'py>, _: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        text::string(py, "<bocpy._Arrivals>")
    }
}

fn handle<'a>(state: &State, cown: Option<&'a Object<'_>>, py: Python<'_>) -> PyResult<&'a Handle> {
    let handle = cown.and_then(|cown| COWN.of(state).handle(cown));
    handle.ok_or_else(|| error::raise(py, Kind::Type, "this takes a Cown"))
}

/// Who gets what is to come with that key.
fn asker<'py>(this: &Instance<'py, Arrivals>, key: Option<&Object<'py>>, cown: Option<Handle>) -> Asker {
    let key = Resident::new(key.map_or_else(|| this.py().none(), Object::clone));
    Asker::Loop(this.value().0.clone(), key, cown, Awaiting::begin())
}

/// `ask(cown, key)`: the value of the cown is to come, with that key.
struct Ask;

impl Method for Ask {
    type Of = Arrivals;
    const NAME: &'static CStr = c"ask";
    const DOC: &'static CStr = c"The value of that cown is to come, with that key.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let state = State::get(py);
        let [cown, key] = args.bind("ask", ["cown", "key"], 2)?;
        let cown = handle(state, cown, py)?;
        let asker = asker(this, key, Some(cown.clone()));
        results::ask(py, cown, Asking::Await, asker)?;
        Ok(py.none())
    }
}

/// `ask_scope(scope, key)`: the end of what is in flight in the scope is to come, with that key.
struct AskScope;

impl Method for AskScope {
    type Of = Arrivals;
    const NAME: &'static CStr = c"ask_scope";
    const DOC: &'static CStr = c"When nothing is in flight in that scope, this is to come, with that key.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let [scope, key] = args.bind("ask_scope", ["scope", "key"], 2)?;
        let Some(scope) = scope.and_then(ScopeObject::handle) else {
            return Err(error::raise(py, Kind::Type, "this takes a Scope"));
        };
        let asker = asker(this, key, None);
        scope.when_empty(Box::new(move || asker.tell(Answer::Over)));
        Ok(py.none())
    }
}

/// `fileno()`: a descriptor that becomes ready to be read when something has come. To be called before `ask`.
struct Fileno;

impl Method for Fileno {
    type Of = Arrivals;
    const NAME: &'static CStr = c"fileno";
    const DOC: &'static CStr =
        c"A descriptor that becomes ready to be read when something has come; None if there is no such thing here.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        args.bind("fileno", [], 0)?;
        match this.value().0.descriptor() {
            Some(number) => number::int(py, number),
            None => Ok(py.none()),
        }
    }
}

/// `take()`: what has come: a list of keys, values, and whether the value is to be raised.
struct Take;

impl Method for Take {
    type Of = Arrivals;
    const NAME: &'static CStr = c"take";
    const DOC: &'static CStr =
        c"What has come: a list of keys, values, whether the value is an exception to be raised, and the cown.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        args.bind("take", [], 0)?;
        let state = State::get(py);
        let all = this.value().0.take();
        let all = all.into_iter().filter_map(|arrival| arrived(py, state, arrival).transpose());
        Ok(List::new(py, all.collect::<PyResult<_>>()?)?.into())
    }
}

/// Nothing for who has asked in another interpreter.
fn arrived<'py>(py: Python<'py>, state: &State, arrival: Arrival) -> PyResult<Option<Object<'py>>> {
    let Some(key) = arrival.key.open(py) else { return Ok(None) };
    let (value, is_raised) = match arrival.answer.value(py) {
        Ok((value, is_raised)) => (value, is_raised),
        Err(raised) => (error::take(py).ok_or(raised)?, true),
    };
    let cown = match &arrival.cown {
        Some(cown) => CownObject::lend(py, state, cown)?,
        None => py.none(),
    };
    Ok(Some(Tuple::new(py, vec![key, value, number::boolean(py, is_raised), cown])?.into()))
}

/// `wait(timeout=None, signals=True)`: until something has come. `signals`: whether Ctrl-C is to end it, as in the main
/// thread; others sleep deeper without.
struct Wait;

impl Method for Wait {
    type Of = Arrivals;
    const NAME: &'static CStr = c"wait";
    const DOC: &'static CStr = c"Wait until something has come, or nudge() was called. False on timeout.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let [timeout, signals] = args.bind("wait", ["timeout", "signals"], 2)?;
        let signals = signals.map_or(Ok(true), Object::is_true)?;
        let deadline = seconds(py, timeout)?.and_then(|timeout| Instant::now().checked_add(timeout));
        let arrivals = &this.value().0;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let slice = match signals {
                true => Some(left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK))),
                false => left,
            };
            if pump::wait(py, arrivals, || arrivals.wait(slice))? {
                return Ok(number::boolean(py, true));
            }
            error::check_signals(py)?;
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(number::boolean(py, false));
            }
        }
    }
}

/// `nudge()`: who waits is to look around.
struct Nudge;

impl Method for Nudge {
    type Of = Arrivals;
    const NAME: &'static CStr = c"nudge";
    const DOC: &'static CStr = c"Let the thread that waits go on, or the next one that would.";
    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Arrivals>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        args.bind("nudge", [], 0)?;
        this.value().0.let_go();
        Ok(py.none())
    }
}

/// `_ready(cown)`: its value and whether that is to be raised, if nobody has to be waited for.
pub(crate) struct Ready;

impl Function for Ready {
    const NAME: &'static CStr = c"_ready";
    const DOC: &'static CStr =
        c"The value of a cown, and whether it is an exception to be raised; None if it is not there yet.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [cown] = args.bind("_ready", ["cown"], 1)?;
        let cown = handle(State::get(py), cown, py)?;
        let Some(answer) = results::answer_now(py, cown, Asking::Await)? else { return Ok(py.none()) };
        let (value, is_raised) = answer.value(py)?;
        Ok(Tuple::new(py, vec![value, number::boolean(py, is_raised)])?.into())
    }
}

/// `_cancel(cowns)`: `Cown.cancel` for many.
pub(crate) struct Cancel;

impl Function for Cancel {
    const NAME: &'static CStr = c"_cancel";
    const DOC: &'static CStr =
        c"Cancel the behaviors with these results: a list of what cancel() returns for each.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let state = State::get(py);
        let [cowns] = args.bind("_cancel", ["cowns"], 1)?;
        let cowns = cowns.map(Object::items).transpose()?.unwrap_or_default();
        let handles = cowns.iter().map(|cown| handle(state, Some(cown), py)).collect::<PyResult<Vec<_>>>()?;
        let cancelled = cancelling::cancel(py, &handles)?;
        Ok(List::new(py, cancelled.into_iter().map(|is| number::boolean(py, is)).collect())?.into())
    }
}

/// `_has_begun(cown)`: whether the behavior with that result has begun.
pub(crate) struct HasBegun;

impl Function for HasBegun {
    const NAME: &'static CStr = c"_has_begun";
    const DOC: &'static CStr = c"Whether the behavior with that result has begun.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [cown] = args.bind("_has_begun", ["cown"], 1)?;
        let result = handle(State::get(py), cown, py)?;
        Ok(number::boolean(py, cancelling::has_begun(py, result)?))
    }
}

/// `_looked(cown)`: somebody gets the exception that is its value.
pub(crate) struct Looked;

impl Function for Looked {
    const NAME: &'static CStr = c"_looked";
    const DOC: &'static CStr = c"Somebody has looked at the exception that is the value of this cown.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [cown] = args.bind("_looked", ["cown"], 1)?;
        handle(State::get(py), cown, py)?.tag().exception();
        Ok(py.none())
    }
}
