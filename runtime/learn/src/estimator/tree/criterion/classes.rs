//! Gini impurity and entropy, from whole counts of each class: no order of additions changes them.

use super::{ClassCriterion, Criterion, Leaf, Measure, Row};

/// Bits of a load that hold the class; the others hold how often the row counts.
pub(in super::super) const CLASS_BITS: u32 = 10;
const CLASS_MASK: u32 = (1 << CLASS_BITS) - 1;

/// The class, and how often the row counts.
fn unload(load: u32) -> (usize, f64) {
    ((load & CLASS_MASK) as usize, f64::from(load >> CLASS_BITS))
}

/// How often each class occurs: in the node, and to the left of the cut. Whole numbers, which 64 bits hold exactly.
struct Counts<'y> {
    codes: &'y [usize],
    node: Vec<f64>,
    left: Vec<f64>,
}

impl<'y> Counts<'y> {
    fn new(codes: &'y [usize], n_classes: usize) -> Counts<'y> {
        Counts {
            codes,
            node: vec![0.0; n_classes],
            left: vec![0.0; n_classes],
        }
    }

    fn load(&self, row: u32, count: u32) -> u32 {
        // A bootstrap that draws one row four million times is not going to happen.
        let count = count.min(u32::MAX >> CLASS_BITS);
        self.codes[row as usize] as u32 | count << CLASS_BITS
    }

    fn sum_up(&mut self, rows: &[Row]) {
        self.node.fill(0.0);
        for row in rows {
            let (class, count) = unload(row.load);
            self.node[class] += count;
        }
    }

    fn is_pure(&self) -> bool {
        self.node.iter().filter(|&&count| count > 0.0).count() < 2
    }

    fn leaf(&self, weights: impl Fn(usize) -> f64) -> Leaf {
        let weighted = self.node.iter().enumerate();
        let mut shares: Vec<f64> = weighted.map(|(class, count)| count * weights(class)).collect();
        let weight: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= weight);
        match shares.iter().position(|&share| share == 1.0) {
            Some(class) => Leaf::Class(class as u32),
            None => Leaf::Shares(shares),
        }
    }
}

/// Gini impurity where all classes count alike: the sums of squares are kept up to date row by row.
pub(in super::super) struct EqualGini<'y> {
    counts: Counts<'y>,
    weight: f64,
    squares: f64,
    left_weight: f64,
    left_squares: f64,
    right_squares: f64,
}

impl<'y> EqualGini<'y> {
    pub(in super::super) fn new(codes: &'y [usize], n_classes: usize) -> EqualGini<'y> {
        EqualGini {
            counts: Counts::new(codes, n_classes),
            weight: 0.0,
            squares: 0.0,
            left_weight: 0.0,
            left_squares: 0.0,
            right_squares: 0.0,
        }
    }
}

impl Criterion for EqualGini<'_> {
    fn load(&self, row: u32, count: u32) -> u32 {
        self.counts.load(row, count)
    }

    fn unit(&self) -> f64 {
        1.0
    }

    fn measure(&mut self, rows: &[Row]) -> Measure {
        self.counts.sum_up(rows);
        self.weight = self.counts.node.iter().sum();
        self.squares = self.counts.node.iter().map(|count| count * count).sum();
        Measure {
            weight: self.weight,
            impurity: 1.0 - self.squares / (self.weight * self.weight),
            is_pure: self.counts.is_pure(),
        }
    }

    fn restart(&mut self) {
        self.counts.left.fill(0.0);
        self.left_weight = 0.0;
        self.left_squares = 0.0;
        self.right_squares = self.squares;
    }

    fn move_left(&mut self, load: u32) {
        let (class, count) = unload(load);
        let left = self.counts.left[class];
        let right = self.counts.node[class] - left;
        self.counts.left[class] = left + count;
        self.left_weight += count;
        self.left_squares += count * (2.0 * left + count);
        self.right_squares += count * (count - 2.0 * right);
    }

