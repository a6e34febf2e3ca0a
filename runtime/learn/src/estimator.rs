//! Estimators: each learns from a matrix and a target, then predicts.
//!
//! An estimator is one file: hyperparameters that implement [`Classifies`] or [`Regresses`], the fitted form that
//! implements [`Classifier`] or [`Regressor`], and one line in the list below.

mod class_weight;
mod decision_tree;
mod least_squares;
mod linear;
mod linear_regression;
mod logistic_regression;
mod random_forest;
mod ridge;
mod tree;

use std::borrow::Cow;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::{
    Column, Control, FitError, LoadError, Task,
    container::{PartReader, PartWriter},
    size::{Demand, bytes_of, check_bytes},
    target::{self, Classes},
    wording::{counted, shown},
};

pub use class_weight::ClassWeight;
pub use decision_tree::{DecisionTreeClassifier, DecisionTreeRegressor};
pub use linear_regression::{FittedLinearRegression, LinearRegression};
pub use logistic_regression::{FittedLogisticRegression, LogisticRegression};
pub use random_forest::{RandomForestClassifier, RandomForestRegressor};
pub use ridge::{FittedRidge, Ridge};
pub use tree::{
    ClassCriterion, FittedClassTrees, FittedNumberTrees, MaxFeatures, MaxSamples, NumberCriterion,
    TreeGrowth, TreeNode,
};

/// How an iterative fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convergence {
    /// Iterations done.
    pub n_iter: usize,
    /// Whether the tolerance was met, or no step in 64-bit floating point could improve the result any further.
    /// `false`: the iterations ran out; scale the features, or raise `maxIter`.
    pub converged: bool,
}

/// Hyperparameters of a classifier.
pub(crate) trait Classifies {
    /// The name in a manifest and in a model file.
    const KIND: &'static str;
    /// What comes of a fit.
    type Fitted: Classifier;

    /// Whether every hyperparameter is in its range.
    fn check(&self) -> Result<(), FitError>;

    /// Learns from n_rows × n_features finite numbers and the class of each row; there are at least two classes.
    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &Classes,
        control: &Control<'_>,
    ) -> Result<Self::Fitted, FitError>;
}

/// A fitted classifier.
pub(crate) trait Classifier: Sized {
    /// Columns of the matrix it was fitted with.
    fn n_features(&self) -> usize;
    /// Number of classes.
    fn n_classes(&self) -> usize;
    /// How the fit ended, if it was iterative.
    fn convergence(&self) -> Option<Convergence>;
    /// How much each column of the matrix matters, as shares; `None` if the classifier does not tell.
    fn importances(&self) -> Option<&[f64]> {
        None
    }
    /// n_rows × n_classes probabilities, each row summing to 1; NaN in a row whose numbers overflow.
    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64>;
    /// Puts everything learned into a model file.
    fn write(&self, writer: &mut PartWriter<'_>);
    /// Takes it back out, and checks every length and range.
    fn read(reader: &mut PartReader<'_, '_>) -> Result<Self, LoadError>;
}

/// Hyperparameters of a regressor.
pub(crate) trait Regresses {
    /// The name in a manifest and in a model file.
    const KIND: &'static str;
    /// What comes of a fit.
    type Fitted: Regressor;

    /// Whether every hyperparameter is in its range.
    fn check(&self) -> Result<(), FitError>;

    /// Whether it can learn the finite numbers `y` of the target `name`.
    fn check_target(&self, _name: &str, _y: &[f64]) -> Result<(), FitError> {
        Ok(())
    }

    /// Learns from n_rows × n_features finite numbers and n_rows finite targets, which were checked.
    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: ArrayView1<'_, f64>,
        control: &Control<'_>,
    ) -> Result<Self::Fitted, FitError>;
}

