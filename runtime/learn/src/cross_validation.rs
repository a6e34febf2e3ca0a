//! Cross-validation: fits on parts of the rows, each scored on rows that it has not seen.

mod classes;
mod error;

use std::collections::BTreeMap;

use crate::{Column, Control, Metric, Predicted, Progress, RareClass, Split, Splitter, Steps, Table, Task};

pub use error::{CrossValidationError, FoldFault};

/// What [`cross_validate`] tells of its progress is counted in so many parts of a fold.
pub const PARTS_PER_FOLD: u64 = 100;

/// How well steps do on rows that they have not learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// One for each split, in order.
    pub folds: Vec<Fold>,
    /// Of the folds' test scores, for each metric that has a value in every fold.
    pub averages: BTreeMap<Metric, Average>,
    /// The rarest class, where a stratified fold has none of it.
    pub rare_class: Option<RareClass>,
}

/// One fit with what it was scored on.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Rows it learned from.
    pub n_train: usize,
    /// Rows it did not learn from.
    pub n_test: usize,
    /// Scores on the rows it learned from, by each metric that has a value there.
    pub train: BTreeMap<Metric, f64>,
    /// Scores on the rows it did not learn from, by each metric that has a value there.
    pub test: BTreeMap<Metric, f64>,
}

/// The scores of several folds in two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation: the root of the mean squared distance from the mean, as NumPy's `std`.
    pub std: f64,
}

/// Splits the rows, fits `steps` on the train rows of each split by themselves, and scores each fit on both sides by
/// every metric of the task.
///
/// Shapes: `features` n_rows × n_features; `target` (name and cells) n_rows; `groups` (name and cells) n_rows, which
/// only `groupKFold` looks at. `needed` is a metric that must have a value in every fold; the others are left out where
/// they have none. Folds are fitted one after the other, since an estimator uses the cores itself; `control` hears how
/// far they have come in parts of a fold, [`PARTS_PER_FOLD`] each, and stops them.
///
/// Errors: rows that cannot be split; a fit or a score that fails, with the number of its fold, and with rows counted
/// in `features`; a class of which a fold has no row to learn from, which would be predicted never there and so make the
/// scores of another problem than the one asked about.
pub fn cross_validate(
    steps: &Steps,
    features: &Table,
    target: (&str, &Column),
    groups: Option<(&str, &Column)>,
    splitter: &Splitter,
    needed: Option<Metric>,
    control: &Control<'_>,
) -> Result<CrossValidation, CrossValidationError> {
    let (_, cells) = target;
    if features.n_rows() != cells.len() {
        return Err(CrossValidationError::UnequalRows {
            features: features.n_rows(),
            target: cells.len(),
        });
    }
    let splits = splitter.split(cells, groups)?;
    if steps.estimator.task() == Task::Classification {
        classes::check(splitter, &splits, cells)?;
    }
    let total = splitter.n_splits() as u64 * PARTS_PER_FOLD;
    let mut folds = Vec::with_capacity(splitter.n_splits());
    for (at, split) in splits.iter().enumerate() {
        let done = at as u64 * PARTS_PER_FOLD;
        control.report(done, total);
        let of_fold = |seen: Progress| {
            let parts = (seen.done.min(seen.total) * PARTS_PER_FOLD).checked_div(seen.total);
            control.report(done + parts.unwrap_or(0), total);
        };
        let ended = fold(
            steps,
            features,
            target,
            &split,
            needed,
            &control.reporting_to(&of_fold),
        );
        folds.push(ended.map_err(|fault| CrossValidationError::of_fold(at, splitter, &split, fault))?);
    }
    control.report(total, total);
    Ok(CrossValidation {
        averages: averages(&folds),
        folds,
        rare_class: splits.rare_class().cloned(),
    })
}

fn fold(
    steps: &Steps,
    features: &Table,
    (name, target): (&str, &Column),
    split: &Split,
    needed: Option<Metric>,
    control: &Control<'_>,
) -> Result<Fold, FoldFault> {
    let (train, train_target) = (features.take(&split.train), target.take(&split.train));
    let fitted = steps
        .fit(&train, (name, &train_target), control)
        .map_err(FoldFault::Fit)?;
    let scores = |features: &Table, target: &Column| {
        let predicted = Predicted::of(&fitted, features, target)?;
        if let Some(metric) = needed {
            predicted.score(metric)?;
        }
        Ok(predicted.scores().into_iter().collect())
    };
    Ok(Fold {
        n_train: split.train.len(),
        n_test: split.test.len(),
        train: scores(&train, &train_target).map_err(FoldFault::TrainScore)?,
        test: scores(&features.take(&split.test), &target.take(&split.test)).map_err(FoldFault::TestScore)?,
    })
}

fn averages(folds: &[Fold]) -> BTreeMap<Metric, Average> {
    let of = |metric: Metric| {
        let scores: Vec<f64> = folds
            .iter()
            .map(|fold| fold.test.get(&metric).copied())
            .collect::<Option<_>>()?;
        Average::of(&scores).map(|average| (metric, average))
    };
    Metric::ALL.iter().filter_map(|&metric| of(metric)).collect()
}

impl Average {
    /// `None` if the scores are so large that one of the two is not finite.
    fn of(scores: &[f64]) -> Option<Average> {
        let n = scores.len() as f64;
        // Divided first, so that finite scores have a finite mean.
        let mean: f64 = scores.iter().map(|score| score / n).sum();
        let square = |score: &f64| (score - mean) * (score - mean) / n;
        let std = scores.iter().map(square).sum::<f64>().sqrt();
        (mean.is_finite() && std.is_finite()).then_some(Average { mean, std })
    }
}
