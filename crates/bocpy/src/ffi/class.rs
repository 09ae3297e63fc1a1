//! Native classes: Python types whose instances hold a Rust value.

use super::args::Args;
use super::collect::{self, Visitor};
use super::entries::{self, is_own};
use super::error::{self, Kind};
use super::fields;
use super::main_property::{Main, get_attribute, set_attribute};
use super::method::{MethodDef, PropertyDef};
use super::object::{Object, Python};
use super::slots::Slots;
use super::spares::Spares;
use super::{Dict, PyResult, Tuple};
use parking_lot::Mutex;
use pyo3_ffi as ffi;
use std::any::TypeId;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ops::Deref;
use std::{mem, ptr};

pub(crate) use super::beside::{Bare, Callable, Extra, Referable};

/// A class whose instances hold a `Self`.
pub(crate) trait Native: Sized + 'static {
    const NAME: &'static CStr;
    const DOC: &'static CStr;
    /// Whether it can be subclassed.
    const OPEN: bool = false;
    /// What each instance has beside its value.
    type Extra: Extra;
    fn methods() -> Vec<MethodDef<Self>> {
        Vec::new()
    }
    fn properties() -> Vec<PropertyDef<Self>> {
        Vec::new()
    }
    /// The value of a new instance. Raises where the class can't be called.
    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, kwargs: Option<&Dict<'py>>) -> PyResult<Self>;
    /// The value of a new instance of a subclass, whose `__init__` will say more.
    fn blank(py: Python<'_>) -> PyResult<Self> {
        Err(error::raise(py, Kind::Type, "this class cannot be subclassed"))
    }
    /// The same for subclasses that differ.
    fn blank_of(class: &Object<'_>) -> PyResult<Self> {
        Self::blank(class.py())
    }
    /// `__init__` of an instance that was made blank.
    fn init<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        args: &Tuple<'py>,
        kwargs: Option<&Dict<'py>>,
    ) -> PyResult<()> {
        let _ = (py, this, args, kwargs);
        Ok(())
    }
    /// The functions for attributes that are found in the value.
    const FIELDS: Option<fields::Slots> = None;
    /// How instances compare with any object, where [`compare`](Self::compare) does not say it: `None` means that they don't.
    const COMPARES: bool = false;
    fn compare_with<'py>(
        this: &Instance<'py, Self>,
        other: &Object<'py>,
        comparison: Comparison,
    ) -> PyResult<Option<Object<'py>>> {
        let _ = (this, other, comparison);
        Ok(None)
    }
    /// What calls of an instance do, where its extra is [`Callable`].
    fn call<'py>(py: Python<'py>, this: &Instance<'py, Self>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let _ = (this, args);
        Err(error::raise(py, Kind::Type, "this object is not callable"))
    }
    /// What the instances are beside that: numbers, for example.
    const SLOTS: &'static [Slots<Self>] = &[];
    /// Whether instances can be awaited.
    const AWAITABLE: bool = false;
    /// What `__await__` of an instance returns: an iterator.
    fn awaited<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let _ = this;
        Err(error::raise(py, Kind::Type, "this object cannot be awaited"))
    }
    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>>;
    fn hash(&self) -> Option<isize> {
        None
    }
    /// Compares with another instance: how this one stands to it.
    fn compare(&self, _other: &Self) -> Option<std::cmp::Ordering> {
        None
    }
    /// The property that is asked for most, which is found without a look at the class and its bases.
    const MAIN: Option<Main<Self>> = None;
    /// The class in this interpreter, if instances that go are to be kept for the next ones.
    fn class(_py: Python<'_>) -> Option<&Class<Self>> {
        None
    }
    /// Whether instances take part in garbage collection.
    const COLLECTED: bool = false;
    /// Tells the collector which objects this refers to.
    fn traverse(&self, _py: Python<'_>, _visitor: &mut Visitor) {}
    /// Only garbage refers to this: lets go of what it refers to.
    fn clear(&self, _py: Python<'_>) {}
    /// Somebody has kept an instance that was lent to a call: see [`Class::with_instances`].
    fn kept(_py: Python<'_>, _this: &Instance<'_, Self>) {}
    /// Whether there is nothing to drop in the value.
    fn is_plain(&self) -> bool {
        !mem::needs_drop::<Self>()
    }
    /// The last reference is going.
    fn finalize(_py: Python<'_>, _this: &Instance<'_, Self>) {}
}

/// The value of instances that have nothing but a `V`, so that who has one of those has such a value.
#[derive(Clone)]
#[repr(transparent)]
pub(crate) struct Just<V>(pub(crate) V);

impl<V> Just<V> {
    pub(crate) fn of(value: &V) -> &Just<V> {
        // SAFETY: it is laid out as what it has.
        unsafe { &*ptr::from_ref(value).cast() }
    }
}

#[repr(C)]
pub(crate) struct Layout<T: Native> {
    head: ffi::PyObject,
    pub(super) extra: T::Extra,
    pub(super) value: T,
}

/// An object that is an instance of the class of `T`, or of a subclass.
#[repr(transparent)]
pub(crate) struct Instance<'py, T>(Object<'py>, PhantomData<T>);

