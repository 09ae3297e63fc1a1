//! Behaviors: a block of memory with a header, a body, and the requests, in this order.
//!
//! ```text
//!   +---------+-------+---------+-----------+-----------+- - -
//!   | header  | shape | payload | request 0 | request 1 |
//!   +---------+-------+---------+-----------+-----------+- - -
//!   what the   how cowns  the     in the order in which the cowns were named
//!   scheduler  are handed  body
//!   knows      to it
//! ```
//!
//! One allocation, whose size is known at compile time except for the number of requests.

use crate::cown_core::Core;
use crate::cowns::{Cowns, Granted, Requests, Shape};
use crate::job::{Header, How, Job, Placement, PromiseTable, Sink, Table, View, catch_panics};
use crate::pool;
use crate::queue::Request;
use smallvec::SmallVec;
use std::any::TypeId;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::slice;

/// What a behavior does once it holds its cowns.
///
/// Every `FnOnce()` that is `Send` is a body. Implement it by hand to get the handles of the cowns, if they are named by
/// [`Claims`](crate::Claims), or to tell the scheduler where to run the body.
///
/// ```
/// use boc::{Body, Placement, Runtime, current_worker};
///
/// struct At(usize);
///
/// impl Body<()> for At {
///     type Rest = ();
///     fn placement(&self, _: ()) -> Placement {
///         Placement::Prefer(self.0)
///     }
///     fn run(self, _: ()) {
///         println!("wanted {}, got {:?}", self.0, current_worker());
///     }
/// }
///
/// let runtime = Runtime::new(2)?;
/// runtime.schedule((), At(1));
/// runtime.wait();
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Body<S: Shape>: Send + 'static {
    /// What is left when the body has run. It is dropped once the cowns are released: so who learns of that finds them
    /// free. Mostly `()`.
    type Rest: Rest;

    /// Where to run this body. Called when the behavior is ready, on the thread that made it ready. A panic counts as
    /// [`Placement::Anywhere`].
    fn placement(&self, _cowns: S::Claimed<'_>) -> Placement {
        Placement::Anywhere
    }

    /// A number that says what this body is, for those who look at what waits: see [`Waiting`](crate::Waiting). Called by
    /// any thread, one at a time, before the body is run.
    fn label(&self) -> u32 {
        0
    }

    /// Runs the body. A panic is caught, and the cowns are released all the same.
    fn run(self, cowns: S::Claimed<'_>) -> Self::Rest;
}

impl<S: Shape, F: FnOnce() + Send + 'static> Body<S> for F {
    type Rest = ();

    fn run(self, _: S::Claimed<'_>) {
        self();
    }
}

/// What a [`Body`] can leave: nothing, or something that is dropped when its cowns are released.
pub trait Rest: Default {
    /// Whether there is nothing to drop.
    fn is_nothing(&self) -> bool;
}

impl Rest for () {
    fn is_nothing(&self) -> bool {
        true
    }
}

impl<T> Rest for Option<T> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

/// The contents of a behavior's block besides its requests.
pub(crate) trait Payload<S: Shape>: Send + Sized {
    /// The function that returns where to run the behavior, if the body has a placement.
    const PLACEMENT: Option<unsafe fn(NonNull<Header>) -> Placement>;
    /// How a promise accesses the block, if there is a promise.
    const PROMISE: Option<PromiseTable>;
    /// See [`Body::Rest`].
    type Rest: Rest;

    /// See [`Body::label`].
    fn label(&self) -> u32 {
        0
    }

    /// Runs the body or drops it. True if nobody else uses the block.
    ///
    /// # Safety
    /// All requests are granted. Called once.
    unsafe fn perform(
        this: *mut Self,
        how: How,
        shape: &S,
        requests: &[Request],
        sink: &dyn Sink,
    ) -> (bool, Self::Rest);

    /// Called if somebody else uses the block, once all cowns are released. True if the caller has to free the block;
    /// otherwise somebody else frees it.
    ///
    /// # Safety
    /// After `perform`, once.
    unsafe fn retire(this: *mut Self) -> bool;

