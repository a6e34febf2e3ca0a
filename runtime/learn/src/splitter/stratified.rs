//! Splits that keep the shares of the classes.

use super::{
    RareClass, ShuffleSplit, SplitError, StratifiedKFold, StratifiedShuffleSplit,
    folds::Folds,
    shuffled::{Shuffled, n_test},
};
use crate::{Column, distinct::Distinct, random::Random};

/// Folds with the same share of every class, as nearly as can be; also the rarest class, if some fold has none of it.
///
/// Each fold's number of rows of a class is that of every n_splits-th row of the target sorted by class: this keeps
/// both the classes and the folds even, and is scikit-learn's way.
pub(super) fn folds(
    k_fold: StratifiedKFold,
    target: &Column,
) -> Result<(Folds, Option<RareClass>), SplitError> {
    let n_splits = k_fold.n_splits;
    if target.len() < n_splits {
        return Err(SplitError::FewerRowsThanFolds {
            splitter: "stratifiedKFold",
            n_rows: target.len(),
            n_splits,
        });
    }
    let classes = classes(target)?;
    let counts = classes.counts();
    let largest = counts.iter().copied().max().unwrap_or(0);
    if largest < n_splits {
        return Err(SplitError::FewerRowsOfEachClassThanFolds {
            n_rows: largest,
            n_splits,
        });
    }
    let mut random = k_fold.shuffle.map(|seed| Random::new(seed, 0));
    let mut before = 0;
    let mut folds_of_class: Vec<std::vec::IntoIter<usize>> = Vec::with_capacity(counts.len());
    for count in &counts {
        let mut folds: Vec<usize> = (before..before + count).map(|place| place % n_splits).collect();
        folds.sort_unstable();
        if let Some(random) = &mut random {
            random.shuffle(&mut folds);
        }
        folds_of_class.push(folds.into_iter());
        before += count;
    }
    let fold_of = classes
        .codes
        .iter()
        .map(|&class| folds_of_class[class].next().unwrap_or(0));
    let rarest = (0..counts.len()).min_by_key(|&class| counts[class]);
    let rare = rarest
        .filter(|&class| counts[class] < n_splits)
        .map(|class| RareClass {
            class: target.cell(classes.first_rows[class]).quoted(),
            n_rows: counts[class],
        });
    let fold_of = fold_of.collect();
    Ok((Folds { n_splits, fold_of }, rare))
}

/// Random splits with the same share of every class, as nearly as can be.
pub(super) fn shuffled(split: StratifiedShuffleSplit, target: &Column) -> Result<Shuffled, SplitError> {
    let classes = classes(target)?;
    let mut strata = vec![Vec::new(); classes.len()];
    for (row, &class) in classes.codes.iter().enumerate() {
        strata[class].push(row);
    }
    if let Some(class) = strata.iter().position(|rows| rows.len() < 2) {
        return Err(SplitError::OneRowOfClass {
            class: target.cell(classes.first_rows[class]).quoted(),
        });
    }
    let needed = classes.len().max(1);
    let n_test = n_test("stratifiedShuffleSplit", split.test_size, target.len(), needed)?;
    let StratifiedShuffleSplit {
        n_splits,
        test_size,
        seed,
    } = split;
    let split = ShuffleSplit {
        n_splits,
        test_size,
        seed,
    };
    Ok(Shuffled::new(split, strata, n_test))
}

fn classes(target: &Column) -> Result<Distinct, SplitError> {
    Distinct::of(target).map_err(|row| SplitError::TargetMissing { row })
}
