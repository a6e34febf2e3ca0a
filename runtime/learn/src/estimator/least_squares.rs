//! Penalized linear least squares by QR and singular value decomposition.

use nalgebra::{DMatrix, DVector, SVD};
use ndarray::{ArrayView1, ArrayView2};

use super::linear::Linear;

/// Why there is no solution.
pub(super) enum Failure {
    /// The weights leave the range of 64-bit floating point.
    Overflow,
    /// The decomposition did not converge.
    NoConvergence,
}

/// Minimizes ‖y − Xw − b‖² + α‖w‖² over w, and over b if `fit_intercept`; b is not penalized.
///
/// Of several minima (α = 0 and dependent columns, or fewer rows than columns) the one with the smallest ‖w‖ is
/// taken: singular values below max(n_rows, n_features) · ε times the largest count as 0. The columns are centered
/// rather than extended by one of ones, which keeps the intercept out of the penalty and the problem well scaled. QR
/// first leaves a square matrix of the shorter side to decompose, however long the other side is.
pub(super) fn least_squares(
    x: ArrayView2<'_, f64>,
    y: ArrayView1<'_, f64>,
    alpha: f64,
    fit_intercept: bool,
) -> Result<Linear, Failure> {
    let (n_rows, n_features) = x.dim();
    let x_unit = power_of_two_above(x.iter());
    let y_unit = power_of_two_above(y.iter());
    let mut a = DMatrix::from_fn(n_rows, n_features, |row, column| x[[row, column]] / x_unit);
    let mut b = DVector::from_fn(n_rows, |row, _| y[row] / y_unit);
    let mut means = DVector::zeros(n_features);
    let mut mean = 0.0;
    if fit_intercept {
        for (mut column, mean) in a.column_iter_mut().zip(means.iter_mut()) {
            *mean = column.mean();
            column.add_scalar_mut(-*mean);
        }
        mean = b.mean();
        b.add_scalar_mut(-mean);
    }
    // Dividing X by its unit divides α by the square of it, taken in two steps because the square may overflow.
    let alpha = alpha / x_unit / x_unit;
    let weights = if n_rows >= n_features {
        let qr = a.qr();
        qr.q_tr_mul(&mut b);
        let shrunk = Shrunk::of(qr.unpack_r(), alpha, n_rows.max(n_features))?;
        shrunk.v_t.tr_mul(
            &shrunk
                .factors
                .component_mul(&shrunk.u.tr_mul(&b.rows(0, n_features))),
        )
    } else {
        let qr = a.transpose().qr();
        let shrunk = Shrunk::of(qr.r().transpose(), alpha, n_rows.max(n_features))?;
        let inner = shrunk
            .v_t
            .tr_mul(&shrunk.factors.component_mul(&shrunk.u.tr_mul(&b)));
        qr.q() * inner
    };
    let intercept = (mean - means.dot(&weights)) * y_unit;
    let coefficients: Vec<f64> = weights.iter().map(|weight| weight / x_unit * y_unit).collect();
    Linear::new(coefficients, intercept).ok_or(Failure::Overflow)
}

/// A square matrix decomposed, with the factor s / (s² + α) in place of each singular value s.
struct Shrunk {
    u: DMatrix<f64>,
    v_t: DMatrix<f64>,
    factors: DVector<f64>,
}

impl Shrunk {
    fn of(matrix: DMatrix<f64>, alpha: f64, longest_side: usize) -> Result<Shrunk, Failure> {
        let max_iterations = 1_000 + 100 * matrix.nrows();
        let svd =
            SVD::try_new(matrix, true, true, f64::EPSILON, max_iterations).ok_or(Failure::NoConvergence)?;
        let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else {
            return Err(Failure::NoConvergence);
        };
        let largest = svd.singular_values.max();
        let negligible = if alpha > 0.0 {
            0.0
        } else {
            longest_side as f64 * f64::EPSILON * largest
        };
        let factor = |s: f64| if s <= negligible { 0.0 } else { s / (s * s + alpha) };
        Ok(Shrunk {
            u,
            v_t,
            factors: svd.singular_values.map(factor),
        })
    }
}

/// A power of two near the largest magnitude: dividing by it is exact, and squares of the result cannot overflow.
fn power_of_two_above<'a>(numbers: impl Iterator<Item = &'a f64>) -> f64 {
    let largest = numbers.fold(0.0_f64, |largest, number| largest.max(number.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
}