impl<'py, T> Deref for Instance<'py, T> {
    type Target = Object<'py>;
    fn deref(&self) -> &Object<'py> {
        &self.0
    }
}

impl<'py, T: Native> Instance<'py, T> {
    /// # Safety
    /// It is one.
    pub(super) unsafe fn assume<'a>(object: &'a Object<'py>) -> &'a Self {
        // SAFETY: laid out as the object.
        unsafe { &*ptr::from_ref(object).cast() }
    }

    pub(crate) fn value(&self) -> &T {
        // SAFETY: an instance has its value as long as it lives.
        unsafe { &(*self.as_ptr().cast::<Layout<T>>()).value }
    }

    /// The object that the instance refers to.
    pub(crate) fn part(&self) -> Option<&Object<'py>>
    where
        T: Native<Extra = Callable>,
    {
        // SAFETY: as above; the reference is kept as long as the instance lives. An `Object` is a non-null pointer.
        unsafe {
            let part = &raw const (*self.as_ptr().cast::<Layout<T>>()).extra.part;
            (!(*part).is_null()).then(|| &*part.cast::<Object<'py>>())
        }
    }
}

/// A native class in one interpreter.
pub(crate) struct Class<T: Native> {
    class: *mut ffi::PyTypeObject,
    pub(super) spares: Spares<T>,
}

// SAFETY: it is kept in its interpreter's state, and reached only by threads that are attached there.
unsafe impl<T: Native> Send for Class<T> {}
// SAFETY: as above.
unsafe impl<T: Native> Sync for Class<T> {}

impl<T: Native> Class<T> {
    /// Makes the class. Called once for each interpreter.
    pub(crate) fn new<'py>(_py: Python<'py>, module: &Object<'py>) -> PyResult<Self> {
        Class::make(module, None)
    }

