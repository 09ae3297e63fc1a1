//! Choosing parts: elements, rows, columns, blocks, lists of them; reading and overwriting.

use crate::extreme::vector;
use crate::matrix::index;
use crate::operand::{Line, Source};
use crate::{Error, Matrix, Operand, Shape};

/// Evenly spaced positions, such as a Python slice names: `start`, `start + step`, ...; `count` of them, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub(crate) start: usize,
    pub(crate) step: isize,
    pub(crate) count: usize,
}

impl Span {
    /// All positions up to `length`, which should not be 0: a span is never empty.
    pub fn all(length: usize) -> Span {
        Span { start: 0, step: 1, count: length.max(1) }
    }

    /// The positions of Python's `start:stop:step` in a sequence of `length`. [`Error::Selector`] if the step is 0 or there
    /// are no positions: there are no empty matrices.
    ///
    /// ```
    /// use boc_matrix::Span;
    ///
    /// let odd = Span::slice(Some(1), None, Some(2), 10)?;
    /// assert_eq!(odd.positions().collect::<Vec<_>>(), [1, 3, 5, 7, 9]);
    /// let back = Span::slice(None, None, Some(-4), 10)?;
    /// assert_eq!(back.positions().collect::<Vec<_>>(), [9, 5, 1]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn slice(
        start: Option<isize>,
        stop: Option<isize>,
        step: Option<isize>,
        length: usize,
    ) -> Result<Span, Error> {
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(Error::Selector("the step of a slice must not be 0"));
        }
        // In i128 nothing overflows.
        let (length, wide) = (length as i128, step as i128);
        let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let limit = |at: isize| {
            let at = at as i128;
            (if at < 0 { at + length } else { at }).clamp(low, high)
        };
        let start = start.map_or(if step > 0 { low } else { high }, limit);
        let stop = stop.map_or(if step > 0 { high } else { low }, limit);
        let distance = if step > 0 { stop - start } else { start - stop };
        if distance <= 0 {
            return Err(Error::Selector("the slice is empty; a matrix has at least one row and one column"));
        }
        let count = (distance - 1) / wide.abs() + 1;
        Ok(Span { start: start as usize, step, count: count as usize })
    }

    /// How many positions.
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// The positions.
    pub fn positions(self) -> impl ExactSizeIterator<Item = usize> {
        (0..self.count).map(move |nth| self.position(nth))
    }

    #[inline]
    pub(crate) fn position(&self, nth: usize) -> usize {
        self.start.wrapping_add_signed(self.step.wrapping_mul(nth as isize))
    }

    fn check(&self, what: &'static str, length: usize) -> Result<(), Error> {
        for nth in [0, self.count - 1] {
            let position = self.position(nth);
            if position >= length {
                return Err(Error::Index { what, index: position as isize, length });
            }
        }
        Ok(())
    }
}

/// Which rows, or which columns.
#[derive(Debug, Clone, Copy)]
pub enum Select<'a> {
    /// One; negative numbers count from the end.
    One(isize),
    /// Evenly spaced ones.
    Span(Span),
    /// These, in this order, also repeatedly; negative numbers count from the end.
    List(&'a [isize]),
}

/// Checked positions of rows or of columns.
enum Positions {
    Span(Span),
    List(Vec<usize>),
}

impl Positions {
    fn new(what: &'static str, select: Select<'_>, length: usize) -> Result<Positions, Error> {
        Ok(match select {
            Select::One(at) => Positions::Span(Span { start: index(what, at, length)?, step: 1, count: 1 }),
            Select::Span(span) => {
                span.check(what, length)?;
                Positions::Span(span)
            }
            Select::List([]) => return Err(Error::Selector("the list of indices is empty")),
            Select::List(list) => Positions::List(positions(what, list, length)?),
        })
    }

    fn len(&self) -> usize {
        match self {
            Positions::Span(span) => span.count,
            Positions::List(list) => list.len(),
        }
    }

    #[inline]
    fn at(&self, nth: usize) -> usize {
        match self {
            Positions::Span(span) => span.position(nth),
            Positions::List(list) => list[nth],
        }
    }

    /// The first position, if all follow each other.
    fn dense(&self) -> Option<usize> {
        match self {
            Positions::Span(span) if span.step == 1 || span.count == 1 => Some(span.start),
            _ => None,
        }
    }
}

/// The positions of these indices, all of them checked.
pub(crate) fn positions(what: &'static str, list: &[isize], length: usize) -> Result<Vec<usize>, Error> {
    let mut positions = vector(list.len())?;
    for &at in list {
        positions.push(index(what, at, length)?);
    }
    Ok(positions)
}

