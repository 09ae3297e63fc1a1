//! Classes by `bocpy-abi`, for `test_rust_abi.py`: they do all that it has, and fail where a test wants that.

use bocpy_abi::{Another, Bytes, Class, Error, Movable, Object, Owned, without_gil};
use pyo3_ffi as ffi;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Counts what is alive of both classes.
struct Alive;

impl Alive {
    fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Alive
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A gate that a method waits at, in Rust.
static WAITING: Mutex<Option<bool>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

struct Probe {
    number: i64,
    _alive: Alive,
}

impl Probe {
    fn new(number: Option<i64>) -> Result<Self, Error> {
        match number {
            Some(-1) => Err(Error::Value("not -1".into())),
            Some(-2) => panic!("not -2"),
            number => Ok(Probe { number: number.unwrap_or(0), _alive: Alive::new() }),
        }
    }

    fn try_copy(&self) -> Option<Self> {
        match self.number {
            13 => panic!("no copy of 13"),
            14 => None,
            number => Some(Probe { number, _alive: Alive::new() }),
        }
    }

    /// Calls a function of Python's while the method reads.
    fn reading(&self, function: Object<'_>) -> Result<(Owned, i64), Error> {
        Ok((call(function)?, self.number))
    }

    /// Calls a function of Python's while the method may write.
    fn writing(&mut self, function: Object<'_>) -> Result<(Owned, i64), Error> {
        self.number += 1;
        Ok((call(function)?, self.number))
    }

    /// Waits for `open_gate`, without Python.
    fn wait(&mut self) -> i64 {
        without_gil(|| {
            let mut waiting = WAITING.lock().unwrap();
            *waiting = Some(true);
            CHANGED.notify_all();
            while *waiting == Some(true) {
                waiting = CHANGED.wait(waiting).unwrap();
            }
            self.number += 1;
            self.number
        })
    }

    /// A new object.
    fn plus(&self, number: i64) -> Probe {
        Probe { number: self.number + number, _alive: Alive::new() }
    }

    /// Several of them, if that is possible.
    fn parts(&self, count: usize) -> Result<Option<Vec<Probe>>, Error> {
        match count {
            0 => Err(Error::Value("no parts".into())),
            1 => Ok(None),
            _ => Ok(Some((0..count).map(|_| self.plus(0)).collect())),
        }
    }

    fn panic(&mut self, text: String) {
        self.number += 1;
        panic!("{text}");
    }

    fn panic_without_gil(&mut self) {
        without_gil(|| panic!("without Python"));
    }

    fn raise(&self, name: &str, text: String) -> Result<(), Error> {
        Err(match name {
            "TypeError" => Error::Type(text),
            "ValueError" => Error::Value(text),
            "IndexError" => Error::Index(text),
            "KeyError" => Error::Key(text),
            "AttributeError" => Error::Attribute(text),
            "OverflowError" => Error::Overflow(text),
            "RuntimeError" => Error::Runtime(text),
            "OSError" => Error::Os(text),
            "ImportError" => Error::Import(text),
            "NotImplementedError" => Error::NotImplemented(text),
            "MemoryError" => Error::Memory(text),
            _ => Error::Raised,
        })
    }

    fn set_number(&mut self, number: i64) -> Result<(), Error> {
        if number < 0 {
            return Err(Error::Value("a negative number".into()));
        }
        self.number = number;
        Ok(())
    }

    fn swap(&mut self, other: Another<'_, Probe>) -> Result<(), Error> {
        other.write(|other| std::mem::swap(&mut self.number, &mut other.number))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Attached or not, in whatever thread.
        let number = without_gil(|| self.number);
        if number == 17 {
            panic!("17 is dropped");
        }
    }
}

fn call(function: Object<'_>) -> Result<Owned, Error> {
    // SAFETY: attached, as there is an object; it returns a new reference, or null with an exception.
    unsafe {
        let returned = ffi::PyObject_CallNoArgs(function.as_ptr());
        if returned.is_null() { Err(Error::Raised) } else { Ok(Owned::new(returned)) }
    }
}

impl Movable for Probe {
    const NAME: &'static str = "Probe";
    const DOC: &'static str = "A number.";
    const TRY_COPY: Option<fn(&Self) -> Option<Self>> = Some(Probe::try_copy);

