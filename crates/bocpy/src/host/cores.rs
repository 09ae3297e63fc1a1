//! How many workers there are by default.

use std::thread;

/// The default number of workers: `BOCPY_WORKERS`, or else one for each core as in [`for_cores`]. Fails with what is wrong
/// with the variable.
pub(crate) fn default_workers() -> Result<usize, String> {
    let Some(text) = std::env::var_os("BOCPY_WORKERS").filter(|text| !text.is_empty()) else {
        return Ok(for_cores());
    };
    let asked = text.to_str().and_then(|text| text.trim().parse().ok());
    asked.filter(|count| (1..=MOST_WORKERS).contains(count)).ok_or_else(|| {
        format!(
            "the environment variable BOCPY_WORKERS must be a number from 1 to {MOST_WORKERS}, not {text:?}"
        )
    })
}

/// One worker for each core that this process may use, less one for the main thread from three on. With two, that would
/// leave nothing to run in parallel; the main thread waits most of the time.
pub(crate) fn for_cores() -> usize {
    match cores() {
        cores @ (1 | 2) => cores,
        cores => cores - 1,
    }
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
