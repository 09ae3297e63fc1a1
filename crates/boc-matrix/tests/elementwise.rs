//! Element-wise operations against the same operations on one number at a time, bit for bit.

mod common;

use boc_matrix::{Binary, Error, Matrix, Operand, Ternary, Unary};
use common::{matrix, number, pair, shape};
use proptest::prelude::*;

/// The element that a broadcast operand gives for a place.
fn at(matrix: &Matrix, i: usize, j: usize) -> f64 {
    let (i, j) = (i.min(matrix.rows() - 1), j.min(matrix.columns() - 1));
    matrix.row_slice(i)[j]
}

/// The same bits, or both NaN: which NaN an operation on two of them gives is up to the processor.
fn alike(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn check(result: &Matrix, expected: impl Fn(usize, usize) -> f64) -> Result<(), TestCaseError> {
    for i in 0..result.rows() {
        for j in 0..result.columns() {
            let (found, expected) = (result.row_slice(i)[j], expected(i, j));
            prop_assert!(alike(found, expected), "{found:?} instead of {expected:?} in row {i}, column {j}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn binary_operations_broadcast((a, b) in pair()) {
        for &operation in Binary::ALL {
            let result = Matrix::binary(operation, &a, &b)?;
            prop_assert_eq!(Some(result.shape()), a.shape().broadcast(b.shape()));
            check(&result, |i, j| operation.apply(at(&a, i, j), at(&b, i, j)))?;
        }
    }

    #[test]
    fn binary_operations_take_numbers_on_either_side(a in matrix(), x in number()) {
        for &operation in Binary::ALL {
            check(&Matrix::binary(operation, &a, x)?, |i, j| operation.apply(at(&a, i, j), x))?;
            check(&Matrix::binary(operation, x, &a)?, |i, j| operation.apply(x, at(&a, i, j)))?;
        }
    }

    #[test]
    fn an_output_can_be_an_operand((a, b) in pair()) {
        for &operation in Binary::ALL {
            if a.shape().broadcast(b.shape()) == Some(a.shape()) {
                let mut output = a.try_clone()?;
                output.assign_binary(operation, Operand::Output, &b)?;
                check(&output, |i, j| operation.apply(at(&a, i, j), at(&b, i, j)))?;
                let mut output = a.try_clone()?;
                output.assign_binary(operation, &b, Operand::Output)?;
                check(&output, |i, j| operation.apply(at(&b, i, j), at(&a, i, j)))?;
            }
            let mut output = a.try_clone()?;
            output.assign_binary(operation, Operand::Output, Operand::Output)?;
            check(&output, |i, j| operation.apply(at(&a, i, j), at(&a, i, j)))?;
        }
    }

    #[test]
    fn an_output_of_another_shape_is_refused_and_stays((a, b) in pair(), other in shape()) {
        let needed = a.shape().broadcast(b.shape()).unwrap();
        prop_assume!(other != needed);
        let mut output = Matrix::full(other, 7.0)?;
        let error = output.assign_binary(Binary::Add, &a, &b).unwrap_err();
        prop_assert_eq!(error, Error::Output { operation: "add", needed, given: other });
        prop_assert!(output.iter().all(|&x| x == 7.0));
    }

    #[test]
    fn shapes_that_do_not_fit_are_named(a in matrix(), b in matrix()) {
        match (Matrix::binary(Binary::Less, &a, &b), a.shape().broadcast(b.shape())) {
            (Ok(result), Some(shape)) => prop_assert_eq!(result.shape(), shape),
            (Err(error), None) => {
                prop_assert!(error.to_string().contains(&a.shape().to_string()));
                prop_assert!(error.to_string().contains(&b.shape().to_string()));
            }
            (result, shape) => prop_assert!(false, "{result:?} for {shape:?}"),
        }
    }

    #[test]
    fn unary_operations_are_those_of_the_standard_library(a in matrix(), low in -2.0..2.0, width in 0.0..3.0) {
        let operations: [(Unary, &dyn Fn(f64) -> f64); 9] = [
            (Unary::Ceil, &f64::ceil),
            (Unary::Floor, &f64::floor),
            (Unary::Round, &f64::round_ties_even),
            (Unary::Negate, &|x| -x),
            (Unary::Abs, &f64::abs),
            (Unary::Sqrt, &f64::sqrt),
            (Unary::Reciprocal, &|x| 1.0 / x),
            (Unary::Sign, &|x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { 0.0 }),
            (Unary::clip(Some(low), Some(low + width))?, &|x| x.clamp(low, low + width)),
        ];
        for (operation, expected) in operations {
            check(&a.unary(operation)?, |i, j| expected(at(&a, i, j)))?;
            let mut in_place = a.try_clone()?;
            in_place.unary_in_place(operation);
            check(&in_place, |i, j| expected(at(&a, i, j)))?;
            let mut output = Matrix::zeros(a.shape())?;
            output.assign_unary(operation, &a)?;
            check(&output, |i, j| expected(at(&a, i, j)))?;
        }
    }

    #[test]
    fn ternary_operations_round_as_promised((a, b) in pair(), c in number()) {
        let shape = a.shape().broadcast(b.shape()).unwrap();
        let full = Matrix::expand(&b, shape)?;
        type Function = fn(f64, f64, f64) -> f64;
        let forms: [(Ternary, Function); 3] = [
            (Ternary::MultiplyAdd, |a, b, c| a.mul_add(b, c)),
            (Ternary::ScaledAdd, |a, b, c| a + b * c),
            (Ternary::Where, |a, b, c| if a != 0.0 { b } else { c }),
        ];
        for (operation, expected) in forms {
            check(&Matrix::ternary(operation, &a, &b, c)?, |i, j| expected(at(&a, i, j), at(&b, i, j), c))?;
            check(&Matrix::ternary(operation, &a, c, &b)?, |i, j| expected(at(&a, i, j), c, at(&b, i, j)))?;
            let mut output = full.try_clone()?;
            output.assign_ternary(operation, &a, c, Operand::Output)?;
            check(&output, |i, j| expected(at(&a, i, j), c, at(&full, i, j)))?;
        }
        // What `scaled_add` promises, in the words of its users.
        let plain = a.add(&b.multiply(c)?)?;
        check(&a.scaled_add(c, &b)?, |i, j| at(&plain, i, j))?;
    }

    #[test]
    fn sine_and_cosine_are_close_to_the_library(x in prop_oneof![
        number(), -10.0..10.0, -1e6..1e6, -1e300..1e300, (-600_000_i32..600_000).prop_map(|n| n as f64 * std::f64::consts::FRAC_PI_2),
    ]) {
        let row = Matrix::row(&[x])?;
        for (found, expected) in [(row.sin()?[0], x.sin()), (row.cos()?[0], x.cos())] {
            let distance = (found.to_bits() as i64).wrapping_sub(expected.to_bits() as i64).unsigned_abs();
            prop_assert!(alike(found, expected) || distance <= 1, "{found:e} and {expected:e} of {x:e}");
        }
    }
}

#[test]
fn sine_and_cosine_of_special_numbers_are_the_librarys() {
    let special = [0.0, 5e-324, f64::MIN_POSITIVE, 1e6, 1e6 + 0.125, 1e22, f64::MAX, f64::INFINITY, f64::NAN];
    let special: Vec<f64> = special.into_iter().flat_map(|x| [x, -x]).cycle().take(200).collect();
    let row = Matrix::row(&special).unwrap();
    let (sines, cosines) = (row.sin().unwrap(), row.cos().unwrap());
    for (nth, &x) in special.iter().enumerate() {
        assert!(alike(sines[nth], x.sin()), "sin({x:e}) is not {:e}", sines[nth]);
        assert!(alike(cosines[nth], x.cos()), "cos({x:e}) is not {:e}", cosines[nth]);
    }
}

#[test]
fn a_clip_without_a_meaning_is_refused() {
    for (low, high) in [(None, None), (Some(1.0), Some(0.0)), (Some(f64::NAN), None), (None, Some(f64::NAN))]
    {
        assert!(Unary::clip(low, high).is_err(), "{low:?} {high:?}");
    }
    let row = Matrix::row(&[-1.0, f64::NAN, 2.0]).unwrap();
    let clipped = row.unary(Unary::clip(None, Some(0.0)).unwrap()).unwrap();
    assert!(clipped[0] == -1.0 && clipped[1].is_nan() && clipped[2] == 0.0);
}

#[test]
fn a_column_and_a_row_of_which_the_table_has_no_room_are_an_error() {
    // So large a table is more than any address space has.
    let long = 1 << 23;
    let (column, row) = (
        Matrix::zeros(boc_matrix::Shape::new(long, 1).unwrap()),
        Matrix::zeros(boc_matrix::Shape::new(1, long).unwrap()),
    );
    if let (Ok(column), Ok(row)) = (column, row) {
        assert!(matches!(column.add(&row), Err(Error::TooLarge { .. } | Error::OutOfMemory { .. })));
    }
}
