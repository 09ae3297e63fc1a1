//! Extension modules: what an author says about one, and how Python imports it.

use crate::answer::Answer;
use crate::attached::Noted;
use crate::class::{add, method_definition};
use crate::error::Error;
use crate::function::{Function, call_function, name};
use crate::movable::Movable;
use crate::panics::caught;
use crate::text::forever;
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

type Add = unsafe fn(*mut ffi::PyObject) -> Result<(), Error>;

/// What a module has: to be filled in by the function in [`module!`](crate::module!).
#[derive(Default)]
pub struct Module {
    classes: Vec<Add>,
    functions: Vec<ffi::PyMethodDef>,
}

impl Module {
    /// A class, whose objects move.
    pub fn class<T: Movable>(&mut self) -> &mut Self {
        self.classes.push(add::<T>);
        self
    }

    /// A function.
    pub fn function<F, A>(&mut self, own: &str, doc: &str, _: F) -> &mut Self
    where
        F: Function<A, Output: Answer>,
    {
        name::<F>(own.to_owned());
        self.functions.push(method_definition(own, doc, call_function::<F, A>));
        self
    }
}

/// A module's definition, for CPython: followed by what is to be done in each interpreter that imports it.
#[repr(C)]
struct Whole {
    definition: ffi::PyModuleDef,
    classes: Vec<Add>,
}

/// Made once, and never freed.
struct Made(*mut Whole);

// SAFETY: CPython changes the definition, under locks of its own; we change nothing.
unsafe impl Send for Made {}
// SAFETY: as above.
unsafe impl Sync for Made {}

/// What `module!` makes of a module.
#[doc(hidden)]
pub struct Definition(OnceLock<Result<Made, String>>);

impl Definition {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Definition(OnceLock::new())
    }

    /// What a module's init function returns.
    ///
    /// # Safety
    ///
    /// CPython calls it.
    pub unsafe fn init(&'static self, own: &str, doc: &str, fill: fn(&mut Module)) -> *mut ffi::PyObject {
        // SAFETY: CPython calls this attached.
        unsafe {
            match self.0.get_or_init(|| caught(|| make(own, doc, fill))) {
                Ok(made) => ffi::PyModuleDef_Init(ptr::addr_of_mut!((*made.0).definition)),
                Err(said) => {
                    Error::Import(format!("the module {own} cannot be made: {said}")).raise();
                    ptr::null_mut()
                }
            }
        }
    }
}

fn make(own: &str, doc: &str, fill: fn(&mut Module)) -> Made {
    let mut module = Module::default();
    fill(&mut module);
    let Module { classes, mut functions } = module;
    functions.push(ffi::PyMethodDef::zeroed());
    let mut slots = vec![ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: exec as *mut c_void }];
    // An older Python refuses slots that it does not know.
    if python() >= (3, 12) {
        slots.push(ffi::PyModuleDef_Slot {
            slot: MULTIPLE_INTERPRETERS,
            value: PER_INTERPRETER_GIL as *mut c_void,
        });
    }
    if python() >= (3, 13) {
        slots.push(ffi::PyModuleDef_Slot { slot: GIL, value: GIL_NOT_USED as *mut c_void });
    }
    slots.push(ffi::PyModuleDef_Slot { slot: 0, value: ptr::null_mut() });
    let definition = ffi::PyModuleDef {
        m_base: ffi::PyModuleDef_HEAD_INIT,
        m_name: forever(own).as_ptr(),
        m_doc: forever(doc.trim()).as_ptr(),
        m_size: 0,
        m_methods: functions.leak().as_mut_ptr(),
        m_slots: slots.leak().as_mut_ptr(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    };
    Made(Box::into_raw(Box::new(Whole { definition, classes })))
}

// These are part of CPython's stable interface; `pyo3-ffi` has them for some versions only.
const MULTIPLE_INTERPRETERS: c_int = 3;
const PER_INTERPRETER_GIL: usize = 2;
const GIL: c_int = 4;
const GIL_NOT_USED: usize = 1;

/// The version of Python that runs this.
fn python() -> (u32, u32) {
    // SAFETY: CPython has this text before anything else, and forever.
    let text = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) }.to_string_lossy();
    let mut numbers =
        text.split(|letter: char| !letter.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Fills a module, in each interpreter that imports it.
unsafe extern "C" fn exec(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with a module that was made of such a definition.
    let done = caught(|| unsafe {
        let _noted = Noted::new(true);
        let whole = &*ffi::PyModule_GetDef(module).cast::<Whole>();
        whole.classes.iter().try_for_each(|add| add(module))
    });
    let error = match done {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(said) => Error::Import(format!("a module cannot be filled: {said}")),
    };
    // SAFETY: attached.
    unsafe { error.raise() };
    -1
}

/// An extension module: the function that Python looks for when it imports it.
///
/// The name is that of the library, without the packages that it lies in: `_counter` for `counter._counter`. The function
/// says what is in the module; it is called once in a process. The module can be imported by any number of interpreters,
/// each with its own GIL, and does not need the GIL on free-threaded builds.
///
/// If something is wrong with it (the function panics, or bocpy is missing or too old), the import raises `ImportError`.
///
/// ```no_run
/// # struct Counter;
/// # impl bocpy_abi::Movable for Counter {
/// #     const NAME: &'static str = "Counter";
/// #     fn class(_: &mut bocpy_abi::Class<Self>) {}
/// # }
/// bocpy_abi::module! {
///     /// Counts words.
///     fn _counter(module) {
///         module.class::<Counter>();
///         module.function("double", "Twice the number.", |number: f64| 2.0 * number);
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! module {
    ($(#[doc = $doc:expr])* fn $name:ident($module:ident) $body:block) => {
        const _: () = {
            #[unsafe(export_name = concat!("PyInit_", stringify!($name)))]
            unsafe extern "C" fn init() -> *mut $crate::__private::PyObject {
                static DEFINITION: $crate::__private::Definition = $crate::__private::Definition::new();
                fn fill($module: &mut $crate::Module) {
                    $body
                }
                unsafe { DEFINITION.init(stringify!($name), concat!($($doc, "\n",)*), fill) }
            }
        };
    };
}
