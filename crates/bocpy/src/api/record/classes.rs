//! Which class is whose shape's, in each interpreter.

use super::shape::Shape;
use super::shape_object;
use crate::ffi::args::Args;
use crate::ffi::error::{self, Kind};
use crate::ffi::method::Function;
use crate::ffi::subclass::own_attribute;
use crate::ffi::{Object, PyResult, Python, text, weak};
use crate::interpreter::{PerInterpreter, Resident};
use crate::transport::by_reference::{Opening, Taking};
use crate::transport::portable::Portable;
use parking_lot::Mutex;
use std::ffi::CStr;
use std::sync::OnceLock;

/// Weak references to the classes of this interpreter, by the numbers of their shapes.
static CLASSES: PerInterpreter<Mutex<Vec<Option<Resident>>>> = PerInterpreter::new(Mutex::default);

/// The name of the member of a class that has its shape.
static SHAPE: PerInterpreter<OnceLock<Resident>> = PerInterpreter::new(OnceLock::new);

/// The shape of a class. `None`: it was not made by `@record`.
pub(super) fn shape_of(class: &Object<'_>) -> Option<&'static Shape> {
    let py = class.py();
    let place = SHAPE.here(py);
    if place.get().is_none() {
        match text::intern(py, "__record_shape__") {
            Ok(name) => _ = place.set(Resident::new(name)),
            Err(_) => error::clear(py),
        }
    }
    let name = place.get()?.peek(py)?;
    let member = own_attribute(class, &name)?;
    shape_object::shape_of(&member)
}

/// Says which class is that shape's here.
pub(super) fn register(class: &Object<'_>, shape: &'static Shape) -> PyResult<()> {
    let py = class.py();
    let reference = Resident::new(weak::reference(class)?);
    let before = {
        let mut classes = CLASSES.here(py).lock();
        if classes.len() <= shape.number {
            classes.resize_with(shape.number + 1, || None);
        }
        classes[shape.number].replace(reference)
    };
    drop(before);
    Ok(())
}

/// The same where that may have been said before.
pub(super) fn register_if_new(class: &Object<'_>, shape: &'static Shape) -> PyResult<()> {
    if registered(class.py(), shape).is_some() { Ok(()) } else { register(class, shape) }
}

fn registered<'py>(py: Python<'py>, shape: &Shape) -> Option<Object<'py>> {
    let reference = CLASSES.here(py).lock().get(shape.number)?.as_ref()?.open(py)?;
    weak::target(&reference)
}

/// The class of records of that shape in this interpreter, which may have to be brought here first.
pub(super) fn class_of<'py>(py: Python<'py>, shape: &'static Shape) -> PyResult<Object<'py>> {
    if let Some(class) = registered(py, shape) {
        return Ok(class);
    }
    let Some(definition) = shape.definition.get() else {
        let message = format!("the class of this record, {}, is not there any more", shape.name);
        return Err(error::raise(py, Kind::Runtime, &message));
    };
    let class = definition.decode(py, Opening::Copy)?;
    let found = shape_of(&class);
    if !found.is_some_and(|found| found.is_like(shape)) {
        let message = format!(
            "this record cannot be opened here: its class, {}.{}, has other fields in this interpreter than where the record \
             was made. Give the class the same fields each time that its module is imported",
            shape.module, shape.name
        );
        return Err(error::raise(py, Kind::Runtime, &message));
    }
    register(&class, shape)?;
    Ok(class)
}

/// A record of that class is about to leave: sees to it that other interpreters can find the class.
pub(super) fn prepare(class: &Object<'_>, shape: &'static Shape) -> PyResult<()> {
    if shape.definition.get().is_some() {
        return Ok(());
    }
    if !shape_of(class).is_some_and(|own| std::ptr::eq(own, shape)) {
        let message = format!(
            "this record was made as a {}, and another class has been assigned to its __class__: it cannot be moved as that",
            shape.name
        );
        return Err(error::raise(class.py(), Kind::Type, &message));
    }
    let definition = Portable::encode(class, Taking::Copy)?;
    register(class, shape)?;
    // Another thread may have been faster, with the same.
    let _ = shape.definition.set(definition);
    Ok(())
}

/// `_register_record(class)`: the class is new, and the one of its shape.
pub(crate) struct Register;

impl Function for Register {
    const NAME: &'static CStr = c"_register_record";
    const DOC: &'static CStr = c"A class of records has been made.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        if let [class] = args.positional()
            && let Some(shape) = shape_of(class)
        {
            register(class, shape)?;
        }
        Ok(py.none())
    }
}