    /// `base`: the class that it derives from. Instances of that have the same layout.
    pub(super) fn make<'py>(module: &Object<'py>, base: Option<&Object<'py>>) -> PyResult<Self> {
        let py = module.py();
        let tables = Tables::of::<T>();
        let slot = |slot, function: *mut c_void| ffi::PyType_Slot { slot, pfunc: function };
        let mut slots = vec![
            slot(ffi::Py_tp_doc, T::DOC.as_ptr().cast_mut().cast()),
            slot(ffi::Py_tp_methods, tables.methods.cast()),
            slot(ffi::Py_tp_getset, tables.properties.cast()),
            slot(ffi::Py_tp_members, tables.members.cast()),
            slot(ffi::Py_tp_new, entries::new_instance::<T> as *mut c_void),
            slot(ffi::Py_tp_dealloc, entries::dealloc::<T> as *mut c_void),
            slot(ffi::Py_tp_init, entries::init::<T> as *mut c_void),
        ];
        if base.is_none() {
            slots.push(slot(ffi::Py_tp_repr, entries::repr::<T> as *mut c_void));
            slots.push(slot(ffi::Py_tp_hash, entries::hash::<T> as *mut c_void));
            let compare = if T::COMPARES {
                entries::compare_with::<T> as *mut c_void
            } else {
                entries::compare::<T> as *mut c_void
            };
            slots.push(slot(ffi::Py_tp_richcompare, compare));
        }
        if T::MAIN.is_some() {
            slots.push(slot(ffi::Py_tp_getattro, get_attribute::<T> as *mut c_void));
            slots.push(slot(ffi::Py_tp_setattro, set_attribute::<T> as *mut c_void));
        }
        if let Some(fields) = &T::FIELDS {
            slots.push(slot(ffi::Py_tp_getattro, fields.get as *mut c_void));
            slots.push(slot(ffi::Py_tp_setattro, fields.set as *mut c_void));
        }
        if T::COLLECTED {
            slots.push(slot(ffi::Py_tp_traverse, collect::traverse::<T> as *mut c_void));
            slots.push(slot(ffi::Py_tp_clear, collect::clear::<T> as *mut c_void));
        }
        if T::Extra::CALLABLE {
            slots.push(slot(ffi::Py_tp_call, ffi::PyVectorcall_Call as *mut c_void));
        }
        if T::AWAITABLE {
            slots.push(slot(ffi::Py_am_await, entries::awaited::<T> as *mut c_void));
        }
        for group in T::SLOTS {
            group.add_to(&mut slots);
        }
        slots.push(slot(0, ptr::null_mut()));
        let open = if T::OPEN { ffi::Py_TPFLAGS_BASETYPE } else { 0 };
        let callable = if T::Extra::CALLABLE { ffi::Py_TPFLAGS_HAVE_VECTORCALL } else { 0 };
        let collected = if T::COLLECTED { ffi::Py_TPFLAGS_HAVE_GC } else { 0 };
        let mut spec = ffi::PyType_Spec {
            name: T::NAME.as_ptr(),
            basicsize: mem::size_of::<Layout<T>>() as c_int,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_IMMUTABLETYPE | open | callable | collected)
                as u32,
            slots: slots.as_mut_ptr(),
        };
        // SAFETY: the tables are as CPython wants them; the name is static.
        let class = unsafe {
            let bases = base.map_or(ptr::null_mut(), Object::as_ptr);
            let class = ffi::PyType_FromModuleAndSpec(module.as_ptr(), &mut spec, bases);
            Object::owned(py, class)?
        };
        // Kept by the interpreter's state, and by the module.
        Ok(Class { class: class.into_ptr().cast(), spares: Spares::new() })
    }

    pub(crate) fn as_object<'py>(&self, py: Python<'py>) -> Object<'py> {
        // SAFETY: alive as long as the interpreter's state, from where it comes.
        unsafe { Object::new_ref(py, self.class.cast()) }
    }

    /// A new instance.
    #[inline]
    pub(crate) fn instance<'py>(&self, py: Python<'py>, value: T) -> PyResult<Object<'py>> {
        let instance = self.untracked_instance(py, value)?;
        // SAFETY: a new instance, all written.
        unsafe { collect::track::<T>(instance.as_ptr()) };
        Ok(instance)
    }

    /// The same, which the collector does not look into.
    #[inline]
    pub(crate) fn untracked_instance<'py>(&self, py: Python<'py>, value: T) -> PyResult<Object<'py>> {
        // SAFETY: our own type, of this interpreter; the value goes right in.
        unsafe {
            let layout = self.blank_instance()?;
            ptr::write(&raw mut (*layout).value, value);
            Object::owned(py, layout.cast())
        }
    }

    /// A new instance, the value of which is still to be written. Without the detours of `tp_alloc`, which is for classes
    /// that may be larger than their instances say.
    ///
    /// # Safety
    /// The thread is attached to the interpreter of this class.
    #[inline]
    pub(super) unsafe fn blank_instance(&self) -> PyResult<*mut Layout<T>> {
        // SAFETY: says the caller; all of it but the value is written.
        unsafe {
            let layout = match self.spares.take() {
                Some(spare) => spare,
                None => collect::allocate::<T>(self.class)?,
            };
            ptr::write(&raw mut (*layout).extra, T::Extra::new::<T>());
            Ok(layout)
        }
    }

    /// A new instance that refers to an object. See [`Instance::part`].
    pub(crate) fn instance_with<'py>(
        &self,
        py: Python<'py>,
        value: T,
        part: Object<'py>,
    ) -> PyResult<Object<'py>>
    where
        T: Native<Extra = Callable>,
    {
        let instance = self.instance(py, value)?;
        // SAFETY: a new instance, which takes the reference over.
        unsafe { (*instance.as_ptr().cast::<Layout<T>>()).extra.part = part.into_ptr() };
        Ok(instance)
    }

    /// The value of an instance of this class or a subclass.
    pub(crate) fn get<'a>(&self, object: &'a Object<'_>) -> Option<&'a T> {
        // SAFETY: type checked; an instance keeps its value until it goes.
        unsafe {
            (ffi::PyObject_TypeCheck(object.as_ptr(), self.class) != 0)
                .then(|| &(*object.as_ptr().cast::<Layout<T>>()).value)
        }
    }
}

