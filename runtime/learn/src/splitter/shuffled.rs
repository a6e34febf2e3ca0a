//! Random splits, each made anew from all rows.

use super::{ShuffleSplit, Split, SplitError};
use crate::random::Random;

/// What it takes to make any of the splits.
#[derive(Debug)]
pub(super) struct Shuffled {
    pub(super) n_splits: usize,
    seed: u64,
    /// Rows that are drawn from as one: all, or those of each class.
    strata: Vec<Vec<usize>>,
    n_test: usize,
}

impl Shuffled {
    /// Draws from each of `strata`, in proportion to its rows, `n_test` rows in all.
    pub(super) fn new(split: ShuffleSplit, strata: Vec<Vec<usize>>, n_test: usize) -> Shuffled {
        Shuffled {
            n_splits: split.n_splits,
            seed: split.seed,
            strata,
            n_test,
        }
    }

    pub(super) fn split(&self, at: usize) -> Split {
        let mut random = Random::new(self.seed, at);
        let sizes = self.test_sizes(&mut random);
        let mut split = Split {
            train: Vec::new(),
            test: Vec::new(),
        };
        for (rows, n_test) in self.strata.iter().zip(sizes) {
            let mut rows = rows.clone();
            random.shuffle(&mut rows);
            let (test, train) = rows.split_at(n_test);
            split.test.extend(test);
            split.train.extend(train);
        }
        // What a model learns shall not depend on the order in which rows were drawn.
        split.train.sort_unstable();
        split.test.sort_unstable();
        split
    }

    /// The share of each stratum in whole rows. What rounding down leaves goes to the largest remainders; among equal
    /// ones the draw decides, so that no class is favored in every split.
    fn test_sizes(&self, random: &mut Random) -> Vec<usize> {
        let n_rows: usize = self.strata.iter().map(Vec::len).sum();
        let product = |stratum: &Vec<usize>| stratum.len() as u128 * self.n_test as u128;
        let mut sizes: Vec<usize> = (self.strata.iter())
            .map(|stratum| (product(stratum) / n_rows as u128) as usize)
            .collect();
        let left = self.n_test - sizes.iter().sum::<usize>();
        let mut order: Vec<usize> = (0..self.strata.len()).collect();
        random.shuffle(&mut order);
        order.sort_by_key(|&stratum| std::cmp::Reverse(product(&self.strata[stratum]) % n_rows as u128));
        order
            .into_iter()
            .take(left)
            .for_each(|stratum| sizes[stratum] += 1);
        sizes
    }
}

/// Random splits of all rows.
pub(super) fn of_rows(split: ShuffleSplit, n_rows: usize) -> Result<Shuffled, SplitError> {
    let n_test = n_test("shuffleSplit", split.test_size, n_rows, 1)?;
    Ok(Shuffled::new(split, vec![(0..n_rows).collect()], n_test))
}

/// How many rows are kept apart.
///
/// Errors: fewer than `needed` rows on either side.
pub(super) fn n_test(
    splitter: &'static str,
    test_size: f64,
    n_rows: usize,
    needed: usize,
) -> Result<usize, SplitError> {
    let n_test = (test_size * n_rows as f64).ceil() as usize;
    let n_train = n_rows.saturating_sub(n_test);
    if n_train < needed || n_test < needed {
        return Err(SplitError::SideTooSmall {
            splitter,
            n_rows,
            test_size,
            n_train,
            n_test,
            needed,
        });
    }
    Ok(n_test)
}
