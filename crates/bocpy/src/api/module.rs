//! The module `bocpy._core`.

use super::arrivals::{Cancel, HasBegun, Looked, Ready};
use super::cown::{Carried, Recalled};
use super::dump::Dump;
use super::matrix::{self, FromPickle};
use super::messages::{Drain, Receive, Send, SetTags, TIMEOUT};
use super::notices::{
    NoticeDelete, NoticeRead, NoticeSeed, NoticeSync, NoticeUpdate, NoticeWrite, NoticeboardFunction,
};
use super::pinned::{Pump, SetPumpNotify, SetPumpWatchdog, SetWaitPumpPoll};
use super::read::ReadFunction;
use super::relay::{HasUnwritten, MainSetting, Publish, SendMain, WaitForMain};
use super::runtime::{InFlight, Quiesce, Start, Wait, WaitForGood};
use super::scope::ScopeFunction;
use super::when::{WhenCall, WhenFunction};
use super::{BY_REFERENCE, arrivals, notices, read, scope, when};
use crate::behavior::CACHES;
use crate::behavior::globals::now;
use crate::behavior::variables;
use crate::ffi::args::Args;
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{self, Function};
use crate::ffi::module::{self, Definition};
use crate::ffi::{Object, PyResult, Python, allocator, number, text};
use crate::host::cores::{default_workers, for_cores};
use crate::host::{fork, workers};
use crate::interpreter::attach::on_worker;
use crate::interpreter::home::main_home;
use crate::interpreter::imported::import;
use crate::interpreter::movable;
use crate::interpreter::{Imported, State, detach, make, within};
use crate::transport::by_reference::{self, Opening, Taking};
use crate::transport::cown::{self, COWN};
use crate::transport::pinned::PINNED_COWN;
use crate::transport::portable::Portable;
use crate::transport::registered::is_registered;
use crate::transport::scope::SCOPE;
use crate::transport::{lines, notifier, out_of_band, reports, tenure};
use std::ffi::CStr;

static INSTALL: Imported = Imported::new("bocpy._lifecycle", c"install");
static INSTALL_IN_SUB_INTERPRETER: Imported =
    Imported::new("bocpy._lifecycle", c"install_in_sub_interpreter");
static ANSWER: Imported = Imported::new("bocpy._by_value", c"answer");

pub(crate) static DEFINITION: Definition = Definition {
    name: c"bocpy._core",
    doc: c"The native part of bocpy.",
    functions: || {
        vec![
            method::function::<WhenFunction>(),
            method::function::<WhenCall>(),
            method::function::<ReadFunction>(),
            method::function::<Start>(),
            method::function::<Wait>(),
            method::function::<Quiesce>(),
            method::function::<WaitForGood>(),
            method::function::<InFlight>(),
            method::function::<Pump>(),
            method::function::<SetPumpNotify>(),
            method::function::<SetPumpWatchdog>(),
            method::function::<SetWaitPumpPoll>(),
            method::function::<ScopeFunction>(),
            method::function::<Dump>(),
            method::function::<Leave>(),
            method::function::<Send>(),
            method::function::<Receive>(),
            method::function::<Drain>(),
            method::function::<SetTags>(),
            method::function::<NoticeWrite>(),
            method::function::<NoticeSeed>(),
            method::function::<NoticeUpdate>(),
            method::function::<NoticeDelete>(),
            method::function::<NoticeSync>(),
            method::function::<NoticeRead>(),
            method::function::<NoticeboardFunction>(),
            method::function::<Carried>(),
            method::function::<FromPickle>(),
            method::function::<Recalled>(),
            method::function::<Ready>(),
            method::function::<Looked>(),
            method::function::<Cancel>(),
            method::function::<HasBegun>(),
            method::function::<CarryBuffer>(),
            method::function::<super::record::shape_object::Unpickle>(),
            method::function::<super::record::classes::Register>(),
            method::function::<Keep>(),
            method::function::<CountName>(),
            method::function::<IsWorkerThread>(),
            method::function::<IsRegistered>(),
            method::function::<Try>(),
            method::function::<Offset>(),
            method::function::<Ask>(),
            method::function::<Forget>(),
            method::function::<AtEnd>(),
            method::function::<TellAll>(),
            method::function::<ReleaseAll>(),
            method::function::<Import>(),
            method::function::<Now>(),
            method::function::<BoundSince>(),
            method::function::<Share>(),
            method::function::<SendMain>(),
            method::function::<WaitForMain>(),
            method::function::<HasUnwritten>(),
            method::function::<MainSetting>(),
            method::function::<Publish>(),
            method::function::<BeforeFork>(),
            method::function::<AfterFork>(),
            method::function::<AfterForkInChild>(),
        ]
    },
    fill,
    free: State::module_gone,
};

