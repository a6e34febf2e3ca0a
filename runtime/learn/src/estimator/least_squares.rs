//! Linear least squares, with and without a penalty, by QR and singular value decomposition.

use nalgebra::{DMatrix, DVector, SVD};
use ndarray::{ArrayView1, ArrayView2};

use super::linear::Linear;
use crate::FitError;

/// Why there is no solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The weights leave the range of 64-bit floating point.
    Overflow,
    /// The decomposition did not converge.
    NoConvergence,
}

impl Failure {
    /// The failure in a fit of `estimator`.
    pub(super) fn of(self, estimator: &'static str) -> FitError {
        match self {
            Failure::Overflow => FitError::Overflow {
                owner: estimator.to_owned(),
            },
            Failure::NoConvergence => FitError::NoSolution { estimator },
        }
    }
}

/// Minimizes ‖y − Xw − b‖² over w, and over b if `fit_intercept`; of several minima the one with the smallest ‖w‖.
///
/// A direction in which the rows spread by at most `tolerance` times the widest spread counts as dependent on the
/// others, rounding at the least. Spreads are compared after every column was brought to the same length, so that the
/// unit in which a column is given does not decide whether it is used.
pub(super) fn least_squares(
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    fit_intercept: bool,
    tolerance: f64,
) -> Result<Linear, Failure> {
    let mut problem = Problem::new(x, y, fit_intercept);
    let lengths = problem.equilibrate();
    let decomposed = Decomposed::of(&problem)?;
    let rounding = problem.x.nrows().max(problem.x.ncols()) as f64 * f64::EPSILON;
    let negligible = decomposed.singular_values.max() * tolerance.max(rounding);
    let rank = decomposed
        .singular_values
        .iter()
        .filter(|&&s| s > negligible)
        .count();
    let coordinates = decomposed
        .target
        .rows(0, rank)
        .component_div(&decomposed.singular_values.rows(0, rank));
    let directions = decomposed.directions.columns(0, rank);
    let weights = if rank == lengths.len() {
        (directions * coordinates).component_div(&lengths)
    } else {
        // The coordinates say where w lies along the directions that count, in columns of the same length. Of all
        // such w the one without any part across them, in the columns as they were given, is the smallest.
        let mut directions = directions.into_owned();
        for (mut row, length) in directions.row_iter_mut().zip(lengths.iter()) {
            row *= *length;
        }
        let qr = directions.qr();
        let inner = qr
            .r()
            .tr_solve_upper_triangular(&coordinates)
            .ok_or(Failure::Overflow)?;
        qr.q() * inner
    };
    problem.solved(&weights)
}

/// Minimizes ‖y − Xw − b‖² + α‖w‖² with α > 0 over w, and over b if `fit_intercept`; b is not penalized.
pub(super) fn penalized(
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    fit_intercept: bool,
    alpha: f64,
) -> Result<Linear, Failure> {
    let problem = Problem::new(x, y, fit_intercept);
    let decomposed = Decomposed::of(&problem)?;
    // Dividing X by its unit divides α by the square of it, in two steps because the square may overflow.
    let alpha = alpha / problem.x_unit / problem.x_unit;
    let factors = decomposed
        .singular_values
        .map(|s| if s > 0.0 { s / (s * s + alpha) } else { 0.0 });
    problem.solved(&(&decomposed.directions * factors.component_mul(&decomposed.target)))
}

/// Features and target, centered if there is an intercept, which keeps it out of every penalty.
struct Problem {
    x: DMatrix<f64>,
    y: DVector<f64>,
    x_means: DVector<f64>,
    y_mean: f64,
    x_unit: f64,
    y_unit: f64,
}

