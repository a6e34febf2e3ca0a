//! Brings number columns to a given range.

use super::{Learns, Taken, Transforms, finite, numbers};
use crate::{
    Column, ColumnKind, FitError, LoadError, PredictError,
    container::{PartReader, PartWriter},
    wording::shown,
};

/// Hyperparameters of the min-max scaler: z = min + (max − min) · (x − lowest) / (highest − lowest), each column on its
/// own, where lowest and highest are those of the fit.
///
/// A constant column becomes `min`. Missing cells are left out of the fit and stay missing. Source: scikit-learn's
/// `MinMaxScaler`, with one difference: there every column that spreads by less than 2.2e-15 counts as constant,
/// whatever its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct MinMaxScaler {
    /// What the lowest number of the fit becomes; finite and below `max`. Default 0.
    pub min: f64,
    /// What the highest number of the fit becomes. Default 1.
    pub max: f64,
    /// Whether numbers beyond those of the fit become the nearer end of the range. Default false: they leave it.
    pub clip: bool,
}

impl Default for MinMaxScaler {
    fn default() -> MinMaxScaler {
        MinMaxScaler {
            min: 0.0,
            max: 1.0,
            clip: false,
        }
    }
}

/// The ranges of the fitted columns.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedMinMaxScaler {
    scaler: MinMaxScaler,
    lowest: Vec<f64>,
    spans: Vec<f64>,
}

impl FittedMinMaxScaler {
    /// The lowest number of the fit, one per column.
    pub fn lowest(&self) -> &[f64] {
        &self.lowest
    }

    /// What the highest number of the fit is above the lowest, one positive number per column; 1 for a constant one.
    pub fn spans(&self) -> &[f64] {
        &self.spans
    }
}

impl MinMaxScaler {
    fn range_is_sound(&self) -> bool {
        self.min < self.max && (self.max - self.min).is_finite()
    }
}

impl Learns for MinMaxScaler {
    const KIND: &'static str = "minMaxScaler";
    type Fitted = FittedMinMaxScaler;

    fn takes(&self) -> Vec<ColumnKind> {
        vec![ColumnKind::Number]
    }

    fn check(&self) -> Result<(), FitError> {
        if self.range_is_sound() {
            return Ok(());
        }
        Err(FitError::Hyperparameter {
            owner: Self::KIND.to_owned(),
            name: "featureRange",
            value: format!("{} to {}", shown(self.min), shown(self.max)),
            rule: "from one finite number to a greater one".into(),
        })
    }

    fn fit(&self, columns: &Taken<'_>) -> Result<FittedMinMaxScaler, FitError> {
        let mut fitted = FittedMinMaxScaler {
            scaler: self.clone(),
            lowest: Vec::with_capacity(columns.len()),
            spans: Vec::with_capacity(columns.len()),
        };
        for &(name, column) in columns {
            let cells = numbers(name, column).unwrap_or_default();
            // `min` and `max` pass over missing cells, which are NaN.
            let lowest = cells.iter().copied().fold(f64::NAN, f64::min);
            let highest = cells.iter().copied().fold(f64::NAN, f64::max);
            if lowest.is_nan() {
                return Err(FitError::AllMissing {
                    transformer: Self::KIND,
                    column: name.to_owned(),
                });
            }
            let span = highest - lowest;
            if !span.is_finite() {
                return Err(FitError::ColumnOverflow {
                    owner: Self::KIND.to_owned(),
                    column: name.to_owned(),
                });
            }
            fitted.lowest.push(lowest);
            fitted.spans.push(if span > 0.0 { span } else { 1.0 });
        }
        Ok(fitted)
    }
}

impl Transforms for FittedMinMaxScaler {
    fn n_columns(&self) -> usize {
        self.lowest.len()
    }

    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
        let MinMaxScaler { min, max, clip } = self.scaler;
        let learned = self.lowest.iter().zip(&self.spans);
        let scale = |(&(name, column), (lowest, span)): (&(&str, &Column), (&f64, &f64))| {
            let cells = numbers(name, column)?.iter();
            let scaled = cells.map(|cell| (cell - lowest) / span * (max - min) + min);
            let scaled: Vec<f64> = if clip {
                // `clamp` leaves missing cells missing, and brings an infinity back.
                scaled.map(|cell| cell.clamp(min, max)).collect()
            } else {
                scaled.collect()
            };
            Ok(vec![Column::Number(finite(scaled, || name.to_owned())?)])
        };
        columns.iter().zip(learned).map(scale).collect()
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        writer.fact("clip", self.scaler.clip);
        writer.numbers("range", &[self.scaler.min, self.scaler.max]);
        writer.numbers("lowest", &self.lowest);
        writer.numbers("spans", &self.spans);
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedMinMaxScaler, LoadError> {
        let clip = reader.fact("clip")?;
        let &[min, max] = reader.numbers("range")?.as_slice() else {
            return Err(LoadError::invalid("minMaxScaler: the range has not two ends"));
        };
        let fitted = FittedMinMaxScaler {
            scaler: MinMaxScaler { min, max, clip },
            lowest: reader.numbers("lowest")?,
            spans: reader.numbers("spans")?,
        };
        if !fitted.scaler.range_is_sound() {
            return Err(LoadError::invalid("minMaxScaler: the range is empty"));
        }
        if fitted.lowest.len() != fitted.spans.len() {
            return Err(LoadError::invalid(
                "minMaxScaler: lowest numbers and spans differ in number",
            ));
        }
        if fitted.spans.iter().any(|&span| span <= 0.0) {
            return Err(LoadError::invalid("minMaxScaler: a span is not positive"));
        }
        Ok(fitted)
    }
}
