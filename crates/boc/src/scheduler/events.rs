//! Events of a runtime, for programs that want to watch it.

use crate::job::catch_panics;
use crate::queue::Mode;

/// Something that happened to a behavior or a worker. See [`Events`].
///
/// Behaviors and cowns have numbers. A behavior's number is unique while it is in flight, a cown's while it lives
/// ([`Cown::id`](crate::Cown::id)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A behavior has been scheduled, and gets in line at these cowns.
    Scheduled {
        /// Which one.
        behavior: usize,
        /// The cowns that it asks for. One that is named twice is here twice.
        cowns: &'a [(usize, Mode)],
    },
    /// It has been granted all its cowns.
    Ready {
        /// Which one.
        behavior: usize,
    },
    /// A worker took it from another worker's queue or inbox.
    Stolen {
        /// Which one.
        behavior: usize,
        /// Who took it.
        worker: usize,
        /// Whose it was.
        from: usize,
    },
    /// Its body begins.
    Began {
        /// Which one.
        behavior: usize,
        /// Where: the number of a worker; `None` on a thread that pumps a lane.
        worker: Option<usize>,
    },
    /// A cown is released.
    Released {
        /// By which behavior.
        behavior: usize,
        /// Which cown.
        cown: usize,
        /// Where.
        worker: Option<usize>,
    },
    /// Its body has ended and its cowns are released.
    Ended {
        /// Which one.
        behavior: usize,
        /// Where.
        worker: Option<usize>,
    },
    /// A worker has nothing to do and sleeps.
    Parked {
        /// Which one.
        worker: usize,
    },
    /// It is awake again.
    Unparked {
        /// Which one.
        worker: usize,
    },
}

/// A receiver of the events in a runtime, for tracing, visualization and tests. See
/// [`Builder::events`](crate::Builder::events).
///
/// It is called at once, on the thread of the event: so it should be fast, must not wait, and must not schedule. A panic
/// in it is caught.
///
/// ```
/// use boc::{Event, Events, Runtime};
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// use std::sync::Arc;
///
/// #[derive(Default)]
/// struct Count(AtomicUsize);
///
/// impl Events for Count {
///     fn event(&self, event: Event<'_>) {
///         if let Event::Began { .. } = event {
///             self.0.fetch_add(1, Relaxed);
///         }
///     }
/// }
///
/// let count = Arc::new(Count::default());
/// let runtime = Runtime::builder().workers(1).events(count.clone()).start()?;
/// runtime.when((), |()| ());
/// runtime.wait();
/// assert_eq!(count.0.load(Relaxed), 1);
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Events: Send + Sync + 'static {
    /// Something has happened.
    fn event(&self, event: Event<'_>);
}

impl<E: Events + ?Sized> Events for std::sync::Arc<E> {
    fn event(&self, event: Event<'_>) {
        (**self).event(event);
    }
}

/// The sink of a runtime, if it has one.
pub(crate) struct Watcher(Option<Box<dyn Events>>);

impl Watcher {
    pub(crate) fn new(events: Option<Box<dyn Events>>) -> Self {
        Watcher(events)
    }

    /// Whether there is a receiver.
    #[inline]
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    #[inline]
    pub(crate) fn tell(&self, event: Event<'_>) {
        if let Some(events) = &self.0 {
            Watcher::tell_to(&**events, event);
        }
    }

    #[cold]
    fn tell_to(events: &dyn Events, event: Event<'_>) {
        catch_panics(|| events.event(event));
    }
}
