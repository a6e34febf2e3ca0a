//! Says why a model cannot predict a row, in the client's words: rows from 1, columns as the request names them.

use auriga_learn::PredictError;

use crate::{
    inputs::Inputs,
    refusal::{Place, Refusal, quoted},
};

/// The refusal for `error`; `is_list` tells whether the request could have had several rows.
pub(crate) fn unpredictable(error: &PredictError, inputs: &Inputs, is_list: bool) -> Refusal {
    let row = error.row().filter(|_| is_list).map(|row| row + 1);
    let place = error.column().map(|column| Place {
        row,
        column: inputs.name_of(column).to_owned(),
    });
    let what = match (error, place) {
        (PredictError::MissingCell { .. }, Some(place)) => {
            format!("{place}: the value is missing, and the model has no step that fills it; send one")
        }
        (
            PredictError::UnknownCategory {
                value,
                n_categories,
                near,
                ..
            },
            Some(place),
        ) => {
            let near = near
                .as_ref()
                .map_or_else(String::new, |near| format!("; did you mean {}?", quoted(near)));
            format!("{place}: {value} is not among the {n_categories} categories that the model knows{near}")
        }
        (PredictError::ColumnOverflow { .. }, Some(place)) => {
            format!("{place}: the number is too large to compute with")
        }
        (PredictError::NotFinite { .. }, _) => {
            let row = row.map_or_else(|| "the row".to_owned(), |row| format!("row {row}"));
            format!("{row}: the numbers are too large; the prediction is not a finite number")
        }
        // The decoder makes every column with its kind, so these are about the model, not about a row.
        (other, _) => other.to_string(),
    };
    Refusal::Unpredictable { what }
}
