//! Entry points with a method, parameters and bare rows of their own.

use auriga_learn::{Column, Control, Estimator, Fitted, Ridge, Steps, Table};
use auriga_serve::{EntryPoint, Limits, Mapped, Param, PredictMethod, Settings, ValueKind};
use serde_json::json;

use crate::fixture::{Front, SETOSA, SETOSA_QUERY, VIRGINICA, iris, logistic, settings};

fn at(entry_point: EntryPoint) -> Settings {
    Settings {
        entry_points: vec![entry_point],
        ..settings()
    }
}

fn threshold(kind: ValueKind, default: Option<&str>) -> Vec<Param> {
    vec![Param {
        name: "threshold".to_owned(),
        kind,
        default: default.map(str::to_owned),
    }]
}

/// With `threshold`, whose default is the model's own.
fn with_threshold() -> EntryPoint {
    EntryPoint {
        params: threshold(ValueKind::Float, None),
        ..EntryPoint::default()
    }
}

fn proba() -> EntryPoint {
    EntryPoint {
        method: PredictMethod::PredictProba,
        ..EntryPoint::default()
    }
}

/// A classifier of one number: low below 2.5, high above.
fn one_feature() -> Fitted {
    let rows = Table::new(vec![("x".to_owned(), Column::Number(vec![1.0, 2.0, 3.0, 4.0]))]);
    let class = |class: &str| Some(class.to_owned());
    let classes = Column::Text(["low", "low", "high", "high"].map(class).into());
    logistic()
        .fit(&rows.unwrap(), ("class", &classes), &Control::none())
        .unwrap()
}

fn regressor() -> Fitted {
    let rows = Table::new(vec![("x".to_owned(), Column::Number(vec![1.0, 2.0, 3.0]))]);
    let steps = Steps {
        transformers: Vec::new(),
        estimator: Estimator::Ridge(Ridge::default()),
    };
    let target = Column::Number(vec![10.0, 20.0, 30.0]);
    steps
        .fit(&rows.unwrap(), ("y", &target), &Control::none())
        .unwrap()
}

#[tokio::test]
async fn probabilities_stand_in_the_order_of_the_classes() {
    let front = Front::of(&iris(), at(proba()), Limits::default()).await;
    let mut client = front.client().await;
    let expected = iris().predict_proba(&crate::fixture::flowers()).unwrap();
    let one = client.get(&format!("/predict?{SETOSA_QUERY}")).await.json();
    assert_eq!(one["result"], json!(expected.row(1).to_vec()));
    assert_eq!(one["metadata"]["classes"], json!(["setosa", "virginica"]));
    let many = client
        .post("/predict", &format!("[{VIRGINICA}, {SETOSA}]"))
        .await
        .json();
    assert_eq!(
        many["result"],
        json!([expected.row(4).to_vec(), expected.row(1).to_vec()])
    );
}

#[tokio::test]
async fn predictions_come_without_a_list_of_classes() {
    let front = Front::iris().await;
    let answer = front
        .client()
        .await
        .get(&format!("/predict?{SETOSA_QUERY}"))
        .await;
    assert_eq!(answer.json()["metadata"]["classes"], json!(null));
}

