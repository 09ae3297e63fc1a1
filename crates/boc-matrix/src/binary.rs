//! Operations on two operands, element by element: arithmetic and comparisons.
//!
//! The operations are listed once, in [`Binary`]. All share one kernel, which goes through the output row by row (or
//! through all of it as one row, if nothing is broadcast) and has a loop for each kind of operand.

use crate::dispatch::{Kernel, dispatch};
use crate::operand::{Line, Operand, Source, check_output, common_shape};
use crate::{Error, Matrix};
use std::marker::PhantomData;

trait Operation {
    fn apply(left: f64, right: f64) -> f64;
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident $method:ident $text:literal, |$left:ident, $right:ident| $result:expr;)*) => {
        /// An operation on two numbers. Comparisons give 1.0 or 0.0, and as IEEE 754 says, NaN is unequal to all.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Binary { $($(#[$doc])* $name,)* }

        mod operations {
            $(pub(super) struct $name;
            impl super::Operation for $name {
                #[inline(always)]
                fn apply($left: f64, $right: f64) -> f64 { $result }
            })*
        }

        impl Binary {
            /// All of them.
            pub const ALL: &'static [Binary] = &[$(Binary::$name),*];

            /// The name in error messages.
            pub fn name(self) -> &'static str {
                match self { $(Binary::$name => $text,)* }
            }

            /// The operation on two numbers.
            pub fn apply(self, left: f64, right: f64) -> f64 {
                match self { $(Binary::$name => operations::$name::apply(left, right),)* }
            }

            #[inline]
            fn run(self, output: &mut [f64], columns: usize, left: Source<'_>, right: Source<'_>) {
                match self {
                    $(Binary::$name => run::<operations::$name>(output, columns, left, right),)*
                }
            }
        }

        impl Matrix {
            $(
                $(#[$doc])*
                ///
                /// Broadcasts; [`Error::Shapes`] if the shapes do not fit.
                #[inline]
                pub fn $method<'a>(&self, other: impl Into<Operand<'a>>) -> Result<Matrix, Error> {
                    Matrix::binary(Binary::$name, self, other)
                }
            )*
        }
    };
}

binary! {
    /// The sum.
    Add add "add", |a, b| a + b;
    /// The difference.
    Subtract subtract "subtract", |a, b| a - b;
    /// The product of elements (not of matrices, see [`Matrix::matmul`]).
    Multiply multiply "multiply", |a, b| a * b;
    /// The quotient; by zero it is infinite or NaN.
    Divide divide "divide", |a, b| a / b;
    /// Whether the left is less.
    Less less "less", |a, b| (a < b) as u8 as f64;
    /// Whether the left is less or equal.
    LessEqual less_equal "less_equal", |a, b| (a <= b) as u8 as f64;
    /// Whether the left is greater.
    Greater greater "greater", |a, b| (a > b) as u8 as f64;
    /// Whether the left is greater or equal.
    GreaterEqual greater_equal "greater_equal", |a, b| (a >= b) as u8 as f64;
    /// Whether both are equal.
    Equal equal "equal", |a, b| (a == b) as u8 as f64;
    /// Whether they differ.
    NotEqual not_equal "not_equal", |a, b| (a != b) as u8 as f64;
}

impl Matrix {
    /// An operation on two operands.
    ///
    /// ```
    /// use boc_matrix::{Binary, Matrix};
    ///
    /// let column = Matrix::column(&[1.0, 2.0])?;
    /// let row = Matrix::row(&[10.0, 20.0, 30.0])?;
    /// let table = Matrix::binary(Binary::Add, &column, &row)?;
    /// assert_eq!(table.as_slice(), [11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
    /// let left = Matrix::binary(Binary::Subtract, 1.0, &column)?; // numbers on either side
    /// assert_eq!(left.as_slice(), [0.0, -1.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    #[inline]
    pub fn binary<'a, 'b>(
        operation: Binary,
        left: impl Into<Operand<'a>>,
        right: impl Into<Operand<'b>>,
    ) -> Result<Matrix, Error> {
        let (left, right) = (left.into(), right.into());
        if matches!(left, Operand::Output) || matches!(right, Operand::Output) {
            return Err(Error::argument(operation.name(), "there is no output to read from"));
        }
        let shape = common_shape(operation.name(), &[left, right], None)?;
        let mut output = Matrix::scratch(shape)?;
        operation.run(&mut output, shape.columns(), Source::new(left, shape), Source::new(right, shape));
        Ok(output)
    }

