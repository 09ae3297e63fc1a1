//! The stable API for native types of other packages: what `bocpy/movable.h` describes, from our side.
//!
//! A type gives functions that take the data out of an object, and that make an object of data. The data itself belongs to
//! no interpreter, so that it can wait anywhere, and any thread can drop it.
//!
//! ```text
//!    object ---- detach ----> Freight ---- attach ----> object
//!           <--- restore ----    |
//!                                +-------- drop
//! ```

use super::per_interpreter::PerInterpreter;
use super::{Resident, State};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Borrowed, Object, PyResult, Python, Raised, module, text};
use parking_lot::{Mutex, RwLock};
use pyo3_ffi as ffi;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ffi::{CStr, c_int, c_void};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

/// The newest version of the API, and the oldest that is still here.
const VERSION: u32 = 1;
const OLDEST: u32 = 1;

/// The name of the capsule, as CPython wants it: where it is found, too.
const CAPSULE: &CStr = c"bocpy._C_API";

type Detach = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut c_void;
type Restore = unsafe extern "C" fn(*mut ffi::PyObject, *mut c_void);
type Attach = unsafe extern "C" fn(*mut ffi::PyTypeObject, *mut c_void) -> *mut ffi::PyObject;
type Drop_ = unsafe extern "C" fn(*mut c_void);
type Copy_ = unsafe extern "C" fn(*const c_void) -> *mut c_void;
type CopyOf = unsafe extern "C" fn(*mut ffi::PyObject) -> *mut c_void;

/// `bocpy_movable`, as an extension has it.
#[repr(C)]
struct Told {
    version: u32,
    size: u32,
    detach: Option<Detach>,
    restore: Option<Restore>,
    attach: Option<Attach>,
    drop: Option<Drop_>,
    copy: Option<Copy_>,
    copy_of: Option<CopyOf>,
}

/// `bocpy_api`.
#[repr(C)]
struct Table {
    version: u32,
    oldest: u32,
    register_type: unsafe extern "C" fn(*mut ffi::PyTypeObject, *const Told) -> c_int,
    unregister_type: unsafe extern "C" fn(*mut ffi::PyTypeObject) -> c_int,
}

static TABLE: Table =
    Table { version: VERSION, oldest: OLDEST, register_type: register, unregister_type: unregister };

/// What we know of a type. It is the same in all interpreters, each of which has its own object for the type.
#[derive(Clone, Copy)]
pub(crate) struct Movable {
    /// Where the extension has told us. That stays there.
    told: &'static Told,
    functions: Functions,
    /// The name of the type, with its module. There is one str for each, so that its address tells as much.
    name: &'static str,
}

#[derive(Clone, Copy)]
struct Functions {
    detach: Detach,
    restore: Restore,
    attach: Attach,
    drop: Drop_,
    copy: Option<Copy_>,
    copy_of: Option<CopyOf>,
}

impl Movable {
    /// What tells types apart. Several may have the same functions: a type and one that is made from it.
    fn identity(self) -> (*const Told, *const u8) {
        (self.told, self.name.as_ptr())
    }
}

impl PartialEq for Movable {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Movable {}

impl Hash for Movable {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.identity().hash(hasher);
    }
}

/// Data of such a type, on its way. It belongs to no interpreter.
pub(crate) struct Freight {
    movable: Movable,
    data: NonNull<c_void>,
}

// SAFETY: the extension promises that any thread may have it, and drop it.
unsafe impl Send for Freight {}
// SAFETY: what is shared is not used, but by `copy`, whose callers see to it that there is one at a time.
unsafe impl Sync for Freight {}

impl Drop for Freight {
    fn drop(&mut self) {
        // SAFETY: it is ours, and goes with us. This needs no interpreter.
        unsafe { (self.movable.functions.drop)(self.data.as_ptr()) }
    }
}

/// The types that are registered in an interpreter.
#[derive(Default)]
struct Types {
    by_address: FxHashMap<usize, Movable>,
    /// A module that is imported again makes new types. The latest one is the last.
    by_movable: FxHashMap<Movable, Vec<Resident>>,
}

static TYPES: PerInterpreter<RwLock<Types>> = PerInterpreter::new(RwLock::default);

/// The names of all types that there have been.
static NAMES: Mutex<Option<FxHashSet<&'static str>>> = Mutex::new(None);

/// Whether there has ever been one. Most programs have none.
static ANY: AtomicBool = AtomicBool::new(false);

