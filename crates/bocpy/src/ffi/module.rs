//! Modules: importing them, and being one.

use super::error::{self, Kind};
use super::object::{Object, Python};
use super::{PyResult, Raised, method, text};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

/// The module of that name. Not by `PyImport_Import`, which asks the calling code's globals how.
pub(crate) fn import<'py>(py: Python<'py>, name: &str) -> PyResult<Object<'py>> {
    let name = text::string(py, name)?;
    // SAFETY: a string; nulls mean an absolute import. That gives the outermost package, so we look for the module itself.
    unsafe {
        let nothing = ptr::null_mut();
        let level = ffi::PyImport_ImportModuleLevelObject(name.as_ptr(), nothing, nothing, nothing, 0);
        let outermost = Object::owned(py, level)?;
        let found = ffi::PyImport_GetModule(name.as_ptr());
        if found.is_null() && ffi::PyErr_Occurred().is_null() {
            return Ok(outermost);
        }
        Object::owned(py, found)
    }
}

/// A module's attribute.
pub(crate) fn import_from<'py>(py: Python<'py>, module: &str, name: &CStr) -> PyResult<Object<'py>> {
    import(py, module)?.getattr(name)
}

/// Runs code in a namespace of its own, and returns what it calls `name`.
#[cfg_attr(not(all(Py_3_12, not(Py_3_14))), allow(dead_code))]
pub(crate) fn run<'py>(py: Python<'py>, code: &CStr, name: &CStr) -> PyResult<Object<'py>> {
    // SAFETY: C strings, and a dict for both kinds of variables, to which CPython adds the builtins.
    unsafe {
        let names = Object::owned(py, ffi::PyDict_New())?;
        let code = ffi::Py_CompileString(code.as_ptr(), c"<bocpy>".as_ptr(), ffi::Py_file_input);
        let code = Object::owned(py, code)?;
        Object::owned(py, ffi::PyEval_EvalCode(code.as_ptr(), names.as_ptr(), names.as_ptr()))?;
        let found = ffi::PyDict_GetItemString(names.as_ptr(), name.as_ptr());
        if found.is_null() {
            return Err(error::raise(py, Kind::Name, "the code does not define it"));
        }
        Ok(Object::new_ref(py, found))
    }
}

/// Sets `sys.name`.
pub(crate) fn set_sys(py: Python<'_>, name: &CStr, value: &Object<'_>) -> PyResult<()> {
    let _ = py;
    // SAFETY: a C string and a live object.
    match unsafe { ffi::PySys_SetObject(name.as_ptr(), value.as_ptr()) } {
        0 => Ok(()),
        _ => Err(Raised),
    }
}

/// Whether the program is exiting: no more threads that run Python code can be started.
pub(crate) fn is_finalizing(py: Python<'_>) -> bool {
    // SAFETY: borrowed; null once `sys` has been taken apart.
    let function = unsafe {
        let function = ffi::PySys_GetObject(c"is_finalizing".as_ptr());
        (!function.is_null()).then(|| Object::new_ref(py, function))
    };
    let answer = function.map(|function| function.call(&[]).and_then(|answer| answer.is_true()));
    match answer {
        Some(Ok(answer)) => answer,
        Some(Err(Raised)) => {
            error::clear(py);
            true
        }
        None => true,
    }
}

/// Writes to this interpreter's `sys.stderr`.
pub(crate) fn write_stderr(py: Python<'_>, message: &str) {
    let written = sys_file(py, c"stderr").is_some_and(|file| {
        text::string(py, message).and_then(|message| file.call_method(c"write", &[&message])).is_ok()
            && file.call_method(c"flush", &[]).is_ok()
    });
    if !written {
        error::clear(py);
        eprint!("{message}");
    }
}

/// The same with what has been raised, for errors that there is nobody to raise for.
pub(crate) fn complain(py: Python<'_>, what: &str) {
    let why = error::describe(py);
    write_stderr(py, &format!("bocpy: {what}: {why}\n"));
}

/// `sys.stdout` or `sys.stderr`, if there is one.
fn sys_file<'py>(py: Python<'py>, name: &CStr) -> Option<Object<'py>> {
    // SAFETY: borrowed; null or None where there is no such file.
    unsafe {
        let file = ffi::PySys_GetObject(name.as_ptr());
        (!file.is_null() && file != ffi::Py_None()).then(|| Object::new_ref(py, file))
    }
}

/// `sys.modules`.
fn modules(py: Python<'_>) -> Object<'_> {
    // SAFETY: borrowed from the interpreter, for which it lives.
    unsafe { Object::new_ref(py, ffi::PyImport_GetModuleDict()) }
}

/// Ends this process with what is in the buffers of `sys.stdout` and `sys.stderr`, as `os._exit` does after a flush.
pub(crate) fn exit_process(py: Python<'_>, status: c_int) -> ! {
    for name in [c"stdout", c"stderr"] {
        if sys_file(py, name).is_some_and(|file| file.call_method(c"flush", &[]).is_err()) {
            error::clear(py);
        }
    }
    unsafe extern "C" {
        fn _exit(status: c_int) -> !;
    }
    // SAFETY: ends the process, and does nothing else.
    unsafe { _exit(status) }
}

/// A class of a module, where that has been imported.
pub(crate) fn imported_class<'py>(py: Python<'py>, module: &CStr, name: &CStr) -> Option<Object<'py>> {
    let modules = modules(py);
    let key = text::intern(py, module.to_str().ok()?).ok()?;
    let found = modules.as_dict()?.get(&key).ok().flatten().and_then(|module| module.getattr(name).ok());
    if found.is_none() {
        error::clear(py);
    }
    found
}

