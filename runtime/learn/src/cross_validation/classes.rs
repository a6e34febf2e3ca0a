//! Looks, before anything is fitted, whether every fold can learn every class.

use super::{CrossValidationError, FoldFault};
use crate::{Column, Splits, Splitter, distinct::Distinct};

/// Errors: the first fold without a row to learn a class from. A target with a missing cell is left to the fit.
pub(super) fn check(
    splitter: &Splitter,
    splits: &Splits,
    target: &Column,
) -> Result<(), CrossValidationError> {
    let Ok(classes) = Distinct::of(target) else {
        return Ok(());
    };
    for (at, split) in splits.iter().enumerate() {
        let mut is_there = vec![false; classes.len()];
        split
            .train
            .iter()
            .for_each(|&row| is_there[classes.codes[row]] = true);
        if let Some(absent) = is_there.iter().position(|is_there| !is_there) {
            let class = target.cell(classes.first_rows[absent]).quoted();
            let n_rows = classes.codes.iter().filter(|&&code| code == absent).count();
            return Err(CrossValidationError::of_fold(
                at,
                splitter,
                &split,
                FoldFault::ClassAbsent { class, n_rows },
            ));
        }
    }
    Ok(())
}
