//! Attributes of instances that are found in their values, before a look at the class and its bases.

use super::PyResult;
use super::class::{Instance, Native};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::subclass::own_attribute;
use pyo3_ffi as ffi;
use std::ffi::c_int;
use std::ptr;

/// A class whose instances have such attributes.
pub(crate) trait Fields: Native {
    /// The same as below, for the usual case, without the time that a panic would need to be caught: it must not panic.
    /// `None`: ask below.
    fn glance<'py>(py: Python<'py>, this: &Instance<'py, Self>, name: &Name<'_>) -> Option<Object<'py>>;

    /// The same. False: ask below.
    fn change<'py>(py: Python<'py>, this: &Instance<'py, Self>, name: &Name<'_>, value: &Object<'py>)
    -> bool;

    /// `None`: it is no field.
    fn get_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
    ) -> PyResult<Option<Object<'py>>>;

    /// False: it is no field. `value`: `None` for `del`.
    fn set_field<'py>(
        py: Python<'py>,
        this: &Instance<'py, Self>,
        name: &Name<'_>,
        value: Option<&Object<'py>>,
    ) -> PyResult<bool>;
}

/// The name of an attribute.
#[repr(transparent)]
pub(crate) struct Name<'py>(Object<'py>);

impl Name<'_> {
    /// The same number for equal names, in all interpreters of this process.
    #[inline]
    pub(crate) fn hash(&self) -> isize {
        // SAFETY: a string. It knows its hash, if that has ever been asked for; if not, it is worked out.
        unsafe {
            match (*self.0.as_ptr().cast::<ffi::PyASCIIObject>()).hash {
                -1 => ffi::PyObject_Hash(self.0.as_ptr()),
                hash => hash,
            }
        }
    }

    /// How many characters it has.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        // SAFETY: a string.
        unsafe { ffi::PyUnicode_GET_LENGTH(self.0.as_ptr()) as usize }
    }
}

/// The hash of a name, as [`Name::hash`] gives it.
pub(crate) fn hash_of(py: Python<'_>, text: &str) -> PyResult<isize> {
    let name = super::text::string(py, text)?;
    // SAFETY: a string.
    Ok(unsafe { ffi::PyObject_Hash(name.as_ptr()) })
}

/// The functions for `Class::make`.
pub(crate) struct Slots {
    pub(super) get: ffi::getattrofunc,
    pub(super) set: ffi::setattrofunc,
}

impl Slots {
    pub(crate) const fn of<T: Fields>() -> Slots {
        Slots { get: get_attribute::<T>, set: set_attribute::<T> }
    }
}

unsafe extern "C" fn get_attribute<T: Fields>(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance and what should be a string.
    unsafe {
        if ffi::PyUnicode_CheckExact(name) != 0 {
            let py = Python::assume();
            let (this, its) = (Borrowed::new(py, object), Borrowed::new(py, name));
            if let Some(found) = T::glance(py, Instance::assume(&this), assume_name(&its)) {
                return found.into_ptr();
            }
            let mut is_field = true;
            let found = guard(py, ptr::null_mut(), || {
                match T::get_field(py, Instance::assume(&this), assume_name(&its))? {
                    Some(found) => Ok(found.into_ptr()),
                    None => {
                        is_field = false;
                        Ok(ptr::null_mut())
                    }
                }
            });
            if is_field {
                return found;
            }
        }
        ffi::PyObject_GenericGetAttr(object, name)
    }
}

unsafe extern "C" fn set_attribute<T: Fields>(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: as above, with a value or null.
    unsafe {
        if ffi::PyUnicode_CheckExact(name) != 0 {
            let py = Python::assume();
            let (this, its) = (Borrowed::new(py, object), Borrowed::new(py, name));
            if !value.is_null()
                && T::change(py, Instance::assume(&this), assume_name(&its), &Borrowed::new(py, value))
            {
                return 0;
            }
            let done = guard(py, Some(-1), || {
                let value = (!value.is_null()).then(|| Borrowed::new(py, value));
                let done = T::set_field(py, Instance::assume(&this), assume_name(&its), value.as_deref())?;
                Ok(done.then_some(0))
            });
            if let Some(done) = done {
                return done;
            }
        }
        ffi::PyObject_GenericSetAttr(object, name, value)
    }
}

/// # Safety
/// It is a string.
unsafe fn assume_name<'a, 'py>(name: &'a Object<'py>) -> &'a Name<'py> {
    // SAFETY: laid out as the object.
    unsafe { &*ptr::from_ref(name).cast() }
}

/// Whether the class of an object itself has something of that name. What is raised just now stays.
pub(crate) fn own_method(object: &Object<'_>, name: &Name<'_>) -> bool {
    own_attribute(&object.class(), &name.0).is_some()
}

/// An attribute as instances of `class` have it, for `this` in place of one: what the class has of that name, bound. What
/// builtin classes have is left out.
pub(crate) fn attribute_of_class<'py>(
    class: &Object<'py>,
    this: &Object<'py>,
    name: &Name<'_>,
) -> PyResult<Option<Object<'py>>> {
    let py = class.py();
    let bases = class.getattr(c"__mro__")?;
    for base in bases.items()? {
        let Some(found) = own_attribute(&base, &name.0) else { continue };
        // SAFETY: live objects; a type's function is called as CPython calls it.
        return unsafe {
            match (*ffi::Py_TYPE(found.as_ptr())).tp_descr_get {
                Some(bind) => {
                    Object::owned(py, bind(found.as_ptr(), this.as_ptr(), class.as_ptr())).map(Some)
                }
                None => Ok(Some((*found).clone())),
            }
        };
    }
    Ok(None)
}
