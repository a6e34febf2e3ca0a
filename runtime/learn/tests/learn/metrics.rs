//! Metrics at their edges; `reference.rs` compares them with scikit-learn on ordinary rows.

use auriga_learn::{
    Column, Control, Estimator, Fitted, LinearRegression, LogisticRegression, Metric, Predicted, ScoreError,
    Steps, Task,
};

use crate::fixtures::{alone, fit, logistic, numbers, points, table, texts};

fn line() -> Fitted {
    let linear = Estimator::LinearRegression(LinearRegression::default());
    fit(
        &alone(linear),
        &table(&[("x", numbers(&[0.0, 1.0, 2.0]))]),
        &numbers(&[1.0, 3.0, 5.0]),
    )
}

#[test]
fn names_are_those_of_scikit_learn_and_a_wrong_one_is_answered_with_the_near_one() {
    for &metric in Metric::ALL {
        assert_eq!(metric.name().parse(), Ok(metric));
        assert_eq!(metric.to_string(), metric.name());
    }
    let check = |name: &str, message: &str| {
        assert_eq!(name.parse::<Metric>().unwrap_err().to_string(), message);
    };
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let known = format!("metrics are {}", names.join(", "));
    check(
        "acuracy",
        &format!("there is no metric \"acuracy\": did you mean \"accuracy\"?; {known}"),
    );
    check("auc", &format!("there is no metric \"auc\"; {known}"));
}

#[test]
fn each_task_has_its_metrics_and_a_default() {
    assert_eq!(Metric::of(Task::Classification)[0], Metric::Accuracy);
    assert_eq!(Metric::of(Task::Regression)[0], Metric::R2);
    for metric in Metric::ALL {
        assert!(Metric::of(metric.task()).contains(metric));
    }
}

#[test]
fn a_constant_target_scores_one_if_it_is_met_and_zero_if_not() {
    let check = |x: &[f64], y: &[f64], expected: f64| {
        let score = Metric::R2
            .score(&line(), &table(&[("x", numbers(x))]), &numbers(y))
            .unwrap();
        assert!((score - expected).abs() < 1e-12, "{score}");
    };
    check(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0], 1.0);
    check(&[0.0, 1.0], &[2.0, 2.0], 0.0);
    check(&[0.0, 1.0, 2.0], &[3.0, 3.0, 6.0], 1.0 / 6.0);
}

#[test]
fn the_mean_as_a_prediction_scores_zero() {
    let constant = table(&[("x", numbers(&[1.0, 1.0, 1.0]))]);
    let target = numbers(&[1.0, 2.0, 6.0]);
    let linear = alone(Estimator::LinearRegression(LinearRegression::default()));
    let fitted = fit(&linear, &constant, &target);
    assert!(Metric::R2.score(&fitted, &constant, &target).unwrap().abs() < 1e-12);
    let error = Metric::NegMeanSquaredError
        .score(&fitted, &constant, &target)
        .unwrap();
    assert!((error + 14.0 / 3.0).abs() < 1e-12);
}

#[test]
fn a_sure_and_wrong_prediction_has_a_finite_loss() {
    let rows = table(&[("x", numbers(&[-1e6, 1e6]))]);
    let sure = Estimator::LogisticRegression(LogisticRegression {
        c: 1e12,
        ..LogisticRegression::default()
    });
    let fitted = fit(&alone(sure), &rows, &texts(&["a", "b"]));
    let probabilities = fitted.predict_proba(&rows).unwrap();
    assert_eq!((probabilities[[0, 0]], probabilities[[0, 1]]), (1.0, 0.0));
    let score = Metric::NegLogLoss
        .score(&fitted, &rows, &texts(&["b", "a"]))
        .unwrap();
    assert!((score - f64::EPSILON.ln()).abs() < 1e-9, "{score}");
    let score = Metric::NegLogLoss
        .score(&fitted, &rows, &texts(&["a", "b"]))
        .unwrap();
    assert!((score - (1.0 - f64::EPSILON).ln()).abs() < 1e-15, "{score}");
}

#[test]
fn a_class_unknown_to_the_model_is_wrong_for_accuracy_and_refused_by_log_loss() {
    let (rows, classes, _) = points();
    let fitted = fit(&alone(logistic()), &rows, &classes);
    let Column::Text(mut cells) = fitted.predict(&rows).unwrap() else {
        unreachable!()
    };
    cells[7] = Some("middle".to_owned());
    let target = Column::Text(cells);
    let accuracy = Metric::Accuracy.score(&fitted, &rows, &target).unwrap();
    assert!((accuracy - 11.0 / 12.0).abs() < 1e-12);
    let unseen = ScoreError::UnseenClass {
        metric: Metric::NegLogLoss,
        row: 7,
        class: "\"middle\"".to_owned(),
    };
    assert_eq!(Metric::NegLogLoss.score(&fitted, &rows, &target), Err(unseen));
}

