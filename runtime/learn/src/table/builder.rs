//! Builds a table row by row.

use crate::{Cell, Column, Field, Table, TableError};

/// Columns that grow by whole rows until they are a [`Table`].
#[derive(Clone, Debug)]
pub struct TableBuilder {
    fields: Vec<Field>,
    columns: Vec<Column>,
    n_rows: usize,
}

impl TableBuilder {
    /// Starts without rows; `fields` are the columns in order.
    pub fn new(fields: Vec<Field>) -> TableBuilder {
        TableBuilder {
            columns: fields.iter().map(|field| Column::empty(field.kind)).collect(),
            fields,
            n_rows: 0,
        }
    }

    /// Appends a row: one cell per column, in the order of the fields.
    ///
    /// Errors: more or fewer cells than columns; a cell of another kind than its column. The row is then not
    /// appended.
    pub fn push(&mut self, row: &[Cell<'_>]) -> Result<(), TableError> {
        if row.len() != self.fields.len() {
            return Err(TableError::RowLength {
                row: self.n_rows,
                n_cells: row.len(),
                expected: self.fields.len(),
            });
        }
        for (field, cell) in self.fields.iter().zip(row) {
            if cell.kind().is_some_and(|kind| kind != field.kind) {
                return Err(TableError::CellKind {
                    column: field.name.clone(),
                    row: self.n_rows,
                    expected: field.kind,
                    cell: cell.quoted(),
                });
            }
        }
        for (column, &cell) in self.columns.iter_mut().zip(row) {
            assert!(column.push(cell), "the kinds were compared above");
        }
        self.n_rows += 1;
        Ok(())
    }

    /// The table.
    ///
    /// Errors: as [`Table::new`].
    pub fn finish(self) -> Result<Table, TableError> {
        let names = self.fields.into_iter().map(|field| field.name);
        Table::new(names.zip(self.columns).collect())
    }
}
