//! The functions by which CPython reaches what a native class does: those that every class has, and comparing.

use super::args::arguments;
use super::beside::Extra;
use super::class::{Class, Comparison, Instance, Layout, Native};
use super::error::{self, Kind};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::{Dict, PyResult, Tuple, collect, subclass};
use pyo3_ffi as ffi;
use std::ffi::c_int;
use std::ptr;

/// # Safety
/// `class` is a `Class<T>`'s type or a subclass of it.
unsafe fn allocate<'py, T: Native>(
    py: Python<'py>,
    class: *mut ffi::PyTypeObject,
    value: T,
) -> PyResult<Object<'py>> {
    // SAFETY: says the caller; the allocation is zeroed, the value moved in.
    unsafe {
        let object = Object::owned(py, ffi::PyType_GenericAlloc(class, 0))?;
        let layout = object.as_ptr().cast::<Layout<T>>();
        ptr::write(&raw mut (*layout).extra, T::Extra::new::<T>());
        ptr::write(&raw mut (*layout).value, value);
        Ok(object)
    }
}

pub(super) unsafe extern "C" fn new_instance<T: Native>(
    class: *mut ffi::PyTypeObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a tuple and a dict or null.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            let args = Borrowed::new(py, args).assume::<Tuple<'_>>();
            let kwargs = (!kwargs.is_null()).then(|| Borrowed::new(py, kwargs).assume::<Dict<'_>>());
            if subclass::flags(class) & ffi::Py_TPFLAGS_IS_ABSTRACT != 0 {
                return abstract_instance(py, class);
            }
            let value = match is_own::<T>(class) {
                true => T::create(py, &args, kwargs.as_deref())?,
                false => T::blank_of(&Borrowed::new(py, class.cast()))?,
            };
            if T::FIELDS.is_some() {
                return Ok(Class::allocate_derived(py, class, value)?.into_ptr());
            }
            Ok(allocate(py, class, value)?.into_ptr())
        })
    }
}

/// Raises, and says which methods are missing.
///
/// # Safety
/// `class` is an abstract class.
unsafe fn abstract_instance(py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<*mut ffi::PyObject> {
    let none = Tuple::new(py, Vec::new())?;
    // SAFETY: a live type, and what `object` makes instances with, which refuses this one.
    unsafe {
        match ffi::PyBaseObject_Type.tp_new {
            Some(new) => Ok(Object::owned(py, new(class, none.as_ptr(), ptr::null_mut()))?.into_ptr()),
            None => Err(error::raise(py, Kind::Type, "this class is abstract")),
        }
    }
}

/// True for the class itself, false for a subclass written in Python.
///
/// # Safety
/// `class` is one of those.
pub(super) unsafe fn is_own<T: Native>(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live type. A class made by a `class` statement has another way to free its instances.
    unsafe {
        (*class).tp_dealloc.is_some_and(|function| {
            ptr::fn_addr_eq(function, dealloc::<T> as unsafe extern "C" fn(*mut ffi::PyObject))
        })
    }
}

pub(super) unsafe extern "C" fn init<T: Native>(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: CPython calls this attached, with an instance, a tuple and a dict or null.
    unsafe {
        if is_own::<T>(ffi::Py_TYPE(object)) {
            return 0;
        }
        let py = Python::assume();
        guard(py, -1, || {
            let args = Borrowed::new(py, args).assume::<Tuple<'_>>();
            let kwargs = (!kwargs.is_null()).then(|| Borrowed::new(py, kwargs).assume::<Dict<'_>>());
            T::init(py, Instance::assume(&Borrowed::new(py, object)), &args, kwargs.as_deref())?;
            Ok(0)
        })
    }
}

pub(super) unsafe extern "C" fn dealloc<T: Native>(object: *mut ffi::PyObject) {
    // SAFETY: CPython calls this attached, once, for an instance whose last reference is gone.
    unsafe {
        let py = Python::assume();
        let layout = object.cast::<Layout<T>>();
        let class = ffi::Py_TYPE(object);
        collect::untrack::<T>(object);
        error::aside(py, || {
            guard(py, (), || {
                T::finalize(py, Instance::assume(&Borrowed::new(py, object)));
                Ok(())
            });
            if !(*layout).extra.is_empty() {
                (*layout).extra.clear(object);
            }
            if !(*layout).value.is_plain() {
                guard(py, (), || {
                    ptr::drop_in_place(&raw mut (*layout).value);
                    Ok(())
                });
            }
        });
        if is_own::<T>(class) {
            if T::class(py).is_some_and(|class| class.spares.take_in(layout)) {
                return;
            }
            collect::free::<T>(object);
        } else if let Some(free) = (*class).tp_free {
            free(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}

pub(super) unsafe extern "C" fn repr<T: Native>(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            Ok(T::repr(py, Instance::assume(&Borrowed::new(py, object)))?.into_ptr())
        })
    }
}

pub(super) unsafe extern "C" fn awaited<T: Native>(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            Ok(T::awaited(py, Instance::assume(&Borrowed::new(py, object)))?.into_ptr())
        })
    }
}

