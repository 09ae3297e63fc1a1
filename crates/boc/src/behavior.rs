//! Behaviors: a set of requests and a body that runs once all of them are granted.

use crate::queue::Request;
use crate::scheduler::{Ready, Shared};
use crate::scope::Scope;
use crate::sync::{AtomicUsize, Ordering};
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// What a behavior does once it holds its cowns.
///
/// Every `FnOnce()` that is `Send` is a body. Implement it by hand to tell the scheduler where the body would rather run.
pub trait Body: Send + 'static {
    /// The worker on which this body would rather run, because its values live there. Asked when the behavior is ready.
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

/// Most behaviors ask for a cown or two and write a result.
type Requests = SmallVec<[Request; 3]>;

/// The part of a behavior that does not depend on its body.
pub(crate) struct Header {
    /// Requests that are not granted yet, and one more while the behavior gets in line.
    ungranted: AtomicUsize,
    /// The runtime that runs it. Null for a hold, which nobody runs.
    shared: *const Shared,
    home: unsafe fn(NonNull<Header>) -> Option<usize>,
    run: unsafe fn(NonNull<Header>),
}

impl Header {
    /// For models of the queue alone.
    #[cfg(all(test, loom))]
    pub(crate) fn for_model(ungranted: usize) -> Self {
        Header {
            ungranted: AtomicUsize::new(ungranted),
            shared: ptr::null(),
            home: |_| None,
            run: |_| {},
        }
    }

    /// Counts down; true where nothing is lacking any more.
    pub(crate) fn grant(&self, count: usize) -> bool {
        self.ungranted.fetch_sub(count, Ordering::AcqRel) == count
    }
}

#[repr(C)] // the header first, so that a pointer to it is one to the behavior
struct Behavior<B> {
    header: Header,
    requests: Requests,
    scope: Option<Arc<Scope>>,
    body: B,
}

/// Gets a behavior in line at all its cowns, and dispatches it where it is ready at once.
pub(crate) fn schedule<B: Body>(
    shared: &Arc<Shared>,
    scope: &Arc<Scope>,
    requests: impl IntoIterator<Item = Request>,
    body: B,
) {
    let mut requests: Requests = requests.into_iter().collect();
    if requests.len() > 1 {
        requests.sort_unstable_by_key(Request::order);
        requests.dedup_by(|second, first| {
            let same = first.order() == second.order();
            if same {
                first.absorb(second);
            }
            same
        });
    }
    scope.enter();
    let behavior = Box::new(Behavior {
        header: Header {
            ungranted: AtomicUsize::new(requests.len() + 1),
            shared: Arc::as_ptr(shared),
            home: home::<B>,
            run: run::<B>,
        },
        requests,
        // The root scope lives as long as the runtime: no need for all behaviors to count their references to it.
        scope: (!Arc::ptr_eq(scope, &shared.root)).then(|| scope.clone()),
        body,
    });
    let behavior = NonNull::from(Box::leak(behavior));
    let header = behavior.cast::<Header>();
    // SAFETY: the behavior stays where it is until it has run, which it can't before the last grant below.
    let granted = unsafe {
        let requests = &behavior.as_ref().requests;
        requests.iter().for_each(|request| request.belong(header));
        let granted = requests.iter().filter(|request| request.link()).count();
        requests.iter().for_each(Request::scheduled);
        granted
    };
    // SAFETY: alive still: nobody else grants the one that we keep for ourselves.
    if unsafe { header.as_ref() }.grant(granted + 1) {
        shared.dispatch(Ready(header));
    }
}

/// # Safety
/// `header` is the head of a `Behavior<B>` that has not run.
unsafe fn home<B: Body>(header: NonNull<Header>) -> Option<usize> {
    // SAFETY: says the caller.
    unsafe { header.cast::<Behavior<B>>().as_ref() }.body.home()
}

