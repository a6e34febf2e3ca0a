//! Ways to split rows into some to learn from and some to score on, as scikit-learn's of the same names.

mod error;
mod folds;
mod groups;
mod shuffled;
mod stratified;
mod time;

use crate::{Column, wording::shown};

pub use error::SplitError;
use folds::Folds;
use shuffled::Shuffled;
use time::Windows;

/// Folds of neighboring rows, each once kept apart.
///
/// The rows of fold i are those from i·n/k on, the first n mod k folds having one more. With `shuffle` they are put
/// into a random order first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KFold {
    /// Number of folds, at least 2; at most the number of rows. Default 5.
    pub n_splits: usize,
    /// The seed by which rows are put into a random order; `None` leaves their order. Default `None`.
    ///
    /// The order comes from ChaCha8, so that the same seed makes the same folds on any machine and in any later
    /// version. They are not the folds that NumPy's generator makes of that seed.
    pub shuffle: Option<u64>,
}

/// As [`KFold`], each fold having, as nearly as can be, the same share of every class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratifiedKFold {
    /// Number of folds, at least 2; at most the number of rows of the largest class. Default 5.
    pub n_splits: usize,
    /// As [`KFold::shuffle`]: puts the rows of each class into a random order. Default `None`.
    pub shuffle: Option<u64>,
}

/// Random splits, each made anew from all rows: test sets may overlap each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShuffleSplit {
    /// Number of splits, at least 1. Default 10.
    pub n_splits: usize,
    /// The share of rows kept apart, between 0 and 1, rounded up to whole rows. Default 0.1.
    pub test_size: f64,
    /// As in [`KFold::shuffle`]. Default 0.
    pub seed: u64,
}

/// As [`ShuffleSplit`], train and test rows having, as nearly as can be, the same share of every class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StratifiedShuffleSplit {
    /// Number of splits, at least 1. Default 10.
    pub n_splits: usize,
    /// The share of rows kept apart, between 0 and 1, rounded up to whole rows. Default 0.1.
    pub test_size: f64,
    /// As in [`KFold::shuffle`]. Default 0.
    pub seed: u64,
}

/// Folds of about the same number of rows, the rows of one group all in one fold: no group is both learned from and
/// scored on.
///
/// The largest group that is left goes to the fold with the fewest rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupKFold {
    /// Number of folds, at least 2; at most the number of groups. Default 5.
    pub n_splits: usize,
}

/// Rows in the order of time: each split learns from what came before the rows it scores on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSeriesSplit {
    /// Number of splits, at least 2. Default 5.
    pub n_splits: usize,
    /// The most rows to learn from, the latest ones; `None`: all. Default `None`.
    pub max_train_size: Option<usize>,
    /// Rows to score on in each split, at least 1; `None`: n_rows / (n_splits + 1), rounded down. Default `None`.
    pub test_size: Option<usize>,
    /// Rows left out between those to learn from and those to score on. Default 0.
    pub gap: usize,
}

/// A way to split rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Splitter {
    /// See [`KFold`].
    KFold(KFold),
    /// See [`StratifiedKFold`].
    StratifiedKFold(StratifiedKFold),
    /// See [`ShuffleSplit`].
    ShuffleSplit(ShuffleSplit),
    /// See [`StratifiedShuffleSplit`].
    StratifiedShuffleSplit(StratifiedShuffleSplit),
    /// See [`GroupKFold`].
    GroupKFold(GroupKFold),
    /// See [`TimeSeriesSplit`].
    TimeSeriesSplit(TimeSeriesSplit),
}

/// Rows by their position, counted from 0 and rising: those to learn from and those to score on. None is in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// To learn from; at least one.
    pub train: Vec<usize>,
    /// To score on; at least one.
    pub test: Vec<usize>,
}

/// The splits of one table, made one at a time: all of them together would take n_splits times the rows.
#[derive(Debug)]
pub struct Splits {
    rows: Rows,
    rare_class: Option<RareClass>,
}

/// A class with fewer rows than there are folds, so that some fold has none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RareClass {
    /// The class as quoted in messages.
    pub class: String,
    /// How many rows it has.
    pub n_rows: usize,
}

#[derive(Debug)]
enum Rows {
    Folds(Folds),
    Shuffled(Shuffled),
    Windows(Windows),
}

