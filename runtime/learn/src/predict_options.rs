//! What may be said about a prediction beyond its row.

use crate::{Cell, ColumnKind};
use thiserror::Error;

/// How to predict. The default is what [`crate::Fitted::predict`] does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PredictOptions {
    /// Of a classifier with two classes: the probability of the second class from which on that one is predicted. 0
    /// always predicts it, 1 only when it is certain. Absent: the more probable class, the first of equal ones.
    ///
    /// Source: the `threshold` of scikit-learn's `FixedThresholdClassifier`.
    pub threshold: Option<f64>,
}

/// A parameter that predict of a model takes, as the model declares it: see [`crate::Fitted::predict_parameters`].
#[derive(Clone, Copy, Debug)]
pub struct PredictParameter {
    /// What requests call it.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
    /// The smallest and the largest value of a number.
    pub range: (f64, f64),
    /// A value that leaves most predictions as they are.
    pub usual: f64,
    option: fn(&mut PredictOptions) -> &mut Option<f64>,
}

/// A value that a parameter cannot have.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{value} is not {wanted}")]
pub struct ParameterError {
    value: String,
    wanted: String,
}

/// See [`PredictOptions::threshold`].
pub(crate) const THRESHOLD: PredictParameter = PredictParameter {
    name: "threshold",
    kind: ColumnKind::Number,
    range: (0.0, 1.0),
    usual: 0.5,
    option: |options| &mut options.threshold,
};

impl PredictParameter {
    /// Puts `value` into `options`.
    ///
    /// Errors: a value of another kind, or outside the range.
    pub fn set(&self, value: Cell<'_>, options: &mut PredictOptions) -> Result<(), ParameterError> {
        let (lowest, highest) = self.range;
        match value {
            Cell::Number(number) if (lowest..=highest).contains(&number) => {
                *(self.option)(options) = Some(number);
                Ok(())
            }
            other => Err(ParameterError {
                value: match other {
                    Cell::Number(number) => number.to_string(),
                    Cell::Text(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
                    Cell::Boolean(boolean) => boolean.to_string(),
                    Cell::Missing => "a missing value".to_owned(),
                },
                wanted: format!("a number from {lowest} to {highest}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_the_range_is_taken_and_others_are_refused_in_words() {
        let check = |value: Cell<'_>, expected: Result<f64, &str>| {
            let mut options = PredictOptions::default();
            let set = THRESHOLD.set(value, &mut options);
            assert_eq!(
                set.map_err(|error| error.to_string()),
                expected.map(drop).map_err(str::to_owned)
            );
            assert_eq!(options.threshold, expected.ok());
        };
        check(Cell::Number(0.0), Ok(0.0));
        check(Cell::Number(1.0), Ok(1.0));
        check(Cell::Number(1.5), Err("1.5 is not a number from 0 to 1"));
        check(Cell::Number(f64::NAN), Err("NaN is not a number from 0 to 1"));
        check(Cell::Text("high"), Err("\"high\" is not a number from 0 to 1"));
        check(Cell::Missing, Err("a missing value is not a number from 0 to 1"));
    }
}
