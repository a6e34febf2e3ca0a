//! One column of a table: numbers, texts or booleans, each cell possibly missing.

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

use crate::wording;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ColumnKind {
    /// 64-bit floating point numbers.
    Number,
    /// UTF-8 texts, usually categories.
    Text,
    /// True or false.
    Boolean,
}

/// The cells of one column, one entry per row. Two missing cells are equal.
#[derive(Clone, Debug)]
pub enum Column {
    /// Numbers; a missing cell is NaN. Infinities never occur: [`Table::new`](crate::Table::new) refuses them.
    Number(Vec<f64>),
    /// Texts; a missing cell is `None`.
    Text(Vec<Option<String>>),
    /// Booleans; a missing cell is `None`.
    Boolean(Vec<Option<bool>>),
}

/// One cell, borrowed from its column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A finite number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// A boolean.
    Boolean(bool),
    /// No value.
    Missing,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnKind::Number => "number",
            ColumnKind::Text => "text",
            ColumnKind::Boolean => "boolean",
        })
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Column) -> bool {
        match (self, other) {
            (Column::Number(left), Column::Number(right)) => {
                let same = |(l, r): (&f64, &f64)| l == r || (l.is_nan() && r.is_nan());
                left.len() == right.len() && left.iter().zip(right).all(same)
            }
            (Column::Text(left), Column::Text(right)) => left == right,
            (Column::Boolean(left), Column::Boolean(right)) => left == right,
            _ => false,
        }
    }
}

impl Column {
    /// A column without rows.
    pub fn empty(kind: ColumnKind) -> Column {
        match kind {
            ColumnKind::Number => Column::Number(Vec::new()),
            ColumnKind::Text => Column::Text(Vec::new()),
            ColumnKind::Boolean => Column::Boolean(Vec::new()),
        }
    }

    /// What the cells are.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Column::Number(_) => ColumnKind::Number,
            Column::Text(_) => ColumnKind::Text,
            Column::Boolean(_) => ColumnKind::Boolean,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Number(cells) => cells.len(),
            Column::Text(cells) => cells.len(),
            Column::Boolean(cells) => cells.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell of `row`, counted from 0. Panics when `row` is not below [`Column::len`], as slices do.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Column::Number(cells) if cells[row].is_nan() => Cell::Missing,
            Column::Number(cells) => Cell::Number(cells[row]),
            Column::Text(cells) => cells[row].as_deref().map_or(Cell::Missing, Cell::Text),
            Column::Boolean(cells) => cells[row].map_or(Cell::Missing, Cell::Boolean),
        }
    }

    /// All cells in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'_>> {
        (0..self.len()).map(|row| self.cell(row))
    }

    /// The first missing cell's row, counted from 0.
    pub fn first_missing(&self) -> Option<usize> {
        match self {
            Column::Number(cells) => cells.iter().position(|cell| cell.is_nan()),
            Column::Text(cells) => cells.iter().position(Option::is_none),
            Column::Boolean(cells) => cells.iter().position(Option::is_none),
        }
    }

    /// The cells of `rows`, in that order; a row may be taken more than once. Panics on a row that is not there, as
    /// slices do.
    pub fn take(&self, rows: &[usize]) -> Column {
        match self {
            Column::Number(cells) => Column::Number(rows.iter().map(|&row| cells[row]).collect()),
            Column::Text(cells) => Column::Text(rows.iter().map(|&row| cells[row].clone()).collect()),
            Column::Boolean(cells) => Column::Boolean(rows.iter().map(|&row| cells[row]).collect()),
        }
    }

    /// The cells of a range of rows. Panics on a range that reaches beyond the last row, as slices do.
    pub fn slice(&self, rows: Range<usize>) -> Column {
        match self {
            Column::Number(cells) => Column::Number(cells[rows].to_vec()),
            Column::Text(cells) => Column::Text(cells[rows].to_vec()),
            Column::Boolean(cells) => Column::Boolean(cells[rows].to_vec()),
        }
    }

    /// Appends a cell; `false`, and nothing appended, if it is of another kind than the column.
    #[must_use = "a cell of another kind is not appended"]
    pub fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Column::Number(cells), Cell::Number(number)) => cells.push(number),
            (Column::Number(cells), Cell::Missing) => cells.push(f64::NAN),
            (Column::Text(cells), Cell::Text(text)) => cells.push(Some(text.to_owned())),
            (Column::Text(cells), Cell::Missing) => cells.push(None),
            (Column::Boolean(cells), Cell::Boolean(boolean)) => cells.push(Some(boolean)),
            (Column::Boolean(cells), Cell::Missing) => cells.push(None),
            _ => return false,
        }
        true
    }
}

/// The first infinite number, which a column must not have.
pub(crate) fn first_infinite(cells: &[f64]) -> Option<usize> {
    // Looking at a block without stopping inside takes several numbers at a time.
    const BLOCK: usize = 1024;
    let has_one = |block: &[f64]| block.iter().fold(false, |found, cell| found | cell.is_infinite());
    let start = BLOCK * cells.chunks(BLOCK).position(has_one)?;
    let within = cells[start..].iter().position(|cell| cell.is_infinite());
    within.map(|row| start + row)
}

impl Cell<'_> {
    /// What the cell is; `None` for a missing one, which fits every column.
    pub fn kind(&self) -> Option<ColumnKind> {
        match self {
            Cell::Number(_) => Some(ColumnKind::Number),
            Cell::Text(_) => Some(ColumnKind::Text),
            Cell::Boolean(_) => Some(ColumnKind::Boolean),
            Cell::Missing => None,
        }
    }

    /// The cell as a message quotes it: texts in quotes, cut after 40 characters; numbers and booleans plain.
    pub fn quoted(&self) -> String {
        const MAX: usize = 40;
        match self {
            Cell::Number(number) => wording::shown(*number),
            Cell::Text(text) => {
                let mut shown: String = text.chars().take(MAX).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("\"{}\"", shown.escape_debug())
            }
            Cell::Boolean(boolean) => boolean.to_string(),
            Cell::Missing => "a missing cell".to_owned(),
        }
    }
}

impl fmt::Display for Cell<'_> {
    /// The plain value, as a class or a key is written in a manifest; nothing for a missing cell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Number(number) => number.fmt(f),
            Cell::Text(text) => f.write_str(text),
            Cell::Boolean(boolean) => boolean.fmt(f),
            Cell::Missing => Ok(()),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Cell<'a> {
        Cell::Text(text)
    }
}

impl From<f64> for Cell<'_> {
    /// NaN becomes a missing cell.
    fn from(number: f64) -> Self {
        if number.is_nan() {
            Cell::Missing
        } else {
            Cell::Number(number)
        }
    }
}

impl From<bool> for Cell<'_> {
    fn from(boolean: bool) -> Self {
        Cell::Boolean(boolean)
    }
}
