//! Numbers the distinct values of a column.

use std::{cmp::Ordering, collections::HashMap};

use crate::{Cell, Column};

/// The distinct values of a column without missing cells.
pub(crate) struct Distinct {
    /// For each row, the number of its value; values are numbered in the order in which they first occur.
    pub(crate) codes: Vec<usize>,
    /// For each value, the first row that has it.
    pub(crate) first_rows: Vec<usize>,
}

impl Distinct {
    /// Errors: the first row whose cell is missing.
    pub(crate) fn of(column: &Column) -> Result<Distinct, usize> {
        let mut known = HashMap::new();
        let mut first_rows = Vec::new();
        let mut codes = Vec::with_capacity(column.len());
        for (row, cell) in column.cells().enumerate() {
            let code = *known.entry(Key::of(cell).ok_or(row)?).or_insert_with(|| {
                first_rows.push(row);
                first_rows.len() - 1
            });
            codes.push(code);
        }
        Ok(Distinct { codes, first_rows })
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.first_rows.len()
    }

    /// How many rows have each value.
    pub(crate) fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.len()];
        self.codes.iter().for_each(|&code| counts[code] += 1);
        counts
    }

    /// The numbers of the values in the order of the values themselves: texts by code points, numbers by size, false
    /// before true. `column` is the one they are of.
    pub(crate) fn in_order(&self, column: &Column) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let cell = |code: usize| column.cell(self.first_rows[code]);
        order.sort_unstable_by(|&left, &right| compare(cell(left), cell(right)));
        order
    }
}

/// For each cell of `column` its position among `values`, which are distinct; cells that are not among them get the
/// positions after those, equal cells the same one.
pub(crate) fn coded_by(values: &Column, column: &Column) -> Vec<usize> {
    let values = values.cells().enumerate();
    let mut known: HashMap<Option<Key<'_>>, usize> = values.map(|(at, value)| (Key::of(value), at)).collect();
    let mut codes = Vec::with_capacity(column.len());
    for cell in column.cells() {
        let next = known.len();
        codes.push(*known.entry(Key::of(cell)).or_insert(next));
    }
    codes
}

/// A cell that can be looked up; `None` stands for a missing one.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    /// The bits of a number, -0 being 0.
    Number(u64),
    Text(&'a str),
    Boolean(bool),
}

impl Key<'_> {
    fn of(cell: Cell<'_>) -> Option<Key<'_>> {
        match cell {
            Cell::Number(number) => Some(Key::Number((number + 0.0).to_bits())),
            Cell::Text(text) => Some(Key::Text(text)),
            Cell::Boolean(boolean) => Some(Key::Boolean(boolean)),
            Cell::Missing => None,
        }
    }
}

fn compare(left: Cell<'_>, right: Cell<'_>) -> Ordering {
    match (left, right) {
        (Cell::Number(left), Cell::Number(right)) => left.total_cmp(&right),
        (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
        (Cell::Boolean(left), Cell::Boolean(right)) => left.cmp(&right),
        // The cells of one column are of one kind.
        _ => Ordering::Equal,
    }
}
