//! Why a cross-validation cannot be done.

use thiserror::Error;

use crate::{FitError, KFold, PredictError, ScoreError, Split, SplitError, Splitter, wording::counted};

/// A cross-validation that cannot be done, with the reason and the remedy. All but
/// [`CrossValidationError::Cancelled`] are the user's data or settings.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CrossValidationError {
    /// The caller asked to stop.
    #[error("the cross-validation was cancelled")]
    Cancelled,
    /// Features and target are of different tables.
    #[error("the features have {}, the target has {target}", counted(*features, "row", "rows"))]
    UnequalRows {
        /// Rows of the features.
        features: usize,
        /// Rows of the target.
        target: usize,
    },
    /// The rows cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// One of the fits, or its scoring.
    #[error("fold {fold} of {n_folds}, which learns from {}: {fault}{remedy}", counted(*n_train, "row", "rows"))]
    Fold {
        /// Its number, counted from 1.
        fold: usize,
        /// How many there are.
        n_folds: usize,
        /// Rows it learns from.
        n_train: usize,
        /// What is wrong.
        fault: Box<FoldFault>,
        /// What to do, beyond what the fault itself says: nothing, or words after a semicolon.
        remedy: String,
    },
}

/// What is wrong with one fold.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum FoldFault {
    /// The fold has no row of a class that the other rows have.
    #[error("none of them is of the class {class}")]
    ClassAbsent {
        /// The class as quoted in messages.
        class: String,
        /// How many of all rows have it.
        n_rows: usize,
    },
    /// The fit fails.
    #[error("{0}")]
    Fit(FitError),
    /// The rows it learned from cannot be scored.
    #[error("on these rows, {0}")]
    TrainScore(ScoreError),
    /// The rows kept apart cannot be scored.
    #[error("on the rows kept apart, {0}")]
    TestScore(ScoreError),
}

impl CrossValidationError {
    /// The fault of the fold at position `at`, its rows counted in the whole table.
    pub(super) fn of_fold(
        at: usize,
        splitter: &Splitter,
        split: &Split,
        fault: FoldFault,
    ) -> CrossValidationError {
        if fault == FoldFault::Fit(FitError::Cancelled) {
            return CrossValidationError::Cancelled;
        }
        let rows = match fault {
            FoldFault::TestScore(_) => &split.test,
            _ => &split.train,
        };
        let fault = fault.without_near().map_row(|row| rows[row]);
        CrossValidationError::Fold {
            fold: at + 1,
            n_folds: splitter.n_splits(),
            n_train: split.train.len(),
            remedy: remedy(&fault, splitter),
            fault: Box::new(fault),
        }
    }

    /// The same fault with another number for its row, such as one counted from 1.
    pub fn map_row(self, map: impl FnOnce(usize) -> usize) -> CrossValidationError {
        match self {
            CrossValidationError::Split(error) => CrossValidationError::Split(error.map_row(map)),
            CrossValidationError::Fold {
                fold,
                n_folds,
                n_train,
                fault,
                remedy,
            } => CrossValidationError::Fold {
                fold,
                n_folds,
                n_train,
                fault: Box::new(fault.map_row(map)),
                remedy,
            },
            other => other,
        }
    }
}

impl FoldFault {
    /// A category that other rows of the same table have is no typing error, so nothing else was meant.
    fn without_near(mut self) -> FoldFault {
        if let FoldFault::TestScore(ScoreError::Predict(PredictError::UnknownCategory { near, .. })) =
            &mut self
        {
            *near = None;
        }
        self
    }

    fn map_row(self, map: impl FnOnce(usize) -> usize) -> FoldFault {
        match self {
            FoldFault::ClassAbsent { .. } => self,
            FoldFault::Fit(error) => FoldFault::Fit(error.map_row(map)),
            FoldFault::TrainScore(error) => FoldFault::TrainScore(error.map_row(map)),
            FoldFault::TestScore(error) => FoldFault::TestScore(error.map_row(map)),
        }
    }
}

/// What helps beyond what the fault itself says, which knows nothing of folds.
fn remedy(fault: &FoldFault, splitter: &Splitter) -> String {
    match fault {
        FoldFault::ClassAbsent { n_rows: 1, .. } => {
            "; it is the class of a single row: leave that row out, or add rows of that class".to_owned()
        }
        FoldFault::ClassAbsent { .. } => format!("; use {}", for_class_to_learn(splitter)),
        FoldFault::TestScore(ScoreError::ClassAbsent { .. }) => {
            format!(", or use {}", for_class_to_score(splitter))
        }
        FoldFault::Fit(FitError::AllMissing { .. }) => format!(", or use {}", for_more_to_learn(splitter)),
        FoldFault::TestScore(ScoreError::Predict(PredictError::UnknownCategory { .. })) => {
            format!(
                "; let the oneHotEncoder handleUnknown: ignore, or use {}",
                for_more_to_learn(splitter)
            )
        }
        _ => String::new(),
    }
}

/// What makes it likelier that the rows to learn from hold what only few rows have: more of them, or better mixed ones.
fn for_more_to_learn(splitter: &Splitter) -> &'static str {
    match splitter {
        Splitter::KFold(KFold { shuffle: None, .. }) => "shuffle: true, or more folds",
        Splitter::KFold(_) | Splitter::StratifiedKFold(_) | Splitter::GroupKFold(_) => "more folds",
        Splitter::ShuffleSplit(_) | Splitter::StratifiedShuffleSplit(_) => "a smaller testSize",
        // The first split learns from the rows before the first that is kept apart.
        Splitter::TimeSeriesSplit(_) => "fewer folds",
    }
}

/// What brings a class of several rows to the rows to learn from.
fn for_class_to_learn(splitter: &Splitter) -> &'static str {
    match splitter {
        Splitter::KFold(_) => "stratifiedKFold",
        Splitter::ShuffleSplit(_) => "stratifiedShuffleSplit, or a smaller testSize",
        Splitter::StratifiedShuffleSplit(_) => "a smaller testSize, or leave out the rows of that class",
        Splitter::StratifiedKFold(_) | Splitter::GroupKFold(_) => {
            "more folds, or leave out the rows of that class"
        }
        Splitter::TimeSeriesSplit(_) => "fewer folds, or leave out the rows of that class",
    }
}

/// What brings a class to the rows kept apart.
fn for_class_to_score(splitter: &Splitter) -> &'static str {
    match splitter {
        Splitter::KFold(_) => "stratifiedKFold, or fewer folds",
        Splitter::ShuffleSplit(_) => "stratifiedShuffleSplit, or a larger testSize",
        Splitter::StratifiedShuffleSplit(_) => "a larger testSize, or leave out the rows of that class",
        Splitter::StratifiedKFold(_) | Splitter::GroupKFold(_) | Splitter::TimeSeriesSplit(_) => {
            "fewer folds, or leave out the rows of that class"
        }
    }
}
