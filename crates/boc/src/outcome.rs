//! What a behavior comes to, and the promise of it.
//!
//! A promise costs one atomic step until somebody looks at it: the result is left in the behavior's own block, where the body had
//! been. A cown for it is made when it is asked for. The runner and the promise each say when they are done with the
//! block, and the last one frees it; most promises are dropped at once, so that the runner need not do anything.

use crate::behavior::{Behavior, Payload};
use crate::cown::Cown;
use crate::cowns::{Cowns, Granted, Requests, Shape, Written};
use crate::hold::Hold;
use crate::job::{Header, How, Placement, Sink, catch_panics};
use crate::queue::Request;
use crate::sync::{AtomicPtr, Ordering};
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What a behavior came to.
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
    /// It panicked with this.
    Panicked(Panic),
    /// It was dropped before it ran, as its runtime ended.
    Cancelled,
}

/// What a behavior has panicked with.
pub struct Panic(Mutex<Box<dyn Any + Send>>);

impl Panic {
    /// The text of the panic, where it was one.
    pub fn message(&self) -> Option<String> {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }

    /// What it was thrown with, as [`std::thread::JoinHandle::join`] gives it.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Outcome<R> {
    /// Takes the outcome, and leaves `Pending`. Goes on with the panic if there was one.
    ///
    /// # Panics
    /// With the behavior's panic, or if it has not run.
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

/// The outcome of a behavior that has been scheduled: a [`Cown`] of its [`Outcome`], which is made when it is looked at.
///
/// It can be dropped: the behavior runs all the same. It can be used as the cown that it stands for, for example as one of
/// those that another behavior asks for.
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
    block: NonNull<Header>,
    table: &'static PromiseTable,
    /// Once it is made, the block is not this promise's any more.
    cown: ManuallyDrop<OnceLock<Cown<Outcome<R>>>>,
    result: PhantomData<R>,
}

// SAFETY: the block may be used by any thread; the result goes to the thread that takes it, and there once.
unsafe impl<R: Send> Send for Promise<R> {}
// SAFETY: through a shared promise only its cown can be reached.
unsafe impl<R: Send> Sync for Promise<R> {}

/// How a promise reaches into a block whose body it does not know.
struct PromiseTable {
    /// How far behind the header the state is.
    state: usize,
    /// Where the result is: a `Result<R, Box<Panic>>`.
    result: unsafe fn(NonNull<Header>) -> *mut (),
    free: unsafe fn(NonNull<Header>),
}

/// Nothing at first; then some of the flags below; or, where a cown is made before the behavior has run, a pointer to a
/// boxed `Asked<R>`.
type State = AtomicPtr<()>;

/// The result is in the block.
const READY: usize = 1;
/// The runner does not use the block any more.
const RUNNER_GONE: usize = 2;
/// The promise does not use the block any more.
const PROMISE_GONE: usize = 4;
/// The behavior was dropped unrun. There is no result.
const CANCELLED: usize = 8;
/// All flags: pointers have none of them.
const FLAGS: usize = READY | RUNNER_GONE | PROMISE_GONE | CANCELLED;

/// A cown that the outcome is to be written into.
#[repr(align(16))] // no flags in a pointer to it
struct Asked<R> {
    cown: Cown<Outcome<R>>,
    hold: Hold,
}

/// Adds flags. Gives what had been there.
fn add(state: &State, flags: usize) -> usize {
    let with = |before: *mut ()| Some(before.map_addr(|addr| addr | flags));
    let before = state.fetch_update(Ordering::AcqRel, Ordering::Acquire, with);
    before.expect("always some").addr()
}

