//! The arguments of calls.

use super::error::{self, Kind};
use super::object::{Borrowed, Object, Python};
use super::{Dict, PyResult, Tuple, text};
use pyo3_ffi as ffi;
use std::slice;

/// The arguments of a call: the positional ones, then those with names.
pub(crate) struct Args<'a, 'py> {
    py: Python<'py>,
    values: &'a [Object<'py>],
    positional: usize,
    names: Option<Borrowed<'a, 'py, Tuple<'py>>>,
}

impl<'a, 'py> Args<'a, 'py> {
    pub(crate) fn positional(&self) -> &'a [Object<'py>] {
        &self.values[..self.positional]
    }

    /// The positional argument at that place, where it is an int that fits.
    pub(crate) fn int(&self, place: usize) -> Option<i64> {
        self.positional().get(place)?.as_int()?.to_i64()
    }

    /// Whether there are no arguments with names.
    #[inline]
    pub(crate) fn are_positional(&self) -> bool {
        self.names.is_none() || self.values.len() == self.positional
    }

    /// The arguments with names.
    pub(crate) fn named(&self) -> PyResult<Dict<'py>> {
        let named = Dict::new(self.py)?;
        if let Some(names) = &self.names {
            for (place, value) in self.values[self.positional..].iter().enumerate() {
                named.set(&*names.item(place)?, value)?;
            }
        }
        Ok(named)
    }

    /// Raises if there are arguments with names.
    pub(crate) fn no_keywords(&self, function: &str) -> PyResult<()> {
        if !self.are_positional() {
            return Err(error::raise(
                self.py,
                Kind::Type,
                &format!("{function}() takes no keyword arguments"),
            ));
        }
        Ok(())
    }

    /// The arguments with names, sorted by these names, for a function that takes any number without.
    pub(crate) fn keywords<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
    ) -> PyResult<[Option<&'a Object<'py>>; N]> {
        let mut bound = [None; N];
        self.bind_keywords(function, names, &mut bound)?;
        Ok(bound)
    }

    /// Sorts the arguments by parameter: the first `positional` of `names` may be given by position.
    pub(crate) fn bind<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        positional: usize,
    ) -> PyResult<[Option<&'a Object<'py>>; N]> {
        let mut bound = [None; N];
        if self.positional > positional {
            let message = format!(
                "{function}() takes at most {positional} positional arguments ({} given)",
                self.positional
            );
            return Err(error::raise(self.py, Kind::Type, &message));
        }
        for (place, value) in self.positional().iter().enumerate() {
            bound[place] = Some(value);
        }
        self.bind_keywords(function, names, &mut bound)?;
        Ok(bound)
    }

    fn bind_keywords<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        bound: &mut [Option<&'a Object<'py>>; N],
    ) -> PyResult<()> {
        for (place, value) in self.values[self.positional..].iter().enumerate() {
            let key = self.names.as_ref().expect("more values than positions means names").item(place)?;
            let key = key.to_str().unwrap_or("?");
            match names.iter().position(|name| *name == key) {
                Some(at) if bound[at].is_none() => bound[at] = Some(value),
                Some(_) => {
                    let message = format!("{function}() got multiple values for argument '{key}'");
                    return Err(error::raise(self.py, Kind::Type, &message));
                }
                None => {
                    let message = format!("{function}() got an unexpected keyword argument '{key}'");
                    return Err(error::raise(self.py, Kind::Type, &message));
                }
            }
        }
        Ok(())
    }
}

/// The arguments of a call.
///
/// # Safety
/// `args` are `positional` arguments and as many more as there are names, owned by the caller for `'a`; so are the names,
/// a tuple or null.
pub(super) unsafe fn arguments<'a, 'py>(
    py: Python<'py>,
    args: *const *mut ffi::PyObject,
    positional: usize,
    names: *mut ffi::PyObject,
) -> Args<'a, 'py> {
    // SAFETY: guaranteed by the caller. An `Object` is a non-null pointer.
    unsafe {
        let named = if names.is_null() { 0 } else { ffi::PyTuple_Size(names) as usize };
        let values = match positional + named {
            0 => &[],
            all => slice::from_raw_parts(args.cast::<Object<'_>>(), all),
        };
        let names = (!names.is_null()).then(|| Borrowed::new(py, names).assume());
        Args { py, values, positional, names }
    }
}

/// Raises that the keyword arguments `kwargs` are more than `allowed`, or gives the one.
pub(crate) fn only_keyword<'py>(
    py: Python<'py>,
    kwargs: Option<&Dict<'py>>,
    allowed: &str,
) -> PyResult<Option<Object<'py>>> {
    let Some(kwargs) = kwargs else { return Ok(None) };
    let value = kwargs.get(&text::intern(py, allowed)?)?;
    if kwargs.len() > usize::from(value.is_some()) {
        return Err(error::raise(py, Kind::Type, &format!("the only keyword argument is '{allowed}'")));
    }
    Ok(value)
}
