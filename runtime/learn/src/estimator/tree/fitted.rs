//! Fitted trees: they predict, become arrays of a model file, and come back.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice};
use rayon::prelude::*;

use super::{
    super::{Classifier, Convergence, Regressor},
    criterion::Leaf,
    node::{Tree, TreeBuilder, TreeNode},
};
use crate::{
    LoadError,
    container::{PartReader, PartWriter},
};

/// What marks a leaf among the columns, and a leaf with several classes among the classes.
const MARK: u32 = u32::MAX;
/// Rows that are asked of one tree after the other: the tree stays near, and so do the rows.
const BLOCK: usize = 64;

/// Trees in their order, and the importance of each column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trees {
    pub(super) trees: Vec<Tree>,
    pub(super) importances: Vec<f64>,
}

/// One or more trees that predict classes: the mean of the shares that their leaves have of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedClassTrees {
    trees: Trees,
    n_classes: usize,
}

/// One or more trees that predict numbers: the mean of the means that their leaves have.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedNumberTrees {
    trees: Trees,
}

impl FittedClassTrees {
    pub(super) fn new(trees: Trees, n_classes: usize) -> FittedClassTrees {
        FittedClassTrees { trees, n_classes }
    }

    /// How many trees there are.
    pub fn n_trees(&self) -> usize {
        self.trees.trees.len()
    }

    /// The nodes of a tree, parents before children and left before right; `None` if there is no such tree.
    pub fn tree(&self, number: usize) -> Option<Vec<TreeNode>> {
        let tree = self.trees.trees.get(number)?;
        Some(tree.nodes(self.n_classes).collect())
    }
}

impl FittedNumberTrees {
    pub(super) fn new(trees: Trees) -> FittedNumberTrees {
        FittedNumberTrees { trees }
    }

    /// How many trees there are.
    pub fn n_trees(&self) -> usize {
        self.trees.trees.len()
    }

    /// The nodes of a tree, parents before children and left before right; `None` if there is no such tree.
    pub fn tree(&self, number: usize) -> Option<Vec<TreeNode>> {
        Some(self.trees.trees.get(number)?.nodes(0).collect())
    }
}

impl Trees {
    /// n_rows × `width` sums: `add` adds to those of a row what a tree says about the row's numbers, the trees in their
    /// order for every row, so that the sums are the same on any number of threads.
    fn sums(
        &self,
        x: ArrayView2<'_, f64>,
        width: usize,
        add: impl Fn(&Tree, &[f64], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let mut sums = vec![0.0; x.nrows() * width];
        let of_block = |(number, sums): (usize, &mut [f64])| {
            let start = number * BLOCK;
            let rows = x.slice_axis(Axis(0), Slice::from(start..x.nrows().min(start + BLOCK)));
            // Whatever the order of the matrix, the numbers of a row lie together here.
            let block: Vec<f64> = rows.iter().copied().collect();
            for tree in &self.trees {
                let rows = block.chunks_exact(x.ncols()).zip(sums.chunks_exact_mut(width));
                rows.for_each(|(numbers, sums)| add(tree, numbers, sums));
            }
        };
        if x.nrows() <= BLOCK {
            // Waking threads would take longer than a few rows do.
            of_block((0, &mut sums));
        } else {
            sums.par_chunks_mut(BLOCK * width).enumerate().for_each(of_block);
        }
        sums
    }

    /// `n_classes` is 0 for trees that predict numbers.
    fn write(&self, writer: &mut PartWriter<'_>, n_classes: usize) {
        let sizes: Vec<usize> = self.trees.iter().map(Tree::n_nodes).collect();
        let (mut columns, mut thresholds) = (Vec::new(), Vec::new());
        let (mut numbers, mut classes, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for node in self.trees.iter().flat_map(|tree| tree.nodes(n_classes)) {
            let TreeNode::Split { column, threshold } = node else {
                columns.push(MARK);
                let TreeNode::Leaf(leaf) = node else { continue };
                match leaf.iter().position(|&share| share == 1.0) {
                    _ if n_classes == 0 => numbers.extend(leaf),
                    Some(class) => classes.push(class as u32),
                    None => {
                        classes.push(MARK);
                        shares.extend(leaf);
                    }
                }
                continue;
            };
            columns.push(column as u32);
            thresholds.push(threshold);
        }
        writer.counts("sizes", &sizes);
        writer.indices("columns", &columns);
        writer.numbers("thresholds", &thresholds);
        writer.numbers("importances", &self.importances);
        let Some(n_mixed) = shares.len().checked_div(n_classes) else {
            writer.numbers("numbers", &numbers);
            return;
        };
        writer.indices("classes", &classes);
        let shares = ArrayView2::from_shape((n_mixed, n_classes), &shares);
        writer.matrix("shares", shares.expect("each row has one share per class"));
    }

    /// `leaf` answers the next leaf.
    fn read(
        reader: &mut PartReader<'_, '_>,
        n_classes: usize,
        mut leaf: impl FnMut() -> Option<Leaf>,
    ) -> Result<Trees, LoadError> {
        let sizes = reader.counts("sizes")?;
        let columns = reader.indices("columns")?;
        let mut thresholds = reader.numbers("thresholds")?.into_iter();
        let importances = reader.numbers("importances")?;
        let invalid = || LoadError::invalid("its trees do not have the form of trees");
        if sizes.is_empty() || importances.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err(invalid());
        }
        let mut rest = columns.as_slice();
        let mut trees = Vec::with_capacity(sizes.len());
        for size in sizes {
            let (nodes, others) = rest.split_at_checked(size).ok_or_else(invalid)?;
            rest = others;
            // The order of the nodes alone says which are whose children: a cycle cannot even be written.
            let mut builder = TreeBuilder::new(size, n_classes);
            for &column in nodes {
                if builder.is_complete() {
                    return Err(invalid());
                }
                if column == MARK {
                    builder.leaf(&leaf().ok_or_else(invalid)?);
                } else if (column as usize) < importances.len() {
                    builder.split(column as usize, thresholds.next().ok_or_else(invalid)?);
                } else {
                    return Err(invalid());
                }
            }
            if !builder.is_complete() {
                return Err(invalid());
            }
            trees.push(builder.finish());
        }
        if !rest.is_empty() || thresholds.next().is_some() {
            return Err(invalid());
        }
        Ok(Trees { trees, importances })
    }
}

impl Classifier for FittedClassTrees {
    fn n_features(&self) -> usize {
        self.trees.importances.len()
    }

