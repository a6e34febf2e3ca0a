//! Linear least squares, with and without a penalty, by QR decompositions.
//!
//! nalgebra's singular value decomposition, the usual tool, is not used: it gives wrong factors for some matrices
//! whose columns depend on each other, and such tables are common.

#[cfg(test)]
mod tests;

use nalgebra::{ColPivQR, DMatrix, DVector, DVectorView};
use ndarray::{ArrayView1, ArrayView2};

use super::linear::Linear;
use crate::{Control, FitError};

/// Stages of a solution: features and target copied and centered, reduced to as many rows as columns, decomposed, and
/// solved.
const STAGES: u64 = 4;

/// Minimizes ‖y − Xw − b‖² over w, and over b if `fit_intercept`; of several minima the one with the smallest ‖w‖.
///
/// A column counts as dependent on others if what they leave of it is at most `tolerance` of the largest, rounding at
/// the least. Columns are compared after all were brought to the same length, so that the unit in which a column is
/// given does not decide whether it is used. `None`: a weight is too large for 64-bit floating point. Errors: `Cancelled`,
/// which is looked for between the stages.
///
/// The method is the complete orthogonal decomposition (Golub and Van Loan, Matrix Computations, 5.4.7).
pub(super) fn least_squares(
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    fit_intercept: bool,
    tolerance: f64,
    control: &Control<'_>,
) -> Result<Option<Linear>, FitError> {
    let mut problem = Problem::new(x, y, fit_intercept, 0.0);
    control.reach(1, STAGES)?;
    let rounding = problem.rounding();
    let mut lengths = problem.equilibrate();
    let (square, mut target) = problem.reduced();
    control.reach(2, STAGES)?;
    let qr = ColPivQR::new(square);
    qr.q_tr_mul(&mut target);
    let r = qr.r();
    let negligible = r[(0, 0)] * tolerance.max(rounding);
    let rank = (0..r.nrows()).take_while(|&at| r[(at, at)] > negligible).count();
    let target = target.rows(0, rank);
    qr.p().permute_rows(&mut lengths);
    control.reach(3, STAGES)?;
    let weights = if rank == lengths.len() {
        r.solve_upper_triangular(&target)
            .map(|weights| weights.component_div(&lengths))
    } else {
        // Rank equations are left for more weights, in columns of the same length. Put for the columns as they were
        // given, their smallest solution is a combination of the equations.
        let mut equations = r.rows(0, rank).transpose();
        for (mut row, length) in equations.row_iter_mut().zip(lengths.iter()) {
            row *= *length;
        }
        let qr = equations.qr();
        qr.r()
            .tr_solve_upper_triangular(&target)
            .map(|weights| qr.q() * weights)
    };
    control.report(STAGES, STAGES);
    Ok(weights.and_then(|mut weights| {
        qr.p().inv_permute_rows(&mut weights);
        problem.solved(&weights)
    }))
}

/// Minimizes ‖y − Xw − b‖² + α‖w‖² with α ≥ 0 over w, and over b if `fit_intercept`; b is not penalized.
///
/// An α that is lost in the rounding of XᵀX is no penalty: then this is [`least_squares`]. `None` and errors: as there.
pub(super) fn penalized(
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    fit_intercept: bool,
    alpha: f64,
    control: &Control<'_>,
) -> Result<Option<Linear>, FitError> {
    // Dividing X by a unit divides the root of α by the same.
    let problem = Problem::new(x, y, fit_intercept, alpha.sqrt());
    let root = alpha.sqrt() / problem.x_unit;
    if root * root <= problem.rounding() * problem.x.norm_squared() {
        return least_squares(x, y, fit_intercept, 0.0, control);
    }
    control.reach(1, STAGES)?;
    // With fewer rows than columns the weights are a combination of the rows, so that as many unknowns suffice.
    let wide = (problem.x.nrows() < problem.x.ncols()).then(|| problem.x.transpose().qr());
    let (square, target) = match &wide {
        Some(qr) => (qr.r().transpose(), problem.y.clone()),
        None => problem.reduced(),
    };
    control.reach(2, STAGES)?;
    // The penalty is one more equation for each unknown: root · w = 0.
    let n = square.ncols();
    let mut extended = square.resize_vertically(2 * n, 0.0);
    extended.rows_mut(n, n).fill_diagonal(root);
    let mut target = target.resize_vertically(2 * n, 0.0);
    let qr = extended.qr();
    qr.q_tr_mul(&mut target);
    control.reach(3, STAGES)?;
    let unknowns = qr.r().solve_upper_triangular(&target.rows(0, n));
    let weights = unknowns.map(|unknowns| match wide {
        Some(qr) => qr.q() * unknowns,
        None => unknowns,
    });
    control.report(STAGES, STAGES);
    Ok(weights.and_then(|weights| problem.solved(&weights)))
}

