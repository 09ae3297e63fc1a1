//! The types that name the cowns of a behavior: a cown, a read of one, tuples, arrays and vectors of these.

use crate::cown::Cown;
use crate::cown_core::Core;
use crate::queue::{Mode, Request, Standing};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

/// A claim to read a cown. See [`read`].
pub struct Read<T, G = ()>(Cown<T, G>);

/// Asks for `cown` only to read it: behaviors that read one cown run in parallel.
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

/// Cowns that a behavior asks for. Implemented only in this crate.
///
/// # Safety
/// `count` is the number of requests that `requests` makes. The shape accesses only the cowns that were requested, and
/// only in the requested mode.
pub unsafe trait Cowns {
    /// The form in which a body gets them.
    type Shape: Shape;
    #[doc(hidden)]
    fn count(&self) -> usize;
    #[doc(hidden)]
    fn requests(self, requests: &mut Requests) -> Self::Shape;
}

/// The form in which a body gets the cowns of its behavior. Implemented only in this crate.
///
/// # Safety
/// See [`Cowns`].
pub unsafe trait Shape: Send + 'static {
    /// The number of cowns, if it is known at compile time.
    #[doc(hidden)]
    const COUNT: Option<usize>;
    /// What a body gets: a guard for each cown, in the same shape.
    type Guards<'a>;
    /// What a [`Body`](crate::Body) gets: nothing, except with [`Claims`](crate::Claims).
    type Claimed<'a>;
    /// The guards.
    ///
    /// # Safety
    /// All requests are granted, none is released while the guards are there, no two are for one cown, and guards are made
    /// once.
    #[doc(hidden)]
    unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> Self::Guards<'a>;
    /// The argument of a body without guards.
    ///
    /// # Safety
    /// The requests are those that were made for this.
    #[doc(hidden)]
    unsafe fn claimed<'a>(&self, requests: Granted<'a>) -> Self::Claimed<'a>;
}

/// The sum of two counts, if both are known.
const fn sum(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        _ => None,
    }
}

/// Where the requests of a behavior are written to.
pub struct Requests {
    behavior: NonNull<u8>,
    next: NonNull<Request>,
    room: usize,
}

/// The requests of a running behavior.
pub struct Granted<'a>(slice::Iter<'a, Request>);

impl Requests {
    /// # Safety
    /// The block of the behavior has room for that number of requests at `first`.
    pub(crate) unsafe fn new(behavior: NonNull<u8>, first: NonNull<Request>, room: usize) -> Self {
        Requests { behavior, next: first, room }
    }

    /// A request for a cown that the caller keeps alive while the behavior is scheduled.
    pub(crate) fn borrowed<T, G>(&mut self, cown: &Cown<T, G>, mode: Mode) {
        self.push(cown.core(), mode, Standing::Borrowed);
    }

    /// A request that takes over a handle.
    pub(crate) fn owned<T, G>(&mut self, cown: Cown<T, G>, mode: Mode) {
        self.push(cown.into_core(), mode, Standing::Owned);
    }

    /// A request to write a new cown. Returns the cown.
    pub(crate) fn new_cown<T, G>(&mut self, value: T, tag: G) -> Cown<T, G> {
        let (cown, of_line) = Cown::pair_with_tag(value, tag);
        let request = self.push(of_line.into_core(), Mode::Write, Standing::First);
        // SAFETY: nobody else knows the cown.
        unsafe { Request::begin_line(request) };
        cown
    }

    #[inline]
    fn push(&mut self, cown: NonNull<Core>, mode: Mode, standing: Standing) -> NonNull<Request> {
        self.room = self.room.checked_sub(1).expect("no more requests than were counted");
        let back = self.next.addr().get() - self.behavior.addr().get();
        // SAFETY: there is room for it.
        unsafe {
            let request = self.next;
            request.write(Request::new(cown, mode, standing, back));
            self.next = request.add(1);
            request
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room == 0
    }
}

impl<'a> Granted<'a> {
    pub(crate) fn new(requests: &'a [Request]) -> Self {
        Granted(requests.iter())
    }

    pub(crate) fn all(&self) -> &'a [Request] {
        self.0.as_slice()
    }

    /// The next cown.
    ///
    /// # Safety
    /// It is a `Cown<T, G>`.
    #[inline]
    unsafe fn next<T, G>(&mut self) -> &'a Cown<T, G> {
        let request = self.0.next().expect("a request for each cown");
        // SAFETY: guaranteed by the caller. It is alive, as the request is granted.
        unsafe { Cown::of_core(request.cown_ref()) }
    }
}

/// The value of a cown that the running behavior may change.
pub struct WriteGuard<'a, T>(*mut T, PhantomData<&'a mut T>);

/// The value of a cown that the running behavior may read.
pub struct ReadGuard<'a, T>(&'a T);

// SAFETY: as for `&mut T`, which it represents.
unsafe impl<T: Send> Send for WriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for WriteGuard<'_, T> {}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the behavior holds the cown alone while it has guards, and there is one guard for it.
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

/// One cown that is written.
pub struct Written<T, G>(PhantomData<fn() -> Cown<T, G>>);

/// One cown that is read.
pub struct Looked<T, G>(PhantomData<fn() -> Cown<T, G>>);

