//! Fills missing cells with one value per column.

use std::collections::BTreeMap;

use super::{Learns, Taken, Transforms};
use crate::{
    Column, ColumnKind, FitError, LoadError, PredictError,
    container::{PartReader, PartWriter},
};

/// Hyperparameters of the imputer, which fills missing cells and keeps names and kinds.
///
/// Every column it was fitted with is filled at prediction, also one that had no missing cell in the fit. Source:
/// scikit-learn's `SimpleImputer`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimpleImputer {
    /// What is filled in. Default: the mean.
    pub strategy: ImputeStrategy,
}

/// What an imputer fills in.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ImputeStrategy {
    /// The mean of a number column.
    #[default]
    Mean,
    /// The median of a number column.
    Median,
    /// The most frequent value of a column of any kind; of several, the smallest.
    MostFrequent,
    /// A given value, for columns of its kind. Without one: 0, `missing_value` or false, for columns of every kind.
    Constant(Option<Fill>),
}

/// A value that stands for missing cells.
#[derive(Clone, Debug, PartialEq)]
pub enum Fill {
    /// For number columns; finite.
    Number(f64),
    /// For text columns.
    Text(String),
    /// For boolean columns.
    Boolean(bool),
}

/// The fill of each fitted column.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedSimpleImputer {
    fills: Vec<Fill>,
}

impl Fill {
    /// The kind of columns it fills.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Fill::Number(_) => ColumnKind::Number,
            Fill::Text(_) => ColumnKind::Text,
            Fill::Boolean(_) => ColumnKind::Boolean,
        }
    }
}

impl FittedSimpleImputer {
    /// What is filled in, one value per column.
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }
}

const EVERY_KIND: [ColumnKind; 3] = [ColumnKind::Number, ColumnKind::Text, ColumnKind::Boolean];

impl Learns for SimpleImputer {
    const KIND: &'static str = "simpleImputer";
    type Fitted = FittedSimpleImputer;

    fn takes(&self) -> Vec<ColumnKind> {
        match &self.strategy {
            ImputeStrategy::Mean | ImputeStrategy::Median => vec![ColumnKind::Number],
            ImputeStrategy::MostFrequent | ImputeStrategy::Constant(None) => EVERY_KIND.to_vec(),
            ImputeStrategy::Constant(Some(fill)) => vec![fill.kind()],
        }
    }

    fn check(&self) -> Result<(), FitError> {
        match self.strategy {
            ImputeStrategy::Constant(Some(Fill::Number(number))) if !number.is_finite() => {
                Err(FitError::Hyperparameter {
                    owner: Self::KIND.to_owned(),
                    name: "fillValue",
                    value: number.to_string(),
                    rule: "a finite number".into(),
                })
            }
            _ => Ok(()),
        }
    }

    fn fit(&self, columns: &Taken<'_>) -> Result<FittedSimpleImputer, FitError> {
        let fill = |&(name, column): &(&str, &Column)| {
            let fill = match (&self.strategy, column) {
                (ImputeStrategy::Mean, Column::Number(cells)) => mean(cells).map(Fill::Number),
                (ImputeStrategy::Median, Column::Number(cells)) => median(cells).map(Fill::Number),
                (ImputeStrategy::MostFrequent, column) => most_frequent(column),
                (ImputeStrategy::Constant(Some(fill)), _) => Some(fill.clone()),
                (ImputeStrategy::Constant(None), Column::Number(_)) => Some(Fill::Number(0.0)),
                (ImputeStrategy::Constant(None), Column::Text(_)) => {
                    Some(Fill::Text("missing_value".to_owned()))
                }
                (ImputeStrategy::Constant(None), Column::Boolean(_)) => Some(Fill::Boolean(false)),
                (ImputeStrategy::Mean | ImputeStrategy::Median, _) => None,
            };
            fill.ok_or_else(|| FitError::AllMissing {
                transformer: Self::KIND,
                column: name.to_owned(),
            })
        };
        let fills = columns.iter().map(fill).collect::<Result<_, _>>()?;
        Ok(FittedSimpleImputer { fills })
    }
}

