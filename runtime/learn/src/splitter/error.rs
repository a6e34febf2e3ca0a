//! Why rows cannot be split.

use thiserror::Error;

use crate::wording::{counted, shown};

/// Rows that cannot be split as asked, with the reason and the remedy.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SplitError {
    /// A setting is out of its range.
    #[error("{splitter}: {name} is {value}; it must be {rule}")]
    Setting {
        /// The splitter as in the manifest.
        splitter: &'static str,
        /// The setting as in the manifest.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// More folds than rows.
    #[error(
        "{splitter}: {} too few for {n_splits} folds; {}",
        match n_rows {
            1 => "1 row is".to_owned(),
            n_rows => format!("{n_rows} rows are"),
        },
        // There are at least 2 folds.
        if *n_rows < 2 { "give more rows" } else { "choose fewer nSplits, or give more rows" }
    )]
    FewerRowsThanFolds {
        /// The splitter as in the manifest.
        splitter: &'static str,
        /// Rows there are.
        n_rows: usize,
        /// Folds asked for.
        n_splits: usize,
    },
    /// No class has a row for each fold.
    #[error(
        "stratifiedKFold: no class has as many rows as there are folds, {n_splits}: the largest has {n_rows}; choose at \
         most that many nSplits"
    )]
    FewerRowsOfEachClassThanFolds {
        /// Rows of the largest class.
        n_rows: usize,
        /// Folds asked for.
        n_splits: usize,
    },
    /// One side of a random split would be empty, or too small for the classes.
    #[error(
        "{splitter}: of {}, testSize {} leaves {n_train} to learn from and {n_test} to score on; {needed} {} needed on \
         either side: choose another testSize",
        counted(*n_rows, "row", "rows"),
        shown(*test_size),
        if *needed == 1 { "is" } else { "are" }
    )]
    SideTooSmall {
        /// The splitter as in the manifest.
        splitter: &'static str,
        /// Rows there are.
        n_rows: usize,
        /// Share of rows kept apart.
        test_size: f64,
        /// Rows to learn from.
        n_train: usize,
        /// Rows to score on.
        n_test: usize,
        /// Rows needed on either side: one, or one for each class.
        needed: usize,
    },
    /// A class that cannot be on both sides.
    #[error(
        "stratifiedShuffleSplit: the class {class} has one row, which cannot be on both sides; leave it out"
    )]
    OneRowOfClass {
        /// The class as quoted in messages.
        class: String,
    },
    /// More folds than groups.
    #[error(
        "groupKFold: column \"{column}\" has {}, fewer than {n_splits} folds; {}",
        counted(*n_groups, "group", "groups"),
        if *n_groups < 2 { "choose a column with more groups" } else { "choose fewer nSplits" }
    )]
    FewerGroupsThanFolds {
        /// The column of the groups.
        column: String,
        /// Groups there are.
        n_groups: usize,
        /// Folds asked for.
        n_splits: usize,
    },
    /// A row that belongs to no group.
    #[error(
        "groupKFold: column \"{column}\", row {row}: the cell is missing; give each row a group, or leave it out"
    )]
    GroupMissing {
        /// The column of the groups.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// No column says which rows belong together.
    #[error("groupKFold needs a column of groups; name one")]
    NoGroups,
    /// Groups and target are of different tables.
    #[error("column \"{column}\" has {}, the target has {n_rows}", counted(*found, "row", "rows"))]
    UnequalRows {
        /// The column of the groups.
        column: String,
        /// Its rows.
        found: usize,
        /// Rows of the target.
        n_rows: usize,
    },
    /// A row without a target.
    #[error("row {row}: the target is missing; leave out the rows without a target")]
    TargetMissing {
        /// The row, counted from 0.
        row: usize,
    },
    /// Fewer rows than the windows of a time series take.
    #[error(
        "timeSeriesSplit: {n_splits} times {test_size} rows to score on after a gap of {gap} leave none of {n_rows} rows \
         to learn from; choose fewer nSplits, or a smaller testSize or gap"
    )]
    TooShort {
        /// Rows there are.
        n_rows: usize,
        /// Splits asked for.
        n_splits: usize,
        /// Rows to score on in each.
        test_size: usize,
        /// Rows left out before them.
        gap: usize,
    },
}

impl SplitError {
    /// The same fault with another number for its row, such as one counted from 1.
    pub fn map_row(mut self, map: impl FnOnce(usize) -> usize) -> SplitError {
        if let SplitError::GroupMissing { row, .. } | SplitError::TargetMissing { row } = &mut self {
            *row = map(*row);
        }
        self
    }
}
