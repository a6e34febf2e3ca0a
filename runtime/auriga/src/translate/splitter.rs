//! From the ways to split rows of manifests to those of the learning library.

use auriga_crds::{self as crds, CheckedSplitter};
use auriga_learn::{
    GroupKFold, KFold, ShuffleSplit, Splitter, StratifiedKFold, StratifiedShuffleSplit, TimeSeriesSplit,
};

/// How rows are split.
pub(crate) fn splitter(splitter: &CheckedSplitter) -> Splitter {
    match splitter {
        CheckedSplitter::KFold(crds::KFold {
            n_splits,
            shuffle,
            random_state,
        }) => Splitter::KFold(KFold {
            n_splits: count(*n_splits),
            shuffle: seed_of(*shuffle, *random_state),
        }),
        CheckedSplitter::StratifiedKFold(crds::StratifiedKFold {
            n_splits,
            shuffle,
            random_state,
        }) => Splitter::StratifiedKFold(StratifiedKFold {
            n_splits: count(*n_splits),
            shuffle: seed_of(*shuffle, *random_state),
        }),
        CheckedSplitter::ShuffleSplit(split) => Splitter::ShuffleSplit(ShuffleSplit {
            n_splits: count(split.n_splits),
            test_size: split.test_size,
            seed: split.random_state.unsigned_abs(),
        }),
        CheckedSplitter::StratifiedShuffleSplit(split) => {
            Splitter::StratifiedShuffleSplit(StratifiedShuffleSplit {
                n_splits: count(split.n_splits),
                test_size: split.test_size,
                seed: split.random_state.unsigned_abs(),
            })
        }
        CheckedSplitter::GroupKFold(k_fold) => Splitter::GroupKFold(GroupKFold {
            n_splits: count(k_fold.n_splits),
        }),
        CheckedSplitter::TimeSeriesSplit(split) => Splitter::TimeSeriesSplit(TimeSeriesSplit {
            n_splits: count(split.n_splits),
            max_train_size: split.max_train_size.map(count),
            test_size: split.test_size.map(count),
            gap: count(split.gap),
        }),
    }
}

/// The seed of a shuffle, if there is one.
fn seed_of(shuffle: bool, random_state: Option<i64>) -> Option<u64> {
    shuffle.then(|| random_state.unwrap_or(0).unsigned_abs())
}

/// A number that the schema keeps at 0 or above.
fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
