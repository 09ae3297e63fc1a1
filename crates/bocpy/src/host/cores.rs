//! How many workers there are by default.

use std::thread;

/// The default number of workers: `BOCPY_WORKERS`, or else the cores that this process may use, less one for the main
/// thread from three on. With two, that would leave nothing to run in parallel; the main thread waits most of the time.
pub(crate) fn default_workers() -> usize {
    let asked = std::env::var("BOCPY_WORKERS").ok().and_then(|count| count.trim().parse().ok());
    asked.filter(|&count| (1..=MOST_WORKERS).contains(&count)).unwrap_or_else(|| match cores() {
        cores @ (1 | 2) => cores,
        cores => cores - 1,
    })
}

/// More than the cores of any machine; protects it from a typing error.
pub(crate) const MOST_WORKERS: usize = 4096;

/// The cores that this process may use: those of its affinity, or fewer if its control group gives it less time.
///
/// Two threads of one physical core count as two. A core that interprets Python waits for memory and for mispredicted
/// branches much of the time; its other thread can run meanwhile. And in virtual machines, information about physical
/// cores is often wrong, while a quota is time on any core.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
