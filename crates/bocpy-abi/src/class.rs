//! Classes: what an author says about one, and what is made of it in each interpreter.

use crate::answer::Answer;
use crate::argument::Argument;
use crate::attached::Attached;
use crate::error::Error;
use crate::function::{
    Function, Given, Method, MethodMut, answer, call_method, call_method_mut, from_python, function, name,
    name_of,
};
use crate::instance::{Instance, create, dealloc, descriptor};
use crate::movable::Movable;
use crate::object::Owned;
use crate::raw::{self, Descriptor};
use crate::text::forever;
use pyo3_ffi as ffi;
use std::any::TypeId;
use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::{mem, ptr};

/// What an object is made of, by a [constructor](Class::constructor): `T` or `Result<T, Error>`.
pub trait Made<T> {
    #[doc(hidden)]
    fn made(self) -> Result<T, Error>;
}

impl<T: Movable> Made<T> for T {
    fn made(self) -> Result<T, Error> {
        Ok(self)
    }
}

impl<T: Movable> Made<T> for Result<T, Error> {
    fn made(self) -> Result<T, Error> {
        self
    }
}

/// What a class has: to be filled in by [`Movable::class`].
///
/// All functions are plain Rust: function items, or closures that capture nothing. They get the data, and
/// [arguments](Argument) by position; they return an [`Answer`]. What goes wrong is an [`Error`]; a panic becomes
/// `RuntimeError`. If the data of an object has moved away, they are not called: the object raises `RuntimeError`, with a
/// text that says where the data is.
///
/// One thread at a time uses the data of an object; others wait. A thread that uses it already, in a method further up, gets
/// `RuntimeError` rather than waiting for itself.
pub struct Class<T> {
    slots: Vec<(c_int, *mut c_void)>,
    methods: Vec<ffi::PyMethodDef>,
    properties: Vec<ffi::PyGetSetDef>,
    _data: PhantomData<T>,
}

impl<T: Movable> Class<T> {
    /// What a call of the class does: it makes the data of a new object. Without it, Python code cannot make objects.
    pub fn constructor<F, A>(&mut self, _: F) -> &mut Self
    where
        F: Function<A, Output: Made<T>>,
    {
        name::<F>(T::NAME.to_owned());
        self.slot(ffi::Py_tp_new, new::<T, F, A> as *mut c_void)
    }

    /// A method that reads the data. While it runs, it can read it in further methods, in the same thread.
    pub fn method<F, A>(&mut self, name: &str, doc: &str, _: F) -> &mut Self
    where
        F: Method<T, A, Output: Answer>,
    {
        self.named::<F>(name, doc, call_method::<T, F, A>)
    }

    /// A method that may change the data. While it runs, nothing else can use it.
    pub fn method_mut<F, A>(&mut self, name: &str, doc: &str, _: F) -> &mut Self
    where
        F: MethodMut<T, A, Output: Answer>,
    {
        self.named::<F>(name, doc, call_method_mut::<T, F, A>)
    }

    /// An attribute that can be read.
    pub fn property<F, R>(&mut self, name: &str, doc: &str, _: F) -> &mut Self
    where
        F: Fn(&T) -> R + Method<T, (), Output = R>,
        R: Answer,
    {
        self.attribute::<F>(name, doc, None)
    }

    /// An attribute that can be read and set.
    pub fn property_mut<F, R, G, A>(&mut self, name: &str, doc: &str, _: F, _: G) -> &mut Self
    where
        F: Fn(&T) -> R + Method<T, (), Output = R>,
        R: Answer,
        G: MethodMut<T, (A,), Output: Answer>,
        A: Argument,
    {
        crate::function::name::<G>(format!("{}.{name}", T::NAME));
        self.attribute::<F>(name, doc, Some(set::<T, G, A>))
    }

    /// What `len()` says.
    pub fn length<F>(&mut self, _: F) -> &mut Self
    where
        F: Fn(&T) -> usize + Method<T, (), Output = usize>,
    {
        name::<F>(format!("{}.__len__", T::NAME));
        self.slot(ffi::Py_sq_length, length::<T, F> as *mut c_void)
    }

    /// What `repr()` says, and `print()`.
    pub fn shown<F>(&mut self, _: F) -> &mut Self
    where
        F: Fn(&T) -> String + Method<T, (), Output = String>,
    {
        name::<F>(format!("{}.__repr__", T::NAME));
        self.slot(ffi::Py_tp_repr, shown::<T, F> as *mut c_void)
    }

    fn slot(&mut self, slot: c_int, function: *mut c_void) -> &mut Self {
        assert!(
            self.slots.iter().all(|(other, _)| *other != slot),
            "{} has two functions for one purpose",
            T::NAME
        );
        self.slots.push((slot, function));
        self
    }