/// Whether an object that has a `__module__` and a `__qualname__` is what is found there, by one name and without running any
/// code of Python.
pub(crate) fn is_global(object: &Object<'_>) -> bool {
    let py = object.py();
    let modules = modules(py);
    let find = || -> Option<Object<'_>> {
        let module = modules.as_dict()?.get(&object.getattr(c"__module__").ok()?).ok()??;
        module.getattr(c"__dict__").ok()?.as_dict()?.get(&object.getattr(c"__qualname__").ok()?).ok()?
    };
    let found = find();
    error::clear(py);
    found.is_some_and(|found| found.as_ptr() == object.as_ptr())
}

/// The globals, or the local variables, of the Python function that called us.
pub(crate) fn caller_variables<'py>(py: Python<'py>, local: bool) -> Option<Object<'py>> {
    // SAFETY: borrowed, or null where there is no Python frame.
    unsafe {
        let variables = if local { ffi::PyEval_GetLocals() } else { ffi::PyEval_GetGlobals() };
        if variables.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(Object::new_ref(py, variables))
    }
}

impl<'py> Object<'py> {
    pub(crate) fn is_module(&self) -> bool {
        // SAFETY: reads the type.
        unsafe { ffi::PyModule_Check(self.as_ptr()) != 0 }
    }
}

/// The definition of an extension module.
pub(crate) struct Definition {
    pub(crate) name: &'static CStr,
    pub(crate) doc: &'static CStr,
    pub(crate) functions: fn() -> Vec<method::FunctionDef>,
    /// Fills a new module, once in each interpreter.
    pub(crate) fill: fn(Python<'_>, &Object<'_>) -> PyResult<()>,
    /// Called when the module at that address is freed.
    pub(crate) free: fn(Python<'_>, usize),
}

struct Tables(ffi::PyModuleDef);

// SAFETY: written once, and then handed to CPython, which does its own locking.
unsafe impl Send for Tables {}
// SAFETY: as above.
unsafe impl Sync for Tables {}

static DEFINITION: OnceLock<(Tables, &'static Definition)> = OnceLock::new();

/// The body of the `PyInit_` function.
pub(crate) fn init(definition: &'static Definition) -> *mut ffi::PyObject {
    let (tables, _) = DEFINITION.get_or_init(|| {
        let mut slots = vec![ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: exec as *mut c_void }];
        #[cfg(Py_3_12)]
        slots.push(ffi::PyModuleDef_Slot {
            slot: ffi::Py_mod_multiple_interpreters,
            value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
        });
        #[cfg(Py_3_13)]
        slots.push(ffi::PyModuleDef_Slot { slot: ffi::Py_mod_gil, value: ffi::Py_MOD_GIL_NOT_USED });
        slots.push(ffi::PyModuleDef_Slot { slot: 0, value: ptr::null_mut() });
        let def = ffi::PyModuleDef {
            m_base: ffi::PyModuleDef_HEAD_INIT,
            m_name: definition.name.as_ptr(),
            m_doc: definition.doc.as_ptr(),
            m_size: 1, // no data of its own, but one module for each interpreter
            m_methods: method::table((definition.functions)()),
            m_slots: Box::leak(slots.into_boxed_slice()).as_mut_ptr(),
            m_traverse: None,
            m_clear: None,
            m_free: Some(free),
        };
        (Tables(def), definition)
    });
    // SAFETY: a definition that stays where it is. CPython writes to its head only, under its own lock.
    unsafe { ffi::PyModuleDef_Init((&raw const tables.0).cast_mut()) }
}

unsafe extern "C" fn exec(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with the new module.
    let (py, module) = unsafe {
        let py = Python::assume();
        (py, super::Borrowed::new(py, module))
    };
    let (_, definition) = DEFINITION.get().expect("a module is defined before it is filled");
    match catch_unwind(AssertUnwindSafe(|| (definition.fill)(py, &module))) {
        Ok(Ok(())) => 0,
        Ok(Err(Raised)) => -1,
        Err(_) => {
            error::raise(py, Kind::Runtime, "bocpy could not be set up: a bug, please report it");
            -1
        }
    }
}

unsafe extern "C" fn free(module: *mut c_void) {
    // SAFETY: CPython calls this attached.
    let py = unsafe { Python::assume() };
    if let Some((_, definition)) = DEFINITION.get() {
        let _ = catch_unwind(AssertUnwindSafe(|| (definition.free)(py, module.addr())));
    }
}
