//! Compares fits, predictions and scores with what scikit-learn makes of the same rows.
//!
//! The values come from `tests/reference/learn_reference.py`. Closed forms (least squares, means, encodings) agree
//! within 1e-10, which leaves room for another order of additions. Logistic regressions agree within 2e-6: most are far
//! closer, but with classes far apart and C = 10,000 the loss curves by 1/(C n_rows) alone in some directions, where a
//! gradient of 1e-10 is up to 3e-5 away from the minimum.

use std::collections::BTreeMap;

use auriga_learn::{
    ClassWeight, Column, ColumnKind, Control, Estimator, Fill, Fitted, FittedEstimator, HandleUnknown,
    ImputeStrategy, LinearRegression, LogisticRegression, Metric, OneHotEncoder, Ridge, SimpleImputer,
    StandardScaler, Step, Steps, Table, Transformer,
};
use serde::Deserialize;
use serde_json::{Map, Value};

const CLOSED_FORM: f64 = 1e-10;
const MINIMUM: f64 = 2e-6;
/// With scikit-learn's default tolerance both minimizations end where the gradient is small, at different points.
const DEFAULT_TOLERANCE: f64 = 5e-3;

#[derive(Deserialize)]
struct Case {
    name: String,
    features: Vec<Cells>,
    target: Cells,
    transformers: Vec<Map<String, Value>>,
    estimator: Map<String, Value>,
    test_features: Vec<Cells>,
    test_target: Option<Cells>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Cells {
    name: String,
    kind: ColumnKind,
    cells: Vec<Value>,
}

#[derive(Deserialize)]
struct Expected {
    matrix: Option<Vec<Vec<f64>>>,
    coefficients: Option<Vec<f64>>,
    intercepts: Option<Vec<f64>>,
    predictions: Option<Vec<Value>>,
    probabilities: Option<Vec<Vec<f64>>>,
    scores: Option<BTreeMap<String, f64>>,
}

#[test]
fn fits_predictions_and_scores_are_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../fixtures/reference.json")).unwrap();
    assert!(cases.len() >= 35);
    for case in &cases {
        check(case);
    }
}

fn check(case: &Case) {
    let steps = Steps {
        transformers: case.transformers.iter().map(step).collect(),
        estimator: estimator(&case.estimator),
    };
    let target = column(&case.target);
    let fitted = steps.fit(
        &table(&case.features),
        (&case.target.name, &target),
        &Control::none(),
    );
    let fitted = fitted.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let tolerance = match (steps.estimator, case.estimator.contains_key("default_tolerance")) {
        (_, true) => DEFAULT_TOLERANCE,
        (Estimator::LogisticRegression(_), false) => MINIMUM,
        _ => CLOSED_FORM,
    };
    let close = |what: &str, found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{}: {what}", case.name);
        for (found, expected) in found.iter().zip(expected) {
            let difference = (found - expected).abs() / expected.abs().max(1.0);
            assert!(
                difference <= tolerance,
                "{}: {what} {found}, not {expected}",
                case.name
            );
        }
    };
    let test = table(&case.test_features);
    let (coefficients, intercepts) = weights(&fitted);
    if let Some(expected) = &case.expected.coefficients {
        close("coefficients", &coefficients, expected);
    }
    if let Some(expected) = &case.expected.intercepts {
        close("intercepts", &intercepts, expected);
    }
    if let Some(expected) = &case.expected.matrix {
        let found = fitted.transform(&test).unwrap();
        assert_eq!(found.ncols(), expected[0].len(), "{}", case.name);
        close(
            "matrix",
            &found.iter().copied().collect::<Vec<_>>(),
            &expected.concat(),
        );
    }
    if let Some(expected) = &case.expected.predictions {
        match (fitted.predict(&test).unwrap(), fitted.classes()) {
            (Column::Number(found), None) => {
                let expected: Vec<f64> = expected.iter().map(|cell| cell.as_f64().unwrap()).collect();
                close("predictions", &found, &expected);
            }
            (found, _) => assert_eq!(found, cells(case.target.kind, expected), "{}", case.name),
        }
    }
    if let Some(expected) = &case.expected.probabilities {
        let found = fitted.predict_proba(&test).unwrap();
        close(
            "probabilities",
            &found.iter().copied().collect::<Vec<_>>(),
            &expected.concat(),
        );
    }
    for (name, expected) in case.expected.scores.iter().flatten() {
        let metric: Metric = name.parse().unwrap();
        let target = column(case.test_target.as_ref().unwrap());
        let found = metric.score(&fitted, &test, &target).unwrap();
        close(name, &[found], &[*expected]);
    }
}

