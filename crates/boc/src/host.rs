//! What a worker thread has around it while it works.

use crate::scheduler::{Runner, Shared};
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// What a worker thread has around it while it works: a place to set up an environment on that very thread, and to take
/// it down again.
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
    /// Called once on each worker's thread. Gets the environment ready and calls [`Worker::work`], or [`Worker::fail`]. A
    /// start fails where this returns, or panics, without having done either.
    fn host(&self, worker: Worker);
}

/// A worker, in the hands of its [`Host`].
pub struct Worker {
    runner: Runner,
    index: usize,
    reports: Sender<(usize, Report)>,
    started: bool,
}

/// How a worker's start goes.
pub(crate) enum Report {
    Started,
    Failed(Cause),
    Ended,
}

/// Nothing at all around a worker.
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

/// Says that a worker's thread is at its end, whatever became of the worker.
struct Farewell(Sender<(usize, Report)>, usize);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.0.send((self.1, Report::Ended));
    }
}

/// What each worker's thread is to do, and where the workers report.
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

    /// Works until the runtime ends, or is suspended. Whenever there is nothing to do, `pause` is called with a function
    /// that searches for work and sleeps, and that it must call: an environment that others wait for can be left around it.
    pub fn work(&mut self, mut pause: impl FnMut(&mut dyn FnMut())) {
        if !std::mem::replace(&mut self.started, true) {
            // Nobody may listen any more, if another worker has failed.
            let _ = self.reports.send((self.index, Report::Started));
        }
        self.runner.work(&mut pause);
    }

    /// After [`Worker::work`] has returned: true where the runtime had been suspended and is to go on; false where it ends.
    /// A host loops over the two.
    pub fn wait_resumed(&mut self) -> bool {
        self.shared().phase.wait_resumed()
    }

    /// Reports that this worker can't be.
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