/// A fitted regressor.
pub(crate) trait Regressor: Sized {
    /// Columns of the matrix it was fitted with.
    fn n_features(&self) -> usize;
    /// How the fit ended, if it was iterative.
    fn convergence(&self) -> Option<Convergence>;
    /// How much each column of the matrix matters, as shares; `None` if the regressor does not tell.
    fn importances(&self) -> Option<&[f64]> {
        None
    }
    /// n_rows numbers; not finite in a row whose numbers overflow.
    fn predict(&self, x: ArrayView2<'_, f64>) -> Array1<f64>;
    /// Puts everything learned into a model file.
    fn write(&self, writer: &mut PartWriter<'_>);
    /// Takes it back out, and checks every length and range.
    fn read(reader: &mut PartReader<'_, '_>) -> Result<Self, LoadError>;
}

/// What an estimator says about rows.
pub(crate) enum Output {
    /// n_rows × n_classes.
    Probabilities(Array2<f64>),
    /// n_rows.
    Numbers(Array1<f64>),
}

impl Output {
    /// The first row with a number that is not finite.
    pub(crate) fn first_not_finite(&self) -> Option<usize> {
        match self {
            Output::Numbers(numbers) => numbers.iter().position(|number| !number.is_finite()),
            Output::Probabilities(rows) => rows
                .outer_iter()
                .position(|row| row.iter().any(|share| !share.is_finite())),
        }
    }
}

macro_rules! estimators {
    (
        classifiers { $($(#[$class_doc:meta])* $Classifies:ident => $Classifier:ident,)* }
        regressors { $($(#[$number_doc:meta])* $Regresses:ident => $Regressor:ident,)* }
    ) => {
        /// Hyperparameters of any estimator.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Estimator {
            $($(#[$class_doc])* $Classifies($Classifies),)*
            $($(#[$number_doc])* $Regresses($Regresses),)*
        }

        /// Any fitted estimator.
        #[derive(Clone, Debug, PartialEq)]
        pub enum FittedEstimator {
            $($(#[$class_doc])* $Classifies($Classifier),)*
            $($(#[$number_doc])* $Regresses($Regressor),)*
        }

        impl Estimator {
            /// The name in a manifest and in a model file, such as `logisticRegression`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Estimator::$Classifies(_) => <$Classifies as Classifies>::KIND,)*
                    $(Estimator::$Regresses(_) => <$Regresses as Regresses>::KIND,)*
                }
            }

            /// Whether it predicts classes or numbers.
            pub fn task(&self) -> Task {
                match self {
                    $(Estimator::$Classifies(_) => Task::Classification,)*
                    $(Estimator::$Regresses(_) => Task::Regression,)*
                }
            }

            /// Whether every hyperparameter is in its range.
            pub fn check(&self) -> Result<(), FitError> {
                match self {
                    $(Estimator::$Classifies(hyperparameters) => hyperparameters.check(),)*
                    $(Estimator::$Regresses(hyperparameters) => hyperparameters.check(),)*
                }
            }

            /// Learns from a matrix and the target's name and cells; also answers the classes of a classifier.
            pub(crate) fn fit(
                &self,
                x: ArrayView2<'_, f64>,
                (name, target): (&str, &Column),
                control: &Control<'_>,
            ) -> Result<(FittedEstimator, Option<Column>), FitError> {
                match self {
                    $(Estimator::$Classifies(hyperparameters) => {
                        let classes = Classes::of(name, target)?;
                        check_shares(self.kind(), x.nrows(), classes.n_classes(), control.memory())?;
                        let fitted = hyperparameters.fit(x, &classes, control)?;
                        Ok((FittedEstimator::$Classifies(fitted), Some(classes.labels)))
                    })*
                    $(Estimator::$Regresses(hyperparameters) => {
                        let numbers = target::numbers(name, target, self.kind())?;
                        hyperparameters.check_target(name, &numbers)?;
                        let fitted = hyperparameters.fit(x, ArrayView1::from(&numbers), control)?;
                        Ok((FittedEstimator::$Regresses(fitted), None))
                    })*
                }
            }
        }

        impl FittedEstimator {
            /// The name in a manifest and in a model file, such as `logisticRegression`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(FittedEstimator::$Classifies(_) => <$Classifies as Classifies>::KIND,)*
                    $(FittedEstimator::$Regresses(_) => <$Regresses as Regresses>::KIND,)*
                }
            }

            /// How the fit ended; `None` for an estimator that needs no iterations.
            pub fn convergence(&self) -> Option<Convergence> {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => fitted.convergence(),)*
                    $(FittedEstimator::$Regresses(fitted) => fitted.convergence(),)*
                }
            }

            /// How much each column of the matrix matters, as shares that sum to 1, or all 0 if none does; `None` for an
            /// estimator that does not tell.
            pub fn importances(&self) -> Option<&[f64]> {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => fitted.importances(),)*
                    $(FittedEstimator::$Regresses(fitted) => fitted.importances(),)*
                }
            }

            /// Columns of the matrix it was fitted with.
            pub(crate) fn n_features(&self) -> usize {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => fitted.n_features(),)*
                    $(FittedEstimator::$Regresses(fitted) => fitted.n_features(),)*
                }
            }

            /// Number of classes; `None` for a regressor.
            pub(crate) fn n_classes(&self) -> Option<usize> {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => Some(fitted.n_classes()),)*
                    $(FittedEstimator::$Regresses(_) => None,)*
                }
            }

            pub(crate) fn output(&self, x: ArrayView2<'_, f64>) -> Output {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => Output::Probabilities(fitted.predict_proba(x)),)*
                    $(FittedEstimator::$Regresses(fitted) => Output::Numbers(fitted.predict(x)),)*
                }
            }

            pub(crate) fn write(&self, writer: &mut PartWriter<'_>) {
                match self {
                    $(FittedEstimator::$Classifies(fitted) => fitted.write(writer),)*
                    $(FittedEstimator::$Regresses(fitted) => fitted.write(writer),)*
                }
            }

            pub(crate) fn read(kind: &str, reader: &mut PartReader<'_, '_>) -> Result<FittedEstimator, LoadError> {
                $(if kind == <$Classifies as Classifies>::KIND {
                    return $Classifier::read(reader).map(FittedEstimator::$Classifies);
                })*
                $(if kind == <$Regresses as Regresses>::KIND {
                    return $Regressor::read(reader).map(FittedEstimator::$Regresses);
                })*
                Err(LoadError::UnknownKind { part: "an estimator", kind: kind.chars().take(64).collect() })
            }
        }
    };
}

estimators! {
    classifiers {
        /// Linear classes with probabilities.
        LogisticRegression => FittedLogisticRegression,
        /// One tree of cuts.
        DecisionTreeClassifier => FittedClassTrees,
        /// Many trees of chance.
        RandomForestClassifier => FittedClassTrees,
    }
    regressors {
        /// Ordinary least squares.
        LinearRegression => FittedLinearRegression,
        /// Least squares with a penalty on the size of the weights.
        Ridge => FittedRidge,
        /// One tree of cuts.
        DecisionTreeRegressor => FittedNumberTrees,
        /// Many trees of chance.
        RandomForestRegressor => FittedNumberTrees,
    }
}

/// Whether the probabilities of all rows may be held, as a fit and its scores do.
fn check_shares(owner: &str, n_rows: usize, n_classes: usize, limit: u64) -> Result<(), FitError> {
    check_bytes(bytes_of(n_rows, n_classes), limit, || Demand {
        owner: owner.to_owned(),
        what: format!(
            "the probabilities of {} and {}",
            counted(n_rows, "row", "rows"),
            counted(n_classes, "class", "classes")
        ),
        remedy: "use fewer rows, such as by nrows, or a target with fewer classes".to_owned(),
    })
}

/// Whether `value` obeys `rule`, as an error that says so.
fn check_range(
    owner: &str,
    name: &'static str,
    value: f64,
    obeys: bool,
    rule: impl Into<Cow<'static, str>>,
) -> Result<(), FitError> {
    if obeys {
        Ok(())
    } else {
        Err(FitError::Hyperparameter {
            owner: owner.to_owned(),
            name,
            value: shown(value),
            rule: rule.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::check_shares;
    use crate::size::BYTES_MAX;

    #[test]
    fn probabilities_beyond_memory_are_refused_before_the_fit() {
        let check = |n_rows| check_shares("logisticRegression", n_rows, 1_000, BYTES_MAX);
        assert_eq!(check(400_000), Ok(()));
        assert_eq!(
            check(800_000).unwrap_err().to_string(),
            "logisticRegression: the probabilities of 800000 rows and 1000 classes would take 6 GiB, more than 4 GiB; use \
             fewer rows, such as by nrows, or a target with fewer classes"
        );
    }
}
