//! How much the rows of each class count in a fit.

use std::collections::BTreeMap;

use super::check_range;
use crate::{Column, FitError, near::near, target::Classes};

/// How much the rows of each class count in a fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassWeight {
    /// Every row counts 1.
    #[default]
    Uniform,
    /// Every class counts alike: a row counts n_rows / (n_classes · rows of its class).
    Balanced,
    /// A row counts what stands here for its class (text, number or boolean as written plainly, such as `setosa`, `1`
    /// or `true`), greater than 0, and 1 if its class is not listed.
    PerClass(BTreeMap<String, f64>),
}

impl ClassWeight {
    /// Whether every weight is in its range.
    pub(super) fn check(&self, owner: &str) -> Result<(), FitError> {
        let ClassWeight::PerClass(weights) = self else {
            return Ok(());
        };
        for &weight in weights.values() {
            let obeys = weight.is_finite() && weight > 0.0;
            check_range(
                owner,
                "classWeight",
                weight,
                obeys,
                "a finite number greater than 0",
            )?;
        }
        Ok(())
    }

    /// The weight of each class, by the frequencies in the whole target.
    ///
    /// Errors: a weight for a class that no row has.
    pub(super) fn of(&self, y: &Classes) -> Result<Vec<f64>, FitError> {
        match self {
            ClassWeight::Uniform => Ok(vec![1.0; y.n_classes()]),
            ClassWeight::Balanced => {
                let mut counts = vec![0usize; y.n_classes()];
                y.codes.iter().for_each(|&code| counts[code] += 1);
                let share = y.codes.len() as f64 / y.n_classes() as f64;
                Ok(counts.into_iter().map(|count| share / count as f64).collect())
            }
            ClassWeight::PerClass(weights) => per_class(weights, &y.labels),
        }
    }
}

fn per_class(weights: &BTreeMap<String, f64>, classes: &Column) -> Result<Vec<f64>, FitError> {
    let labels: Vec<String> = classes.cells().map(|label| label.to_string()).collect();
    if let Some(class) = weights.keys().find(|class| !labels.contains(class)) {
        return Err(FitError::UnknownClass {
            class: class.clone(),
            near: near(class, &labels),
            known: first_few(classes),
        });
    }
    Ok(labels
        .iter()
        .map(|label| weights.get(label).copied().unwrap_or(1.0))
        .collect())
}

/// The classes as quoted in messages; of many only the first.
fn first_few(classes: &Column) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = classes.cells().take(SHOWN).map(|class| class.quoted()).collect();
    let shown = shown.join(", ");
    match classes.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
