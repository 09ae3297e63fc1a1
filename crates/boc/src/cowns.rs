//! Naming the cowns of a behavior in Rust's types: a cown, a read of one, tuples, arrays and vectors of those.

use crate::behavior::{self, Body, contain};
use crate::cown::Cown;
use crate::queue::Mode;
use crate::requests::Requests;
use crate::scheduler::Shared;
use crate::scope::Scope;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// What a behavior came to: the value of the cown that `when` gives.
///
/// ```
/// use boc::{Outcome, Runtime};
/// let runtime = Runtime::new(2)?;
/// let (six, never) = (runtime.when((), |()| 6), runtime.when((), |()| -> i32 { panic!("no") }));
/// runtime.when((&six, &never), |(six, never)| {
///     assert!(matches!(*six, Outcome::Done(6)));
///     assert!(matches!(*never, Outcome::Panicked(_)));
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
    Panicked(Box<dyn Any + Send>),
}

impl<R> Outcome<R> {
    /// Takes the outcome, and leaves `Pending`. Goes on with the panic if there was one.
    ///
    /// # Panics
    /// With the behavior's panic, or if it has not run.
    pub fn take(&mut self) -> R {
        match std::mem::replace(self, Outcome::Pending) {
            Outcome::Done(result) => result,
            Outcome::Panicked(panic) => resume_unwind(panic),
            Outcome::Pending => panic!("the behavior has not run yet, or its outcome has been taken"),
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Pending => f.write_str("Pending"),
            Outcome::Done(result) => f.debug_tuple("Done").field(result).finish(),
            Outcome::Panicked(_) => f.write_str("Panicked(..)"),
        }
    }
}

/// A claim to read a cown, together with others. See [`read`].
pub struct Read<T, G = ()>(Cown<T, G>);

/// Asks for `cown` only to read it: behaviors that read one cown run side by side.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
/// let (rates, total) = (boc::Cown::new(vec![1, 2, 3]), boc::Cown::new(0));
/// runtime.when((boc::read(&rates), &total), |(rates, mut total)| *total += rates.iter().sum::<i32>());
/// runtime.wait();
/// # Ok::<(), boc::StartError>(())
/// ```
pub fn read<T, G>(cown: &Cown<T, G>) -> Read<T, G> {
    Read(cown.clone())
}

/// Cowns that a behavior asks for.
pub trait Cowns {
    /// The same, owned by the behavior.
    type Held: Held;
    /// Makes the behavior their owner.
    fn hold(self) -> Self::Held;
}

/// Cowns that a behavior owns handles of. Implemented in this library only.
///
/// # Safety
/// `guards` reaches only values of cowns that `requests` has asked for, and as it has asked for them.
pub unsafe trait Held: Send + 'static {
    /// What the body gets: a guard for each cown, in the same shape.
    type Guards<'a>;
    /// A request for each cown, all of which these handles keep alive.
    fn requests(&self, out: &mut Requests);
    /// The guards.
    ///
    /// # Safety
    /// All requests are granted and none is released while the guards are there; guards are made once.
    unsafe fn guards(&self) -> Self::Guards<'_>;
    /// Drops the handles one by one: with each may go the value, whose destructor may panic, which ends there.
    fn let_go(self);
}

/// Schedules a typed body.
pub(crate) fn when<C: Cowns, R: Send + 'static>(
    shared: &Arc<Shared>,
    scope: Option<&Arc<Scope>>,
    cowns: C,
    body: impl FnOnce(<C::Held as Held>::Guards<'_>) -> R + Send + 'static,
) -> Cown<Outcome<R>> {
    let outcome = Cown::new(Outcome::Pending);
    behavior::schedule_distinct(shared, scope, (cowns.hold(), outcome.clone()), Typed(body));
    outcome
}

/// A body that gets guards.
struct Typed<F>(F);

impl<H, R, F> Body<(H, Cown<Outcome<R>>)> for Typed<F>
where
    H: Held,
    R: Send + 'static,
    F: FnOnce(H::Guards<'_>) -> R + Send + 'static,
{
    fn run(self, (held, outcome): &(H, Cown<Outcome<R>>)) {
        // SAFETY: the body runs while all requests are granted, and once; no cown is named twice.
        let guards = unsafe { held.guards() };
        let came_to = match catch_unwind(AssertUnwindSafe(|| (self.0)(guards))) {
            Ok(result) => Outcome::Done(result),
            Err(panic) => Outcome::Panicked(panic),
        };
        // SAFETY: the behavior holds the outcome's cown too, and nobody else has a guard of it.
        unsafe { *outcome.as_ptr() = came_to };
    }
}

/// A cown that the running behavior may change.
pub struct WriteGuard<'a, T>(*mut T, PhantomData<&'a mut T>);

/// A cown that the running behavior may look at.
pub struct ReadGuard<'a, T>(&'a T);

