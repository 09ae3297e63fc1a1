//! Cowns taken outside behaviors.

use crate::cown::Cown;
use crate::cown_core::Core;
use crate::job::{Header, How, Job, Sink, Table, View, catch_panics};
use crate::pool;
use crate::queue::{Mode, Request, Standing};
use crate::scheduler::{Dispatch, dispatch};
use crate::waiting::{Waiting, walk};
use std::any::TypeId;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A cown taken outside behaviors: a job with one request and no body, which ends as soon as it is run.
pub(crate) struct Hold(NonNull<Block>);

// SAFETY: a hold is a place in a queue, which any thread may release.
unsafe impl Send for Hold {}
// SAFETY: nothing can be done with a shared hold.
unsafe impl Sync for Hold {}

#[repr(C)] // the header first, so that a pointer to it is one to the block
struct Block {
    header: Header,
    request: Request,
}

impl Block {
    const TABLE: Table = Table { run: Block::run, placement: None, promise: None, view: Block::VIEW };
    const VIEW: View = View {
        shape: TypeId::of::<Block>,
        label: |_| 0,
        first_request: |header| Block::request(header.cast()).cast(),
    };

    fn new(cown: NonNull<Core>) -> NonNull<Block> {
        let header = Header::new(1, &Block::TABLE, std::ptr::null());
        let request = Request::new(cown, Mode::Write, Standing::Borrowed, offset_of!(Block, request));
        let block = pool::allocate(size_of::<Block>(), align_of::<Block>()).cast::<Block>();
        // SAFETY: new memory of that layout.
        unsafe { block.write(Block { header, request }) };
        block
    }

    fn request(block: NonNull<Block>) -> NonNull<Request> {
        // SAFETY: it lies within the block.
        unsafe { block.byte_add(offset_of!(Block, request)).cast() }
    }

    /// # Safety
    /// Nobody uses the block any more.
    unsafe fn free(block: NonNull<Block>) {
        // SAFETY: guaranteed by the caller.
        unsafe { pool::free(block.cast(), size_of::<Block>(), align_of::<Block>()) };
    }

    /// Releases the cown.
    ///
    /// # Safety
    /// `header` is that of a block whose cown is granted, and is not used again.
    unsafe fn run(header: NonNull<Header>, _: How, sink: &dyn Sink) {
        let block = header.cast::<Block>();
        let request = Block::request(block);
        // SAFETY: guaranteed by the caller. A successor sets our `next` before the release ends, not later.
        unsafe {
            let cown = request.as_ref().cown();
            let references = Request::release(request, |job| sink.ready(job, false));
            Block::free(block);
            if references > 0 {
                // This may be in the middle of another release, which must go on.
                catch_panics(|| Core::drop_references(cown, references));
            }
        }
    }
}

impl Hold {
    /// Takes the cown if nobody holds it or waits for it. It is alive during the call.
    fn try_new(cown: NonNull<Core>) -> Option<Hold> {
        let block = Block::new(cown);
        let header = block.cast::<Header>();
        // SAFETY: the block is freed when it is released, or right here if it never got in line.
        unsafe {
            // One grant for the request, and one for us: nobody else can make it ready before our own grant.
            header.as_ref().wait_for(2);
            match Request::try_link(Block::request(block)) {
                Some(true) => Some(Hold(block)),
                Some(false) => {
                    // Readers still read. We are in line and can't leave it, so we release as soon as we are granted.
                    if let Some(job) = Header::grant(header, 1) {
                        dispatch(job);
                    }
                    None
                }
                None => {
                    Block::free(block);
                    None
                }
            }
        }
    }

    /// Takes a cown that nobody else knows.
    pub(crate) fn of_new<T, G>(cown: &Cown<T, G>) -> Hold {
        Hold::try_new(cown.core()).expect("nobody else knows of it")
    }

    /// Whether anybody has got in line behind it.
    fn is_awaited(&self) -> bool {
        // SAFETY: the block lives as long as the hold.
        unsafe { Block::request(self.0).as_ref() }.is_followed()
    }

    /// Releases the cown. Jobs that become ready go to `sink`.
    pub(crate) fn release(self, sink: &dyn Sink) {
        let hold = ManuallyDrop::new(self);
        // SAFETY: granted, and released once.
        unsafe { Job::new(hold.0.cast()) }.end(How::Run, sink);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // SAFETY: granted, and released once.
        unsafe { Job::new(self.0.cast()) }.end(How::Run, &Dispatch);
    }
}

impl<T: Send + 'static, G: Send + Sync + 'static> Cown<T, G> {
    /// Takes the cown for the caller if nobody holds it or waits for it. Behaviors that ask for it later wait until the
    /// guard is dropped.
    ///
    /// ```
    /// let cown = boc::Cown::new(1);
    /// let mut held = cown.try_hold().expect("nobody else is there");
    /// *held += 1;
    /// assert!(cown.try_hold().is_none());
    /// drop(held);
    /// assert_eq!(*cown.try_hold().unwrap(), 2);
    /// ```
    pub fn try_hold(&self) -> Option<CownGuard<T, G>> {
        let hold = Hold::try_new(self.core())?;
        Some(CownGuard { cown: self.clone(), _hold: hold, value: PhantomData })
    }
}

/// The value of a cown that is held outside behaviors. See [`Cown::try_hold`].
///
/// Threads may share a guard only if they may share the value:
///
/// ```compile_fail
/// fn shared(_: impl Sync) {}
/// shared(boc::Cown::new(std::cell::Cell::new(1)).try_hold().unwrap());
/// ```
pub struct CownGuard<T, G = ()> {
    // Dropped first: this may drop the last reference to the cown, and its value with it.
    _hold: Hold,
    cown: Cown<T, G>,
    /// Sharing the guard shares the value, sending the guard sends it; sharing the cown does neither.
    value: PhantomData<T>,
}

impl<T, G> CownGuard<T, G> {
    /// Whether a behavior waits for the cown.
    ///
    /// ```
    /// let runtime = boc::Runtime::new(1)?;
    /// let cown = boc::Cown::new(1);
    /// let guard = cown.try_hold().expect("nobody else is there");
    /// assert!(!guard.is_awaited());
    /// runtime.when(&cown, |mut cown| *cown += 1);
    /// assert!(guard.is_awaited());
    /// drop(guard);
    /// runtime.wait();
    /// # Ok::<(), boc::StartError>(())
    /// ```
    pub fn is_awaited(&self) -> bool {
        self._hold.is_awaited()
    }

    /// Calls `f` with what waits until the cown is released, as long as `f` returns true. See [`Waiting`].
    pub fn each_waiting(&self, f: impl FnMut(Waiting<'_>) -> bool) {
        // SAFETY: the block lives as long as the hold, which is not released while it is borrowed.
        walk(unsafe { std::slice::from_ref(Block::request(self._hold.0).as_ref()) }, f);
    }
}

impl<T, G> Deref for CownGuard<T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: we hold the cown for writing as long as the guard lives.
        unsafe { &*self.cown.value() }
    }
}

impl<T, G> DerefMut for CownGuard<T, G> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.cown.value() }
    }
}
