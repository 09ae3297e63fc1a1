//! Random numbers: a stream for each interpreter.

use super::arguments::{given, needed, number as real, raise, shape};
use super::data::wrap;
use super::operand::Handle;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, number};
use crate::interpreter::PerInterpreter;
use boc_matrix::{Error, Matrix, Random};
use parking_lot::Mutex;

/// None until it is first used.
static STREAM: PerInterpreter<Mutex<Option<Random>>> = PerInterpreter::new(Mutex::default);

/// Calls `f` with this interpreter's stream.
fn with_stream<R>(py: Python<'_>, f: impl FnOnce(&mut Random) -> Result<R, Error>) -> PyResult<R> {
    let mut stream = STREAM.here(py).lock();
    let result = match &mut *stream {
        Some(stream) => f(stream),
        none => match Random::from_system() {
            Ok(random) => f(none.insert(random)),
            Err(error) => Err(error),
        },
    };
    drop(stream);
    result.map_err(|error| raise(py, error))
}

fn draw<'py>(
    py: Python<'py>,
    parameters: [Option<&Object<'py>>; 3],
    names: [&str; 2],
    usual: [f64; 2],
    one: impl FnOnce(&mut Random, f64, f64) -> Result<f64, Error>,
    many: impl FnOnce(&mut Random, boc_matrix::Shape, f64, f64) -> Result<Matrix, Error>,
) -> PyResult<Object<'py>> {
    let [first, second, size] = parameters;
    let parameter =
        |value, name, usual| given(value).map_or(Ok(usual), |value: &Object<'py>| real(py, value, name));
    let (first, second) = (parameter(first, names[0], usual[0])?, parameter(second, names[1], usual[1])?);
    match given(size) {
        None => number::float(py, with_stream(py, |random| one(random, first, second))?),
        Some(size) => {
            let shape = shape(py, size)?;
            wrap(py, with_stream(py, |random| many(random, shape, first, second))?)
        }
    }
}

class_methods! { Handle;
    Uniform, c"uniform", doc!("uniform($type, minval=0.0, maxval=1.0, size=None)", MATRIX_UNIFORM), |py, args| {
        let names = ["minval", "maxval"];
        let bound = args.bind("uniform", ["minval", "maxval", "size"], 3)?;
        draw(py, bound, names, [0.0, 1.0], |random, least, limit| random.uniform(least, limit), Matrix::uniform)
    };
    Normal, c"normal", doc!("normal($type, mean=0.0, stddev=1.0, size=None)", MATRIX_NORMAL), |py, args| {
        let names = ["mean", "stddev"];
        let bound = args.bind("normal", ["mean", "stddev", "size"], 3)?;
        draw(py, bound, names, [0.0, 1.0], |random, mean, deviation| random.normal(mean, deviation), Matrix::normal)
    };
    Seed, c"seed", doc!("seed($type, value)", MATRIX_SEED), |py, args| {
        let [value] = args.bind("seed", ["value"], 1)?;
        let value = needed(py, "seed", "value", value)?;
        let Some(int) = value.as_int() else {
            let message = format!("a seed is an int, not a {}", value.class_name());
            return Err(error::raise(py, Kind::Type, &message));
        };
        *STREAM.here(py).lock() = Some(Random::new(int.to_wrapped_u64()?));
        Ok(py.none())
    };
}
