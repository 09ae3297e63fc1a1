//! What the two sides of the relay call: `_relay.py` and `_followers.py`.

use crate::ffi::args::Args;
use crate::ffi::method::Function;
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::detach;
use crate::transport::relay;
use std::ffi::CStr;

/// `_send_main(message)`: to the main interpreter, which takes it when it can.
pub(super) struct SendMain;

impl Function for SendMain {
    const NAME: &'static CStr = c"_send_main";
    const DOC: &'static CStr = c"Send what a worker writes, logs or warns of.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let [Some(message)] = args.bind("_send_main", ["message"], 1)? {
            relay::send(message)?;
        }
        Ok(py.none())
    }
}

/// `_wait_for_main()`: until that has taken what was sent.
pub(super) struct WaitForMain;

impl Function for WaitForMain {
    const NAME: &'static CStr = c"_wait_for_main";
    const DOC: &'static CStr = c"Wait until what was sent is out.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        detach(py, relay::wait_delivered);
        Ok(py.none())
    }
}

/// `_has_unwritten()`: something has been written without an end of line.
pub(super) struct HasUnwritten;

impl Function for HasUnwritten {
    const NAME: &'static CStr = c"_has_unwritten";
    const DOC: &'static CStr = c"At the end of this behavior, flush its output.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, _: Args<'_, 'py>) -> PyResult<Object<'py>> {
        relay::set_unwritten(py);
        Ok(py.none())
    }
}

/// `_main_setting(question)`: what the main interpreter answers.
pub(super) struct MainSetting;

impl Function for MainSetting {
    const NAME: &'static CStr = c"_main_setting";
    const DOC: &'static CStr = c"Ask the main interpreter for a setting.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let [Some(question)] = args.bind("_main_setting", ["question"], 1)? else { return Ok(py.none()) };
        Ok(relay::ask(py, question.to_str().unwrap_or_default())?.unwrap_or(py.none()))
    }
}

/// `_publish(settings)`: what the program has set, for its workers.
pub(super) struct Publish;

impl Function for Publish {
    const NAME: &'static CStr = c"_publish";
    const DOC: &'static CStr = c"Pass settings on to the workers.";
    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let [Some(settings)] = args.bind("_publish", ["settings"], 1)? {
            relay::publish(settings)?;
        }
        Ok(py.none())
    }
}
