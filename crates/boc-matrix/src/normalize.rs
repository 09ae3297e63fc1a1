//! Dividing vectors by their lengths.

use crate::buffer::Buffer;
use crate::dispatch::{Kernel, dispatch};
use crate::fold::{EachColumn, Squares, fold_all, narrow};
use crate::{Axis, Error};
use std::marker::PhantomData;

/// Writes the normalised input (or output, without an input) to the output.
pub(crate) fn run(
    output: &mut [f64],
    columns: usize,
    input: Option<&[f64]>,
    axis: Option<Axis>,
) -> Result<(), Error> {
    match axis {
        None => {
            let size = output.len();
            dispatch(Rows { output, columns: size, input });
        }
        Some(Axis::Columns) => dispatch(Rows { output, columns, input }),
        Some(Axis::Rows) => {
            let mut lengths = Buffer::scratch(columns)?;
            let values = input.unwrap_or(output);
            let fold = PhantomData::<Squares>;
            dispatch(EachColumn { values, columns, output: &mut lengths, fold });
            dispatch(Columns { output, input, squares: &mut lengths });
        }
    }
    Ok(())
}

/// A number that was part of a vector of that length.
#[inline(always)]
fn unit(x: f64, length: f64) -> f64 {
    let quotient = x / length;
    if length == 0.0 { 0.0 } else { quotient }
}

struct Rows<'a> {
    output: &'a mut [f64],
    columns: usize,
    input: Option<&'a [f64]>,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Rows { output, columns, input } = self;
        match columns {
            2 => narrow_rows::<2>(output, input),
            3 => narrow_rows::<3>(output, input),
            4 => narrow_rows::<4>(output, input),
            _ => {
                for (nth, to) in output.chunks_exact_mut(columns).enumerate() {
                    match input {
                        Some(input) => {
                            let from = &input[nth * columns..][..columns];
                            let length = fold_all::<Squares>(from).sqrt();
                            to.iter_mut().zip(from).for_each(|(to, &x)| *to = unit(x, length));
                        }
                        None => {
                            let length = fold_all::<Squares>(to).sqrt();
                            to.iter_mut().for_each(|to| *to = unit(*to, length));
                        }
                    }
                }
            }
        }
    }
}

/// How many rows are done at once.
const ROWS: usize = 64;

#[inline(always)]
fn narrow_rows<const N: usize>(output: &mut [f64], input: Option<&[f64]>) {
    let mut lengths = [0.0; ROWS];
    let mut divisors = [[0.0; N]; ROWS];
    for (nth, to) in output.chunks_mut(ROWS * N).enumerate() {
        let from = input.map(|input| &input[nth * ROWS * N..][..to.len()]);
        narrow::<Squares, N>(from.unwrap_or(to), &mut lengths[..to.len() / N]);
        lengths.iter_mut().for_each(|square| *square = square.sqrt());
        // One for each number, so that the loop over the numbers need not know of rows.
        for (divisor, &length) in divisors.iter_mut().zip(&lengths) {
            *divisor = [length; N];
        }
        let divisors = divisors.as_flattened();
        match from {
            Some(from) => {
                to.iter_mut().zip(from).zip(divisors).for_each(|((to, &x), &length)| *to = unit(x, length));
            }
            None => to.iter_mut().zip(divisors).for_each(|(to, &length)| *to = unit(*to, length)),
        }
    }
}

struct Columns<'a> {
    output: &'a mut [f64],
    input: Option<&'a [f64]>,
    squares: &'a mut [f64],
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lengths = self.squares;
        lengths.iter_mut().for_each(|square| *square = square.sqrt());
        for (nth, to) in self.output.chunks_exact_mut(lengths.len()).enumerate() {
            match self.input {
                Some(input) => {
                    let from = &input[nth * lengths.len()..][..lengths.len()];
                    for ((to, &x), &length) in to.iter_mut().zip(from).zip(&*lengths) {
                        *to = unit(x, length);
                    }
                }
                None => to.iter_mut().zip(&*lengths).for_each(|(to, &length)| *to = unit(*to, length)),
            }
        }
    }
}
