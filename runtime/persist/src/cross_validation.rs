//! What a cross-validation found, as it is kept with a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Scores of fits on parts of the training rows, each on rows that it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrossValidation {
    /// How the rows were split, as the manifest calls it (`stratifiedKFold`).
    pub splitter: String,
    /// One for each split, in order.
    pub folds: Vec<FoldScores>,
    /// Mean of the folds' test scores, by metric; only metrics that have a value in every fold.
    pub mean: BTreeMap<String, f64>,
    /// Standard deviation of the folds' test scores, by metric: the root of the mean squared distance from the mean.
    pub std: BTreeMap<String, f64>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoldScores {
    /// Rows it learned from.
    pub n_train: u64,
    /// Rows it was kept apart from.
    pub n_test: u64,
    /// Scores on the rows it learned from, by metric.
    pub train: BTreeMap<String, f64>,
    /// Scores on the rows it was kept apart from, by metric.
    pub test: BTreeMap<String, f64>,
}

impl CrossValidation {
    /// Every number with its place below `crossValidation`.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let averages = [("mean", &self.mean), ("std", &self.std)];
        let of_folds = self.folds.iter().enumerate().flat_map(|(at, fold)| {
            [("train", &fold.train), ("test", &fold.test)]
                .map(|(part, scores)| (format!("folds[{at}].{part}"), scores))
        });
        averages
            .into_iter()
            .map(|(name, scores)| (name.to_owned(), scores))
            .chain(of_folds)
            .flat_map(|(place, scores)| {
                let placed = move |(metric, score): (&String, &f64)| (format!("{place}.{metric}"), *score);
                scores.iter().map(placed)
            })
    }
}
