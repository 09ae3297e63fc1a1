//! Locks that a thread holds over a fork.

use std::thread;
use std::time::Duration;

/// Between two tries.
const PAUSE: Duration = Duration::from_micros(50);

/// Takes such a lock, by trying until it is free. No thread may sleep in one while another forks: the child would hand the
/// lock to the sleeper, which is not there.
pub(crate) fn lock<G>(attempt: impl Fn() -> Option<G>) -> G {
    loop {
        if let Some(guard) = attempt() {
            return guard;
        }
        thread::sleep(PAUSE);
    }
}