fn fill(py: Python<'_>, module: &Object<'_>) -> PyResult<()> {
    let known = State::try_get(py);
    let state = match known {
        // A second module object, of a program that has taken the first out of `sys.modules`.
        Some(state) => state,
        None => {
            let state = State::new(py, module.address());
            if !cfg!(Py_3_12) && !state.home.is_main() {
                let message = "bocpy cannot be used in a sub-interpreter before Python 3.12: import it in the main interpreter";
                return Err(error::raise(py, Kind::Import, message));
            }
            cown::set_up(py, module, &state)?;
            when::set_up(py, module, &state)?;
            read::set_up(py, module, &state)?;
            scope::set_up(py, module, &state)?;
            notices::set_up(py, module, &state)?;
            arrivals::set_up(py, module, &state)?;
            by_reference::know(BY_REFERENCE, py, module, &state)?;
            super::record::set_up(py, module, &state)?;
            matrix::set_up(py, module, &state)?;
            state.register(py)
        }
    };
    module.setattr(c"Cown", &COWN.of(state).as_object(py))?;
    module.setattr(c"PinnedCown", &PINNED_COWN.of(state).as_object(py))?;
    module.setattr(c"Scope", &SCOPE.of(state).as_object(py))?;
    by_reference::publish(py, module, state)?;
    matrix::publish(py, module, state)?;
    arrivals::publish(py, module, state)?;
    module.setattr(c"_C_API", &movable::capsule(py)?)?;
    module.setattr(c"TIMEOUT", &text::string(py, TIMEOUT)?)?;
    module.setattr(c"__version__", &text::string(py, env!("CARGO_PKG_VERSION"))?)?;
    // What is wrong with BOCPY_WORKERS is said when the workers start.
    let workers = default_workers().unwrap_or_else(|_| for_cores());
    module.setattr(c"WORKER_COUNT", &number::uint(py, workers as u64)?)?;
    match known {
        None if state.home.is_main() => INSTALL.call(py, &[]).map(drop),
        None if !make::is_own() => INSTALL_IN_SUB_INTERPRETER.call(py, &[]).map(drop),
        _ => Ok(()),
    }
}

/// `_leave()`: the interpreter, which is one that the program has made, is about to end.
struct Leave;

impl Function for Leave {
    const NAME: &'static CStr = c"_leave";
    const DOC: &'static CStr = c"Before this interpreter ends, move what lives in it.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        workers::leave(py);
        Ok(py.none())
    }
}

/// `_ask(namespace, name)`: the main interpreter's object of that name.
struct Ask;

impl Function for Ask {
    const NAME: &'static CStr = c"_ask";
    const DOC: &'static CStr = c"The main interpreter's object of that name, with the globals that it needs.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(namespace), Some(name)] = args.bind("_ask", ["namespace", "name"], 2)? else {
            return Err(error::raise(py, Kind::Type, "_ask() takes a namespace and a name or number"));
        };
        let question = (Portable::encode(namespace, Taking::Copy)?, Portable::encode(name, Taking::Copy)?);
        let Some(main) = main_home().filter(|_| !State::get(py).home.is_main()) else { return Ok(py.none()) };
        match within(py, &main, |there| answer(there, &question)) {
            Some(Ok(Some(portable))) => portable.decode(py, Opening::Own),
            Some(Ok(None)) | None => Ok(py.none()),
            Some(Err(why)) => Err(error::raise(py, Kind::Runtime, &why)),
        }
    }
}

/// `_carry_buffer(buffer)`: carries a `PickleBuffer` beside the value that is being pickled. True if it must go into the
/// pickle.
struct CarryBuffer;

