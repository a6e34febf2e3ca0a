//! The metrics by which a fit is judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A metric, by scikit-learn's scorer name; greater is better.
///
/// Of two classes, the second in order is the positive one: of texts by code points, of numbers by size, true after
/// false. "Class by class" means each class against all others. A share of nothing counts as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// Share of rows predicted right.
    Accuracy,
    /// Mean, over the classes, of the share of their rows predicted right.
    BalancedAccuracy,
    /// Harmonic mean of precision and recall of the positive class; for two classes.
    F1,
    /// F1 class by class, their mean.
    F1Macro,
    /// F1 of all classes counted together.
    F1Micro,
    /// F1 class by class, weighted by the rows of each.
    F1Weighted,
    /// Of the rows predicted positive, the share that is; for two classes.
    Precision,
    /// Precision class by class, their mean.
    PrecisionMacro,
    /// Precision of all classes counted together.
    PrecisionMicro,
    /// Precision class by class, weighted by the rows of each.
    PrecisionWeighted,
    /// Of the positive rows, the share that is predicted so; for two classes.
    Recall,
    /// Recall class by class, their mean.
    RecallMacro,
    /// Recall of all classes counted together.
    RecallMicro,
    /// Recall class by class, weighted by the rows of each.
    RecallWeighted,
    /// Of the rows that are positive or predicted so, the share that is both; for two classes.
    Jaccard,
    /// Jaccard class by class, their mean.
    JaccardMacro,
    /// Jaccard of all classes counted together.
    JaccardMicro,
    /// Jaccard class by class, weighted by the rows of each.
    JaccardWeighted,
    /// Correlation of classes and predictions, from -1 to 1.
    MatthewsCorrcoef,
    /// Chance that a positive row is ranked above a negative one by its probability; for two classes.
    RocAuc,
    /// That chance for each class against all others, their mean.
    RocAucOvr,
    /// That chance for each class against all others, weighted by the rows of each.
    RocAucOvrWeighted,
    /// That chance for each pair of classes, their mean.
    RocAucOvo,
    /// That chance for each pair of classes, weighted by the rows of each.
    RocAucOvoWeighted,
    /// Mean precision as rows are taken by falling probability of the positive class; for two classes.
    AveragePrecision,
    /// Minus the mean negative logarithm of the right class's probability.
    NegLogLoss,
    /// Minus the mean squared error of the probabilities.
    NegBrierScore,
    /// Share of the target's variance explained.
    R2,
    /// Share of the target's variance explained, forgiving an error that is the same in every row.
    ExplainedVariance,
    /// Minus the mean squared error.
    NegMeanSquaredError,
    /// Minus the root of the mean squared error.
    NegRootMeanSquaredError,
    /// Minus the mean absolute error.
    NegMeanAbsoluteError,
    /// Minus the median absolute error.
    NegMedianAbsoluteError,
    /// Minus the mean of |error| / |target|; 1 is 100 percent.
    NegMeanAbsolutePercentageError,
    /// Minus the largest absolute error.
    NegMaxError,
}

impl Scoring {
    /// The metrics of classes; the first is the default of classifiers.
    pub const OF_CLASSES: &'static [Scoring] = &[
        Scoring::Accuracy,
        Scoring::BalancedAccuracy,
        Scoring::F1,
        Scoring::F1Macro,
        Scoring::F1Micro,
        Scoring::F1Weighted,
        Scoring::Precision,
        Scoring::PrecisionMacro,
        Scoring::PrecisionMicro,
        Scoring::PrecisionWeighted,
        Scoring::Recall,
        Scoring::RecallMacro,
        Scoring::RecallMicro,
        Scoring::RecallWeighted,
        Scoring::Jaccard,
        Scoring::JaccardMacro,
        Scoring::JaccardMicro,
        Scoring::JaccardWeighted,
        Scoring::MatthewsCorrcoef,
        Scoring::RocAuc,
        Scoring::RocAucOvr,
        Scoring::RocAucOvrWeighted,
        Scoring::RocAucOvo,
        Scoring::RocAucOvoWeighted,
        Scoring::AveragePrecision,
        Scoring::NegLogLoss,
        Scoring::NegBrierScore,
    ];

    /// The metrics of numbers; the first is the default of regressors.
    pub const OF_NUMBERS: &'static [Scoring] = &[
        Scoring::R2,
        Scoring::ExplainedVariance,
        Scoring::NegMeanSquaredError,
        Scoring::NegRootMeanSquaredError,
        Scoring::NegMeanAbsoluteError,
        Scoring::NegMedianAbsoluteError,
        Scoring::NegMeanAbsolutePercentageError,
        Scoring::NegMaxError,
    ];

    /// The name in a manifest, which is scikit-learn's.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => unreachable!("a variant without fields is written as its name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Scoring;
    use crate::crd::model_schema;

    #[test]
    fn each_metric_of_the_schema_is_either_of_classes_or_of_numbers() {
        let schema = &model_schema()["properties"]["spec"]["properties"]["training"]["properties"]["scoring"];
        let written: BTreeSet<&str> = schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|name| name.as_str())
            .collect();
        let listed: Vec<String> = [Scoring::OF_CLASSES, Scoring::OF_NUMBERS]
            .concat()
            .iter()
            .map(|metric| metric.name())
            .collect();
        assert_eq!(
            listed.iter().map(String::as_str).collect::<BTreeSet<_>>(),
            written
        );
        assert_eq!(listed.len(), written.len(), "a metric stands in one list, once");
    }
}