impl Transforms for FittedSimpleImputer {
    fn n_columns(&self) -> usize {
        self.fills.len()
    }

    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
        let filled = |(&(name, column), fill): (&(&str, &Column), &Fill)| {
            let filled = match (column, fill) {
                (Column::Number(cells), Fill::Number(fill)) => {
                    let or_fill = |cell: &f64| if cell.is_nan() { *fill } else { *cell };
                    Column::Number(cells.iter().map(or_fill).collect())
                }
                (Column::Text(cells), Fill::Text(fill)) => {
                    let or_fill = |cell: &Option<String>| Some(cell.as_ref().unwrap_or(fill).clone());
                    Column::Text(cells.iter().map(or_fill).collect())
                }
                (Column::Boolean(cells), Fill::Boolean(fill)) => {
                    Column::Boolean(cells.iter().map(|cell| cell.or(Some(*fill))).collect())
                }
                (other, fill) => {
                    return Err(PredictError::ColumnKind {
                        column: name.to_owned(),
                        expected: fill.kind(),
                        found: other.kind(),
                    });
                }
            };
            Ok(vec![filled])
        };
        columns.iter().zip(&self.fills).map(filled).collect()
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        let (mut kinds, mut numbers, mut texts, mut booleans) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for fill in &self.fills {
            kinds.push(fill.kind());
            match fill {
                Fill::Number(number) => numbers.push(*number),
                Fill::Text(text) => texts.push(text.as_str()),
                Fill::Boolean(boolean) => booleans.push(*boolean),
            }
        }
        writer.kinds("kinds", &kinds);
        writer.numbers("numbers", &numbers);
        writer.texts("texts", &texts);
        writer.booleans("booleans", &booleans);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedSimpleImputer, LoadError> {
        let kinds = reader.kinds("kinds")?;
        let mut numbers = reader.numbers("numbers")?.into_iter().map(Fill::Number);
        let mut texts = reader.texts("texts")?.into_iter().map(Fill::Text);
        let mut booleans = reader.booleans("booleans")?.into_iter().map(Fill::Boolean);
        let fill = |kind: ColumnKind| match kind {
            ColumnKind::Number => numbers.next(),
            ColumnKind::Text => texts.next(),
            ColumnKind::Boolean => booleans.next(),
        };
        let fills: Option<Vec<Fill>> = kinds.into_iter().map(fill).collect();
        match fills {
            Some(fills) if numbers.len() + texts.len() + booleans.len() == 0 => {
                Ok(FittedSimpleImputer { fills })
            }
            _ => Err(LoadError::invalid(
                "simpleImputer: kinds and values differ in number",
            )),
        }
    }
}

fn mean(cells: &[f64]) -> Option<f64> {
    let present = || cells.iter().filter(|cell| !cell.is_nan());
    let n = present().count() as f64;
    let sum: f64 = present().sum();
    // Numbers near the largest one there is add up to infinity, though their mean is finite.
    let mean = if sum.is_finite() {
        sum / n
    } else {
        present().map(|cell| cell / n).sum()
    };
    (n > 0.0).then_some(mean)
}

fn median(cells: &[f64]) -> Option<f64> {
    let mut present: Vec<f64> = cells.iter().copied().filter(|cell| !cell.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    let middle = present.len() / 2;
    match present.len() {
        0 => None,
        n if n % 2 == 1 => Some(present[middle]),
        _ => Some(present[middle - 1] * 0.5 + present[middle] * 0.5),
    }
}

fn most_frequent(column: &Column) -> Option<Fill> {
    match column {
        Column::Number(cells) => {
            let mut present: Vec<f64> = cells.iter().copied().filter(|cell| !cell.is_nan()).collect();
            present.sort_unstable_by(f64::total_cmp);
            let runs = present.chunk_by(|left, right| left == right);
            first_longest(runs.map(|run| (run[0], run.len()))).map(Fill::Number)
        }
        Column::Text(cells) => {
            let mut counts = BTreeMap::new();
            cells
                .iter()
                .flatten()
                .for_each(|text| *counts.entry(text).or_insert(0) += 1);
            first_longest(counts.into_iter()).map(|text| Fill::Text(text.clone()))
        }
        Column::Boolean(cells) => {
            let mut counts = BTreeMap::new();
            cells
                .iter()
                .flatten()
                .for_each(|&cell| *counts.entry(cell).or_insert(0) += 1);
            first_longest(counts.into_iter()).map(Fill::Boolean)
        }
    }
}

/// The first of the values with the highest count.
fn first_longest<T>(counted: impl Iterator<Item = (T, usize)>) -> Option<T> {
    let longer = |best: (T, usize), next: (T, usize)| if next.1 > best.1 { next } else { best };
    counted.reduce(longer).map(|(value, _)| value)
}
