//! Views: a row, a column, or evenly spaced elements of one, without a copy.
//!
//! A [`Window`] says where the elements are; it borrows nothing, so a binding can keep it beside a shared matrix. With a
//! matrix it makes a [`View`], which reads, and writes through [`Window::set`] and [`Window::assign`].

use crate::matrix::index;
use crate::operand::{Line, Source};
use crate::{Error, Matrix, Operand, Shape, Span};

/// Whether a view is a row or a column, which matters when it becomes a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// `1xN`.
    Row,
    /// `Nx1`.
    Column,
}

/// Where the elements of a view lie in matrices of one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    orientation: Orientation,
    /// Positions in row-major order.
    span: Span,
    /// The shape that this is a window of.
    shape: Shape,
}

impl Window {
    /// The row of a matrix of that shape; negative numbers count from the end.
    pub fn row(shape: Shape, row: isize) -> Result<Window, Error> {
        let row = index("row", row, shape.rows())?;
        let span = Span { start: row * shape.columns(), step: 1, count: shape.columns() };
        Ok(Window { orientation: Orientation::Row, span, shape })
    }

    /// The column of a matrix of that shape; negative numbers count from the end.
    pub fn column(shape: Shape, column: isize) -> Result<Window, Error> {
        let start = index("column", column, shape.columns())?;
        let span = Span { start, step: shape.columns() as isize, count: shape.rows() };
        Ok(Window { orientation: Orientation::Column, span, shape })
    }

    /// A part of this window: `span` counts in its elements.
    pub fn slice(self, span: Span) -> Result<Window, Error> {
        for nth in [0, span.count - 1] {
            index("element", span.position(nth) as isize, self.len())?;
        }
        let start = self.span.position(span.start);
        let step = if span.count == 1 { 1 } else { self.span.step.wrapping_mul(span.step) };
        Ok(Window { span: Span { start, step, count: span.count }, ..self })
    }

    /// The same elements as a row instead of a column, or the other way round.
    pub fn transposed(self) -> Window {
        let orientation = match self.orientation {
            Orientation::Row => Orientation::Column,
            Orientation::Column => Orientation::Row,
        };
        Window { orientation, ..self }
    }

    /// The number of elements, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a window is never empty")]
    pub fn len(&self) -> usize {
        self.span.count
    }

    /// Whether it is a row or a column.
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// `1xN` or `Nx1`.
    pub fn view_shape(&self) -> Shape {
        let (rows, columns) = match self.orientation {
            Orientation::Row => (1, self.len()),
            Orientation::Column => (self.len(), 1),
        };
        match Shape::new(rows, columns) {
            Ok(shape) => shape,
            Err(error) => unreachable!("a part of a shape is a shape: {error}"),
        }
    }

    fn check(&self, matrix: &Matrix) -> Result<(), Error> {
        if matrix.shape() == self.shape {
            return Ok(());
        }
        Err(Error::Shapes { operation: "view", left: self.shape, right: matrix.shape() })
    }

    /// The view of a matrix. [`Error::Shapes`] if the matrix is not of the shape that the window was made for.
    pub fn of<'a>(&self, matrix: &'a Matrix) -> Result<View<'a>, Error> {
        self.check(matrix)?;
        Ok(View { values: matrix.as_slice(), window: *self })
    }

    /// Changes an element of a matrix through the window; negative numbers count from the end.
    pub fn set(&self, matrix: &mut Matrix, at: isize, value: f64) -> Result<(), Error> {
        self.check(matrix)?;
        matrix[self.span.position(index("element", at, self.len())?)] = value;
        Ok(())
    }

    /// Overwrites the elements of a matrix in the window by an operand that broadcasts to the view's shape.
    pub fn assign<'a>(&self, matrix: &mut Matrix, value: impl Into<Operand<'a>>) -> Result<(), Error> {
        self.check(matrix)?;
        let (shape, value) = (self.view_shape(), value.into());
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
        for (nth, at) in self.span.positions().enumerate() {
            let (i, j) = match self.orientation {
                Orientation::Row => (0, nth),
                Orientation::Column => (nth, 0),
            };
            matrix[at] = match source.line(i, shape.columns()) {
                Line::Number(number) => number,
                Line::Values(values) => values[j],
                Line::Output => unreachable!("refused above"),
            };
        }
        Ok(())
    }
}

/// A window of a matrix.
///
/// ```
/// use boc_matrix::{Matrix, Span, Window};
///
/// let matrix = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])?;
/// let column = Window::column(matrix.shape(), 1)?;
/// assert_eq!(column.of(&matrix)?.iter().collect::<Vec<_>>(), [2.0, 4.0, 6.0]);
/// let back = column.slice(Span::slice(None, None, Some(-1), 3)?)?;
/// assert_eq!(back.of(&matrix)?.to_matrix()?.as_slice(), [6.0, 4.0, 2.0]);
/// # Ok::<(), boc_matrix::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    values: &'a [f64],
    window: Window,
}

impl<'a> View<'a> {
    /// Where it is.
    pub fn window(&self) -> Window {
        self.window
    }

    /// An element; negative numbers count from the end.
    pub fn get(&self, at: isize) -> Result<f64, Error> {
        Ok(self.values[self.window.span.position(index("element", at, self.window.len())?)])
    }

    /// The elements.
    pub fn iter(self) -> impl ExactSizeIterator<Item = f64> + 'a {
        self.window.span.positions().map(move |at| self.values[at])
    }

    /// The elements as they lie in memory, if they follow each other there.
    pub fn as_slice(&self) -> Option<&'a [f64]> {
        let span = self.window.span;
        (span.step == 1 || span.count == 1).then(|| &self.values[span.start..][..span.count])
    }

    /// As an operand, if the elements follow each other in memory; else use [`View::to_matrix`].
    pub fn as_operand(&self) -> Option<Operand<'a>> {
        self.as_slice().map(|values| Operand::Values(values, self.window.view_shape()))
    }

    /// A copy, `1xN` or `Nx1`.
    pub fn to_matrix(&self) -> Result<Matrix, Error> {
        let mut matrix = Matrix::scratch(self.window.view_shape())?;
        matrix.iter_mut().zip(self.iter()).for_each(|(to, value)| *to = value);
        Ok(matrix)
    }
}
