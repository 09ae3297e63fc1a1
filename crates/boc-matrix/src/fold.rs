//! Loops that make one number of many: the kernels behind reductions.
//!
//! A fold has 32 accumulators, so that the processor can add to several vectors at once, and so that errors of rounding stay
//! small; the accumulators of each block of numbers are joined as a tree, and so are the blocks. Thus the error of a sum
//! grows with the logarithm of the count, as with NumPy's pairwise sums, and does not depend on the level.

use crate::dispatch::Kernel;
use std::hint::black_box;
use std::marker::PhantomData;

/// An operation that joins two numbers.
pub(crate) trait Fold {
    /// Whether numbers may be joined in any order, beginning with 0. If not, they are joined to the first, in order; NaN
    /// is passed over, unless it is the first.
    const ANY_ORDER: bool;
    fn map(x: f64) -> f64;
    fn join(a: f64, b: f64) -> f64;
}

pub(crate) struct Sum;
pub(crate) struct Squares;
pub(crate) struct Min;
pub(crate) struct Max;

macro_rules! fold {
    ($name:ident, $any_order:literal, |$x:ident| $map:expr, |$a:ident, $b:ident| $join:expr) => {
        impl Fold for $name {
            const ANY_ORDER: bool = $any_order;
            #[inline(always)]
            fn map($x: f64) -> f64 {
                $map
            }
            #[inline(always)]
            fn join($a: f64, $b: f64) -> f64 {
                $join
            }
        }
    };
}

fold!(Sum, true, |x| x, |a, b| a + b);
fold!(Squares, true, |x| x * x, |a, b| a + b);
fold!(Min, false, |x| x, |a, b| if b < a { b } else { a });
fold!(Max, false, |x| x, |a, b| if b > a { b } else { a });

const WIDTH: usize = 8;
const WAYS: usize = 4;
/// Numbers that are folded before the accumulators are joined: 16 for each.
const BLOCK: usize = 16 * WIDTH * WAYS;

/// Joins 8 numbers to 8 others.
#[inline(always)]
fn join<F: Fold>(to: &mut [f64; WIDTH], values: &[f64; WIDTH]) {
    for (to, &x) in to.iter_mut().zip(values) {
        *to = F::join(*to, F::map(x));
    }
}

/// The fold of a block. `first` is the first number of all.
#[inline(always)]
fn block<F: Fold>(values: &[f64], first: f64) -> f64 {
    let start = if F::ANY_ORDER { 0.0 } else { first };
    // Not an array of four: the compiler would keep that in memory.
    let (mut a, mut b, mut c, mut d) = ([start; WIDTH], [start; WIDTH], [start; WIDTH], [start; WIDTH]);
    let (vectors, rest) = values.as_chunks::<WIDTH>();
    let (wide, vectors) = vectors.as_chunks::<WAYS>();
    for [p, q, r, s] in wide {
        join::<F>(&mut a, p);
        join::<F>(&mut b, q);
        join::<F>(&mut c, r);
        join::<F>(&mut d, s);
    }
    for vector in vectors {
        join::<F>(&mut d, vector);
    }
    let tail = rest.iter().fold(start, |tail, &x| F::join(tail, F::map(x)));
    for i in 0..WIDTH {
        a[i] = F::join(F::join(a[i], b[i]), F::join(c[i], d[i]));
    }
    // The compiler must not know what comes next: it would take pairs in the loop above, to have pairs here.
    let a = black_box(a);
    let [p, q, r, s] = [0, 1, 2, 3].map(|i| F::join(a[i], a[i + 4]));
    F::join(F::join(F::join(p, r), F::join(q, s)), tail)
}

