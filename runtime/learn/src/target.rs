//! The target as estimators see it: class codes or numbers, without a gap.

use std::collections::BTreeMap;

use crate::{Cell, Column, FitError};

/// The most classes that a classifier takes. Memory and time grow with rows × classes, and a target with more values
/// is nearly always an identifier or a quantity.
pub(crate) const CLASSES_MAX: usize = 1_000;

/// The classes of a target and which of them each row has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classes {
    /// The classes in order, of the target's kind, none missing.
    pub(crate) labels: Column,
    /// For each row, the position of its class in `labels`.
    pub(crate) codes: Vec<usize>,
}

impl Classes {
    /// Sorts out the classes: texts by code points, numbers by size (whole numbers only), false before true.
    pub(crate) fn of(name: &str, target: &Column) -> Result<Classes, FitError> {
        refuse_missing(name, target)?;
        let classes = match target {
            Column::Number(cells) => {
                refuse_fractions(name, cells)?;
                // Adding 0 turns -0 into 0, so that the two are one class.
                let keys = cells.iter().map(|&cell| ByValue(cell + 0.0));
                let (labels, codes) = encode(keys);
                let labels = Column::Number(labels.into_iter().map(|ByValue(number)| number).collect());
                Classes { labels, codes }
            }
            Column::Text(cells) => {
                let (labels, codes) = encode(cells.iter().flatten().map(String::as_str));
                let labels = Column::Text(labels.into_iter().map(|label| Some(label.to_owned())).collect());
                Classes { labels, codes }
            }
            Column::Boolean(cells) => {
                let (labels, codes) = encode(cells.iter().flatten().copied());
                let labels = Column::Boolean(labels.into_iter().map(Some).collect());
                Classes { labels, codes }
            }
        };
        match classes.n_classes() {
            1 => Err(FitError::OneClass {
                column: name.to_owned(),
                class: classes.labels.cell(0).quoted(),
            }),
            n_classes if n_classes > CLASSES_MAX => Err(FitError::TooManyClasses {
                column: name.to_owned(),
                kind: target.kind(),
                n_classes,
                limit: CLASSES_MAX,
            }),
            _ => Ok(classes),
        }
    }

    /// Number of classes.
    pub(crate) fn n_classes(&self) -> usize {
        self.labels.len()
    }
}

/// The numbers of a regressor's target.
pub(crate) fn numbers(name: &str, target: &Column, estimator: &'static str) -> Result<Vec<f64>, FitError> {
    refuse_missing(name, target)?;
    let Column::Number(cells) = target else {
        return Err(FitError::TargetKind {
            column: name.to_owned(),
            found: target.kind(),
            estimator,
        });
    };
    match cells.iter().position(|cell| cell.is_infinite()) {
        Some(row) => Err(FitError::TargetInfinite {
            column: name.to_owned(),
            row,
        }),
        None => Ok(cells.clone()),
    }
}

fn refuse_missing(name: &str, target: &Column) -> Result<(), FitError> {
    let Some(row) = target.first_missing() else {
        return Ok(());
    };
    let column = name.to_owned();
    if target.cells().all(|cell| cell == Cell::Missing) {
        Err(FitError::TargetAllMissing { column })
    } else {
        Err(FitError::TargetMissing { column, row })
    }
}

fn refuse_fractions(name: &str, cells: &[f64]) -> Result<(), FitError> {
    match cells.iter().position(|cell| cell.fract() != 0.0) {
        Some(row) if cells[row].is_infinite() => Err(FitError::TargetInfinite {
            column: name.to_owned(),
            row,
        }),
        Some(row) => Err(FitError::TargetContinuous {
            column: name.to_owned(),
            row,
            value: cells[row],
        }),
        None => Ok(()),
    }
}

/// The distinct keys in order, and the position of each key among them.
fn encode<K: Ord + Copy>(keys: impl Iterator<Item = K> + Clone) -> (Vec<K>, Vec<usize>) {
    let mut positions: BTreeMap<K, usize> = keys.clone().map(|key| (key, 0)).collect();
    positions
        .values_mut()
        .enumerate()
        .for_each(|(position, value)| *value = position);
    let codes = keys.map(|key| positions[&key]).collect();
    (positions.into_keys().collect(), codes)
}

/// A number ordered by size.
#[derive(Clone, Copy)]
struct ByValue(f64);

impl PartialEq for ByValue {
    fn eq(&self, other: &ByValue) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByValue {}

impl PartialOrd for ByValue {
    fn partial_cmp(&self, other: &ByValue) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByValue {
    fn cmp(&self, other: &ByValue) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
