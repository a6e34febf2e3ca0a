//! Metrics of how probabilities rank the rows.

use std::cell::OnceCell;

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
    let measured = &classified.rankings;
    Ok(match metric {
        Metric::AveragePrecision => Ranking::against_rest(classified, 1).average_precision(),
        // Of two classes, either against the other is the same.
        _ if n_classes == 2 => *measured
            .two
            .get_or_init(|| Ranking::against_rest(classified, 1).roc_auc()),
        Metric::RocAucOvo | Metric::RocAucOvoWeighted => {
            let of_pairs = measured.pairs.get_or_init(|| pairs(classified, &rows_of));
            mean(of_pairs, metric == Metric::RocAucOvoWeighted)
        }
        _ => {
            let against_rest = |class: usize| {
                (
                    Ranking::against_rest(classified, class).roc_auc(),
                    rows_of[class] as f64,
                )
            };
            let of_classes = measured
                .classes
                .get_or_init(|| (0..n_classes).map(against_rest).collect());
            mean(of_classes, metric == Metric::RocAucOvrWeighted)
        }
    })
}

/// What several metrics rest on, measured once: sorting is most of the cost of all metrics. Each value stands beside
/// its number of rows.
#[derive(Default)]
pub(super) struct Rankings {
    two: OnceCell<f64>,
    classes: OnceCell<Vec<(f64, f64)>>,
    pairs: OnceCell<Vec<(f64, f64)>>,
}

/// Rows in the order of falling scores, each `true` if it is of the positive class; rows of equal score as one group.
struct Ranking {
    /// Positive and negative rows of each group.
    groups: Vec<(f64, f64)>,
    n_positive: f64,
    n_negative: f64,
}

impl Ranking {
    /// All rows, by their probability of one class.
    fn against_rest(classified: &Classified, class: usize) -> Ranking {
        let shares = classified.probabilities.column(class);
        let rows = shares.iter().zip(&classified.target);
        Ranking::of(rows.map(|(&share, &target)| (share, target == class)))
    }

    /// Rows by their probability, from 0 to 1, each `true` if it is of the positive class.
    fn of(rows: impl Iterator<Item = (f64, bool)>) -> Ranking {
        // The bits of numbers that are not negative are in the order of the numbers, and those up to 1 leave the highest
        // bit free: one whole number holds both, which sorts several times faster than a pair.
        let packed =
            |(share, is_positive): (f64, bool)| (share + 0.0).to_bits() << 1 | u64::from(is_positive);
        let mut rows: Vec<u64> = rows.map(packed).collect();
        rows.sort_unstable_by_key(|&row| std::cmp::Reverse(row));
        let count = |group: &[u64]| {
            let n_positive = group.iter().filter(|row| **row & 1 == 1).count();
            (n_positive as f64, (group.len() - n_positive) as f64)
        };
        let (n_positive, n_negative) = count(&rows);
        Ranking {
            groups: rows
                .chunk_by(|left, right| left >> 1 == right >> 1)
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

/// The mean of both directions for each pair of classes, with the pair's rows.
fn pairs(classified: &Classified, rows_of: &[usize]) -> Vec<(f64, f64)> {
    let n_classes = classified.known.len();
    let mut rows = vec![Vec::new(); n_classes];
    for (row, &class) in classified.target.iter().enumerate() {
        rows[class].push(row);
    }
    let pairs = (0..n_classes).flat_map(|one| (one + 1..n_classes).map(move |other| (one, other)));
    let measured = |(one, other): (usize, usize)| {
        (
            pair(classified, &rows, one, other),
            (rows_of[one] + rows_of[other]) as f64,
        )
    };
    pairs.map(measured).collect()
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

/// The mean of values, each beside its number of rows, by which it may be weighted.
fn mean(values: &[(f64, f64)], is_weighted: bool) -> f64 {
    let weight = |n_rows: f64| if is_weighted { n_rows } else { 1.0 };
    let (sum, weights) = values
        .iter()
        .fold((0.0, 0.0), |(sum, weights), &(value, n_rows)| {
            (sum + value * weight(n_rows), weights + weight(n_rows))
        });
    sum / weights
}