/// The fold of all these numbers, at least one.
#[inline(always)]
pub(crate) fn fold_all<F: Fold>(values: &[f64]) -> f64 {
    let first = values[0];
    if values.len() <= BLOCK {
        return block::<F>(values, first);
    }
    // As one counts in binary: `partial[i]` is the fold of 2^i blocks, if bit i of `count` is set.
    let mut partial = [0.0; usize::BITS as usize];
    let mut count = 0_usize;
    for values in values.chunks(BLOCK) {
        let mut carry = block::<F>(values, first);
        let mut at = 0;
        while count >> at & 1 == 1 {
            carry = F::join(partial[at], carry);
            at += 1;
        }
        partial[at] = carry;
        count += 1;
    }
    let mut total = None;
    for (at, &part) in partial.iter().enumerate() {
        if count >> at & 1 == 1 {
            total = Some(total.map_or(part, |total| F::join(part, total)));
        }
    }
    total.unwrap_or(first)
}

/// Folds all numbers.
pub(crate) struct All<'a, F>(pub &'a [f64], pub PhantomData<F>);

impl<F: Fold> Kernel for All<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        fold_all::<F>(self.0)
    }
}

/// Folds each row to a number.
pub(crate) struct EachRow<'a, F> {
    pub values: &'a [f64],
    pub columns: usize,
    pub output: &'a mut [f64],
    pub fold: PhantomData<F>,
}

impl<F: Fold> Kernel for EachRow<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.columns {
            1 => narrow::<F, 1>(self.values, self.output),
            2 => narrow::<F, 2>(self.values, self.output),
            3 => narrow::<F, 3>(self.values, self.output),
            4 => narrow::<F, 4>(self.values, self.output),
            columns => {
                for (to, row) in self.output.iter_mut().zip(self.values.chunks_exact(columns)) {
                    *to = fold_all::<F>(row);
                }
            }
        }
    }
}

/// Folds each row of N numbers, several rows at once.
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "the rows are the inner loop, for one vector over several rows"
)]
pub(crate) fn narrow<F: Fold, const N: usize>(values: &[f64], output: &mut [f64]) {
    let (rows, _) = values.as_chunks::<N>();
    let (blocks, rest) = rows.as_chunks::<WIDTH>();
    let (outputs, last) = output.as_chunks_mut::<WIDTH>();
    for (to, rows) in outputs.iter_mut().zip(blocks) {
        for i in 0..WIDTH {
            to[i] = F::map(rows[i][0]);
        }
        for k in 1..N {
            for i in 0..WIDTH {
                to[i] = F::join(to[i], F::map(rows[i][k]));
            }
        }
    }
    for (to, row) in last.iter_mut().zip(rest) {
        *to = row[1..].iter().fold(F::map(row[0]), |total, &x| F::join(total, F::map(x)));
    }
}

/// Folds each column to a number.
pub(crate) struct EachColumn<'a, F> {
    pub values: &'a [f64],
    pub columns: usize,
    pub output: &'a mut [f64],
    pub fold: PhantomData<F>,
}

impl<F: Fold> Kernel for EachColumn<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (columns, output) = (self.columns, self.output);
        let (first, values) = self.values.split_at(columns);
        for (to, &x) in output.iter_mut().zip(first) {
            *to = F::map(x);
        }
        // Four rows at a time, so that the output is read and written a quarter as often.
        let mut fours = values.chunks_exact(4 * columns);
        for rows in &mut fours {
            let (ab, cd) = rows.split_at(2 * columns);
            let ((a, b), (c, d)) = (ab.split_at(columns), cd.split_at(columns));
            for ((((to, &a), &b), &c), &d) in output.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                let (a, b, c, d) = (F::map(a), F::map(b), F::map(c), F::map(d));
                *to = if F::ANY_ORDER {
                    F::join(*to, F::join(F::join(a, b), F::join(c, d)))
                } else {
                    F::join(F::join(F::join(F::join(*to, a), b), c), d)
                };
            }
        }
        for row in fours.remainder().chunks_exact(columns) {
            for (to, &x) in output.iter_mut().zip(row) {
                *to = F::join(*to, F::map(x));
            }
        }
    }
}