impl Movable {
    /// What is known of the type of an object: of just that type. `None`: it is not registered in this interpreter.
    #[inline]
    pub(crate) fn of(object: &Object<'_>) -> Option<Movable> {
        if !ANY.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: a live object; the type is only looked up by its address.
        let class = unsafe { ffi::Py_TYPE(object.as_ptr()) }.addr();
        TYPES.of(State::try_get(object.py())?).read().by_address.get(&class).copied()
    }

    /// The name of the type, with its module.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// Whether it can be in several places.
    pub(crate) fn copies(self) -> bool {
        self.functions.copy.is_some()
    }

    /// Where its functions are.
    pub(crate) fn code(self) -> usize {
        self.functions.attach as usize
    }

    /// The type in this interpreter.
    pub(crate) fn class<'py>(self, py: Python<'py>) -> Option<Object<'py>> {
        TYPES.here(py).read().by_movable.get(&self)?.last()?.open(py)
    }

    /// Takes the data out of an object. The object is as it was if that fails. `gone`: what it says from then on.
    pub(crate) fn detach(self, object: &Object<'_>, gone: &str) -> PyResult<Freight> {
        self.check(object)?;
        let gone = text::string(object.py(), gone)?;
        exclusively(object, || self.take(object, &gone))
    }

    /// The same data as an object has, which keeps it. `None`: there is no memory, or the type cannot do that.
    pub(crate) fn copy_of(self, object: &Object<'_>) -> PyResult<Option<Freight>> {
        let py = object.py();
        self.check(object)?;
        if let Some(copy_of) = self.functions.copy_of {
            // SAFETY: attached; a live object of the type that this function is for.
            let data = exclusively(object, || unsafe { copy_of(object.as_ptr()) });
            return self.given(object, data, "copy_of").map(Some);
        }
        // Nobody gets to know this.
        let gone = text::string(py, "it is being copied")?;
        exclusively(object, || {
            let freight = self.take(object, &gone)?;
            let copy = freight.copy();
            freight.put_back(object);
            Ok(copy)
        })
    }

    fn take(self, object: &Object<'_>, gone: &Object<'_>) -> PyResult<Freight> {
        // SAFETY: attached; a live object of the type that this function is for; a str.
        let data = unsafe { (self.functions.detach)(object.as_ptr(), gone.as_ptr()) };
        self.given(object, data, "detach")
    }

    /// What a function of the type has returned for an object.
    fn given(self, object: &Object<'_>, data: *mut c_void, function: &str) -> PyResult<Freight> {
        let py = object.py();
        match NonNull::new(data) {
            Some(data) => {
                error::clear(py);
                Ok(Freight { movable: self, data })
            }
            None => Err(raised_or(py, || {
                format!(
                    "the type '{}' has failed to give the data of an object to bocpy, and has not said why: its `{function}` \
                     returned NULL without an exception",
                    object.class_name()
                )
            })),
        }
    }

    fn check(self, object: &Object<'_>) -> PyResult<()> {
        if Movable::of(object) == Some(self) {
            return Ok(());
        }
        let message = format!(
            "the type '{}' is no longer registered with bocpy in the interpreter that has this object: call \
             bocpy_unregister() only when no object of it is in use",
            object.class_name()
        );
        Err(error::raise(object.py(), Kind::Runtime, &message))
    }
}

impl Freight {
    pub(crate) fn movable(&self) -> Movable {
        self.movable
    }

    /// Puts it back into the object that it was taken from.
    pub(crate) fn restore(self, object: &Object<'_>) {
        exclusively(object, || self.put_back(object));
    }

    fn put_back(self, object: &Object<'_>) {
        let (movable, data) = self.into_parts();
        // SAFETY: attached; the object that it was taken from, which gets the data.
        unsafe { (movable.functions.restore)(object.as_ptr(), data.as_ptr()) }
    }

