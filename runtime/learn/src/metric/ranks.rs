//! Metrics of how probabilities rank the rows.

use super::{Metric, ScoreError, predicted::Classified};

/// The score by one of the ranking metrics; every class of the target is known to the model.
///
/// Rows are ranked by probability, as scikit-learn ranks them for estimators without a decision function: where two
/// probabilities are the same in 64 bits, the rows tie. Errors: a class that the metric needs and no row has.
pub(super) fn score(metric: Metric, classified: &Classified) -> Result<f64, ScoreError> {
    let n_classes = classified.known.len();
    let needed = if metric == Metric::AveragePrecision {
        1..2
    } else {
        0..n_classes
    };
    let mut rows_of = vec![0usize; n_classes];
    classified.target.iter().for_each(|&class| rows_of[class] += 1);
    if let Some(class) = needed.into_iter().find(|&class| rows_of[class] == 0) {
        return Err(ScoreError::ClassAbsent {
            metric,
            class: classified.known[class].clone(),
            n_rows: classified.target.len(),
        });
    }
    let against_rest = |class: usize| {
        let shares = classified.probabilities.column(class);
        let rows = shares.iter().zip(&classified.target);
        Ranking::of(rows.map(|(&share, &target)| (share, target == class)))
    };
    let is_weighted = matches!(metric, Metric::RocAucOvrWeighted | Metric::RocAucOvoWeighted);
    Ok(match metric {
        Metric::AveragePrecision => against_rest(1).average_precision(),
        // Of two classes, either against the other is the same.
        _ if n_classes == 2 => against_rest(1).roc_auc(),
        Metric::RocAucOvo | Metric::RocAucOvoWeighted => {
            let rows = rows_by_class(classified);
            let pairs = (0..n_classes).flat_map(|one| (one + 1..n_classes).map(move |other| (one, other)));
            mean(pairs.map(|(one, other)| {
                let weight = if is_weighted {
                    rows_of[one] + rows_of[other]
                } else {
                    1
                };
                (pair(classified, &rows, one, other), weight as f64)
            }))
        }
        _ => mean((0..n_classes).map(|class| {
            let weight = if is_weighted { rows_of[class] } else { 1 };
            (against_rest(class).roc_auc(), weight as f64)
        })),
    })
}

/// Rows in the order of falling scores, each `true` if it is of the positive class; rows of equal score as one group.
struct Ranking {
    /// Positive and negative rows of each group.
    groups: Vec<(f64, f64)>,
    n_positive: f64,
    n_negative: f64,
}

impl Ranking {
    fn of(rows: impl Iterator<Item = (f64, bool)>) -> Ranking {
        let mut rows: Vec<(f64, bool)> = rows.collect();
        rows.sort_unstable_by(|(left, _), (right, _)| right.total_cmp(left));
        let count = |group: &[(f64, bool)]| {
            let n_positive = group.iter().filter(|(_, is_positive)| *is_positive).count();
            (n_positive as f64, (group.len() - n_positive) as f64)
        };
        let (n_positive, n_negative) = count(&rows);
        Ranking {
            // Compared as numbers, -0 and 0 are the same score.
            groups: rows
                .chunk_by(|(left, _), (right, _)| left == right)
                .map(count)
                .collect(),
            n_positive,
            n_negative,
        }
    }

    /// The share of pairs of a positive and a negative row that are ranked rightly; equal scores count half.
    fn roc_auc(&self) -> f64 {
        let mut above = 0.0;
        let mut right = 0.0;
        for (positive, negative) in &self.groups {
            right += negative * (above + positive / 2.0);
            above += positive;
        }
        right / (self.n_positive * self.n_negative)
    }

    /// The sum, over the groups, of (gain of recall) × (precision so far).
    fn average_precision(&self) -> f64 {
        let (mut positives, mut rows, mut sum) = (0.0, 0.0, 0.0);
        for (positive, negative) in &self.groups {
            positives += positive;
            rows += positive + negative;
            sum += positive * positives / rows;
        }
        sum / self.n_positive
    }
}

fn rows_by_class(classified: &Classified) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); classified.known.len()];
    for (row, &class) in classified.target.iter().enumerate() {
        rows[class].push(row);
    }
    rows
}

/// The mean of both directions: one class ranked by its probability against the other's rows, and the reverse.
fn pair(classified: &Classified, rows: &[Vec<usize>], one: usize, other: usize) -> f64 {
    let directed = |positive: usize, negative: usize| {
        let scored = |class: usize| {
            let share = move |&row: &usize| (classified.probabilities[[row, positive]], class == positive);
            rows[class].iter().map(share)
        };
        Ranking::of(scored(positive).chain(scored(negative))).roc_auc()
    };
    (directed(one, other) + directed(other, one)) / 2.0
}

/// The mean of values by weight.
fn mean(weighted: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = weighted.fold((0.0, 0.0), |(sum, weights), (value, weight)| {
        (sum + value * weight, weights + weight)
    });
    sum / weights
}