impl<T: Native> Class<T> {
    /// The value of an instance of this class itself.
    pub(crate) fn get_exact<'a>(&self, object: &'a Object<'_>) -> Option<&'a T> {
        // SAFETY: type checked; an instance keeps its value until it goes.
        unsafe {
            (ffi::Py_TYPE(object.as_ptr()) == self.class)
                .then(|| &(*object.as_ptr().cast::<Layout<T>>()).value)
        }
    }

    /// The same. `class` gives the class, and is asked only if the object may be of it: to find a class takes longer.
    #[inline]
    pub(crate) fn find_exact<'a, 'c>(
        object: &'a Object<'_>,
        class: impl FnOnce() -> &'c Class<T>,
    ) -> Option<&'a T> {
        // SAFETY: a live object.
        let may_be = unsafe { is_own::<T>(ffi::Py_TYPE(object.as_ptr())) };
        if may_be { class().get_exact(object) } else { None }
    }
}

impl<T: Native> Class<T> {
    /// The object as an instance of this class itself, if it is one. `class` as for [`find_exact`](Self::find_exact).
    pub(crate) fn find_exact_instance<'a, 'py, 'c>(
        object: &'a Object<'py>,
        class: impl FnOnce() -> &'c Class<T>,
    ) -> Option<&'a Instance<'py, T>> {
        // SAFETY: it is one if its value is found.
        Class::find_exact(object, class).map(|_| unsafe { Instance::assume(object) })
    }
}

impl<T: Native> Drop for Class<T> {
    fn drop(&mut self) {
        // SAFETY: dropped with its interpreter's state, by a thread that is attached there; the references are ours.
        unsafe {
            self.spares.clear();
            ffi::Py_DECREF(self.class.cast());
        }
    }
}

/// The tables that CPython keeps pointers into. Made once for each class, shared by all interpreters.
#[derive(Clone, Copy)]
struct Tables {
    methods: *mut ffi::PyMethodDef,
    properties: *mut ffi::PyGetSetDef,
    members: *mut ffi::PyMemberDef,
}

// SAFETY: never written again.
unsafe impl Send for Tables {}

impl Tables {
    fn of<T: Native>() -> Tables {
        static MADE: Mutex<Vec<(TypeId, Tables)>> = Mutex::new(Vec::new());
        let mut made = MADE.lock();
        if let Some((_, tables)) = made.iter().find(|(class, _)| *class == TypeId::of::<T>()) {
            return *tables;
        }
        let mut methods: Vec<ffi::PyMethodDef> = T::methods().into_iter().map(|def| def.0).collect();
        methods.push(ffi::PyMethodDef::zeroed());
        let mut properties: Vec<ffi::PyGetSetDef> = T::properties().into_iter().map(|def| def.0).collect();
        properties.push(ffi::PyGetSetDef::default());
        let member = |name: &'static CStr, offset: usize| ffi::PyMemberDef {
            name: name.as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: offset as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: ptr::null(),
        };
        let mut members = Vec::new();
        if let Some((name, offset)) = T::Extra::MEMBER {
            members.push(member(name, mem::offset_of!(Layout<T>, extra) + offset));
        }
        members.push(ffi::PyMemberDef::default());
        let tables = Tables {
            methods: Box::leak(methods.into_boxed_slice()).as_mut_ptr(),
            properties: Box::leak(properties.into_boxed_slice()).as_mut_ptr(),
            members: Box::leak(members.into_boxed_slice()).as_mut_ptr(),
        };
        made.push((TypeId::of::<T>(), tables));
        tables
    }
}

/// What is asked of a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// What equal things give. `None`: that is not what is asked.
    pub(crate) fn of_equals(self) -> Option<bool> {
        match self {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        }
    }
}

/// `class[item]`, as `typing` wants it at run time: what `__class_getitem__` of a class called `name` gives.
pub(crate) fn generic_alias<'py>(
    class: &Object<'py>,
    name: &str,
    args: Args<'_, 'py>,
) -> PyResult<Object<'py>> {
    let py = class.py();
    match args.positional() {
        // SAFETY: live objects.
        [item] => unsafe { Object::owned(py, ffi::Py_GenericAlias(class.as_ptr(), item.as_ptr())) },
        _ => Err(error::raise(py, Kind::Type, &format!("{name}[...] takes one type"))),
    }
}
