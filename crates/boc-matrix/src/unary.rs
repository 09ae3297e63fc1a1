//! Operations on one operand, element by element.
//!
//! The operations are listed once, in [`Unary`], and share one kernel. Sine and cosine are in `sine.rs`.

use crate::dispatch::{Kernel, dispatch};
use crate::sine::{Cosine, Sine, sine_kernel};
use crate::{Error, Matrix};

trait Operation: Copy {
    fn apply(self, x: f64) -> f64;
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $method:ident $in_place:ident, |$x:ident| $result:expr;)*) => {
        /// An operation on one number.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Unary {
            $($(#[$doc])* $name,)*
            /// The sine, see [`Matrix::sin`].
            Sin,
            /// The cosine, see [`Matrix::cos`].
            Cos,
            /// Limits to a range, see [`Unary::clip`].
            Clip(Range),
        }

        mod operations {
            $(#[derive(Clone, Copy)]
            pub(super) struct $name;
            impl super::Operation for $name {
                #[inline(always)]
                fn apply(self, $x: f64) -> f64 { $result }
            })*
        }

        impl Unary {
            #[inline]
            fn run(self, output: &mut [f64], input: Option<&[f64]>) {
                match self {
                    $(Unary::$name => dispatch(Apply { output, input, operation: operations::$name }),)*
                    Unary::Sin => sine_kernel(output, input, Sine),
                    Unary::Cos => sine_kernel(output, input, Cosine),
                    Unary::Clip(operation) => dispatch(Apply { output, input, operation }),
                }
            }
        }

        impl Matrix {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $method(&self) -> Result<Matrix, Error> { self.unary(Unary::$name) }

                #[doc = concat!("[`Matrix::", stringify!($method), "`], in place.")]
                #[inline]
                pub fn $in_place(&mut self) { self.unary_in_place(Unary::$name) }
            )*
        }
    };
}

unary! {
    /// The next whole number that is not less.
    Ceil ceil ceil_in_place, |x| x.ceil();
    /// The next whole number that is not greater.
    Floor floor floor_in_place, |x| x.floor();
    /// The nearest whole number; the even one of two, as Python's `round` and NumPy have it.
    Round round round_in_place, |x| x.round_ties_even();
    /// The number with the other sign, of zeros and NaN, too.
    Negate negate negate_in_place, |x| -x;
    /// The absolute value.
    Abs abs abs_in_place, |x| x.abs();
    /// The square root, correctly rounded; NaN of what is negative.
    Sqrt sqrt sqrt_in_place, |x| x.sqrt();
    /// One divided by the number.
    Reciprocal reciprocal reciprocal_in_place, |x| 1.0 / x;
    /// 1, 0 or -1; 0 of both zeros, and of NaN.
    Sign sign sign_in_place, |x| (x > 0.0) as u8 as f64 - (x < 0.0) as u8 as f64;
}

/// The limits of [`Unary::Clip`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    least: f64,
    greatest: f64,
}

impl Operation for Range {
    #[inline(always)]
    fn apply(self, x: f64) -> f64 {
        // NaN compares false and stays.
        let x = if x < self.least { self.least } else { x };
        if x > self.greatest { self.greatest } else { x }
    }
}

impl Unary {
    /// Limits numbers to `least..=greatest`; either side may be open. NaN stays NaN.
    ///
    /// [`Error::Argument`] if both sides are open, a limit is NaN, or `greatest < least`.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Unary};
    ///
    /// let row = Matrix::row(&[-5.0, 0.5, 9.0])?;
    /// assert_eq!(row.unary(Unary::clip(Some(0.0), Some(1.0))?)?.as_slice(), [0.0, 0.5, 1.0]);
    /// assert!(Unary::clip(Some(1.0), Some(0.0)).is_err() && Unary::clip(None, None).is_err());
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn clip(least: Option<f64>, greatest: Option<f64>) -> Result<Unary, Error> {
        let wrong = |what: String| Err(Error::argument("clip", what));
        if least.is_none() && greatest.is_none() {
            return wrong("give a minimum, a maximum, or both".into());
        }
        let (least, greatest) = (least.unwrap_or(f64::NEG_INFINITY), greatest.unwrap_or(f64::INFINITY));
        if least.is_nan() || greatest.is_nan() {
            return wrong("NaN is no limit".into());
        }
        if greatest < least {
            return wrong(format!("the maximum, {greatest}, is less than the minimum, {least}"));
        }
        Ok(Unary::Clip(Range { least, greatest }))
    }
}

impl Matrix {
    /// The operation on each element.
    #[inline]
    pub fn unary(&self, operation: Unary) -> Result<Matrix, Error> {
        let mut output = Matrix::scratch(self.shape())?;
        operation.run(&mut output, Some(self));
        Ok(output)
    }

    /// Replaces each element by the operation's result.
    #[inline]
    pub fn unary_in_place(&mut self, operation: Unary) {
        operation.run(self, None);
    }

    /// Writes the operation's results on another matrix to this one, which has to be of the same shape.
    #[inline]
    pub fn assign_unary(&mut self, operation: Unary, input: &Matrix) -> Result<(), Error> {
        if self.shape() != input.shape() {
            return Err(Error::Output { operation: "out", needed: input.shape(), given: self.shape() });
        }
        operation.run(self, Some(input));
        Ok(())
    }

    /// The sine. At most one unit in the last place from the exact value, for all arguments, at all levels the same.
    #[inline]
    pub fn sin(&self) -> Result<Matrix, Error> {
        self.unary(Unary::Sin)
    }

    /// The cosine. At most one unit in the last place from the exact value, for all arguments, at all levels the same.
    #[inline]
    pub fn cos(&self) -> Result<Matrix, Error> {
        self.unary(Unary::Cos)
    }
}

struct Apply<'a, O> {
    output: &'a mut [f64],
    /// None: the output itself.
    input: Option<&'a [f64]>,
    operation: O,
}

impl<O: Operation> Kernel for Apply<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.input {
            Some(input) => {
                for (to, &from) in self.output.iter_mut().zip(input) {
                    *to = self.operation.apply(from);
                }
            }
            None => self.output.iter_mut().for_each(|to| *to = self.operation.apply(*to)),
        }
    }
}
