//! Grows one column cell by cell and settles its kind.

use auriga_learn::{Column, ColumnKind};

use super::cell::{Marks, Meaning, meaning};
use crate::{CellFault, DataError, message::quoted};

/// A cell that its column cannot hold.
#[derive(Debug)]
pub(super) struct Spot {
    line: u64,
    row: u64,
    value: String,
    fault: CellFault,
}

impl Spot {
    /// `at` is line and data row.
    pub(super) fn new(at: (u64, u64), cell: &str, fault: CellFault) -> Spot {
        Spot {
            line: at.0,
            row: at.1,
            value: quoted(cell),
            fault,
        }
    }

    /// The data row.
    pub(super) fn row(&self) -> u64 {
        self.row
    }

    /// The error for users.
    pub(super) fn in_column(self, place: String, column: &str) -> DataError {
        DataError::Cell {
            place,
            line: self.line,
            row: self.row,
            column: quoted(column),
            value: self.value,
            fault: self.fault,
        }
    }
}

/// A finished column.
pub(super) enum Built {
    /// With all its cells.
    Column(Column),
    /// Texts, the first of which were read as something else: it must be read again.
    Text,
}

/// One column on its way.
pub(super) struct Builder {
    cells: Cells,
    inferred: bool,
    /// The first infinite cell of an inferred column: an error only if the column stays one of numbers.
    not_finite: Option<Spot>,
}

enum Cells {
    /// Only missing ones so far; `exact` if all of them are missing to a text column too.
    Missing {
        n_rows: usize,
        exact: bool,
    },
    Numbers(Vec<f64>),
    Booleans(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    /// It is text, and what was read before is lost.
    Lost,
}

impl Builder {
    /// A column whose kind shows.
    pub(super) fn inferred() -> Builder {
        Builder {
            cells: Cells::Missing {
                n_rows: 0,
                exact: true,
            },
            inferred: true,
            not_finite: None,
        }
    }

    /// A column whose kind is known.
    pub(super) fn declared(kind: ColumnKind) -> Builder {
        Builder {
            cells: match kind {
                ColumnKind::Number => Cells::Numbers(Vec::new()),
                ColumnKind::Text => Cells::Texts(Vec::new()),
                ColumnKind::Boolean => Cells::Booleans(Vec::new()),
            },
            inferred: false,
            not_finite: None,
        }
    }

    /// Whether the kind is still to be shown by the cells.
    pub(super) fn is_inferred(&self) -> bool {
        self.inferred
    }

    /// Takes the next cell; `at` is line and data row.
    ///
    /// Errors: a cell that the declared kind cannot hold.
    pub(super) fn push(&mut self, cell: &str, marks: &Marks, at: (u64, u64)) -> Result<(), CellFault> {
        match &mut self.cells {
            Cells::Lost => return Ok(()),
            Cells::Texts(cells) => {
                cells.push((!marks.has(cell)).then(|| cell.to_owned()));
                return Ok(());
            }
            _ => {}
        }
        let meaning = meaning(cell, marks);
        if let Cells::Missing { n_rows, exact } = self.cells {
            self.cells = match meaning {
                Meaning::Missing { exact: too } => Cells::Missing {
                    n_rows: n_rows + 1,
                    exact: exact && too,
                },
                Meaning::Number(_) | Meaning::NotFinite(_) => Cells::Numbers(vec![f64::NAN; n_rows]),
                Meaning::Boolean(_) => Cells::Booleans(vec![None; n_rows]),
                Meaning::Text if exact => {
                    let mut cells = vec![None; n_rows];
                    cells.push(Some(cell.to_owned()));
                    Cells::Texts(cells)
                }
                Meaning::Text => Cells::Lost,
            };
        }
        match (&mut self.cells, meaning) {
            (Cells::Numbers(cells), Meaning::Number(value)) => cells.push(value),
            (Cells::Numbers(cells), Meaning::Missing { .. }) => cells.push(f64::NAN),
            (Cells::Booleans(cells), Meaning::Boolean(value)) => cells.push(Some(value)),
            (Cells::Booleans(cells), Meaning::Missing { .. }) => cells.push(None),
            (Cells::Numbers(cells), Meaning::NotFinite(fault)) if self.inferred => {
                cells.push(f64::NAN);
                self.not_finite.get_or_insert_with(|| Spot::new(at, cell, fault));
            }
            (Cells::Numbers(_), Meaning::NotFinite(fault)) => return Err(fault),
            (Cells::Numbers(_), _) if !self.inferred => return Err(CellFault::NotANumber),
            (Cells::Booleans(_), _) if !self.inferred => return Err(CellFault::NotABoolean),
            (Cells::Numbers(_) | Cells::Booleans(_), _) => self.cells = Cells::Lost,
            (Cells::Missing { .. } | Cells::Texts(_) | Cells::Lost, _) => {}
        }
        Ok(())
    }

    /// The column.
    ///
    /// Errors: an infinite cell among numbers.
    pub(super) fn finish(self) -> Result<Built, Spot> {
        Ok(Built::Column(match self.cells {
            Cells::Lost => return Ok(Built::Text),
            Cells::Missing { n_rows, .. } => Column::Number(vec![f64::NAN; n_rows]),
            Cells::Numbers(mut cells) => {
                if let Some(spot) = self.not_finite {
                    return Err(spot);
                }
                cells.shrink_to_fit();
                Column::Number(cells)
            }
            Cells::Booleans(mut cells) => {
                cells.shrink_to_fit();
                Column::Boolean(cells)
            }
            Cells::Texts(mut cells) => {
                cells.shrink_to_fit();
                Column::Text(cells)
            }
        }))
    }
}
