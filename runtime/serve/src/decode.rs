//! Reads rows from requests.

mod cell;
mod fault;
mod json;
mod query;
#[cfg(test)]
mod tests;

use auriga_learn::{Column, Table};

pub(crate) use json::json_rows;
pub(crate) use query::query_row;

use crate::inputs::Inputs;

/// The rows of one request.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The features, by their names in the signature.
    pub(crate) table: Table,
    /// Values of columns that the entry point does not know.
    pub(crate) ignored: u64,
}

impl Rows {
    fn new(inputs: &Inputs, cells: Vec<Column>, ignored: u64) -> Rows {
        let names = inputs.columns().iter().map(|input| input.feature.name.clone());
        let table = Table::new(names.zip(cells).collect());
        Rows {
            table: table
                .expect("features have unique names, each row fills each column, and JSON has no infinities"),
            ignored,
        }
    }
}
