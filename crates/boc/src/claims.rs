//! Naming the cowns of a behavior at run time.

use crate::cown::Cown;
use crate::cowns::{Cowns, Granted, Requests, Shape};
use crate::queue::{Mode, Request};
use crate::waiting::{Waiting, walk};
use smallvec::SmallVec;
use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Most behaviors ask for a cown or two and write a result.
const INLINE: usize = 3;

/// Cowns that a behavior asks for, each to write or only to read. For programs that keep their values elsewhere and so
/// need no guards. Two claims to one cown count as one.
///
/// ```
/// use boc::{Claims, Cown, Mode, Runtime};
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// let runtime = Runtime::new(2)?;
///
/// let cown = Cown::with_tag((), AtomicUsize::new(0));
/// let same = cown.clone();
/// let claims = Claims::from_iter([(cown.clone(), Mode::Write), (cown.clone(), Mode::Read)]);
/// runtime.schedule(claims, move || _ = same.tag().fetch_add(1, Relaxed));
/// runtime.wait();
/// assert_eq!(cown.tag().load(Relaxed), 1);
/// # Ok::<(), boc::StartError>(())
/// ```
///
/// Claims own handles of their cowns, or borrow them: a behavior then takes a reference only where it has to.
pub struct Claims<'a, T, G = ()>(SmallVec<[Claim<'a, T, G>; INLINE]>);

type Claim<'a, T, G> = (Cow<'a, Cown<T, G>>, Mode);

/// The cowns that a [`Body`](crate::Body) over [`Claims`] has asked for, in the order of the claims.
pub struct Claimed<'a, T, G = ()>(&'a [Request], PhantomData<&'a Cown<T, G>>);

// SAFETY: of the requests, it shows handles that may be shared, and modes, which never change; the rest is atomics.
unsafe impl<T: Send, G: Send + Sync> Sync for Claimed<'_, T, G> {}
// SAFETY: as above.
unsafe impl<T: Send, G: Send + Sync> Send for Claimed<'_, T, G> {}

/// The shape of a body over claims.
pub struct ClaimsShape<T, G>(PhantomData<fn() -> Cown<T, G>>);

impl<'a, T, G> Claims<'a, T, G> {
    /// No claims.
    pub fn new() -> Self {
        Claims(SmallVec::new())
    }

    /// Adds a claim at the end.
    #[inline]
    pub fn push(&mut self, cown: Cown<T, G>, mode: Mode) {
        self.0.push((Cow::Owned(cown), mode));
    }

    /// The same, with a handle that outlives the claims.
    ///
    /// ```
    /// use boc::{Claims, Cown, Mode};
    /// let cown = Cown::new(1);
    /// let mut claims = Claims::new();
    /// claims.push_borrowed(&cown, Mode::Write);
    /// assert_eq!(cown.handles(), 1);
    /// ```
    #[inline]
    pub fn push_borrowed(&mut self, cown: &'a Cown<T, G>, mode: Mode) {
        self.0.push((Cow::Borrowed(cown), mode));
    }

