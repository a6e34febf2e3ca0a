//! Weights and an intercept: what every linear regressor comes down to.

use ndarray::{Array1, ArrayView1, ArrayView2};

use crate::{
    LoadError,
    container::{PartReader, PartWriter},
};

/// ŷ = Xw + b with finite weights.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
}

impl Linear {
    /// `None` if a number is not finite.
    pub(super) fn new(coefficients: Vec<f64>, intercept: f64) -> Option<Linear> {
        let finite = intercept.is_finite() && coefficients.iter().all(|weight| weight.is_finite());
        finite.then_some(Linear {
            coefficients,
            intercept,
        })
    }

    pub(super) fn predict(&self, x: ArrayView2<'_, f64>) -> Array1<f64> {
        x.dot(&ArrayView1::from(&self.coefficients)) + self.intercept
    }

    pub(super) fn write(&self, writer: &mut PartWriter<'_>) {
        writer.numbers("coefficients", &self.coefficients);
        writer.numbers("intercept", &[self.intercept]);
    }

    pub(super) fn read(reader: &mut PartReader<'_, '_>) -> Result<Linear, LoadError> {
        let coefficients = reader.numbers("coefficients")?;
        match *reader.numbers("intercept")?.as_slice() {
            [intercept] => Ok(Linear {
                coefficients,
                intercept,
            }),
            _ => Err(LoadError::invalid("there is not exactly one intercept")),
        }
    }
}
