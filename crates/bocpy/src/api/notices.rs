//! The noticeboard: `notice_write` and its like, `noticeboard` and `notice_read`.

use super::messages::name;
use super::patience::seconds;
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance, Native, Referable};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{self, Function, Method, MethodDef};
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, text};
use crate::host::engine::ensure_started;
use crate::host::updates::{self, refuse_in_update};
use crate::interpreter::{Imported, PerInterpreter, State};
use crate::transport::in_transit::refuse_to_wait;
use crate::transport::noticeboard;
use crate::transport::parcel::Parcel;
use boc::{Change, Ticket};
use std::ffi::CStr;
use std::time::Instant;

static NOTICEBOARD: Imported = Imported::new("bocpy._notices", c"Noticeboard");
static CONTENTS: Imported = Imported::new("bocpy._notices", c"contents");

static SNAPSHOT: PerInterpreter<Class<Snapshot>> = PerInterpreter::to_be_filled();

/// Makes the class, for a new interpreter.
pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    SNAPSHOT.fill(state, Class::new(py, module)?);
    Ok(())
}

/// The entries as they were at some time, for `bocpy._notices`.
struct Snapshot(boc::Snapshot<Parcel>);

impl Native for Snapshot {
    const NAME: &'static CStr = c"bocpy._core._Snapshot";
    const DOC: &'static CStr = c"The entries of the noticeboard as they were at some time.";
    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![method::method::<Get>(), method::method::<Names>()]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "call noticeboard() to get one of these"))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        text::string(py, &format!("<the noticeboard, version {}>", this.value().0.version()))
    }
}

/// `get(key)`: raises `KeyError` if it is not there.
struct Get;

impl Method for Get {
    type Of = Snapshot;
    const NAME: &'static CStr = c"get";
    const DOC: &'static CStr = c"The value of an entry.";

    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, Snapshot>,
        args: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let [Some(key)] = args.bind("get", ["key"], 1)? else { return Ok(py.none()) };
        let found = match key.to_str() {
            Some(text) => noticeboard::read(py, &this.value().0, key, text)?,
            None => None,
        };
        found.ok_or_else(|| error::raise_with(py, Kind::Key, key))
    }
}

/// `names()`: the keys in order.
struct Names;

impl Method for Names {
    type Of = Snapshot;
    const NAME: &'static CStr = c"names";
    const DOC: &'static CStr = c"The keys of all entries.";

    fn call<'py>(py: Python<'py>, this: &Instance<'py, Snapshot>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let keys: PyResult<Vec<_>> = this.value().0.keys().map(|key| text::string(py, key)).collect();
        Ok(List::new(py, keys?)?.into())
    }
}

fn snapshot<'py>(py: Python<'py>, snapshot: boc::Snapshot<Parcel>) -> PyResult<Object<'py>> {
    SNAPSHOT.here(py).instance(py, Snapshot(snapshot))
}

/// The entries as a dict, for `wait` and `quiesce`.
pub(super) fn contents<'py>(py: Python<'py>, entries: boc::Snapshot<Parcel>) -> PyResult<Object<'py>> {
    CONTENTS.call(py, &[&snapshot(py, entries)?])
}

/// The arguments of a function that changes an entry, the first of which is its key.
fn change<'a, 'py, const N: usize>(
    py: Python<'py>,
    function: &str,
    args: &Args<'a, 'py>,
    names: [&str; N],
    needed: usize,
) -> PyResult<[Option<&'a Object<'py>>; N]> {
    let bound = args.bind(function, names, N)?;
    if let Some(missing) = bound[..needed].iter().position(Option::is_none) {
        let message = format!("{function}() misses the argument '{}'", names[missing]);
        return Err(error::raise(py, Kind::Type, &message));
    }
    refuse_in_update(py, function)?;
    Ok(bound)
}

fn key_of<'a>(key: Option<&'a Object<'_>>) -> PyResult<&'a str> {
    name(key.expect("it is needed"), "the key of a notice")
}

fn set<'py>(py: Python<'py>, key: &str, value: &Object<'py>) -> PyResult<Ticket> {
    let parcel = Parcel::pack_for_all(value, || format!("the value of the notice '{key}'"))?;
    updates::post(py, key, Change::Set(parcel))
}

/// `notice_write(key, value)`.
pub(crate) struct NoticeWrite;