    /// The same claims, which borrow nothing.
    pub fn into_owned(self) -> Claims<'static, T, G> {
        Claims(self.0.into_iter().map(|(cown, mode)| (Cow::Owned(cown.into_owned()), mode)).collect())
    }

    /// All of them, in the order in which they were made.
    ///
    /// ```
    /// use boc::{Claims, Cown, Mode};
    /// let (first, second) = (Cown::new(1), Cown::new(2));
    /// let mut claims = Claims::new();
    /// claims.push(second.clone(), Mode::Read);
    /// claims.push(first.clone(), Mode::Write);
    /// assert!(claims.iter().eq([(&second, Mode::Read), (&first, Mode::Write)]));
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Cown<T, G>, Mode)> {
        self.0.iter().map(|(cown, mode)| (&**cown, *mode))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a, T, G> Claimed<'a, T, G> {
    /// How many claims there are.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// True if nothing is claimed.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The claim of that number.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline]
    pub fn get(self, place: usize) -> (&'a Cown<T, G>, Mode) {
        Self::claim(&self.0[place])
    }

    /// Each claim, in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'a Cown<T, G>, Mode)> + DoubleEndedIterator + Clone {
        self.0.iter().map(Self::claim)
    }

    /// Calls `f` with what waits until the body has run, as long as `f` returns true. See [`Waiting`].
    pub fn each_waiting(self, f: impl FnMut(Waiting<'_>) -> bool) {
        // They are not released as long as the claims are there.
        walk(self.0, f);
    }

    /// What a behavior that waits has claimed, if its cowns were named by claims of this type.
    pub fn of_waiting(waiting: Waiting<'a>) -> Option<Self>
    where
        T: Send + 'static,
        G: Send + Sync + 'static,
    {
        let is_such = waiting.shape() == TypeId::of::<ClaimsShape<T, G>>();
        is_such.then(|| Claimed(waiting.requests(), PhantomData))
    }

    fn claim(request: &'a Request) -> (&'a Cown<T, G>, Mode) {
        // SAFETY: the requests were made for such cowns, and keep them alive.
        (unsafe { Cown::of_core(request.cown_ref()) }, request.mode())
    }
}

impl<T, G> Clone for Claimed<'_, T, G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, G> Copy for Claimed<'_, T, G> {}

impl<T, G> fmt::Debug for Claimed<'_, T, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T, G> Default for Claims<'_, T, G> {
    fn default() -> Self {
        Claims::new()
    }
}

impl<T, G> Clone for Claims<'_, T, G> {
    fn clone(&self) -> Self {
        Claims(self.0.clone())
    }
}

impl<T, G> FromIterator<(Cown<T, G>, Mode)> for Claims<'_, T, G> {
    fn from_iter<I: IntoIterator<Item = (Cown<T, G>, Mode)>>(claims: I) -> Self {
        Claims(claims.into_iter().map(|(cown, mode)| (Cow::Owned(cown), mode)).collect())
    }
}

// SAFETY: a request for each claim.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Cowns for Claims<'_, T, G> {
    type Shape = ClaimsShape<T, G>;
    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }
    #[inline]
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        for (cown, mode) in self.0 {
            match cown {
                Cow::Owned(cown) => requests.owned(cown, mode),
                Cow::Borrowed(cown) => requests.borrowed(cown, mode),
            }
        }
        ClaimsShape(PhantomData)
    }
}

/// Claims, followed by one to write a new cown. The cown is stored in the last field.
pub(crate) struct WithNew<'a, 'b, T, G>(
    pub(crate) Claims<'a, T, G>,
    pub(crate) G,
    pub(crate) &'b mut Option<Cown<T, G>>,
);

// SAFETY: a request for each claim, and one for the new cown.
unsafe impl<T: Default + Send + 'static, G: Send + Sync + 'static> Cowns for WithNew<'_, '_, T, G> {
    type Shape = ClaimsShape<T, G>;
    #[inline]
    fn count(&self) -> usize {
        self.0.count() + 1
    }
    #[inline]
    fn requests(self, requests: &mut Requests) -> Self::Shape {
        let WithNew(claims, tag, place) = self;
        let shape = claims.requests(requests);
        *place = Some(requests.new_cown(T::default(), tag));
        shape
    }
}

// SAFETY: reaches no value.
unsafe impl<T: Send + 'static, G: Send + Sync + 'static> Shape for ClaimsShape<T, G> {
    const COUNT: Option<usize> = None;
    type Guards<'a> = ();
    type Claimed<'a> = Claimed<'a, T, G>;
    unsafe fn guards<'a>(&self, _: &mut Granted<'a>) {}
    #[inline]
    unsafe fn claimed<'a>(&self, requests: Granted<'a>) -> Claimed<'a, T, G> {
        Claimed(requests.all(), PhantomData)
    }
}
