//! The shape of a record class, as a member of the class.

use super::format::Format;
use super::shape::{Options, Shape, shape_of_number};
use crate::ffi::args::Args;
use crate::ffi::class::{Class, Instance, Just, Native, Referable};
use crate::ffi::error::{self, Kind};
use crate::ffi::method::{self, Function, Method, MethodDef, Property, PropertyDef};
use crate::ffi::{Dict, Object, PyResult, Python, Tuple, module, number, text};
use crate::interpreter::{PerInterpreter, State};
use std::ffi::CStr;
use std::sync::OnceLock;

type ShapeObject = Just<&'static Shape>;

static CLASS: PerInterpreter<Class<ShapeObject>> = PerInterpreter::to_be_filled();

pub(crate) fn set_up<'py>(py: Python<'py>, module: &Object<'py>, state: &State) -> PyResult<()> {
    let class = CLASS.fill(state, Class::new(py, module)?);
    module.setattr(c"_Shape", &class.as_object(py))
}

/// The shape that an object stands for.
pub(super) fn shape_of(object: &Object<'_>) -> Option<&'static Shape> {
    Class::find_exact(object, || CLASS.here(object.py())).map(|shape| shape.0)
}

/// A number that tells this process from others.
fn process() -> u64 {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    *PROCESS.get_or_init(|| {
        use std::hash::{BuildHasher, Hasher, RandomState};
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.finish()
    })
}

impl Native for ShapeObject {
    const NAME: &'static CStr = c"bocpy._core._Shape";
    const DOC: &'static CStr = c"_Shape(module, name, fields, ordered, frozen)\n--\n\nThe shape of a record class. `fields`: a tuple \
        of a name, a code of `struct`, and, if there is one, the default, for each.";
    type Extra = Referable;

    fn methods() -> Vec<MethodDef<Self>> {
        vec![method::method::<Reduce>()]
    }

    fn properties() -> Vec<PropertyDef<Self>> {
        vec![method::property::<Size>(), method::property::<Names>()]
    }

    fn create<'py>(py: Python<'py>, args: &Tuple<'py>, _: Option<&Dict<'py>>) -> PyResult<Self> {
        if args.len() != 5 {
            return Err(error::raise(py, Kind::Type, "_Shape() takes five arguments"));
        }
        let parts = [args.item(0)?, args.item(1)?, args.item(2)?, args.item(3)?, args.item(4)?];
        let text = |part: &Object<'py>| match part.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(error::raise(py, Kind::Type, "a name must be a str")),
        };
        let mut fields = Vec::new();
        for field in parts[2].try_tuple()?.items()? {
            let field = field.try_tuple()?;
            let (name, code) = (text(&*field.item(0)?)?, text(&*field.item(1)?)?);
            let Some(format) = Format::of_code(&code) else {
                let message =
                    format!("the field '{name}' has the format '{code}', which a record cannot have");
                return Err(error::raise(py, Kind::Type, &message));
            };
            let default = if field.len() > 2 { Some((*field.item(2)?).clone()) } else { None };
            fields.push((name.into(), format, default));
        }
        let options = Options { ordered: parts[3].is_true()?, frozen: parts[4].is_true()? };
        Ok(Just(Shape::make(py, (&text(&parts[0])?, &text(&parts[1])?), fields, options)?))
    }

    fn repr<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>> {
        let shape = this.value().0;
        text::string(py, &format!("<shape of the record {}: {}>", shape.name, shape.buffer_format()))
    }
}

struct Size;

impl Property for Size {
    type Of = ShapeObject;
    const NAME: &'static CStr = c"size";
    const DOC: &'static CStr = c"Bytes of a record.";
    fn get<'py>(py: Python<'py>, this: &Instance<'py, ShapeObject>) -> PyResult<Object<'py>> {
        number::uint(py, this.value().0.size as u64)
    }
}

struct Names;

impl Property for Names {
    type Of = ShapeObject;
    const NAME: &'static CStr = c"names";
    const DOC: &'static CStr = c"The names of the fields.";
    fn get<'py>(py: Python<'py>, this: &Instance<'py, ShapeObject>) -> PyResult<Object<'py>> {
        let names: PyResult<Vec<_>> =
            this.value().0.fields.iter().map(|field| text::intern(py, &field.name)).collect();
        Ok(Tuple::new(py, names?)?.into())
    }
}

struct Reduce;

impl Method for Reduce {
    type Of = ShapeObject;
    const NAME: &'static CStr = c"__reduce__";
    const DOC: &'static CStr = c"__reduce__($self, /)\n--\n\nFor pickle.";

    fn call<'py>(
        py: Python<'py>,
        this: &Instance<'py, ShapeObject>,
        _: Args<'_, 'py>,
    ) -> PyResult<Object<'py>> {
        let shape = this.value().0;
        let mut fields = Vec::new();
        for field in &shape.fields {
            let mut parts = vec![text::string(py, &field.name)?, text::string(py, &field.format.code())?];
            if field.has_default {
                parts.push(field.format.open(py, field.of(&shape.blank))?);
            }
            fields.push(Tuple::new(py, parts)?.into());
        }
        let parts = vec![
            number::uint(py, process())?,
            number::uint(py, shape.number as u64)?,
            text::string(py, &shape.module)?,
            text::string(py, &shape.name)?,
            Tuple::new(py, fields)?.into(),
            number::boolean(py, shape.options.ordered),
            number::boolean(py, shape.options.frozen),
        ];
        let function = module::import_from(py, "bocpy._core", c"_shape")?;
        Ok(Tuple::new(py, vec![function, Tuple::new(py, parts)?.into()])?.into())
    }
}

/// `_shape(process, number, module, name, fields, ordered, frozen)`: what a pickled shape was: in its process, itself.
pub(crate) struct Unpickle;

impl Function for Unpickle {
    const NAME: &'static CStr = c"_shape";
    const DOC: &'static CStr = c"A shape that was pickled.";

    fn call<'py>(py: Python<'py>, _: &Object<'py>, args: Args<'_, 'py>) -> PyResult<Object<'py>> {
        let class = CLASS.here(py);
        let values = args.positional();
        let [from, number, rest @ ..] = values else {
            return Err(error::raise(py, Kind::Type, "_shape() takes seven arguments"));
        };
        let is_ours = from.as_int().and_then(|from| from.to_u64()) == Some(process());
        let number = number.as_int().and_then(|number| number.to_u64());
        if let Some(shape) = number.filter(|_| is_ours).and_then(|number| shape_of_number(number as usize)) {
            return class.instance(py, Just(shape));
        }
        class.as_object(py).call_slice(rest)
    }
}
