//! Scheduling from within behaviors, and the common part of all scheduling.

use crate::behavior::{Behavior, Body, Payload, Plain, Unscheduled};
use crate::claims::{Claims, ClaimsShape, WithNew};
use crate::cown::Cown;
use crate::cowns::{Cowns, Shape};
use crate::job::{Job, refuse};
use crate::outcome::{Promise, Promised};
use crate::scheduler::{self, Event, Runner, Scope, Shared};
use smallvec::SmallVec;
use std::mem::ManuallyDrop;
use std::ptr;

/// Schedules a behavior, which is counted in `scope`. `runner`: this thread's runner in that runtime, if it has one.
#[inline(always)]
fn submit<S: Shape, P: Payload<S>>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Scope,
    behavior: Unscheduled<S, P>,
) {
    match runner {
        Some(runner) if runner.is_plain() => {
            runner.enter(scope);
            if let Some(job) = behavior.link() {
                runner.place_plain(job, P::PLACEMENT.is_none());
            }
            return;
        }
        Some(runner) => runner.enter(scope),
        None => shared.enter_from_outside(scope),
    }
    let job = match shared.events.is_there() {
        false => behavior.link(),
        true => link_watched(shared, behavior),
    };
    match (job, runner) {
        (None, _) => {}
        (Some(job), Some(runner)) => runner.place(job),
        (Some(job), None) => shared.dispatch_from_outside(job),
    }
}

#[cold]
fn link_watched<S: Shape, P: Payload<S>>(shared: &Shared, behavior: Unscheduled<S, P>) -> Option<Job> {
    let cowns: SmallVec<[_; 4]> =
        behavior.requests().iter().map(|request| (request.order(), request.mode())).collect();
    let id = behavior.behavior().addr().get();
    shared.events.tell(Event::Scheduled { behavior: id, cowns: &cowns });
    let job = behavior.link();
    if job.is_some() {
        shared.events.tell(Event::Ready { behavior: id });
    }
    job
}

#[inline(always)]
pub(crate) fn schedule_in<C: Cowns>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Scope,
    cowns: C,
    body: impl Body<C::Shape>,
) {
    let owner = ptr::from_ref(scope).cast();
    submit(runner, shared, scope, Behavior::unscheduled(owner, cowns, Plain(ManuallyDrop::new(body))));
}

#[inline(always)]
pub(crate) fn schedule_new_in<T: Default + Send + 'static, G: Send + Sync + 'static>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Scope,
    claims: Claims<'_, T, G>,
    tag: G,
    body: impl Body<ClaimsShape<T, G>>,
) -> Cown<T, G> {
    let mut cown = None;
    schedule_in(runner, shared, scope, WithNew(claims, tag, &mut cown), body);
    cown.expect("made with the requests")
}

#[inline(always)]
pub(crate) fn when_in<C: Cowns, R: Send + 'static>(
    runner: Option<&Runner>,
    shared: &Shared,
    scope: &Scope,
    cowns: C,
    body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
) -> Promise<R> {
    let owner = ptr::from_ref(scope).cast();
    let behavior = Behavior::unscheduled(owner, cowns, Promised::new(body));
    if !behavior.cowns_are_distinct() {
        refuse(
            behavior,
            "a behavior can't ask for the same cown twice: it would have two guards of one value",
        );
    }
    let promise = Promise::of(behavior.behavior());
    submit(runner, shared, scope, behavior);
    promise
}

/// Calls `f` with this thread's runner in that runtime, if it has one.
#[inline]
pub(crate) fn on_runner_of<R>(shared: &Shared, f: impl FnOnce(Option<&Runner>) -> R) -> R {
    scheduler::on_runner(|runner| f(runner.filter(|runner| ptr::eq(&**runner.shared(), shared))))
}

/// Schedules `body` from within a behavior, on the same runtime. See [`Runtime::when`](crate::Runtime::when).
///
/// It is counted in the scope of the running behavior.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// let cown = boc::Cown::new(0);
/// let same = cown.clone();
/// runtime.when(&cown, move |mut value| {
///     *value += 1;
///     boc::when(&same, |mut value| *value *= 10); // after this one, since this one holds the cown
/// });
/// runtime.wait();
/// assert_eq!(*cown.try_hold().unwrap(), 10);
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors, and as [`Runtime::when`](crate::Runtime::when).
pub fn when<C: Cowns, R: Send + 'static>(
    cowns: C,
    body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
) -> Promise<R> {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse((cowns, body), "boc::when is for use in behaviors; elsewhere, use Runtime::when");
        };
        when_in(Some(runner), runner.shared(), runner.current_scope(), cowns, body)
    })
}

/// Schedules `body` from within a behavior, on the same runtime. See [`Runtime::schedule`](crate::Runtime::schedule).
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// runtime.schedule((), || boc::schedule((), || println!("after the other, or beside it")));
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors.
pub fn schedule<C: Cowns>(cowns: C, body: impl Body<C::Shape>) {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse((cowns, body), "boc::schedule is for use in behaviors; elsewhere, use Runtime::schedule");
        };
        schedule_in(Some(runner), runner.shared(), runner.current_scope(), cowns, body);
    });
}

/// Schedules `body` over `claims` and a new cown from within a behavior, on the same runtime. See
/// [`Runtime::schedule_new`](crate::Runtime::schedule_new).
///
/// # Errors
/// Outside behaviors: returns all arguments.
#[inline]
pub fn try_schedule_new<'a, T, G, B>(
    claims: Claims<'a, T, G>,
    tag: G,
    body: B,
) -> Result<Cown<T, G>, Refused<'a, T, G, B>>
where
    T: Default + Send + 'static,
    G: Send + Sync + 'static,
    B: Body<ClaimsShape<T, G>>,
{
    scheduler::on_runner(|runner| match runner {
        Some(runner) => {
            Ok(schedule_new_in(Some(runner), runner.shared(), runner.current_scope(), claims, tag, body))
        }
        None => Err(Refused { claims, tag, body }),
    })
}

/// The arguments of a [`try_schedule_new`] outside behaviors.
pub struct Refused<'a, T, G, B> {
    /// The claims.
    pub claims: Claims<'a, T, G>,
    /// The tag of the new cown.
    pub tag: G,
    /// The body.
    pub body: B,
}

/// Schedules a background job from within a behavior, on the same runtime. See
/// [`Runtime::background`](crate::Runtime::background).
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
///
/// runtime.schedule((), || boc::background(|| println!("tidied up")));
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// # Panics
/// Outside behaviors.
pub fn background(body: impl Body<()>) {
    scheduler::on_runner(|runner| {
        let Some(runner) = runner else {
            refuse(body, "boc::background is for use in behaviors; elsewhere, use Runtime::background");
        };
        schedule_in(Some(runner), runner.shared(), &runner.shared().background, (), body);
    });
}
