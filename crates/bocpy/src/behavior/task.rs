//! One behavior: what it runs, and over which cowns. How it ends is in [`outcome`](super::outcome).

use super::namespace::Namespace;
use super::params::{ClaimedCowns, CownClaimsShape, Groups, HeldCowns};
use super::running::Running;
use super::work::{Afterwards, Rest, Work};
use super::{batched, cancelled, context, dropping, pumped};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, text};
use crate::interpreter::labels::Label;
use crate::interpreter::{Imported, State, attach, backend, epoch, shown};
use crate::transport::by_reference::Opening;
use crate::transport::cown::{COWN, CownObject, Handle};
use crate::transport::holder::Holder;
use crate::transport::pinned::{self, PINNED};
use crate::transport::portable::explain_import;
use crate::transport::reading::{Seen, reading};
use crate::transport::scope::Scope;
use crate::transport::{relay, reports, tenure};
use boc::{Cown, Placement};
use smallvec::SmallVec;
use std::sync::Arc;

static EXPLAIN_NAME_ERROR: Imported = Imported::new("bocpy._errors", c"explain_name_error");

/// The lane of the runtime that the main thread pumps.
pub(crate) const MAIN_LANE: usize = 0;

/// A behavior that waits for its cowns.
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) groups: Groups,
}

/// It is moved several times, and there are many.
const _: () = assert!(size_of::<Task>() <= 32);

impl Task {
    /// What it is called.
    pub(super) fn name(&self) -> &Arc<str> {
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
    pub(super) fn scope(&self) -> Option<&Arc<Scope>> {
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
