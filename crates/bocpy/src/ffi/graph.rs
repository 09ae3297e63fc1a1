//! The objects that a value consists of, and other references to them.

use super::builtin::Builtin;
use super::function::PyFunction;
use super::module;
use super::object::{Borrowed, Object};
use super::{PyResult, Raised};
use pyo3_ffi as ffi;
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::ffi::{CStr, c_int, c_void};

/// No more objects of one value than this are listed.
pub(crate) const MOST: usize = 64;

/// For each value: some of the objects in it that are also referred to from another of the values, or from elsewhere. The
/// largest value is left out: parts that it shares with another are found from there. `own`: how many references to each
/// value are the caller's. `is_leaf`: objects that may be shared, beside those of Python's own types that cannot change,
/// classes, modules, and functions that have nothing of their own.
///
/// The method is that of CPython's garbage collector: an object to which there are more references than those that are
/// found in the value is referred to from elsewhere. It takes about twice as long as to go through the second largest
/// value.
pub(crate) fn shared_parts<'py>(
    values: &[Object<'py>],
    own: usize,
    is_leaf: impl Fn(&Object<'py>) -> bool,
) -> Vec<Vec<Object<'py>>> {
    let mut walks: SmallVec<[Walk<'_, 'py>; 2]> =
        values.iter().map(|value| Walk::new(value, own, &is_leaf)).collect();
    // In turns, so that only a small part is visited of a value that is much larger than the others.
    let mut parts = 64;
    // Nobody looks into a class or module, so parts that one of those shares with another must be found from there.
    let left_out = usize::from(!values.iter().any(is_common));
    while walks.iter().filter(|walk| !walk.is_done()).count() > left_out {
        walks.iter_mut().for_each(|walk| walk.go_on(parts));
        parts *= 2;
    }
    walks.iter().map(|walk| if walk.is_done() { walk.shared() } else { Vec::new() }).collect()
}

/// A way through all objects of a value. No Python code runs from its beginning to its end, so they all stay.
struct Walk<'a, 'py> {
    value: &'a Object<'py>,
    is_leaf: &'a dyn Fn(&Object<'py>) -> bool,
    /// How many references to the value have been found or are known.
    found: usize,
    /// The same for each other object with several references.
    others: FxHashMap<*mut ffi::PyObject, usize>,
    /// Objects whose parts are still to be looked at.
    ahead: SmallVec<[*mut ffi::PyObject; 16]>,
}

impl<'a, 'py> Walk<'a, 'py> {
    fn new(value: &'a Object<'py>, own: usize, is_leaf: &'a dyn Fn(&Object<'py>) -> bool) -> Self {
        let is_leaf_itself = is_plain(value) || is_common(value) || is_leaf(value);
        let (found, ahead) = match is_leaf_itself {
            true => (value.references(), SmallVec::new()),
            false => (own, smallvec![value.as_ptr()]),
        };
        Walk { value, is_leaf, found, others: FxHashMap::default(), ahead }
    }

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    /// Looks at about that number of parts.
    fn go_on(&mut self, mut parts: usize) {
        while let Some(&object) = self.ahead.last() {
            // SAFETY: alive, since the value is.
            let size = 1 + unsafe { Borrowed::new(self.value.py(), object) }.size();
            if size > parts {
                return;
            }
            parts -= size;
            self.ahead.pop();
            if self.go_into_function(object) {
                continue;
            }
            // SAFETY: as above. A type that takes part in garbage collection can be traversed, which changes nothing.
            unsafe {
                let class = ffi::Py_TYPE(object);
                if ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) != 0
                    && let Some(traverse) = (*class).tp_traverse
                {
                    traverse(object, Walk::visit, (&raw mut *self).cast());
                }
            }
        }
    }

    /// Of a function only what is its own: its globals belong to all.
    fn go_into_function(&mut self, object: *mut ffi::PyObject) -> bool {
        // SAFETY: alive, since the value is.
        let object = unsafe { Borrowed::new(self.value.py(), object) };
        let Some(function) = object.as_function() else { return false };
        for part in own_parts(function).into_iter().flatten() {
            self.meet(part);
        }
        true
    }

    unsafe extern "C" fn visit(object: *mut ffi::PyObject, walk: *mut c_void) -> c_int {
        // SAFETY: called by `go_on` only, with its walk, and with objects that are alive as long as the one they are in.
        unsafe { (*walk.cast::<Walk<'_, '_>>()).meet(object) };
        0
    }

    /// One reference has been found.
    #[inline]
    fn meet(&mut self, object: *mut ffi::PyObject) {
        // SAFETY: alive, say the callers.
        let met = unsafe { Borrowed::new(self.value.py(), object) };
        if is_plain(&met) {
            return;
        }
        if met.references() == 1 {
            // This is the only reference, so we don't visit the object again.
            self.ahead.push(object);
        } else {
            self.meet_again(&met);
        }
    }

    fn meet_again(&mut self, met: &Object<'py>) {
        let object = met.as_ptr();
        if object == self.value.as_ptr() {
            self.found += 1;
        } else if let Some(found) = self.others.get_mut(&object) {
            *found += 1;
        } else if !is_common(met) && !(self.is_leaf)(met) {
            self.others.insert(object, 1);
            self.ahead.push(object);
        }
    }

    /// Objects to which there are other references than those that have been found.
    fn shared(&self) -> Vec<Object<'py>> {
        let others = self.others.iter().map(|(&object, &found)| {
            // SAFETY: alive, since the value is.
            (unsafe { Object::new_ref(self.value.py(), object) }, found + 1) // and this reference
        });
        let all = [(self.value.clone(), self.found + 1)].into_iter().chain(others);
        // A function that is found by its name is the same for everybody, whatever is in it.
        let shared = all.filter(|(object, found)| object.references() != *found && !has_name(object));
        shared.map(|(object, _)| object).take(MOST).collect()
    }
}

