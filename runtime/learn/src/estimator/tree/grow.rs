//! Grows one tree: cuts a node, parts its rows, goes on with the children, never deeper on the stack.

use std::{cmp::Ordering, collections::BinaryHeap, ops::Range};

use super::{
    columns::Columns,
    criterion::{Criterion, Measure, Row},
    growth::Limits,
    node::{Tree, TreeBuilder},
    search::{Cut, Scope, Search},
};
use crate::{Control, FitError, random::Random};

/// A tree, and by how much the splits of each column that it has any of lowered the impurity, as shares that sum to 1:
/// a forest would hold n_trees × n_columns of them otherwise.
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) importances: Vec<(u32, f64)>,
}

/// A node while the tree grows.
enum Bud {
    /// It stays a leaf unless it is split later; where its rows stand.
    Leaf(Range<usize>),
    /// Its children stand one behind the other.
    Split {
        column: usize,
        threshold: f64,
        left: usize,
    },
}

/// A split that could be made; the rows of its node are parted already.
struct Candidate {
    node: usize,
    rows: Range<usize>,
    middle: usize,
    depth: usize,
    column: usize,
    threshold: f64,
    /// By how much it lowers the impurity, times the weight of the node.
    decrease: f64,
    left: Measure,
    right: Measure,
}

/// The candidates that wait.
enum Frontier {
    /// The last one found comes first: few wait at any time.
    LastFirst(Vec<Candidate>),
    /// The one that lowers the impurity most comes first, of equal ones that of the earlier node.
    BestFirst(BinaryHeap<Candidate>),
}

struct Grower<'a, 'x, C> {
    columns: &'a Columns<'x>,
    limits: &'a Limits,
    control: &'a Control<'a>,
    criterion: C,
    search: Search<'a, 'x>,
    rows: Vec<Row>,
    spare: Vec<Row>,
    /// Of the root.
    weight: f64,
}

/// Grows a tree from rows of which there is at least one. `n_classes` is 0 if `criterion` is about numbers.
///
/// Errors: `Cancelled`.
pub(super) fn grow<C: Criterion>(
    columns: &Columns<'_>,
    rows: Vec<Row>,
    criterion: C,
    n_classes: usize,
    limits: &Limits,
    random: Random,
    control: &Control<'_>,
) -> Result<Grown, FitError> {
    let mut grower = Grower {
        columns,
        limits,
        control,
        criterion,
        search: Search::new(columns, random),
        spare: Vec::with_capacity(rows.len()),
        rows,
        weight: 0.0,
    };
    let mut frontier = match limits.max_leaf_nodes {
        Some(_) => Frontier::BestFirst(BinaryHeap::new()),
        None => Frontier::LastFirst(Vec::new()),
    };
    let whole = 0..grower.rows.len();
    let root = grower.criterion.measure(&grower.rows);
    grower.weight = root.weight;
    let mut buds = vec![Bud::Leaf(whole.clone())];
    let mut importances = vec![0.0; columns.n_columns()];
    frontier.extend(grower.candidate(0, whole, 0, root)?);
    let mut n_leaves = 1;
    while limits.max_leaf_nodes.is_none_or(|most| n_leaves < most) {
        let Some(split) = frontier.pop() else { break };
        let left = buds.len();
        buds[split.node] = Bud::Split {
            column: split.column,
            threshold: split.threshold,
            left,
        };
        importances[split.column] += split.decrease;
        n_leaves += 1;
        let sides = [
            (split.rows.start..split.middle, split.left),
            (split.middle..split.rows.end, split.right),
        ];
        for (side, (rows, measure)) in sides.into_iter().enumerate() {
            buds.push(Bud::Leaf(rows.clone()));
            frontier.extend(grower.candidate(left + side, rows, split.depth + 1, measure)?);
        }
    }
    let tree = grower.in_order(&buds, n_classes);
    normalize(&mut importances);
    let importances = (0..).zip(importances).filter(|&(_, share)| share > 0.0).collect();
    Ok(Grown { tree, importances })
}