// SAFETY: one write request, one guard that writes.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Shape for Written<T, G> {
    const COUNT: Option<usize> = Some(1);
    type Guards<'a> = WriteGuard<'a, T>;
    type Claimed<'a> = ();
    #[inline]
    unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> WriteGuard<'a, T> {
        // SAFETY: the request is for such a cown.
        WriteGuard(unsafe { requests.next::<T, G>() }.value(), PhantomData)
    }
    unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
}

// SAFETY: one read request, one guard that reads; the value may be shared.
unsafe impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Shape for Looked<T, G> {
    const COUNT: Option<usize> = Some(1);
    type Guards<'a> = ReadGuard<'a, T>;
    type Claimed<'a> = ();
    #[inline]
    unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> ReadGuard<'a, T> {
        // SAFETY: the request is for such a cown, which is held together with other readers, as the caller guarantees.
        ReadGuard(unsafe { &*requests.next::<T, G>().value() })
    }
    unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
}

// SAFETY: each element's own.
unsafe impl<S: Shape> Shape for Vec<S> {
    const COUNT: Option<usize> = None;
    type Guards<'a> = Vec<S::Guards<'a>>;
    type Claimed<'a> = ();
    unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> Self::Guards<'a> {
        // SAFETY: guaranteed by the caller.
        self.iter().map(|shape| unsafe { shape.guards(requests) }).collect()
    }
    unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
}

// SAFETY: each element's own.
unsafe impl<S: Shape, const N: usize> Shape for [S; N] {
    const COUNT: Option<usize> = match S::COUNT {
        Some(count) => Some(count * N),
        None => None,
    };
    type Guards<'a> = [S::Guards<'a>; N];
    type Claimed<'a> = ();
    unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> Self::Guards<'a> {
        // SAFETY: guaranteed by the caller.
        self.each_ref().map(|shape| unsafe { shape.guards(requests) })
    }
    unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
}

// SAFETY: one request, to write.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Cowns for Cown<T, G> {
    type Shape = Written<T, G>;
    fn count(&self) -> usize {
        1
    }
    #[inline]
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        requests.owned(self, Mode::Write);
        Written(PhantomData)
    }
}

// SAFETY: one request, to write.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Cowns for &Cown<T, G> {
    type Shape = Written<T, G>;
    fn count(&self) -> usize {
        1
    }
    #[inline]
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        requests.borrowed(self, Mode::Write);
        Written(PhantomData)
    }
}

// SAFETY: one request, to read.
unsafe impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Cowns for Read<T, G> {
    type Shape = Looked<T, G>;
    fn count(&self) -> usize {
        1
    }
    #[inline]
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        requests.owned(self.0, Mode::Read);
        Looked(PhantomData)
    }
}

// SAFETY: each element's own.
unsafe impl<C: Cowns> Cowns for Vec<C> {
    type Shape = Vec<C::Shape>;
    fn count(&self) -> usize {
        self.iter().map(Cowns::count).sum()
    }
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        self.into_iter().map(|cowns| cowns.requests(requests)).collect()
    }
}

// SAFETY: each element's own.
unsafe impl<'a, C> Cowns for &'a [C]
where
    &'a C: Cowns,
{
    type Shape = Vec<<&'a C as Cowns>::Shape>;
    fn count(&self) -> usize {
        self.iter().map(|cowns| cowns.count()).sum()
    }
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        self.iter().map(|cowns| cowns.requests(requests)).collect()
    }
}

// SAFETY: each element's own.
unsafe impl<C: Cowns, const N: usize> Cowns for [C; N] {
    type Shape = [C::Shape; N];
    fn count(&self) -> usize {
        self.iter().map(Cowns::count).sum()
    }
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        self.map(|cowns| cowns.requests(requests))
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        // SAFETY: each element's own.
        unsafe impl<$($name: Cowns),*> Cowns for ($($name,)*) {
            type Shape = ($($name::Shape,)*);
            #[allow(non_snake_case)]
            #[inline]
            fn count(&self) -> usize {
                let ($($name,)*) = self;
                0 $(+ $name.count())*
            }
            #[allow(non_snake_case)]
            #[inline]
            fn requests(self, requests: &mut Requests) -> Self::Shape {
                let ($($name,)*) = self;
                ($($name.requests(requests),)*)
            }
        }
        // SAFETY: each element's own.
        unsafe impl<$($name: Shape),*> Shape for ($($name,)*) {
            const COUNT: Option<usize> = {
                let mut count = Some(0);
                $(count = sum(count, $name::COUNT);)*
                count
            };
            type Guards<'a> = ($($name::Guards<'a>,)*);
            type Claimed<'a> = ();
            #[allow(non_snake_case)]
            #[inline]
            unsafe fn guards<'a>(&self, requests: &mut Granted<'a>) -> Self::Guards<'a> {
                let ($($name,)*) = self;
                // SAFETY: guaranteed by the caller.
                unsafe { ($($name.guards(requests),)*) }
            }
            unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
        }
    };
}

// SAFETY: asks for nothing and reaches nothing.
unsafe impl Cowns for () {
    type Shape = ();
    fn count(&self) -> usize {
        0
    }
    fn requests(self, _: &mut Requests) {}
}

// SAFETY: asks for nothing and reaches nothing.
unsafe impl Shape for () {
    const COUNT: Option<usize> = Some(0);
    type Guards<'a> = ();
    type Claimed<'a> = ();
    unsafe fn guards<'a>(&self, _: &mut Granted<'a>) {}
    unsafe fn claimed<'a>(&self, _: Granted<'a>) {}
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F H);
tuples!(A B C D E F H I);