/// As Python's `m[rows, columns]` has it: two lists would be pairs, for which there is no use here.
fn check_grammar(rows: Select<'_>, columns: Select<'_>, shape: Shape) -> Result<(), Error> {
    let whole = |select: Select<'_>, length: usize| match select {
        Select::Span(span) => span == Span::all(length),
        _ => false,
    };
    match (rows, columns) {
        (Select::List(_), Select::List(_)) => {
            Err(Error::Selector("two lists of indices; give one list, and `:` for the other axis"))
        }
        (Select::List(_), other) if !whole(other, shape.columns()) => {
            Err(Error::Selector("a list of rows goes with all columns: `m[rows, :]`"))
        }
        (other, Select::List(_)) if !whole(other, shape.rows()) => {
            Err(Error::Selector("a list of columns goes with all rows: `m[:, columns]`"))
        }
        _ => Ok(()),
    }
}

impl Matrix {
    /// The elements in these rows and columns, as a matrix.
    ///
    /// [`Error::Index`] if one does not exist; [`Error::Selector`] for an empty list, for two lists, and for a list beside
    /// anything but all positions of the other axis.
    ///
    /// ```
    /// use boc_matrix::{Matrix, Select, Shape, Span};
    ///
    /// let matrix = Matrix::from_fn(Shape::new(3, 4)?, |i, j| (10 * i + j) as f64)?;
    /// let part = matrix.select(Select::One(-1), Select::Span(Span::slice(None, None, Some(2), 4)?))?;
    /// assert_eq!(part.as_slice(), [20.0, 22.0]);
    /// let rows = matrix.select(Select::List(&[2, 0]), Select::Span(Span::all(4)))?;
    /// assert_eq!(rows.row_slice(1), [0.0, 1.0, 2.0, 3.0]);
    /// # Ok::<(), boc_matrix::Error>(())
    /// ```
    pub fn select(&self, rows: Select<'_>, columns: Select<'_>) -> Result<Matrix, Error> {
        check_grammar(rows, columns, self.shape())?;
        let rows = Positions::new("row", rows, self.rows())?;
        let columns = Positions::new("column", columns, self.columns())?;
        let shape = Shape::new(rows.len(), columns.len())?;
        let mut output = Matrix::scratch(shape)?;
        for (nth, to) in output.chunks_exact_mut(shape.columns()).enumerate() {
            let from = self.row_slice(rows.at(nth));
            match columns.dense() {
                Some(start) => to.copy_from_slice(&from[start..][..shape.columns()]),
                None => to.iter_mut().enumerate().for_each(|(j, to)| *to = from[columns.at(j)]),
            }
        }
        Ok(output)
    }

    /// Overwrites the elements in these rows and columns by an operand that broadcasts to them. Where a list names a place
    /// repeatedly, the last value stays. After an error nothing is written. Errors as of [`Matrix::select`], and
    /// [`Error::Shapes`].
    pub fn assign<'a>(
        &mut self,
        rows: Select<'_>,
        columns: Select<'_>,
        value: impl Into<Operand<'a>>,
    ) -> Result<(), Error> {
        check_grammar(rows, columns, self.shape())?;
        let rows = Positions::new("row", rows, self.rows())?;
        let columns = Positions::new("column", columns, self.columns())?;
        let shape = Shape::new(rows.len(), columns.len())?;
        let value = value.into();
        if matches!(value, Operand::Output) {
            return Err(Error::argument(
                "assignment",
                "a part cannot be overwritten by the whole; copy it first",
            ));
        }
        if let Some(right) = value.shape(None)
            && right.broadcast(shape) != Some(shape)
        {
            return Err(Error::Shapes { operation: "assignment", left: shape, right });
        }
        let source = Source::new(value, shape);
        let width = self.columns();
        for nth in 0..shape.rows() {
            let to = &mut self[rows.at(nth) * width..][..width];
            match (source.line(nth, shape.columns()), columns.dense()) {
                (Line::Number(number), Some(start)) => to[start..][..shape.columns()].fill(number),
                (Line::Values(values), Some(start)) => {
                    to[start..][..shape.columns()].copy_from_slice(values);
                }
                (Line::Number(number), None) => (0..columns.len()).for_each(|j| to[columns.at(j)] = number),
                (Line::Values(values), None) => {
                    values.iter().enumerate().for_each(|(j, &value)| to[columns.at(j)] = value);
                }
                (Line::Output, _) => {}
            }
        }
        Ok(())
    }
}
