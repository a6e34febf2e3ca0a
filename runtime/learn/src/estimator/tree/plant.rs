//! Fits one tree or many: draws rows, lets trees grow side by side, gathers them in order.

use std::sync::Mutex;

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::{
    ClassCriterion, FittedClassTrees, FittedNumberTrees, MaxSamples, NumberCriterion, TreeGrowth,
    columns::Columns,
    criterion::{
        CLASS_BITS, Criterion, EqualGini, Logarithms, PoissonDeviance, Row, Scaled, SquaredError,
        WeightedClasses,
    },
    fitted::Trees,
    grow::{Grown, grow, normalize},
    growth::Limits,
    memory::Size,
};
use crate::{
    Control, FitError,
    random::Random,
    target::{CLASSES_MAX, Classes},
};

const _: () = assert!(CLASSES_MAX <= 1 << CLASS_BITS, "a class has room in a row's load");

/// What is planted: how many trees, and what each of them sees.
pub(in super::super) struct Plan<'a> {
    /// The estimator as in the manifest.
    pub(in super::super) owner: &'static str,
    pub(in super::super) growth: &'a TreeGrowth,
    pub(in super::super) n_trees: usize,
    /// How many rows are drawn for each tree; `None`: each tree sees every row once.
    pub(in super::super) bootstrap: Option<MaxSamples>,
    pub(in super::super) random_state: u64,
}

/// Fits trees to classes; `weights` has one positive number per class.
///
/// Errors: `Cancelled`; `TooLarge`; more draws than rows.
pub(in super::super) fn plant_classes(
    plan: &Plan<'_>,
    criterion: ClassCriterion,
    weights: &[f64],
    x: ArrayView2<'_, f64>,
    y: &Classes,
    control: &Control<'_>,
) -> Result<FittedClassTrees, FitError> {
    let n_classes = y.n_classes();
    let planting = Planting::new(plan, n_classes, x, control)?;
    let weights = relative(weights);
    let trees = if criterion == ClassCriterion::Gini && weights.iter().all(|&weight| weight == 1.0) {
        planting.trees(|_| EqualGini::new(&y.codes, n_classes))
    } else {
        let logarithms = match criterion {
            ClassCriterion::Gini => Logarithms::up_to(0),
            ClassCriterion::Entropy => Logarithms::up_to(planting.n_draws.unwrap_or(x.nrows())),
        };
        planting.trees(|_| WeightedClasses::new(criterion, &y.codes, &weights, &logarithms))
    }?;
    Ok(FittedClassTrees::new(trees, n_classes))
}

/// Fits trees to numbers, none of which is negative if the criterion is `Poisson`.
///
/// Errors: `Cancelled`; `TooLarge`; more draws than rows.
pub(in super::super) fn plant_numbers(
    plan: &Plan<'_>,
    criterion: NumberCriterion,
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    control: &Control<'_>,
) -> Result<FittedNumberTrees, FitError> {
    let planting = Planting::new(plan, 0, x, control)?;
    let targets = Scaled::of(y.iter().copied());
    let trees = match criterion {
        NumberCriterion::SquaredError => planting.trees(|counts| SquaredError::new(&targets, counts)),
        NumberCriterion::Poisson => planting.trees(|counts| PoissonDeviance::new(&targets, counts)),
    }?;
    Ok(FittedNumberTrees::new(trees))
}

/// Weights as parts of the largest, which changes no split; none so small that its square vanishes.
fn relative(weights: &[f64]) -> Vec<f64> {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    weights
        .iter()
        .map(|weight| (weight / largest).max(1e-100))
        .collect()
}

/// A plan with the table that it is carried out on.
struct Planting<'a> {
    plan: &'a Plan<'a>,
    limits: Limits,
    n_draws: Option<usize>,
    n_classes: usize,
    columns: Columns<'a>,
    control: &'a Control<'a>,
    n_done: Mutex<u64>,
}

impl<'a> Planting<'a> {
    fn new(
        plan: &'a Plan<'a>,
        n_classes: usize,
        x: ArrayView2<'a, f64>,
        control: &'a Control<'a>,
    ) -> Result<Planting<'a>, FitError> {
        let limits = plan.growth.limits(x.ncols());
        let n_draws = plan
            .bootstrap
            .map(|samples| samples.n_draws(plan.owner, x.nrows()));
        let n_draws = n_draws.transpose()?;
        let size = Size {
            owner: plan.owner,
            n_rows: x.nrows(),
            n_columns: x.ncols(),
            n_classes,
            n_trees: plan.n_trees,
            n_draws,
            limits: &limits,
            n_threads: rayon::current_num_threads().min(plan.n_trees),
            memory: control.memory(),
        };
        size.check()?;
        control.reach(0, plan.n_trees as u64)?;
        Ok(Planting {
            plan,
            n_draws,
            n_classes,
            columns: Columns::of(x, control)?,
            control,
            n_done: Mutex::new(0),
            limits,
        })
    }

    /// The trees in the order of their numbers, whatever thread made them, with the mean of their importances.
    fn trees<C: Criterion>(&self, criterion: impl Fn(Vec<u32>) -> C + Sync) -> Result<Trees, FitError> {
        let grown: Vec<Grown> = (0..self.plan.n_trees)
            .into_par_iter()
            .map(|tree| self.tree(tree, &criterion))
            .collect::<Result<_, _>>()?;
        let mut importances = vec![0.0; self.columns.n_columns()];
        for grown in &grown {
            for &(column, share) in &grown.importances {
                importances[column as usize] += share;
            }
        }
        // A tree without a split has none to add, and is left out of the mean.
        normalize(&mut importances);
        let trees = grown.into_iter().map(|grown| grown.tree).collect();
        Ok(Trees { trees, importances })
    }

    fn tree<C: Criterion>(
        &self,
        number: usize,
        criterion: &impl Fn(Vec<u32>) -> C,
    ) -> Result<Grown, FitError> {
        if self.control.is_cancelled() {
            return Err(FitError::Cancelled);
        }
        let mut random = Random::new(self.plan.random_state, number);
        let counts = self.counts(&mut random);
        let counted: Vec<(u32, u32)> = (0..).zip(counts.iter().copied()).collect();
        let criterion = criterion(counts);
        let drawn = counted.into_iter().filter(|&(_, count)| count > 0);
        let row = |(number, count)| Row {
            number,
            load: criterion.load(number, count),
        };
        let rows: Vec<Row> = drawn.map(row).collect();
        let grown = grow(
            &self.columns,
            rows,
            criterion,
            self.n_classes,
            &self.limits,
            random,
            self.control,
        )?;
        // Reported under the lock, so that a caller never sees the number fall.
        let mut n_done = self
            .n_done
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *n_done += 1;
        self.control.report(*n_done, self.plan.n_trees as u64);
        Ok(grown)
    }

    /// How often each row counts.
    fn counts(&self, random: &mut Random) -> Vec<u32> {
        let n_rows = self.columns.n_rows();
        let Some(n_draws) = self.n_draws else {
            return vec![1; n_rows];
        };
        let mut counts = vec![0; n_rows];
        for _ in 0..n_draws {
            counts[random.below(n_rows)] += 1;
        }
        counts
    }
}
