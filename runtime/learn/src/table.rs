//! Rows in memory: named columns of numbers, texts or booleans, each cell possibly missing.

use serde::{Deserialize, Serialize};

use crate::TableError;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ColumnKind {
    /// 64-bit floating point numbers.
    Number,
    /// UTF-8 texts, usually categories.
    Text,
    /// True or false.
    Boolean,
}

/// The cells of one column, one entry per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; a missing cell is NaN. Infinities never occur: [`Table::new`] refuses them.
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

impl Column {
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
}

/// Named columns of equal length; names are unique and keep their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    n_rows: usize,
}

impl Table {
    /// Puts columns together.
    ///
    /// Errors: a name twice, columns of unequal length, an infinite number (named by column and row, counted from 0).
    pub fn new(columns: Vec<(String, Column)>) -> Result<Table, TableError> {
        let n_rows = columns.first().map_or(0, |(_, column)| column.len());
        let (names, columns): (Vec<String>, Vec<Column>) = columns.into_iter().unzip();
        let mut seen = std::collections::HashSet::new();
        for (name, column) in names.iter().zip(&columns) {
            if !seen.insert(name.as_str()) {
                return Err(TableError::DuplicateColumn { column: name.clone() });
            }
            if column.len() != n_rows {
                return Err(TableError::UnequalLength {
                    column: name.clone(),
                    n_rows: column.len(),
                    expected: n_rows,
                });
            }
            if let Column::Number(cells) = column
                && let Some(row) = cells.iter().position(|cell| cell.is_infinite())
            {
                return Err(TableError::Infinite {
                    column: name.clone(),
                    row,
                });
            }
        }
        Ok(Table {
            names,
            columns,
            n_rows,
        })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Column names in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.names
            .iter()
            .position(|other| other == name)
            .map(|at| &self.columns[at])
    }

    /// All columns with their names, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> {
        self.names.iter().map(String::as_str).zip(&self.columns)
    }
}
