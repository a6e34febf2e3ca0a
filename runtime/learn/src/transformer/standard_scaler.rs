//! Brings number columns to mean 0 and variance 1.

use super::{Learns, Taken, Transforms, finite, numbers};
use crate::{
    Column, ColumnKind, FitError, LoadError, PredictError,
    container::{PartReader, PartWriter},
};

/// Hyperparameters of the standard scaler: z = (x − mean) / scale, each column on its own.
///
/// The scale is the standard deviation of the fit (divided by n, not n − 1); a column whose variance is only rounding
/// gets the scale 1. Missing cells are left out of the fit and stay missing. Source: scikit-learn's `StandardScaler`.
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    /// Whether the mean is subtracted. Default true.
    pub with_mean: bool,
    /// Whether the result is divided by the standard deviation. Default true.
    pub with_std: bool,
}

impl Default for StandardScaler {
    fn default() -> StandardScaler {
        StandardScaler {
            with_mean: true,
            with_std: true,
        }
    }
}

/// The means and scales of the fitted columns.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedStandardScaler {
    means: Vec<f64>,
    scales: Vec<f64>,
}

impl FittedStandardScaler {
    /// What is subtracted, one number per column; 0 without `with_mean`.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// What the difference is divided by, one positive number per column; 1 without `with_std`.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }
}

impl Learns for StandardScaler {
    const KIND: &'static str = "standardScaler";
    type Fitted = FittedStandardScaler;

    fn takes(&self) -> Vec<ColumnKind> {
        vec![ColumnKind::Number]
    }

    fn check(&self) -> Result<(), FitError> {
        Ok(())
    }

    fn fit(&self, columns: &Taken<'_>) -> Result<FittedStandardScaler, FitError> {
        let mut fitted = FittedStandardScaler {
            means: Vec::new(),
            scales: Vec::new(),
        };
        for &(name, column) in columns {
            let moments = match column {
                Column::Number(cells) => Moments::of(cells),
                Column::Text(_) | Column::Boolean(_) => None,
            };
            let moments = moments.ok_or_else(|| FitError::AllMissing {
                transformer: Self::KIND,
                column: name.to_owned(),
            })?;
            let scale = if self.with_std { moments.scale() } else { 1.0 };
            if !scale.is_finite() {
                return Err(FitError::ColumnOverflow {
                    owner: Self::KIND.to_owned(),
                    column: name.to_owned(),
                });
            }
            fitted.means.push(if self.with_mean { moments.mean } else { 0.0 });
            fitted.scales.push(scale);
        }
        Ok(fitted)
    }
}

impl Transforms for FittedStandardScaler {
    fn n_columns(&self) -> usize {
        self.means.len()
    }

    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
        let learned = self.means.iter().zip(&self.scales);
        let scale = |(&(name, column), (mean, scale)): (&(&str, &Column), (&f64, &f64))| {
            let cells = numbers(name, column)?.iter();
            let scaled = cells.map(|cell| (cell - mean) / scale).collect();
            Ok(vec![Column::Number(finite(scaled, || name.to_owned())?)])
        };
        columns.iter().zip(learned).map(scale).collect()
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        writer.numbers("means", &self.means);
        writer.numbers("scales", &self.scales);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedStandardScaler, LoadError> {
        let means = reader.numbers("means")?;
        let scales = reader.numbers("scales")?;
        if means.len() != scales.len() {
            return Err(LoadError::invalid(
                "standardScaler: means and scales differ in number",
            ));
        }
        if scales.iter().any(|&scale| scale <= 0.0) {
            return Err(LoadError::invalid("standardScaler: a scale is not positive"));
        }
        Ok(FittedStandardScaler { means, scales })
    }
}

/// Mean and variance of the cells that are there.
struct Moments {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// Two passes, the second corrected for the rounding of the first (Chan, Golub and LeVeque, 1983), as
    /// scikit-learn does, so that the results agree to the last digits. `None` when every cell is missing.
    fn of(cells: &[f64]) -> Option<Moments> {
        let present = || cells.iter().filter(|cell| !cell.is_nan());
        let n = present().count() as f64;
        if n == 0.0 {
            return None;
        }
        let sum: f64 = present().sum();
        let mean = if sum.is_finite() {
            sum / n
        } else {
            present().map(|cell| cell / n).sum()
        };
        let correction: f64 = present().map(|cell| cell - mean).sum();
        let squares: f64 = present().map(|cell| (cell - mean).powi(2)).sum();
        Some(Moments {
            n,
            mean,
            variance: (squares - correction * correction / n) / n,
        })
    }

    /// The standard deviation, or 1 where the variance is below the error bound of the two passes.
    fn scale(&self) -> f64 {
        let rounding = self.n * f64::EPSILON * self.variance + (self.n * self.mean * f64::EPSILON).powi(2);
        if self.variance <= rounding {
            1.0
        } else {
            self.variance.sqrt()
        }
    }
}
