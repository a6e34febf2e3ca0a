//! Ordinary least squares.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::{
    Convergence, Regresses, Regressor,
    least_squares::{Failure, least_squares},
    linear::Linear,
};
use crate::{
    Control, FitError, LoadError,
    container::{PartReader, PartWriter},
};

/// Hyperparameters of ordinary least squares: minimizes ‖y − Xw − b‖².
///
/// Of several minima (dependent columns, or fewer rows than columns) it takes the one with the smallest ‖w‖. Columns
/// count as dependent only within rounding, as in scikit-learn before 1.9; from 1.9 on, its `LinearRegression` also
/// drops directions whose spread is a millionth of the largest, and with them features in small units. Errors of a
/// fit: `Overflow` if a weight is too large for 64-bit floating point. Source: scikit-learn's `LinearRegression`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearRegression {
    /// Whether there is an intercept; without one, features and target should be centered. Default true.
    pub fit_intercept: bool,
}

impl Default for LinearRegression {
    fn default() -> LinearRegression {
        LinearRegression { fit_intercept: true }
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
        Ok(())
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
        let linear = least_squares(x, y, 0.0, self.fit_intercept).map_err(|failure| match failure {
            Failure::Overflow => FitError::Overflow {
                owner: Self::KIND.to_owned(),
            },
            Failure::NoConvergence => FitError::NoSolution {
                estimator: Self::KIND,
            },
        })?;
        control.report(1, 1);
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