    fn named<F: 'static>(&mut self, own: &str, doc: &str, function: ffi::PyCFunctionFast) -> &mut Self {
        name::<F>(format!("{}.{own}", T::NAME));
        self.methods.push(method_definition(own, doc, function));
        self
    }

    fn attribute<F>(&mut self, own: &str, doc: &str, set: Option<ffi::setter>) -> &mut Self
    where
        F: Method<T, (), Output: Answer>,
    {
        name::<F>(format!("{}.{own}", T::NAME));
        self.properties.push(ffi::PyGetSetDef {
            name: forever(own).as_ptr(),
            get: Some(get::<T, F>),
            set,
            doc: forever(doc).as_ptr(),
            closure: ptr::null_mut(),
        });
        self
    }
}

/// A method or function, for CPython.
pub(crate) fn method_definition(name: &str, doc: &str, function: ffi::PyCFunctionFast) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: forever(name).as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: function },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: forever(doc).as_ptr(),
    }
}

unsafe extern "C" fn new<T, F, A>(
    class: *mut ffi::PyTypeObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject
where
    T: Movable,
    F: Function<A, Output: Made<T>>,
{
    // SAFETY: CPython calls this attached, with the class, a tuple, and a dict or null.
    unsafe {
        from_python::<F, _>(ptr::null_mut(), |_| {
            if !keywords.is_null() && ffi::PyDict_Size(keywords) > 0 {
                return Err(Error::Type(format!("{}() takes no arguments by name", T::NAME)));
            }
            let count = ffi::PyTuple_Size(arguments);
            let given: Vec<_> = (0..count).map(|place| ffi::PyTuple_GetItem(arguments, place)).collect();
            let data = function::<F>().call(Given::new::<F>(&given))?.made()?;
            create(class, Box::new(data)).map_err(|_| Error::Raised)
        })
    }
}

unsafe extern "C" fn get<T, F>(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject
where
    T: Movable,
    F: Method<T, (), Output: Answer>,
{
    // SAFETY: CPython calls this attached, with an object of the class.
    unsafe { answer::<F, _>(|| function::<F>().call(object, Given::new::<F>(&[]))) }
}

unsafe extern "C" fn set<T, G, A>(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int
where
    T: Movable,
    G: MethodMut<T, (A,), Output: Answer>,
    A: Argument,
{
    // SAFETY: CPython calls this attached, with an object of the class, and a value or null.
    unsafe {
        from_python::<G, _>(-1, |attached| {
            if value.is_null() {
                return Err(Error::Attribute(format!("{} cannot be deleted", name_of::<G>())));
            }
            let answer = function::<G>().call(object, Given::attribute::<G>(&[value]))?;
            answer.into_python(attached).map(|_none| 0)
        })
    }
}

unsafe extern "C" fn length<T, F>(object: *mut ffi::PyObject) -> ffi::Py_ssize_t
where
    T: Movable,
    F: Method<T, (), Output = usize>,
{
    // SAFETY: CPython calls this attached, with an object of the class.
    unsafe {
        from_python::<F, _>(-1, |_| {
            let length = function::<F>().call(object, Given::new::<F>(&[]))?;
            length.try_into().map_err(|_| Error::Overflow(format!("this {} is too long for len()", T::NAME)))
        })
    }
}

unsafe extern "C" fn shown<T, F>(object: *mut ffi::PyObject) -> *mut ffi::PyObject
where
    T: Movable,
    F: Method<T, (), Output = String>,
{
    // SAFETY: CPython calls this attached, with an object of the class.
    unsafe { answer::<F, _>(|| function::<F>().call(object, Given::new::<F>(&[]))) }
}

/// What all interpreters have in common of a class.
#[derive(Clone, Copy)]
struct Common {
    /// No other type has this table.
    methods: *const ffi::PyMethodDef,
    slots: &'static [(c_int, *mut c_void)],
    constructor: bool,
    descriptor: &'static Descriptor,
}

// SAFETY: the pointers are to functions and to tables that nobody changes.
unsafe impl Send for Common {}

/// bocpy knows a type by the address of its descriptor and by its name, so there has to be one of each. (A constant may have several.)
static COMMON: Mutex<Option<HashMap<TypeId, Common>>> = Mutex::new(None);

fn common<T: Movable>() -> Common {
    let mut all = COMMON.lock().unwrap_or_else(PoisonError::into_inner);
    *all.get_or_insert_default().entry(TypeId::of::<T>()).or_insert_with(|| {
        let mut class: Class<T> =
            Class { slots: Vec::new(), methods: Vec::new(), properties: Vec::new(), _data: PhantomData };
        T::class(&mut class);
        let Class { mut slots, mut methods, mut properties, .. } = class;
        let constructor = slots.iter().any(|(slot, _)| *slot == ffi::Py_tp_new);
        slots.push((ffi::Py_tp_dealloc, dealloc::<T> as *mut c_void));
        slots.push((ffi::Py_tp_doc, forever(T::DOC).as_ptr().cast_mut().cast()));
        methods.push(ffi::PyMethodDef::zeroed());
        let methods = methods.leak().as_mut_ptr();
        slots.push((ffi::Py_tp_methods, methods.cast()));
        properties.push(ffi::PyGetSetDef::default());
        slots.push((ffi::Py_tp_getset, properties.leak().as_mut_ptr().cast()));
        slots.push((0, ptr::null_mut()));
        Common {
            methods,
            slots: slots.leak(),
            constructor,
            descriptor: Box::leak(Box::new(descriptor::<T>())),
        }
    })
}

/// Whether it is an object of the class, in any interpreter.
///
/// # Safety
///
/// The thread is attached, and the object lives.
pub(crate) unsafe fn is<T: Movable>(object: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, with an object that lives. There are no subclasses.
    let methods = unsafe { ffi::PyType_GetSlot(ffi::Py_TYPE(object), ffi::Py_tp_methods) };
    methods.cast_const().cast() == common::<T>().methods
}

/// Makes the class in this interpreter, puts it into the module, and registers it with bocpy.
///
/// # Safety
///
/// The thread is attached, and it is a module.
pub(crate) unsafe fn add<T: Movable>(module: *mut ffi::PyObject) -> Result<(), Error> {
    let common = common::<T>();
    // SAFETY: attached; the tables stay; references that are got here are dropped here.
    unsafe {
        let owner = ffi::PyModule_GetName(module);
        if owner.is_null() {
            return Err(Error::Raised);
        }
        let owner = CStr::from_ptr(owner).to_string_lossy();
        let mut slots: Vec<ffi::PyType_Slot> =
            common.slots.iter().map(|&(slot, pfunc)| ffi::PyType_Slot { slot, pfunc }).collect();
        // Without GC: nothing of Python is in the data. No subclasses: bocpy moves objects of just this type. Immutable: the
        // class of an object cannot be set to another, whose functions would take the data for theirs.
        let mut flags = ffi::Py_TPFLAGS_DEFAULT | IMMUTABLE;
        if !common.constructor {
            flags |= DISALLOW_INSTANTIATION;
        }
        let mut spec = ffi::PyType_Spec {
            name: forever(&format!("{owner}.{}", T::NAME)).as_ptr(),
            basicsize: mem::size_of::<Instance<T>>() as c_int,
            itemsize: 0,
            flags: flags as _,
            slots: slots.as_mut_ptr(),
        };
        let class = ffi::PyType_FromModuleAndSpec(module, &raw mut spec, ptr::null_mut());
        if class.is_null() {
            return Err(Error::Raised);
        }
        let class = Owned::new(class);
        let added = ffi::PyModule_AddObjectRef(module, forever(T::NAME).as_ptr(), class.as_ptr());
        if added < 0 || (raw::import()?.register_type)(class.as_ptr().cast(), common.descriptor) < 0 {
            return Err(Error::Raised);
        }
        let mut classes = CLASSES.lock().unwrap_or_else(PoisonError::into_inner);
        let here = (interpreter(), TypeId::of::<T>());
        classes.get_or_insert_default().insert(here, Registered(class.as_ptr().cast()));
        Ok(())
    }
}

/// A class that is registered with bocpy, which keeps it until its interpreter ends.
struct Registered(*mut ffi::PyTypeObject);

// SAFETY: it is used only by threads that are attached to its interpreter.
unsafe impl Send for Registered {}

/// The classes by their interpreters, whose numbers never come again, and by their data.
static CLASSES: Mutex<Option<HashMap<(i64, TypeId), Registered>>> = Mutex::new(None);

/// The number of the interpreter that this thread is attached to.
///
/// # Safety
///
/// It is attached to one.
unsafe fn interpreter() -> i64 {
    // SAFETY: attached.
    unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) }
}

/// A new object of the class of this data.
pub(crate) fn new_object<T: Movable>(data: T, _: Attached<'_>) -> Result<Owned, Error> {
    let class = {
        let classes = CLASSES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: attached, as was shown.
        let here = (unsafe { interpreter() }, TypeId::of::<T>());
        classes.as_ref().and_then(|classes| classes.get(&here)).map(|class| class.0)
    };
    let class = class.ok_or_else(|| {
        let message =
            format!("the class {} is in no module that was imported here: module.class() adds it", T::NAME);
        Error::Runtime(message)
    })?;
    // SAFETY: attached; the class of this data in this interpreter, which lives as long as that; the new object is ours.
    unsafe { create(class, Box::new(data)).map(|object| Owned::new(object)).map_err(|_| Error::Raised) }
}

/// `Py_TPFLAGS_IMMUTABLETYPE` and `Py_TPFLAGS_DISALLOW_INSTANTIATION`, from CPython 3.10 on.
const IMMUTABLE: std::ffi::c_ulong = 1 << 8;
const DISALLOW_INSTANTIATION: std::ffi::c_ulong = 1 << 7;