fn weights(fitted: &Fitted) -> (Vec<f64>, Vec<f64>) {
    match fitted.estimator() {
        FittedEstimator::LogisticRegression(fitted) => (
            fitted.coefficients().iter().copied().collect(),
            fitted.intercepts().to_vec(),
        ),
        FittedEstimator::LinearRegression(fitted) => {
            (fitted.coefficients().to_vec(), vec![fitted.intercept()])
        }
        FittedEstimator::Ridge(fitted) => (fitted.coefficients().to_vec(), vec![fitted.intercept()]),
        other => unreachable!("{} has no weights", other.kind()),
    }
}

fn estimator(words: &Map<String, Value>) -> Estimator {
    let fit_intercept = words.get("fitIntercept").is_none_or(|value| value == true);
    match words["kind"].as_str().unwrap() {
        "linearRegression" => Estimator::LinearRegression(LinearRegression {
            fit_intercept,
            ..LinearRegression::default()
        }),
        "ridge" => Estimator::Ridge(Ridge {
            alpha: words.get("alpha").map_or(1.0, |value| value.as_f64().unwrap()),
            fit_intercept,
        }),
        "logisticRegression" => {
            let tight = LogisticRegression {
                tol: 1e-10,
                max_iter: 10_000,
                ..LogisticRegression::default()
            };
            let base = if words.contains_key("default_tolerance") {
                LogisticRegression::default()
            } else {
                tight
            };
            let class_weight = match words.get("classWeight") {
                None => ClassWeight::Uniform,
                Some(Value::Object(weights)) => ClassWeight::PerClass(
                    weights
                        .iter()
                        .map(|(class, weight)| (class.clone(), weight.as_f64().unwrap()))
                        .collect(),
                ),
                Some(_) => ClassWeight::Balanced,
            };
            Estimator::LogisticRegression(LogisticRegression {
                c: words.get("c").map_or(1.0, |value| value.as_f64().unwrap()),
                class_weight,
                fit_intercept,
                ..base
            })
        }
        other => panic!("no estimator {other}"),
    }
}

fn step(words: &Map<String, Value>) -> Step {
    let is_on = |name: &str| words.get(name).is_none_or(|value| value == true);
    let transformer = match words["kind"].as_str().unwrap() {
        "standardScaler" => Transformer::StandardScaler(StandardScaler {
            with_mean: is_on("withMean"),
            with_std: is_on("withStd"),
        }),
        "oneHotEncoder" => Transformer::OneHotEncoder(OneHotEncoder {
            handle_unknown: match words.get("handleUnknown") {
                Some(_) => HandleUnknown::Ignore,
                None => HandleUnknown::Error,
            },
        }),
        "simpleImputer" => Transformer::SimpleImputer(SimpleImputer {
            strategy: match words["strategy"].as_str().unwrap() {
                "mean" => ImputeStrategy::Mean,
                "median" => ImputeStrategy::Median,
                "mostFrequent" => ImputeStrategy::MostFrequent,
                _ => ImputeStrategy::Constant(Some(Fill::Number(words["fillValue"].as_f64().unwrap()))),
            },
        }),
        other => panic!("no transformer {other}"),
    };
    let columns = words
        .get("columns")
        .map(|columns| serde_json::from_value(columns.clone()).unwrap());
    Step {
        name: words["name"].as_str().unwrap().to_owned(),
        columns,
        transformer,
    }
}

fn table(columns: &[Cells]) -> Table {
    Table::new(
        columns
            .iter()
            .map(|cells| (cells.name.clone(), column(cells)))
            .collect(),
    )
    .unwrap()
}

fn column(column: &Cells) -> Column {
    cells(column.kind, &column.cells)
}

fn cells(kind: ColumnKind, cells: &[Value]) -> Column {
    match kind {
        ColumnKind::Number => Column::Number(
            cells
                .iter()
                .map(|cell| cell.as_f64().unwrap_or(f64::NAN))
                .collect(),
        ),
        ColumnKind::Text => Column::Text(
            cells
                .iter()
                .map(|cell| cell.as_str().map(str::to_owned))
                .collect(),
        ),
        ColumnKind::Boolean => Column::Boolean(cells.iter().map(Value::as_bool).collect()),
    }
}