impl Splitter {
    /// The name in a manifest, such as `stratifiedKFold`.
    pub fn kind(&self) -> &'static str {
        match self {
            Splitter::KFold(_) => "kFold",
            Splitter::StratifiedKFold(_) => "stratifiedKFold",
            Splitter::ShuffleSplit(_) => "shuffleSplit",
            Splitter::StratifiedShuffleSplit(_) => "stratifiedShuffleSplit",
            Splitter::GroupKFold(_) => "groupKFold",
            Splitter::TimeSeriesSplit(_) => "timeSeriesSplit",
        }
    }

    /// How many splits it makes.
    pub fn n_splits(&self) -> usize {
        match self {
            Splitter::KFold(KFold { n_splits, .. })
            | Splitter::StratifiedKFold(StratifiedKFold { n_splits, .. })
            | Splitter::ShuffleSplit(ShuffleSplit { n_splits, .. })
            | Splitter::StratifiedShuffleSplit(StratifiedShuffleSplit { n_splits, .. })
            | Splitter::GroupKFold(GroupKFold { n_splits })
            | Splitter::TimeSeriesSplit(TimeSeriesSplit { n_splits, .. }) => *n_splits,
        }
    }

    /// Splits the rows of `target` (n_rows); `groups` (a name and n_rows cells) says which of them belong together.
    ///
    /// Only the stratified ways look into the target, and only `groupKFold` at the groups, which it needs. Errors: a
    /// setting out of its range; fewer rows, groups or rows of every class than there are splits; a missing cell in a
    /// column that is looked at.
    pub fn split(&self, target: &Column, groups: Option<(&str, &Column)>) -> Result<Splits, SplitError> {
        self.check()?;
        let n_rows = target.len();
        let mut rare_class = None;
        let rows = match self {
            Splitter::KFold(k_fold) => Rows::Folds(folds::of_rows(*k_fold, n_rows)?),
            Splitter::StratifiedKFold(k_fold) => {
                let (folds, rare) = stratified::folds(*k_fold, target)?;
                rare_class = rare;
                Rows::Folds(folds)
            }
            Splitter::GroupKFold(k_fold) => Rows::Folds(groups::folds(*k_fold, n_rows, groups)?),
            Splitter::ShuffleSplit(split) => Rows::Shuffled(shuffled::of_rows(*split, n_rows)?),
            Splitter::StratifiedShuffleSplit(split) => Rows::Shuffled(stratified::shuffled(*split, target)?),
            Splitter::TimeSeriesSplit(split) => Rows::Windows(time::windows(*split, n_rows)?),
        };
        Ok(Splits { rows, rare_class })
    }

    fn check(&self) -> Result<(), SplitError> {
        let outside = |name, value: String, rule| {
            Err(SplitError::Setting {
                splitter: self.kind(),
                name,
                value,
                rule,
            })
        };
        let (least, rule) = match self {
            Splitter::ShuffleSplit(_) | Splitter::StratifiedShuffleSplit(_) => (1, "at least 1"),
            _ => (2, "at least 2"),
        };
        if self.n_splits() < least {
            return outside("nSplits", self.n_splits().to_string(), rule);
        }
        match self {
            Splitter::ShuffleSplit(ShuffleSplit { test_size, .. })
            | Splitter::StratifiedShuffleSplit(StratifiedShuffleSplit { test_size, .. })
                if !(*test_size > 0.0 && *test_size < 1.0) =>
            {
                outside("testSize", shown(*test_size), "between 0 and 1")
            }
            Splitter::TimeSeriesSplit(split) if split.test_size == Some(0) => {
                outside("testSize", "0".to_owned(), "at least 1")
            }
            Splitter::TimeSeriesSplit(split) if split.max_train_size == Some(0) => {
                outside("maxTrainSize", "0".to_owned(), "at least 1")
            }
            _ => Ok(()),
        }
    }
}

impl Splits {
    /// The splits in order.
    pub fn iter(&self) -> impl Iterator<Item = Split> {
        let n_splits = match &self.rows {
            Rows::Folds(folds) => folds.n_splits,
            Rows::Shuffled(shuffled) => shuffled.n_splits,
            Rows::Windows(windows) => windows.n_splits,
        };
        (0..n_splits).map(|at| match &self.rows {
            Rows::Folds(folds) => folds.split(at),
            Rows::Shuffled(shuffled) => shuffled.split(at),
            Rows::Windows(windows) => windows.split(at),
        })
    }

    /// The rarest class, where a stratified fold has none of it.
    pub fn rare_class(&self) -> Option<&RareClass> {
        self.rare_class.as_ref()
    }
}
