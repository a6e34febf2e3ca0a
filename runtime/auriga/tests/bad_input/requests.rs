//! Requests that a served model cannot answer with a prediction.

use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
};

use crate::support::{self, Answer, Connection, Running};

use super::given::{Given, ROWS, given, model};

/// A served model with an entry point that ignores unknown columns and one that does not.
struct Served {
    address: SocketAddr,
    running: Running,
    _given: Given,
}

fn served() -> Served {
    let serving = "c: 0.3\n  serving: {entryPoints: [{path: /predict}, {path: /strict, strict: true}]}";
    let given = given(model("c: 0.3", serving), ROWS);
    let mut running = Running::start(given.path(), &["up", "-f", "model.yaml"]);
    let address = running.ready();
    Served {
        address,
        running,
        _given: given,
    }
}

impl Served {
    /// `GET` must be answered so.
    #[track_caller]
    fn get(&self, target: &str, status: u16, code: i64, message: &str) {
        check(&support::get(self.address, target), status, code, message);
    }

    /// `POST /predict` must be answered so.
    #[track_caller]
    fn post(&self, body: impl AsRef<[u8]>, status: u16, code: i64, message: &str) {
        check(
            &support::post(self.address, "/predict", body),
            status,
            code,
            message,
        );
    }

    /// One good row is answered still, and the process never panicked.
    fn ends_well(mut self) {
        let answer = support::get(self.address, "/predict?length=5&width=3");
        assert_eq!((answer.status, &answer.json()["result"]), (200, &"setosa".into()));
        self.running.signal("TERM");
        let ended = self.running.ended();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: i64, message: &str) {
    let metadata = &answer.json()["metadata"];
    let found = (
        metadata["error_message"].as_str(),
        metadata["error_code"].as_i64(),
        answer.status,
    );
    assert_eq!(found, (Some(message), Some(code), status));
    assert_eq!(metadata["status"], "ERROR");
}

const UNKNOWN: &str = "if the value is unknown";

#[test]
fn a_bad_row_is_named_with_its_column() {
    let served = served();
    served.get(
        "/predict?length=5",
        400,
        9,
        &format!("column \"width\" is missing; send it, or null in a JSON row {UNKNOWN}"),
    );
    served.get(
        "/predict?length=5&widht=3",
        400,
        9,
        &format!(
            "column \"width\" is missing (there is \"widht\"); send it, or null in a JSON row {UNKNOWN}"
        ),
    );
    served.get(
        "/predict?length=tall&width=3",
        400,
        10,
        "column \"length\": \"tall\" is not a number",
    );
    served.get(
        "/predict?length=&width=3",
        400,
        14,
        "column \"length\": the value is missing, and the model has no step that fills it; send one",
    );
    served.get(
        "/predict?length=nan&width=3",
        400,
        11,
        &format!("column \"length\": nan is not a finite number; send null in a JSON row {UNKNOWN}"),
    );
    served.get(
        "/predict?length=1e999&width=3",
        400,
        11,
        &format!("column \"length\": 1e999 is not a finite number; send null in a JSON row {UNKNOWN}"),
    );
    served.get(
        "/predict?length=5&width=3&width=3",
        400,
        12,
        "column \"width\" occurs twice; send it once",
    );
    served.get(
        "/predict?length=%ff&width=3",
        400,
        7,
        "column \"length\": the text is not UTF-8; encode it as UTF-8 before percent-encoding it",
    );
    served.post(
        r#"[{"length": 5, "width": 3}, {"length": 5}]"#,
        400,
        9,
        &format!("row 2, column \"width\" is missing; send it, or null in a JSON row {UNKNOWN}"),
    );
    served.post(
        r#"[{"length": "5", "width": 3}]"#,
        400,
        10,
        "row 1, column \"length\": \"5\" is not a number",
    );
    served.post(
        r#"[{"length": [5], "width": 3}]"#,
        400,
        10,
        "row 1, column \"length\": a list is not a single value",
    );
    served.post(
        r#"[{"length": null, "width": 3}]"#,
        400,
        14,
        "row 1, column \"length\": the value is missing, and the model has no step that fills it; send one",
    );
    served.post(
        r#"[{"length": NaN, "width": 3}]"#,
        400,
        11,
        &format!("row 1, column \"length\": NaN is not a finite number; send null in a JSON row {UNKNOWN}"),
    );
    served.post(
        r#"[{"length": 1e999, "width": 3}]"#,
        400,
        11,
        &format!("row 1, column \"length\": 1e999 is not a finite number; send null in a JSON row {UNKNOWN}"),
    );
    served.ends_well();
}

#[test]
fn a_body_that_is_no_list_of_rows_is_told_so() {
    let served = served();
    let list = "[{\"column\": value}]";
    served.post(
        "",
        400,
        7,
        &format!("the body is empty; send a JSON list of rows: {list}"),
    );
    served.post(
        "length=5",
        400,
        7,
        "the body is not JSON: expected value at line 1 column 1",
    );
    served.post(
        "[",
        400,
        7,
        "the body is not JSON: EOF while parsing a list at line 1 column 1",
    );
    served.post(
        b"[{\"length\": \"\xff\"}]",
        400,
        7,
        "the body is not JSON: invalid unicode code point at line 1 column 14",
    );
    served.post(
        "[]",
        400,
        8,
        &format!("there are no rows; send at least one: {list}"),
    );
    served.post(
        "5",
        400,
        8,
        &format!("the body is a number; send a list of rows: {list}"),
    );
    served.post(
        r#"{"length": 5, "width": 3}"#,
        400,
        8,
        &format!("the body is one object; wrap the row in a list: {list}"),
    );
    served.post(
        "[[5, 3]]",
        400,
        8,
        "row 1 is a list; write each row as an object: {\"column\": value}",
    );
    served.post(
        "[".repeat(100_000),
        400,
        8,
        "row 1 is a list; write each row as an object: {\"column\": value}",
    );
    served.post(
        format!("[{{\"other\": {}}}]", "[".repeat(100_000)),
        400,
        8,
        "row 1, column \"other\" is nested more than 100 levels deep; leave it out",
    );
    served.post(
        format!("[{}]", [r#"{"length": 5, "width": 3}"#; 10_001].join(",")),
        413,
        4,
        "there are more than 10000 rows; send fewer at a time",
    );
    served.ends_well();
}

#[test]
fn an_unknown_column_is_ignored_and_counted_or_refused_where_the_entry_point_is_strict() {
    let served = served();
    served.get(
        "/strict?length=5&width=3&color=red",
        400,
        13,
        "column \"color\" is not known here; leave it out",
    );
    served.get(
        "/strict?length=5&widht=3",
        400,
        13,
        "column \"widht\" is not known here; did you mean \"width\"?",
    );
    let strict = support::post(
        served.address,
        "/strict",
        r#"[{"length": 5, "width": 3, "color": "red"}]"#,
    );
    check(
        &strict,
        400,
        13,
        "row 1, column \"color\" is not known here; leave it out",
    );
    let answer = support::get(served.address, "/predict?length=5&width=3&color=red&size=3");
    assert_eq!(answer.status, 200);
    let alive = support::get(served.address, "/alive").json();
    assert_eq!(alive["process_metadata"]["ignored_values"], 2, "{alive}");
    assert_eq!(alive["process_metadata"]["predict_errors"], 3, "{alive}");
    served.ends_well();
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let served = served();
    served.get(
        "/",
        404,
        1,
        "there is no \"/\"; this service answers /predict, /strict, /alive, /livez and /list",
    );
    let mut connection = Connection::open(served.address);
    let answer = connection.request("DELETE", "/predict", b"").expect("an answer");
    check(
        &answer,
        405,
        2,
        "DELETE is not allowed on \"/predict\"; use GET, HEAD or POST",
    );
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    served.ends_well();
}

#[test]
fn a_body_of_100_megabytes_is_refused_before_it_is_read() {
    const TOO_LARGE: &str = "the body is larger than 2097152 bytes; send fewer rows at a time";
    let served = served();
    let mut announced = Connection::open(served.address);
    let head = "POST /predict HTTP/1.1\r\nhost: auriga\r\ncontent-length: 104857600\r\n\r\n";
    announced
        .stream()
        .write_all(head.as_bytes())
        .expect("a head is taken");
    check(
        &announced.answer().expect("an answer without the body"),
        413,
        3,
        TOO_LARGE,
    );

    let mut streamed = Connection::open(served.address);
    let head = "POST /predict HTTP/1.1\r\nhost: auriga\r\ntransfer-encoding: chunked\r\n\r\n";
    streamed
        .stream()
        .write_all(head.as_bytes())
        .expect("a head is taken");
    let piece = format!("10000\r\n{}\r\n", " ".repeat(65_536));
    let mut sent = 0;
    let stopped = loop {
        match streamed.stream().write_all(piece.as_bytes()) {
            Ok(()) if sent < 100 << 20 => sent += 65_536,
            Ok(()) => break None,
            Err(error) => break Some(error.kind()),
        }
    };
    // The rest of it met a closed door, long before its end.
    assert!(
        matches!(stopped, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)),
        "{stopped:?}"
    );
    assert!(sent < 50 << 20, "{sent}");
    served.ends_well();
}
