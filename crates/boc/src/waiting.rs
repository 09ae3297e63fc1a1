//! Looking at what waits.
//!
//! Lines change all the time, and a behavior that has run is gone. But behind a request that is not released meanwhile,
//! nothing is granted: what is in line there waits, and so it is still there. It can't run, so the requests that it has at
//! other cowns are not released either, and what waits behind those is still there, too; and so on.
//!
//! The exceptions are readers that have a reader behind them: that one may be granted together with them, or may have been,
//! and be gone. What waits behind it is not seen from here.

use crate::job::Header;
use crate::queue::Request;
use std::any::TypeId;
use std::collections::{HashSet, VecDeque};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;
use std::sync::Mutex;
use std::thread;

/// A behavior that waits for a cown.
///
/// It is seen from one that holds cowns, by [`Claimed::each_waiting`](crate::Claimed::each_waiting) or
/// [`CownGuard::each_waiting`](crate::CownGuard::each_waiting): first what waits for these cowns, in the order of the line;
/// then what waits for that, and so on. A behavior that waits in several places is seen in each of them. Behaviors that are
/// ready hold cowns as well; what waits for those is not seen before they run.
///
/// ```
/// use boc::{Body, Cown, Runtime};
///
/// struct Labelled(u32);
///
/// impl Body<boc::ClaimsShape<(), ()>> for Labelled {
///     type Rest = ();
///     fn label(&self) -> u32 {
///         self.0
///     }
///     fn run(self, _: boc::Claimed<'_, (), ()>) {}
/// }
///
/// let runtime = Runtime::new(1)?;
/// let cown = Cown::new(());
/// let guard = cown.try_hold().expect("nobody else is there");
/// for label in [7, 8] {
///     runtime.schedule(boc::Claims::from_iter([(cown.clone(), boc::Mode::Write)]), Labelled(label));
/// }
/// let mut labels = Vec::new();
/// guard.each_waiting(|waiting| {
///     labels.push(waiting.label());
///     waiting.cown() == cown.id()
/// });
/// assert_eq!(labels, [7, 8]);
/// drop(guard);
/// runtime.wait();
/// # Ok::<(), boc::StartError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    behavior: NonNull<Header>,
    cown: usize,
    behind: Option<usize>,
    frozen: PhantomData<&'a ()>,
}

impl<'a> Waiting<'a> {
    /// A number that no other behavior in flight has.
    pub fn id(self) -> usize {
        self.behavior.addr().get()
    }

    /// What its body says that it is. See [`Body::label`](crate::Body::label).
    pub fn label(self) -> u32 {
        /// One thread at a time.
        static LABELS: Mutex<()> = Mutex::new(());
        /// How often to try: in the child of a fork, nobody may be left to unlock it.
        const TRIES: usize = 10_000;
        let lock = (0..TRIES).find_map(|_| {
            LABELS.try_lock().ok().or_else(|| {
                thread::yield_now();
                None
            })
        });
        let Some(_lock) = lock else { return 0 };
        // SAFETY: it waits, so it is there and has not run; and its table is that of this job.
        unsafe { (self.behavior.as_ref().table.view.label)(self.behavior) }
    }

    /// The number of the cown that it was seen to wait for.
    pub fn cown(self) -> usize {
        self.cown
    }

    /// The behavior that has that cown, or is first in line of those that were seen there, by its number. `None`: the holder
    /// from which it was seen.
    pub fn behind(self) -> Option<usize> {
        self.behind
    }

    /// The type of the shape in which its cowns are named.
    pub(crate) fn shape(self) -> TypeId {
        // SAFETY: it waits, so it is there.
        unsafe { (self.behavior.as_ref().table.view.shape)() }
    }

    /// In the order in which the cowns are named.
    pub(crate) fn requests(self) -> &'a [Request] {
        // SAFETY: as above.
        unsafe { requests(self.behavior) }
    }
}

/// # Safety
/// The job is there for as long.
unsafe fn requests<'a>(behavior: NonNull<Header>) -> &'a [Request] {
    // SAFETY: guaranteed by the caller; the table is that of this job.
    unsafe {
        let header = behavior.as_ref();
        let first = (header.table.view.first_request)(behavior);
        slice::from_raw_parts(first.cast().as_ptr(), header.requests as usize)
    }
}

/// Calls `f` with all that is seen to wait for these requests, which are granted and not released meanwhile; as long as it
/// returns true.
pub(crate) fn walk<'a>(granted: &'a [Request], mut f: impl FnMut(Waiting<'a>) -> bool) {
    // Requests in line behind another, and their behaviors: each once.
    let (mut in_line, mut seen) = (HashSet::new(), HashSet::new());
    let mut found = VecDeque::new();
    let mut line = |request: &'a Request, behind: Option<usize>, found: &mut VecDeque<NonNull<Header>>| {
        if in_line.contains(&NonNull::from(request)) {
            return true; // so is what is behind it
        }
        let mut next = request.kept_waiting(behind.is_none()).filter(|next| in_line.insert(*next));
        while let Some(this) = next {
            // SAFETY: it is behind a request that is not released meanwhile, so it waits, and is there.
            let (behavior, request) = unsafe { (Request::behavior(this), this.as_ref()) };
            if seen.insert(behavior) {
                found.push_back(behavior);
            }
            if !f(Waiting { behavior, cown: request.order(), behind, frozen: PhantomData }) {
                return false;
            }
            next = request.behind_waiting().filter(|next| in_line.insert(*next));
        }
        true
    };
    if !granted.iter().all(|request| line(request, None, &mut found)) {
        return;
    }
    while let Some(behavior) = found.pop_front() {
        // SAFETY: it waits for a request that is not released meanwhile.
        let requests = unsafe { requests::<'a>(behavior) };
        if !requests.iter().all(|request| line(request, Some(behavior.addr().get()), &mut found)) {
            return;
        }
    }
}
