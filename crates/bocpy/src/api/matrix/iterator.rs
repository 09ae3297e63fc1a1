//! Iterators over the elements of matrices and views, and over the lines of matrices.

use super::data::{MatrixData, read};
use super::view::{View, base, line, make as make_view};
use super::view_class::VIEW;
use crate::ffi::class::{Class, Instance, Native};
use crate::ffi::error::{self, Kind};
use crate::ffi::iterator_slots::Iterates;
use crate::ffi::linked::Linked;
use crate::ffi::slots::Slots;
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number, text};
use crate::interpreter::{PerInterpreter, State};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Error, Orientation};
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};

static CLASS: PerInterpreter<Class<Walk>> = PerInterpreter::to_be_filled();

/// What is iterated over.
#[derive(Clone, Copy)]
pub(super) enum Over {
    Elements,
    /// Views of rows or columns; whether they are read-only.
    Lines(Orientation, bool),
}

/// The value of an iterator, which is linked to a matrix or a view.
pub(super) struct Walk {
    over: Over,
    next: AtomicUsize,
}

/// Makes the class for a new interpreter.
pub(super) fn set_up(py: Python<'_>, module: &Object<'_>, state: &State) -> PyResult<()> {
    CLASS.fill(state, Class::new(py, module)?);
    Ok(())
}

/// A new iterator over an object.
pub(super) fn make<'py>(py: Python<'py>, object: &Object<'py>, over: Over) -> PyResult<Object<'py>> {
    CLASS.here(py).linked_instance(py, Walk { over, next: AtomicUsize::new(0) }, object.clone())
}

impl Native for Walk {
    const NAME: &'static CStr = c"bocpy._core._MatrixIterator";
    const DOC: &'static CStr = c"An iterator over elements or lines of a matrix.";
    const SLOTS: &'static [Slots<Self>] = &[Slots::iterator()];
    type Extra = Linked;

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "such iterators are made by a Matrix: m.values()"))
    }

    fn repr<'py>(py: Python<'py>, _: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        text::string(py, "<iterator over a Matrix>")
    }
}

impl Iterates for Walk {
    fn next<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Option<Object<'py>>> {
        let walk = this.value();
        let Some(object) = this.linked() else { return Ok(None) };
        let at = walk.next.fetch_add(1, Ordering::Relaxed);
        let ended = |found: Option<Object<'py>>| {
            if found.is_none() {
                // It stays at its end, however often it is asked.
                walk.next.store(usize::MAX / 2, Ordering::Relaxed);
            }
            Ok(found)
        };
        if let Some(view) = Class::find_exact_instance(object, || VIEW.here(py)) {
            let window = view.value().window;
            let element = read(py, base(py, view)?, |matrix| {
                let view = window.of(matrix)?;
                Ok::<_, Error>(if at < window.len() { Some(view.get(at as isize)?) } else { None })
            })?;
            return ended(element.map(|element| number::float(py, element)).transpose()?);
        }
        let Some(handle) = MatrixData::of(object) else { return Ok(None) };
        match walk.over {
            Over::Elements => {
                let element = read::<_, Error>(py, handle, |matrix| Ok(matrix.as_slice().get(at).copied()))?;
                ended(element.map(|element| number::float(py, element)).transpose()?)
            }
            Over::Lines(orientation, read_only) => {
                let shape = read::<_, Error>(py, handle, |matrix| Ok(matrix.shape()))?;
                let lines = match orientation {
                    Orientation::Row => shape.rows(),
                    Orientation::Column => shape.columns(),
                };
                if at >= lines {
                    return ended(None);
                }
                let window = line(py, handle, orientation, at as isize)?;
                ended(Some(make_view(py, object, View { window, read_only })?))
            }
        }
    }
}
