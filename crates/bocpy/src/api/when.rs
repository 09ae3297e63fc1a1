//! `when`, its result, and `whencall`.

use super::read::READ;
use crate::behavior::manner::Manner;
use crate::behavior::params::Params;
use crate::ffi::args::Args;
use crate::ffi::class::{Callable, Class, Instance, Native};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::Function;
use crate::ffi::{Borrowed, Dict, Object, PyResult, Python, Tuple, text};
use crate::host::{Wish, submit};
use crate::interpreter::{PerInterpreter, State};
use crate::transport::cown::{COWN, Handle};
use crate::transport::scope::Scope;
use boc::Mode;
use smallvec::SmallVec;
use std::ffi::CStr;
use std::sync::Arc;

pub(super) static WHEN: PerInterpreter<Class<When>> = PerInterpreter::to_be_filled();

/// Makes the class, for a new interpreter.
pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    WHEN.fill(state, Class::new(py, module)?);
    Ok(())
}

/// The result of `when(...)`: called with a function, it schedules that. Its part has the arguments: a claim, or a tuple
/// of claims and tuples of claims.
///
/// Its value: what else is said of the behavior.
pub(crate) struct When(Option<Box<Wish>>);

impl Native for When {
    const NAME: &'static CStr = c"bocpy.When";
    const DOC: &'static CStr = c"Schedules the function that it is called with. Made by `when`.";

    type Extra = Callable;

    const COLLECTED: bool = true;

    fn class(py: Python<'_>) -> Option<&Class<Self>> {
        State::try_get(py).map(|state| WHEN.of(state))
    }

    fn is_plain(&self) -> bool {
        self.0.is_none()
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "bocpy.When cannot be created directly: call when(...)"))
    }

    fn call<'py>(py: Python<'py>, this: &Instance<'py, Self>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        args.no_keywords("when(...)")?;
        let [body] = args.positional() else {
            return Err(error::raise(py, Kind::Type, "@when(...) decorates exactly one function"));
        };
        let state = State::get(py);
        let over = over(this)?;
        let mut params = Params::default();
        add_all(state, &mut params, &over)?;
        submit(py, state, body, &mut params, &[], this.value().0.as_deref())
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let over = over(this)?;
        let mut params = Params::default();
        add_all(State::get(py), &mut params, &over)?;
        let count = params.cowns();
        text::string(py, &format!("<bocpy.when over {count} cown(s)>"))
    }
}

/// The arguments of that instance of `When`.
fn over<'a, 'py>(when: &'a Instance<'py, When>) -> PyResult<SmallVec<[Borrowed<'a, 'py>; 4]>> {
    let over = when.part();
    match over.and_then(|over| over.as_tuple()) {
        Some(over) => (0..over.len()).map(|place| over.item(place)).collect(),
        None => Ok(over.map(Borrowed::of).into_iter().collect()),
    }
}

/// Adds those arguments to the parameters of a behavior.
///
/// `params` is passed by reference everywhere: it is large, and was just written in small pieces; a processor is slow to
/// read those in large pieces at once.
fn add_all<'a>(state: &State, params: &mut Params<'a>, over: &'a [Borrowed<'_, '_>]) -> PyResult<()> {
    over.iter().enumerate().try_for_each(|(place, arg)| add(state, params, "when()", place, arg))
}

/// The cown of an argument, and whether it is claimed to write or to read.
fn claim<'a>(state: &State, arg: &'a Object<'_>) -> Option<(&'a Handle, Mode)> {
    let written = COWN.of(state).get(arg).map(|cown| (cown.handle(), Mode::Write));
    written.or_else(|| READ.of(state).get(arg).map(|read| (read.handle(), Mode::Read)))
}

/// The claim of a member of a group. Raises if it is not a claim.
fn member<'a>(
    state: &State,
    function: &str,
    place: usize,
    index: usize,
    member: &'a Object<'_>,
) -> PyResult<(&'a Handle, Mode)> {
    claim(state, member).ok_or_else(|| {
        let message = format!(
            "{function}: item {} of argument {} must be a Cown, not {}: wrap it as Cown(...), or capture it",
            index + 1,
            place + 1,
            member.class_name()
        );
        error::raise(member.py(), Kind::Type, &message)
    })
}

