//! What the kernels cost, without Python.
//!
//! ```text
//! cargo bench -p boc-matrix                       # all
//! cargo bench -p boc-matrix -- 'sum|max'          # some
//! python benches/numpy_table.py                   # the same by NumPy
//! ```
//!
//! The names are those of `numpy_table.py`. Results are freed at once, as Python would, so memory is used again.

use boc_matrix::{Axis, Matrix, Random, Reduction, Shape};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn random(rows: usize, columns: usize) -> Matrix {
    Matrix::uniform(&mut Random::new(1), Shape::new(rows, columns).unwrap(), 0.5, 2.0).unwrap()
}

fn bench<R>(criterion: &mut Criterion, name: &str, mut run: impl FnMut() -> R) {
    let mut group = criterion.benchmark_group("table");
    group
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(20);
    group.bench_function(name, |bencher| bencher.iter(|| black_box(run())));
}

fn table(criterion: &mut Criterion) {
    let (a, b) = (random(1, 3), random(1, 3));
    bench(criterion, "add 1x3", || black_box(&a).add(&b).unwrap());
    bench(criterion, "scale 1x3", || black_box(&a).multiply(2.5).unwrap());
    bench(criterion, "get", || black_box(&a).get(0, 1).unwrap());

    let (a, b) = (random(1000, 100), random(1000, 100));
    let (column, row) = (random(1000, 1), random(1, 100));
    bench(criterion, "add 1000x100", || black_box(&a).add(&b).unwrap());
    bench(criterion, "div 1000x100", || black_box(&a).divide(&b).unwrap());
    bench(criterion, "add column", || black_box(&a).add(&column).unwrap());
    bench(criterion, "add row", || black_box(&a).add(&row).unwrap());
    bench(criterion, "less", || black_box(&a).less(&b).unwrap());
    bench(criterion, "fma", || black_box(&a).fma(&b, 1.0).unwrap());
    bench(criterion, "sum", || black_box(&a).reduce(Reduction::Sum));
    bench(criterion, "mean(1)", || black_box(&a).reduce_axis(Reduction::Mean, Axis::Columns).unwrap());
    bench(criterion, "mean(0)", || black_box(&a).reduce_axis(Reduction::Mean, Axis::Rows).unwrap());
    bench(criterion, "max(1)", || black_box(&a).reduce_axis(Reduction::Max, Axis::Columns).unwrap());
    bench(criterion, "max(0)", || black_box(&a).reduce_axis(Reduction::Max, Axis::Rows).unwrap());
    bench(criterion, "sqrt", || black_box(&a).sqrt().unwrap());
    bench(criterion, "sin", || black_box(&a).sin().unwrap());
    bench(criterion, "cos", || black_box(&a).cos().unwrap());
    bench(criterion, "transpose", || black_box(&a).transpose().unwrap());

    let a = random(1000, 3);
    bench(criterion, "magnitude 1000x3", || black_box(&a).reduce(Reduction::Magnitude));
    bench(criterion, "magnitude(1) 1000x3", || {
        black_box(&a).reduce_axis(Reduction::Magnitude, Axis::Columns).unwrap()
    });
    bench(criterion, "normalize(1) 1000x3", || black_box(&a).normalize(Some(Axis::Columns)).unwrap());

    for size in [2, 4, 8, 16, 32, 256, 512] {
        let (a, b) = (random(size, size), random(size, size));
        bench(criterion, &format!("matmul {size}"), || black_box(&a).matmul(&b).unwrap());
    }
    let mut random = Random::new(3);
    let shape = Shape::new(1000, 100).unwrap();
    bench(criterion, "uniform", || Matrix::uniform(&mut random, shape, 0.0, 1.0).unwrap());
    bench(criterion, "normal", || Matrix::normal(&mut random, shape, 0.0, 1.0).unwrap());
}

criterion_group!(benches, table);
criterion_main!(benches);
