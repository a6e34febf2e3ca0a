//! Finds out which field of a row is which column.

use std::collections::HashMap;

use auriga_learn::near;

use super::{Csv, records::Records};
use crate::{DataError, message::quoted};

/// Names listed in a message when none of them is near.
const NAMES_SHOWN: usize = 10;

/// The columns of a file, and which of them are used.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<String>,
    used: Vec<usize>,
}

impl Columns {
    /// Skips what is to be skipped, reads the header if there is one, and leaves the first data row in `records`.
    ///
    /// Errors: `Empty`, `NoRows`, `NamesCount`, `DuplicateColumn`, `UnknownColumn`, and what reading may bring.
    pub(super) fn resolve(csv: &Csv, records: &mut Records) -> Result<Columns, DataError> {
        let has_header = csv.header.unwrap_or(csv.names.is_none());
        records.skip_lines(csv.skiprows)?;
        if !has_header {
            records.begin_data();
        }
        if !records.next()? {
            return Err(nothing(csv, records, has_header));
        }
        let (line, row) = (records.line(), records.row());
        let found = row.n_fields();
        let names: Vec<String> = match &csv.names {
            Some(names) if names.len() != found => {
                return Err(DataError::NamesCount {
                    place: records.place(),
                    line,
                    given: names.len(),
                    found,
                });
            }
            Some(names) => names.clone(),
            None if has_header => (0..found)
                .map(|field| header_name(row.cell(field), field))
                .collect(),
            None => (0..found).map(|field| field.to_string()).collect(),
        };
        let fields = fields_by_name(csv, &names, || (records.place(), line))?;
        let known = |field, column: &str| match fields.get(column) {
            Some(at) => Ok(*at),
            None => Err(unknown(field, column, &names, records.place())),
        };
        csv.types
            .keys()
            .try_for_each(|column| known("types", column).map(drop))?;
        let used = match &csv.usecols {
            None => (0..found).collect(),
            Some(usecols) => {
                let mut used: Vec<usize> = usecols
                    .iter()
                    .map(|column| known("usecols", column))
                    .collect::<Result<_, _>>()?;
                used.sort_unstable();
                used.dedup();
                used
            }
        };
        if has_header {
            records.begin_data();
            if !records.next()? {
                return Err(DataError::NoRows {
                    place: records.place(),
                    after: "after its header".to_owned(),
                    skiprows: csv.skiprows,
                });
            }
        }
        Ok(Columns { names, used })
    }

    /// How many fields every row must have.
    pub(super) fn n_fields(&self) -> usize {
        self.names.len()
    }

    /// Field and name of each column in use, in the file's order.
    pub(super) fn used(&self) -> impl Iterator<Item = (usize, &str)> {
        self.used
            .iter()
            .map(|field| (*field, self.names[*field].as_str()))
    }
}

fn header_name(cell: &str, field: usize) -> String {
    match cell {
        "" => format!("Unnamed: {field}"),
        name => name.to_owned(),
    }
}

fn fields_by_name<'a>(
    csv: &Csv,
    names: &'a [String],
    header: impl FnOnce() -> (String, u64),
) -> Result<HashMap<&'a str, usize>, DataError> {
    let mut fields = HashMap::new();
    for (field, name) in names.iter().enumerate() {
        if fields.insert(name.as_str(), field).is_some() {
            let column = quoted(name);
            if csv.names.is_some() {
                return Err(DataError::Setting {
                    field: "names",
                    fault: format!("\"{column}\" occurs twice; give every column a name of its own"),
                });
            }
            let (place, line) = header();
            return Err(DataError::DuplicateColumn { place, line, column });
        }
    }
    Ok(fields)
}

fn unknown(field: &'static str, column: &str, names: &[String], place: String) -> DataError {
    let shown = |name: &str| format!("\"{}\"", quoted(name));
    let hint = match near(column, names) {
        Some(near) => format!("did you mean {}?", shown(&near)),
        None => {
            let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
            let names: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| shown(name)).collect();
            format!("it has {}{more}", names.join(", "))
        }
    };
    DataError::UnknownColumn {
        place,
        field,
        column: quoted(column),
        hint,
    }
}

fn nothing(csv: &Csv, records: &Records, has_header: bool) -> DataError {
    match csv.skiprows {
        0 => DataError::Empty {
            place: records.place(),
            wanted: if has_header { "a header and rows" } else { "rows" },
        },
        n_lines => DataError::NoRows {
            place: records.place(),
            after: format!("after {n_lines} skipped lines"),
            skiprows: n_lines,
        },
    }
}