/// Whether an object refers to no others, and nobody can change it.
#[inline]
fn is_plain(object: &Object<'_>) -> bool {
    use Builtin::{Bool, Bytes, Complex, Float, Int, None, Str};
    matches!(object.builtin(), Some(None | Bool | Int(_) | Float | Complex(_) | Str(_) | Bytes))
}

/// Whether an object is the same for everybody.
fn is_common(object: &Object<'_>) -> bool {
    object.is_class() || object.is_module() || is_enum_member(object) || is_simple_function(object)
}

/// A function without closure and defaults.
fn is_simple_function(object: &Object<'_>) -> bool {
    object.as_function().is_some_and(|function| own_parts(function).iter().all(Option::is_none))
}

/// The closure and the defaults of a function.
fn own_parts(function: &PyFunction<'_>) -> [Option<*mut ffi::PyObject>; 3] {
    let as_ptr = |part: &Object<'_>| part.as_ptr();
    [
        function.closure().as_deref().map(|part| as_ptr(part)),
        function.defaults().as_deref().map(|part| as_ptr(part)),
        function.kw_defaults().as_deref().map(as_ptr),
    ]
}

/// Whether a function is what its module has under its name.
fn has_name(object: &Object<'_>) -> bool {
    object.as_function().is_some() && module::is_global(object)
}

/// Members of enumerations are one object each wherever they go.
fn is_enum_member(object: &Object<'_>) -> bool {
    // SAFETY: a type, the type of that, and so on to the last base, have names.
    unsafe {
        let mut class = ffi::Py_TYPE(ffi::Py_TYPE(object.as_ptr()).cast());
        while !class.is_null() && class != &raw mut ffi::PyType_Type {
            let name = CStr::from_ptr((*class).tp_name);
            if name == c"EnumType" || name == c"EnumMeta" {
                // Anybody may give a class that name.
                let known = module::imported_class(object.py(), c"enum", c"EnumMeta");
                return known.is_some_and(|known| known.as_ptr() == class.cast());
            }
            class = (*class).tp_base;
        }
        false
    }
}

/// The `repr` of an object is being made.
pub(crate) struct Repr<'a, 'py>(&'a Object<'py>);

impl<'a, 'py> Repr<'a, 'py> {
    /// `None` if that is so already: the object is a part of itself. Raises `RecursionError` where parts are nested too deep.
    pub(crate) fn enter(object: &'a Object<'py>) -> PyResult<Option<Self>> {
        // SAFETY: a live object; what is entered is left when this is dropped.
        unsafe {
            if ffi::Py_EnterRecursiveCall(c" while getting the repr of a cown".as_ptr()) != 0 {
                return Err(Raised);
            }
            match ffi::Py_ReprEnter(object.as_ptr()) {
                0 => Ok(Some(Repr(object))),
                inside => {
                    ffi::Py_LeaveRecursiveCall();
                    if inside > 0 { Ok(None) } else { Err(Raised) }
                }
            }
        }
    }
}

impl Drop for Repr<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: entered before. `Py_ReprLeave` keeps an error that is raised as it is.
        unsafe {
            ffi::Py_ReprLeave(self.0.as_ptr());
            ffi::Py_LeaveRecursiveCall();
        }
    }
}