impl Function for NoticeWrite {
    const NAME: &'static CStr = c"notice_write";
    const DOC: &'static CStr = doc!("notice_write($module, /, key, value)", NOTICE_WRITE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [key, value] = change(py, "notice_write", &args, ["key", "value"], 2)?;
        set(py, key_of(key)?, value.expect("it is needed"))?;
        Ok(py.none())
    }
}

/// `notice_seed(key, value)`.
pub(crate) struct NoticeSeed;

impl Function for NoticeSeed {
    const NAME: &'static CStr = c"notice_seed";
    const DOC: &'static CStr = doc!("notice_seed($module, /, key, value)", NOTICE_SEED);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [key, value] = change(py, "notice_seed", &args, ["key", "value"], 2)?;
        let key = key_of(key)?;
        if !State::get(py).home.is_main() || boc::current_worker().is_some() {
            let message = "notice_seed() is for the main program, before it schedules behaviors: in a behavior, use \
                           notice_write()";
            return Err(error::raise(py, Kind::Runtime, message));
        }
        ensure_started(py)?;
        let ticket = set(py, key, value.expect("it is needed"))?;
        updates::wait(py, ticket, None)?;
        Ok(py.none())
    }
}

/// `notice_update(key, fn, default=None)`.
pub(crate) struct NoticeUpdate;

impl Function for NoticeUpdate {
    const NAME: &'static CStr = c"notice_update";
    const DOC: &'static CStr = doc!("notice_update($module, /, key, fn, default=None)", NOTICE_UPDATE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [key, function, default] = change(py, "notice_update", &args, ["key", "fn", "default"], 2)?;
        let (key, function) = (key_of(key)?, function.expect("it is needed"));
        if !function.is_callable() {
            let message = format!(
                "fn must be a function that computes the new value from the old one, not {}",
                function.class_name()
            );
            return Err(error::raise(py, Kind::Type, &message));
        }
        updates::update(py, key, function, default.unwrap_or(&py.none()))?;
        Ok(py.none())
    }
}

/// `notice_delete(key)`.
pub(crate) struct NoticeDelete;

impl Function for NoticeDelete {
    const NAME: &'static CStr = c"notice_delete";
    const DOC: &'static CStr = doc!("notice_delete($module, /, key)", NOTICE_DELETE);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [key] = change(py, "notice_delete", &args, ["key"], 1)?;
        updates::post(py, key_of(key)?, Change::Remove)?;
        Ok(py.none())
    }
}

/// `notice_sync(timeout=30.0)`.
pub(crate) struct NoticeSync;

impl Function for NoticeSync {
    const NAME: &'static CStr = c"notice_sync";
    const DOC: &'static CStr = doc!("notice_sync($module, /, timeout=30.0)", NOTICE_SYNC);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [timeout] = args.bind("notice_sync", ["timeout"], 1)?;
        refuse_in_update(py, "notice_sync")?;
        refuse_to_wait(py, "notice_sync()")?;
        let timeout = match timeout {
            Some(timeout) => seconds(py, Some(timeout))?,
            None => Some(std::time::Duration::from_secs(30)),
        };
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if updates::wait(py, noticeboard::board().last(), deadline)? {
            return Ok(py.none());
        }
        let why = updates::running().unwrap_or_else(|| "no worker was free to compute the updates".into());
        Err(error::raise(py, Kind::Timeout, &format!("notice_sync() timed out: {why}")))
    }
}

/// `noticeboard()`.
pub(crate) struct NoticeboardFunction;

impl Function for NoticeboardFunction {
    const NAME: &'static CStr = c"noticeboard";
    const DOC: &'static CStr = doc!("noticeboard($module, /)", NOTICEBOARD);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        args.bind("noticeboard", [], 0)?;
        refuse_in_update(py, "noticeboard")?;
        NOTICEBOARD.call(py, &[&snapshot(py, noticeboard::snapshot())?])
    }
}

/// `notice_read(key, default=None)`.
pub(crate) struct NoticeRead;

impl Function for NoticeRead {
    const NAME: &'static CStr = c"notice_read";
    const DOC: &'static CStr = doc!("notice_read($module, /, key, default=None)", NOTICE_READ);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let [key] | [key, _] = args.positional()
            && args.are_positional()
            && let Some(seen) = noticeboard::glance(py, key)
        {
            return Ok(seen);
        }
        let [key, default] = change(py, "notice_read", &args, ["key", "default"], 1)?;
        let text = key_of(key)?;
        let found = noticeboard::read(py, &noticeboard::snapshot(), key.expect("it is needed"), text)?;
        Ok(found.unwrap_or_else(|| default.cloned().unwrap_or_else(|| py.none())))
    }
}