#[test]
fn rows_that_cannot_be_scored_are_named() {
    let rows = table(&[("x", numbers(&[0.0, 1.0]))]);
    let check = |metric: Metric, n_rows: usize, target: Column, message: &str| {
        let refused = metric
            .score(&line(), &rows.slice(0..n_rows), &target)
            .unwrap_err();
        assert_eq!(refused.to_string(), message);
    };
    let none = numbers(&[]);
    check(
        Metric::NegMeanSquaredError,
        0,
        none,
        "neg_mean_squared_error needs at least 1 row; there are 0",
    );
    check(
        Metric::R2,
        1,
        numbers(&[1.0]),
        "r2 needs at least 2 rows; there are 1",
    );
    check(
        Metric::R2,
        2,
        numbers(&[1.0]),
        "the features have 2 rows, the target has 1",
    );
    check(
        Metric::R2,
        2,
        texts(&["a", "b"]),
        "the target is a text column; the model was fitted with number cells",
    );
    check(
        Metric::R2,
        2,
        numbers(&[1.0, f64::NAN]),
        "row 1: the target is missing; leave out the rows without a target",
    );
    check(
        Metric::Accuracy,
        2,
        numbers(&[1.0, 2.0]),
        "accuracy is no metric for linearRegression; use one of r2, explained_variance, neg_mean_squared_error, \
         neg_root_mean_squared_error, neg_mean_absolute_error, neg_median_absolute_error, \
         neg_mean_absolute_percentage_error, neg_max_error",
    );
    check(
        Metric::NegMeanSquaredError,
        2,
        numbers(&[1e200, -1e200]),
        "neg_mean_squared_error: the numbers are too large; the score is not a finite number",
    );
    let refused = Metric::R2.score(
        &line(),
        &table(&[("y", numbers(&[1.0, 2.0]))]),
        &numbers(&[1.0, 2.0]),
    );
    assert!(matches!(refused, Err(ScoreError::Predict(_))));
}

#[test]
fn metrics_of_two_classes_are_refused_for_more_with_the_one_to_use_instead() {
    let rows = table(&[("x", numbers(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))]);
    let three = texts(&["a", "a", "b", "b", "c", "c"]);
    let fitted = fit(&alone(logistic()), &rows, &three);
    let check = |metric: Metric, instead: &str| {
        let message = format!("{metric} is for a target of two classes, and this one has 3; use {instead}");
        assert_eq!(
            metric.score(&fitted, &rows, &three).unwrap_err().to_string(),
            message
        );
        assert_eq!(metric.check_classes(&three).unwrap_err().to_string(), message);
        assert_eq!(metric.check_classes(&texts(&["a", "b", "a"])), Ok(()));
    };
    check(Metric::F1, "f1_macro");
    check(Metric::Precision, "precision_macro");
    check(Metric::Recall, "recall_macro");
    check(Metric::Jaccard, "jaccard_macro");
    check(Metric::RocAuc, "roc_auc_ovr");
    check(Metric::AveragePrecision, "roc_auc_ovr");
    assert_eq!(Metric::F1Macro.check_classes(&three), Ok(()));
}

#[test]
fn one_prediction_answers_for_all_metrics_and_leaves_out_those_without_a_value() {
    let (rows, classes, _) = points();
    let fitted = fit(&alone(logistic()), &rows, &classes);
    let all = Predicted::of(&fitted, &rows, &classes).unwrap().scores();
    let names: Vec<Metric> = all.iter().map(|(metric, _)| *metric).collect();
    assert_eq!(names, Metric::of(Task::Classification));
    for (metric, score) in all {
        assert_eq!(metric.score(&fitted, &rows, &classes), Ok(score));
    }
    let low: Vec<usize> = (0..12).filter(|&row| classes.cell(row) == "low".into()).collect();
    let one_class = Predicted::of(&fitted, &rows.take(&low), &classes.take(&low)).unwrap();
    assert_eq!(
        one_class.score(Metric::RocAuc).unwrap_err().to_string(),
        format!(
            "roc_auc needs a row of every class, and none of these {} is \"high\"; use more rows or another metric",
            low.len()
        )
    );
    let left: Vec<Metric> = one_class.scores().iter().map(|(metric, _)| *metric).collect();
    assert!(
        left.contains(&Metric::Accuracy) && !left.contains(&Metric::RocAuc),
        "{left:?}"
    );
}

#[test]
fn the_default_metric_of_a_good_fit_is_high() {
    let (rows, classes, sums) = points();
    for (estimator, target) in [
        (logistic(), classes),
        (Estimator::LinearRegression(LinearRegression::default()), sums),
    ] {
        let steps = Steps {
            transformers: Vec::new(),
            estimator,
        };
        let fitted = steps.fit(&rows, ("t", &target), &Control::none()).unwrap();
        let metric = Metric::of(fitted.signature().task)[0];
        assert!(metric.score(&fitted, &rows, &target).unwrap() > 0.6);
    }
}
