//! `start`, `wait` and `quiesce`.

use super::notices;
use super::patience::seconds;
use crate::ffi::args::Args;
use crate::ffi::method::Function;
use crate::ffi::{Dict, List, Object, PyResult, Python, module, number, text};
use crate::host::engine;
use crate::host::updates::refuse_in_update;
use crate::host::waiting::{self, Until};
use boc::Stats;
use std::ffi::CStr;

/// `start(worker_count=None, module=None, *, backend=None, limit=None)`.
pub(crate) struct Start;

impl Function for Start {
    const NAME: &'static CStr = c"start";
    const DOC: &'static CStr =
        doc!("start($module, /, worker_count=None, module=None, *, backend=None, limit=None)", START);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let names = ["worker_count", "module", "backend", "limit"];
        let [workers, _module, backend, limit] = args.bind("start", names, 2)?;
        engine::start(py, workers, backend, limit)?;
        Ok(py.none())
    }
}

/// `wait(timeout=None, *, stats=False, noticeboard=False, cancel=False)`.
pub(crate) struct Wait;

impl Function for Wait {
    const NAME: &'static CStr = c"wait";
    const DOC: &'static CStr =
        doc!("wait($module, /, timeout=None, *, stats=False, noticeboard=False, cancel=False)", WAIT);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        wait(py, "wait", &args, Until::Stopped)
    }
}

/// `quiesce(timeout=None, *, stats=False, noticeboard=False, cancel=False)`.
pub(crate) struct Quiesce;

impl Function for Quiesce {
    const NAME: &'static CStr = c"quiesce";
    const DOC: &'static CStr =
        doc!("quiesce($module, /, timeout=None, *, stats=False, noticeboard=False, cancel=False)", QUIESCE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        wait(py, "quiesce", &args, Until::Quiet)
    }
}

/// `_wait_for_good()`: at the end of the program.
pub(crate) struct WaitForGood;

impl Function for WaitForGood {
    const NAME: &'static CStr = c"_wait_for_good";
    const DOC: &'static CStr = c"Wait; from then on nothing can be started.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        wait(py, "wait", &args, Until::End)
    }
}

/// `_in_flight()`: how many behaviors are.
pub(crate) struct InFlight;

impl Function for InFlight {
    const NAME: &'static CStr = c"_in_flight";
    const DOC: &'static CStr = c"How many behaviors are in flight, about.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        number::uint(py, engine::in_flight(py) as u64)
    }
}

fn wait<'py>(py: Python<'py>, function: &str, args: &Args<'_, 'py>, until: Until) -> PyResult<Object<'py>> {
    let names = ["timeout", "stats", "noticeboard", "cancel"];
    let [timeout, stats, noticeboard, cancel] = args.bind(function, names, 1)?;
    let timeout = seconds(py, timeout)?;
    let flag = |flag: Option<&Object<'py>>| flag.map_or(Ok(false), Object::is_true);
    let (wants_stats, wants_noticeboard, cancels) = (flag(stats)?, flag(noticeboard)?, flag(cancel)?);
    refuse_in_update(py, function)?;
    let (counted, board) = waiting::wait(py, function, timeout, until, cancels)?;
    match (wants_stats, wants_noticeboard) {
        (false, false) => Ok(py.none()),
        (true, false) => stats_list(py, &counted),
        (false, true) => notices::contents(py, board),
        (true, true) => {
            let result = module::import_from(py, "bocpy", c"WaitResult")?;
            result.call(&[&stats_list(py, &counted)?, &notices::contents(py, board)?])
        }
    }
}

fn stats_list<'py>(py: Python<'py>, counted: &[Stats]) -> PyResult<Object<'py>> {
    let workers: PyResult<Vec<_>> = counted
        .iter()
        .enumerate()
        .map(|(index, stats)| {
            let entries = Dict::new(py)?;
            // Queues push without retries here; the key is there for compatibility.
            let fixed = [("worker_index", index as u64), ("enqueue_cas_retries", 0)];
            for (name, count) in fixed.into_iter().chain(stats.entries()) {
                entries.set(&text::intern(py, name)?, &number::uint(py, count)?)?;
            }
            Ok(entries.into())
        })
        .collect();
    Ok(List::new(py, workers?)?.into())
}
