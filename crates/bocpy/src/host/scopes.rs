//! Scheduling into a scope, and waiting for its end.

use super::engine::{engine, in_flight, is_in_behavior};
use super::pump;
use super::updates::refuse_in_update;
use super::watch::Watch;
use crate::behavior::scoped;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised};
use crate::interpreter::{Imported, State};
use crate::transport::holder::Holder;
use crate::transport::in_transit::refuse_to_wait;
use crate::transport::scope::{self, Member, Refused, Scope};
use crate::transport::tenure;
use rustc_hash::FxHashSet;
use std::sync::Arc;

static IN_EVENT_LOOP: Imported = Imported::new("bocpy._scopes", c"is_in_event_loop");

/// A `limit=`; `None` is none.
pub(crate) fn limit(py: Python<'_>, limit: Option<&Object<'_>>) -> PyResult<Option<usize>> {
    let Some(asked) = limit.filter(|limit| !limit.is_none()) else { return Ok(None) };
    let Some(count) = asked.as_int().filter(|count| !count.is_bool()) else {
        let message = format!("limit must be an int or None, not {}", asked.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    let text = asked.str()?;
    let text = text.to_str().unwrap_or("?");
    match count.to_i64() {
        Some(count) if count >= 1 => Ok(usize::try_from(count).ok()),
        // So large a number is no limit.
        None if !text.starts_with('-') => Ok(None),
        _ => {
            let message = format!(
                "limit must be at least 1, not {text}: it is how many behaviors may be in flight at once; None is no limit"
            );
            Err(error::raise(py, Kind::Value, &message))
        }
    }
}

/// What a scope is called in messages.
pub(crate) fn name_of(scope: &Scope) -> String {
    match scope.name() {
        _ if scope.is_of_runtime() => "the runtime".into(),
        Some(name) => format!("the scope '{name}'"),
        None => "the scope".into(),
    }
}

/// The scope that the caller is in, outside behaviors or in one.
pub(crate) fn current(py: Python<'_>, state: &State) -> PyResult<Option<Arc<Scope>>> {
    if !scope::are_open() {
        return Ok(None);
    }
    let found = if Holder::in_behavior() { scoped::of_behavior() } else { scoped::entered(py, state)? };
    Ok(match found {
        Some(scope) => Some(scope),
        None => engine(py).as_ref().and_then(|engine| engine.scope.clone()),
    })
}

/// A place, for a new behavior, in that scope, or in the one that the caller is in. `None`: in no scope.
#[inline]
pub(super) fn join(py: Python<'_>, state: &State, into: Option<&Arc<Scope>>) -> PyResult<Option<Member>> {
    match into {
        None if !scope::are_open() => Ok(None),
        _ => join_one(py, state, into),
    }
}

#[cold]
fn join_one(py: Python<'_>, state: &State, into: Option<&Arc<Scope>>) -> PyResult<Option<Member>> {
    let own = scoped::of_behavior();
    let is_inside = is_in_behavior();
    loop {
        let scope = match into {
            Some(scope) => scope.clone(),
            None => match current(py, state)? {
                Some(scope) => scope,
                None => return Ok(None),
            },
        };
        // What runs in a scope may go on there after it was left at a timeout.
        if own.as_ref().is_some_and(|own| own.is_within(&scope)) {
            return Ok(Some(scope.join()));
        }
        match scope.join_from_outside(!is_inside) {
            Ok(member) => return Ok(Some(member)),
            Err(Refused::Full(full)) => wait_for_room(py, state, &full)?,
            // It was left just now: perhaps there is one around it.
            Err(_) if into.is_none() => {}
            Err(refused) => return Err(refuse(py, &scope, &refused)),
        }
    }
}

fn refuse(py: Python<'_>, scope: &Scope, refused: &Refused) -> Raised {
    let name = name_of(scope);
    let message = match refused {
        Refused::NotEntered => format!(
            "nothing can be scheduled into {name} before it is entered, as nobody would wait for it: write `with scope() as s:`"
        ),
        Refused::OtherProcess => format!(
            "nothing can be scheduled into {name} here: it was entered before os.fork(), in the parent process. Enter a new one \
             in this process"
        ),
        _ => format!(
            "nothing can be scheduled into {name} any more, as its `with` block has ended: schedule it before that, from a \
             behavior of the scope, or outside of it with @when"
        ),
    };
    error::raise(py, Kind::Runtime, &message)
}

/// Waits until one more behavior may be in flight in that scope.
fn wait_for_room(py: Python<'_>, state: &State, scope: &Arc<Scope>) -> PyResult<()> {
    let limit = scope.limit().unwrap_or_default();
    let name = name_of(scope);
    let what = format!("{name} has {limit} behaviors in flight, which is its limit");
    refuse_to_wait(py, "when()")?;
    if IN_EVENT_LOOP.call_in(py, state, &[])?.is_true()? {
        let message = format!(
            "{what}, and to wait here for one to end would stop the event loop that runs in this thread: await some results \
             before you schedule more, schedule from a thread (`await asyncio.to_thread(...)`), or give a larger limit"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    let call = format!("when(), for room in {name},");
    let mut watch = Watch::begin(&call, scope.deadline());
    while scope.is_full() {
        if let Some((cown, place)) = watch.own_and_others(py) {
            // The last one that did not may have ended just now.
            if everything_waits_for_me(py) && scope.is_full() {
                let message = format!(
                    "when() would wait forever: {what}, and all of them wait for {cown}, which this thread has acquired{place}. \
                     Release it first, or give a larger limit"
                );
                return Err(error::raise(py, Kind::Runtime, &message));
            }
            watch.tell(
                py,
                &format!("waits, while behaviors wait for {cown}, which this thread has acquired{place}"),
            );
        }
        let Some(slice) = watch.slice() else { return Err(watch.timed_out(py, "")) };
        pump::wait(py, scope, || scope.wait_for_room(slice))?;
        watch.after_slice(py)?;
    }
    Ok(())
}

/// Whether all that is in flight waits for cowns that this thread has acquired.
fn everything_waits_for_me(py: Python<'_>) -> bool {
    let me = Holder::current();
    let mut waiting = FxHashSet::default();
    for (_, holder, _, waiters) in tenure::held() {
        if holder == me {
            waiting.extend(waiters.all());
        }
    }
    waiting.len() >= in_flight(py)
}

/// Raises where nobody can wait for a scope.
pub(crate) fn refuse_to_wait_for_scope(py: Python<'_>, function: &str) -> PyResult<()> {
    if is_in_behavior() {
        let message = format!(
            "{function} cannot be used inside a behavior, as it waits: what a behavior schedules counts in the scope in which it was \
             scheduled itself, so leave the waiting to that; or take a scope along and call its when()"
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    refuse_in_update(py, function)?;
    refuse_to_wait(py, function)
}

/// Waits until nothing is in flight in that scope, and leaves it. Raises at a timeout, at Ctrl-C, and where it would never end.
pub(crate) fn wait_and_leave(py: Python<'_>, scope: &Arc<Scope>) -> PyResult<()> {
    if scope.leave_if_empty() {
        return Ok(());
    }
    let name = name_of(scope);
    let deadline = scope.deadline();
    let mut watch = Watch::begin(&name, deadline);
    while !scope.leave_if_empty() {
        let own = watch.own_and_others(py);
        if let Some((cown, place)) = &own {
            if deadline.is_none() && everything_waits_for_me(py) {
                // The last one that did not may have ended just now.
                if scope.leave_if_empty() {
                    break;
                }
                let message = format!(
                    "{name} would never end: this thread has acquired {cown}{place}, and its behaviors wait for that. Release the \
                     cown first: leave the `with` block of the cown before that of the scope, or call release()"
                );
                return Err(error::raise(py, Kind::Runtime, &message));
            }
            let what = format!(
                "waits for its behaviors, while some wait for {cown}, which this thread has acquired{place}"
            );
            watch.tell(py, &what);
        }
        let Some(slice) = watch.slice() else { return Err(timed_out(py, scope, &watch, own)) };
        pump::wait(py, scope, || scope.wait_empty(slice))?;
        watch.after_slice(py)?;
    }
    Ok(())
}

/// Drops what has not begun, and raises that the time is over. `own`: a cown that this thread keeps from a behavior.
fn timed_out(py: Python<'_>, scope: &Scope, watch: &Watch<'_>, own: Option<(String, String)>) -> Raised {
    // First, so that what is told is what runs.
    scope.cancel();
    let held = own.map(|(cown, place)| {
        format!(", and one waits for {cown}, which this thread has acquired{place} and not released")
    });
    watch.timed_out(py, &held.unwrap_or_default())
}

/// The same for one who has waited elsewhere.
pub(crate) fn time_out(py: Python<'_>, scope: &Scope) -> Raised {
    let name = name_of(scope);
    let mut watch = Watch::begin(&name, scope.deadline());
    let own = watch.own_and_others(py);
    timed_out(py, scope, &watch, own)
}
