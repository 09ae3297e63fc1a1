//! Reductions, extremes and `topk` against loops over one group at a time; sums against exact ones.

mod common;

use boc_matrix::{Axis, Extreme, Matrix, Reduction};
use common::{masked, matrix};
use proptest::prelude::*;

const AXES: [Axis; 2] = [Axis::Rows, Axis::Columns];

/// The elements of each group, with their places: of all, of each column or of each row.
fn groups(matrix: &Matrix, mask: Option<&Matrix>, axis: Option<Axis>) -> Vec<Vec<(usize, f64)>> {
    let (rows, columns) = (matrix.rows(), matrix.columns());
    let chosen = |&(_, at): &(usize, usize)| mask.is_none_or(|mask| mask[at] != 0.0);
    let group = |places: Vec<usize>| -> Vec<(usize, f64)> {
        places.into_iter().enumerate().filter(chosen).map(|(nth, at)| (nth, matrix[at])).collect()
    };
    match axis {
        None => vec![group((0..rows * columns).collect())],
        Some(Axis::Rows) => {
            (0..columns).map(|j| group((0..rows).map(|i| i * columns + j).collect())).collect()
        }
        Some(Axis::Columns) => {
            (0..rows).map(|i| group((0..columns).map(|j| i * columns + j).collect())).collect()
        }
    }
}

/// The first extreme one; NaN only if it is the first of all.
fn first_extreme(extreme: Extreme, group: &[(usize, f64)]) -> Option<(usize, f64)> {
    let mut best = *group.first()?;
    for &(at, x) in group {
        if (extreme == Extreme::Least && x < best.1) || (extreme == Extreme::Greatest && x > best.1) {
            best = (at, x);
        }
    }
    Some(best)
}

fn check(reduction: Reduction, group: &[(usize, f64)], found: f64) -> Result<(), TestCaseError> {
    let sum = |map: fn(f64) -> f64| group.iter().map(|&(_, x)| map(x)).sum::<f64>() + 0.0;
    let size: f64 = group.iter().map(|&(_, x)| x.abs()).sum();
    // For the sums: a loop's error is at most this.
    let (expected, slack) = match reduction {
        Reduction::Sum => (sum(|x| x), size * 1e-12),
        Reduction::Mean if group.is_empty() => (f64::NAN, 0.0),
        Reduction::Mean => (sum(|x| x) / group.len() as f64, size * 1e-12),
        Reduction::Min => (first_extreme(Extreme::Least, group).map_or(f64::NAN, |found| found.1), 0.0),
        Reduction::Max => (first_extreme(Extreme::Greatest, group).map_or(f64::NAN, |found| found.1), 0.0),
        Reduction::Magnitude => (sum(|x| x * x).sqrt(), sum(|x| x * x).sqrt() * 1e-12),
        Reduction::MagnitudeSquared => (sum(|x| x * x), sum(|x| x * x) * 1e-12),
    };
    // The order of additions decides whether huge numbers overflow on the way.
    let overflow = slack > 1e290 || !size.is_finite();
    let close =
        found == expected || (found - expected).abs() <= slack || (found.is_nan() && expected.is_nan());
    prop_assert!(close || (overflow && slack != 0.0), "{reduction:?}: {found:?} instead of {expected:?}");
    Ok(())
}

const ALL: [Reduction; 6] = [
    Reduction::Sum,
    Reduction::Mean,
    Reduction::Min,
    Reduction::Max,
    Reduction::Magnitude,
    Reduction::MagnitudeSquared,
];

