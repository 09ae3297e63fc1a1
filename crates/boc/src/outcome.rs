//! The outcome of a behavior, and the promise of it.
//!
//! A promise is one word, and costs one atomic step unless somebody looks at it (none on a runtime with one worker): the
//! result is stored in the behavior's own block, in place of the body. A cown for it is made on demand. The runner and
//! the promise each mark when they are done with the block, and the last one frees it. Most promises are dropped at once;
//! then the runner need not do anything.

use crate::behavior::{Behavior, Payload};
use crate::cown::Cown;
use crate::cowns::{Cowns, Granted, Requests, Shape, Written};
use crate::hold::Hold;
use crate::job::{Header, How, Placement, PromiseTable, Sink, catch_panics};
use crate::queue::Request;
use crate::scheduler::on_runner;
use crate::sync::{AtomicPtr, Ordering};
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicPtr as Place; // not loom's: it is seen as a cown
use std::sync::{Mutex, PoisonError};

/// The outcome of a behavior.
///
/// ```
/// use boc::{Outcome, Runtime};
/// let runtime = Runtime::new(2)?;
/// let (six, never) = (runtime.when((), |()| 6), runtime.when((), |()| -> i32 { panic!("no") }));
/// runtime.when((&six, &never), |(six, never)| {
///     assert!(matches!(*six, Outcome::Done(6)));
///     assert!(matches!(&*never, Outcome::Panicked(panic) if panic.message().as_deref() == Some("no")));
/// });
/// runtime.wait();
/// assert_eq!(six.try_hold().unwrap().take(), 6);
/// # Ok::<(), boc::StartError>(())
/// ```
pub enum Outcome<R> {
    /// It has not run yet.
    Pending,
    /// It returned this.
    Done(R),
    /// It panicked, with this payload.
    Panicked(Panic),
    /// It was dropped before it ran, as its runtime ended.
    Cancelled,
}

/// The panic of a behavior.
pub struct Panic(Mutex<Box<dyn Any + Send>>);

impl Panic {
    /// The message of the panic, if it is a string.
    pub fn message(&self) -> Option<String> {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }

    /// The payload, as [`std::thread::JoinHandle::join`] returns it.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Outcome<R> {
    /// Takes the outcome, and leaves `Pending`. Resumes the panic if there was one.
    ///
    /// # Panics
    /// With the behavior's panic, or if the behavior has not run.
    pub fn take(&mut self) -> R {
        match std::mem::replace(self, Outcome::Pending) {
            Outcome::Done(result) => result,
            Outcome::Panicked(panic) => resume_unwind(panic.into_payload()),
            Outcome::Pending => panic!("the behavior has not run yet, or its outcome has been taken"),
            Outcome::Cancelled => panic!("the behavior was never run, as its runtime has ended"),
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Pending => f.write_str("Pending"),
            Outcome::Done(result) => f.debug_tuple("Done").field(result).finish(),
            Outcome::Panicked(panic) => panic.fmt(f),
            Outcome::Cancelled => f.write_str("Cancelled"),
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => f.debug_tuple("Panicked").field(&message).finish(),
            None => f.write_str("Panicked(..)"),
        }
    }
}

/// The outcome of a scheduled behavior: a [`Cown`] of its [`Outcome`], which is made when somebody looks at it.
///
/// Dropping a promise does not stop the behavior. A promise can be used as its cown, for example to schedule another
/// behavior over it.
///
/// ```
/// use boc::{Runtime, read};
/// let runtime = Runtime::new(2)?;
/// let six = runtime.when((), |()| 6);
/// let twelve = runtime.when(read(&six), |six| match &*six {
///     boc::Outcome::Done(six) => 2 * six,
///     other => panic!("{other:?}"),
/// });
/// runtime.wait();
/// assert_eq!(twelve.try_hold().unwrap().take(), 12);
/// # Ok::<(), boc::StartError>(())
/// ```
pub struct Promise<R: Send + 'static> {
    /// The behavior's block, with [`IN_BLOCK`] added; or, once the cown has been made, the bits of a `Cown<Outcome<R>>`.
    /// From then on the promise no longer uses the block.
    place: Place<()>,
    result: PhantomData<Cown<Outcome<R>>>,
}

/// The outcome still has to be taken from the block of the behavior.
const IN_BLOCK: usize = 1;

/// Held while a promise makes its cown. One lock for all promises: each does this at most once, and quickly.
static MAKING: Mutex<()> = Mutex::new(());