impl Function for CarryBuffer {
    const NAME: &'static CStr = c"_carry_buffer";
    const DOC: &'static CStr = c"For pickle's buffer_callback.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(buffer)] = args.bind("_carry_buffer", ["buffer"], 1)? else { return Ok(py.none()) };
        Ok(number::boolean(py, !out_of_band::pack_buffer(buffer)?))
    }
}

/// `_keep(object, insists)`: lets CPython itself carry an object. Returns its number, or `None` if CPython can't, or if the
/// object should rather be copied. `insists`: it can't be.
struct Keep;

impl Function for Keep {
    const NAME: &'static CStr = c"_keep";
    const DOC: &'static CStr =
        c"Take along an object that CPython knows how to carry into another interpreter.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(object), Some(insists)] = args.bind("_keep", ["object", "insists"], 2)? else {
            return Ok(py.none());
        };
        match out_of_band::pack_registered(object, insists.is_true()?)? {
            Some(number) => number::uint(py, number as u64),
            None => Ok(py.none()),
        }
    }
}

/// `_count_name()`: a context variable that had no name in other interpreters has one now.
struct CountName;

impl Function for CountName {
    const NAME: &'static CStr = c"_count_name";
    const DOC: &'static CStr = c"A context variable can be sent from now on.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        variables::count_name(State::get(py));
        Ok(py.none())
    }
}

/// `_is_worker_thread()`: whether behaviors run on this thread, in this interpreter.
struct IsWorkerThread;

impl Function for IsWorkerThread {
    const NAME: &'static CStr = c"_is_worker_thread";
    const DOC: &'static CStr = c"Tell whether this is a thread on which behaviors run.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        Ok(number::boolean(py, on_worker(|_, _| ()).is_some()))
    }
}

/// `_is_registered(object)`: whether CPython can carry it.
struct IsRegistered;

impl Function for IsRegistered {
    const NAME: &'static CStr = c"_is_registered";
    const DOC: &'static CStr = c"Tell whether CPython knows how to carry an object into another interpreter.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(object)] = args.bind("_is_registered", ["object"], 1)? else { return Ok(py.none()) };
        Ok(number::boolean(py, is_registered(object)))
    }
}

/// `_try(function)`: calls a function that pickles only to see whether that is possible.
struct Try;

impl Function for Try {
    const NAME: &'static CStr = c"_try";
    const DOC: &'static CStr = c"Call a function that takes nothing along.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(function)] = args.bind("_try", ["function"], 1)? else { return Ok(py.none()) };
        out_of_band::while_trying(|| function.call(&[]))
    }
}

/// `_offset(base, view)`: the offset in bytes of a view from the start of an object's memory.
struct Offset;

impl Function for Offset {
    const NAME: &'static CStr = c"_offset";
    const DOC: &'static CStr = c"The offset in bytes of a view from the start of an object's memory.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(base), Some(view)] = args.bind("_offset", ["base", "view"], 2)? else {
            return Ok(py.none());
        };
        let start = |object: &Object<'py>| object.with_memory(|bytes| bytes.as_ptr().addr());
        number::uint(py, start(view)?.saturating_sub(start(base)?) as u64)
    }
}

/// `_forget()`: clears the caches of code and globals.
struct Forget;

impl Function for Forget {
    const NAME: &'static CStr = c"_forget";
    const DOC: &'static CStr = c"Clear the caches of code and globals.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        CACHES.here(py).clear(State::get(py));
        Ok(py.none())
    }
}

/// `_at_end()`: the last steps, when there are no workers any more and the program is about to end.
struct AtEnd;

impl Function for AtEnd {
    const NAME: &'static CStr = c"_at_end";
    const DOC: &'static CStr =
        c"At the very end, print the exceptions of behaviors that nobody has looked at.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        reports::tell_all(py);
        detach(py, notifier::stop);
        allocator::stop_giving_back(py);
        Ok(py.none())
    }
}

/// `_report()`: tells of the exceptions that nobody has looked at so far.
struct TellAll;

