//! Cowns taken outside behaviors.

use crate::behavior::{Header, Ready};
use crate::queue::Request;
use std::ptr::NonNull;

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
}

impl Hold {
    /// Takes the cown of `request` if nobody holds it or waits for it.
    pub(crate) fn try_new(request: Request) -> Option<Hold> {
        // One grant for the request, and one for us: nobody else makes it ready before we say so.
        let hold = Box::new(HoldBehavior { header: Header::of_hold(2), request });
        let hold = NonNull::from(Box::leak(hold));
        let header = hold.cast::<Header>();
        // SAFETY: the box is freed in `release`, or right here where it never got in line.
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
