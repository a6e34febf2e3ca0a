//! What decision trees and random forests share: hyperparameters, growing, keeping and asking trees.
//!
//! ```text
//! matrix ─> Columns (ranks) ─┐
//! target ─> Criterion ───────┴─> grow: Search finds a cut, rows are parted, the frontier says where to go on
//!                                  └─> Tree: nodes in one array, parents before children
//! ```

mod columns;
mod criterion;
mod fitted;
mod grow;
mod growth;
mod memory;
mod node;
mod plant;
mod search;
mod sort;

pub use criterion::{ClassCriterion, NumberCriterion};
pub use fitted::{FittedClassTrees, FittedNumberTrees};
pub use growth::{MaxFeatures, MaxSamples, TreeGrowth};
pub use node::TreeNode;

pub(super) use plant::{Plan, plant_classes, plant_numbers};
