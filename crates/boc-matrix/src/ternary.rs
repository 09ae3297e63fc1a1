//! Operations on three operands, element by element: `fma`, `scaled_add` and `select_where`.
//!
//! Three operands of four kinds each would be too many loops. So the kernel brings a few numbers of each operand into an
//! array first, and has one loop over these.

use crate::dispatch::{Kernel, dispatch};
use crate::operand::{Line, Operand, Source, check_output, common_shape};
use crate::{Error, Matrix};

/// An operation on three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ternary {
    /// `a * b + c` with one rounding.
    MultiplyAdd,
    /// `a + b * c` with two roundings: the same bits as a multiplication and an addition give.
    ScaledAdd,
    /// `b` where `a` is not zero (NaN is not), else `c`.
    Where,
}

impl Ternary {
    fn name(self) -> &'static str {
        match self {
            Ternary::MultiplyAdd => "fma",
            Ternary::ScaledAdd => "scaled_add",
            Ternary::Where => "where",
        }
    }
}

impl Matrix {
    /// An operation on three operands, which broadcast.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Ternary};
    ///
    /// let mask = Matrix::row(&[1.0, 0.0, f64::NAN])?;
    /// let chosen = Matrix::ternary(Ternary::Where, &mask, 5.0, &Matrix::row(&[7.0, 8.0, 9.0])?)?;
    /// assert_eq!(chosen.as_slice(), [5.0, 8.0, 5.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn ternary<'a, 'b, 'c>(
        operation: Ternary,
        a: impl Into<Operand<'a>>,
        b: impl Into<Operand<'b>>,
        c: impl Into<Operand<'c>>,
    ) -> Result<Matrix, Error> {
        let operands = [a.into(), b.into(), c.into()];
        if operands.iter().any(|operand| matches!(operand, Operand::Output)) {
            return Err(Error::argument(operation.name(), "there is no output to read from"));
        }
        let shape = common_shape(operation.name(), &operands, None)?;
        let mut output = Matrix::scratch(shape)?;
        run(operation, &mut output, shape.columns(), operands.map(|operand| Source::new(operand, shape)));
        Ok(output)
    }

    /// An operation on three operands, written to this matrix, whose shape must be the result's. Each operand can be
    /// [`Operand::Output`], this matrix itself.
    pub fn assign_ternary<'a, 'b, 'c>(
        &mut self,
        operation: Ternary,
        a: impl Into<Operand<'a>>,
        b: impl Into<Operand<'b>>,
        c: impl Into<Operand<'c>>,
    ) -> Result<(), Error> {
        let operands = [a.into(), b.into(), c.into()];
        let shape = self.shape();
        check_output(operation.name(), &operands, shape)?;
        run(operation, self, shape.columns(), operands.map(|operand| Source::new(operand, shape)));
        Ok(())
    }

    /// `self * b + c` with one rounding.
    pub fn fma<'b, 'c>(&self, b: impl Into<Operand<'b>>, c: impl Into<Operand<'c>>) -> Result<Matrix, Error> {
        Matrix::ternary(Ternary::MultiplyAdd, self, b, c)
    }

    /// `self + s * x`, bit for bit as the two operations give it.
    pub fn scaled_add<'s, 'x>(
        &self,
        s: impl Into<Operand<'s>>,
        x: impl Into<Operand<'x>>,
    ) -> Result<Matrix, Error> {
        Matrix::ternary(Ternary::ScaledAdd, self, s, x)
    }

    /// `a` where the mask is not zero (NaN is not), `b` elsewhere.
    pub fn select_where<'a, 'b>(
        mask: &Matrix,
        a: impl Into<Operand<'a>>,
        b: impl Into<Operand<'b>>,
    ) -> Result<Matrix, Error> {
        Matrix::ternary(Ternary::Where, mask, a, b)
    }
}

fn run(operation: Ternary, output: &mut [f64], columns: usize, sources: [Source<'_>; 3]) {
    match operation {
        Ternary::MultiplyAdd => dispatch(Apply { output, columns, sources, operation: MultiplyAdd }),
        Ternary::ScaledAdd => dispatch(Apply { output, columns, sources, operation: ScaledAdd }),
        Ternary::Where => dispatch(Apply { output, columns, sources, operation: Where }),
    }
}

trait Operation: Copy {
    fn apply(self, a: f64, b: f64, c: f64) -> f64;
}

#[derive(Clone, Copy)]
struct MultiplyAdd;
#[derive(Clone, Copy)]
struct ScaledAdd;
#[derive(Clone, Copy)]
struct Where;

impl Operation for MultiplyAdd {
    #[inline(always)]
    fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
}

impl Operation for ScaledAdd {
    #[inline(always)]
    fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        a + b * c
    }
}

impl Operation for Where {
    #[inline(always)]
    fn apply(self, mask: f64, a: f64, b: f64) -> f64 {
        if mask != 0.0 { a } else { b }
    }
}

const CHUNK: usize = 128;

struct Apply<'a, O> {
    output: &'a mut [f64],
    columns: usize,
    sources: [Source<'a>; 3],
    operation: O,
}

impl<O: Operation> Kernel for Apply<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let flat = !self.sources.iter().any(Source::has_rows);
        let columns = if flat { self.output.len() } else { self.columns };
        let mut operands = [[0.0; CHUNK]; 3];
        for (row, output) in self.output.chunks_exact_mut(columns).enumerate() {
            let lines = self.sources.map(|source| source.line(row, columns));
            for (nth, output) in output.chunks_mut(CHUNK).enumerate() {
                let size = output.len();
                for (operand, line) in operands.iter_mut().zip(&lines) {
                    match line {
                        Line::Number(number) => operand[..size].fill(*number),
                        Line::Values(values) => {
                            operand[..size].copy_from_slice(&values[nth * CHUNK..][..size])
                        }
                        Line::Output => operand[..size].copy_from_slice(output),
                    }
                }
                let [a, b, c] = &operands;
                for (((to, &a), &b), &c) in output.iter_mut().zip(a).zip(b).zip(c) {
                    *to = self.operation.apply(a, b, c);
                }
            }
        }
    }
}