/// Features and target, near 1 in size, and centered if there is an intercept, which keeps it out of every penalty.
struct Problem {
    x: DMatrix<f64>,
    y: DVector<f64>,
    x_means: DVector<f64>,
    y_mean: f64,
    x_unit: f64,
    y_unit: f64,
}

impl Problem {
    /// `root` is a number that stands beside those of `x` later, and must be near 1 or below as they are.
    fn new(x: ArrayView2<'_, f64>, y: ArrayView1<'_, f64>, fit_intercept: bool, root: f64) -> Problem {
        let x_unit = power_of_two_near(x.columns().into_iter().map(largest).fold(root, f64::max));
        let y_unit = power_of_two_near(largest(y));
        let mut problem = Problem {
            x: DMatrix::zeros(x.nrows(), x.ncols()),
            y: DVector::zeros(x.nrows()),
            x_means: DVector::zeros(x.ncols()),
            y_mean: 0.0,
            x_unit,
            y_unit,
        };
        let columns = x.columns().into_iter().zip(problem.x.column_iter_mut());
        for ((from, mut into), x_mean) in columns.zip(problem.x_means.iter_mut()) {
            *x_mean = center(from, x_unit, fit_intercept, into.as_mut_slice());
            // What rounding leaves of a constant column says nothing, but would count once it is brought to the
            // length of the others.
            if length(into.as_view()) <= x.nrows() as f64 * f64::EPSILON * x_mean.abs() {
                into.fill(0.0);
            }
        }
        problem.y_mean = center(y, y_unit, fit_intercept, problem.y.as_mut_slice());
        problem
    }

    /// Up to which part of the largest number rounding may reach.
    fn rounding(&self) -> f64 {
        self.x.nrows().max(self.x.ncols()) as f64 * f64::EPSILON
    }

    /// Divides every column by its length, and answers the lengths; a column of zeros has the length 1.
    fn equilibrate(&mut self) -> DVector<f64> {
        let lengths = self
            .x
            .column_iter_mut()
            .map(|mut column| match length(column.as_view()) {
                0.0 => 1.0,
                length => {
                    column /= length;
                    length
                }
            });
        DVector::from_iterator(lengths.len(), lengths)
    }

    /// Features and target with the same minima and no more rows than columns.
    fn reduced(&self) -> (DMatrix<f64>, DVector<f64>) {
        let n_features = self.x.ncols();
        if self.x.nrows() <= n_features {
            return (self.x.clone(), self.y.clone());
        }
        let qr = self.x.clone().qr();
        let mut y = self.y.clone();
        qr.q_tr_mul(&mut y);
        (qr.unpack_r(), y.resize_vertically(n_features, 0.0))
    }

    fn solved(&self, weights: &DVector<f64>) -> Option<Linear> {
        let intercept = (self.y_mean - self.x_means.dot(weights)) * self.y_unit;
        let coefficients = weights.iter().map(|weight| weight / self.x_unit * self.y_unit);
        Linear::new(coefficients.collect(), intercept)
    }
}

/// Writes numbers divided by a power of two, less their mean if there is to be an intercept; answers the mean.
fn center(from: ArrayView1<'_, f64>, unit: f64, fit_intercept: bool, into: &mut [f64]) -> f64 {
    let factor = unit.recip();
    into.iter_mut()
        .zip(from)
        .for_each(|(into, from)| *into = from * factor);
    if !fit_intercept {
        return 0.0;
    }
    let mean = into.iter().sum::<f64>() / into.len() as f64;
    into.iter_mut().for_each(|number| *number -= mean);
    mean
}

/// The length of a column of numbers near 1 or below.
fn length(column: DVectorView<'_, f64>) -> f64 {
    let squares = column.norm_squared();
    if squares > 1e-200 {
        return squares.sqrt();
    }
    // Squares of tiny numbers lose digits, or are nothing.
    let unit = power_of_two_near(column.amax());
    (column / unit).norm() * unit
}

fn largest(numbers: ArrayView1<'_, f64>) -> f64 {
    let larger = |largest: f64, number: &f64| {
        if number.abs() > largest {
            number.abs()
        } else {
            largest
        }
    };
    numbers.iter().fold(0.0, larger)
}

/// A power of two near a magnitude: dividing by it is exact, and squares of the result cannot overflow.
fn power_of_two_near(largest: f64) -> f64 {
    if largest == 0.0 {
        return 1.0;
    }
    largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
}
