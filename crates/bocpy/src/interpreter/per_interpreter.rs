//! One value for each interpreter.
//!
//! A layer that keeps something for each interpreter declares a static of this type. So the value belongs to that layer,
//! and [`State`] need not know it.

use super::State;
use crate::ffi::Python;
use parking_lot::Mutex;
use std::any::Any;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// A `T` for each interpreter, made when it is first asked for.
pub(crate) struct PerInterpreter<T> {
    /// Its place among the parts of a state, counted from one. Zero: nobody has used it yet.
    place: AtomicUsize,
    make: fn() -> T,
    value: PhantomData<fn() -> T>,
}

/// How many statics of this type there may be.
const MOST: usize = 256;

/// The values of one interpreter.
pub(super) struct Parts {
    places: [AtomicPtr<()>; MOST],
    /// The same, to be dropped.
    owned: Mutex<Vec<Box<dyn Any + Send + Sync>>>,
}

impl Parts {
    pub(super) fn new() -> Parts {
        Parts { places: [const { AtomicPtr::new(ptr::null_mut()) }; MOST], owned: Mutex::default() }
    }
}

impl<T: Send + Sync + 'static> PerInterpreter<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        PerInterpreter { place: AtomicUsize::new(0), make, value: PhantomData }
    }

    /// For values that have to be filled in when bocpy is imported.
    pub(crate) const fn to_be_filled() -> Self {
        PerInterpreter::new(|| unreachable!("it is filled in before the state can be found"))
    }

    /// The value of the interpreter that this thread is attached to.
    #[inline]
    pub(crate) fn here<'py>(&'static self, py: Python<'py>) -> &'py T {
        self.of(State::get(py))
    }

    /// The value of the state's interpreter.
    #[inline]
    pub(crate) fn of<'a>(&'static self, state: &'a State) -> &'a T {
        let value = self.within(state).load(Ordering::Acquire);
        if value.is_null() {
            return self.fill(state, (self.make)());
        }
        // SAFETY: this place is used only for this static's values, and such a value lives as long as the state.
        unsafe { &*value.cast::<T>() }
    }

    /// Puts it there, unless it is there already.
    #[cold]
    pub(crate) fn fill<'a>(&'static self, state: &'a State, value: T) -> &'a T {
        let mut owned = state.parts.owned.lock();
        let place = self.within(state);
        if place.load(Ordering::Acquire).is_null() {
            let value = Box::new(value);
            place.store(ptr::from_ref::<T>(&value).cast_mut().cast(), Ordering::Release);
            owned.push(value);
        }
        drop(owned);
        // SAFETY: as in `of`.
        unsafe { &*place.load(Ordering::Acquire).cast::<T>() }
    }

    #[inline]
    fn within<'a>(&'static self, state: &'a State) -> &'a AtomicPtr<()> {
        let place = match self.place.load(Ordering::Relaxed) {
            0 => self.find_place(),
            place => place,
        };
        &state.parts.places[place - 1]
    }

    #[cold]
    fn find_place(&self) -> usize {
        static LAST: Mutex<usize> = Mutex::new(0);
        let mut last = LAST.lock();
        if self.place.load(Ordering::Relaxed) == 0 {
            *last += 1;
            assert!(*last <= MOST, "there is room for {MOST} parts of an interpreter's state: enlarge it");
            self.place.store(*last, Ordering::Relaxed);
        }
        self.place.load(Ordering::Relaxed)
    }
}
