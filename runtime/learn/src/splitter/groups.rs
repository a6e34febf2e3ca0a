//! Folds of whole groups.

use std::cmp::Reverse;

use super::{GroupKFold, SplitError, folds::Folds};
use crate::{Column, distinct::Distinct};

/// The largest group that is left goes to the fold with the fewest rows; of equals, the last group in the order of
/// their values goes first, and the first fold takes it, as in scikit-learn.
pub(super) fn folds(
    GroupKFold { n_splits }: GroupKFold,
    n_rows: usize,
    groups: Option<(&str, &Column)>,
) -> Result<Folds, SplitError> {
    let (name, column) = groups.ok_or(SplitError::NoGroups)?;
    let named = || name.to_owned();
    if column.len() != n_rows {
        return Err(SplitError::UnequalRows {
            column: named(),
            found: column.len(),
            n_rows,
        });
    }
    let groups = Distinct::of(column).map_err(|row| SplitError::GroupMissing { column: named(), row })?;
    if groups.len() < n_splits {
        return Err(SplitError::FewerGroupsThanFolds {
            column: named(),
            n_groups: groups.len(),
            n_splits,
        });
    }
    let counts = groups.counts();
    let mut by_size = groups.in_order(column);
    by_size.reverse();
    by_size.sort_by_key(|&group| Reverse(counts[group]));
    let mut rows_in = vec![0; n_splits];
    let mut fold_of_group = vec![0; groups.len()];
    for group in by_size {
        let lightest = (0..n_splits).min_by_key(|&fold| rows_in[fold]).unwrap_or(0);
        rows_in[lightest] += counts[group];
        fold_of_group[group] = lightest;
    }
    Ok(Folds {
        n_splits,
        fold_of: groups.codes.iter().map(|&group| fold_of_group[group]).collect(),
    })
}
