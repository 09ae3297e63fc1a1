//! Pinned cowns, and what runs their behaviors: `pump` and its settings.

use super::cown::{check_blank, the_value};
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance, Just, Native, Referable};
use crate::ffi::collect::Visitor;
use crate::ffi::derived::Derived;
use crate::ffi::error::{self, Kind};
use crate::ffi::main_property::Main;
use crate::ffi::method::Function;
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, number};
use crate::host::pump::{self, Bounds};
use crate::interpreter::{Imported, Resident, State};
use crate::transport::cown::CownObject;
use crate::transport::lane::{self, Watchdog};
use crate::transport::pinned::{self, PINNED_COWN, PinnedObject};
use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;

static PUMP_RESULT: Imported = Imported::new("bocpy._pinned", c"PumpResult");

impl Native for PinnedObject {
    const NAME: &'static CStr = c"bocpy.PinnedCown";
    const DOC: &'static CStr = doc!("PinnedCown(value)", PINNEDCOWN);
    const OPEN: bool = true;

    type Extra = Referable;

    const MAIN: Option<Main<Self>> = match &CownObject::MAIN {
        Some(main) => Some(Main::inherited(main)),
        None => None,
    };

    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, kwargs: Option<&Dict<'py>>) -> PyResult<Self> {
        let value = the_value(py, "PinnedCown", args, kwargs)?;
        Ok(Derived::new(Just(pinned::new_handle(py, &value)?)))
    }

    fn blank(py: Python<'_>) -> PyResult<Self> {
        CownObject::blank(py).map(Derived::new)
    }

    fn init<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        args: &Tuple<'py>,
        kwargs: Option<&Dict<'py>>,
    ) -> PyResult<()> {
        let value = the_value(py, "PinnedCown", args, kwargs)?;
        check_blank(py, this.value().handle())?;
        pinned::pin(py, this.value().handle(), &value)
    }

    // That of `Cown` is inherited.
    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        CownObject::repr(py, this.as_base())
    }

    fn class(py: Python<'_>) -> Option<&Class<Self>> {
        State::try_get(py).map(|state| PINNED_COWN.of(state))
    }

    const COLLECTED: bool = true;

    fn traverse(&self, py: Python<'_>, visitor: &mut Visitor) {
        CownObject::traverse(self, py, visitor);
    }

    fn clear(&self, py: Python<'_>) {
        CownObject::clear(self, py);
    }

    fn finalize(py: Python<'_>, this: &Instance<'_, Self>) {
        CownObject::finalize(py, this.as_base());
    }
}

/// `pump(deadline_ms=None, max_behaviors=None, raise_on_error=False)`.
pub(crate) struct Pump;

impl Function for Pump {
    const NAME: &'static CStr = c"pump";
    const DOC: &'static CStr =
        doc!("pump($module, /, deadline_ms=None, max_behaviors=None, raise_on_error=False)", PUMP);
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [time, most, raises] =
            args.bind("pump", ["deadline_ms", "max_behaviors", "raise_on_error"], 3)?;
        let bounds = Bounds {
            time: whole(py, "deadline_ms", time)?.map(Duration::from_millis),
            most: whole(py, "max_behaviors", most)?.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
            raises: raises.map_or(Ok(false), Object::is_true)?,
        };
        let pumped = pump::pump(py, bounds)?;
        let executed = number::uint(py, pumped.executed as u64)?;
        let deadline_reached = number::boolean(py, pumped.deadline_reached);
        let raised = number::uint(py, pumped.raised as u64)?;
        PUMP_RESULT.call_in(py, State::get(py), &[&executed, &deadline_reached, &raised])
    }
}

