//! Folds: every row is in exactly one, and each fold is once kept apart.

use super::{KFold, Split, SplitError};
use crate::random::Random;

/// The fold of each row.
#[derive(Debug)]
pub(super) struct Folds {
    pub(super) n_splits: usize,
    pub(super) fold_of: Vec<usize>,
}

impl Folds {
    pub(super) fn split(&self, fold: usize) -> Split {
        let (test, train) = (0..self.fold_of.len()).partition(|&row| self.fold_of[row] == fold);
        Split { train, test }
    }
}

/// Neighboring rows make a fold, in the order of the table or in a random one.
pub(super) fn of_rows(k_fold: KFold, n_rows: usize) -> Result<Folds, SplitError> {
    let n_splits = k_fold.n_splits;
    if n_rows < n_splits {
        return Err(SplitError::FewerRowsThanFolds {
            splitter: "kFold",
            n_rows,
            n_splits,
        });
    }
    let mut order: Vec<usize> = (0..n_rows).collect();
    if let Some(seed) = k_fold.shuffle {
        Random::new(seed, 0).shuffle(&mut order);
    }
    let mut fold_of = vec![0; n_rows];
    let mut rest = order.as_slice();
    for fold in 0..n_splits {
        let (rows, others) = rest.split_at(n_rows / n_splits + usize::from(fold < n_rows % n_splits));
        rows.iter().for_each(|&row| fold_of[row] = fold);
        rest = others;
    }
    Ok(Folds { n_splits, fold_of })
}
