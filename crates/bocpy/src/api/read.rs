//! `read`: a cown that a behavior only reads.

use crate::ffi::args::Args;
use crate::ffi::class::{self, Class, Instance, Native, Referable};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{self, Function, MethodDef};
use crate::ffi::{Dict, List, Object, PyResult, Python, Tuple, text};
use crate::interpreter::{PerInterpreter, State};
use crate::transport::cown::{COWN, Handle};
use std::ffi::CStr;

pub(super) static READ: PerInterpreter<Class<Read>> = PerInterpreter::to_be_filled();

/// Makes the class, for a new interpreter.
pub(super) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    READ.fill(state, Class::new(py, module)?);
    Ok(())
}

/// The result of `read(cown)`.
pub(crate) struct Read {
    handle: Handle,
}

impl Read {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Native for Read {
    const NAME: &'static CStr = c"bocpy.Read";
    const DOC: &'static CStr = c"A cown that a behavior only reads. Made by `read`.";

    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![method::class_method::<Self, ClassGetItem>()]
    }

    fn create<'py>(py: Python<'py>, _: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "bocpy.Read cannot be created directly: call read(cown)"))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        text::string(py, &format!("read(Cown({:#x}))", this.value().handle.id()))
    }
}

struct ClassGetItem;

impl Function for ClassGetItem {
    const NAME: &'static CStr = c"__class_getitem__";
    const DOC: &'static CStr = doc!("__class_getitem__($type, item, /)", READ_CLASS_GETITEM);
    fn call<'py>(_py: Python<'py>, class: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        class::generic_alias(class, "Read", args)
    }
}

/// `read(cown)`.
pub(crate) struct ReadFunction;

impl Function for ReadFunction {
    const NAME: &'static CStr = c"read";
    const DOC: &'static CStr = doc!("read($module, cown, /)", READ);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        args.no_keywords("read")?;
        let [arg] = args.positional() else {
            return Err(error::raise(py, Kind::Type, "read() takes exactly one Cown or one list of Cowns"));
        };
        if arg.is_list() || arg.is_tuple() {
            let reads: PyResult<Vec<_>> = arg.items()?.iter().map(one).collect();
            return Ok(List::new(py, reads?)?.into());
        }
        one(arg)
    }
}

fn one<'py>(arg: &Object<'py>) -> PyResult<Object<'py>> {
    let py = arg.py();
    let state = State::get(py);
    if READ.of(state).get(arg).is_some() {
        return Ok(arg.clone());
    }
    let Some(handle) = COWN.of(state).handle(arg) else {
        let message = format!("read() takes a Cown, or a list of Cowns, not {}", arg.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    };
    READ.of(state).instance(py, Read { handle: handle.clone() })
}