    /// Drops a payload that has never been scheduled.
    ///
    /// # Safety
    /// Instead of `perform`.
    unsafe fn drop_unscheduled(this: *mut Self);
}

/// A body and nothing else.
pub(crate) struct Plain<B>(pub(crate) ManuallyDrop<B>);

impl<S: Shape, B: Body<S>> Payload<S> for Plain<B> {
    const PLACEMENT: Option<unsafe fn(NonNull<Header>) -> Placement> = Some(placement::<S, B>);
    const PROMISE: Option<PromiseTable> = None;
    type Rest = B::Rest;

    fn label(&self) -> u32 {
        self.0.label()
    }

    #[inline]
    unsafe fn perform(
        this: *mut Self,
        how: How,
        shape: &S,
        requests: &[Request],
        _: &dyn Sink,
    ) -> (bool, B::Rest) {
        let mut rest = B::Rest::default();
        // SAFETY: guaranteed by the caller; the body is not used again.
        unsafe {
            let body = ManuallyDrop::take(&mut (*this).0);
            match how {
                How::Discard => catch_panics(|| drop(body)),
                _ => catch_panics(|| rest = body.run(shape.claimed(Granted::new(requests)))),
            }
        }
        (true, rest)
    }

    unsafe fn retire(_: *mut Self) -> bool {
        true
    }

    unsafe fn drop_unscheduled(this: *mut Self) {
        // SAFETY: guaranteed by the caller.
        unsafe { ManuallyDrop::drop(&mut (*this).0) }
    }
}

/// # Safety
/// `header` is that of a `Behavior<S, Plain<B>>` that has not run.
unsafe fn placement<S: Shape, B: Body<S>>(header: NonNull<Header>) -> Placement {
    // SAFETY: guaranteed by the caller.
    let (behavior, requests) = unsafe {
        let behavior = header.cast::<Behavior<S, Plain<B>>>();
        (behavior.as_ref(), Behavior::requests(behavior))
    };
    // SAFETY: the requests are those of this shape.
    let claimed = || unsafe { behavior.shape.claimed(Granted::new(requests)) };
    let mut placement = Placement::Anywhere;
    // Called in the middle of a release, which must go on.
    catch_panics(|| placement = behavior.payload.0.placement(claimed()));
    placement
}

#[repr(C)] // the header first: a pointer to it is one to the behavior
pub(crate) struct Behavior<S, P> {
    header: Header,
    shape: S,
    pub(crate) payload: P,
}

impl<S: Shape, P: Payload<S>> Behavior<S, P> {
    const TABLE: Table =
        Table { run: Self::run, placement: P::PLACEMENT, promise: P::PROMISE, view: Self::VIEW };
    const VIEW: View =
        View { shape: TypeId::of::<S>, label: Self::label, first_request: Self::first_request_of };
    const REQUESTS_AT: usize = size_of::<Self>().next_multiple_of(align_of::<Request>());

    const ALIGN: usize = {
        let (own, requests) = (align_of::<Self>(), align_of::<Request>());
        if own > requests { own } else { requests }
    };

    /// The size of a block with that number of requests.
    #[inline(always)]
    fn size(requests: usize) -> usize {
        Self::REQUESTS_AT + requests * size_of::<Request>()
    }

    /// # Safety
    /// `header` is that of such a behavior, which has not run. Nobody else calls this meanwhile.
    unsafe fn label(header: NonNull<Header>) -> u32 {
        // SAFETY: guaranteed by the caller.
        let payload = unsafe { &(*header.cast::<Self>().as_ptr()).payload };
        let mut label = 0;
        catch_panics(|| label = payload.label());
        label
    }

    /// # Safety
    /// `header` is that of such a behavior.
    unsafe fn first_request_of(header: NonNull<Header>) -> NonNull<()> {
        // SAFETY: guaranteed by the caller.
        unsafe { Self::first_request(header.cast()).cast() }
    }

    /// # Safety
    /// The behavior is there.
    unsafe fn first_request(this: NonNull<Self>) -> NonNull<Request> {
        // SAFETY: they are in the same block.
        unsafe { this.byte_add(Self::REQUESTS_AT).cast() }
    }

