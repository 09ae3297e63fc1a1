//! Random matrices.
#![allow(dead_code, reason = "each test uses some of it")]

use boc_matrix::{Matrix, Shape};
use proptest::prelude::*;

/// Numbers of all kinds: ordinary ones, equal ones, all special ones.
pub fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -10.0..10.0,
        4 => (-3..3).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324, -5e-324, 1e-310,
            f64::MAX, f64::MIN, 0.5, 1.5, 2.5, -0.5, 4_503_599_627_370_497.5,
        ]),
    ]
}

/// Narrow, flat, wide; with more than one block of any kernel.
pub fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        4 => (1..6_usize, 1..6_usize),
        2 => (1..40_usize, 1..40_usize),
        1 => (1..4_usize, 1..700_usize),
        1 => (1..200_usize, 1..5_usize),
        1 => (1..2_usize, 1..3000_usize),
    ]
    .prop_map(|(rows, columns)| Shape::new(rows, columns).unwrap())
}

pub fn of_shape(shape: Shape) -> impl Strategy<Value = Matrix> {
    prop::collection::vec(number(), shape.size()).prop_map(move |values| Matrix::new(shape, &values).unwrap())
}

pub fn matrix() -> impl Strategy<Value = Matrix> {
    shape().prop_flat_map(of_shape)
}

/// Copies of that matrix: it is no `Clone`, since copying can fail.
pub fn just(matrix: Matrix) -> impl Strategy<Value = Matrix> {
    let matrix = std::sync::Arc::new(matrix);
    Just(()).prop_map(move |()| matrix.try_clone().unwrap())
}

/// Two matrices whose shapes fit, in all ways that they can.
pub fn pair() -> impl Strategy<Value = (Matrix, Matrix)> {
    (shape(), any::<[bool; 4]>(), prop::bool::weighted(0.3)).prop_flat_map(|(shape, single, same)| {
        let part = |rows, columns| {
            let rows = if rows && !same { 1 } else { shape.rows() };
            Shape::new(rows, if columns && !same { 1 } else { shape.columns() }).unwrap()
        };
        (of_shape(part(single[0], single[1])), of_shape(part(single[2], single[3])))
    })
}

/// A mask for a shape: zeros, ones, and NaN, which counts as one.
pub fn mask(shape: Shape) -> impl Strategy<Value = Matrix> {
    let density = prop_oneof![Just(0.0), Just(0.1), Just(0.7), Just(1.0)];
    density.prop_flat_map(move |density: f64| {
        let value =
            (prop::bool::weighted(density), any::<bool>()).prop_map(|(chosen, nan)| match (chosen, nan) {
                (false, _) => 0.0,
                (true, false) => 1.0,
                (true, true) => f64::NAN,
            });
        prop::collection::vec(value, shape.size())
            .prop_map(move |values| Matrix::new(shape, &values).unwrap())
    })
}

/// A matrix and a mask of its shape.
pub fn masked() -> impl Strategy<Value = (Matrix, Matrix)> {
    shape().prop_flat_map(|shape| (of_shape(shape), mask(shape)))
}