// SAFETY: any thread may use the block; the result goes to the thread that takes it, and is taken once.
unsafe impl<R: Send> Send for Promise<R> {}
// SAFETY: a shared promise gives access only to its cown.
unsafe impl<R: Send> Sync for Promise<R> {}

/// Null at first; then some of the flags below; or, if a cown is made before the behavior has run, a pointer to a boxed
/// `Asked<R>`.
type State = AtomicPtr<()>;

/// The result is in the block.
const READY: usize = 1;
/// The runner no longer uses the block.
const RUNNER_GONE: usize = 2;
/// The promise no longer uses the block.
const PROMISE_GONE: usize = 4;
/// The behavior was dropped unrun. There is no result.
const CANCELLED: usize = 8;
/// All flags: pointers have none of them.
const FLAGS: usize = READY | RUNNER_GONE | PROMISE_GONE | CANCELLED;

/// The cown that the outcome will be written to.
#[repr(align(16))] // no flags in a pointer to it
struct Asked<R> {
    cown: Cown<Outcome<R>>,
    hold: Hold,
}

/// Adds flags. Returns the former state.
fn add(state: &State, flags: usize) -> usize {
    let with = |before: *mut ()| Some(before.map_addr(|addr| addr | flags));
    let before = state.fetch_update(Ordering::AcqRel, Ordering::Acquire, with);
    before.expect("always some").addr()
}

/// A body that gets guards, and later its result.
pub(crate) struct Promised<F, R> {
    state: State,
    content: UnsafeCell<Content<F, R>>,
}

// SAFETY: the body goes to the runner, the result to the thread that takes it.
unsafe impl<F: Send, R: Send> Send for Promised<F, R> {}

union Content<F, R> {
    body: ManuallyDrop<F>,
    result: ManuallyDrop<Result<R, Box<Panic>>>,
}

impl<F, R> Promised<F, R> {
    pub(crate) fn new(body: F) -> Self {
        let content = UnsafeCell::new(Content { body: ManuallyDrop::new(body) });
        Promised { state: State::new(ptr::null_mut()), content }
    }
}

