//! Parts, gathers, views, order, products and row blocks against plain loops.

mod common;

use boc_matrix::{
    Axis, Bins, Cross, Error, Matrix, Orientation, Put, Random, Reduction, Scalars, Select, Shape, Span,
    Window,
};
use common::{just, matrix, of_shape, shape};
use proptest::prelude::*;
use std::cmp::Ordering;

/// Python's slice, one step at a time.
fn python_slice(start: Option<isize>, stop: Option<isize>, step: isize, length: usize) -> Vec<usize> {
    let n = length as isize;
    let clamp = |at: isize, low, high| (if at < 0 { at.saturating_add(n) } else { at }).clamp(low, high);
    let (mut at, stop) = if step > 0 {
        (start.map_or(0, |at| clamp(at, 0, n)), stop.map_or(n, |at| clamp(at, 0, n)))
    } else {
        (start.map_or(n - 1, |at| clamp(at, -1, n - 1)), stop.map_or(-1, |at| clamp(at, -1, n - 1)))
    };
    let mut positions = vec![];
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        positions.push(at as usize);
        at = at.saturating_add(step);
    }
    positions
}

fn limit() -> impl Strategy<Value = Option<isize>> {
    prop::option::of(prop_oneof![9 => -12..12_isize, 1 => Just(isize::MAX), 1 => Just(isize::MIN)])
}