    /// # Safety
    /// The behavior is there for as long.
    #[inline(always)]
    unsafe fn requests<'a>(this: NonNull<Self>) -> &'a [Request] {
        // SAFETY: all of them have been written. They change only through atomics.
        unsafe { slice::from_raw_parts(Self::first_request(this).as_ptr(), Self::count(this)) }
    }

    /// How many requests there are.
    ///
    /// # Safety
    /// The behavior is there.
    #[inline(always)]
    unsafe fn count(this: NonNull<Self>) -> usize {
        // SAFETY: guaranteed by the caller.
        S::COUNT.unwrap_or(unsafe { this.as_ref() }.header.requests as usize)
    }

    /// A behavior that is not in line yet.
    #[inline(always)] // most of it is known where it is called
    pub(crate) fn unscheduled<C: Cowns<Shape = S>>(
        owner: *const (),
        cowns: C,
        payload: P,
    ) -> Unscheduled<S, P> {
        let count = cowns.count();
        let header = Header::new(count, const { &Self::TABLE }, owner);
        let this = pool::allocate(Self::size(count), Self::ALIGN).cast::<Self>();
        // SAFETY: new memory of that layout.
        unsafe {
            let mut requests = Requests::new(this.cast(), Self::first_request(this), count);
            let shape = cowns.requests(&mut requests);
            assert!(requests.is_full());
            this.write(Behavior { header, shape, payload });
        }
        Unscheduled { behavior: this, count }
    }

    /// Frees the block of a behavior that has retired.
    ///
    /// # Safety
    /// Nobody uses it any more.
    #[inline]
    pub(crate) unsafe fn free(this: NonNull<Self>) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            pool::free(this.cast(), Self::size(Self::count(this)), Self::ALIGN);
        }
    }

    /// # Safety
    /// `header` is that of such a behavior, which is ready, and is not used again.
    unsafe fn run(header: NonNull<Header>, how: How, sink: &dyn Sink) {
        let this = header.cast::<Self>();
        // SAFETY: guaranteed by the caller. The block is there until it retires; each cown until its request has been released, and
        // as long as there are references to drop.
        unsafe {
            let requests = Self::requests(this);
            let payload = &raw mut (*this.as_ptr()).payload;
            let mut followed = requests.first().is_some_and(Request::is_followed);
            let (unwatched, rest) = P::perform(payload, how, &(*this.as_ptr()).shape, requests, sink);
            let first = Self::first_request(this);
            for place in 0..requests.len() {
                let request = first.add(place);
                let cown = request.as_ref().cown();
                let references = Request::release(request, |job| sink.ready(job, !followed));
                // For the others it is not known.
                followed = true;
                if how == How::RunWatched {
                    sink.released(header.addr().get(), cown.addr().get());
                }
                if references > 0 {
                    // The last one may drop the value, which may run any code.
                    catch_panics(|| Core::drop_references(cown, references));
                }
            }
            match rest.is_nothing() {
                true => std::mem::forget(rest),
                false => catch_panics(|| drop(rest)),
            }
            catch_panics(|| ptr::drop_in_place(&raw mut (*this.as_ptr()).shape));
            if unwatched || P::retire(payload) {
                Self::free(this);
            }
        }
    }
}

/// A behavior that is not in line yet.
pub(crate) struct Unscheduled<S: Shape, P: Payload<S>> {
    behavior: NonNull<Behavior<S, P>>,
    /// How many requests it has. Stored here again, as it is mostly known at compile time.
    count: usize,
}

impl<S: Shape, P: Payload<S>> Unscheduled<S, P> {
    #[inline(always)]
    pub(crate) fn requests(&self) -> &[Request] {
        // SAFETY: it is there, and has that number of them.
        unsafe { slice::from_raw_parts(Behavior::first_request(self.behavior).as_ptr(), self.count) }
    }

    pub(crate) fn behavior(&self) -> NonNull<Behavior<S, P>> {
        self.behavior
    }