impl<S, F, R> Payload<S> for Promised<F, R>
where
    S: Shape,
    R: Send + 'static,
    F: FnOnce(S::Guards<'_>) -> R + Send + 'static,
{
    const PLACEMENT: Option<unsafe fn(NonNull<Header>) -> Placement> = None;
    type Rest = ();
    const PROMISE: Option<PromiseTable> = {
        unsafe fn result<S, F, R>(block: NonNull<Header>) -> *mut () {
            // SAFETY: the block is there, as the caller guarantees.
            unsafe { (*block.cast::<Behavior<S, Promised<F, R>>>().as_ptr()).payload.content.get().cast() }
        }
        unsafe fn free<S, F, R>(block: NonNull<Header>)
        where
            S: Shape,
            R: Send + 'static,
            F: FnOnce(S::Guards<'_>) -> R + Send + 'static,
        {
            // SAFETY: nobody uses it any more, as the caller guarantees.
            unsafe { Behavior::free(block.cast::<Behavior<S, Promised<F, R>>>()) }
        }
        Some(PromiseTable {
            state: offset_of!(Behavior<S, Promised<F, R>>, payload.state),
            result: result::<S, F, R>,
            free: free::<S, F, R>,
        })
    };

    #[inline]
    unsafe fn perform(
        this: *mut Self,
        how: How,
        shape: &S,
        requests: &[Request],
        sink: &dyn Sink,
    ) -> (bool, ()) {
        // SAFETY: the body exists until now; nobody else uses the result before the state says `READY`.
        unsafe {
            let content = (*this).content.get();
            let body = ManuallyDrop::take(&mut (*content).body);
            let result = match how {
                How::Discard => {
                    catch_panics(|| drop(body));
                    None
                }
                _ => {
                    let run = || body(shape.guards(&mut Granted::new(requests)));
                    Some(
                        catch_unwind(AssertUnwindSafe(run))
                            .map_err(|panic| Box::new(Panic(Mutex::new(panic)))),
                    )
                }
            };
            (Promised::settle(this, result, sink), ())
        }
    }

    #[inline]
    unsafe fn retire(this: *mut Self) -> bool {
        // SAFETY: the block exists, as we have not left it yet.
        let state = unsafe { &(*this).state };
        let before = state.load(Ordering::Acquire).addr();
        // A pointer: the promise had left the block when it stored it.
        before & FLAGS == 0 && before != 0
            || before & PROMISE_GONE != 0
            || add(state, RUNNER_GONE) & PROMISE_GONE != 0
    }

    unsafe fn drop_unscheduled(this: *mut Self) {
        // SAFETY: the body is there.
        unsafe { ManuallyDrop::drop(&mut (*(*this).content.get()).body) }
    }
}

impl<F, R: Send + 'static> Promised<F, R> {
    /// Stores the result where it is needed. `None`: there is none. True if nobody needs it.
    ///
    /// # Safety
    /// The body is gone from the block.
    #[inline]
    unsafe fn settle(this: *mut Self, result: Option<Result<R, Box<Panic>>>, sink: &dyn Sink) -> bool {
        // SAFETY: guaranteed by the caller.
        let state = unsafe { &(*this).state };
        if state.load(Ordering::Acquire).addr() & PROMISE_GONE != 0 {
            catch_panics(|| drop(result));
            return true;
        }
        // SAFETY: nobody looks at the result yet.
        unsafe { Promised::settle_promise(this, state, result, sink) };
        false
    }

    /// # Safety
    /// As above.
    #[cold]
    unsafe fn settle_promise(
        this: *mut Self,
        state: &State,
        result: Option<Result<R, Box<Panic>>>,
        sink: &dyn Sink,
    ) {
        let flags = if result.is_some() { READY } else { CANCELLED };
        // SAFETY: nobody reads the result before the state says `READY`; if the result is not needed in the block after
        // all, it is taken out again.
        unsafe {
            let place = (&raw mut (*(*this).content.get()).result).cast::<Result<R, Box<Panic>>>();
            if let Some(result) = result {
                place.write(result);
            }
            let null = ptr::null_mut();
            let ready = ptr::without_provenance_mut(flags);
            let Err(now) = state.compare_exchange(null, ready, Ordering::AcqRel, Ordering::Acquire) else {
                return;
            };
            let result = (flags == READY).then(|| place.read());
            if now.addr() & PROMISE_GONE != 0 {
                return catch_panics(|| drop(result));
            }
            let asked = *Box::from_raw(now.cast::<Asked<R>>());
            let before = std::mem::replace(&mut *asked.cown.value(), outcome(result));
            drop(before);
            catch_panics(|| {
                asked.hold.release(sink);
                drop(asked.cown);
            });
        }
    }
}

fn outcome<R>(result: Option<Result<R, Box<Panic>>>) -> Outcome<R> {
    match result {
        Some(Ok(result)) => Outcome::Done(result),
        Some(Err(panic)) => Outcome::Panicked(*panic),
        None => Outcome::Cancelled,
    }
}

impl<R: Send + 'static> Promise<R> {
    /// The promise of a behavior that is about to be scheduled.
    #[inline(always)]
    pub(crate) fn of<S, F>(behavior: NonNull<Behavior<S, Promised<F, R>>>) -> Promise<R>
    where
        S: Shape,
        F: FnOnce(S::Guards<'_>) -> R + Send + 'static,
    {
        let place = behavior.as_ptr().cast::<()>().map_addr(|addr| addr | IN_BLOCK);
        Promise { place: Place::new(place), result: PhantomData }
    }

    /// The cown of the outcome.
    pub fn cown(&self) -> &Cown<Outcome<R>> {
        if in_block(self.place.load(Ordering::Acquire)).is_some() {
            self.make_cown();
        }
        // SAFETY: it holds a cown, and is not written again before it is dropped.
        unsafe { &*self.place.as_ptr().cast::<Cown<Outcome<R>>>() }
    }

    #[cold]
    fn make_cown(&self) {
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(block) = in_block(self.place.load(Ordering::Relaxed)) else { return };
        // SAFETY: the block is still this promise's, and is not used again.
        let cown = ManuallyDrop::new(unsafe { block.into_cown() });
        // SAFETY: a cown is one pointer.
        let place = unsafe { std::mem::transmute_copy::<Cown<Outcome<R>>, *mut ()>(&cown) };
        self.place.store(place, Ordering::Release);
    }
}

/// The block that a promise refers to, if the promise has no cown yet.
#[inline(always)]
fn in_block(place: *mut ()) -> Option<Block> {
    (place.addr() & IN_BLOCK != 0).then(|| {
        let header = place.map_addr(|addr| addr & !IN_BLOCK).cast::<Header>();
        // SAFETY: made of the address of a block.
        Block(unsafe { NonNull::new_unchecked(header) })
    })
}

/// A promise's access to a block. The block exists until this has left it.
struct Block(NonNull<Header>);

impl Block {
    #[inline(always)]
    fn table(&self) -> &'static PromiseTable {
        // SAFETY: the block is there, and is that of a job with a promise.
        unsafe { self.0.as_ref().promise() }
    }

    #[inline(always)]
    fn state(&self) -> &State {
        // SAFETY: as above.
        unsafe { self.0.byte_add(self.table().state).cast::<State>().as_ref() }
    }

    /// A cown that has the outcome, or will have it.
    ///
    /// # Safety
    /// `R` is the type of the behavior's result.
    unsafe fn into_cown<R: Send + 'static>(self) -> Cown<Outcome<R>> {
        if self.state().load(Ordering::Acquire).addr() & (READY | CANCELLED) == 0 {
            let cown = Cown::new(Outcome::Pending);
            let asked = Box::new(Asked { hold: Hold::of_new(&cown), cown: cown.clone() });
            let asked = Box::into_raw(asked);
            let null = ptr::null_mut();
            match self.state().compare_exchange(null, asked.cast(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return cown,
                // SAFETY: nobody else has got it.
                Err(_) => drop(unsafe { Box::from_raw(asked) }),
            }
        }
        // SAFETY: guaranteed by the caller.
        Cown::new(outcome(unsafe { self.take_result::<R>() }))
    }

    /// Takes the result of a behavior that has ended, and leaves the block.
    ///
    /// # Safety
    /// As above.
    unsafe fn take_result<R>(self) -> Option<Result<R, Box<Panic>>> {
        let ready = self.state().load(Ordering::Acquire).addr() & READY != 0;
        let result = ready.then(|| {
            let place = self.table().result;
            // SAFETY: `READY` says that it exists and that we may take it; it is taken once.
            unsafe { place(self.0).cast::<Result<R, Box<Panic>>>().read() }
        });
        let free = self.table().free; // the block may be gone once we have left it
        if add(self.state(), PROMISE_GONE) & RUNNER_GONE != 0 {
            // SAFETY: both are gone.
            unsafe { free(self.0) };
        }
        result
    }

    /// Leaves the block. False if the behavior has ended, and its result has to be taken first.
    #[inline(always)]
    fn leave(&self) -> bool {
        let (null, gone) = (ptr::null_mut::<()>(), ptr::without_provenance_mut(PROMISE_GONE));
        let (state, owner) = (self.state(), self.owner());
        // If nobody else can write it, no atomic step is needed. It would take a third of the time of a short behavior.
        if on_runner(|runner| runner.is_some_and(|runner| runner.is_alone(owner)))
            && state.load(Ordering::Relaxed).is_null()
        {
            state.store(gone, Ordering::Relaxed);
            return true;
        }
        state.compare_exchange(null, gone, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Who counts the behavior.
    #[inline(always)]
    fn owner(&self) -> *const () {
        // SAFETY: the block is there, and this part of it does not change.
        unsafe { self.0.as_ref().owner }
    }
}

impl<R: Send + 'static> Drop for Promise<R> {
    #[inline(always)] // most promises are dropped where they are made
    fn drop(&mut self) {
        match in_block(*self.place.get_mut()) {
            Some(block) if block.leave() => {}
            Some(block) => drop_result::<R>(block),
            // SAFETY: it holds a cown, and is not used again.
            None => unsafe { ptr::drop_in_place(self.place.as_ptr().cast::<Cown<Outcome<R>>>()) },
        }
    }
}

/// Drops the result of a behavior that ended before its promise was dropped.
#[cold]
fn drop_result<R: Send + 'static>(block: Block) {
    // SAFETY: called for a promise of an `R`.
    let result = unsafe { block.take_result::<R>() };
    catch_panics(|| drop(result));
}

impl<R: Send + 'static> Deref for Promise<R> {
    type Target = Cown<Outcome<R>>;
    /// As [`Promise::cown`].
    fn deref(&self) -> &Self::Target {
        self.cown()
    }
}

impl<R: Send + 'static> From<Promise<R>> for Cown<Outcome<R>> {
    fn from(promise: Promise<R>) -> Self {
        promise.cown().clone()
    }
}

impl<R: Send + 'static> fmt::Debug for Promise<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Promise(..)")
    }
}

// SAFETY: as its cown.
unsafe impl<R: Send + 'static> Cowns for &Promise<R> {
    type Shape = Written<Outcome<R>, ()>;
    fn count(&self) -> usize {
        1
    }
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        self.cown().requests(requests)
    }
}
