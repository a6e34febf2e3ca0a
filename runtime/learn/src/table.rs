//! Rows in memory: named columns of equal length.

mod builder;
mod digest;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, ops::Range};

use crate::{Column, Field, TableError, column::first_infinite, near::near};

pub use builder::TableBuilder;

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
        let mut seen = HashSet::new();
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
                && let Some(row) = first_infinite(cells)
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

    /// Names and kinds of all columns, in order.
    pub fn fields(&self) -> Vec<Field> {
        let field = |(name, column): (&str, &Column)| Field {
            name: name.to_owned(),
            kind: column.kind(),
        };
        self.columns().map(field).collect()
    }

    /// The columns called `names`, in that order.
    ///
    /// Errors: a name that is absent, with the nearest one that is there; a name twice.
    pub fn select<S: AsRef<str>>(&self, names: &[S]) -> Result<Table, TableError> {
        let pick = |name: &S| {
            let name = name.as_ref();
            let column = self.column(name).ok_or_else(|| TableError::ColumnAbsent {
                column: name.to_owned(),
                near: near(name, self.names()),
            })?;
            Ok((name.to_owned(), column.clone()))
        };
        let columns = names.iter().map(pick).collect::<Result<Vec<_>, TableError>>()?;
        let n_rows = self.n_rows;
        Table::new(columns).map(|table| Table { n_rows, ..table })
    }

    /// Takes the column called `name` out of the table.
    pub fn remove(&mut self, name: &str) -> Option<Column> {
        let at = self.names.iter().position(|other| other == name)?;
        self.names.remove(at);
        Some(self.columns.remove(at))
    }

    /// The rows at `rows`, in that order; a row may be taken more than once. Panics on a row that is not there, as
    /// slices do.
    pub fn take(&self, rows: &[usize]) -> Table {
        self.map_rows(rows.len(), |column| column.take(rows))
    }

    /// A range of rows. Panics on a range that reaches beyond the last row, as slices do.
    pub fn slice(&self, rows: Range<usize>) -> Table {
        assert!(
            rows.end <= self.n_rows,
            "rows {rows:?} of a table with {} rows",
            self.n_rows
        );
        self.map_rows(rows.len(), |column| column.slice(rows.clone()))
    }

    /// The table with the columns at `at` (positions in order) replaced: the n-th of them makes room, in its place,
    /// for the n-th group of `groups`, which may be empty.
    ///
    /// Errors: as [`Table::new`], such as a new name that another column has already.
    pub fn replace(&self, at: &[usize], groups: Vec<Vec<(String, Column)>>) -> Result<Table, TableError> {
        let mut groups: Vec<(usize, Vec<(String, Column)>)> = at.iter().copied().zip(groups).collect();
        groups.sort_by_key(|&(position, _)| position);
        let mut groups = groups.into_iter().peekable();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (position, (name, column)) in self.columns().enumerate() {
            match groups.next_if(|&(next, _)| next == position) {
                Some((_, group)) => columns.extend(group),
                None => columns.push((name.to_owned(), column.clone())),
            }
        }
        let n_rows = self.n_rows;
        Table::new(columns).map(|table| Table { n_rows, ..table })
    }

    /// A table without rows.
    pub fn empty(fields: &[Field]) -> Result<Table, TableError> {
        let column = |field: &Field| (field.name.clone(), Column::empty(field.kind));
        Table::new(fields.iter().map(column).collect())
    }

    /// The column at a position. Panics when there is none, as slices do.
    pub(crate) fn at(&self, position: usize) -> (&str, &Column) {
        (&self.names[position], &self.columns[position])
    }

    fn map_rows(&self, n_rows: usize, map: impl Fn(&Column) -> Column) -> Table {
        Table {
            names: self.names.clone(),
            columns: self.columns.iter().map(map).collect(),
            n_rows,
        }
    }
}
