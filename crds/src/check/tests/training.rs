//! Metrics and ways to split, good and bad.

use super::*;

/// The iris manifest with this under `training`.
fn after(training: &str) -> String {
    IRIS.replace("c: 0.3", &format!("c: 0.3\n  training: {training}"))
}

/// The same for a regressor, with this dataset besides.
fn regressor(training: &str, dataset: &str) -> String {
    after(training)
        .replace("logisticRegression:\n      c: 0.3", "ridge: {}")
        .replace("target: species", &format!("target: species\n    {dataset}"))
}

/// What the rules about training refuse (`true`) and what they let pass, for the CEL evaluator.
pub(super) fn cases() -> Vec<(bool, Value)> {
    let value = |text: String| document::read(&text).unwrap().remove(0).value;
    let split = |split: &str| value(after(&format!("{{crossValidation: {{{split}}}}}")));
    let regressor =
        |split: &str, dataset: &str| value(regressor(&format!("{{crossValidation: {{{split}}}}}"), dataset));
    vec![
        (false, split("kFold: {}")),
        (true, split("")),
        (true, split("kFold: {}, stratifiedKFold: {}")),
        (false, split("kFold: {shuffle: true, randomState: 3}")),
        (true, split("kFold: {randomState: 3}")),
        (true, split("stratifiedKFold: {shuffle: false, randomState: 3}")),
        (false, split("stratifiedShuffleSplit: {testSize: 0.5}")),
        (true, split("shuffleSplit: {testSize: 0.0}")),
        (false, regressor("kFold: {}", "")),
        (true, regressor("stratifiedKFold: {}", "")),
        (true, regressor("stratifiedShuffleSplit: {}", "")),
        (
            false,
            regressor("timeSeriesSplit: {gap: 1, testSize: 4, maxTrainSize: 9}", ""),
        ),
        (false, regressor("groupKFold: {groups: a}", "features: [b]")),
        (true, regressor("groupKFold: {groups: a}", "features: [b, a]")),
        (true, regressor("groupKFold: {groups: species}", "")),
        (false, value(after("{scoring: roc_auc_ovr}"))),
        (true, value(after("{scoring: neg_max_error}"))),
        (
            false,
            value(super::training::regressor("{scoring: neg_max_error}", "")),
        ),
        (true, value(super::training::regressor("{scoring: f1_macro}", ""))),
    ]
}

#[test]
fn a_value_that_is_not_known_breaks_no_rule_besides() {
    assert_eq!(
        faults(&after("{scoring: auc}")),
        [
            "14:14: spec.training.scoring: \"auc\" is not a known value; known are accuracy, balanced_accuracy, f1, f1_macro, \
             f1_micro, f1_weighted, precision, precision_macro, precision_micro, precision_weighted, recall, recall_macro, …",
        ]
    );
    assert_eq!(
        faults(&after("{scoring: f1macro}")),
        ["14:14: spec.training.scoring: \"f1macro\" is not a known value; did you mean f1_macro?"]
    );
}

#[test]
fn a_metric_and_a_split_must_suit_the_estimator() {
    assert_eq!(
        faults(&after("{scoring: r2}")),
        [
            "14:14: spec.training.scoring: \"r2\": training.scoring does not suit the estimator: a classifier takes a metric \
             of classes, such as accuracy, f1_macro or neg_log_loss; a regressor one of numbers, such as r2 or \
             neg_mean_squared_error",
        ]
    );
    assert_eq!(
        faults(&regressor("{crossValidation: {stratifiedKFold: {}}}", "")),
        [
            "14:14: spec.training.crossValidation: stratifiedKFold and stratifiedShuffleSplit keep the shares of classes, \
             which a regressor has none of; use kFold or shuffleSplit",
        ]
    );
}

#[test]
fn exactly_one_way_to_split_is_taken() {
    let choose = "14:14: spec.training.crossValidation: choose exactly one way to split the rows: kFold, stratifiedKFold, \
                  shuffleSplit, stratifiedShuffleSplit, groupKFold or timeSeriesSplit";
    assert_eq!(
        faults(&after("{crossValidation: {kFold: {}, groupKFold: {groups: a}}}")),
        [choose]
    );
    assert_eq!(faults(&after("{crossValidation: {}}")), [choose]);
    assert_eq!(
        faults(&after("{crossValidation: {kfold: {}}}")),
        ["14:32: spec.training.crossValidation.kfold: is not a known field; did you mean kFold?"]
    );
}

#[test]
fn settings_of_a_split_are_in_their_ranges_and_have_a_use() {
    assert_eq!(
        faults(&after("{crossValidation: 5}")),
        [
            "14:14: spec.training.crossValidation: 5 is not a map of fields; write exactly one of kFold: {}, \
             stratifiedKFold: {}, shuffleSplit: {}, stratifiedShuffleSplit: {}, groupKFold: {groups: <text>}, \
             timeSeriesSplit: {}",
        ]
    );
    assert_eq!(
        faults(&after("{crossValidation: {kFold: {nSplits: 101}}}")),
        ["14:40: spec.training.crossValidation.kFold.nSplits: 101 is out of range; allowed is from 2 to 100"]
    );
    assert_eq!(
        faults(&after("{crossValidation: {kFold: {randomState: 7}}}")),
        [
            "14:40: spec.training.crossValidation.kFold.randomState: 7: randomState is only used with shuffle: true; remove it or add \
             shuffle: true",
        ]
    );
    assert_eq!(
        faults(&after("{crossValidation: {shuffleSplit: {testSize: 0}}}")),
        ["14:47: spec.training.crossValidation.shuffleSplit.testSize: 0: must be greater than 0"]
    );
}

#[test]
fn groups_are_a_column_that_is_neither_feature_nor_target() {
    let groups = "{crossValidation: {groupKFold: {groups: patient}}}";
    let rule = "the column of groups must be neither the target nor listed under features: it says which rows belong \
                together, and a new row will be of another group";
    let path = "spec.training.crossValidation.groupKFold.groups";
    assert_eq!(
        faults(&regressor(groups, "features: [age, patient]")),
        [format!("14:45: {path}: \"patient\": {rule}")]
    );
    let absent = regressor(groups, "").replace(
        "path: iris.csv",
        "path: iris.csv\n        names: [age, patients, species]",
    );
    assert_eq!(
        faults(&absent),
        [format!(
            "15:45: {path}: \"patient\" is not among the names of spec.dataset.train; did you mean \"patients\"?"
        )]
    );
    let scaled = absent.replace("patients", "patient").replace(
        "  training:",
        "  transformers: [{name: scale, columns: [patient], standardScaler: {}}]\n  training:",
    );
    assert_eq!(
        faults(&scaled),
        [
            "15:42: spec.transformers[0].columns[0]: \"patient\" is not among the names of spec.dataset.train; they are \"age\""
        ]
    );
}