/// A whole number that is more than zero, or `None`.
fn whole(py: Python<'_>, name: &str, asked: Option<&Object<'_>>) -> PyResult<Option<u64>> {
    let Some(asked) = asked.filter(|asked| !asked.is_none()) else { return Ok(None) };
    let Some(number) = asked.as_int().filter(|number| !number.is_bool()) else {
        let message = format!("{name} must be a positive int or None, not {}", asked.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    let found = match number.to_i64() {
        Some(number) if number >= 1 => return Ok(Some(number as u64)),
        Some(number) => number.to_string(),
        None if number.to_hex()?.to_str().is_some_and(|text| text.starts_with('-')) => {
            "a negative int".into()
        }
        // More than anybody waits for.
        None => return Ok(Some(u64::MAX)),
    };
    let message = format!("{name} must be a positive int or None, not {found}");
    Err(error::raise(py, Kind::Type, &message))
}

/// A function, or `None`.
fn callable<'a, 'py>(
    py: Python<'py>,
    name: &str,
    asked: Option<&'a Object<'py>>,
) -> PyResult<Option<&'a Object<'py>>> {
    match asked.filter(|asked| !asked.is_none()) {
        Some(asked) if !asked.is_callable() => {
            let message = format!("{name} must be a function or None, not {}", asked.class_name());
            Err(error::raise(py, Kind::Type, &message))
        }
        asked => Ok(asked),
    }
}

/// Raises outside the main interpreter.
fn check_place(py: Python<'_>, function: &str) -> PyResult<()> {
    if State::get(py).home.is_main() {
        return Ok(());
    }
    let message =
        format!("{function}() can be called only in the main interpreter, where pinned behaviors run");
    Err(error::raise(py, Kind::Runtime, &message))
}

/// `set_pump_notify(function)`.
pub(crate) struct SetPumpNotify;

impl Function for SetPumpNotify {
    const NAME: &'static CStr = c"set_pump_notify";
    const DOC: &'static CStr = doc!("set_pump_notify($module, function, /)", SET_PUMP_NOTIFY);
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        args.no_keywords("set_pump_notify")?;
        let [function] = args.positional() else {
            return Err(error::raise(
                py,
                Kind::Type,
                "set_pump_notify() takes one argument: a function, or None",
            ));
        };
        check_place(py, "set_pump_notify")?;
        let function = callable(py, "the argument of set_pump_notify()", Some(function))?;
        let before = lane::set_notify(function.map(|function| Resident::new(function.clone())));
        Ok(before.and_then(|before| before.open(py)).unwrap_or_else(|| py.none()))
    }
}

/// `set_pump_watchdog(warn_ms=1000, on_starve=None, raise_ms=None)`.
pub(crate) struct SetPumpWatchdog;

impl Function for SetPumpWatchdog {
    const NAME: &'static CStr = c"set_pump_watchdog";
    const DOC: &'static CStr =
        doc!("set_pump_watchdog($module, /, warn_ms=1000, on_starve=None, raise_ms=None)", SET_PUMP_WATCHDOG);
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let names = ["warn_ms", "on_starve", "raise_ms"];
        let [warn, on_starve, raise] = args.bind("set_pump_watchdog", names, 3)?;
        check_place(py, "set_pump_watchdog")?;
        let warn = match warn {
            None => Some(1000),
            warn => whole(py, "warn_ms", warn)?,
        };
        let raise = whole(py, "raise_ms", raise)?.map(Duration::from_millis);
        let on_starve = callable(py, "on_starve", on_starve)?;
        let on_starve = on_starve.map(|function| Arc::new(Resident::new(function.clone())));
        let warn = warn.map(Duration::from_millis);
        lane::set_watchdog((warn.is_some() || raise.is_some()).then_some(Watchdog {
            warn,
            raise,
            on_starve,
        }));
        Ok(py.none())
    }
}

/// `set_wait_pump_poll(ms=50)`.
pub(crate) struct SetWaitPumpPoll;

impl Function for SetWaitPumpPoll {
    const NAME: &'static CStr = c"set_wait_pump_poll";
    const DOC: &'static CStr = doc!("set_wait_pump_poll($module, /, ms=50)", SET_WAIT_PUMP_POLL);
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [asked] = args.bind("set_wait_pump_poll", ["ms"], 1)?;
        let poll = match asked {
            None => Some(50),
            Some(asked) => whole(py, "ms", Some(asked))?,
        };
        let Some(poll) = poll else {
            return Err(error::raise(
                py,
                Kind::Type,
                "ms must be a positive int: how often a wait looks, in milliseconds",
            ));
        };
        pump::set_poll(poll);
        Ok(py.none())
    }
}
