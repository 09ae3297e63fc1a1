//! Random numbers: streams that a seed makes repeatable.

use crate::{Error, Matrix, Shape};
use rand::rngs::SysRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers (xoshiro256++). Not for secrets.
///
/// ```
/// use boc_matrix::Random;
///
/// let (mut one, mut other) = (Random::new(7), Random::new(7));
/// assert_eq!(one.uniform(0.0, 1.0)?, other.uniform(0.0, 1.0)?);
/// # Ok::<(), boc_matrix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    generator: Xoshiro256PlusPlus,
}

impl Random {
    /// The stream of a seed, the same on every machine.
    pub fn new(seed: u64) -> Random {
        Random { generator: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// A stream that the operating system's random numbers choose.
    pub fn from_system() -> Result<Random, Error> {
        let generator = Xoshiro256PlusPlus::try_from_rng(&mut SysRng);
        let generator = generator
            .map_err(|error| Error::argument("seed", format!("the system has no random numbers: {error}")))?;
        Ok(Random { generator })
    }

    /// Another stream, 2^128 numbers ahead, so that the two do not overlap; this one goes on behind those.
    ///
    /// ```
    /// # use boc_matrix::Random;
    /// let mut root = Random::new(7);
    /// let workers: Vec<Random> = (0..4).map(|_| root.split()).collect();
    /// ```
    pub fn split(&mut self) -> Random {
        let part = self.clone();
        self.generator.jump();
        part
    }

    /// A number from `least` up to, but not including, `limit` (but for rounding). [`Error::Argument`] if one of them is
    /// not finite, or if `limit < least`.
    pub fn uniform(&mut self, least: f64, limit: f64) -> Result<f64, Error> {
        check_uniform(least, limit)?;
        Ok(self.next_uniform(least, limit))
    }

    /// A number from the normal distribution. [`Error::Argument`] if the deviation is negative or one of them is not finite.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> Result<f64, Error> {
        check_normal(mean, deviation)?;
        Ok(self.next_normal(mean, deviation))
    }

    #[inline]
    fn next_uniform(&mut self, least: f64, limit: f64) -> f64 {
        let part: f64 = self.generator.random();
        // Not `limit - least`, which may be infinite.
        if (limit - least).is_finite() {
            least + part * (limit - least)
        } else {
            least * (1.0 - part) + part * limit
        }
    }

    #[inline]
    fn next_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let standard: f64 = self.generator.sample(StandardNormal);
        mean + deviation * standard
    }
}

fn check_uniform(least: f64, limit: f64) -> Result<(), Error> {
    let fine = least.is_finite() && limit.is_finite() && least <= limit;
    let what = || format!("{least} and {limit} are not two finite limits, the lower one first");
    if fine { Ok(()) } else { Err(Error::argument("uniform", what())) }
}

fn check_normal(mean: f64, deviation: f64) -> Result<(), Error> {
    let fine = mean.is_finite() && deviation.is_finite() && deviation >= 0.0;
    let what = || {
        format!(
            "the mean, {mean}, and the standard deviation, {deviation}, must be finite, the latter not negative"
        )
    };
    if fine { Ok(()) } else { Err(Error::argument("normal", what())) }
}

impl Matrix {
    /// A matrix of numbers as [`Random::uniform`] gives them, row after row.
    pub fn uniform(random: &mut Random, shape: Shape, least: f64, limit: f64) -> Result<Matrix, Error> {
        check_uniform(least, limit)?;
        let mut matrix = Matrix::scratch(shape)?;
        matrix.iter_mut().for_each(|to| *to = random.next_uniform(least, limit));
        Ok(matrix)
    }

    /// A matrix of numbers as [`Random::normal`] gives them, row after row.
    pub fn normal(random: &mut Random, shape: Shape, mean: f64, deviation: f64) -> Result<Matrix, Error> {
        check_normal(mean, deviation)?;
        let mut matrix = Matrix::scratch(shape)?;
        matrix.iter_mut().for_each(|to| *to = random.next_normal(mean, deviation));
        Ok(matrix)
    }
}
