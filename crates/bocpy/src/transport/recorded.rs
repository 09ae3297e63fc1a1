//! `__record__`: objects of any class may say which record stands for them. That goes in their place.

use super::by_reference::is_reference;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Dict, List, Object, PyResult, Tuple, special};
use rustc_hash::FxHashMap;

/// The record that stands for an object. `None`: its class has no such method.
pub(crate) fn recorded<'py>(object: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    if !special::may_have(object) {
        return Ok(None);
    }
    let py = object.py();
    let Some(method) = special::method_of_class(object, c"__record__")? else { return Ok(None) };
    let class = object.class_name();
    let record = match method.call(&[object]) {
        Ok(record) => record,
        // Those who are told to stop are not told why by us.
        Err(raised) if !error::is(py, Kind::Exception) => return Err(raised),
        Err(_) => {
            let message = format!("{class}.__record__(), which is to return the record to send, has raised");
            return Err(error::raise_from(py, Kind::Type, &message));
        }
    };
    if !is_reference(&record) {
        let message = format!(
            "{class}.__record__() returned an object of type '{}': it must return a record, that is an instance of a class \
             made by @record",
            record.class_name()
        );
        return Err(error::raise(py, Kind::Type, &message));
    }
    Ok(Some(record))
}

/// Whether the class of an object has such a method. What is raised just now stays.
pub(crate) fn has_method(object: &Object<'_>) -> bool {
    special::may_have(object)
        && error::aside(object.py(), || {
            special::method_of_class(object, c"__record__").is_ok_and(|method| method.is_some())
        })
}

/// A copy of a list, tuple or dict, and of those in it, in which records stand in the place of such objects. `None` if there
/// are none.
pub(crate) fn with_records<'py>(container: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    Replacing::default().replaced(container, 0)
}

/// Deeper containers are left as they are.
const DEPTH: usize = 100;

#[derive(Default)]
struct Replacing<'py> {
    /// What has been looked at, by address, and what stands in its place. `None` also for what is being looked at.
    seen: FxHashMap<usize, Option<Object<'py>>>,
    /// So that no other object gets the address of one.
    kept: Vec<Object<'py>>,
}

impl<'py> Replacing<'py> {
    fn replaced(&mut self, object: &Object<'py>, depth: usize) -> PyResult<Option<Object<'py>>> {
        let is_of_program = special::may_have(object);
        let is_container = !is_of_program && (object.is_list() || object.is_tuple() || object.is_dict());
        if depth == DEPTH || !(is_container || is_of_program) {
            return Ok(None);
        }
        if let Some(seen) = self.seen.get(&object.address()) {
            return Ok(seen.clone());
        }
        self.kept.push(object.clone());
        self.seen.insert(object.address(), None);
        let replaced = if is_of_program {
            recorded(object)?
        } else if let Some(dict) = object.as_dict() {
            self.dict(dict, depth)?
        } else {
            self.sequence(object, depth)?
        };
        self.seen.insert(object.address(), replaced.clone());
        Ok(replaced)
    }

    fn sequence(&mut self, object: &Object<'py>, depth: usize) -> PyResult<Option<Object<'py>>> {
        let mut items = object.items()?;
        let mut changed = false;
        for item in &mut items {
            if let Some(replaced) = self.replaced(item, depth + 1)? {
                *item = replaced;
                changed = true;
            }
        }
        match changed {
            false => Ok(None),
            true if object.is_list() => Ok(Some(List::new(object.py(), items)?.into())),
            true => Ok(Some(Tuple::new(object.py(), items)?.into())),
        }
    }

    fn dict(&mut self, dict: &Dict<'py>, depth: usize) -> PyResult<Option<Object<'py>>> {
        // A copy, as the methods may change it.
        let copy = dict.copy()?;
        let mut changes = Vec::new();
        let mut position = 0;
        while let Some((key, value)) = copy.next(&mut position) {
            if let Some(replaced) = self.replaced(&value, depth + 1)? {
                changes.push((key, replaced));
            }
        }
        if changes.is_empty() {
            return Ok(None);
        }
        for (key, value) in changes {
            copy.set(&key, &value)?;
        }
        Ok(Some(copy.into()))
    }
}
