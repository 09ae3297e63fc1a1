//! The environment of a worker thread.

use crate::scheduler::{Runner, Shared};
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// The environment of a worker thread: sets it up on that thread, and tears it down again.
///
/// ```
/// struct Talking;
///
/// impl boc::Host for Talking {
///     fn host(&self, mut worker: boc::Worker) {
///         let index = worker.index();
///         loop {
///             println!("worker {index} has set up its environment");
///             worker.work(|sleep| sleep());
///             println!("worker {index} takes it down");
///             if !worker.wait_resumed() {
///                 break;
///             }
///         }
///     }
/// }
///
/// let runtime = boc::Runtime::builder().workers(2).host(Talking).start()?;
/// # Ok::<(), boc::StartError>(())
/// ```
pub trait Host: Send + Sync + 'static {
    /// Called once on each worker's thread. Sets up the environment and calls [`Worker::work`] or [`Worker::fail`]. The
    /// start fails if this returns or panics without having called one of them.
    fn host(&self, worker: Worker);
}

/// A worker, as its [`Host`] gets it.
pub struct Worker {
    runner: Runner,
    index: usize,
    reports: Sender<(usize, Report)>,
    started: bool,
}

/// The result of a worker's start.
pub(crate) enum Report {
    Started,
    Failed(Cause),
    Ended,
}

/// No environment.
pub(crate) struct Bare;

impl Host for Bare {
    fn host(&self, mut worker: Worker) {
        loop {
            worker.work(|sleep| sleep());
            if !worker.wait_resumed() {
                return;
            }
        }
    }
}

/// Reports that a worker's thread ends, in any case.
struct Farewell(Sender<(usize, Report)>, usize);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.0.send((self.1, Report::Ended));
    }
}

/// The function of each worker's thread, and the channel for the workers' reports.
pub(crate) fn threads(
    runners: Vec<Runner>,
    host: Arc<dyn Host>,
) -> (Vec<impl FnOnce() + Send + 'static>, Receiver<(usize, Report)>) {
    let (reports, received) = channel();
    let threads = runners.into_iter().enumerate().map(|(index, runner)| {
        let worker = Worker { runner, index, reports: reports.clone(), started: false };
        let host = host.clone();
        let farewell = Farewell(reports.clone(), index);
        move || {
            let _farewell = farewell;
            host.host(worker);
        }
    });
    (threads.collect(), received)
}

/// Waits until `count` workers have started.
pub(crate) fn wait_started(count: usize, reports: &Receiver<(usize, Report)>) -> Result<(), Cause> {
    let mut started = vec![false; count];
    while !started.iter().all(|&started| started) {
        match reports.recv() {
            Ok((worker, Report::Started)) => started[worker] = true,
            Ok((_, Report::Failed(cause))) => return Err(cause),
            Ok((worker, Report::Ended)) if started[worker] => {}
            Ok((_, Report::Ended)) | Err(_) => return Err("a worker ended before it had started".into()),
        }
    }
    Ok(())
}

impl Worker {
    /// Which worker this is, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    fn shared(&self) -> &Shared {
        self.runner.shared()
    }

    /// Works until the runtime ends or is suspended. Whenever there is nothing to do, `pause` is called with a function
    /// that searches for work and sleeps. `pause` must call that function; before and after it, `pause` can leave and
    /// enter an environment that others wait for.
    pub fn work(&mut self, mut pause: impl FnMut(&mut dyn FnMut())) {
        if !std::mem::replace(&mut self.started, true) {
            // If another worker has failed, nobody may be listening any more.
            let _ = self.reports.send((self.index, Report::Started));
        }
        self.runner.work(&mut pause);
    }

    /// Call this after [`Worker::work`] has returned. True if the runtime was suspended and goes on; false if it ends. A
    /// host calls the two in a loop.
    pub fn wait_resumed(&mut self) -> bool {
        self.shared().phase.wait_resumed()
    }

    /// Reports that this worker can't be started.
    ///
    /// ```
    /// struct Broken;
    ///
    /// impl boc::Host for Broken {
    ///     fn host(&self, worker: boc::Worker) {
    ///         worker.fail("no room");
    ///     }
    /// }
    ///
    /// let error = boc::Runtime::builder().host(Broken).start().err().unwrap();
    /// assert_eq!(error.to_string(), "the runtime could not start: no room");
    /// ```
    pub fn fail(self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        let _ = self.reports.send((self.index, Report::Failed(cause.into())));
    }
}
