//! The CSV format, read as pandas reads it.

mod builder;
mod cell;
mod columns;
mod records;
mod sniff;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use auriga_learn::{Column, ColumnKind, Table};

pub use self::cell::DEFAULT_MISSING_VALUES;
use self::{
    builder::{Builder, Built, Spot},
    cell::Marks,
    columns::Columns,
    records::Records,
};
use crate::{DataError, Limits, source::Source};

/// How to read a CSV file; the settings mean what they mean to pandas' `read_csv`.
///
/// Quoting follows RFC 4180; lines end in LF, CRLF or CR; blank lines are skipped; a byte order mark is dropped. Kinds
/// of columns are inferred from all rows: number if every value is a decimal number, boolean if every one is true or
/// false in any case, else text. A column without any value is a number column of missing cells. Spaces around numbers,
/// booleans and marks of missing cells are ignored; in texts they count. Where this differs from pandas: fewer or more
/// fields than columns are an error, as are infinite numbers and a column name twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Csv {
    /// Between fields; one ASCII character but a quote, a line end, a letter or a digit. Default a comma.
    pub separator: u8,
    /// Names of all columns, in order; by default those of the header.
    pub names: Option<Vec<String>>,
    /// Whether the first line is a header. By default it is, unless `names` are given; with both, `names` replace it;
    /// with neither, columns are called `0`, `1`, …. A column without a name is called `Unnamed: 0`, counted from 0.
    pub header: Option<bool>,
    /// The columns to keep, in the file's order; by default all.
    pub usecols: Option<Vec<String>>,
    /// How many data rows to read, at least 1; by default all. What follows them is not looked at.
    pub nrows: Option<u64>,
    /// How many lines to skip at the start, before the header; blank ones count. Default 0.
    pub skiprows: u64,
    /// What stands for a missing cell, beside the empty cell. A mark that is a number also means other spellings of
    /// it in number columns: `-999` covers `-999.0`. Default none.
    pub missing_values: Vec<String>,
    /// Whether [`DEFAULT_MISSING_VALUES`] stand for missing cells too; turn it off where `NA` is Namibia. Default true.
    pub default_missing_values: bool,
    /// Kinds of columns by name; the others are inferred. Saves a temporary copy where a web address is read.
    pub types: BTreeMap<String, ColumnKind>,
}

impl Default for Csv {
    fn default() -> Csv {
        Csv {
            separator: b',',
            names: None,
            header: None,
            usecols: None,
            nrows: None,
            skiprows: 0,
            missing_values: Vec::new(),
            default_missing_values: true,
            types: BTreeMap::new(),
        }
    }
}

/// What one reading of all rows came to.
enum Reading {
    Table(Table),
    /// These columns began like numbers or booleans and turned out to be text, of which the beginnings are lost.
    Texts(Vec<usize>),
}

impl Csv {
    /// Checks the settings by themselves, before anything is opened.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let fault = |field, fault: &str| {
            Err(DataError::Setting {
                field,
                fault: fault.to_owned(),
            })
        };
        let separator = self.separator;
        if !(separator == b'\t' || separator == b' ' || separator.is_ascii_punctuation()) || separator == b'"'
        {
            return fault(
                "separator",
                "it must be a tab, a space or a punctuation character other than the quote; the usual ones are , ; | and the tab",
            );
        }
        if self.names.as_ref().is_some_and(Vec::is_empty) {
            return fault("names", "the list is empty; name every column, or leave it away");
        }
        if self.usecols.as_ref().is_some_and(Vec::is_empty) {
            return fault("usecols", "the list is empty; name a column, or leave it away");
        }
        if self.nrows == Some(0) {
            return fault("nrows", "0 rows are no data; give at least 1, or leave it away");
        }
        Ok(())
    }

    /// Reads the table. A column that turns into text late is read again as text from the start, since `007` and `1.0`
    /// cannot be had back from numbers; so most files are read once, a few twice, and no copy of them is kept.
    pub(crate) fn read(&self, source: Source, limits: &Limits) -> Result<Table, DataError> {
        if self.nrows.is_none() {
            source.check_total()?;
        }
        let marks = Marks::new(&self.missing_values, self.default_missing_values);
        let mut texts = BTreeSet::new();
        let mut records = Records::new(source, self.separator, limits);
        loop {
            match self.read_rows(&mut records, &texts, &marks, limits) {
                Ok(Reading::Table(table)) => return Ok(table),
                // At least one column more is text each time, so this ends.
                Ok(Reading::Texts(found)) => texts.extend(found),
                Err(error) => {
                    // A row that was half written when it was read is nobody's mistake.
                    if error.is_users_mistake() {
                        records.check_unchanged()?;
                    }
                    return Err(error);
                }
            }
            records = records.again()?;
        }
    }

    fn read_rows(
        &self,
        records: &mut Records,
        texts: &BTreeSet<usize>,
        marks: &Marks,
        limits: &Limits,
    ) -> Result<Reading, DataError> {
        let columns = Columns::resolve(self, records)?;
        let mut builders: Vec<Builder> = columns
            .used()
            .map(|(field, name)| match texts.contains(&field) {
                true => Builder::declared(ColumnKind::Text),
                false => self
                    .types
                    .get(name)
                    .copied()
                    .map_or_else(Builder::inferred, Builder::declared),
            })
            .collect();
        if !builders.iter().any(Builder::is_inferred) {
            records.read_once();
        }
        let mut more = true;
        while more {
            let at = (records.line(), records.n_rows());
            if at.1 > limits.max_rows {
                return Err(DataError::TooManyRows {
                    place: records.place(),
                    limit: limits.max_rows,
                });
            }
            let row = records.row();
            if row.n_fields() != columns.n_fields() {
                return Err(DataError::Ragged {
                    place: records.place(),
                    line: at.0,
                    row: at.1,
                    expected: columns.n_fields(),
                    found: row.n_fields(),
                });
            }
            for ((field, name), builder) in columns.used().zip(&mut builders) {
                let cell = row.cell(field);
                builder
                    .push(cell, marks, at)
                    .map_err(|fault| Spot::new(at, cell, fault).in_column(records.place(), name))?;
            }
            more = Some(at.1) != self.nrows && records.next()?;
        }
        let mut built: Vec<(String, Column)> = Vec::with_capacity(builders.len());
        let mut found = Vec::new();
        let mut first: Option<(Spot, &str)> = None;
        for ((field, name), builder) in columns.used().zip(builders) {
            match builder.finish() {
                Ok(Built::Column(column)) => built.push((name.to_owned(), column)),
                Ok(Built::Text) => found.push(field),
                Err(spot) if first.as_ref().is_some_and(|(first, _)| first.row() <= spot.row()) => {}
                Err(spot) => first = Some((spot, name)),
            }
        }
        if let Some((spot, name)) = first {
            return Err(spot.in_column(records.place(), name));
        }
        if !found.is_empty() {
            return Ok(Reading::Texts(found));
        }
        Ok(Reading::Table(Table::new(built).expect(
            "names were checked, rows are whole, and infinities are refused",
        )))
    }
}
