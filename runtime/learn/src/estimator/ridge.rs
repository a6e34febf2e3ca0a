//! Ridge regression.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::{Convergence, Regresses, Regressor, check_range, least_squares::penalized, linear::Linear};
use crate::{
    Control, FitError, LoadError,
    container::{PartReader, PartWriter},
};

/// Hyperparameters of ridge regression: minimizes ‖y − Xw − b‖² + α‖w‖²; the intercept b is not penalized.
///
/// Errors of a fit: `Overflow` if a weight is too large for 64-bit floating point. Source: Hoerl and Kennard (1970);
/// scikit-learn's `Ridge`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// α in the formula, finite and at least 0, in the square of the features' unit. 0 gives ordinary least squares
    /// (of several solutions the one with the smallest weights), a large one draws every weight to 0. Default 1.
    pub alpha: f64,
    /// Whether there is an intercept; without one, features and target should be centered. Default true.
    pub fit_intercept: bool,
}

impl Default for Ridge {
    fn default() -> Ridge {
        Ridge {
            alpha: 1.0,
            fit_intercept: true,
        }
    }
}

/// The weights that a ridge fit found.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedRidge(Linear);

impl FittedRidge {
    /// One weight per column of the matrix.
    pub fn coefficients(&self) -> &[f64] {
        &self.0.coefficients
    }

    /// The prediction where every column is 0; 0 without `fit_intercept`.
    pub fn intercept(&self) -> f64 {
        self.0.intercept
    }
}

impl Regresses for Ridge {
    const KIND: &'static str = "ridge";
    type Fitted = FittedRidge;

    fn check(&self) -> Result<(), FitError> {
        let obeys = self.alpha.is_finite() && self.alpha >= 0.0;
        check_range(
            Self::KIND,
            "alpha",
            self.alpha,
            obeys,
            "a finite number of at least 0",
        )
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: ArrayView1<'_, f64>,
        control: &Control<'_>,
    ) -> Result<FittedRidge, FitError> {
        if control.is_cancelled() {
            return Err(FitError::Cancelled);
        }
        let linear =
            penalized(x, y, self.fit_intercept, self.alpha, control)?.ok_or_else(|| FitError::Overflow {
                owner: Self::KIND.to_owned(),
            })?;
        Ok(FittedRidge(linear))
    }
}

impl Regressor for FittedRidge {
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

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedRidge, LoadError> {
        Linear::read(reader).map(FittedRidge)
    }
}
