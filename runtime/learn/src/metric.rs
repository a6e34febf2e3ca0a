//! Metrics: how good predictions are, as scikit-learn's scorers of the same names.

mod classes;
mod error;
mod numbers;
mod predicted;
mod probabilities;
mod ranks;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use crate::{Column, Fitted, Table, Task, distinct::Distinct, near::near};

pub use error::{MetricNameError, ScoreError};
pub use predicted::Predicted;

macro_rules! metrics {
    (
        classes { $($(#[$class_doc:meta])* $Class:ident = $class:literal,)* }
        numbers { $($(#[$number_doc:meta])* $Number:ident = $number:literal,)* }
    ) => {
        /// A measure of predictions against the target. Greater is always better: losses are negated.
        ///
        /// "Class by class" means: computed for each class against all others, for the classes that the target or the
        /// predictions have. A share of nothing counts as 0. With two classes, the second in order (of texts by code
        /// points, of numbers by size, true after false) is the positive one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[$class_doc])* $Class,)*
            $($(#[$number_doc])* $Number,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Metric] = &[$(Metric::$Class,)* $(Metric::$Number,)*];

            /// The metrics of a task; the first is its default.
            pub fn of(task: Task) -> &'static [Metric] {
                match task {
                    Task::Classification => &[$(Metric::$Class,)*],
                    Task::Regression => &[$(Metric::$Number,)*],
                }
            }

            /// The task whose predictions it measures.
            pub fn task(self) -> Task {
                match self {
                    $(Metric::$Class)|* => Task::Classification,
                    $(Metric::$Number)|* => Task::Regression,
                }
            }

            /// The name of scikit-learn's scorer, such as `neg_log_loss`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Metric::$Class => $class,)*
                    $(Metric::$Number => $number,)*
                }
            }
        }
    };
}

metrics! {
    classes {
        /// The share of rows whose class is predicted, from 0 to 1.
        Accuracy = "accuracy",
        /// The mean, over the classes that the target has, of the share of their rows that is predicted right.
        BalancedAccuracy = "balanced_accuracy",
        /// 2·precision·recall / (precision + recall) of the positive class; of two classes only.
        F1 = "f1",
        /// F1 class by class, their mean.
        F1Macro = "f1_macro",
        /// F1 of all classes counted together, which is the accuracy.
        F1Micro = "f1_micro",
        /// F1 class by class, their mean weighted by the rows of each class.
        F1Weighted = "f1_weighted",
        /// Of the rows predicted as the positive class, the share that is of it; of two classes only.
        Precision = "precision",
        /// Precision class by class, their mean.
        PrecisionMacro = "precision_macro",
        /// Precision of all classes counted together, which is the accuracy.
        PrecisionMicro = "precision_micro",
        /// Precision class by class, their mean weighted by the rows of each class.
        PrecisionWeighted = "precision_weighted",
        /// Of the rows of the positive class, the share that is predicted as it; of two classes only.
        Recall = "recall",
        /// Recall class by class, their mean.
        RecallMacro = "recall_macro",
        /// Recall of all classes counted together, which is the accuracy.
        RecallMicro = "recall_micro",
        /// Recall class by class, their mean weighted by the rows of each class.
        RecallWeighted = "recall_weighted",
        /// Of the rows that are of the positive class or predicted as it, the share that is both; of two classes only.
        Jaccard = "jaccard",
        /// Jaccard class by class, their mean.
        JaccardMacro = "jaccard_macro",
        /// Jaccard of all classes counted together.
        JaccardMicro = "jaccard_micro",
        /// Jaccard class by class, their mean weighted by the rows of each class.
        JaccardWeighted = "jaccard_weighted",
        /// The correlation of classes and predictions, from -1 to 1; 0 if one of the two is always the same.
        /// Source: Matthews (1975), for more than two classes Gorodkin (2004).
        MatthewsCorrcoef = "matthews_corrcoef",
        /// The chance that a row of the positive class has a higher probability of it than a row of the other class,
        /// equal probabilities counting half; of two classes only.
        RocAuc = "roc_auc",
        /// `roc_auc` of each class against all others, their mean.
        RocAucOvr = "roc_auc_ovr",
        /// `roc_auc` of each class against all others, their mean weighted by the rows of each class.
        RocAucOvrWeighted = "roc_auc_ovr_weighted",
        /// `roc_auc` of each pair of classes, their mean. Source: Hand and Till (2001).
        RocAucOvo = "roc_auc_ovo",
        /// `roc_auc` of each pair of classes, their mean weighted by the rows of each pair.
        RocAucOvoWeighted = "roc_auc_ovo_weighted",
        /// The mean precision over the rows of the positive class, as rows are taken by falling probability; of two
        /// classes only.
        AveragePrecision = "average_precision",
        /// The mean of ln(probability of the row's class), at most 0. Probabilities are moved into [ε, 1 − ε] first, ε
        /// being 2⁻⁵², so that a sure and wrong prediction counts about −36.
        NegLogLoss = "neg_log_loss",
        /// The mean of −Σ(probability − 1 for the row's class, or − 0 for another)², from −2 to 0; half of that for two
        /// classes, as is usual there. Source: Brier (1950).
        NegBrierScore = "neg_brier_score",
    }
    numbers {
        /// 1 − (squared errors) / (squared distances of the target from its mean), at most 1; the mean of the target,
        /// as a prediction, gives 0. A constant target gives 1 if it is predicted exactly and 0 otherwise.
        R2 = "r2",
        /// As `r2`, but forgiving an error that is the same in every row.
        ExplainedVariance = "explained_variance",
        /// The mean of −(error²), at most 0, in the square of the target's unit.
        NegMeanSquaredError = "neg_mean_squared_error",
        /// Minus the root of the mean of error², at most 0, in the target's unit.
        NegRootMeanSquaredError = "neg_root_mean_squared_error",
        /// The mean of −|error|, at most 0, in the target's unit.
        NegMeanAbsoluteError = "neg_mean_absolute_error",
        /// The median of |error|, negated, in the target's unit.
        NegMedianAbsoluteError = "neg_median_absolute_error",
        /// The mean of −|error| / |target|, at most 0: 1 is 100 percent. A target nearer to 0 than 2⁻⁵² counts as that.
        NegMeanAbsolutePercentageError = "neg_mean_absolute_percentage_error",
        /// The largest |error|, negated, in the target's unit.
        NegMaxError = "neg_max_error",
    }
}

impl Metric {
    /// Predicts `features` and measures the predictions against `target`; greater is better, and the score is finite.
    ///
    /// To ask several metrics about the same rows, make a [`Predicted`] once. Errors: as [`Predicted::of`] and
    /// [`Predicted::score`].
    pub fn score(self, fitted: &Fitted, features: &Table, target: &Column) -> Result<f64, ScoreError> {
        self.check_task(fitted)?;
        Predicted::of(fitted, features, target)?.score(self)
    }

    /// Whether it can measure a classifier of this target, as far as the number of classes goes: known before a fit.
    ///
    /// Errors: a metric of two classes and a target with more, with the metric to use instead.
    pub fn check_classes(self, target: &Column) -> Result<(), ScoreError> {
        if self.for_more_classes().is_none() {
            return Ok(());
        }
        match Distinct::of(target) {
            Ok(classes) => self.check_two(classes.len()),
            // The fit names the row without a target.
            Err(_) => Ok(()),
        }
    }

    /// What measures more than two classes in place of a metric that is of two only.
    fn for_more_classes(self) -> Option<Metric> {
        match self {
            Metric::F1 => Some(Metric::F1Macro),
            Metric::Precision => Some(Metric::PrecisionMacro),
            Metric::Recall => Some(Metric::RecallMacro),
            Metric::Jaccard => Some(Metric::JaccardMacro),
            Metric::RocAuc | Metric::AveragePrecision => Some(Metric::RocAucOvr),
            _ => None,
        }
    }

    fn check_two(self, n_classes: usize) -> Result<(), ScoreError> {
        match self.for_more_classes() {
            Some(instead) if n_classes > 2 => Err(ScoreError::TwoClasses {
                metric: self,
                n_classes,
                instead,
            }),
            _ => Ok(()),
        }
    }

    fn check_task(self, fitted: &Fitted) -> Result<(), ScoreError> {
        let task = fitted.signature().task;
        if self.task() == task {
            return Ok(());
        }
        let names: Vec<&str> = Metric::of(task).iter().map(|metric| metric.name()).collect();
        Err(ScoreError::Task {
            metric: self,
            estimator: fitted.estimator_name(),
            instead: names.join(", "),
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = MetricNameError;

    fn from_str(name: &str) -> Result<Metric, MetricNameError> {
        let found = Metric::ALL.iter().find(|metric| metric.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
            MetricNameError {
                name: name.chars().take(80).collect(),
                near: near(name, names.iter().copied()),
                known: names.join(", "),
            }
        })
    }
}
