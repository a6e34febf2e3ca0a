//! Finds the best cut of a node: draws columns, sorts the rows by each, and tries every place between two numbers.

use super::{
    columns::Columns,
    criterion::{Criterion, Row},
    sort::{Entry, sort_by_rank},
};
use crate::{Control, FitError, random::Random};

/// Rows up to `left` in the ranks of a column go to the left child, those from `right` on to the right one.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) column: usize,
    pub(super) left: u32,
    pub(super) right: u32,
    gain: f64,
}

/// How many columns a search looks at, and how few rows it may leave on a side.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) max_features: usize,
    pub(super) min_samples_leaf: usize,
}

/// The searches of one tree, which share their room and their random numbers.
pub(super) struct Search<'a, 'x> {
    columns: &'a Columns<'x>,
    random: Random,
    /// A permutation of the columns.
    order: Vec<usize>,
    entries: Vec<Entry>,
    spare: Vec<Entry>,
}

impl<'a, 'x> Search<'a, 'x> {
    pub(super) fn new(columns: &'a Columns<'x>, random: Random) -> Search<'a, 'x> {
        Search {
            columns,
            random,
            order: (0..columns.n_columns()).collect(),
            entries: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The best cut of the rows, which `criterion` has summed up last; the first of several equally good ones.
    ///
    /// `None`: every column is constant, or every cut leaves too few rows on a side. Errors: `Cancelled`.
    pub(super) fn best_cut<C: Criterion>(
        &mut self,
        criterion: &mut C,
        rows: &[Row],
        scope: Scope,
        control: &Control<'_>,
    ) -> Result<Option<Cut>, FitError> {
        let mut best: Option<Cut> = None;
        let mut has_varying = false;
        for drawn in 0..self.order.len() {
            // As in scikit-learn, constant columns count, but at least one that varies is looked at.
            if drawn >= scope.max_features && has_varying {
                break;
            }
            if control.is_cancelled() {
                return Err(FitError::Cancelled);
            }
            let swapped = drawn + self.random.below(self.order.len() - drawn);
            self.order.swap(drawn, swapped);
            let column = self.order[drawn];
            let Some((lowest, highest)) = self.enter(column, rows) else {
                continue;
            };
            has_varying = true;
            sort_by_rank(&mut self.entries, &mut self.spare, lowest, highest);
            let to_beat = best.map_or(f64::NEG_INFINITY, |best| best.gain);
            if let Some(cut) = scan(criterion, &self.entries, column, scope.min_samples_leaf, to_beat) {
                best = Some(cut);
            }
        }
        Ok(best)
    }

    /// Puts the rows with their ranks into `entries`; answers the range of the ranks unless there is only one.
    fn enter(&mut self, column: usize, rows: &[Row]) -> Option<(u32, u32)> {
        let ranks = self.columns.ranks(column);
        let (mut lowest, mut highest) = (u32::MAX, 0);
        self.entries.clear();
        self.entries.extend(rows.iter().map(|row| {
            let rank = ranks[row.number as usize];
            lowest = lowest.min(rank);
            highest = highest.max(rank);
            Entry::new(rank, row.load)
        }));
        (lowest < highest).then_some((lowest, highest))
    }
}

/// The best cut of sorted rows, if it is better than `to_beat`.
fn scan<C: Criterion>(
    criterion: &mut C,
    entries: &[Entry],
    column: usize,
    min_samples_leaf: usize,
    to_beat: f64,
) -> Option<Cut> {
    criterion.restart();
    let last = entries.len().checked_sub(min_samples_leaf)?;
    let mut best = (to_beat, None);
    for (n_left, pair) in (1..=last).zip(entries.windows(2)) {
        criterion.move_left(pair[0].load());
        if pair[0].rank() == pair[1].rank() || n_left < min_samples_leaf {
            continue;
        }
        let gain = criterion.gain();
        if gain > best.0 {
            best = (gain, Some((pair[0].rank(), pair[1].rank())));
        }
    }
    let (gain, ranks) = best;
    ranks.map(|(left, right)| Cut {
        column,
        left,
        right,
        gain,
    })
}
