//! Windows of rows that are in the order of time.

use super::{Split, SplitError, TimeSeriesSplit};

/// What it takes to make any of the splits.
#[derive(Debug)]
pub(super) struct Windows {
    pub(super) n_splits: usize,
    test_size: usize,
    /// The first row that is scored on.
    first_test: usize,
    max_train_size: usize,
    gap: usize,
}

impl Windows {
    pub(super) fn split(&self, at: usize) -> Split {
        let test = self.first_test + at * self.test_size;
        let train_end = test - self.gap;
        Split {
            train: (train_end.saturating_sub(self.max_train_size)..train_end).collect(),
            test: (test..test + self.test_size).collect(),
        }
    }
}

/// The last rows are scored on, `test_size` in each split; each split learns from what is before its own.
pub(super) fn windows(split: TimeSeriesSplit, n_rows: usize) -> Result<Windows, SplitError> {
    let TimeSeriesSplit { n_splits, gap, .. } = split;
    let test_size = split.test_size.unwrap_or(n_rows / (n_splits + 1));
    if n_rows <= n_splits {
        return Err(SplitError::FewerRowsThanFolds {
            splitter: "timeSeriesSplit",
            n_rows,
            n_splits,
        });
    }
    let first_test = n_splits
        .checked_mul(test_size)
        .and_then(|tested| n_rows.checked_sub(tested));
    match first_test {
        Some(first_test) if first_test > gap => Ok(Windows {
            n_splits,
            test_size,
            first_test,
            max_train_size: split.max_train_size.unwrap_or(n_rows),
            gap,
        }),
        _ => Err(SplitError::TooShort {
            n_rows,
            n_splits,
            test_size,
            gap,
        }),
    }
}