    fn n_classes(&self) -> usize {
        self.n_classes
    }

    fn convergence(&self) -> Option<Convergence> {
        None
    }

    fn importances(&self) -> Option<&[f64]> {
        Some(&self.trees.importances)
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let shares = self.trees.sums(x, self.n_classes, Tree::add_shares);
        let mut shares = Array2::from_shape_vec((x.nrows(), self.n_classes), shares)
            .expect("there is one share per row and class");
        shares /= self.n_trees() as f64;
        shares
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        self.trees.write(writer, self.n_classes);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedClassTrees, LoadError> {
        let mut classes = reader.indices("classes")?.into_iter();
        let shares = reader.matrix("shares")?;
        let n_classes = shares.ncols();
        let are_shares = |row: ArrayView1<'_, f64>| {
            row.iter().all(|share| (0.0..1.0).contains(share)) && (row.sum() - 1.0).abs() < 1e-9
        };
        if !shares.outer_iter().all(are_shares) || !(2..=MARK as usize).contains(&n_classes) {
            return Err(LoadError::invalid("the shares of a leaf are no shares"));
        }
        let mut mixed = shares.outer_iter();
        let mut are_known = true;
        let trees = Trees::read(reader, n_classes, || {
            let class = classes.next()?;
            if class == MARK {
                return mixed.next().map(|shares| Leaf::Shares(shares.to_vec()));
            }
            are_known &= (class as usize) < n_classes;
            Some(Leaf::Class(class))
        })?;
        if !are_known || mixed.next().is_some() || classes.next().is_some() {
            return Err(LoadError::invalid("leaves and classes do not belong together"));
        }
        Ok(FittedClassTrees { trees, n_classes })
    }
}

impl Regressor for FittedNumberTrees {
    fn n_features(&self) -> usize {
        self.trees.importances.len()
    }

    fn convergence(&self) -> Option<Convergence> {
        None
    }

    fn importances(&self) -> Option<&[f64]> {
        Some(&self.trees.importances)
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Array1<f64> {
        // A power of two, which changes no digit, and keeps a sum of finite numbers finite.
        let scale = 1.0 / self.n_trees().next_power_of_two() as f64;
        let sums = self
            .trees
            .sums(x, 1, |tree, numbers, sum| sum[0] += tree.number(numbers) * scale);
        Array1::from_vec(sums) / (self.n_trees() as f64 * scale)
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        self.trees.write(writer, 0);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedNumberTrees, LoadError> {
        let mut numbers = reader.numbers("numbers")?.into_iter();
        let trees = Trees::read(reader, 0, || numbers.next().map(Leaf::Number))?;
        if numbers.next().is_some() {
            return Err(LoadError::invalid("there are more numbers than leaves"));
        }
        Ok(FittedNumberTrees { trees })
    }
}