proptest! {
    #[test]
    fn reductions_are_those_of_a_loop(a in matrix()) {
        for reduction in ALL {
            check(reduction, &groups(&a, None, None)[0], a.reduce(reduction))?;
            for axis in AXES {
                let result = a.reduce_axis(reduction, axis)?;
                prop_assert_eq!(result.shape(), a.shape().reduced(axis));
                for (group, &found) in groups(&a, None, Some(axis)).iter().zip(result.iter()) {
                    check(reduction, group, found)?;
                }
            }
        }
    }

    #[test]
    fn a_mask_chooses_and_may_choose_none((a, mask) in masked()) {
        for reduction in ALL {
            check(reduction, &groups(&a, Some(&mask), None)[0], a.reduce_where(reduction, &mask)?)?;
            for axis in AXES {
                let result = a.reduce_axis_where(reduction, axis, &mask)?;
                for (group, &found) in groups(&a, Some(&mask), Some(axis)).iter().zip(result.iter()) {
                    check(reduction, group, found)?;
                }
            }
        }
    }

    #[test]
    fn the_place_of_an_extreme_is_the_first((a, mask) in masked()) {
        for extreme in [Extreme::Least, Extreme::Greatest] {
            let place = |group: &Vec<(usize, f64)>| first_extreme(extreme, group).map(|found| found.0);
            prop_assert_eq!(Some(a.arg(extreme)), place(&groups(&a, None, None)[0]));
            prop_assert_eq!(a.arg_where(extreme, &mask)?, place(&groups(&a, Some(&mask), None)[0]));
            for axis in AXES {
                for mask in [None, Some(&mask)] {
                    let expected = groups(&a, mask, Some(axis));
                    let expected: Vec<isize> =
                        expected.iter().map(|group| place(group).map_or(-1, |at| at as isize)).collect();
                    prop_assert_eq!(a.arg_axis(extreme, axis, mask.map(Into::into))?, expected);
                }
            }
        }
    }

    #[test]
    fn topk_is_the_start_of_a_stable_sort((a, mask) in masked(), k in 1..8_usize) {
        for extreme in [Extreme::Least, Extreme::Greatest] {
            for axis in [None, Some(Axis::Rows), Some(Axis::Columns)] {
                for mask in [None, Some(&mask)] {
                    let top = a.topk(k, axis, extreme, mask.map(Into::into))?;
                    for (nth, mut group) in groups(&a, mask, axis).into_iter().enumerate() {
                        group.sort_by(|a, b| {
                            let order = a.1.partial_cmp(&b.1);
                            let order = if extreme == Extreme::Greatest { order.map(|order| order.reverse()) } else { order };
                            order.unwrap_or(a.1.is_nan().cmp(&b.1.is_nan()))
                        });
                        for at in 0..k {
                            let to = if axis == Some(Axis::Rows) { at * top.values.columns() + nth } else { nth * k + at };
                            let (index, value) = group.get(at).map_or((-1, f64::NAN), |&(i, x)| (i as isize, x));
                            prop_assert_eq!(top.indices[to], index);
                            prop_assert!(top.values[to] == value || (top.values[to].is_nan() && value.is_nan()));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn normalised_vectors_are_quotients_by_their_length(a in matrix()) {
        for axis in [None, Some(Axis::Rows), Some(Axis::Columns)] {
            let lengths = match axis {
                None => Matrix::row(&[a.reduce(Reduction::Magnitude)])?,
                Some(axis) => a.reduce_axis(Reduction::Magnitude, axis)?,
            };
            let quotients = a.divide(&lengths)?;
            let nothing = lengths.equal(0.0)?;
            let expected = Matrix::select_where(&Matrix::expand(&nothing, a.shape())?, 0.0, &quotients)?;
            let found = a.normalize(axis)?;
            prop_assert!(found.all_close(&expected, 1e-12, 0.0, true)?, "{found:?}\n{expected:?}");
            let mut in_place = a.try_clone()?;
            in_place.normalize_in_place(axis)?;
            prop_assert!(in_place.iter().zip(found.iter()).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan()));
        }
    }
}

/// A sum with an error of the size of one rounding: the exact sum of the numbers, and of what their sums lose.
fn exact(values: impl Iterator<Item = f64>) -> f64 {
    let (mut high, mut low) = (0.0, 0.0);
    for x in values {
        let sum: f64 = high + x;
        let part = sum - high;
        low += (high - (sum - part)) + (x - part);
        high = sum;
    }
    high + low
}

#[test]
fn the_error_of_a_long_sum_is_that_of_pairwise_sums() {
    let values: Vec<f64> = (0..1_000_003).map(|n| 1.0 / (1.0 + n as f64 * 0.37)).collect();
    let row = Matrix::row(&values).unwrap();
    let exact = exact(values.iter().copied());
    let error = ((row.reduce(Reduction::Sum) - exact) / exact).abs();
    assert!(error <= 4.0 * f64::EPSILON, "{error:e}");
    let naive = ((values.iter().sum::<f64>() - exact) / exact).abs();
    assert!(error < naive / 4.0, "{error:e} is hardly better than a loop's {naive:e}");
}
