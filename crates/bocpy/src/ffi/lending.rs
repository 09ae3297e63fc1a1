//! Calls with instances that have values of somebody else.

use super::PyResult;
use super::class::{Class, Extra, Instance, Layout, Native};
use super::collect;
use super::object::{Borrowed, Object, Python};
use pyo3_ffi as ffi;
use smallvec::SmallVec;
use std::{mem, ptr};

impl<T: Native + Clone> Class<T> {
    /// Calls `f` with new instances that have these values, and `rest`, which is taken, behind them.
    ///
    /// Nearly always nobody has kept an instance when `f` is done. So the values are lent to them, and only then copied
    /// where somebody has. `known`: an instance that is there already, and is to be used.
    pub(crate) fn with_instances<'a, 'py, R>(
        &self,
        py: Python<'py>,
        values: impl Iterator<Item = &'a T>,
        known: impl Fn(&T) -> Option<Object<'py>>,
        rest: &mut SmallVec<[Object<'py>; 2]>,
        f: impl FnOnce(&[Object<'py>]) -> PyResult<R>,
    ) -> PyResult<R> {
        let mut lent = Lent { class: self, objects: SmallVec::new(), lent: SmallVec::new() };
        for value in values {
            if let Some(known) = known(value) {
                lent.objects.push(known);
                continue;
            }
            // SAFETY: our own type, of this interpreter. The value is there twice until `lent` is dropped, before `'a` is
            // over, and neither changed nor dropped meanwhile: the instance lives as long as `lent` refers to it.
            unsafe {
                let layout = self.blank_instance()?;
                ptr::copy_nonoverlapping(value, &raw mut (*layout).value, 1);
                lent.objects.push(Object::owned(py, layout.cast())?);
                lent.lent.push(lent.objects.len() - 1);
            }
        }
        if !rest.is_empty() {
            lent.objects.extend(rest.drain(..));
        }
        f(&lent.objects)
    }
}

/// The arguments of a call, of which some have values that are somebody else's.
struct Lent<'a, 'py, T: Native + Clone> {
    class: &'a Class<T>,
    objects: SmallVec<[Object<'py>; 6]>,
    /// Their places.
    lent: SmallVec<[usize; 6]>,
}

impl<T: Native + Clone> Drop for Lent<'_, '_, T> {
    fn drop(&mut self) {
        // From the end, so that what is taken out leaves the places before it as they are.
        for place in self.lent.iter().rev() {
            let object = self.objects.swap_remove(*place).into_ptr();
            let layout = object.cast::<Layout<T>>();
            // SAFETY: an instance, and our reference to it. Where that is the only one, and cannot become two since nobody
            // else runs Python code here, the instance goes without its value. Else the instance gets a value of its own.
            unsafe {
                if !cfg!(Py_GIL_DISABLED) && ffi::Py_REFCNT(object) == 1 && (*layout).extra.is_empty() {
                    self.class.spares.put(layout);
                } else {
                    mem::forget((*layout).value.clone());
                    collect::track::<T>(object);
                    let py = Python::assume();
                    T::kept(py, Instance::assume(&Borrowed::new(py, object)));
                    ffi::Py_DECREF(object);
                }
            }
        }
    }
}
