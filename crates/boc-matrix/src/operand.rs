//! What a matrix can be combined with: another matrix, a plain row, or a number.

use crate::{Error, Matrix, Shape};

/// An operand of an element-wise operation. Most calls take `impl Into<Operand>`: a `&Matrix`, an `f64`, or a slice of
/// numbers, which is a `1xN` row.
///
/// Operands *broadcast*: where one has a single row (or column) and the other has several, the single one is used for
/// all of them. So these fit `MxN`: the same shape, `1x1` or a number, `1xN`, `Mx1`; and a column with a row gives a table.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// A number.
    Number(f64),
    /// Numbers in row-major order.
    Values(&'a [f64], Shape),
    /// The output itself, as it was before the call: for operations that write to one of their operands. Anything else
    /// that is read cannot be the output, says Rust's borrow checker.
    Output,
}

impl<'a> Operand<'a> {
    /// Numbers in row-major order, which have to be as many as the shape says.
    pub fn values(values: &'a [f64], shape: Shape) -> Result<Operand<'a>, Error> {
        if values.len() == shape.size() {
            Ok(Operand::Values(values, shape))
        } else {
            Err(Error::Count { shape, given: values.len() })
        }
    }

    /// The shape, if there is one to fit to: not of a number. `output` is the output's shape.
    pub(crate) fn shape(&self, output: Option<Shape>) -> Option<Shape> {
        match self {
            Operand::Number(_) => None,
            Operand::Values(_, shape) => Some(*shape),
            Operand::Output => output,
        }
    }
}

impl<'a> From<&'a Matrix> for Operand<'a> {
    #[inline]
    fn from(matrix: &'a Matrix) -> Operand<'a> {
        Operand::Values(matrix.as_slice(), matrix.shape())
    }
}

impl From<f64> for Operand<'_> {
    #[inline]
    fn from(number: f64) -> Self {
        Operand::Number(number)
    }
}

/// How an operand gives its elements for an output of some shape.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Number(f64),
    /// An element for each of the output's.
    Full(&'a [f64]),
    /// The same for each row.
    Row(&'a [f64]),
    /// One number for each row.
    Column(&'a [f64]),
    Output,
}

/// The elements of an operand for one row of the output.
#[derive(Clone, Copy)]
pub(crate) enum Line<'a> {
    Number(f64),
    Values(&'a [f64]),
    Output,
}

impl<'a> Source<'a> {
    /// The operand has to fit to the shape, which `Shape::common` has checked.
    #[inline]
    pub(crate) fn new(operand: Operand<'a>, shape: Shape) -> Source<'a> {
        match operand {
            Operand::Number(number) => Source::Number(number),
            Operand::Output => Source::Output,
            Operand::Values(values, own) if own == shape => Source::Full(values),
            Operand::Values(values, own) => match (own.rows(), own.columns()) {
                (1, 1) => Source::Number(values[0]),
                (1, _) => Source::Row(values),
                _ => Source::Column(values),
            },
        }
    }

    /// The elements for the output as one long row, if rows do not matter.
    #[inline(always)]
    pub(crate) fn whole(&self) -> Option<Line<'a>> {
        match *self {
            Source::Number(number) => Some(Line::Number(number)),
            Source::Full(values) => Some(Line::Values(values)),
            Source::Output => Some(Line::Output),
            Source::Row(_) | Source::Column(_) => None,
        }
    }

    /// Whether rows matter, so that the output cannot be taken for one long row.
    #[inline(always)]
    pub(crate) fn has_rows(&self) -> bool {
        matches!(self, Source::Row(_) | Source::Column(_))
    }

    #[inline(always)]
    pub(crate) fn line(&self, row: usize, columns: usize) -> Line<'a> {
        match *self {
            Source::Number(number) => Line::Number(number),
            Source::Full(values) => Line::Values(&values[row * columns..][..columns]),
            Source::Row(values) => Line::Values(values),
            Source::Column(values) => Line::Number(values[row]),
            Source::Output => Line::Output,
        }
    }
}

/// The shape of the result of an operation on operands, none of which is too large. Numbers alone make a `1x1`.
#[inline]
pub(crate) fn common_shape(
    operation: &'static str,
    operands: &[Operand<'_>],
    output: Option<Shape>,
) -> Result<Shape, Error> {
    let mut common = None;
    for shape in operands.iter().filter_map(|operand| operand.shape(output)) {
        common = Some(match common {
            Some(common) => Shape::common(operation, common, shape)?,
            None => shape,
        });
    }
    match common {
        Some(shape) => Ok(shape),
        None => Shape::new(1, 1),
    }
}

/// As [`common_shape`], for an operation that writes to an output, which has to have exactly that shape.
#[inline]
pub(crate) fn check_output(
    operation: &'static str,
    operands: &[Operand<'_>],
    output: Shape,
) -> Result<(), Error> {
    let needed = common_shape(operation, operands, Some(output))?;
    if needed == output { Ok(()) } else { Err(Error::Output { operation, needed, given: output }) }
}
