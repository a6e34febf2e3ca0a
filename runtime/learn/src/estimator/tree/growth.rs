//! How far a tree grows: the hyperparameters that all trees share.

use super::super::check_range;
use crate::FitError;

/// How far a tree grows, and which columns it looks at. Source: scikit-learn's `DecisionTreeClassifier`.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeGrowth {
    /// Most splits on the way from the root to a leaf, at least 1. Default `None`: no bound.
    pub max_depth: Option<usize>,
    /// A node with fewer rows is not split, at least 2. Rows that a bootstrap drew several times count once. Default 2.
    pub min_samples_split: usize,
    /// No leaf has fewer rows, at least 1. Rows that a bootstrap drew several times count once. Default 1.
    pub min_samples_leaf: usize,
    /// A split must lower the impurity by this much, at least 0: the impurity of the node less those of its children by
    /// their share of its weight, times the node's share of all weight. Default 0.
    pub min_impurity_decrease: f64,
    /// Most leaves, at least 2. The splits that lower the impurity most come first then. Default `None`: no bound.
    pub max_leaf_nodes: Option<usize>,
    /// How many columns are drawn for each split.
    pub max_features: MaxFeatures,
}

/// How many columns are drawn for each split; the best cut of any of them is made.
///
/// Columns that are constant among the rows of a node count, but at least one that is not is looked at if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MaxFeatures {
    /// All of them.
    #[default]
    All,
    /// The square root of their number, rounded down.
    Sqrt,
    /// The binary logarithm of their number, rounded down, at least 1.
    Log2,
    /// So many, at least 1; all of them if there are fewer.
    Count(usize),
    /// This share of them, greater than 0, at most 1; rounded down, at least 1.
    Fraction(f64),
}

/// How many rows a bootstrap draws for each tree, with replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MaxSamples {
    /// As many as there are.
    #[default]
    All,
    /// So many, at least 1 and at most as many as there are.
    Count(usize),
    /// This share of them, greater than 0, at most 1; rounded, at least 1.
    Fraction(f64),
}

/// The hyperparameters of growth with the numbers that a table gives them.
pub(super) struct Limits {
    pub(super) max_depth: usize,
    pub(super) min_samples_split: usize,
    pub(super) min_samples_leaf: usize,
    pub(super) min_impurity_decrease: f64,
    /// `Some`: the best split anywhere comes first.
    pub(super) max_leaf_nodes: Option<usize>,
    pub(super) max_features: usize,
}

impl Default for TreeGrowth {
    fn default() -> TreeGrowth {
        TreeGrowth {
            max_depth: None,
            min_samples_split: 2,
            min_samples_leaf: 1,
            min_impurity_decrease: 0.0,
            max_leaf_nodes: None,
            max_features: MaxFeatures::All,
        }
    }
}

impl TreeGrowth {
    /// Whether every hyperparameter is in its range.
    pub(in super::super) fn check(&self, owner: &str) -> Result<(), FitError> {
        let at_least = |name, value: usize, least: usize, rule| {
            check_range(owner, name, value as f64, value >= least, rule)
        };
        at_least("maxDepth", self.max_depth.unwrap_or(1), 1, "at least 1")?;
        at_least("minSamplesSplit", self.min_samples_split, 2, "at least 2")?;
        at_least("minSamplesLeaf", self.min_samples_leaf, 1, "at least 1")?;
        at_least("maxLeafNodes", self.max_leaf_nodes.unwrap_or(2), 2, "at least 2")?;
        let decrease = self.min_impurity_decrease;
        let obeys = decrease.is_finite() && decrease >= 0.0;
        let rule = "a finite number of at least 0";
        check_range(owner, "minImpurityDecrease", decrease, obeys, rule)?;
        match self.max_features {
            MaxFeatures::Count(count) => at_least("maxFeatures", count, 1, "at least 1"),
            MaxFeatures::Fraction(share) => check_share(owner, "maxFeatures", share),
            MaxFeatures::All | MaxFeatures::Sqrt | MaxFeatures::Log2 => Ok(()),
        }
    }

    pub(super) fn limits(&self, n_features: usize) -> Limits {
        let drawn = match self.max_features {
            MaxFeatures::All => n_features,
            MaxFeatures::Sqrt => n_features.isqrt(),
            MaxFeatures::Log2 => n_features.checked_ilog2().unwrap_or(0) as usize,
            MaxFeatures::Count(count) => count,
            MaxFeatures::Fraction(share) => (share * n_features as f64) as usize,
        };
        Limits {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_samples_split: self.min_samples_split,
            min_samples_leaf: self.min_samples_leaf,
            min_impurity_decrease: self.min_impurity_decrease,
            max_leaf_nodes: self.max_leaf_nodes,
            max_features: drawn.clamp(1, n_features.max(1)),
        }
    }
}

impl MaxSamples {
    /// Whether it is in its range, as far as that can be told without rows.
    pub(in super::super) fn check(&self, owner: &str) -> Result<(), FitError> {
        match *self {
            MaxSamples::All => Ok(()),
            MaxSamples::Count(count) => {
                check_range(owner, "maxSamples", count as f64, count >= 1, "at least 1")
            }
            MaxSamples::Fraction(share) => check_share(owner, "maxSamples", share),
        }
    }

    /// How many rows are drawn of a table with `n_rows`.
    ///
    /// Errors: more than there are.
    pub(super) fn n_draws(&self, owner: &str, n_rows: usize) -> Result<usize, FitError> {
        match *self {
            MaxSamples::All => Ok(n_rows),
            MaxSamples::Count(count) => {
                let rule = format!("at most {n_rows}, the number of rows to learn from");
                check_range(owner, "maxSamples", count as f64, count <= n_rows, rule)?;
                Ok(count)
            }
            MaxSamples::Fraction(share) => Ok(((share * n_rows as f64).round_ties_even() as usize).max(1)),
        }
    }
}

fn check_share(owner: &str, name: &'static str, share: f64) -> Result<(), FitError> {
    let obeys = share > 0.0 && share <= 1.0;
    check_range(owner, name, share, obeys, "greater than 0 and at most 1")
}
