//! Every way to ask wrongly, with the status, the code and the very words of the answer.

use auriga_learn::{
    Column, Control, Estimator, HandleUnknown, OneHotEncoder, Ridge, Step, Steps, Table, Transformer,
};
use auriga_serve::{EntryPoint, Limits, Mapped, ValueKind};

use crate::fixture::{Front, SETOSA, SETOSA_QUERY, settings};

#[tokio::test]
async fn a_bad_request_is_answered_with_its_class_and_the_remedy() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let mut check = async |method: &str, target: &str, body: &str, expected: (u16, i64, &str)| {
        let answer = client.request(method, target, body).await;
        if answer.header("connection") == Some("close") {
            client = front.client().await;
        }
        let (status, code, message) = answer.error();
        assert_eq!(
            (status, code, message.as_str()),
            expected,
            "{method} {target} {body}"
        );
        assert_eq!(answer.header("x-model-version"), Some("1"), "{method} {target}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{method} {target}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{method} {target}"
        );
    };
    let paths = "this service answers /predict, /alive, /livez and /list";
    check("GET", "/", "", (404, 1, &format!("there is no \"/\"; {paths}"))).await;
    check(
        "GET",
        "/predict/",
        "",
        (404, 1, &format!("there is no \"/predict/\"; {paths}")),
    )
    .await;
    check(
        "POST",
        "/fit",
        "[]",
        (404, 1, &format!("there is no \"/fit\"; {paths}")),
    )
    .await;
    let long = format!("/{}", "a".repeat(1000));
    check(
        "GET",
        &long,
        "",
        (404, 1, &format!("there is no \"/{}…\"; {paths}", "a".repeat(39))),
    )
    .await;

    let missing = "is missing; send it, or null in a JSON row if the value is unknown";
    check(
        "GET",
        "/predict",
        "",
        (400, 9, &format!("column \"sepal length\" {missing}")),
    )
    .await;
    check(
        "GET",
        "/predict?sepal+length=5",
        "",
        (400, 9, &format!("column \"petal width\" {missing}")),
    )
    .await;
    check(
        "GET",
        "/predict?sepal+length=5&petal_width=1",
        "",
        (
            400,
            9,
            "column \"petal width\" is missing (there is \"petal_width\"); send it, or null in a JSON row if the value \
             is unknown",
        ),
    )
    .await;
    check(
        "GET",
        "/predict?sepal+length=five",
        "",
        (400, 10, "column \"sepal length\": \"five\" is not a number"),
    )
    .await;
    let infinite = "is not a finite number; send null in a JSON row if the value is unknown";
    check(
        "GET",
        "/predict?sepal+length=NaN",
        "",
        (400, 11, &format!("column \"sepal length\": NaN {infinite}")),
    )
    .await;
    let twice = format!("/predict?{SETOSA_QUERY}&petal+width=1");
    check(
        "GET",
        &twice,
        "",
        (400, 12, "column \"petal width\" occurs twice; send it once"),
    )
    .await;

    check(
        "POST",
        "/predict",
        "",
        (
            400,
            7,
            "the body is empty; send a JSON list of rows: [{\"column\": value}]",
        ),
    )
    .await;
    check(
        "POST",
        "/predict",
        "[",
        (
            400,
            7,
            "the body is not JSON: EOF while parsing a list at line 1 column 1",
        ),
    )
    .await;
    check(
        "POST",
        "/predict",
        "a=1",
        (400, 7, "the body is not JSON: expected value at line 1 column 1"),
    )
    .await;
    check(
        "POST",
        "/predict",
        "[]",
        (
            400,
            8,
            "there are no rows; send at least one: [{\"column\": value}]",
        ),
    )
    .await;
    check(
        "POST",
        "/predict",
        SETOSA,
        (
            400,
            8,
            "the body is one object; wrap the row in a list: [{\"column\": value}]",
        ),
    )
    .await;
    check(
        "POST",
        "/predict",
        "[[5.0, 0.2]]",
        (
            400,
            8,
            "row 1 is a list; write each row as an object: {\"column\": value}",
        ),
    )
    .await;
    let mut third = async |row: &str, code: i64, message: &str| {
        let body = format!("[{SETOSA}, {SETOSA}, {row}]");
        check("POST", "/predict", &body, (400, code, message)).await;
    };
    third(
        r#"{"sepal length": 5}"#,
        9,
        &format!("row 3, column \"petal width\" {missing}"),
    )
    .await;
    third(
        r#"{"sepal length": 5, "petal width": "0.2"}"#,
        10,
        "row 3, column \"petal width\": \"0.2\" is not a number",
    )
    .await;
    third(
        r#"{"sepal length": [5], "petal width": 1}"#,
        10,
        "row 3, column \"sepal length\": a list is not a single value",
    )
    .await;
    third(
        r#"{"sepal length": 1e999, "petal width": 1}"#,
        11,
        &format!("row 3, column \"sepal length\": 1e999 {infinite}"),
    )
    .await;
    third(
        r#"{"sepal length": 5, "sepal length": 5}"#,
        12,
        "row 3, column \"sepal length\" occurs twice; send it once",
    )
    .await;
}

