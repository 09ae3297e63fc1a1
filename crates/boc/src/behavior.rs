//! Behaviors: a set of requests and a body that runs once all of them are granted.

use crate::cowns::Held;
use crate::hold;
use crate::queue::{Lacking, Request};
use crate::requests::Requests;
use crate::scheduler::{Local, Shared};
use crate::scope::Scope;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// What a behavior does once it holds its cowns, `H`.
///
/// Every `FnOnce()` that is `Send` is a body. Implement it by hand to look at the handles of the cowns, or to tell the
/// scheduler where the body would rather run.
///
/// ```
/// use boc::{Body, Runtime, current_worker};
///
/// struct At(usize);
///
/// impl Body<()> for At {
///     fn home(&self, _: &()) -> Option<usize> {
///         Some(self.0)
///     }
///     fn run(self, _: &()) {
///         println!("wanted {}, got {:?}", self.0, current_worker());
///     }
/// }
///
/// let runtime = Runtime::new(2)?;
/// runtime.schedule((), At(1));
/// runtime.wait();
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Body<H>: Send + 'static {
    /// The worker on which this body would rather run, because its values live there. Asked when the behavior is ready,
    /// by whichever thread made it so. If that worker is busy, one that is not takes the behavior instead.
    fn home(&self, _cowns: &H) -> Option<usize> {
        None
    }

    /// Runs the body. A panic is caught, and the cowns are released all the same.
    fn run(self, cowns: &H);
}

impl<H, F: FnOnce() + Send + 'static> Body<H> for F {
    fn run(self, _: &H) {
        self();
    }
}

/// The part of a behavior that does not depend on its body.
#[repr(C)] // the count first: the queue knows no more of a behavior than that
pub(crate) struct Header {
    /// Requests that are not granted yet, and one more while the behavior gets in line.
    lacking: Lacking,
    kind: Kind,
}

enum Kind {
    Behavior {
        /// The runtime that runs it. Alive as long as the behavior is in flight.
        shared: *const Shared,
        home: unsafe fn(NonNull<Header>) -> Option<usize>,
        run: unsafe fn(NonNull<Header>, &Local),
    },
    Hold,
}

impl Header {
    pub(crate) fn of_hold(lacking: usize) -> Self {
        Header { lacking: Lacking::new(lacking), kind: Kind::Hold }
    }

    /// See [`Lacking::grant`].
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn grant(this: NonNull<Header>, grants: usize) -> bool {
        // SAFETY: says the caller.
        unsafe { Lacking::grant(this.cast(), grants) }
    }
}

#[repr(C)] // the header first, so that a pointer to it is one to the behavior
struct Behavior<H, B> {
    header: Header,
    requests: Requests,
    /// `None` for the root scope, which the runtime keeps: not all behaviors need to count their references to it.
    scope: Option<Arc<Scope>>,
    /// Keeps the cowns of the requests alive.
    cowns: H,
    body: B,
}

/// Schedules a body that reaches its values by other ways than guards, so that a cown may be named twice. It is counted in
/// `scope`, or else in the root scope.
pub(crate) fn schedule<H: Held, B: Body<H>>(
    shared: &Arc<Shared>,
    scope: Option<&Arc<Scope>>,
    cowns: H,
    body: B,
) {
    let mut behavior = Behavior::boxed(shared, scope, cowns, body);
    behavior.requests.merge();
    behavior.get_in_line(shared);
}

/// The same for a body that gets guards.
///
/// # Panics
/// If one cown is named twice.
pub(crate) fn schedule_distinct<H: Held, B: Body<H>>(
    shared: &Arc<Shared>,
    scope: Option<&Arc<Scope>>,
    cowns: H,
    body: B,
) {
    let behavior = Behavior::boxed(shared, scope, cowns, body);
    assert!(
        behavior.requests.are_distinct(),
        "a behavior can't ask for the same cown twice: it would have two guards of one value"
    );
    behavior.get_in_line(shared);
}

impl<H: Held, B: Body<H>> Behavior<H, B> {
    /// With its requests in order.
    fn boxed(shared: &Arc<Shared>, scope: Option<&Arc<Scope>>, cowns: H, body: B) -> Box<Self> {
        let kind = Kind::Behavior { shared: Arc::as_ptr(shared), home: home::<H, B>, run: run::<H, B> };
        let header = Header { lacking: Lacking::new(0), kind };
        let scope = scope.cloned();
        // Written right to where it stays: it is large.
        let new = Behavior { header, requests: Requests::default(), scope, cowns, body };
        let mut behavior = Box::write(Box::new_uninit(), new);
        let Behavior { cowns, requests, .. } = &mut *behavior;
        cowns.requests(requests);
        requests.sort();
        behavior
    }