    fn gain(&self) -> f64 {
        self.left_squares / self.left_weight + self.right_squares / (self.weight - self.left_weight)
    }

    fn leaf(&mut self, rows: &[Row]) -> Leaf {
        self.counts.sum_up(rows);
        self.counts.leaf(|_| 1.0)
    }
}

/// n log₂ n for every count that can occur.
pub(in super::super) struct Logarithms(Vec<f64>);

impl Logarithms {
    /// For counts up to `highest`.
    pub(in super::super) fn up_to(highest: usize) -> Logarithms {
        Logarithms((0..=highest).map(|count| times_log2(count as f64)).collect())
    }
}

fn times_log2(x: f64) -> f64 {
    if x > 0.0 { x * x.log2() } else { 0.0 }
}

/// Either criterion with any weights of classes; each cut is judged from the counts of all classes.
pub(in super::super) struct WeightedClasses<'y> {
    criterion: ClassCriterion,
    counts: Counts<'y>,
    /// The weight of each class with its binary logarithm.
    weights: Vec<(f64, f64)>,
    logarithms: &'y Logarithms,
}

impl<'y> WeightedClasses<'y> {
    /// `logarithms` reaches up to the number of rows that all classes together can count for; it may be empty for Gini.
    pub(in super::super) fn new(
        criterion: ClassCriterion,
        codes: &'y [usize],
        weights: &[f64],
        logarithms: &'y Logarithms,
    ) -> WeightedClasses<'y> {
        WeightedClasses {
            criterion,
            counts: Counts::new(codes, weights.len()),
            weights: weights.iter().map(|&weight| (weight, weight.log2())).collect(),
            logarithms,
        }
    }

    /// Of rows with these counts: the weight, and the weight times (1 − impurity), or −impurity, of which a cut
    /// maximizes the sum over its sides.
    fn purity(&self, counts: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut weight, mut sum) = (0.0, 0.0);
        for (count, &(class_weight, logarithm)) in counts.zip(&self.weights) {
            weight += class_weight * count;
            sum += match self.criterion {
                ClassCriterion::Gini => (class_weight * count) * (class_weight * count),
                // w n log₂(w n) = w (n log₂ n + n log₂ w)
                ClassCriterion::Entropy => {
                    class_weight * (self.logarithms.0[count as usize] + count * logarithm)
                }
            };
        }
        match self.criterion {
            ClassCriterion::Gini => (weight, sum / weight),
            ClassCriterion::Entropy => (weight, sum - times_log2(weight)),
        }
    }
}

impl Criterion for WeightedClasses<'_> {
    fn load(&self, row: u32, count: u32) -> u32 {
        self.counts.load(row, count)
    }

    fn unit(&self) -> f64 {
        1.0
    }

    fn measure(&mut self, rows: &[Row]) -> Measure {
        self.counts.sum_up(rows);
        let is_pure = self.counts.is_pure();
        let (weight, purity) = self.purity(self.counts.node.iter().copied());
        let impurity = match self.criterion {
            ClassCriterion::Gini => 1.0 - purity / weight,
            ClassCriterion::Entropy => -purity / weight,
        };
        Measure {
            weight,
            // Rounding must not make anything of nothing.
            impurity: if is_pure { 0.0 } else { impurity.max(0.0) },
            is_pure,
        }
    }

    fn restart(&mut self) {
        self.counts.left.fill(0.0);
    }

    fn move_left(&mut self, load: u32) {
        let (class, count) = unload(load);
        self.counts.left[class] += count;
    }

    fn gain(&self) -> f64 {
        let Counts { node, left, .. } = &self.counts;
        let (_, left_purity) = self.purity(left.iter().copied());
        let (_, right_purity) = self.purity(node.iter().zip(left).map(|(node, left)| node - left));
        left_purity + right_purity
    }

    fn leaf(&mut self, rows: &[Row]) -> Leaf {
        self.counts.sum_up(rows);
        let weights = &self.weights;
        self.counts.leaf(|class| weights[class].0)
    }
}
