//! Where a behavior runs in the interpreter that has scheduled it: the globals that its function names, as they were then.
//!
//! It runs with globals of its own: those of its module may be bound to other objects at any time, also while it runs. But a
//! function that assigns to globals, or finds them by their text, has those of its module if it reads nothing else there
//! than functions, classes and modules.
#![forbid(unsafe_code)]

use super::plan::Plan;
use crate::ffi::error::{self, Kind};
use crate::ffi::function::PyFunction;
use crate::ffi::{Dict, Object, PyResult, Python};
use crate::interpreter::{Imported, Resident, State};
use std::sync::{Arc, OnceLock};

static NAMED_GLOBALS: Imported = Imported::new("bocpy._code", c"named_globals");

/// The globals that a function names: three tuples of strings.
pub(crate) struct Named {
    /// All, and those that every module has.
    all: Resident,
    /// Those that it reads only.
    read: Resident,
    /// Those that it assigns to. They are its module's, whenever it runs.
    stored: Resident,
    /// Whether it assigns to some, or may find others by their text.
    needs_module: bool,
}

impl Named {
    fn of<'py>(py: Python<'py>, state: &State, function: &Object<'py>) -> PyResult<Named> {
        let found = NAMED_GLOBALS.call_in(py, state, &[function])?;
        let found = found.try_tuple()?;
        let part = |place| Ok(Resident::at(state.home.clone(), found.item(place)?.clone()));
        let needs_module = found.item(3)?.is_true()?;
        Ok(Named { all: part(0)?, read: part(1)?, stored: part(2)?, needs_module })
    }
}

/// What the names stood for.
pub(crate) struct Then {
    named: Arc<Named>,
    values: Resident,
    /// The addresses of these; 0 where nothing had that name.
    addresses: Box<[usize]>,
    /// Whether the function runs with the globals of its module while the names stand for the same.
    in_module: bool,
    /// Whether all behaviors may run with one copy of the function.
    is_shared: bool,
    copy: OnceLock<Resident>,
}

impl Then {
    /// The globals that a function reads, as they are now. `None`: it reads none.
    pub(crate) fn take<'py>(
        py: Python<'py>,
        state: &State,
        plan: &Plan,
        function: &PyFunction<'py>,
    ) -> PyResult<Option<Arc<Then>>> {
        let globals = function.globals();
        let last = plan.then.lock().clone();
        if let Some(last) = last
            && last.is_now(py, &globals)?
        {
            return Ok(Some(last));
        }
        let named = match plan.named.get() {
            Some(named) => named.clone(),
            None => {
                let named = Arc::new(Named::of(py, state, function)?);
                plan.named.get_or_init(|| named).clone()
            }
        };
        let names = here(py, &named.read)?;
        let names = names.try_tuple()?;
        if names.len() == 0 {
            return Ok(None);
        }
        let values = Dict::new(py)?;
        let mut addresses = Vec::with_capacity(names.len());
        let mut in_module = named.needs_module;
        for place in 0..names.len() {
            let name = names.item(place)?;
            let value = globals.get(&name)?;
            addresses.push(value.as_ref().map_or(0, Object::address));
            if let Some(value) = value {
                in_module &= value.is_function() || value.is_class() || value.is_module();
                values.set(&name, &value)?;
            }
        }
        let values = Resident::at(state.home.clone(), values.into());
        let is_shared = plan.is_closed && !named.needs_module && !addresses.contains(&0);
        let addresses = addresses.into();
        let copy = OnceLock::new();
        let then = Arc::new(Then { named, values, addresses, in_module, is_shared, copy });
        let before = plan.then.lock().replace(then.clone());
        drop(before);
        Ok(Some(then))
    }

    /// Whether the names stand for the same objects now, those that were not there for nothing.
    fn is_now<'py>(&self, py: Python<'py>, globals: &Dict<'py>) -> PyResult<bool> {
        self.compare(py, globals, |then, now| then == now)
    }

    /// Whether the function may run as it is. A name that was not there may have been defined since.
    pub(crate) fn is_in_module<'py>(&self, py: Python<'py>, globals: &Dict<'py>) -> PyResult<bool> {
        Ok(self.in_module && self.compare(py, globals, |then, now| then == now || then == 0)?)
    }

    fn compare<'py>(
        &self,
        py: Python<'py>,
        globals: &Dict<'py>,
        is_alike: impl Fn(usize, usize) -> bool,
    ) -> PyResult<bool> {
        let Some(names) = self.named.read.peek(py) else { return Ok(false) };
        let names = names.try_tuple()?;
        for (place, then) in self.addresses.iter().enumerate() {
            let name = names.item(place)?;
            let now = globals.get(&name)?;
            if !is_alike(*then, now.as_ref().map_or(0, Object::address)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The function with globals of its own: what it reads is as it was then.
    pub(crate) fn function<'py>(
        &self,
        py: Python<'py>,
        function: &PyFunction<'py>,
    ) -> PyResult<PyFunction<'py>> {
        if let Some(copy) = self.copy.get()
            && let Some(copy) = copy.open(py)
            && let Some(copy) = copy.as_function()
        {
            return Ok(copy.clone());
        }
        let globals = function.globals();
        let (all, values) = (here(py, &self.named.all)?, here(py, &self.values)?);
        let own = if self.named.needs_module { globals.copy()? } else { Dict::new(py)? };
        for name in all.items()? {
            let value = match values.try_dict()?.get(&name)? {
                Some(value) => Some(value),
                None => globals.get(&name)?,
            };
            if let Some(value) = value {
                own.set(&name, &value)?;
            }
        }
        let copy = PyFunction::new(&function.code(), &own)?;
        if let Some(defaults) = function.defaults() {
            copy.set_defaults(&defaults)?;
        }
        if let Some(defaults) = function.kw_defaults() {
            copy.set_kw_defaults(&defaults)?;
        }
        if let Some(cells) = function.closure() {
            copy.set_closure(&cells)?;
        }
        if self.is_shared {
            // To copy it each time takes longer, and CPython without a GIL keeps each copy forever.
            let _ = self.copy.set(Resident::at(self.values.home().clone(), (*copy).clone()));
        }
        Ok(copy)
    }

    /// What that function has assigned goes to the globals of the module.
    pub(crate) fn put_back<'py>(
        &self,
        py: Python<'py>,
        copy: &PyFunction<'py>,
        function: &PyFunction<'py>,
    ) -> PyResult<()> {
        let stored = here(py, &self.named.stored)?;
        for name in stored.items()? {
            match copy.globals().get(&name)? {
                Some(value) => function.globals().set(&name, &value)?,
                None => {
                    if function.globals().get(&name)?.is_some() {
                        function.globals().remove(&name)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn here<'py>(py: Python<'py>, resident: &Resident) -> PyResult<Object<'py>> {
    resident
        .open(py)
        .ok_or_else(|| error::raise(py, Kind::Runtime, "globals of another interpreter: a bug in bocpy"))
}