fn span(length: usize) -> impl Strategy<Value = Option<Span>> {
    (limit(), limit(), prop_oneof![-4..5_isize])
        .prop_map(move |(start, stop, step)| Span::slice(start, stop, Some(step), length).ok())
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

proptest! {
    #[test]
    fn slices_are_pythons(start in limit(), stop in limit(), step in prop_oneof![9 => -4..5_isize, 1 => Just(isize::MIN), 1 => Just(isize::MAX)], length in 1..10_usize) {
        let expected = if step == 0 { vec![] } else { python_slice(start, stop, step, length) };
        match Span::slice(start, stop, Some(step), length) {
            Ok(span) => prop_assert_eq!(span.positions().collect::<Vec<_>>(), expected),
            Err(_) => prop_assert!(expected.is_empty()),
        }
    }

    #[test]
    fn parts_are_read_and_written((a, rows, columns, value) in matrix().prop_flat_map(|a| {
        let shape = a.shape();
        (just(a), span(shape.rows()), span(shape.columns()), -9.0..9.0)
    })) {
        let (Some(rows), Some(columns)) = (rows, columns) else { return Ok(()) };
        let part = a.select(Select::Span(rows), Select::Span(columns))?;
        let mut expected = a.try_clone()?;
        for (i, row) in rows.positions().enumerate() {
            for (j, column) in columns.positions().enumerate() {
                prop_assert_eq!(part.row_slice(i)[j].to_bits(), a.row_slice(row)[column].to_bits());
                expected.set(row as isize, column as isize, value + j as f64)?;
            }
        }
        let values: Vec<f64> = (0..columns.len()).map(|j| value + j as f64).collect();
        let mut changed = a.try_clone()?;
        changed.assign(Select::Span(rows), Select::Span(columns), &Matrix::row(&values)?)?;
        prop_assert!(same_bits(&changed, &expected));
        changed.assign(Select::Span(rows), Select::Span(columns), &part)?;
        prop_assert!(same_bits(&changed, &a));
    }

    #[test]
    fn lists_choose_rows_and_columns((a, rows) in matrix().prop_flat_map(|a| {
        let n = a.rows() as isize;
        (just(a), prop::collection::vec(-n..n, 1..6))
    })) {
        let taken = a.take(&rows, Some(Axis::Rows))?;
        let all = Select::Span(Span::all(a.columns()));
        prop_assert!(same_bits(&taken, &a.select(Select::List(&rows), all)?));
        let across = a.transpose()?.take(&rows, Some(Axis::Columns))?;
        prop_assert!(same_bits(&taken, &across.transpose()?));
        let n = a.rows() as isize;
        for (nth, &row) in rows.iter().enumerate() {
            prop_assert!(same_bits(taken.row_slice(nth), a.row_slice(((row + n) % n) as usize)));
        }
        // Written back, nothing changes; added up, rows that are named repeatedly count repeatedly.
        let mut back = a.try_clone()?;
        back.put(&rows, &taken, Some(Axis::Rows), Put::Replace)?;
        prop_assert!(same_bits(&back, &a));
        let mut counts = Matrix::zeros(a.shape())?;
        counts.put(&rows, 1.0, Some(Axis::Rows), Put::Accumulate)?;
        prop_assert_eq!(counts.reduce(Reduction::Sum), (rows.len() * a.columns()) as f64);
        let mut wrong = rows.clone();
        wrong.push(n);
        prop_assert_eq!(back.put(&wrong, 1.0, Some(Axis::Rows), Put::Replace).unwrap_err(),
            Error::Index { what: "row", index: n, length: a.rows() });
        prop_assert!(same_bits(&back, &a));
    }

    #[test]
    fn along_an_axis_each_place_has_its_index((a, seed) in (matrix(), any::<u64>())) {
        let mut random = Random::new(seed);
        for (axis, shape) in [
            (Some(Axis::Rows), Shape::new(3, a.columns())?),
            (Some(Axis::Columns), Shape::new(a.rows(), 3)?),
            (None, Shape::new(2, 3)?),
        ] {
            let extent = axis.map_or(a.len(), |axis| if axis == Axis::Rows { a.rows() } else { a.columns() }) as f64;
            let picks = Matrix::uniform(&mut random, shape, -extent, extent)?.floor()?;
            let indices = picks.to_indices()?;
            prop_assert!(same_bits(&Matrix::from_indices(&indices, shape)?, &picks));
            let taken = a.take_along_axis(&indices, shape, axis)?;
            for i in 0..shape.rows() {
                for j in 0..shape.columns() {
                    let at = indices[i * shape.columns() + j];
                    let expected = match axis {
                        None => a[at.rem_euclid(a.len() as isize) as usize],
                        Some(Axis::Rows) => a.get(at, j as isize)?,
                        Some(Axis::Columns) => a.get(i as isize, at)?,
                    };
                    prop_assert_eq!(taken.row_slice(i)[j].to_bits(), expected.to_bits());
                }
            }
            let mut back = a.try_clone()?;
            back.put_along_axis(&indices, shape, &taken, axis, Put::Replace)?;
            prop_assert!(same_bits(&back, &a));
        }
    }

    #[test]
    fn a_view_reads_and_writes_its_elements((a, at, part, value) in matrix().prop_flat_map(|a| {
        let (rows, columns) = (a.rows(), a.columns());
        (just(a), 0..rows.min(columns) as isize, (span(rows), span(columns)), -9.0..9.0)
    })) {
        let mut a = a;
        for (window, part) in [(Window::column(a.shape(), at)?, part.0), (Window::row(a.shape(), at)?, part.1)] {
            let Some(part) = part else { continue };
            let view = window.slice(part)?.of(&a)?;
            let places: Vec<(isize, isize)> = part.positions().map(|nth| match window.orientation() {
                Orientation::Column => (nth as isize, at),
                Orientation::Row => (at, nth as isize),
            }).collect();
            for (nth, &(i, j)) in places.iter().enumerate() {
                prop_assert_eq!(view.get(nth as isize)?.to_bits(), a.get(i, j)?.to_bits());
            }
            prop_assert!(same_bits(&view.to_matrix()?, &view.iter().collect::<Vec<_>>()));
            let mut expected = a.try_clone()?;
            places.iter().try_for_each(|&(i, j)| expected.set(i, j, value))?;
            window.slice(part)?.assign(&mut a, value)?;
            prop_assert!(same_bits(&a, &expected));
            prop_assert!(window.slice(part)?.set(&mut a, part.len() as isize, 0.0).is_err());
        }
    }

    #[test]
    fn a_transpose_swaps_and_swaps_back(a in matrix()) {
        let b = a.transpose()?;
        prop_assert_eq!(b.shape(), a.shape().transposed());
        for i in 0..a.rows() {
            for j in 0..a.columns() {
                prop_assert_eq!(a.row_slice(i)[j].to_bits(), b.row_slice(j)[i].to_bits());
            }
        }
        let mut c = a.try_clone()?;
        c.transpose_in_place()?;
        prop_assert!(c.shape() == b.shape() && same_bits(&c, &b));
    }

    #[test]
    fn products_are_sums_of_products((a, b) in (1..70_usize, 1..70_usize, 1..70_usize).prop_flat_map(|(m, k, n)| {
        let small = |rows, columns| prop::collection::vec(-4..5_i32, rows * columns).prop_map(move |values| {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            Matrix::new(Shape::new(rows, columns).unwrap(), &values).unwrap()
        });
        (small(m, k), small(k, n))
    })) {
        let product = a.matmul(&b)?;
        for i in 0..a.rows() {
            for j in 0..b.columns() {
                // Whole numbers, so every order of additions is exact.
                let expected: f64 = (0..a.columns()).map(|k| a.row_slice(i)[k] * b.row_slice(k)[j]).sum();
                prop_assert_eq!(product.row_slice(i)[j], expected);
            }
        }
    }

    #[test]
    fn the_order_is_lexicographic_and_nan_never_decides((a, b) in shape().prop_flat_map(|shape| (of_shape(shape), of_shape(shape)))) {
        let mut expected = Ordering::Equal;
        for (x, y) in a.iter().zip(b.iter()) {
            if x < y { expected = Ordering::Less; break; }
            if x > y { expected = Ordering::Greater; break; }
        }
        prop_assert_eq!(a.compare(&b)?, expected);
        prop_assert_eq!(b.compare(&a)?, expected.reverse());
        prop_assert!(a.same(&a));
        prop_assert!(a.all_close(&a, 0.0, 0.0, true)?);
    }

    #[test]
    fn blocks_of_rows_are_joined_without_a_copy((a, count, again) in matrix().prop_flat_map(|a| {
        let rows = a.rows();
        (just(a), 1..=rows, 1..4_usize)
    })) {
        let whole = a.try_clone()?;
        let address = whole.as_ptr().addr();
        let mut blocks = whole.split_rows(count).map_err(|(error, _)| error)?;
        prop_assert_eq!(blocks.iter().map(|block| block.rows()).sum::<usize>(), a.rows());
        if blocks[0].rows() >= again {
            let first = blocks.remove(0).split_rows(again).map_err(|(error, _)| error)?;
            blocks.extend(first); // out of order
        }
        let joined = Matrix::join_rows(blocks).map_err(|error| error.error)?;
        prop_assert!(joined.shape() == a.shape() && same_bits(&joined, &a));
        prop_assert_eq!(joined.as_ptr().addr(), address);
        prop_assert!(!joined.is_block());
    }

    #[test]
    fn digitize_counts_the_edges_below(mut edges in prop::collection::vec(-5.0..5.0, 1..9), x in common::number(), right in any::<bool>(), fall in any::<bool>()) {
        edges.sort_by(f64::total_cmp);
        let expected = if x.is_nan() { -1.0 } else if right { edges.iter().filter(|&&edge| edge < x).count() as f64 } else { edges.iter().filter(|&&edge| edge <= x).count() as f64 };
        let count = edges.len() as f64;
        let falls = fall && edges[0] < edges[edges.len() - 1];
        if falls { edges.reverse(); }
        let bins = Bins::edges(&edges, right)?;
        let expected = if falls && !x.is_nan() { count - expected } else { expected };
        prop_assert_eq!(Matrix::row(&[x])?.digitize(&bins)?[0], expected);
    }

    #[test]
    fn bins_of_equal_width_are_those_between_their_edges(count in 1_usize..50, least in -5.0..5.0, width in 0.1..9.0, x in -20.0..20.0, right in any::<bool>()) {
        let greatest = least + width;
        let step = (greatest - least) / count as f64;
        let below = |edge: f64| if right { edge < x } else { edge <= x };
        let expected = (1..count).filter(|&nth| below(nth as f64 * step + least)).count();
        prop_assert_eq!(Bins::equal(count, least, greatest, right)?.number(x), expected as f64);
    }
}

#[test]
fn a_missing_block_is_named_and_the_others_come_back() {
    let matrix = Matrix::from_fn(Shape::new(9, 2).unwrap(), |i, _| i as f64).unwrap();
    let mut blocks = matrix.split_rows(3).unwrap();
    let middle = blocks.remove(1);
    let failed = Matrix::join_rows(blocks).unwrap_err();
    assert!(failed.to_string().contains("not neighbours"), "{failed}");
    let mut blocks = failed.blocks;
    assert_eq!(blocks.iter().map(|block| block[0]).collect::<Vec<_>>(), [0.0, 6.0]);
    blocks.push(middle);
    assert_eq!(Matrix::join_rows(blocks).unwrap()[17], 8.0);
    let (error, _) = Matrix::row(&[1.0]).unwrap().split_rows(2).unwrap_err();
    assert!(error.to_string().contains("not 2"), "{error}");
    let others = vec![Matrix::row(&[1.0]).unwrap(), Matrix::row(&[1.0]).unwrap()];
    assert_eq!(Matrix::join_rows(others).unwrap_err().blocks.len(), 2);
    assert!(Matrix::join_rows(vec![]).is_err());
}

#[test]
fn threads_fill_blocks_at_the_same_time_and_may_drop_them() {
    for round in 0..if cfg!(miri) { 2 } else { 50 } {
        let matrix = Matrix::zeros(Shape::new(80, 7).unwrap()).unwrap();
        let blocks = matrix.split_rows(8).unwrap();
        let fill = |(nth, mut block): (usize, Matrix)| {
            std::thread::spawn(move || {
                block.fill(nth as f64);
                (nth % 4 != round % 4).then_some(block)
            })
        };
        let threads: Vec<_> = blocks.into_iter().enumerate().map(fill).collect();
        let left: Vec<Matrix> = threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(left.len(), 6);
        assert!(left.iter().all(|block| block.iter().all(|&x| x == block[0])));
        let mut pair = Matrix::join_rows(left).unwrap_err().blocks;
        pair.truncate(1);
    }
}

#[test]
fn vectors_are_found_by_the_shape_or_by_the_axis() {
    let of = |rows, columns| {
        Matrix::from_fn(Shape::new(rows, columns).unwrap(), |i, j| (1 + i * columns + j) as f64).unwrap()
    };
    let scalars = |cross: Cross| match cross {
        Cross::Scalars(Scalars::Each(each)) => (each.shape().to_string(), each.to_vec()),
        Cross::Scalars(Scalars::One(one)) => ("1".into(), vec![one]),
        Cross::Vectors(vectors) => (format!("vectors {}", vectors.shape()), vectors.to_vec()),
    };
    let cross = |a: &Matrix, b: &Matrix, axis| scalars(a.cross(b, axis).unwrap());
    assert_eq!(cross(&of(1, 2), &Matrix::row(&[3.0, 4.0]).unwrap(), None), ("1".into(), vec![-2.0]));
    assert_eq!(cross(&of(2, 1), &Matrix::column(&[3.0, 4.0]).unwrap(), None), ("1".into(), vec![-2.0]));
    let (x, y) = (Matrix::column(&[1.0, 0.0, 0.0]).unwrap(), Matrix::column(&[0.0, 1.0, 0.0]).unwrap());
    assert_eq!(cross(&x, &y, None), ("vectors 3x1".into(), vec![0.0, 0.0, 1.0]));
    let one = Matrix::row(&[1.0, 1.0]).unwrap();
    assert_eq!(cross(&of(4, 2), &one, None).0, "4x1");
    assert_eq!(cross(&of(2, 4), &one.transpose().unwrap(), None).0, "1x4");
    assert_eq!(cross(&of(2, 2), &of(2, 2), None).0, "2x1");
    assert_eq!(cross(&of(2, 2), &of(2, 2), Some(Axis::Rows)).0, "1x2");
    assert_eq!(cross(&of(2, 3), &of(2, 3), None).0, "1x3");
    assert_eq!(cross(&of(3, 2), &of(3, 2), None).0, "3x1");
    assert_eq!(cross(&of(2, 3), &of(2, 3), Some(Axis::Columns)).0, "vectors 2x3");
    assert_eq!(cross(&of(3, 3), &of(3, 3), None).0, "vectors 3x3");
    assert!(of(4, 4).cross(&of(4, 4), None).is_err());
    assert!(of(1, 1).cross(&of(1, 3), None).is_err());

    assert_eq!(of(2, 2).perpendicular(None).unwrap().as_slice(), [-2.0, 1.0, -4.0, 3.0]);
    assert_eq!(of(2, 2).perpendicular(Some(Axis::Rows)).unwrap().as_slice(), [-3.0, -4.0, 1.0, 2.0]);
    assert!(of(3, 3).perpendicular(None).is_err());
    let Scalars::One(angle) = Matrix::row(&[0.0, 2.0]).unwrap().angle(None).unwrap() else { panic!() };
    assert_eq!(angle, std::f64::consts::FRAC_PI_2);
    let Scalars::Each(angles) = of(5, 2).angle(None).unwrap() else { panic!() };
    assert_eq!(angles.shape().to_string(), "5x1");
    let Scalars::One(dot) = of(2, 3).vecdot(&of(1, 3), None).unwrap() else { panic!() };
    assert_eq!(dot, 14.0 + 32.0);
    let Scalars::Each(dots) = of(2, 3).vecdot(&of(2, 1), Some(Axis::Columns)).unwrap() else { panic!() };
    assert_eq!(dots.as_slice(), [6.0, 30.0]);
    assert!(of(2, 3).vecdot(&of(3, 2), None).unwrap_err().to_string().starts_with("vecdot"));
}

#[test]
fn random_streams_repeat_and_have_the_moments_they_should() {
    let shape = Shape::new(500, 400).unwrap();
    let draw = |seed| Matrix::normal(&mut Random::new(seed), shape, 3.0, 2.0).unwrap();
    assert!(same_bits(&draw(1), &draw(1)) && !same_bits(&draw(1), &draw(2)));
    let normal = draw(1);
    let mean = normal.reduce(Reduction::Mean);
    let spread = normal.subtract(mean).unwrap().reduce(Reduction::Magnitude) / (shape.size() as f64).sqrt();
    assert!((mean - 3.0).abs() < 0.03 && (spread - 2.0).abs() < 0.03, "{mean} {spread}");
    let uniform = Matrix::uniform(&mut Random::new(1), shape, -1.0, 3.0).unwrap();
    assert!(uniform.iter().all(|x| (-1.0..3.0).contains(x)));
    assert!((uniform.reduce(Reduction::Mean) - 1.0).abs() < 0.02);
    assert!(Random::new(1).uniform(1.0, 0.0).is_err() && Random::new(1).normal(0.0, -1.0).is_err());
    assert!(Random::new(1).uniform(f64::MIN, f64::MAX).unwrap().is_finite());
    let mut root = Random::new(1);
    assert!(root.split() != root.split());
    assert!(Random::from_system().unwrap() != Random::from_system().unwrap());
}

#[test]
fn what_does_not_fit_is_an_error_and_not_an_abort() {
    assert_eq!(
        Matrix::from_rows(&[vec![1.0], vec![]]).unwrap_err(),
        Error::Ragged { row: 1, length: 0, needed: 1 }
    );
    assert!(matches!(Matrix::from_rows::<Vec<f64>>(&[]), Err(Error::Empty { .. })));
    assert!(matches!(Matrix::row(&[]), Err(Error::Empty { .. })));
    let huge = Shape::new(1 << 30, 1 << 29).unwrap();
    assert!(matches!(Matrix::full(huge, 1.0), Err(Error::OutOfMemory { .. })));
    assert!(matches!(Shape::new(1 << 32, 1 << 32), Err(Error::TooLarge { .. })));
    let row = Matrix::row(&[1.0, 2.0]).unwrap();
    assert!(matches!(row.repeat_interleave(usize::MAX, None), Err(Error::TooLarge { .. })));
    assert!(
        row.repeat_interleave(0, None).is_err()
            && row.topk(0, None, boc_matrix::Extreme::Least, None).is_err()
    );
    assert!(row.take(&[], None).is_err() && row.take(&[isize::MIN], None).is_err());
    assert_eq!(
        row.get(0, isize::MIN).unwrap_err(),
        Error::Index { what: "column", index: isize::MIN, length: 2 }
    );
    assert_eq!(Axis::try_from(2).unwrap_err(), Error::Axis(2));
    assert!(Matrix::row(&[1.5]).unwrap().to_indices().is_err());
    assert!(Matrix::row(&[f64::INFINITY]).unwrap().to_indices().is_err());
    for edges in [&[][..], &[f64::NAN], &[1.0, 3.0, 2.0]] {
        assert!(Bins::edges(edges, false).is_err());
    }
    assert!(Bins::equal(0, 0.0, 1.0, false).is_err() && Bins::equal(3, 1.0, 0.0, false).is_err());
    assert_eq!(Bins::equal(3, 1.0, 1.0, false).unwrap().number(7.0), 0.0);
    let many = Bins::equal(1 << 60, 0.0, (1_u64 << 60) as f64, false).unwrap(); // takes no memory
    assert_eq!(many.number(12345.5), 12345.0);
    let nothing = Matrix::row(&[f64::NAN]).unwrap();
    assert_eq!(nothing.digitize(&Bins::spanning(&nothing, 5, false).unwrap()).unwrap()[0], -1.0);
    let lists = row.select(Select::List(&[0]), Select::List(&[0]));
    assert!(lists.unwrap_err().to_string().contains("two lists"));
    assert!(row.select(Select::List(&[]), Select::Span(Span::all(2))).is_err());
}

#[test]
fn a_large_matrix_is_shown_abridged() {
    let small = Matrix::from_rows(&[[1.0, -0.5], [f64::NAN, 1e300]]).unwrap();
    assert_eq!(small.to_string(), "[[1.0, -0.5],\n [NaN, 1e300]]");
    let large =
        Matrix::from_fn(Shape::new(100, 100).unwrap(), |i, j| (100 * i + j) as f64).unwrap().to_string();
    assert!(large.starts_with("[[0.0, 1.0, 2.0, ..., 97.0, 98.0, 99.0],\n [100.0"), "{large}");
    assert!(large.ends_with("[9900.0, 9901.0, 9902.0, ..., 9997.0, 9998.0, 9999.0]]"), "{large}");
    assert_eq!(large.lines().count(), 7);
}