impl Function for TellAll {
    const NAME: &'static CStr = c"_report";
    const DOC: &'static CStr = c"Report the exceptions of behaviors that nobody has looked at.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        reports::tell_all(py);
        Ok(py.none())
    }
}

/// `_release_all()`: at the end of the program, its main thread lets go of what it has acquired.
struct ReleaseAll;

impl Function for ReleaseAll {
    const NAME: &'static CStr = c"_release_all";
    const DOC: &'static CStr = c"Release every cown that this thread has acquired.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        for (cown, taken) in tenure::release_all(py) {
            let (cown, place) = (lines::name_of(py, &cown), taken.place());
            let message = format!(
                "bocpy: the program ends without having released {cown}, which it has acquired{place}, so behaviors waited for \
                 it: it is released now\n"
            );
            module::write_stderr(py, &message);
        }
        Ok(py.none())
    }
}

/// `_import(name)`: a module that bocpy needs.
struct Import;

impl Function for Import {
    const NAME: &'static CStr = c"_import";
    const DOC: &'static CStr = c"Import a module so that no fork comes in between.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(name)] = args.bind("_import", ["name"], 1)? else { return Ok(py.none()) };
        import(py, State::get(py), name.to_str().unwrap_or_default())
    }
}

/// `_now()`: a moment, as a number that grows.
struct Now;

impl Function for Now {
    const NAME: &'static CStr = c"_now";
    const DOC: &'static CStr = c"When the globals of a function were as it takes them along.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        number::uint(py, now())
    }
}

/// `_bound_since(namespace, name)`: as of when behaviors have bound that name here; 0 if they have not.
struct BoundSince;

impl Function for BoundSince {
    const NAME: &'static CStr = c"_bound_since";
    const DOC: &'static CStr = c"As of when a behavior has bound a global.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let bound = args.bind("_bound_since", ["namespace", "name"], 2)?;
        let texts = bound.map(|text| text.and_then(|text| text.to_str()));
        let [Some(namespace), Some(name)] = texts else { return number::uint(py, 0) };
        number::uint(py, CACHES.here(py).bound_since(namespace, name).unwrap_or(0))
    }
}

/// `_share(address, number)`: notes the number of a shared object. With 0 it is forgotten.
struct Share;

impl Function for Share {
    const NAME: &'static CStr = c"_share";
    const DOC: &'static CStr = c"Notes the number of an object that functions and globals share.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let bound = args.bind("_share", ["address", "number"], 2)?;
        let numbers = bound.map(|number| number.and_then(|number| number.as_int()?.to_i64()));
        if let [Some(address), Some(number)] = numbers {
            CACHES.here(py).share(address.cast_unsigned() as usize, number.cast_unsigned());
        }
        Ok(py.none())
    }
}

macro_rules! fork_hooks {
    ($($hook:ident, $name:literal, |$py:ident| $body:expr;)+) => {
        $(
            /// For `os.register_at_fork`.
            struct $hook;

            impl Function for $hook {
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = c"For os.register_at_fork.";
                fn call<'py>($py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
                    $body;
                    Ok($py.none())
                }
            }
        )+
    };
}

fork_hooks! {
    BeforeFork, c"_before_fork", |py| fork::before(py);
    AfterFork, c"_after_fork", |py| fork::after_in_parent();
    AfterForkInChild, c"_after_fork_in_child", |py| fork::after_in_child();
}

/// In the main interpreter: finds the object and pickles it.
fn answer(py: Python<'_>, question: &(Portable, Portable)) -> Result<Option<Portable>, String> {
    let Some(state) = State::try_get(py) else { return Ok(None) };
    let find = || -> PyResult<Option<Portable>> {
        let (namespace, name) =
            (question.0.decode(py, Opening::Copy)?, question.1.decode(py, Opening::Copy)?);
        Portable::copied_by(py, "definition", || ANSWER.call_in(py, state, &[&namespace, &name]))
    };
    let mut tries = 0;
    loop {
        if let Ok(found) = find() {
            return Ok(found);
        }
        let why = error::describe(py);
        // The program's threads go on: one has changed a container in it while that was gone through.
        tries += 1;
        if tries == 100 || !why.contains("during iteration") {
            return Err(format!("the main interpreter could not send this definition: {why}"));
        }
    }
}