#[tokio::test]
async fn a_threshold_in_the_query_moves_the_prediction_of_get_and_post() {
    let front = Front::of(&iris(), at(with_threshold()), Limits::default()).await;
    let mut client = front.client().await;
    let body = format!("[{SETOSA}, {VIRGINICA}]");
    for (query, one, many) in [
        ("", "setosa", ["setosa", "virginica"]),
        ("threshold=0", "virginica", ["virginica", "virginica"]),
        ("threshold=1", "setosa", ["setosa", "setosa"]),
        ("threshold=5e-1", "setosa", ["setosa", "virginica"]),
    ] {
        let answer = client.get(&format!("/predict?{query}&{SETOSA_QUERY}")).await;
        assert_eq!(answer.json()["result"], one, "{query}: {}", answer.text);
        let answer = client.post(&format!("/predict?{query}"), &body).await;
        assert_eq!(answer.json()["result"], json!(many), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_default_counts_unless_the_request_says_otherwise() {
    let always_virginica = EntryPoint {
        params: threshold(ValueKind::Float, Some("0")),
        ..EntryPoint::default()
    };
    let front = Front::of(&iris(), at(always_virginica), Limits::default()).await;
    let mut client = front.client().await;
    let answer = client.get(&format!("/predict?{SETOSA_QUERY}")).await;
    assert_eq!(answer.json()["result"], "virginica");
    let answer = client
        .get(&format!("/predict?{SETOSA_QUERY}&threshold=0.5"))
        .await;
    assert_eq!(answer.json()["result"], "setosa");
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let strict = EntryPoint {
        path: "/strict".to_owned(),
        strict: true,
        ..with_threshold()
    };
    let settings = Settings {
        entry_points: vec![with_threshold(), strict],
        ..settings()
    };
    let front = Front::of(&iris(), settings, Limits::default()).await;
    let mut client = front.client().await;
    let body = format!("[{SETOSA}]");
    for (query, what) in [
        ("threshold=high", "\"high\" is not a number"),
        ("threshold=1.5", "1.5 is not a number from 0 to 1"),
        ("threshold=-1", "-1 is not a number from 0 to 1"),
        ("threshold=NaN", "NaN is not a finite number"),
        ("threshold=", "it has no value; send one, or leave it out"),
        ("threshold=0.5&threshold=0.5", "it occurs twice; send it once"),
    ] {
        let expected = (400, 19, format!("parameter \"threshold\": {what}"));
        let answer = client.get(&format!("/predict?{SETOSA_QUERY}&{query}")).await;
        assert_eq!(answer.error(), expected, "{query}");
        let answer = client.post(&format!("/predict?{query}"), &body).await;
        assert_eq!(answer.error(), expected, "{query}");
    }
    let answer = client.post("/strict?treshold=1", &body).await;
    let what = "parameter \"treshold\": it is not known here; did you mean \"threshold\"?";
    assert_eq!(answer.error(), (400, 19, what.to_owned()));
    let answer = client.get(&format!("/strict?{SETOSA_QUERY}&treshold=1")).await;
    let what = "column \"treshold\" is not known here; did you mean \"threshold\"?";
    assert_eq!(answer.error(), (400, 13, what.to_owned()));
    // Elsewhere it is ignored and counted, as a column would be.
    let before = front.service.alive().process_metadata.ignored_values;
    assert_eq!(client.post("/predict?treshold=1", &body).await.status, 200);
    assert_eq!(front.service.alive().process_metadata.ignored_values, before + 1);
}

#[tokio::test]
async fn bare_values_are_rows_where_the_model_has_one_feature() {
    let bare = EntryPoint {
        unwrap_sample: true,
        ..EntryPoint::default()
    };
    let front = Front::of(&one_feature(), at(bare), Limits::default()).await;
    let mut client = front.client().await;
    let answer = client.post("/predict", "[1.5, 3.5, {\"x\": 1.5}]").await;
    assert_eq!(answer.json()["result"], json!(["low", "high", "low"]));
    let answer = client.get("/predict?x=3.5").await;
    assert_eq!(answer.json()["result"], "high");
    let answer = client.post("/predict", "[1.5, \"2\"]").await;
    assert_eq!(
        answer.error(),
        (400, 10, "row 2, column \"x\": \"2\" is not a number".to_owned())
    );
}

#[tokio::test]
async fn entry_points_differ_in_all_they_have() {
    let mapped = |name: &str, column: &str| Mapped {
        name: name.to_owned(),
        kind: ValueKind::Float,
        column: Some(column.to_owned()),
    };
    let flowers = EntryPoint {
        path: "/flowers".to_owned(),
        mapping: Some(vec![
            mapped("sepal", "sepal length"),
            mapped("petal", "petal width"),
        ]),
        params: threshold(ValueKind::Float, Some("0")),
        ..EntryPoint::default()
    };
    let chances = EntryPoint {
        path: "/chances".to_owned(),
        ..proba()
    };
    let settings = Settings {
        entry_points: vec![EntryPoint::default(), flowers, chances],
        ..settings()
    };
    let front = Front::of(&iris(), settings, Limits::default()).await;
    let mut client = front.client().await;
    let answer = client.get(&format!("/predict?{SETOSA_QUERY}")).await;
    assert_eq!(answer.json()["result"], "setosa");
    let answer = client.get("/flowers?sepal=5&petal=0.2").await;
    assert_eq!(answer.json()["result"], "virginica");
    let answer = client.get(&format!("/chances?{SETOSA_QUERY}")).await;
    assert_eq!(answer.json()["result"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_entry_point_that_the_version_cannot_serve_is_refused_with_the_remedy() {
    let store = crate::fixture::Store::new().await;
    let check = async |fitted: &Fitted, entry_point: EntryPoint, message: &str| {
        let version = store.write(fitted).await;
        let refused = at(entry_point).check(&store.load(version).await);
        assert_eq!(refused.unwrap_err().to_string(), message);
    };
    let params = |name: &str, kind, default| EntryPoint {
        params: vec![Param {
            name: name.to_owned(),
            ..threshold(kind, default).remove(0)
        }],
        ..EntryPoint::default()
    };
    let point = "entry point \"/predict\"";
    check(
        &regressor(),
        proba(),
        &format!(
            "{point} answers predictProba, but ridge predicts numbers and has no probabilities; choose method: predict"
        ),
    )
    .await;
    check(
        &iris(),
        EntryPoint {
            unwrap_sample: true,
            ..EntryPoint::default()
        },
        &format!(
            "{point} has unwrapSample, which needs a version with exactly one feature, but this one has 2; leave \
             unwrapSample out"
        ),
    )
    .await;
    check(
        &iris(),
        params("treshold", ValueKind::Float, None),
        &format!(
            "{point} has the parameter \"treshold\", which predict of this version does not take; it takes threshold"
        ),
    )
    .await;
    check(
        &regressor(),
        with_threshold(),
        &format!(
            "{point} has the parameter \"threshold\", which predict of this version does not take; leave it out"
        ),
    )
    .await;
    check(
        &iris(),
        EntryPoint {
            params: threshold(ValueKind::Float, None),
            ..proba()
        },
        &format!(
            "{point} has the parameter \"threshold\", which predictProba of this version does not take; leave it out"
        ),
    )
    .await;
    check(
        &iris(),
        params("threshold", ValueKind::Str, None),
        &format!("{point} has the parameter \"threshold\" as str, but it needs float or int"),
    )
    .await;
    check(
        &iris(),
        params("threshold", ValueKind::Float, Some("1.5")),
        &format!("{point}, default of the parameter \"threshold\": 1.5 is not a number from 0 to 1"),
    )
    .await;
    check(
        &iris(),
        params("threshold", ValueKind::Int, Some("0.5")),
        &format!("{point}, default of the parameter \"threshold\": \"0.5\" is not a whole number"),
    )
    .await;
    let mut mapping: Vec<Mapped> = Vec::new();
    for (name, column) in [("threshold", "sepal length"), ("width", "petal width")] {
        mapping.push(Mapped {
            name: name.to_owned(),
            kind: ValueKind::Float,
            column: Some(column.to_owned()),
        });
    }
    check(
        &iris(),
        EntryPoint {
            mapping: Some(mapping),
            ..with_threshold()
        },
        &format!(
            "{point} has the parameter \"threshold\", and rows have a value of the same name; give that value another \
             name in the mapping"
        ),
    )
    .await;
}