    fn class(class: &mut Class<Self>) {
        class
            .constructor(Probe::new)
            .method("reading", "", Probe::reading)
            .method_mut("writing", "", Probe::writing)
            .method_mut("wait", "", Probe::wait)
            .method("plus", "", Probe::plus)
            .method("parts", "", Probe::parts)
            .method("stranger", "", |_: &Probe| Stranger)
            .method_mut("panic", "", Probe::panic)
            .method_mut("panic_without_gil", "", Probe::panic_without_gil)
            .method("raise_", "", Probe::raise)
            .method_mut("swap", "", Probe::swap)
            .property_mut("number", "Not negative.", |probe| probe.number, Probe::set_number)
            .property_mut(
                "digits",
                "",
                |_| (),
                |probe: &mut Probe, digits: Vec<i64>| {
                    probe.number = digits.into_iter().fold(0, |number, digit| 10 * number + digit);
                },
            )
            .property("address", "", |probe| std::ptr::from_ref(probe).addr())
            .length(|probe| probe.number.cast_unsigned() as usize)
            .shown(|probe| format!("<probe {}>", probe.number));
    }
}

/// One that cannot be copied.
struct Single(#[allow(dead_code)] Alive);

impl Movable for Single {
    const NAME: &'static str = "Single";

    fn class(class: &mut Class<Self>) {
        class.constructor(|| Single(Alive::new()));
    }
}

/// One that is in no module.
struct Stranger;

impl Movable for Stranger {
    const NAME: &'static str = "Stranger";

    fn class(_: &mut Class<Self>) {}
}

/// One that Python cannot make, and that has nothing.
struct Hidden;

impl Movable for Hidden {
    const NAME: &'static str = "Hidden";

    fn class(_: &mut Class<Self>) {}
}

bocpy_abi::module! {
    /// What the tests need.
    ///
    /// In two parts.
    fn bocpy_faults(module) {
        module.class::<Probe>().class::<Single>().class::<Hidden>();
        module
            .function("alive", "How many objects have data.", || ALIVE.load(Ordering::SeqCst))
            .function("gate_reached", "Waits until somebody waits at the gate.", || {
                without_gil(|| {
                    let mut waiting = WAITING.lock().unwrap();
                    while *waiting != Some(true) {
                        waiting = CHANGED.wait(waiting).unwrap();
                    }
                })
            })
            .function("open_gate", "Lets it go on.", || {
                *WAITING.lock().unwrap() = None;
                CHANGED.notify_all();
            })
            .function("f64", "", |value: f64| value)
            .function("i64", "", |value: i64| value)
            .function("u64", "", |value: u64| value)
            .function("usize", "", |value: usize| value)
            .function("bool", "", |value: bool| value)
            .function("str", "", |value: &str| value.to_owned())
            .function("string", "", |value: String| value)
            .function("bytes", "", |value: &[u8]| Bytes(value.to_vec()))
            .function("floats", "", |value: Vec<f64>| value)
            .function("nested", "", |value: Vec<Vec<String>>| value)
            .function("optional", "", |value: Option<i64>| value)
            .function("object", "", |value: Object<'_>| {
                // SAFETY: attached, as there is an object; the reference is a new one.
                unsafe { Owned::new(ffi::Py_NewRef(value.as_ptr())) }
            })
            .function("five", "", |a: i64, b: &str, c: Option<i64>, d: bool, e: Option<&str>| {
                (a, format!("{b}{d}"), (c, e.map(str::to_owned)))
            })
            .function("nothing", "", || ())
            .function("literal", "", || "literal");
    }
}
