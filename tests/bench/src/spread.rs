//! Several measurements of one thing: their median, and how far they lie apart.

use serde::{Deserialize, Serialize};

use crate::number::{figure, significant};

/// Median, smallest and largest of some measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Spread {
    /// Of measurements, at least one, all numbers; kept with four significant digits.
    pub(crate) fn of(measured: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (lower, upper) = ((sorted.len() - 1) / 2, sorted.len() / 2);
        let kept = |number| significant(number, 4);
        Spread {
            median: kept((sorted[lower] + sorted[upper]) / 2.0),
            min: kept(sorted[0]),
            max: kept(sorted[sorted.len() - 1]),
        }
    }

    /// The median, with the extremes where they lie further apart than a tenth of it.
    pub(crate) fn shown(&self) -> String {
        let median = figure(self.median);
        if self.max - self.min > self.median.abs() / 10.0 {
            format!("{median} ({} to {})", figure(self.min), figure(self.max))
        } else {
            median
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let check = |measured: &[f64], expected: [f64; 3]| {
            let [median, min, max] = expected;
            assert_eq!(Spread::of(measured.iter().copied()), Spread { median, min, max });
        };
        check(&[3.0], [3.0, 3.0, 3.0]);
        check(&[9.0, 1.0, 5.0], [5.0, 1.0, 9.0]);
        check(&[4.0, 1.0, 2.0, 3.0], [2.5, 1.0, 4.0]);
        check(&[61_284.7], [61_280.0, 61_280.0, 61_280.0]);
    }

    #[test]
    fn extremes_are_shown_where_they_lie_apart() {
        let check = |measured: [f64; 3], expected| assert_eq!(Spread::of(measured).shown(), expected);
        check([100.0, 104.0, 96.0], "100");
        check([100.0, 111.0, 98.0], "100 (98.0 to 111)");
    }
}