    /// True if no cown is named twice.
    #[inline(always)]
    pub(crate) fn cowns_are_distinct(&self) -> bool {
        match self.requests() {
            [] | [_] => true,
            [one, other] => one.order() != other.order(),
            requests => {
                let mut cowns: SmallVec<[usize; 8]> = requests.iter().map(Request::order).collect();
                cowns.sort_unstable();
                cowns.windows(2).all(|pair| pair[0] != pair[1])
            }
        }
    }

    /// Gets in line at all cowns. Returns the job if it is ready at once.
    #[inline(always)] // as above
    pub(crate) fn link(self) -> Option<Job> {
        let (this, count) = (self.behavior, self.count);
        std::mem::forget(self);
        let header = this.cast::<Header>();
        // SAFETY: the block stays where it is until the behavior has run, which cannot happen before the last grant. The
        // cowns are alive: the caller or the requests have handles.
        unsafe {
            let first = Behavior::first_request(this);
            // Only claims can have a request that is in line from the beginning, and it is the last one.
            let count = match S::COUNT {
                None if count > 0 && !first.add(count - 1).as_ref().is_to_be_linked() => count - 1,
                _ => count,
            };
            match count {
                0 => Some(Job::new(header)),
                1 if first.as_ref().writes_alone() => link_alone(header, first),
                2 if first.as_ref().order() != first.add(1).as_ref().order() => {
                    let (one, other) = (first, first.add(1));
                    let one_first = one.as_ref().order() < other.as_ref().order();
                    link_in_order(header, &if one_first { [one, other] } else { [other, one] })
                }
                count => link_all(header, (0..count).map(|place| first.add(place)).collect()),
            }
        }
    }
}

impl<S: Shape, P: Payload<S>> Drop for Unscheduled<S, P> {
    fn drop(&mut self) {
        // SAFETY: it has not been scheduled, and is not used again.
        unsafe {
            let behavior = self.behavior.as_ptr();
            for request in self.requests() {
                catch_panics(|| request.forgo());
            }
            catch_panics(|| P::drop_unscheduled(&raw mut (*behavior).payload));
            catch_panics(|| ptr::drop_in_place(&raw mut (*behavior).shape));
            Behavior::free(self.behavior);
        }
    }
}

/// # Safety
/// The request is the only one of its behavior, and writes. See [`Request::link`].
#[inline]
unsafe fn link_alone(header: NonNull<Header>, request: NonNull<Request>) -> Option<Job> {
    // SAFETY: guaranteed by the caller. If it is not granted, the behavior is not used again.
    unsafe {
        header.as_ref().wait_for(1);
        Request::link(request, true).then(|| Job::new(header))
    }
}

/// # Safety
/// The requests are those of the behavior. See [`Request::link`].
unsafe fn link_all(header: NonNull<Header>, mut requests: SmallVec<[NonNull<Request>; 8]>) -> Option<Job> {
    // SAFETY: guaranteed by the caller.
    unsafe {
        requests.sort_unstable_by_key(|request| request.as_ref().order());
        requests.dedup_by(|second, first| {
            let same = first.as_ref().order() == second.as_ref().order();
            if same {
                first.as_mut().merge(second.as_mut());
                second.as_ref().forgo_merged();
            }
            same
        });
        if let [only] = requests[..]
            && only.as_ref().writes_alone()
        {
            return link_alone(header, only);
        }
        link_in_order(header, &requests)
    }
}

/// # Safety
/// The requests are all of the behavior's that are not merged, in order. See [`Request::link`].
#[inline]
unsafe fn link_in_order(header: NonNull<Header>, requests: &[NonNull<Request>]) -> Option<Job> {
    // SAFETY: guaranteed by the caller. One extra grant is our own, so that the behavior can't run before we are done.
    unsafe {
        header.as_ref().wait_for(requests.len() + 1);
        let granted = requests.iter().filter(|&&request| Request::link(request, false)).count();
        requests.iter().for_each(|request| request.as_ref().scheduled());
        Header::grant(header, granted + 1)
    }
}