pub(super) unsafe extern "C" fn call<T: Native>(
    object: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance; the arguments as for a method. The highest bit of the count
    // says something else.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            let count = ffi::PyVectorcall_NARGS(count) as usize;
            let args = arguments(py, args, count, names);
            Ok(T::call(py, Instance::assume(&Borrowed::new(py, object)), args)?.into_ptr())
        })
    }
}

pub(super) unsafe extern "C" fn hash<T: Native>(object: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe {
        match (*object.cast::<Layout<T>>()).value.hash() {
            Some(hash) => hash,
            None => (object as isize) >> 4,
        }
    }
}

pub(super) unsafe extern "C" fn compare<T: Native>(
    left: *mut ffi::PyObject,
    right: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached; `left` is an instance. `right` is one if it comes to the same function.
    unsafe {
        let py = Python::assume();
        let same = ffi::Py_TYPE(right);
        let comparable = (*same).tp_richcompare.is_some_and(|function| {
            ptr::fn_addr_eq(function, compare::<T> as unsafe extern "C" fn(_, _, _) -> _)
        });
        let order = comparable
            .then(|| {
                let value = |object: *mut ffi::PyObject| &(*object.cast::<Layout<T>>()).value;
                value(left).compare(value(right))
            })
            .flatten();
        let Some(order) = order else {
            return Object::new_ref(py, ffi::Py_NotImplemented()).into_ptr();
        };
        let holds = match operation {
            ffi::Py_LT => order.is_lt(),
            ffi::Py_LE => order.is_le(),
            ffi::Py_EQ => order.is_eq(),
            ffi::Py_NE => order.is_ne(),
            ffi::Py_GT => order.is_gt(),
            _ => order.is_ge(),
        };
        super::number::boolean(py, holds).into_ptr()
    }
}

pub(super) unsafe extern "C" fn compare_with<T: Native>(
    left: *mut ffi::PyObject,
    right: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    let comparison = match operation {
        ffi::Py_LT => Comparison::Less,
        ffi::Py_LE => Comparison::LessOrEqual,
        ffi::Py_EQ => Comparison::Equal,
        ffi::Py_NE => Comparison::NotEqual,
        ffi::Py_GT => Comparison::Greater,
        _ => Comparison::GreaterOrEqual,
    };
    // SAFETY: CPython calls this attached; `left` is an instance.
    unsafe {
        let py = Python::assume();
        guard(py, ptr::null_mut(), || {
            let this = Borrowed::new(py, left);
            let compared = T::compare_with(Instance::assume(&this), &Borrowed::new(py, right), comparison)?;
            Ok(compared.unwrap_or_else(|| py.not_implemented()).into_ptr())
        })
    }
}