#[tokio::test]
async fn a_connection_ends_only_where_a_body_was_not_read() {
    let front = Front::iris().await;
    let check = async |method: &str, target: &str, body: &str, ends: bool| {
        let mut client = front.client().await;
        let answer = client.request(method, target, body).await;
        assert_eq!(
            answer.header("connection"),
            ends.then_some("close"),
            "{method} {target}"
        );
        match ends {
            true => client.closed().await,
            false => assert_eq!(client.get("/livez").await.status, 200),
        }
    };
    check("POST", "/predict", "not JSON", false).await;
    check("POST", "/predict", "", false).await;
    check("GET", "/nowhere", "", false).await;
    check("PUT", "/predict", "", false).await;
    check("PUT", "/predict", "[]", true).await;
    check("POST", "/nowhere", "[]", true).await;
    check("POST", "/predict", &" ".repeat(3 << 20), true).await;
}

#[tokio::test]
async fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let mut check = async |method: &str, path: &str, allowed: &str, words: &str| {
        let answer = client.request(method, path, "").await;
        let message = format!("{method} is not allowed on \"{path}\"; use {words}");
        assert_eq!(answer.error(), (405, 2, message));
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    };
    check("PUT", "/predict", "GET,HEAD,POST", "GET, HEAD or POST").await;
    check("DELETE", "/predict", "GET,HEAD,POST", "GET, HEAD or POST").await;
    check("OPTIONS", "/predict", "GET,HEAD,POST", "GET, HEAD or POST").await;
    check("POST", "/alive", "GET,HEAD", "GET or HEAD").await;
    check("POST", "/list", "GET,HEAD", "GET or HEAD").await;
    check("BREW", "/livez", "GET,HEAD", "GET or HEAD").await;
}

#[tokio::test]
async fn a_compressed_body_is_refused_unread() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    client
        .send("POST /predict HTTP/1.1\r\nhost: iris\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n")
        .await;
    assert_eq!(
        client.answer(true).await.unwrap().error(),
        (
            415,
            5,
            "the body is encoded as \"gzip\"; send it as it is".to_owned()
        )
    );
}

#[tokio::test]
async fn a_row_that_the_model_refuses_is_named_in_the_clients_words() {
    let features = Table::new(vec![(
        "town".to_owned(),
        Column::Text(
            ["Ulm", "Bonn", "Ulm", "Bonn"]
                .map(|town| Some(town.to_owned()))
                .into(),
        ),
    )]);
    let steps = Steps {
        transformers: vec![Step {
            name: "encode".to_owned(),
            columns: None,
            transformer: Transformer::OneHotEncoder(OneHotEncoder {
                handle_unknown: HandleUnknown::Error,
            }),
        }],
        estimator: Estimator::Ridge(Ridge::default()),
    };
    let target = Column::Number(vec![1.0, 2.0, 1.0, 2.0]);
    let fitted = steps
        .fit(&features.unwrap(), ("rent", &target), &Control::none())
        .unwrap();
    let mut settings = settings();
    settings.entry_points = vec![EntryPoint {
        mapping: Some(vec![Mapped {
            name: "city".to_owned(),
            kind: ValueKind::Str,
            column: Some("town".to_owned()),
        }]),
        ..EntryPoint::default()
    }];
    let front = Front::of(&fitted, settings, Limits::default()).await;
    let mut client = front.client().await;
    assert_eq!(
        client.post("/predict", r#"[{"city": "Ulm"}, {"city": "Bon"}]"#).await.error(),
        (
            400,
            14,
            "row 2, column \"city\": \"Bon\" is not among the 2 categories that the model knows; did you mean \"Bonn\"?"
                .to_owned()
        )
    );
    assert_eq!(
        client.get("/predict?city=Rome").await.error(),
        (
            400,
            14,
            "column \"city\": \"Rome\" is not among the 2 categories that the model knows".to_owned()
        )
    );
}

#[tokio::test]
async fn numbers_that_the_model_cannot_compute_with_are_refused() {
    let steps = Steps {
        transformers: Vec::new(),
        estimator: Estimator::Ridge(Ridge {
            alpha: 0.0,
            ..Ridge::default()
        }),
    };
    let features = Table::new(vec![("x".to_owned(), Column::Number(vec![1.0, 2.0, 3.0]))]).unwrap();
    let target = Column::Number(vec![100.0, 200.0, 300.0]);
    let fitted = steps.fit(&features, ("y", &target), &Control::none()).unwrap();
    let front = Front::of(&fitted, settings(), Limits::default()).await;
    let mut client = front.client().await;
    let message = "the numbers are too large; the prediction is not a finite number";
    let answer = client.post("/predict", r#"[{"x": 1}, {"x": -1e308}]"#).await;
    assert_eq!(answer.error(), (400, 14, format!("row 2: {message}")));
    let answer = client.get("/predict?x=1e308").await;
    assert_eq!(answer.error(), (400, 14, format!("the row: {message}")));
}
