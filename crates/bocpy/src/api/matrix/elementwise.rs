//! Operations on each element: rounding, roots, limits, bins.

use super::arguments::{count, flag, given, is_sequence, needed, number, numbers, raise};
use super::arithmetic::in_place;
use super::data::{MatrixData, read, wrap};
use super::operand::{Handle, Input, from_to, output};
use crate::ffi::args::Args;
use crate::ffi::class::Instance;
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::transport::by_reference::ByReference;
use boc_matrix::{Bins, Error, Matrix, Unary};

/// Where a result goes.
enum To<'a, 'py> {
    New,
    This,
    Output(&'a Object<'py>, &'a Handle),
}

impl<'a, 'py> To<'a, 'py> {
    fn of(
        py: Python<'py>,
        this: &Instance<'py, Handle>,
        in_place: Option<&Object<'py>>,
        out: Option<&'a Object<'py>>,
    ) -> PyResult<To<'a, 'py>> {
        let in_place = flag(in_place)?;
        match (in_place, given(out), output(py, out)?) {
            (true, Some(_), _) => {
                Err(error::raise(py, Kind::Value, "give out, or in_place=True, but not both"))
            }
            (true, None, _) => Ok(To::This),
            (false, Some(_), Some(handle)) if std::ptr::eq(handle, this.value()) => Ok(To::This),
            (false, Some(object), Some(handle)) => Ok(To::Output(object, handle)),
            _ => Ok(To::New),
        }
    }

    /// `new` makes a new matrix, `change` changes this one, `assign` writes to another what it makes of this one.
    fn deliver(
        self,
        py: Python<'py>,
        this: &Instance<'py, Handle>,
        new: impl FnOnce(&Matrix) -> Result<Matrix, Error>,
        change: impl FnOnce(&mut Matrix) -> Result<(), Error>,
        assign: impl FnOnce(&mut Matrix, &Matrix) -> Result<(), Error>,
    ) -> PyResult<Object<'py>> {
        match self {
            To::New => wrap(py, read(py, this.value(), new)?),
            To::This => in_place(py, this, change),
            To::Output(object, handle) => {
                from_to(py, this.value(), handle, |input, to| assign(to, input))?;
                Ok(object.clone())
            }
        }
    }
}

fn unary<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    args: &Args<'_, 'py>,
    name: &str,
    operation: Unary,
) -> PyResult<Object<'py>> {
    if args.are_positional() && args.positional().is_empty() {
        return wrap(py, read(py, this.value(), |matrix| matrix.unary(operation))?);
    }
    let [in_place, out] = args.bind(name, ["in_place", "out"], 0)?;
    apply(py, this, in_place, out, operation)
}

fn apply<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    in_place: Option<&Object<'py>>,
    out: Option<&Object<'py>>,
    operation: Unary,
) -> PyResult<Object<'py>> {
    To::of(py, this, in_place, out)?.deliver(
        py,
        this,
        |matrix| matrix.unary(operation),
        |matrix| {
            matrix.unary_in_place(operation);
            Ok(())
        },
        |to, input| to.assign_unary(operation, input),
    )
}

macro_rules! unary_methods {
    ($($name:ident $python:literal $text:literal $doc:expr;)*) => {
        methods! { Handle;
            $($name, $python, $doc, |py, this, args| unary(py, this, &args, $text, Unary::$name);)*

            Clip, c"clip", doc!("clip($self, /, min=None, max=None, *, in_place=False, out=None)", MATRIX_CLIP),
            |py, this, args| {
                let [least, greatest, in_place, out] = args.bind("clip", ["min", "max", "in_place", "out"], 2)?;
                let limit = |limit: Option<&Object<'py>>, what| given(limit).map(|limit| number(py, limit, what)).transpose();
                let operation = Unary::clip(limit(least, "min")?, limit(greatest, "max")?);
                apply(py, this, in_place, out, operation.map_err(|error| raise(py, error))?)
            };
            Bin, c"bin", doc!("bin($self, /, bins, *, bounds=None, right=False, in_place=False, out=None)", MATRIX_BIN),
            |py, this, args| {
                let [bins, bounds, right, in_place, out] =
                    args.bind("bin", ["bins", "bounds", "right", "in_place", "out"], 1)?;
                let bins = needed(py, "bin", "bins", bins)?;
                if bins.is_index() && bins.to_index()? < 1 {
                    return Err(error::raise(py, Kind::Value, "bin: the number of bins has to be at least 1"));
                }
                let (bins, right) = (count(py, bins, "the number of bins")?, flag(right)?);
                let bins = match given(bounds) {
                    Some(bounds) => {
                        let [least, greatest] = pair(py, bounds)?;
                        Bins::equal(bins, least, greatest, right).map_err(|error| raise(py, error))?
                    }
                    None => read(py, this.value(), |matrix| Bins::spanning(matrix, bins, right))?,
                };
                sort_into(py, this, in_place, out, &bins)
            };
            Digitize, c"digitize", doc!("digitize($self, /, edges, *, right=False, in_place=False, out=None)", MATRIX_DIGITIZE),
            |py, this, args| {
                let [edges, right, in_place, out] =
                    args.bind("digitize", ["edges", "right", "in_place", "out"], 1)?;
                let edges = edges_of(py, needed(py, "digitize", "edges", edges)?)?;
                let bins = Bins::edges(&edges, flag(right)?).map_err(|error| raise(py, error))?;
                sort_into(py, this, in_place, out, &bins)
            };
        }
    };
}