// SAFETY: as `&mut T`, which it stands for.
unsafe impl<T: Send> Send for WriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for WriteGuard<'_, T> {}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the behavior holds the cown alone while guards are there, and there is one guard of it.
        unsafe { &*self.0 }
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.0 }
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

// SAFETY: one write request, one guard that writes.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Held for Cown<T, G> {
    type Guards<'a> = WriteGuard<'a, T>;
    fn requests(&self, out: &mut Requests) {
        out.push(self.request(Mode::Write));
    }
    unsafe fn guards(&self) -> WriteGuard<'_, T> {
        WriteGuard(self.as_ptr(), PhantomData)
    }
    fn let_go(self) {
        contain(|| drop(self));
    }
}

// SAFETY: one read request, one guard that reads; the value may be shared.
unsafe impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Held for Read<T, G> {
    type Guards<'a> = ReadGuard<'a, T>;
    fn requests(&self, out: &mut Requests) {
        out.push(self.0.request(Mode::Read));
    }
    unsafe fn guards(&self) -> ReadGuard<'_, T> {
        // SAFETY: held together with other readers, says the caller.
        ReadGuard(unsafe { &*self.0.as_ptr() })
    }
    fn let_go(self) {
        contain(|| drop(self));
    }
}

// SAFETY: each element's own.
unsafe impl<H: Held> Held for Vec<H> {
    type Guards<'a> = Vec<H::Guards<'a>>;
    fn requests(&self, out: &mut Requests) {
        self.iter().for_each(|held| held.requests(out));
    }
    unsafe fn guards(&self) -> Self::Guards<'_> {
        // SAFETY: says the caller.
        self.iter().map(|held| unsafe { held.guards() }).collect()
    }
    fn let_go(self) {
        self.into_iter().for_each(Held::let_go);
    }
}

// SAFETY: each element's own.
unsafe impl<H: Held, const N: usize> Held for [H; N] {
    type Guards<'a> = [H::Guards<'a>; N];
    fn requests(&self, out: &mut Requests) {
        self.iter().for_each(|held| held.requests(out));
    }
    unsafe fn guards(&self) -> Self::Guards<'_> {
        // SAFETY: says the caller.
        self.each_ref().map(|held| unsafe { held.guards() })
    }
    fn let_go(self) {
        self.into_iter().for_each(Held::let_go);
    }
}

impl<T: Send + 'static, G: Send + Sync + 'static> Cowns for Cown<T, G> {
    type Held = Cown<T, G>;
    fn hold(self) -> Self::Held {
        self
    }
}

impl<T: Send + 'static, G: Send + Sync + 'static> Cowns for &Cown<T, G> {
    type Held = Cown<T, G>;
    fn hold(self) -> Self::Held {
        self.clone()
    }
}

impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Cowns for Read<T, G> {
    type Held = Read<T, G>;
    fn hold(self) -> Self::Held {
        self
    }
}

impl<C: Cowns> Cowns for Vec<C> {
    type Held = Vec<C::Held>;
    fn hold(self) -> Self::Held {
        self.into_iter().map(Cowns::hold).collect()
    }
}

impl<'a, C> Cowns for &'a [C]
where
    &'a C: Cowns,
{
    type Held = Vec<<&'a C as Cowns>::Held>;
    fn hold(self) -> Self::Held {
        self.iter().map(Cowns::hold).collect()
    }
}

impl<C: Cowns, const N: usize> Cowns for [C; N] {
    type Held = [C::Held; N];
    fn hold(self) -> Self::Held {
        self.map(Cowns::hold)
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Cowns),*> Cowns for ($($name,)*) {
            type Held = ($($name::Held,)*);
            #[allow(non_snake_case)]
            fn hold(self) -> Self::Held {
                let ($($name,)*) = self;
                ($($name.hold(),)*)
            }
        }
        // SAFETY: each element's own.
        unsafe impl<$($name: Held),*> Held for ($($name,)*) {
            type Guards<'a> = ($($name::Guards<'a>,)*);
            #[allow(non_snake_case)]
            fn requests(&self, out: &mut Requests) {
                let ($($name,)*) = self;
                $($name.requests(out);)*
            }
            #[allow(non_snake_case)]
            unsafe fn guards(&self) -> Self::Guards<'_> {
                let ($($name,)*) = self;
                // SAFETY: says the caller.
                unsafe { ($($name.guards(),)*) }
            }
            #[allow(non_snake_case)]
            fn let_go(self) {
                let ($($name,)*) = self;
                $($name.let_go();)*
            }
        }
    };
}

impl Cowns for () {
    type Held = ();
    fn hold(self) {}
}

// SAFETY: asks for nothing and reaches nothing.
unsafe impl Held for () {
    type Guards<'a> = ();
    fn requests(&self, _out: &mut Requests) {}
    unsafe fn guards(&self) {}
    fn let_go(self) {}
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F H);
tuples!(A B C D E F H I);