    /// A new object that has it, of a type that [`Movable::class`] gave.
    pub(crate) fn attach<'py>(self, class: &Object<'py>) -> Result<Object<'py>, (Freight, Raised)> {
        let py = class.py();
        // SAFETY: attached; the type of that name. It returns a new reference, which then has the data, or null.
        let object = unsafe {
            let attach = self.movable.functions.attach;
            Object::owned(py, attach(class.as_ptr().cast(), self.data.as_ptr()))
        };
        match object {
            Ok(object) => {
                error::clear(py);
                self.into_parts();
                Ok(object)
            }
            Err(Raised) => {
                let raised = raised_or(py, || {
                    format!(
                        "the type '{}' has failed to make an object of data that has arrived, and has not said why: its \
                         `attach` returned NULL without an exception",
                        self.movable.name()
                    )
                });
                Err((self, raised))
            }
        }
    }

    /// The same data once more. `None`: the type cannot do that, or there is no memory.
    pub(crate) fn copy(&self) -> Option<Freight> {
        let copy = self.movable.functions.copy?;
        // SAFETY: it is there as long as we are.
        let data = NonNull::new(unsafe { copy(self.data.as_ptr()) })?;
        Some(Freight { movable: self.movable, data })
    }

    /// Without dropping it.
    fn into_parts(self) -> (Movable, NonNull<c_void>) {
        let parts = (self.movable, self.data);
        std::mem::forget(self);
        parts
    }
}

/// Calls `f` while no other thread is in a critical section of the object. Where there is a GIL, that does.
#[cfg(Py_GIL_DISABLED)]
fn exclusively<R>(object: &Object<'_>, f: impl FnOnce() -> R) -> R {
    // SAFETY: attached; the section stays where it is, and ends before the object can go. `f` does not unwind.
    unsafe {
        let mut section = std::mem::MaybeUninit::<ffi::PyCriticalSection>::uninit();
        ffi::PyCriticalSection_Begin(section.as_mut_ptr(), object.as_ptr());
        let result = f();
        ffi::PyCriticalSection_End(section.as_mut_ptr());
        result
    }
}

#[cfg(not(Py_GIL_DISABLED))]
fn exclusively<R>(_: &Object<'_>, f: impl FnOnce() -> R) -> R {
    f()
}

/// The error that has been raised, or, if none has, one that says so.
pub(super) fn raised_or(py: Python<'_>, message: impl FnOnce() -> String) -> Raised {
    match error::take(py) {
        Some(error) => error::restore(error),
        None => error::raise(py, Kind::Runtime, &message()),
    }
}

/// The capsule by which extensions find us.
pub(crate) fn capsule(py: Python<'_>) -> PyResult<Object<'_>> {
    // SAFETY: attached; the table and the name are static.
    unsafe {
        let table = (&raw const TABLE).cast_mut().cast();
        Object::owned(py, ffi::PyCapsule_New(table, CAPSULE.as_ptr(), None))
    }
}

/// The types of this interpreter have changed. The pickler remembers what it knows of each.
fn tell_changed(py: Python<'_>) -> PyResult<()> {
    match module::imported_class(py, c"bocpy._pickling", c"forget_types") {
        Some(forget) => forget.call(&[]).map(drop),
        None => Ok(()),
    }
}

unsafe extern "C" fn register(class: *mut ffi::PyTypeObject, told: *const Told) -> c_int {
    // SAFETY: the extension calls this attached, with a type, and with what stays where it is.
    unsafe {
        let py = Python::assume();
        called(py, || {
            let class = checked(py, class, "bocpy_register")?;
            let movable = understood(py, &class, told)?;
            add(&class, movable).map(|()| 0)
        })
    }
}

unsafe extern "C" fn unregister(class: *mut ffi::PyTypeObject) -> c_int {
    // SAFETY: the extension calls this attached, with a type.
    unsafe {
        let py = Python::assume();
        called(py, || {
            let class = checked(py, class, "bocpy_unregister")?;
            remove(&class).map(c_int::from)
        })
    }
}

fn called(py: Python<'_>, f: impl FnOnce() -> PyResult<c_int>) -> c_int {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(result)) => result,
        Ok(Err(Raised)) => -1,
        Err(_) => {
            error::raise(
                py,
                Kind::Runtime,
                "a type could not be registered: a bug in bocpy, please report it",
            );
            -1
        }
    }
}

