//! A JSON list of rows in the body.

use auriga_learn::{Column, Control};
use auriga_learn::{Estimator, ImputeStrategy, Ridge, SimpleImputer, Step, Steps, Transformer};
use auriga_serve::Limits;
use serde_json::json;

use crate::fixture::{Front, SETOSA, VIRGINICA, flowers, iris, settings};

#[tokio::test]
async fn a_list_of_rows_is_predicted_in_its_order() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let answer = client
        .post("/predict", &format!("[{SETOSA}, {VIRGINICA}, {SETOSA}]"))
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text
            .starts_with("{\"result\":[\"setosa\",\"virginica\",\"setosa\"],\"metadata\":{"),
        "{}",
        answer.text
    );
    assert_eq!(answer.json()["metadata"]["model_version"], 1);
    assert_eq!(answer.header("x-model-version"), Some("1"));
    let alive = front.service.alive();
    assert_eq!(
        (
            alive.process_metadata.predict_requests,
            alive.process_metadata.predict_rows
        ),
        (1, 3)
    );
}

#[tokio::test]
async fn columns_come_in_any_order_and_others_are_ignored_and_counted() {
    let front = Front::iris().await;
    let row = r#"[{"color": "red", "petal width": 2.2, "note": null, "sepal length": 7}]"#;
    assert_eq!(
        front.client().await.post("/predict", row).await.json()["result"],
        json!(["virginica"])
    );
    assert_eq!(front.service.alive().process_metadata.ignored_values, 2);
}

#[tokio::test]
async fn any_content_type_will_do_as_long_as_the_body_is_json() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let body = format!("[{SETOSA}]");
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-8",
    ] {
        client
            .send(&format!(
                "POST /predict HTTP/1.1\r\nhost: iris\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
        assert_eq!(client.answer(true).await.unwrap().status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    client
        .send("POST /predict HTTP/1.1\r\nhost: iris\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    for piece in format!("[{SETOSA}]").as_bytes().chunks(7) {
        client
            .send(&format!(
                "{:x}\r\n{}\r\n",
                piece.len(),
                std::str::from_utf8(piece).unwrap()
            ))
            .await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(
        client.answer(true).await.unwrap().json()["result"],
        json!(["setosa"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rows_are_predicted_while_alive_answers() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let rows = vec![VIRGINICA; 10_000].join(",");
    let (answer, alive) = tokio::join!(
        async { client.post("/predict", &format!("[{rows}]")).await },
        async { front.client().await.get("/alive").await }
    );
    assert_eq!(answer.json()["result"].as_array().unwrap().len(), 10_000);
    assert!(
        answer.json()["result"]
            .as_array()
            .unwrap()
            .iter()
            .all(|class| class == "virginica")
    );
    assert_eq!(alive.status, 200);
}

#[tokio::test]
async fn a_null_is_filled_where_the_model_has_a_step_for_it() {
    let steps = Steps {
        transformers: vec![Step {
            name: "fill".to_owned(),
            columns: None,
            transformer: Transformer::SimpleImputer(SimpleImputer {
                strategy: ImputeStrategy::Mean,
            }),
        }],
        estimator: Estimator::Ridge(Ridge {
            alpha: 0.0,
            ..Ridge::default()
        }),
    };
    let target = Column::Number(vec![1.0, 2.0, 3.0, 19.0, 20.0, 21.0]);
    let fitted = steps
        .fit(&flowers(), ("price", &target), &Control::none())
        .unwrap();
    let front = Front::of(&fitted, settings(), Limits::default()).await;
    let answer = front
        .client()
        .await
        .post("/predict", r#"[{"sepal length": null, "petal width": null}]"#)
        .await;
    // Means in, the mean of the target out: that is where a least squares fit with an intercept passes through.
    let result = answer.json()["result"][0].as_f64().unwrap();
    assert!((result - 11.0).abs() < 1e-9, "{result}");

    let front = Front::of(&iris(), settings(), Limits::default()).await;
    let answer = front
        .client()
        .await
        .post("/predict", r#"[{"sepal length": 1, "petal width": null}]"#)
        .await;
    assert_eq!(
        answer.error(),
        (
            400,
            14,
            "row 1, column \"petal width\": the value is missing, and the model has no step that fills it; send one"
                .to_owned()
        )
    );
}
