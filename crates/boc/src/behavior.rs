//! Behaviors: a set of requests and a body that runs once all of them are granted.

use crate::hold;
use crate::queue::{Lacking, Request};
use crate::requests::Requests;
use crate::scheduler::{Local, Shared};
use crate::scope::Scope;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// What a behavior does once it holds its cowns.
///
/// Every `FnOnce()` that is `Send` is a body. Implement it by hand to tell the scheduler where the body would rather run.
///
/// ```
/// use boc::{Body, Runtime, current_worker};
///
/// struct At(usize);
///
/// impl Body for At {
///     fn home(&self) -> Option<usize> {
///         Some(self.0)
///     }
///     fn run(self) {
///         println!("wanted {}, got {:?}", self.0, current_worker());
///     }
/// }
///
/// let runtime = Runtime::new(2)?;
/// runtime.schedule([], At(1));
/// runtime.wait();
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Body: Send + 'static {
    /// The worker on which this body would rather run, because its values live there. Asked when the behavior is ready,
    /// by whichever thread made it so. If that worker is busy, one that is not takes the behavior instead.
    fn home(&self) -> Option<usize> {
        None
    }

    /// Runs the body. A panic is caught, and the cowns are released all the same.
    fn run(self);
}

impl<F: FnOnce() + Send + 'static> Body for F {
    fn run(self) {
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
struct Behavior<B> {
    header: Header,
    requests: Requests,
    /// `None` for the root scope, which the runtime keeps: not all behaviors need to count their references to it.
    scope: Option<Arc<Scope>>,
    body: B,
}

/// Schedules a body that reaches its values by other ways than guards, so that a cown may be named twice.
pub(crate) fn schedule_untyped(
    shared: &Arc<Shared>,
    requests: impl IntoIterator<Item = Request>,
    body: impl Body,
) {
    let mut requests = Requests::from_iter(requests);
    requests.sort();
    requests.merge();
    schedule(shared, None, requests, body);
}

/// Gets a behavior in line at all its cowns, and dispatches it where it is ready at once. The requests are in order, and
/// for different cowns. It is counted in `scope`, or else in the root scope.
pub(crate) fn schedule<B: Body>(
    shared: &Arc<Shared>,
    scope: Option<&Arc<Scope>>,
    requests: Requests,
    body: B,
) {
    debug_assert!(requests.is_sorted_by_key(Request::order) && requests.are_distinct());
    match scope {
        Some(scope) => scope.enter(),
        None => shared.count_in(),
    }
    let count = requests.len();
    let behavior = Box::new(Behavior {
        header: Header {
            lacking: Lacking::new(count + 1),
            kind: Kind::Behavior { shared: Arc::as_ptr(shared), home: home::<B>, run: run::<B> },
        },
        requests,
        scope: scope.cloned(),
        body,
    });
    let behavior = NonNull::from(Box::leak(behavior));
    let header = behavior.cast::<Header>();
    // SAFETY: the behavior stays where it is until it has run, which it can't before the last grant: the one that we
    // keep for ourselves until here.
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

/// # Safety
/// `header` is the head of a `Behavior<B>` that has not run.
unsafe fn home<B: Body>(header: NonNull<Header>) -> Option<usize> {
    // SAFETY: says the caller.
    let body = unsafe { &(*header.cast::<Behavior<B>>().as_ptr()).body };
    // Asked amid a release, which must go on.
    catch_unwind(AssertUnwindSafe(|| body.home())).unwrap_or(None)
}

/// Runs the body, releases the cowns, dispatches those who waited for them, and counts the behavior off.
///
/// # Safety
/// `header` is the head of a boxed `Behavior<B>` that is ready, and is not used again. `local` is its runtime's worker.
unsafe fn run<B: Body>(header: NonNull<Header>, local: &Local) {
    // SAFETY: says the caller. The requests keep their place in memory while they are released: the box is taken apart
    // only afterwards, but for the body, which nobody else looks at any more.
    unsafe {
        let behavior = header.cast::<Behavior<B>>().as_ptr();
        let body = ptr::read(&raw const (*behavior).body);
        // Who wants a panic kept catches it in the body, as `when` does.
        contain(|| body.run());
        for request in (*behavior).requests.iter() {
            request.release(|ready| local.hand_on(Ready(ready.cast())));
        }
        let mut rest = Box::from_raw(behavior.cast::<Behavior<ManuallyDrop<B>>>());
        // With a request may go the last handle of its cown, and with that the value, which may panic as well.
        rest.requests.drain().for_each(|request| contain(|| drop(request)));
        let scope = rest.scope.take();
        drop(rest);
        match scope {
            Some(scope) => scope.leave(1),
            None => local.count_off(),
        }
    }
}

/// Calls `f`; a panic ends here. The hook has printed it.
fn contain(f: impl FnOnce()) {
    let mut ended = catch_unwind(AssertUnwindSafe(f));
    while let Err(panic) = ended {
        // What it was thrown with may panic in turn when it is dropped.
        ended = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    }
}

/// A behavior that holds all its cowns and waits to be run. Dropping it leaks it; it is run instead.
#[must_use]
pub(crate) struct Ready(pub(crate) NonNull<Header>);

// SAFETY: a ready behavior is owned data (`Body: Send`) that nobody else points to, but for the atomics in its requests.
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
