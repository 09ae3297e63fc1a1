//! `<` and its like: one answer for the whole matrix.

use super::arguments::{flag, needed, number as real, raise};
use super::data::read;
use super::operand::{Handle, Input, with_matrices};
use crate::ffi::class::{Comparison, Instance};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python, Raised, number};
use boc_matrix::Error;
use std::cmp::Ordering;

/// `this comparison other`; `None` where the other one is nothing that a matrix is compared with.
pub(super) fn compare<'py>(
    this: &Instance<'py, Handle>,
    other: &Object<'py>,
    comparison: Comparison,
) -> PyResult<Option<Object<'py>>> {
    let py = this.py();
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let input = match Input::of(py, other) {
        Ok(Some(input)) => input,
        Ok(None) => return Ok(None),
        // A list that cannot be a row is just not equal; nor is an int that no float can be.
        Err(Raised)
            if equality
                && [Kind::Type, Kind::Value, Kind::Overflow].iter().any(|&kind| error::is(py, kind)) =>
        {
            error::clear(py);
            return Ok(Some(number::boolean(py, comparison == Comparison::NotEqual)));
        }
        Err(Raised) => return Err(Raised),
    };
    let order = order(py, this.value(), &input)?;
    let holds = match (order, comparison) {
        (Ok(order), Comparison::Less) => order.is_lt(),
        (Ok(order), Comparison::LessOrEqual) => order.is_le(),
        (Ok(order), Comparison::Greater) => order.is_gt(),
        (Ok(order), Comparison::GreaterOrEqual) => order.is_ge(),
        (Ok(order), Comparison::Equal) => order.is_eq(),
        (Ok(order), Comparison::NotEqual) => order.is_ne(),
        (Err(_), Comparison::Equal) => false,
        (Err(_), Comparison::NotEqual) => true,
        (Err(error), _) => return Err(raise(py, error)),
    };
    Ok(Some(number::boolean(py, holds)))
}

/// How a matrix stands to another one, or to a number. The inner error: they cannot be compared.
fn order(py: Python<'_>, this: &Handle, other: &Input<'_>) -> PyResult<Result<Ordering, Error>> {
    match other {
        Input::Number(number) => {
            // The first element that is less or greater decides; NaN never does.
            let decides = |value: &f64| value.partial_cmp(number).filter(|order| order.is_ne());
            read::<_, Error>(py, this, |matrix| {
                Ok(Ok(matrix.iter().find_map(decides).unwrap_or(Ordering::Equal)))
            })
        }
        other => with_matrices(py, &Input::Object(this), other, |matrix, other| Ok(matrix.compare(other))),
    }
}

class_methods! { Handle;
    AllClose, c"allclose",
    doc!("allclose($type, lhs, rhs, rtol=1e-05, atol=1e-08, equal_nan=False)", MATRIX_ALLCLOSE),
    |py, args| {
        let names = ["lhs", "rhs", "rtol", "atol", "equal_nan"];
        let [left, right, relative, absolute, equal_nan] = args.bind("allclose", names, 5)?;
        let left = Input::matrix(py, needed(py, "allclose", "lhs", left)?, "lhs", false)?;
        let right = Input::matrix(py, needed(py, "allclose", "rhs", right)?, "rhs", false)?;
        let tolerance = |given: Option<&Object<'py>>, what, usual| {
            given.map_or(Ok(usual), |given| real(py, given, what))
        };
        let (relative, absolute) = (tolerance(relative, "rtol", 1e-5)?, tolerance(absolute, "atol", 1e-8)?);
        let equal_nan = flag(equal_nan)?;
        if left.shape(py)? != right.shape(py)? {
            return Ok(number::boolean(py, false));
        }
        let close = with_matrices(py, &left, &right, |left, right| {
            left.all_close(right, relative, absolute, equal_nan)
        })?;
        Ok(number::boolean(py, close))
    };
}