/// A body that gets guards, and then what it came to.
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

    #[inline]
    unsafe fn perform(this: *mut Self, how: How, shape: &S, requests: &[Request], sink: &dyn Sink) -> bool {
        // SAFETY: the body is there until now; the result is nobody else's before the state says `READY`.
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
            Promised::settle(this, result, sink)
        }
    }

    #[inline]
    unsafe fn retire(this: *mut Self) -> bool {
        // SAFETY: the block is there, as we are not gone yet.
        let state = unsafe { &(*this).state };
        let before = state.load(Ordering::Acquire).addr();
        // A pointer: the promise was gone when it was put there.
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
    /// Puts the result where it is wanted. None: there is none. True where it is wanted nowhere.
    ///
    /// # Safety
    /// The body is gone from the block.
    #[inline]
    unsafe fn settle(this: *mut Self, result: Option<Result<R, Box<Panic>>>, sink: &dyn Sink) -> bool {
        // SAFETY: says the caller.
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
        // SAFETY: nobody looks at the result before the state says so; if it is not for the block after all, it is taken out
        // again.
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
    pub(crate) fn of<S, F>(behavior: NonNull<Behavior<S, Promised<F, R>>>) -> Promise<R>
    where
        S: Shape,
        F: FnOnce(S::Guards<'_>) -> R + Send + 'static,
    {
        struct Of<S, F, R>(PhantomData<(S, F, R)>);
        impl<S, F, R> Of<S, F, R>
        where
            S: Shape,
            R: Send + 'static,
            F: FnOnce(S::Guards<'_>) -> R + Send + 'static,
        {
            const TABLE: PromiseTable = PromiseTable {
                state: offset_of!(Behavior<S, Promised<F, R>>, payload.state),
                result: Self::result,
                free: Self::free,
            };
            unsafe fn result(block: NonNull<Header>) -> *mut () {
                // SAFETY: as above.
                unsafe {
                    (*block.cast::<Behavior<S, Promised<F, R>>>().as_ptr()).payload.content.get().cast()
                }
            }
            unsafe fn free(block: NonNull<Header>) {
                // SAFETY: as above.
                unsafe { Behavior::free(block.cast::<Behavior<S, Promised<F, R>>>()) }
            }
        }
        let table = const { &Of::<S, F, R>::TABLE };
        Promise {
            block: behavior.cast(),
            table,
            cown: ManuallyDrop::new(OnceLock::new()),
            result: PhantomData,
        }
    }

    fn state(&self) -> &State {
        // SAFETY: the block is there as long as the promise uses it.
        unsafe { self.block.byte_add(self.table.state).cast::<State>().as_ref() }
    }

    /// The cown of the outcome.
    pub fn cown(&self) -> &Cown<Outcome<R>> {
        self.cown.get_or_init(|| self.make_cown())
    }

    /// Called once; from then on the block is not used.
    fn make_cown(&self) -> Cown<Outcome<R>> {
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
        let result = self.take_result();
        self.leave_block();
        Cown::new(outcome(result))
    }

    /// Takes the result of a behavior that is over out of the block.
    fn take_result(&self) -> Option<Result<R, Box<Panic>>> {
        let ready = self.state().load(Ordering::Acquire).addr() & READY != 0;
        // SAFETY: `READY` says that it is there and ours; it is taken once.
        ready.then(|| unsafe { (self.table.result)(self.block).cast::<Result<R, Box<Panic>>>().read() })
    }

    /// The behavior was over before the promise was dropped.
    #[cold]
    fn drop_result(&self) {
        let result = self.take_result();
        self.leave_block();
        catch_panics(|| drop(result));
    }

    /// The promise does not use the block any more.
    fn leave_block(&self) {
        if add(self.state(), PROMISE_GONE) & RUNNER_GONE != 0 {
            // SAFETY: both are gone.
            unsafe { (self.table.free)(self.block) };
        }
    }
}

impl<R: Send + 'static> Drop for Promise<R> {
    #[inline(always)] // most promises are dropped where they are made
    fn drop(&mut self) {
        if self.cown.get().is_some() {
            // SAFETY: it is not used again.
            return unsafe { ManuallyDrop::drop(&mut self.cown) };
        }
        let (null, gone) = (ptr::null_mut::<()>(), ptr::without_provenance_mut(PROMISE_GONE));
        let state = self.state();
        if state.compare_exchange(null, gone, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return;
        }
        self.drop_result();
    }
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