unary_methods! {
    Ceil c"ceil" "ceil" doc!("ceil($self, /, *, in_place=False, out=None)", MATRIX_CEIL);
    Floor c"floor" "floor" doc!("floor($self, /, *, in_place=False, out=None)", MATRIX_FLOOR);
    Round c"round" "round" doc!("round($self, /, *, in_place=False, out=None)", MATRIX_ROUND);
    Negate c"negate" "negate" doc!("negate($self, /, *, in_place=False, out=None)", MATRIX_NEGATE);
    Abs c"abs" "abs" doc!("abs($self, /, *, in_place=False, out=None)", MATRIX_ABS);
    Sqrt c"sqrt" "sqrt" doc!("sqrt($self, /, *, in_place=False, out=None)", MATRIX_SQRT);
    Reciprocal c"reciprocal" "reciprocal" doc!("reciprocal($self, /, *, in_place=False, out=None)", MATRIX_RECIPROCAL);
    Sign c"sign" "sign" doc!("sign($self, /, *, in_place=False, out=None)", MATRIX_SIGN);
    Sin c"sin" "sin" doc!("sin($self, /, *, in_place=False, out=None)", MATRIX_SIN);
    Cos c"cos" "cos" doc!("cos($self, /, *, in_place=False, out=None)", MATRIX_COS);
}

fn sort_into<'py>(
    py: Python<'py>,
    this: &Instance<'py, Handle>,
    in_place: Option<&Object<'py>>,
    out: Option<&Object<'py>>,
    bins: &Bins,
) -> PyResult<Object<'py>> {
    To::of(py, this, in_place, out)?.deliver(
        py,
        this,
        |matrix| matrix.digitize(bins),
        |matrix| {
            matrix.digitize_in_place(bins);
            Ok(())
        },
        |to, input| {
            let (needed, given) = (input.shape(), to.shape());
            if needed != given {
                return Err(Error::Output { operation: "digitize", needed, given });
            }
            to.iter_mut().zip(input.iter()).for_each(|(to, &x)| *to = bins.number(x));
            Ok(())
        },
    )
}

/// Two bounds.
fn pair(py: Python<'_>, bounds: &Object<'_>) -> PyResult<[f64; 2]> {
    if is_sequence(bounds)
        && let [least, greatest] = &bounds.items()?[..]
    {
        return Ok([number(py, least, "a bound")?, number(py, greatest, "a bound")?]);
    }
    Err(error::raise(py, Kind::Value, "bounds are (least, greatest): two numbers"))
}

/// The edges between bins.
fn edges_of(py: Python<'_>, object: &Object<'_>) -> PyResult<Matrix> {
    if is_sequence(object) {
        return numbers(py, object, None);
    }
    let input = if let Some(handle) = MatrixData::of(object) {
        Input::Object(handle)
    } else {
        Input::needed(py, object, "edges")?
    };
    let edges = match input {
        Input::Made(edges) => edges,
        Input::Object(handle) => read(py, handle, Matrix::try_clone)?,
        Input::Number(_) => return Err(error::raise(py, Kind::Type, "edges are a vector, not a number")),
    };
    if edges.rows() > 1 && edges.columns() > 1 {
        return Err(error::raise(
            py,
            Kind::Value,
            &format!("edges are a vector, not a matrix of {}", edges.shape()),
        ));
    }
    Ok(edges)
}
