//! Squared error and Poisson deviance.

use super::{Criterion, Leaf, Measure, Row};

/// The targets of a regression, divided by a power of two so that squares of them neither overflow nor vanish.
pub(in super::super) struct Scaled {
    numbers: Vec<f64>,
    unit: f64,
}

impl Scaled {
    /// All numbers are finite.
    pub(in super::super) fn of(numbers: impl Iterator<Item = f64> + Clone) -> Scaled {
        const EXPONENT: u64 = 0x7ff << 52;
        let largest = numbers
            .clone()
            .fold(0.0, |largest: f64, number| largest.max(number.abs()));
        // The greatest power of two that is not larger: dividing by it changes no digit.
        let unit = match f64::from_bits(largest.to_bits() & EXPONENT) {
            0.0 => f64::MIN_POSITIVE,
            unit => unit,
        };
        Scaled {
            numbers: numbers.map(|number| number / unit).collect(),
            unit,
        }
    }
}

/// The rows of one tree: their targets, and how often each counts.
struct Counted<'y> {
    targets: &'y Scaled,
    counts: Vec<u32>,
}

impl Counted<'_> {
    /// The target, and how often the row counts.
    fn row(&self, number: u32) -> (f64, f64) {
        let row = number as usize;
        (self.targets.numbers[row], f64::from(self.counts[row]))
    }

    fn rows<'a>(&'a self, rows: &'a [Row]) -> impl Iterator<Item = (f64, f64)> + Clone {
        rows.iter().map(|row| self.row(row.number))
    }

    /// The sum of the weights, and the mean.
    fn mean(&self, rows: &[Row]) -> (f64, f64) {
        let (mut weight, mut sum) = (0.0, 0.0);
        for (target, count) in self.rows(rows) {
            weight += count;
            sum += count * target;
        }
        (weight, sum / weight)
    }

    fn is_pure(&self, rows: &[Row]) -> bool {
        let mut targets = self.rows(rows).map(|(target, _)| target);
        targets
            .next()
            .is_none_or(|first| targets.all(|target| target == first))
    }

    fn leaf(&self, rows: &[Row]) -> Leaf {
        let (_, mean) = self.mean(rows);
        let targets = self.rows(rows).map(|(target, _)| target);
        // Rounding must not lead out of the range of the targets: equal ones come back digit by digit.
        let least = targets.clone().fold(f64::INFINITY, f64::min);
        let most = targets.fold(f64::NEG_INFINITY, f64::max);
        Leaf::Number(mean.clamp(least, most) * self.targets.unit)
    }
}

/// The mean squared difference from the mean.
pub(in super::super) struct SquaredError<'y> {
    rows: Counted<'y>,
    /// Differences from the mean of the node are summed: their squares lose fewer digits.
    mean: f64,
    weight: f64,
    sum: f64,
    left_weight: f64,
    left_sum: f64,
}

impl<'y> SquaredError<'y> {
    pub(in super::super) fn new(targets: &'y Scaled, counts: Vec<u32>) -> SquaredError<'y> {
        SquaredError {
            rows: Counted { targets, counts },
            mean: 0.0,
            weight: 0.0,
            sum: 0.0,
            left_weight: 0.0,
            left_sum: 0.0,
        }
    }
}

impl Criterion for SquaredError<'_> {
    fn load(&self, row: u32, _: u32) -> u32 {
        row
    }

    fn unit(&self) -> f64 {
        self.rows.targets.unit * self.rows.targets.unit
    }

    fn measure(&mut self, rows: &[Row]) -> Measure {
        (self.weight, self.mean) = self.rows.mean(rows);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (target, count) in self.rows.rows(rows) {
            let difference = target - self.mean;
            sum += count * difference;
            squares += count * difference * difference;
        }
        self.sum = sum;
        Measure {
            weight: self.weight,
            impurity: squares / self.weight,
            is_pure: self.rows.is_pure(rows),
        }
    }

    fn restart(&mut self) {
        self.left_weight = 0.0;
        self.left_sum = 0.0;
    }

    fn move_left(&mut self, load: u32) {
        let (target, count) = self.rows.row(load);
        self.left_weight += count;
        self.left_sum += count * (target - self.mean);
    }

    fn gain(&self) -> f64 {
        let right_sum = self.sum - self.left_sum;
        self.left_sum * self.left_sum / self.left_weight
            + right_sum * right_sum / (self.weight - self.left_weight)
    }

    fn leaf(&mut self, rows: &[Row]) -> Leaf {
        self.rows.leaf(rows)
    }
}

/// Half the mean Poisson deviance from the mean.
pub(in super::super) struct PoissonDeviance<'y> {
    rows: Counted<'y>,
    weight: f64,
    sum: f64,
    left_weight: f64,
    left_sum: f64,
}

impl<'y> PoissonDeviance<'y> {
    /// No target is negative.
    pub(in super::super) fn new(targets: &'y Scaled, counts: Vec<u32>) -> PoissonDeviance<'y> {
        PoissonDeviance {
            rows: Counted { targets, counts },
            weight: 0.0,
            sum: 0.0,
            left_weight: 0.0,
            left_sum: 0.0,
        }
    }
}

impl Criterion for PoissonDeviance<'_> {
    fn load(&self, row: u32, _: u32) -> u32 {
        row
    }

    fn unit(&self) -> f64 {
        self.rows.targets.unit
    }

    fn measure(&mut self, rows: &[Row]) -> Measure {
        let (weight, mean) = self.rows.mean(rows);
        (self.weight, self.sum) = (weight, weight * mean);
        let of_row = |(target, count): (f64, f64)| match target > 0.0 {
            true => count * target * (target / mean).ln(),
            false => 0.0,
        };
        let deviance: f64 = self.rows.rows(rows).map(of_row).sum();
        Measure {
            weight,
            impurity: (deviance / weight).max(0.0),
            is_pure: self.rows.is_pure(rows),
        }
    }

    fn restart(&mut self) {
        self.left_weight = 0.0;
        self.left_sum = 0.0;
    }

    fn move_left(&mut self, load: u32) {
        let (target, count) = self.rows.row(load);
        self.left_weight += count;
        self.left_sum += count * target;
    }

    fn gain(&self) -> f64 {
        let right_sum = self.sum - self.left_sum;
        // A side with nothing but zeros may sum up to a little more by rounding.
        if self.left_sum.min(right_sum) <= 10.0 * f64::EPSILON * self.sum {
            return f64::NEG_INFINITY;
        }
        self.left_sum * (self.left_sum / self.left_weight).ln()
            + right_sum * (right_sum / (self.weight - self.left_weight)).ln()
    }

    fn leaf(&mut self, rows: &[Row]) -> Leaf {
        self.rows.leaf(rows)
    }
}
