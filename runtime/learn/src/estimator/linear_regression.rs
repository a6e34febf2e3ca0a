//! Ordinary least squares.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::{Convergence, Regresses, Regressor, check_range, least_squares::least_squares, linear::Linear};
use crate::{
    Control, FitError, LoadError,
    container::{PartReader, PartWriter},
};

/// Hyperparameters of ordinary least squares: minimizes ‖y − Xw − b‖².
///
/// Of several minima (dependent columns, or fewer rows than columns) it takes the one with the smallest ‖w‖. Errors of a
/// fit: `Overflow` if a weight is too large for 64-bit floating point. Source: scikit-learn's `LinearRegression`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearRegression {
    /// Whether there is an intercept; without one, features and target should be centered. Default true.
    pub fit_intercept: bool,
    /// Columns count as dependent on each other when the rows spread, in some direction, by at most this part of the
    /// widest spread; from 0 (rounding alone) to below 1. Default 1e-6. As in scikit-learn since 1.9, except that the
    /// columns are brought to the same length first: there a column in small units beside one in large units is lost.
    pub tol: f64,
}

impl Default for LinearRegression {
    fn default() -> LinearRegression {
        LinearRegression {
            fit_intercept: true,
            tol: 1e-6,
        }
    }
}

/// The weights that a least squares fit found.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLinearRegression(Linear);

impl FittedLinearRegression {
    /// One weight per column of the matrix.
    pub fn coefficients(&self) -> &[f64] {
        &self.0.coefficients
    }

    /// The prediction where every column is 0; 0 without `fit_intercept`.
    pub fn intercept(&self) -> f64 {
        self.0.intercept
    }
}

impl Regresses for LinearRegression {
    const KIND: &'static str = "linearRegression";
    type Fitted = FittedLinearRegression;

    fn check(&self) -> Result<(), FitError> {
        let obeys = (0.0..1.0).contains(&self.tol);
        check_range(Self::KIND, "tol", self.tol, obeys, "at least 0 and below 1")
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: ArrayView1<'_, f64>,
        control: &Control<'_>,
    ) -> Result<FittedLinearRegression, FitError> {
        if control.is_cancelled() {
            return Err(FitError::Cancelled);
        }
        let linear = least_squares(x, y, self.fit_intercept, self.tol, control)?.ok_or_else(|| {
            FitError::Overflow {
                owner: Self::KIND.to_owned(),
            }
        })?;
        Ok(FittedLinearRegression(linear))
    }
}

impl Regressor for FittedLinearRegression {
    fn n_features(&self) -> usize {
        self.0.coefficients.len()
    }

    fn convergence(&self) -> Option<Convergence> {
        None
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Array1<f64> {
        self.0.predict(x)
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        self.0.write(writer);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedLinearRegression, LoadError> {
        Linear::read(reader).map(FittedLinearRegression)
    }
}
