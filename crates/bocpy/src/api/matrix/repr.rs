//! How matrices are shown.

use boc_matrix::Matrix;
use std::fmt::Write;

/// From so many elements on, a matrix is abridged.
const MANY: usize = 1000;
/// So many rows and columns are shown at each edge then.
const EDGE: usize = 3;

/// The rows in brackets, the columns aligned; each row but the first behind `indent`. As in NumPy, large matrices are
/// abridged.
pub(super) fn table(matrix: &Matrix, indent: &str) -> String {
    let short = matrix.len() > MANY;
    let (rows, columns) = (shown(matrix.rows(), short), shown(matrix.columns(), short));
    let cell = |row: usize, column: usize| digits(matrix.row_slice(row)[column]);
    let cells: Vec<Vec<String>> = (rows.iter().flatten())
        .map(|&row| {
            columns.iter().map(|column| column.map_or("...".into(), |column| cell(row, column))).collect()
        })
        .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::from("[");
    let mut next = cells.iter();
    for (nth, row) in rows.iter().enumerate() {
        if nth > 0 {
            write!(text, ",\n{indent} ").unwrap_or_default();
        }
        if row.is_none() {
            text.push_str("...");
            continue;
        }
        text.push('[');
        for (place, (cell, width)) in next.next().into_iter().flatten().zip(&widths).enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(text, "{comma}{cell:>width$}").unwrap_or_default();
        }
        text.push(']');
    }
    text.push(']');
    text
}

/// Which rows or columns are shown; a gap where some are left out.
fn shown(length: usize, short: bool) -> Vec<Option<usize>> {
    if !short || length <= 2 * EDGE + 1 {
        return (0..length).map(Some).collect();
    }
    (0..EDGE).map(Some).chain([None]).chain((length - EDGE..length).map(Some)).collect()
}

/// The shortest digits that stand for the number, as Python shows floats.
fn digits(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".into() } else { "-inf".into() }
    } else if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        format!("{mantissa}e{sign}{exponent:0>2}")
    } else {
        format!("{value:?}")
    }
}

/// `Matrix(2, 2, [...])`, from which the matrix can be made again; abridged where it is large.
pub(super) fn constructor(matrix: &Matrix) -> String {
    let start = format!("Matrix({}, {}, ", matrix.rows(), matrix.columns());
    let table = table(matrix, &" ".repeat(start.len()));
    // One list instead of one for each row.
    let flat = table.replace("],\n", ",\n").replace(" [", " ").replacen("[[", "[", 1).replacen("]]", "]", 1);
    format!("{start}{flat})")
}
