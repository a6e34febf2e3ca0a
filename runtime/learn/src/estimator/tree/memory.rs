//! Estimates the memory of a fit before it begins, and refuses what would be too much.

use super::growth::Limits;
use crate::{
    FitError,
    size::{Demand, check_bytes},
    wording::counted,
};

/// A node as it is kept.
const NODE: f64 = 16.0;
/// A node while its tree grows.
const BUD: f64 = 40.0;
/// What a tree takes beside its nodes.
const TREE: f64 = 128.0;
/// The importance that a tree gives a column that it splits, as it is kept until all trees are grown.
const IMPORTANCE: f64 = 16.0;
/// What each thread holds of a column: its importance, and its place among those that are drawn.
const COLUMN: f64 = 16.0;
/// What each thread holds of a row: its place, its count, and room to sort and part.
const ROW: f64 = 40.0;

/// What decides the memory of a fit.
pub(super) struct Size<'a> {
    pub(super) owner: &'static str,
    pub(super) n_rows: usize,
    pub(super) n_columns: usize,
    /// 0 for numbers.
    pub(super) n_classes: usize,
    pub(super) n_trees: usize,
    /// Rows drawn for each tree; `None`: all of them, once.
    pub(super) n_draws: Option<usize>,
    pub(super) limits: &'a Limits,
    pub(super) n_threads: usize,
    /// The most bytes there may be.
    pub(super) memory: u64,
}

impl Size<'_> {
    /// Whether the fit may begin.
    ///
    /// Errors: `TooLarge` with what would fit.
    pub(super) fn check(&self) -> Result<(), FitError> {
        let leaves = self.most_leaves();
        let per_tree = self.tree(leaves);
        let beside = self.beside(leaves);
        let bytes = beside + self.n_trees as f64 * per_tree;
        check_bytes(bytes.ceil() as u64, self.memory, || Demand {
            owner: self.owner.to_owned(),
            what: counted(self.n_trees, "tree", "trees"),
            remedy: self.remedy(self.memory as f64 - beside, per_tree),
        })
    }

    /// Rows that a tree sees, each counted once. Draws with replacement miss some: how many differs little from tree to
    /// tree where it matters.
    fn distinct_rows(&self) -> f64 {
        let n_rows = self.n_rows as f64;
        self.n_draws.map_or(n_rows, |n_draws| {
            (n_rows * -(-(n_draws as f64) / n_rows).exp_m1()).ceil()
        })
    }

    fn most_leaves(&self) -> f64 {
        let by_rows = (self.distinct_rows() / self.limits.min_samples_leaf as f64).floor();
        let by_depth = (self.limits.max_depth as f64).exp2();
        let by_count = self
            .limits
            .max_leaf_nodes
            .map_or(f64::INFINITY, |most| most as f64);
        by_rows.min(by_depth).min(by_count).max(1.0)
    }

    /// The bytes of a tree with at most so many leaves. A leaf with several classes has a share of each, but then it has
    /// several rows too, and there are fewer leaves.
    fn tree(&self, leaves: f64) -> f64 {
        let n_rows = self.distinct_rows();
        let of = |leaves: f64| {
            let mixed = leaves.min(n_rows - leaves).max(0.0);
            2.0 * NODE * leaves + 8.0 * self.n_classes as f64 * mixed
        };
        let importances = IMPORTANCE * (leaves - 1.0).min(self.n_columns as f64);
        TREE + importances + of(leaves).max(of(leaves.min(n_rows / 2.0)))
    }

    /// The bytes of ranks and of work.
    fn beside(&self, leaves: f64) -> f64 {
        let ranks = 4.0 * self.n_rows as f64 * self.n_columns as f64;
        let work = ROW * self.n_rows as f64 + COLUMN * self.n_columns as f64 + 2.0 * BUD * leaves;
        ranks + self.n_threads as f64 * work
    }

    /// What would fit into so many bytes.
    fn remedy(&self, room: f64, per_tree: f64) -> String {
        // Importances are the fewer of so many for each leaf and so many at all: whichever leaves more room is right.
        let per_nodes = room / self.n_trees as f64 - TREE;
        let leaf = 2.0 * NODE + 8.0 * self.n_classes as f64;
        let few = per_nodes / (leaf + IMPORTANCE);
        let leaves = few
            .max((per_nodes - IMPORTANCE * self.n_columns as f64) / leaf)
            .floor();
        let mut ways = Vec::new();
        if self.n_trees > 1 && room >= per_tree {
            ways.push(format!("nEstimators: {}", (room / per_tree).floor()));
        }
        if leaves >= 2.0 {
            ways.push(format!("maxDepth: {}", leaves.log2().floor()));
            ways.push(format!(
                "minSamplesLeaf: {}",
                (self.distinct_rows() / leaves).ceil()
            ));
        }
        match ways.as_slice() {
            [] => "fit fewer rows, or fewer columns".to_owned(),
            ways => format!("{} would fit", ways.join(", or ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Size;
    use crate::estimator::tree::TreeGrowth;

    #[test]
    fn trees_of_few_rows_and_many_columns_are_small_and_each_holds_its_importances() {
        let limits = TreeGrowth::default().limits(40_000);
        let size = |n_rows, n_trees| Size {
            owner: "randomForestClassifier",
            n_rows,
            n_columns: 40_000,
            n_classes: 2,
            n_trees,
            n_draws: None,
            limits: &limits,
            n_threads: 2,
            memory: 4 << 30,
        };
        let few = size(6, 10_000);
        assert_eq!(few.check(), Ok(()));
        // Six leaves have eleven nodes and five splits, each of another column.
        assert!(few.tree(6.0) >= 11.0 * 16.0 + 5.0 * 16.0 && few.tree(6.0) < 1_000.0);
        let per_leaf = |leaves: f64| size(100_000, 1).tree(leaves) / leaves;
        assert!(per_leaf(40_001.0) - per_leaf(100_000.0) > 9.0);
    }
}
