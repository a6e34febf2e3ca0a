//! Sample rows with their predictions, kept with a version and replayed before it becomes active.

use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Cell, Column, Fitted, PredictError, Table, TableBuilder, Task};

/// Sample rows, what the model predicted for them, and how far a replay may be off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoldenRequests {
    /// Rows in the order of the signature's features; a missing cell is null.
    pub rows: Vec<Vec<GoldenCell>>,
    /// The prediction of each row.
    pub predictions: Vec<GoldenCell>,
    /// The probabilities of each row, for a classifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probabilities: Vec<Vec<f64>>,
    /// Largest allowed difference of numbers, relative to 1 or to the stored number, whichever is greater.
    pub tolerance: f64,
}

/// One cell as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GoldenCell {
    /// No value.
    Missing,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A replay that came out differently.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("golden request {row}: {what}")]
pub struct GoldenMismatch {
    /// The sample row, counted from 1.
    pub row: usize,
    /// What was stored and what came out.
    pub what: String,
}

impl GoldenRequests {
    /// Predicts the first `n_rows` rows of `features` (all of them if there are fewer) and keeps them with the answers.
    ///
    /// `tolerance` is for the numbers and probabilities of later replays; labels must always be the same. Columns
    /// that the model does not know are left out. Errors: as [`Fitted::predict`].
    pub fn record(
        fitted: &Fitted,
        features: &Table,
        n_rows: usize,
        tolerance: f64,
    ) -> Result<GoldenRequests, PredictError> {
        let features = features.slice(0..n_rows.min(features.n_rows()));
        let predictions = fitted.predict(&features)?;
        let probabilities = match fitted.classes() {
            Some(_) => fitted
                .predict_proba(&features)?
                .axis_iter(Axis(0))
                .map(|row| row.to_vec())
                .collect(),
            None => Vec::new(),
        };
        let names = fitted.signature().features.iter().map(|feature| &feature.name);
        let columns: Vec<&Column> = names.filter_map(|name| features.column(name)).collect();
        let row = |row: usize| {
            columns
                .iter()
                .map(|column| GoldenCell::from(column.cell(row)))
                .collect()
        };
        Ok(GoldenRequests {
            rows: (0..features.n_rows()).map(row).collect(),
            predictions: predictions.cells().map(GoldenCell::from).collect(),
            probabilities,
            tolerance,
        })
    }

    /// Predicts every sample row again and compares: labels exactly, numbers and probabilities within the tolerance.
    pub fn replay(&self, fitted: &Fitted) -> Result<(), GoldenMismatch> {
        let n_rows = self.rows.len();
        let n_probabilities = if fitted.classes().is_some() { n_rows } else { 0 };
        if self.predictions.len() != n_rows || self.probabilities.len() != n_probabilities {
            return Err(mismatch(
                n_rows,
                "rows, predictions and probabilities differ in number",
            ));
        }
        if n_rows == 0 {
            return Ok(());
        }
        let table = self.table(fitted)?;
        let refused = |error: PredictError| mismatch(error.row().map_or(1, |row| row + 1), error.to_string());
        let predictions = fitted.predict(&table).map_err(refused)?;
        for (row, (stored, found)) in self.predictions.iter().zip(predictions.cells()).enumerate() {
            let same = match (stored, found, fitted.signature().task) {
                (GoldenCell::Number(stored), Cell::Number(found), Task::Regression) => {
                    self.is_near(*stored, found)
                }
                _ => *stored == GoldenCell::from(found),
            };
            if !same {
                let what = format!(
                    "{} was stored, {} was predicted",
                    stored.cell().quoted(),
                    found.quoted()
                );
                return Err(mismatch(row + 1, what));
            }
        }
        if !self.probabilities.is_empty() {
            let found = fitted.predict_proba(&table).map_err(refused)?;
            self.compare_probabilities(found.view())?;
        }
        Ok(())
    }

    /// The sample rows as a table of the model's features.
    fn table(&self, fitted: &Fitted) -> Result<Table, GoldenMismatch> {
        let mut builder = TableBuilder::new(fitted.signature().features.clone());
        for (row, cells) in self.rows.iter().enumerate() {
            let cells: Vec<Cell<'_>> = cells.iter().map(GoldenCell::cell).collect();
            builder
                .push(&cells)
                .map_err(|error| mismatch(row + 1, error.to_string()))?;
        }
        builder.finish().map_err(|error| mismatch(1, error.to_string()))
    }

    fn compare_probabilities(&self, found: ArrayView2<'_, f64>) -> Result<(), GoldenMismatch> {
        for (row, (stored, found)) in self
            .probabilities
            .iter()
            .zip(found.axis_iter(Axis(0)))
            .enumerate()
        {
            if stored.len() != found.len() {
                let what = format!(
                    "{} probabilities were stored, there are {} classes",
                    stored.len(),
                    found.len()
                );
                return Err(mismatch(row + 1, what));
            }
            if let Some((stored, found)) = stored.iter().zip(found).find(|&(&l, &r)| !self.is_near(l, r)) {
                return Err(mismatch(
                    row + 1,
                    format!("probability {stored} was stored, {found} was predicted"),
                ));
            }
        }
        Ok(())
    }

    fn is_near(&self, stored: f64, found: f64) -> bool {
        (stored - found).abs() <= self.tolerance * stored.abs().max(1.0)
    }
}

impl GoldenCell {
    fn cell(&self) -> Cell<'_> {
        match self {
            GoldenCell::Missing => Cell::Missing,
            GoldenCell::Boolean(boolean) => Cell::Boolean(*boolean),
            GoldenCell::Number(number) => Cell::from(*number),
            GoldenCell::Text(text) => Cell::Text(text),
        }
    }
}

impl From<Cell<'_>> for GoldenCell {
    fn from(cell: Cell<'_>) -> GoldenCell {
        match cell {
            Cell::Missing => GoldenCell::Missing,
            Cell::Boolean(boolean) => GoldenCell::Boolean(boolean),
            Cell::Number(number) => GoldenCell::Number(number),
            Cell::Text(text) => GoldenCell::Text(text.to_owned()),
        }
    }
}

fn mismatch(row: usize, what: impl Into<String>) -> GoldenMismatch {
    GoldenMismatch {
        row,
        what: what.into(),
    }
}
