//! Cowns taken outside behaviors.

use crate::behavior::{Header, Ready};
use crate::queue::{Mode, Queue, Request};
use std::ptr::NonNull;
use std::sync::Arc;

/// What a hold needs to know of its cown.
pub(crate) trait AnyCown: Send + Sync {
    fn queue(&self) -> &Queue;
}

/// A cown taken outside behaviors: a behavior of one request and no body, whose "run" is its release.
pub(crate) struct Hold(NonNull<Header>);

// SAFETY: a hold is a place in a queue, which any thread may give up.
unsafe impl Send for Hold {}
// SAFETY: a shared hold can do nothing.
unsafe impl Sync for Hold {}

#[repr(C)] // the header first, so that a pointer to it is one to the behavior
struct HoldBehavior {
    header: Header,
    request: Request,
    /// Kept alive for the request.
    _cown: Arc<dyn AnyCown>,
}

impl Hold {
    /// Takes the cown if nobody holds it or waits for it.
    pub(crate) fn try_new(cown: Arc<dyn AnyCown>) -> Option<Hold> {
        let request = Request::new(cown.queue(), Mode::Write);
        // One grant for the request, and one for us: nobody else makes it ready before we say so.
        let hold = Box::new(HoldBehavior { header: Header::of_hold(2), request, _cown: cown });
        let hold = NonNull::from(Box::leak(hold));
        let header = hold.cast::<Header>();
        // SAFETY: the box, and the cown with it, goes in `release`, or right here where it never got in line.
        unsafe {
            hold.as_ref().request.belong(header.cast());
            match hold.as_ref().request.try_link() {
                Some(true) => Some(Hold(header)),
                Some(false) => {
                    // Readers are still inside. We are in line and can't step out, so we release as soon as granted.
                    if Header::grant(header, 1) {
                        release(header);
                    }
                    None
                }
                None => {
                    drop(Box::from_raw(hold.as_ptr()));
                    None
                }
            }
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // SAFETY: granted, and released once.
        unsafe { release(self.0) }
    }
}

/// # Safety
/// `header` is the head of a boxed `HoldBehavior` that is granted its cown, and is not used again.
pub(crate) unsafe fn release(header: NonNull<Header>) {
    // SAFETY: says the caller.
    unsafe {
        let hold = Box::from_raw(header.cast::<HoldBehavior>().as_ptr());
        hold.request.release(|ready| Ready(ready.cast()).dispatch());
    }
}