/// Adds an argument to the parameters of a behavior.
fn add<'a>(
    state: &State,
    params: &mut Params<'a>,
    function: &str,
    place: usize,
    arg: &'a Object<'_>,
) -> PyResult<()> {
    if let Some((handle, mode)) = claim(state, arg) {
        params.single(handle, mode);
        return Ok(());
    }
    let members = group(arg, function, place)?;
    let claims = members.iter().enumerate().map(|(index, item)| member(state, function, place, index, item));
    let claims: PyResult<Vec<_>> = claims.collect();
    params.group(claims?.into_iter());
    Ok(())
}

/// The members of an argument that is a group. Raises if it is not a group.
fn group<'py>(arg: &Object<'py>, function: &str, place: usize) -> PyResult<Vec<Object<'py>>> {
    if arg.is_list() || arg.is_tuple() {
        return arg.items();
    }
    let message = format!(
        "{function}: argument {} must be a Cown or a list of Cowns, not {}: wrap it as Cown(...), or capture it",
        place + 1,
        arg.class_name()
    );
    Err(error::raise(arg.py(), Kind::Type, &message))
}

/// `when(*cowns)`.
pub(crate) struct WhenFunction;

impl Function for WhenFunction {
    const NAME: &'static CStr = c"when";
    const DOC: &'static CStr = doc!("when($module, /, *cowns, name=None, priority=None)", WHEN);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        over_cowns(py, "when", args, None)
    }
}

/// What `when(*cowns)` returns, or the method of a scope.
pub(super) fn over_cowns<'py>(
    py: Python<'py>,
    function: &str,
    args: Args<'_, 'py>,
    scope: Option<Arc<Scope>>,
) -> PyResult<Object<'py>> {
    let wish = match args.are_positional() && scope.is_none() {
        true => None,
        false => {
            let [name, priority] = args.keywords(function, ["name", "priority"])?;
            Some(Box::new(Wish { scope, manner: Manner::of(function, name, priority)? }))
        }
    };
    let state = State::get(py);
    // The arguments are checked now, and claimed when the function is known. A list may change in between, so it is
    // copied now.
    let fixed = |(place, arg): (usize, &Object<'py>)| {
        if claim(state, arg).is_some() {
            return Ok(arg.clone());
        }
        let members = group(arg, "when()", place)?;
        for (index, item) in members.iter().enumerate() {
            member(state, "when()", place, index, item)?;
        }
        Ok(Tuple::new(py, members)?.into())
    };
    let over = match args.positional() {
        [cown] if claim(state, cown).is_some() => cown.clone(),
        cowns if cowns.iter().all(|cown| claim(state, cown).is_some()) => Tuple::of(py, cowns)?.into(),
        [body] if body.is_function() => {
            let message =
                "@when needs parentheses: write `@when(cown, ...)`, or `@when()` for a behavior over no cown";
            return Err(error::raise(py, Kind::Type, message));
        }
        args => Tuple::new(py, args.iter().enumerate().map(fixed).collect::<PyResult<_>>()?)?.into(),
    };
    WHEN.of(state).instance_with(py, When(wish), over)
}

/// `whencall(func, cowns, captures)`.
pub(crate) struct WhenCall;

impl Function for WhenCall {
    const NAME: &'static CStr = c"whencall";
    const DOC: &'static CStr =
        doc!("whencall($module, /, func, args, captures=(), *, name=None, priority=None)", WHENCALL);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        call_over(py, args, None)
    }
}

/// What `whencall(func, cowns, captures)` does, or the method of a scope.
pub(super) fn call_over<'py>(
    py: Python<'py>,
    args: Args<'_, 'py>,
    scope: Option<&Arc<Scope>>,
) -> PyResult<Object<'py>> {
    let names = ["func", "args", "captures", "name", "priority"];
    let [func, cowns, captures, name, priority] = args.bind("whencall", names, 3)?;
    let (Some(func), Some(cowns)) = (func, cowns) else {
        let message = "whencall() takes a function and a list of its cowns: whencall(func, [cown, ...])";
        return Err(error::raise(py, Kind::Type, message));
    };
    if func.to_str().is_some() {
        let message = "whencall() takes the function itself, not its name";
        return Err(error::raise(py, Kind::Type, message));
    }
    let state = State::get(py);
    let cowns = cowns.items()?;
    let mut params = Params::default();
    for (place, arg) in cowns.iter().enumerate() {
        add(state, &mut params, "whencall()", place, arg)?;
    }
    let captures = captures.map(|captures| captures.items()).transpose()?.unwrap_or_default();
    let manner = Manner::of("whencall", name, priority)?;
    let wish = (scope.is_some() || !manner.is_usual()).then(|| Wish { scope: scope.cloned(), manner });
    submit(py, state, func, &mut params, &captures, wish.as_ref())
}
