//! Reads the one row of a query string, and the parameters beside it.

use std::collections::HashSet;

use auriga_learn::near;

use super::Rows;
use crate::{
    inputs::Inputs,
    params::{Given, Params},
    refusal::{Place, Refusal},
};

/// The row that `query` spells, percent-encoded as HTML forms do: `sepal+length=5.1&species=…`.
pub(crate) fn query_row<'p>(
    inputs: &Inputs,
    params: &'p Params,
    query: &str,
) -> Result<(Rows, Given<'p>), Refusal> {
    let mut cells = inputs.builders();
    let mut given = params.none_given();
    let mut ignored_names = HashSet::new();
    let mut expected = 0;
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let place = || Place {
            row: None,
            column: name.clone().into_owned(),
        };
        // The decoder puts this character in the place of bytes that are not UTF-8.
        if name.contains('\u{fffd}') || text.contains('\u{fffd}') {
            return Err(Refusal::NotUtf8 { place: place() });
        }
        let Some(at) = inputs.position(&name, expected) else {
            if given.takes(&name, &text)? {
                continue;
            }
            if inputs.strict {
                return Err(Refusal::UnknownColumn {
                    near: inputs.near(&name).or_else(|| params.near(&name)),
                    place: place(),
                });
            }
            if !ignored_names.insert(name.clone()) {
                return Err(Refusal::DuplicateColumn { place: place() });
            }
            continue;
        };
        expected = at + 1;
        if !cells[at].is_empty() {
            return Err(Refusal::DuplicateColumn { place: place() });
        }
        inputs.columns()[at]
            .push_spelled(&text, &mut cells[at])
            .map_err(|fault| fault.at(place()))?;
    }
    if let Some(at) = cells.iter().position(|cells| cells.is_empty()) {
        let name = &inputs.columns()[at].name;
        return Err(Refusal::MissingColumn {
            near: near(name, &ignored_names),
            place: Place {
                row: None,
                column: name.clone(),
            },
        });
    }
    Ok((Rows::new(inputs, cells, ignored_names.len() as u64), given))
}