    /// An operation on two operands, written to this matrix, whose shape must be the result's. Each operand can be
    /// [`Operand::Output`], this matrix itself.
    ///
    /// ```
    /// use boc_matrix::{Binary, Matrix, Operand};
    ///
    /// let mut total = Matrix::row(&[1.0, 2.0])?;
    /// total.assign_binary(Binary::Add, Operand::Output, 0.5)?; // total += 0.5
    /// assert_eq!(total.as_slice(), [1.5, 2.5]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    #[inline]
    pub fn assign_binary<'a, 'b>(
        &mut self,
        operation: Binary,
        left: impl Into<Operand<'a>>,
        right: impl Into<Operand<'b>>,
    ) -> Result<(), Error> {
        let (left, right) = (left.into(), right.into());
        let shape = self.shape();
        check_output(operation.name(), &[left, right], shape)?;
        operation.run(self, shape.columns(), Source::new(left, shape), Source::new(right, shape));
        Ok(())
    }
}

/// Up to so many elements, a plain loop is done before the one for vectors has begun.
const FEW: usize = 8;

#[inline]
fn run<O: Operation>(output: &mut [f64], columns: usize, left: Source<'_>, right: Source<'_>) {
    if output.len() <= FEW
        && let (Some(left), Some(right)) = (left.whole(), right.whole())
    {
        return apply_line::<O>(output, left, right);
    }
    dispatch(Apply::<O> { output, columns, left, right, operation: PhantomData });
}

struct Apply<'a, O> {
    output: &'a mut [f64],
    columns: usize,
    left: Source<'a>,
    right: Source<'a>,
    operation: PhantomData<O>,
}

impl<O: Operation> Kernel for Apply<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if let (Some(left), Some(right)) = (self.left.whole(), self.right.whole()) {
            return apply_line::<O>(self.output, left, right);
        }
        let columns = self.columns;
        for (row, output) in self.output.chunks_exact_mut(columns).enumerate() {
            apply_line::<O>(output, self.left.line(row, columns), self.right.line(row, columns));
        }
    }
}

#[inline(always)]
fn apply_line<O: Operation>(output: &mut [f64], left: Line<'_>, right: Line<'_>) {
    use Line::{Number, Output, Values};
    match (left, right) {
        (Values(left), Values(right)) => {
            for ((to, &left), &right) in output.iter_mut().zip(left).zip(right) {
                *to = O::apply(left, right);
            }
        }
        (Values(left), Number(right)) => {
            for (to, &left) in output.iter_mut().zip(left) {
                *to = O::apply(left, right);
            }
        }
        (Number(left), Values(right)) => {
            for (to, &right) in output.iter_mut().zip(right) {
                *to = O::apply(left, right);
            }
        }
        (Output, Values(right)) => {
            for (to, &right) in output.iter_mut().zip(right) {
                *to = O::apply(*to, right);
            }
        }
        (Values(left), Output) => {
            for (to, &left) in output.iter_mut().zip(left) {
                *to = O::apply(left, *to);
            }
        }
        (Output, Number(right)) => output.iter_mut().for_each(|to| *to = O::apply(*to, right)),
        (Number(left), Output) => output.iter_mut().for_each(|to| *to = O::apply(left, *to)),
        (Output, Output) => output.iter_mut().for_each(|to| *to = O::apply(*to, *to)),
        (Number(left), Number(right)) => output.fill(O::apply(left, right)),
    }
}
