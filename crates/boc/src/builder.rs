//! Building runtimes.

use crate::host::{self, Bare, Cause, Host};
use crate::runtime::Runtime;
use crate::scheduler::{Events, Settings, Shared};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::thread;

/// Settings for a runtime. See [`Runtime::builder`].
///
/// ```
/// let runtime = boc::Runtime::builder().workers(3).name("bee").stack_size(1 << 20).start()?;
/// assert_eq!(runtime.worker_count(), 3);
/// # Ok::<(), boc::StartError>(())
/// ```
pub struct Builder {
    settings: Settings,
    stack_size: usize,
    name: String,
    host: Arc<dyn Host>,
}

/// A worker could not start.
#[derive(Debug)]
pub struct StartError(Cause);

impl Builder {
    /// As many workers as there are cores, a stack of 2 MiB each, no host, no lanes.
    pub(crate) fn new() -> Self {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        Builder {
            settings: Settings { workers, lingers: true, ..Settings::default() },
            stack_size: 2 << 20,
            name: "boc".into(),
            host: Arc::new(Bare),
        }
    }

    /// The number of workers. At least one.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// The size of each worker's stack, in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// The name of the threads; the number of each is appended.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The environment of each worker.
    pub fn host(mut self, host: impl Host) -> Self {
        self.host = Arc::new(host);
        self
    }

    /// Whether a worker that runs out of work searches for about a microsecond before it leaves its environment. By
    /// default it does. It should not if others wait for the environment.
    pub fn linger(mut self, lingers: bool) -> Self {
        self.settings.lingers = lingers;
        self
    }

    /// The number of lanes, for behaviors that only a thread of the program may run. See [`Runtime::pump`].
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.settings.lanes = lanes;
        self
    }

    /// A function that is called, on any thread, whenever a behavior has become ready in the lane of that number, to wake
    /// the thread that pumps it. It should be fast, and must not schedule or pump.
    pub fn on_lane_ready(mut self, notify: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.notify = Some(Box::new(notify));
        self
    }

    /// A receiver of events. See [`Events`].
    pub fn events(mut self, events: impl Events) -> Self {
        self.settings.events = Some(Box::new(events));
        self
    }

    /// For tests: behaviors run one at a time, and the next behavior and its worker are drawn at random from this seed.
    /// So an order in which a program fails can be run again. They run only while a thread waits for the runtime or for a
    /// scope (or drops the runtime); a thread that waits for a behavior in another way waits forever.
    ///
    /// ```
    /// use boc::Runtime;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let order = |seed| {
    ///     let order = Arc::new(Mutex::new(Vec::new()));
    ///     let runtime = Runtime::builder().workers(2).seed(seed).start().unwrap();
    ///     for name in 0..20 {
    ///         let order = order.clone();
    ///         runtime.when((), move |()| order.lock().unwrap().push(name));
    ///     }
    ///     drop(runtime);
    ///     Arc::into_inner(order).unwrap().into_inner().unwrap()
    /// };
    /// assert_eq!(order(7), order(7));
    /// assert_ne!(order(7), order(8));
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Starts the workers, and waits until all of them have started.
    ///
    /// # Errors
    /// If a thread can't be created or a host reports failure. Workers that had started are ended again.
    pub fn start(self) -> Result<Runtime, StartError> {
        let workers = self.settings.workers;
        if workers == 0 {
            return Err(StartError("a runtime needs at least one worker".into()));
        }
        if self.name.contains('\0') {
            return Err(StartError("the name of a thread can't contain a NUL character".into()));
        }
        let (shared, runners) = Shared::new(self.settings);
        let runtime = Runtime::of(shared);
        let (threads, reports) = host::threads(runners, self.host);
        for (index, work) in threads.into_iter().enumerate() {
            let thread = thread::Builder::new()
                .name(format!("{}-{index}", self.name))
                .stack_size(self.stack_size)
                .spawn(work)
                .map_err(|error| StartError(error.into()))?;
            runtime.add_thread(thread);
        }
        host::wait_started(workers, &reports).map_err(StartError)?;
        Ok(runtime)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the runtime could not start: {}", self.0)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
