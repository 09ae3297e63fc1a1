//! Naming the cowns of a behavior at run time.

use crate::cown::Cown;
use crate::cowns::{Cowns, Held};
use crate::queue::Mode;
use crate::requests::{INLINE, Requests};
use smallvec::SmallVec;

/// Cowns that a behavior asks for, each to be written or only read, for those who keep their values elsewhere and so need
/// no guards. Two claims to one cown count as one.
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
pub struct Claims<T, G = ()>(SmallVec<[(Cown<T, G>, Mode); INLINE]>);

impl<T, G> Claims<T, G> {
    /// No claims.
    pub fn new() -> Self {
        Claims(SmallVec::new())
    }

    /// One claim more, behind the others.
    pub fn push(&mut self, cown: Cown<T, G>, mode: Mode) {
        self.0.push((cown, mode));
    }

    /// All of them, in the order in which they were made.
    ///
    /// ```
    /// use boc::{Claims, Cown, Mode};
    /// let (first, second) = (Cown::new(1), Cown::new(2));
    /// let mut claims = Claims::new();
    /// claims.push(second.clone(), Mode::Read);
    /// claims.push(first.clone(), Mode::Write);
    /// assert!(claims.all() == [(second, Mode::Read), (first, Mode::Write)]);
    /// ```
    pub fn all(&self) -> &[(Cown<T, G>, Mode)] {
        &self.0
    }
}

impl<T, G> Default for Claims<T, G> {
    fn default() -> Self {
        Claims::new()
    }
}

impl<T, G> Clone for Claims<T, G> {
    fn clone(&self) -> Self {
        Claims(self.0.clone())
    }
}

impl<T, G> FromIterator<(Cown<T, G>, Mode)> for Claims<T, G> {
    fn from_iter<I: IntoIterator<Item = (Cown<T, G>, Mode)>>(claims: I) -> Self {
        Claims(claims.into_iter().collect())
    }
}

impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Cowns for Claims<T, G> {
    type Held = Claims<T, G>;
    fn hold(self) -> Self::Held {
        self
    }
}

// SAFETY: reaches nothing.
unsafe impl<T: Send + Sync + 'static, G: Send + Sync + 'static> Held for Claims<T, G> {
    type Guards<'a> = ();
    fn requests(&self, out: &mut Requests) {
        self.0.iter().for_each(|(cown, mode)| out.push(cown.request(*mode)));
    }
    unsafe fn guards(&self) {}
    fn let_go(self) {
        self.0.into_iter().for_each(|(cown, _)| cown.let_go());
    }
}
