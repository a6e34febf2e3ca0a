//! Rows are predicted without a server, with the words of the service.

use std::sync::Arc;

use auriga_serve::{EntryPoint, ErrorCode, Predictor};

use crate::fixture::{SETOSA, Store, VIRGINICA, iris, settings};

async fn predictor() -> Predictor {
    let store = Store::new().await;
    let version = store.write(&iris()).await;
    let loaded = Arc::new(store.load(version).await);
    Predictor::new(loaded, settings(), "/predict").unwrap()
}

#[tokio::test]
async fn predictions_are_appended_as_a_json_list() {
    let predictor = predictor().await;
    let mut line = b"> ".to_vec();
    let rows = format!("[{SETOSA}, {VIRGINICA}]");
    let predicted = predictor.rows(rows.as_bytes(), &mut line).unwrap();
    assert_eq!(String::from_utf8(line).unwrap(), r#"> ["setosa","virginica"]"#);
    assert_eq!((predicted.n_rows, predicted.ignored), (2, 0));
}

#[tokio::test]
async fn a_bad_row_is_named_and_leaves_the_buffer_as_it_was() {
    let predictor = predictor().await;
    let mut line = b"> ".to_vec();
    let rows = format!("[{SETOSA}, {{\"sepal length\": \"long\", \"petal width\": 1}}]");
    let error = predictor.rows(rows.as_bytes(), &mut line).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 2, column \"sepal length\": \"long\" is not a number"
    );
    assert_eq!(error.code(), ErrorCode::WrongKind);
    assert_eq!(line, b"> ");
}

#[tokio::test]
async fn more_rows_than_a_request_may_have_are_predicted() {
    let predictor = predictor().await;
    let rows = format!("[{}]", vec![SETOSA; 20_000].join(","));
    let predicted = predictor.rows(rows.as_bytes(), &mut Vec::new()).unwrap();
    assert_eq!(predicted.n_rows, 20_000);
}

#[tokio::test]
async fn an_unknown_path_is_told_with_those_there_are() {
    let store = Store::new().await;
    let version = store.write(&iris()).await;
    let loaded = Arc::new(store.load(version).await);
    let mut settings = settings();
    for path in ["/flowers", "/leaves"] {
        settings.entry_points.push(EntryPoint {
            path: path.to_owned(),
            ..EntryPoint::default()
        });
    }
    assert_eq!(
        Predictor::new(loaded, settings, "/predict")
            .unwrap_err()
            .to_string(),
        "there is no entry point \"/predict\"; choose one of /flowers, /leaves"
    );
}
