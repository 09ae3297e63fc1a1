//! All levels of vector instructions give the same bits. In a process of its own, since the level is everybody's.

mod common;

use boc_matrix::{Axis, Binary, Level, Matrix, Reduction, Ternary, Unary, force_level};
use common::{of_shape, shape};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// The bits of all results; of NaN only that it is one.
fn results(a: &Matrix, b: &Matrix) -> Result<Vec<u64>, boc_matrix::Error> {
    let mut results = vec![];
    for &operation in Binary::ALL {
        results.push(Matrix::binary(operation, a, b)?);
    }
    for operation in [
        Unary::Ceil,
        Unary::Floor,
        Unary::Round,
        Unary::Negate,
        Unary::Abs,
        Unary::Sqrt,
        Unary::Reciprocal,
        Unary::Sign,
        Unary::Sin,
        Unary::Cos,
        Unary::clip(Some(-1.0), Some(1.0))?,
    ] {
        results.push(a.unary(operation)?);
    }
    for operation in [Ternary::MultiplyAdd, Ternary::ScaledAdd, Ternary::Where] {
        results.push(Matrix::ternary(operation, a, b, a)?);
    }
    let mut zeros = vec![];
    for reduction in [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Min,
        Reduction::Max,
        Reduction::Magnitude,
        Reduction::MagnitudeSquared,
    ] {
        zeros.push(Matrix::row(&[a.reduce(reduction)])?);
        zeros.push(a.reduce_axis(reduction, Axis::Rows)?);
        zeros.push(a.reduce_axis(reduction, Axis::Columns)?);
    }
    for axis in [None, Some(Axis::Rows), Some(Axis::Columns)] {
        results.push(a.normalize(axis)?);
    }
    let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    let plain = results.iter().flat_map(|matrix| matrix.iter().map(|&x| bits(x)));
    // Which zero is the least is not defined.
    Ok(plain.chain(zeros.iter().flat_map(|matrix| matrix.iter().map(|&x| bits(x + 0.0)))).collect())
}

#[test]
fn all_levels_give_the_same_bits() {
    let pairs = shape().prop_flat_map(|shape| (of_shape(shape), of_shape(shape)));
    TestRunner::default()
        .run(&pairs, |(a, b)| {
            assert!(force_level(Level::Baseline));
            let expected = results(&a, &b)?;
            for level in [Level::Avx2, Level::Avx512] {
                if force_level(level) {
                    prop_assert!(results(&a, &b)? == expected, "{level:?} differs for {a:?} and {b:?}");
                }
            }
            Ok(())
        })
        .unwrap();
}
