//! Locks that a thread holds over a fork.

use super::attach::rest;
use std::time::Duration;

/// Between two tries.
const PAUSE: Duration = Duration::from_micros(50);

/// Takes such a lock, by trying until it is free. No thread may sleep in such a lock while another forks: the child would
/// pass the lock to the sleeping thread, which does not exist there. And the thread that forks needs the GIL before it
/// gives the lock back, so that one who waits leaves its interpreter meanwhile.
pub(crate) fn lock<G>(attempt: impl Fn() -> Option<G>) -> G {
    loop {
        if let Some(guard) = attempt() {
            return guard;
        }
        rest(PAUSE);
    }
}