    /// Gets in line at all cowns, and dispatches the behavior where it is ready at once. The requests are in order, and for
    /// different cowns.
    fn get_in_line(mut self: Box<Self>, shared: &Arc<Shared>) {
        debug_assert!(self.requests.is_sorted_by_key(Request::order) && self.requests.are_distinct());
        match &self.scope {
            Some(scope) => scope.enter(),
            None => shared.count_in(),
        }
        let count = self.requests.len();
        self.header.lacking = Lacking::new(count + 1);
        let behavior = NonNull::from(Box::leak(self));
        let header = behavior.cast::<Header>();
        // SAFETY: the behavior stays where it is until it has run, which it can't before the last grant: the one that we
        // keep for ourselves until here. It keeps the cowns alive for as long.
        let ready = unsafe {
            let requests = &(*behavior.as_ptr()).requests;
            requests.iter().for_each(|request| request.belong(header.cast()));
            let granted = requests.iter().filter(|request| request.link()).count();
            requests.iter().for_each(Request::scheduled);
            // Where we got them all, nobody else counts.
            granted == count || Header::grant(header, granted + 1)
        };
        if ready {
            shared.dispatch(Ready(header));
        }
    }
}

/// # Safety
/// `header` is the head of a `Behavior<H, B>` that has not run.
unsafe fn home<H: Held, B: Body<H>>(header: NonNull<Header>) -> Option<usize> {
    // SAFETY: says the caller.
    let behavior = unsafe { &*header.cast::<Behavior<H, B>>().as_ptr() };
    // Asked amid a release, which must go on.
    catch_unwind(AssertUnwindSafe(|| behavior.body.home(&behavior.cowns))).unwrap_or(None)
}

/// Runs the body, releases the cowns, dispatches those who waited for them, and counts the behavior off.
///
/// # Safety
/// `header` is the head of a boxed `Behavior<H, B>` that is ready, and is not used again. `local` is its runtime's worker.
unsafe fn run<H: Held, B: Body<H>>(header: NonNull<Header>, local: &Local) {
    // SAFETY: says the caller. The requests keep their place in memory while they are released, and the cowns are alive:
    // the box is taken apart only afterwards, but for the body, which nobody else looks at any more.
    unsafe {
        let behavior = header.cast::<Behavior<H, B>>().as_ptr();
        let body = ptr::read(&raw const (*behavior).body);
        // Who wants a panic kept catches it in the body, as `when` does.
        contain(|| body.run(&(*behavior).cowns));
        for request in (*behavior).requests.iter() {
            request.release(|ready| local.hand_on(Ready(ready.cast())));
        }
        let cowns = ptr::read(&raw const (*behavior).cowns);
        let scope = ptr::read(&raw const (*behavior).scope);
        ptr::drop_in_place(&raw mut (*behavior).requests);
        drop(Box::from_raw(behavior.cast::<MaybeUninit<Behavior<H, B>>>()));
        // With a handle may go the value, and with that anything: before the behavior is counted off.
        cowns.let_go();
        match scope {
            Some(scope) => scope.leave(1),
            None => local.count_off(),
        }
    }
}

/// Calls `f`; a panic ends here. The hook has printed it.
pub(crate) fn contain(f: impl FnOnce()) {
    let mut ended = catch_unwind(AssertUnwindSafe(f));
    while let Err(panic) = ended {
        // What it was thrown with may panic in turn when it is dropped.
        ended = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    }
}

/// A behavior that holds all its cowns and waits to be run. Dropping it leaks it; it is run instead.
#[must_use]
pub(crate) struct Ready(pub(crate) NonNull<Header>);

// SAFETY: a ready behavior is owned data (`Body: Send`, `Held: Send`) that nobody else points to, but for the atomics in
// its requests.
unsafe impl Send for Ready {}

impl Ready {
    /// A `Ready` is alive: it has not run.
    fn kind(&self) -> &Kind {
        // SAFETY: as said.
        unsafe { &(*self.0.as_ptr()).kind }
    }

    /// Where the body would rather run.
    pub(crate) fn home(&self) -> Option<usize> {
        match *self.kind() {
            // SAFETY: a `Ready` is a behavior that has not run.
            Kind::Behavior { home, .. } => unsafe { home(self.0) },
            Kind::Hold => None,
        }
    }

    /// True where it is for a worker of `shared` to run.
    pub(crate) fn belongs_to(&self, shared: &Shared) -> bool {
        matches!(*self.kind(), Kind::Behavior { shared: own, .. } if ptr::eq(own, shared))
    }

    /// Runs the behavior on this thread, which is the worker `local` of its runtime.
    pub(crate) fn run(self, local: &Local) {
        debug_assert!(self.belongs_to(local.shared()));
        match *self.kind() {
            // SAFETY: a `Ready` is a behavior whose requests are all granted; taking `self` makes sure that it runs once.
            Kind::Behavior { run, .. } => unsafe { run(self.0, local) },
            Kind::Hold => self.dispatch(),
        }
    }

    /// Hands a behavior that a release has made ready to its runtime, on any thread.
    pub(crate) fn dispatch(self) {
        match *self.kind() {
            // SAFETY: the runtime is alive while the behavior is in flight. Dispatching may make it run at once, and the
            // runtime end; so this thread counts itself in for as long.
            Kind::Behavior { shared, .. } => unsafe {
                Arc::increment_strong_count(shared);
                Arc::from_raw(shared).dispatch(self);
            },
            // SAFETY: granted, as all that is ready; taking `self` makes sure that it is released once.
            Kind::Hold => unsafe { hold::release(self.0) },
        }
    }
}
