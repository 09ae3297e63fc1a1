//! `dump`: a look at what every worker runs, and at what waits for what.

use crate::ffi::args::Args;
use crate::ffi::error::{self, Kind};
use crate::ffi::method::Function;
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::host::looking::{Extent, describe};
use std::ffi::CStr;

/// `dump(file=None)`.
pub(crate) struct Dump;

impl Function for Dump {
    const NAME: &'static CStr = c"dump";
    const DOC: &'static CStr = doc!("dump($module, /, file=None)", DUMP);

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [file] = args.bind("dump", ["file"], 1)?;
        let Some(file) = file.filter(|file| !file.is_none()) else {
            module::write_stderr(py, &describe(py, Extent::FULL));
            return Ok(py.none());
        };
        let Some(write) = file.getattr_opt(c"write")? else {
            let class = file.class_name();
            let message =
                format!("file must be an object with a method write(), or None for sys.stderr, not {class}");
            return Err(error::raise(py, Kind::Type, &message));
        };
        write.call(&[&text::string(py, &describe(py, Extent::FULL))?])?;
        if let Some(flush) = file.getattr_opt(c"flush")? {
            flush.call(&[])?;
        }
        Ok(py.none())
    }
}