/// # Safety
/// It is null, or a live object, which is one longer than the result is used.
unsafe fn checked<'a, 'py>(
    py: Python<'py>,
    class: *mut ffi::PyTypeObject,
    function: &str,
) -> PyResult<Borrowed<'a, 'py>> {
    if State::try_get(py).is_none() {
        let message = format!("{function}() needs bocpy in this interpreter: call bocpy_import() first");
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    // SAFETY: says the caller.
    let found = (!class.is_null()).then(|| unsafe { Borrowed::new(py, class.cast()) });
    match found {
        Some(found) if found.is_class() => Ok(found),
        Some(other) => {
            let message =
                format!("{function}() takes a type, not an object of type '{}'", other.class_name());
            Err(error::raise(py, Kind::Type, &message))
        }
        None => Err(error::raise(py, Kind::Type, &format!("{function}() takes a type, not NULL"))),
    }
}

/// # Safety
/// It is null, or what the header says.
unsafe fn understood(py: Python<'_>, class: &Object<'_>, told: *const Told) -> PyResult<Movable> {
    let name = name_of(class);
    // SAFETY: says the caller. Of a version that is not ours, the first two members are the same.
    let (told, version, size) = unsafe {
        let Some(told) = NonNull::new(told.cast_mut()) else {
            let message = format!("bocpy_register() of '{name}' needs a bocpy_movable, not NULL");
            return Err(error::raise(py, Kind::Type, &message));
        };
        (told, (*told.as_ptr()).version, (*told.as_ptr()).size)
    };
    if version > VERSION {
        let message = format!(
            "the type '{name}' was built for version {version} of bocpy's API for native types, and this bocpy has version \
             {VERSION}: install a newer bocpy-rs"
        );
        return Err(error::raise(py, Kind::Import, &message));
    }
    if version < OLDEST || (size as usize) < size_of::<Told>() {
        let message = format!(
            "the bocpy_movable of '{name}' has version {version} and size {size}: its first two members have to be \
             BOCPY_API_VERSION, which is {VERSION} for this bocpy, and sizeof(bocpy_movable), at least {}",
            size_of::<Told>()
        );
        return Err(error::raise(py, Kind::Value, &message));
    }
    // SAFETY: of this version and size, it is one of ours, which stays.
    let told: &'static Told = unsafe { &*told.as_ptr() };
    let functions = match told {
        Told {
            detach: Some(detach),
            restore: Some(restore),
            attach: Some(attach),
            drop: Some(drop),
            copy,
            copy_of,
            ..
        } => Functions {
            detach: *detach,
            restore: *restore,
            attach: *attach,
            drop: *drop,
            copy: *copy,
            copy_of: *copy_of,
        },
        _ => {
            let message = format!(
                "the bocpy_movable of '{name}' is not complete: detach, restore, attach and drop must not be NULL"
            );
            return Err(error::raise(py, Kind::Type, &message));
        }
    };
    Ok(Movable { told, functions, name: interned(name) })
}

fn add(class: &Object<'_>, movable: Movable) -> PyResult<()> {
    let py = class.py();
    let module = class.getattr(c"__module__")?;
    if module.to_str().is_none_or(|module| module.is_empty() || module == "builtins") {
        let message = format!(
            "bocpy cannot register the type '{}', as it does not say which module other interpreters have to import for it: \
             its name must have the module in it, like 'package.module.Name'",
            movable.name
        );
        return Err(error::raise(py, Kind::Type, &message));
    }
    let resident = Resident::new(class.clone());
    {
        let mut types = TYPES.here(py).write();
        match types.by_address.get(&class.address()) {
            None => {}
            Some(known) if *known == movable => return Ok(()),
            Some(_) => {
                drop(types);
                let message = format!(
                    "the type '{}' is registered with bocpy already, by another bocpy_movable: call bocpy_unregister() first",
                    movable.name
                );
                return Err(error::raise(py, Kind::Runtime, &message));
            }
        }
        types.by_address.insert(class.address(), movable);
        types.by_movable.entry(movable).or_default().push(resident);
    }
    ANY.store(true, Ordering::Relaxed);
    tell_changed(py)
}

fn remove(class: &Object<'_>) -> PyResult<bool> {
    let py = class.py();
    let gone = {
        let mut types = TYPES.here(py).write();
        let Some(movable) = types.by_address.remove(&class.address()) else { return Ok(false) };
        types.by_movable.get_mut(&movable).and_then(|all| {
            let place = all.iter().position(|one| one.is(class))?;
            Some(all.remove(place))
        })
    };
    drop(gone);
    tell_changed(py).map(|()| true)
}

/// The one str of that name.
fn interned(name: String) -> &'static str {
    let mut names = NAMES.lock();
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    names.insert(name);
    name
}

/// The name of a type, with its module.
fn name_of(class: &Object<'_>) -> String {
    match class.names() {
        (Some(module), name) => format!("{module}.{name}"),
        (None, name) => name,
    }
}
