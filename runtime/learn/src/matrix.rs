//! The matrix that an estimator sees: every column a number, no cell missing.

use ndarray::{Array2, ShapeBuilder};

use crate::{Cell, Column, FitError, PredictError};

/// Why a table is no matrix.
pub(crate) enum Flaw {
    /// A text column; the row is the first one with a text, if any.
    Text {
        column: String,
        row: usize,
        cell: String,
    },
    /// A text column of which most cells spell numbers; the row is the first one whose cell does not.
    NotANumber {
        column: String,
        row: usize,
        cell: String,
    },
    /// A missing cell.
    Missing { column: String, row: usize },
}

impl Flaw {
    /// The flaw met in a fit.
    pub(crate) fn in_fit(self, estimator: &'static str) -> FitError {
        match self {
            Flaw::Text { column, row, cell } => FitError::TextFeature {
                column,
                row,
                cell,
                estimator,
            },
            Flaw::NotANumber { column, row, cell } => FitError::NotANumber { column, row, cell },
            Flaw::Missing { column, row } => FitError::MissingCell {
                column,
                row,
                estimator,
            },
        }
    }

    /// The flaw met in a prediction, where a fit has made sure that no text arrives here.
    pub(crate) fn in_prediction(self) -> PredictError {
        match self {
            Flaw::Text { column, .. } | Flaw::NotANumber { column, .. } => PredictError::ColumnKind {
                column,
                expected: crate::ColumnKind::Number,
                found: crate::ColumnKind::Text,
            },
            Flaw::Missing { column, row } => PredictError::MissingCell { column, row },
        }
    }
}

/// n_rows × n_columns numbers, from named columns of n_rows cells; true is 1, false is 0.
pub(crate) fn matrix<'c>(
    n_rows: usize,
    columns: impl ExactSizeIterator<Item = (&'c str, &'c Column)>,
) -> Result<Array2<f64>, Flaw> {
    // Columns lie together, as in the table and as the least squares take them; products are as fast either way.
    let mut matrix = Array2::zeros((n_rows, columns.len()).f());
    for ((name, column), mut into) in columns.zip(matrix.columns_mut()) {
        if let Column::Text(cells) = column {
            return Err(texts_instead_of_numbers(name, cells));
        }
        if let Some(row) = column.first_missing() {
            return Err(Flaw::Missing {
                column: name.to_owned(),
                row,
            });
        }
        match column {
            Column::Number(cells) => into.iter_mut().zip(cells).for_each(|(into, cell)| *into = *cell),
            Column::Boolean(cells) => {
                let number = |cell: &Option<bool>| f64::from(u8::from(*cell == Some(true)));
                into.iter_mut()
                    .zip(cells)
                    .for_each(|(into, cell)| *into = number(cell));
            }
            Column::Text(_) => {}
        }
    }
    Ok(matrix)
}

/// One stray text makes texts of a whole column of numbers: then that cell is to blame, not the first.
fn texts_instead_of_numbers(name: &str, cells: &[Option<String>]) -> Flaw {
    let texts = || {
        let numbered = cells.iter().enumerate();
        numbered.filter_map(|(row, cell)| cell.as_deref().map(|text| (row, text)))
    };
    let strays = || texts().filter(|(_, text)| !spells_a_number(text));
    let column = name.to_owned();
    let quoted = |(row, text): (usize, &str)| (row, Cell::Text(text).quoted());
    match strays().next() {
        Some(stray) if 2 * strays().count() < texts().count() => {
            let (row, cell) = quoted(stray);
            Flaw::NotANumber { column, row, cell }
        }
        _ => {
            let (row, cell) = texts().next().map_or_else(Default::default, quoted);
            Flaw::Text { column, row, cell }
        }
    }
}

fn spells_a_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok_and(f64::is_finite)
}
