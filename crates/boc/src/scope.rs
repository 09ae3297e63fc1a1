//! Scopes, as programs see them.

use crate::behavior::Body;
use crate::cowns::{Cowns, Shape};
use crate::outcome::Promise;
use crate::schedule::{on_runner_of, schedule_in, when_in};
use crate::scheduler::{self, ScopeHandle, Shared, deadline};
use std::time::Duration;

/// A count of some behaviors, for waiting for them alone. Behaviors that they schedule by [`when`](crate::when) and
/// [`schedule`](crate::schedule) are counted in it, too.
///
/// ```
/// let runtime = boc::Runtime::new(2)?;
/// let cown = boc::Cown::new(0);
/// let same = cown.clone();
/// let scope = runtime.scope();
/// scope.when((), move |()| {
///     boc::when(&same, |mut value| *value = 7);
/// });
/// scope.wait();
/// assert_eq!(*cown.try_hold().unwrap(), 7);
/// # Ok::<(), boc::StartError>(())
/// ```
#[derive(Clone)]
pub struct Scope(pub(crate) ScopeHandle);

impl Scope {
    /// A scope within this one. Waiting for this one waits for it, too.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(2)?;
    ///
    /// let outer = runtime.scope();
    /// let inner = outer.scope();
    /// inner.when((), |()| ());
    /// outer.wait(); // for what was scheduled in the inner one, too
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn scope(&self) -> Scope {
        Scope(ScopeHandle::within(self.0.scope()))
    }

    fn shared(&self) -> &Shared {
        // SAFETY: the runtime's memory exists while one of its scopes does.
        unsafe { &*self.0.scope().shared() }
    }

    /// As [`Runtime::when`](crate::Runtime::when), counted in this scope.
    ///
    /// # Panics
    /// As [`Runtime::when`](crate::Runtime::when).
    pub fn when<C: Cowns, R: Send + 'static>(
        &self,
        cowns: C,
        body: impl FnOnce(<C::Shape as Shape>::Guards<'_>) -> R + Send + 'static,
    ) -> Promise<R> {
        let shared = self.shared();
        on_runner_of(shared, |runner| when_in(runner, shared, self.0.scope(), cowns, body))
    }

    /// As [`Runtime::schedule`](crate::Runtime::schedule), counted in this scope.
    pub fn schedule<C: Cowns>(&self, cowns: C, body: impl Body<C::Shape>) {
        let shared = self.shared();
        on_runner_of(shared, |runner| schedule_in(runner, shared, self.0.scope(), cowns, body));
    }

    /// Waits until nothing that was scheduled in this scope is in flight.
    ///
    /// # Panics
    /// In a behavior of this runtime.
    pub fn wait(&self) {
        self.refuse_in_behavior();
        self.0.scope().wait(None);
    }

    /// The same, at most for `timeout`. False on timeout.
    ///
    /// # Panics
    /// As [`Scope::wait`].
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.refuse_in_behavior();
        self.0.scope().wait(deadline(timeout))
    }

    fn refuse_in_behavior(&self) {
        assert!(!scheduler::current_worker_of(self.shared()), "a behavior can't wait for a scope");
    }

    /// True if nothing that was scheduled in this scope is in flight.
    pub fn is_empty(&self) -> bool {
        self.0.scope().is_empty()
    }
}
