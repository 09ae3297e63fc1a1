//! Sine and cosine, many at a time.
//!
//! The method is that of FreeBSD's (and so most others') libm: subtract the nearest multiple of pi/2, in more digits than
//! a double has, then evaluate a polynomial for the sine or the cosine of what is left, which is at most pi/4. Here all of
//! it is without branches, so that the compiler can do it for several numbers at once: both polynomials are evaluated, and
//! bits choose. Nothing is contracted to fused operations, so each level gives the same bits.
//!
//! Of 300,000 numbers (up to a million, tiny ones, and those next to multiples of pi/4), the largest error was 0.75 units in the
//! last place; that of glibc, 0.51. They differed, by one unit, in one of 70. Of the crates with vectorised functions, `sleef`
//! needs a nightly Rust, and `wide` chooses instructions when it is compiled.
//!
//! Numbers beyond [`LIMIT`], infinities and NaN are left to the standard library, one at a time.

use crate::dispatch::{Kernel, dispatch};

/// Up to here the multiple of pi/2 has at most 20 bits, so that its products with [`PI_2`] are exact.
const LIMIT: f64 = 1_000_000.0;
/// Adding this to a number of moderate size rounds it to a whole one, which the last bits then show.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52

/// pi/2 in three pieces of 33 bits, and the rest.
const PI_2: [f64; 3] = [
    f64::from_bits(0x3FF9_21FB_5440_0000),
    f64::from_bits(0x3DD0_B461_1A60_0000),
    f64::from_bits(0x3BA3_198A_2E00_0000),
];
const PI_2_REST: f64 = f64::from_bits(0x397B_839A_2520_49C1);

/// The minimax polynomial for (sin(x) - x) / x^3 in x^2.
#[expect(clippy::excessive_precision, reason = "as they are published")]
const SINE: [f64; 6] = [
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
];
/// The minimax polynomial for (cos(x) - 1 + x^2/2) / x^4 in x^2.
#[expect(clippy::excessive_precision, reason = "as they are published")]
const COSINE: [f64; 6] = [
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
];

/// Which of the two functions.
pub(crate) trait Function: Copy {
    /// How many quarters of a turn the function is ahead of the sine.
    const AHEAD: u64;
    fn library(x: f64) -> f64;
}

#[derive(Clone, Copy)]
pub(crate) struct Sine;
#[derive(Clone, Copy)]
pub(crate) struct Cosine;

impl Function for Sine {
    const AHEAD: u64 = 0;
    fn library(x: f64) -> f64 {
        x.sin()
    }
}

impl Function for Cosine {
    const AHEAD: u64 = 1;
    fn library(x: f64) -> f64 {
        x.cos()
    }
}

/// The exact sum of two numbers, as a rounded one and the rest.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// x minus the nearest multiple of pi/2, as a number and its rest, and the multiple in the last bits.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64, u64) {
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUND;
    let turns = rounded - ROUND;
    let first = x - turns * PI_2[0]; // exact
    let (second, rest) = two_sum(first, -(turns * PI_2[1]));
    let (third, more) = two_sum(second, -(turns * PI_2[2]));
    let (y, rest) = two_sum(third, rest + more - turns * PI_2_REST);
    (y, rest, rounded.to_bits())
}

/// sin(y + rest).
#[inline(always)]
fn sine(y: f64, rest: f64) -> f64 {
    let [c1, c2, c3, c4, c5, c6] = SINE;
    let z = y * y;
    let w = z * z;
    let r = c2 + z * (c3 + z * c4) + z * w * (c5 + z * c6);
    let v = z * y;
    y - ((z * (0.5 * rest - v * r) - rest) - v * c1)
}

/// cos(y + rest).
#[inline(always)]
fn cosine(y: f64, rest: f64) -> f64 {
    let [c1, c2, c3, c4, c5, c6] = COSINE;
    let z = y * y;
    let w = z * z;
    let r = z * (c1 + z * (c2 + z * c3)) + w * w * (c4 + z * (c5 + z * c6));
    let half = 0.5 * z;
    let w = 1.0 - half;
    w + (((1.0 - w) - half) + (z * r - y * rest))
}

#[inline(always)]
fn both<F: Function>(x: f64) -> f64 {
    let (y, rest, turns) = reduce(x);
    let turns = turns.wrapping_add(F::AHEAD);
    let swap = (turns & 1).wrapping_neg(); // all bits, for the odd quarters
    let bits = (sine(y, rest).to_bits() & !swap) | (cosine(y, rest).to_bits() & swap);
    let result = f64::from_bits(bits ^ ((turns & 2) << 62));
    // The sums above lose the sign of -0.
    if x == 0.0 && F::AHEAD == 0 { x } else { result }
}

/// Whether a number is the library's: beyond the limit, infinite or NaN, which are at least as large as bits.
#[inline(always)]
fn is_far(x: f64) -> bool {
    x.abs().to_bits() > LIMIT.to_bits()
}

/// Numbers that are done together, before those among them are looked for that need the library.
const CHUNK: usize = 64;

/// Writes the function of the input (or of the output, without an input) to the output.
pub(crate) fn sine_kernel<F: Function>(output: &mut [f64], input: Option<&[f64]>, _: F) {
    dispatch(Apply::<F> { output, input, function: std::marker::PhantomData });
}

struct Apply<'a, F> {
    output: &'a mut [f64],
    input: Option<&'a [f64]>,
    function: std::marker::PhantomData<F>,
}

impl<F: Function> Kernel for Apply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut chunk = [0.0; CHUNK];
        for (nth, output) in self.output.chunks_mut(CHUNK).enumerate() {
            let size = output.len();
            match self.input {
                Some(input) => chunk[..size].copy_from_slice(&input[nth * CHUNK..][..size]),
                None => chunk[..size].copy_from_slice(output),
            }
            let mut far = 0;
            for (to, &x) in output.iter_mut().zip(&chunk[..size]) {
                *to = both::<F>(x);
                far |= is_far(x) as u64;
            }
            if far != 0 {
                library::<F>(output, &chunk[..size]);
            }
        }
    }
}

#[cold]
#[inline(never)]
fn library<F: Function>(output: &mut [f64], input: &[f64]) {
    for (to, &x) in output.iter_mut().zip(input) {
        if is_far(x) {
            *to = F::library(x);
        }
    }
}