impl<C: Criterion> Grower<'_, '_, C> {
    /// The best split of a node, if it may have one.
    fn candidate(
        &mut self,
        node: usize,
        rows: Range<usize>,
        depth: usize,
        measure: Measure,
    ) -> Result<Option<Candidate>, FitError> {
        let limits = self.limits;
        let least = limits
            .min_samples_split
            .max(limits.min_samples_leaf.saturating_mul(2));
        if measure.is_pure || rows.len() < least || depth >= limits.max_depth {
            return Ok(None);
        }
        self.criterion.measure(&self.rows[rows.clone()]);
        let scope = Scope {
            max_features: limits.max_features,
            min_samples_leaf: limits.min_samples_leaf,
        };
        let cut = self
            .search
            .best_cut(&mut self.criterion, &self.rows[rows.clone()], scope, self.control)?;
        let Some(cut) = cut else { return Ok(None) };
        let (middle, threshold) = self.part(rows.clone(), cut);
        let left = self.criterion.measure(&self.rows[rows.start..middle]);
        let right = self.criterion.measure(&self.rows[middle..rows.end]);
        let decrease =
            measure.weight * measure.impurity - left.weight * left.impurity - right.weight * right.impurity;
        // Without the slack, rounding would forbid splits that change nothing yet and make the next ones possible.
        let least = limits.min_impurity_decrease / self.criterion.unit();
        if decrease / self.weight + f64::EPSILON < least {
            return Ok(None);
        }
        Ok(Some(Candidate {
            node,
            rows,
            middle,
            depth,
            column: cut.column,
            threshold,
            decrease,
            left,
            right,
        }))
    }

    /// Puts the rows of the left child before those of the right one; answers where those begin, and the threshold.
    ///
    /// Rows stay in the order of the table on each side, which later look-ups are faster in.
    fn part(&mut self, range: Range<usize>, cut: Cut) -> (usize, f64) {
        let ranks = self.columns.ranks(cut.column);
        let rows = &mut self.rows[range.clone()];
        self.spare.clear();
        let mut n_left = 0;
        let (mut nearest_left, mut nearest_right) = (0, 0);
        for at in 0..rows.len() {
            let row = rows[at];
            let rank = ranks[row.number as usize];
            if rank <= cut.left {
                rows[n_left] = row;
                n_left += 1;
                if rank == cut.left {
                    nearest_left = row.number;
                }
            } else {
                self.spare.push(row);
                if rank == cut.right {
                    nearest_right = row.number;
                }
            }
        }
        rows[n_left..].copy_from_slice(&self.spare);
        let threshold = self.columns.halfway(cut.column, nearest_left, nearest_right);
        (range.start + n_left, threshold)
    }

    /// The tree with its nodes in their final order.
    fn in_order(&mut self, buds: &[Bud], n_classes: usize) -> Tree {
        let mut builder = TreeBuilder::new(buds.len(), n_classes);
        let mut waiting = vec![0];
        while let Some(node) = waiting.pop() {
            match &buds[node] {
                Bud::Leaf(rows) => builder.leaf(&self.criterion.leaf(&self.rows[rows.clone()])),
                Bud::Split {
                    column,
                    threshold,
                    left,
                } => {
                    builder.split(*column, *threshold);
                    waiting.extend([left + 1, *left]);
                }
            }
        }
        builder.finish()
    }
}

impl Frontier {
    fn extend(&mut self, candidate: Option<Candidate>) {
        match self {
            Frontier::LastFirst(waiting) => waiting.extend(candidate),
            Frontier::BestFirst(waiting) => waiting.extend(candidate),
        }
    }

    fn pop(&mut self) -> Option<Candidate> {
        match self {
            Frontier::LastFirst(waiting) => waiting.pop(),
            Frontier::BestFirst(waiting) => waiting.pop(),
        }
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> Ordering {
        let by_decrease = self.decrease.total_cmp(&other.decrease);
        by_decrease.then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Candidate) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// Divides by the sum, so that it is 1 afterwards; leaves all of them 0 if nothing is greater.
pub(super) fn normalize(importances: &mut [f64]) {
    // A decrease of 0 may be a little less by rounding.
    importances.iter_mut().for_each(|share| *share = share.max(0.0));
    let sum: f64 = importances.iter().sum();
    if sum > 0.0 {
        importances.iter_mut().for_each(|share| *share /= sum);
    }
}
