//! The columns of a matrix as ranks: to grow a tree, it matters only which of two numbers is smaller.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use crate::{Control, FitError};

/// A matrix, and for each of its columns the rank of every row: 0 for the smallest number, equal numbers alike.
pub(super) struct Columns<'x> {
    x: ArrayView2<'x, f64>,
    /// Column after column.
    ranks: Vec<u32>,
}

impl<'x> Columns<'x> {
    /// Ranks the numbers of each column; 0 and −0 are equal.
    ///
    /// Errors: `Cancelled`.
    pub(super) fn of(x: ArrayView2<'x, f64>, control: &Control<'_>) -> Result<Columns<'x>, FitError> {
        let mut ranks = vec![0; x.len()];
        ranks
            .par_chunks_mut(x.nrows().max(1))
            .enumerate()
            .try_for_each(|(column, ranks)| {
                if control.is_cancelled() {
                    return Err(FitError::Cancelled);
                }
                rank(x.index_axis(Axis(1), column).iter().copied(), ranks);
                Ok(())
            })?;
        Ok(Columns { x, ranks })
    }

    pub(super) fn n_rows(&self) -> usize {
        self.x.nrows()
    }

    pub(super) fn n_columns(&self) -> usize {
        self.x.ncols()
    }

    /// The rank of each row in a column.
    pub(super) fn ranks(&self, column: usize) -> &[u32] {
        &self.ranks[column * self.n_rows()..][..self.n_rows()]
    }

    /// The number halfway between those of two rows, the first of which is smaller; never that of the second.
    pub(super) fn halfway(&self, column: usize, smaller: u32, greater: u32) -> f64 {
        let number = |row: u32| self.x[[row as usize, column]];
        let (smaller, greater) = (number(smaller), number(greater));
        let halfway = smaller.midpoint(greater);
        // Between neighbors there is no number.
        if halfway < greater { halfway } else { smaller }
    }
}

fn rank(numbers: impl Iterator<Item = f64>, ranks: &mut [u32]) {
    // Adding 0 turns −0 into 0.
    let mut sorted: Vec<(f64, u32)> = numbers.map(|number| number + 0.0).zip(0..).collect();
    sorted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut rank = 0;
    let mut last = sorted.first().map_or(0.0, |first| first.0);
    for (number, row) in sorted {
        rank += u32::from(number != last);
        last = number;
        ranks[row as usize] = rank;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn equal_numbers_have_equal_ranks_and_the_order_is_that_of_the_numbers() {
        let x = array![[3.0, 0.0], [-1e300, -0.0], [3.0, 5e-324], [1e300, -5e-324]];
        let columns = Columns::of(x.view(), &Control::none()).unwrap();
        assert_eq!(columns.ranks(0), [1, 0, 1, 2]);
        assert_eq!(columns.ranks(1), [1, 1, 2, 0]);
    }

    #[test]
    fn a_threshold_parts_its_two_numbers_however_near_or_far_they_are() {
        let check = |smaller: f64, greater: f64| {
            let x = array![[smaller], [greater]];
            let columns = Columns::of(x.view(), &Control::none()).unwrap();
            let threshold = columns.halfway(0, 0, 1);
            assert!(
                smaller <= threshold && threshold < greater,
                "{smaller} {threshold} {greater}"
            );
        };
        check(1.0, 2.0);
        check(1.0, 1.0f64.next_up());
        check(1.0f64.next_down(), 1.0);
        check(f64::MIN, f64::MAX);
        check(f64::MAX.next_down(), f64::MAX);
        check(0.0, 5e-324);
        check(-5e-324, 0.0);
        check(5e-324, 1e-323);
    }
}
