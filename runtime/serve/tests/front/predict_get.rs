//! One row in the query string.

use auriga_learn::{Column, Control, Table};
use auriga_serve::{EntryPoint, Limits, Mapped, ValueKind};
use serde_json::json;

use crate::fixture::{Front, SETOSA_QUERY, iris, logistic, settings};

#[tokio::test]
async fn a_row_in_the_query_is_predicted() {
    let front = Front::iris().await;
    let answer = front
        .client()
        .await
        .get(&format!("/predict?{SETOSA_QUERY}"))
        .await;
    let digest = front
        .store
        .stored(crate::fixture::version(1))
        .await
        .manifest
        .digest;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.text,
        format!(
            "{{\"result\":\"setosa\",\"metadata\":{{\"service_name\":\"iris\",\"service_version\":\"1\",\
             \"error_code\":0,\"status\":\"OK\",\"model_version\":1,\"model_digest\":\"{digest}\"}}}}\n"
        )
    );
    assert_eq!(answer.header("x-model-version"), Some("1"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_connection_takes_many_requests() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    for _ in 0..100 {
        assert_eq!(
            client.get(&format!("/predict?{SETOSA_QUERY}")).await.json()["result"],
            "setosa"
        );
    }
    assert_eq!(front.service.alive().process_metadata.predict_requests, 100);
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    for target in [
        &format!("/predict?{SETOSA_QUERY}"),
        "/livez",
        "/list",
        "/predict?",
    ] {
        let head = client.request("HEAD", target, "").await;
        let get = client.get(target).await;
        assert_eq!(
            (head.status, head.header("content-length")),
            (get.status, get.header("content-length")),
            "{target}"
        );
        assert_eq!(head.text, "");
    }
}

#[tokio::test]
async fn service_metadata_is_echoed_wholesale() {
    let mut settings = settings();
    let words = [
        ("service_name", "flowers \"r\" us"),
        ("service_version", "2026.1"),
        ("team", "botany"),
    ];
    settings.service_metadata = words
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let front = Front::of(&iris(), settings, Limits::default()).await;
    let answer = front
        .client()
        .await
        .get(&format!("/predict?{SETOSA_QUERY}"))
        .await;
    for (key, value) in words {
        assert_eq!(answer.json()["metadata"][key], value);
    }
    let answer = front.client().await.get("/predict").await;
    assert_eq!(answer.json()["metadata"]["team"], "botany");
}

#[tokio::test]
async fn every_entry_point_takes_rows_in_its_own_words() {
    let mapped = |name: &str, column: &str| Mapped {
        name: name.to_owned(),
        kind: ValueKind::Float,
        column: Some(column.to_owned()),
    };
    let mut settings = settings();
    settings.entry_points = vec![
        EntryPoint::default(),
        EntryPoint {
            path: "/v2/short".to_owned(),
            mapping: Some(vec![mapped("pw", "petal width"), mapped("sl", "sepal length")]),
            strict: true,
            ..EntryPoint::default()
        },
    ];
    let front = Front::of(&iris(), settings, Limits::default()).await;
    let mut client = front.client().await;
    assert_eq!(
        client.get(&format!("/predict?{SETOSA_QUERY}&x=1")).await.json()["result"],
        "setosa"
    );
    assert_eq!(
        client.get("/v2/short?sl=6.8&pw=2.2").await.json()["result"],
        "virginica"
    );
    assert_eq!(
        client
            .post("/v2/short", r#"[{"sl": "5.0", "pw": 0.2}]"#)
            .await
            .json()["result"],
        json!(["setosa"])
    );
    assert_eq!(
        client.get("/v2/short?sl=6.8&pw=2.2&color=red").await.error(),
        (
            400,
            13,
            "column \"color\" is not known here; leave it out".to_owned()
        )
    );
    assert_eq!(front.service.alive().process_metadata.ignored_values, 1);
}

#[tokio::test]
async fn results_have_the_kind_of_the_target() {
    let features = Table::new(vec![("x".to_owned(), Column::Number(vec![0.0, 1.0, 2.0, 3.0]))]).unwrap();
    let check = async |target: Column, result: &str| {
        let fitted = logistic()
            .fit(&features, ("y", &target), &Control::none())
            .unwrap();
        let front = Front::of(&fitted, settings(), Limits::default()).await;
        let answer = front.client().await.get("/predict?x=3").await;
        assert!(
            answer
                .text
                .starts_with(&format!("{{\"result\":{result},\"metadata\"")),
            "{}",
            answer.text
        );
    };
    check(Column::Number(vec![1.0, 1.0, 2.0, 2.0]), "2").await;
    check(
        Column::Boolean(vec![Some(false), Some(false), Some(true), Some(true)]),
        "true",
    )
    .await;
    let text = |text: &str| Some(text.to_owned());
    check(
        Column::Text(vec![text("a"), text("a"), text("\"b\""), text("\"b\"")]),
        "\"\\\"b\\\"\"",
    )
    .await;
}
