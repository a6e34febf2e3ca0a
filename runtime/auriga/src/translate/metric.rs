//! From the metrics of manifests to those of the learning library.

use auriga_crds::Scoring;
use auriga_learn::Metric;

/// The metric that a manifest names.
pub(crate) fn metric(scoring: Scoring) -> Metric {
    match scoring {
        Scoring::Accuracy => Metric::Accuracy,
        Scoring::BalancedAccuracy => Metric::BalancedAccuracy,
        Scoring::F1 => Metric::F1,
        Scoring::F1Macro => Metric::F1Macro,
        Scoring::F1Micro => Metric::F1Micro,
        Scoring::F1Weighted => Metric::F1Weighted,
        Scoring::Precision => Metric::Precision,
        Scoring::PrecisionMacro => Metric::PrecisionMacro,
        Scoring::PrecisionMicro => Metric::PrecisionMicro,
        Scoring::PrecisionWeighted => Metric::PrecisionWeighted,
        Scoring::Recall => Metric::Recall,
        Scoring::RecallMacro => Metric::RecallMacro,
        Scoring::RecallMicro => Metric::RecallMicro,
        Scoring::RecallWeighted => Metric::RecallWeighted,
        Scoring::Jaccard => Metric::Jaccard,
        Scoring::JaccardMacro => Metric::JaccardMacro,
        Scoring::JaccardMicro => Metric::JaccardMicro,
        Scoring::JaccardWeighted => Metric::JaccardWeighted,
        Scoring::MatthewsCorrcoef => Metric::MatthewsCorrcoef,
        Scoring::RocAuc => Metric::RocAuc,
        Scoring::RocAucOvr => Metric::RocAucOvr,
        Scoring::RocAucOvrWeighted => Metric::RocAucOvrWeighted,
        Scoring::RocAucOvo => Metric::RocAucOvo,
        Scoring::RocAucOvoWeighted => Metric::RocAucOvoWeighted,
        Scoring::AveragePrecision => Metric::AveragePrecision,
        Scoring::NegLogLoss => Metric::NegLogLoss,
        Scoring::NegBrierScore => Metric::NegBrierScore,
        Scoring::R2 => Metric::R2,
        Scoring::ExplainedVariance => Metric::ExplainedVariance,
        Scoring::NegMeanSquaredError => Metric::NegMeanSquaredError,
        Scoring::NegRootMeanSquaredError => Metric::NegRootMeanSquaredError,
        Scoring::NegMeanAbsoluteError => Metric::NegMeanAbsoluteError,
        Scoring::NegMedianAbsoluteError => Metric::NegMedianAbsoluteError,
        Scoring::NegMeanAbsolutePercentageError => Metric::NegMeanAbsolutePercentageError,
        Scoring::NegMaxError => Metric::NegMaxError,
    }
}

#[cfg(test)]
mod tests {
    use auriga_crds::Scoring;
    use auriga_learn::{Metric, Task};

    use super::metric;

    #[test]
    fn manifests_know_every_metric_by_its_name_and_for_its_task() {
        let check = |scorings: &[Scoring], task: Task| {
            let metrics: Vec<Metric> = scorings.iter().map(|scoring| metric(*scoring)).collect();
            assert_eq!(metrics, Metric::of(task));
            for (scoring, metric) in scorings.iter().zip(metrics) {
                assert_eq!(scoring.name(), metric.name());
            }
        };
        check(Scoring::OF_CLASSES, Task::Classification);
        check(Scoring::OF_NUMBERS, Task::Regression);
    }
}