impl Problem {
    fn new(x: ArrayView2<'_, f64>, y: ArrayView1<'_, f64>, fit_intercept: bool) -> Problem {
        let (n_rows, n_features) = x.dim();
        let (x_unit, y_unit) = (power_of_two_near(x.iter()), power_of_two_near(y.iter()));
        let mut problem = Problem {
            x: DMatrix::from_fn(n_rows, n_features, |row, column| x[[row, column]] / x_unit),
            y: DVector::from_fn(n_rows, |row, _| y[row] / y_unit),
            x_means: DVector::zeros(n_features),
            y_mean: 0.0,
            x_unit,
            y_unit,
        };
        if fit_intercept {
            for (mut column, mean) in problem.x.column_iter_mut().zip(problem.x_means.iter_mut()) {
                *mean = column.mean();
                column.add_scalar_mut(-*mean);
                // What rounding leaves of a constant column says nothing, but would count once it is brought to the
                // length of the others.
                if column.norm() <= n_rows as f64 * f64::EPSILON * mean.abs() {
                    column.fill(0.0);
                }
            }
            problem.y_mean = problem.y.mean();
            problem.y.add_scalar_mut(-problem.y_mean);
        }
        problem
    }

    /// Divides every column by its length, and answers the lengths; a column of zeros has the length 1.
    fn equilibrate(&mut self) -> DVector<f64> {
        let lengths = self.x.column_iter_mut().map(|mut column| {
            // A column of tiny numbers is brought near 1 first: their squares would be nothing.
            let unit = power_of_two_near(column.iter());
            let length = unit * (&column / unit).norm();
            if length > 0.0 {
                column /= length;
                length
            } else {
                1.0
            }
        });
        DVector::from_vec(lengths.collect())
    }

    fn solved(&self, weights: &DVector<f64>) -> Result<Linear, Failure> {
        let intercept = (self.y_mean - self.x_means.dot(weights)) * self.y_unit;
        let coefficients = weights.iter().map(|weight| weight / self.x_unit * self.y_unit);
        Linear::new(coefficients.collect(), intercept).ok_or(Failure::Overflow)
    }
}

/// X = U S Vᵀ, as far as the solutions need it; S falls.
struct Decomposed {
    singular_values: DVector<f64>,
    /// V: n_features × the shorter side of X.
    directions: DMatrix<f64>,
    /// Uᵀy.
    target: DVector<f64>,
}

impl Decomposed {
    /// QR first: it leaves a square matrix of the shorter side to decompose, however long the other side is.
    fn of(problem: &Problem) -> Result<Decomposed, Failure> {
        let n_features = problem.x.ncols();
        if problem.x.nrows() >= n_features {
            let qr = problem.x.clone().qr();
            let mut y = problem.y.clone();
            qr.q_tr_mul(&mut y);
            let (u, singular_values, v_t) = decompose(qr.unpack_r())?;
            Ok(Decomposed {
                singular_values,
                directions: v_t.transpose(),
                target: u.tr_mul(&y.rows(0, n_features)),
            })
        } else {
            let qr = problem.x.transpose().qr();
            let (u, singular_values, v_t) = decompose(qr.r().transpose())?;
            Ok(Decomposed {
                singular_values,
                directions: qr.q() * v_t.transpose(),
                target: u.tr_mul(&problem.y),
            })
        }
    }
}

/// U, S and Vᵀ of a square matrix.
fn decompose(square: DMatrix<f64>) -> Result<(DMatrix<f64>, DVector<f64>, DMatrix<f64>), Failure> {
    let max_iterations = 1_000 + 100 * square.nrows();
    let svd = SVD::try_new(square, true, true, f64::EPSILON, max_iterations);
    match svd.map(|svd| (svd.u, svd.singular_values, svd.v_t)) {
        Some((Some(u), singular_values, Some(v_t))) => Ok((u, singular_values, v_t)),
        _ => Err(Failure::NoConvergence),
    }
}

/// A power of two near the largest magnitude: dividing by it is exact, and squares of the result cannot overflow.
fn power_of_two_near<'a>(numbers: impl Iterator<Item = &'a f64>) -> f64 {
    let largest = numbers.fold(0.0_f64, |largest, number| largest.max(number.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
}