/// Runs the body, releases the cowns, dispatches those who waited for them, and counts the behavior off.
///
/// # Safety
/// `header` is the head of a boxed `Behavior<B>` that is ready, and is not used again.
unsafe fn run<B: Body>(header: NonNull<Header>) {
    // SAFETY: says the caller. The requests keep their place in memory while they are released: the box is taken apart
    // only afterwards, but for the body, which nobody else looks at any more.
    unsafe {
        let behavior = header.cast::<Behavior<B>>().as_ptr();
        let body = ptr::read(&raw const (*behavior).body);
        // The panic has been printed by the hook; who wants it kept catches it in the body, as `when` does.
        let _ = catch_unwind(AssertUnwindSafe(|| body.run()));
        let shared = (*behavior).header.shared;
        for request in &(*behavior).requests {
            request.release(|ready| Ready(ready).dispatch_from_release());
        }
        let scope = (*behavior).scope.take();
        drop(Box::from_raw(behavior.cast::<Behavior<std::mem::ManuallyDrop<B>>>()));
        match scope {
            Some(scope) => scope.leave(),
            None => (*shared).root.leave(),
        }
    }
}

impl Ready {
    /// Where the body would rather run.
    pub(crate) fn home(&self) -> Option<usize> {
        // SAFETY: a `Ready` is a behavior that has not run.
        unsafe { (self.0.as_ref().home)(self.0) }
    }

    /// Runs the behavior on this thread.
    pub(crate) fn run(self) {
        // SAFETY: a `Ready` is a behavior whose requests are all granted; taking `self` makes sure that it runs once.
        unsafe { (self.0.as_ref().run)(self.0) }
    }

    /// Hands a behavior that a release has made ready to its runtime.
    fn dispatch_from_release(self) {
        // SAFETY: the behavior is counted in its runtime's root scope until it has run, and a runtime goes only when
        // its root scope is empty. Dispatching may make it run at once; so this thread counts itself in for as long.
        unsafe {
            let shared = self.0.as_ref().shared;
            if shared.is_null() {
                self.run();
                return;
            }
            if Shared::on_its_worker(shared) {
                (*shared).dispatch_from_release(self);
            } else {
                Arc::increment_strong_count(shared);
                Arc::from_raw(shared).dispatch(self);
            }
        }
    }
}

/// A cown taken outside behaviors: a behavior of one request and no body, whose "run" is its release.
pub(crate) struct Hold(NonNull<Header>);

// SAFETY: a hold is a place in a queue, which any thread may give up.
unsafe impl Send for Hold {}
// SAFETY: a shared hold can do nothing.
unsafe impl Sync for Hold {}

#[repr(C)]
struct HoldBehavior {
    header: Header,
    request: Request,
}

impl Hold {
    pub(crate) fn try_new(request: Request) -> Option<Hold> {
        let hold = Box::new(HoldBehavior {
            header: Header {
                ungranted: AtomicUsize::new(2),
                shared: ptr::null(),
                home: |_| None,
                run: release_hold,
            },
            request,
        });
        let hold = NonNull::from(Box::leak(hold));
        let header = hold.cast::<Header>();
        // SAFETY: the box is freed in `release_hold`, or right here where it never got in line.
        unsafe {
            hold.as_ref().request.belong(header);
            match hold.as_ref().request.try_link() {
                Some(true) => Some(Hold(header)),
                Some(false) => {
                    // Readers are still inside. We are in line and can't step out, so we release as soon as granted.
                    if header.as_ref().grant(1) {
                        release_hold(header);
                    }
                    None
                }
                None => {
                    drop(Box::from_raw(hold.as_ptr()));
                    None
                }
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // SAFETY: granted, and released once.
        unsafe { release_hold(self.0) }
    }
}

/// # Safety
/// `header` is the head of a boxed `HoldBehavior` that is granted its cown, and is not used again.
unsafe fn release_hold(header: NonNull<Header>) {
    // SAFETY: says the caller.
    unsafe {
        let hold = Box::from_raw(header.cast::<HoldBehavior>().as_ptr());
        hold.request.release(|ready| Ready(ready).dispatch_from_release());
    }
}
