//! Which threads may use Python, and letting go of it for a while.

use pyo3_ffi as ffi;
use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    /// Whether a function of this crate was called by Python, in this thread, and has not let go of Python meanwhile.
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// A proof that this thread may use Python: it is attached to an interpreter, for as long as `'py`.
///
/// [`Answer`](crate::Answer) asks for one. It cannot be sent to other threads, nor into [`without_gil`].
#[derive(Clone, Copy, Debug)]
pub struct Attached<'py> {
    _here: PhantomData<(&'py (), *mut ())>,
}

impl Attached<'_> {
    /// # Safety
    ///
    /// The thread is attached to an interpreter, for as long as the lifetime that the caller chooses.
    pub unsafe fn assume() -> Self {
        Attached { _here: PhantomData }
    }
}

/// Whether this thread may use Python, as far as this crate knows.
pub(crate) fn called_by_python() -> bool {
    CALLED.get()
}

/// For as long as it lives, the thread counts as one that may use Python, or as one that may not.
pub(crate) struct Noted {
    before: bool,
}

impl Noted {
    /// # Safety
    ///
    /// If `attached`, the thread is attached to an interpreter, until this is dropped.
    pub(crate) unsafe fn new(attached: bool) -> Self {
        Noted { before: CALLED.replace(attached) }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        CALLED.set(self.before);
    }
}

/// Calls a function while other Python threads run: it lets go of the GIL, or, where there is none, tells Python not to wait
/// for this thread. For work that takes longer than some ten microseconds, or waits for something.
///
/// The function cannot use Python. It can use the data of an object, whose method calls this: other threads that want to use
/// the data wait meanwhile, and it cannot move. (With `&T` this needs `T: Sync`; `&mut T` is enough.)
///
/// In a thread that was not called by Python, such as one that Rust has started, the function is just called.
///
/// ```no_run
/// struct Samples(Vec<f64>);
///
/// impl Samples {
///     fn sort(&mut self) {
///         bocpy_abi::without_gil(|| self.0.sort_by(f64::total_cmp));
///     }
/// }
/// # let mut samples = Samples(vec![2.0, 1.0]);
/// # samples.sort();
/// # assert_eq!(samples.0, [1.0, 2.0]);
/// ```
pub fn without_gil<R: Send>(function: impl FnOnce() -> R + Send) -> R {
    let_go(function)
}

/// As [`without_gil`], for what this crate itself does.
pub(crate) fn let_go<R>(function: impl FnOnce() -> R) -> R {
    struct Back(*mut ffi::PyThreadState);
    impl Drop for Back {
        fn drop(&mut self) {
            // SAFETY: it is the state of this thread, which is not attached.
            unsafe { ffi::PyEval_RestoreThread(self.0) };
        }
    }
    if !called_by_python() {
        return function();
    }
    // SAFETY: attached, as a function of this crate was called by Python. In this order: what is made first is dropped last.
    let (_back, _noted) = unsafe { (Back(ffi::PyEval_SaveThread()), Noted::new(false)) };
    function()
}
