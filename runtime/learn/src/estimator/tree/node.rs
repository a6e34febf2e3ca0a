//! A grown tree: its nodes in one array, each before its children, the left child right behind its parent.

use super::criterion::Leaf;

/// What stands in a node's `column` if it is a leaf.
const LEAF: u32 = u32::MAX;

/// A node as 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// The threshold of a split; the number of a leaf, if the tree predicts numbers.
    number: f64,
    /// The column of a split; `LEAF` in a leaf.
    column: u32,
    /// Where the right child stands. In a leaf of a tree that predicts classes: the class of all its rows, or the number
    /// of classes plus the number of its row of shares.
    next: u32,
}

/// A grown tree; see [`TreeBuilder`] for how one is made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// One share per class for each leaf whose rows are of several classes.
    shares: Vec<f64>,
}

/// A node of a tree, for a reader.
#[derive(Clone, Debug, PartialEq)]
pub enum TreeNode {
    /// Rows whose number in `column` is at most `threshold` go to the left child, which is the next node; the others to
    /// the right child, which follows the last node below the left one.
    Split {
        /// Position of the column in the matrix.
        column: usize,
        /// Halfway between two numbers of the fit.
        threshold: f64,
    },
    /// The share of each class, or the one number that is predicted.
    Leaf(Vec<f64>),
}

/// Puts the nodes of a tree in a row, parents before children and left before right; such a row can only be a tree.
pub(super) struct TreeBuilder {
    tree: Tree,
    /// Splits whose right child is still to come.
    open: Vec<usize>,
    n_classes: usize,
    is_complete: bool,
}

impl TreeBuilder {
    /// `n_classes` is 0 for a tree that predicts numbers.
    pub(super) fn new(n_nodes: usize, n_classes: usize) -> TreeBuilder {
        TreeBuilder {
            tree: Tree {
                nodes: Vec::with_capacity(n_nodes),
                shares: Vec::new(),
            },
            open: Vec::new(),
            n_classes,
            is_complete: false,
        }
    }

    /// The next node is a split.
    pub(super) fn split(&mut self, column: usize, threshold: f64) {
        self.open.push(self.tree.nodes.len());
        self.tree.nodes.push(Node {
            number: threshold,
            column: column as u32,
            next: 0,
        });
    }

    /// The next node is a leaf.
    pub(super) fn leaf(&mut self, leaf: &Leaf) {
        let (number, next) = match leaf {
            Leaf::Number(number) => (*number, 0),
            Leaf::Class(class) => (0.0, *class),
            Leaf::Shares(shares) => {
                let row = self.tree.shares.len() / self.n_classes;
                self.tree.shares.extend_from_slice(shares);
                (0.0, (self.n_classes + row) as u32)
            }
        };
        self.tree.nodes.push(Node {
            number,
            column: LEAF,
            next,
        });
        match self.open.pop() {
            Some(split) => self.tree.nodes[split].next = self.tree.nodes.len() as u32,
            None => self.is_complete = true,
        }
    }

    /// Whether the last leaf was the last node.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(super) fn finish(mut self) -> Tree {
        self.tree.shares.shrink_to_fit();
        self.tree
    }
}

impl Tree {
    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The leaf that a row comes to.
    fn leaf_of(&self, row: &[f64]) -> &Node {
        let mut at = 0;
        loop {
            let node = &self.nodes[at];
            if node.column == LEAF {
                return node;
            }
            at = if row[node.column as usize] <= node.number {
                at + 1
            } else {
                node.next as usize
            };
        }
    }

    /// The number predicted for a row.
    pub(super) fn number(&self, row: &[f64]) -> f64 {
        self.leaf_of(row).number
    }

    /// Adds the share of each class to `sums`.
    pub(super) fn add_shares(&self, row: &[f64], sums: &mut [f64]) {
        let next = self.leaf_of(row).next as usize;
        match next.checked_sub(sums.len()) {
            None => sums[next] += 1.0,
            Some(at) => {
                let shares = &self.shares[at * sums.len()..];
                sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
        }
    }

    /// The nodes in their order.
    pub(super) fn nodes(&self, n_classes: usize) -> impl Iterator<Item = TreeNode> {
        self.nodes.iter().map(move |node| {
            if node.column != LEAF {
                return TreeNode::Split {
                    column: node.column as usize,
                    threshold: node.number,
                };
            }
            if n_classes == 0 {
                return TreeNode::Leaf(vec![node.number]);
            }
            let next = node.next as usize;
            TreeNode::Leaf(match next.checked_sub(n_classes) {
                None => (0..n_classes)
                    .map(|class| f64::from(u8::from(class == next)))
                    .collect(),
                Some(at) => self.shares[at * n_classes..][..n_classes].to_vec(),
            })
        })
    }
}
