//! Asked to end, the program answers what it has begun and ends well.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use serde_json::json;

use super::workbench::{Workbench, has};
use crate::support::{Connection, Running, program};

const BODY: &[u8] =
    br#"[{"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5}]"#;

#[test]
fn up_answers_what_it_has_begun_before_it_ends() {
    let bench = Workbench::new("iris");
    for signal in ["TERM", "INT"] {
        let mut up = bench.up();
        let address = up.ready();
        check(signal, up, address);
    }
}

#[test]
fn serve_answers_what_it_has_begun_before_it_ends() {
    let bench = Workbench::new("iris");
    bench.fit(&[]);
    for signal in ["TERM", "INT"] {
        let mut serve = bench.serve(&[]);
        let address = serve.listening();
        serve.wait_for("serving");
        check(signal, serve, address);
    }
}

#[test]
fn a_signal_is_heard_from_the_start() {
    let bench = Workbench::new("iris");
    let mut up = bench.up();
    up.wait_for("fitting");
    up.signal("TERM");
    assert_eq!(up.ended().code, Some(0));

    bench.fit(&[]);
    let mut serve = bench.serve(&[]);
    serve.listening();
    serve.signal("TERM");
    assert_eq!(serve.ended().code, Some(0));
    assert!(has(&serve.seen, "stopping"), "{:?}", serve.seen);
}

#[test]
fn a_fit_ends_at_once_and_leaves_nothing_half_done() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Workbench::new("iris");
    let rows = format!("url: http://{}/iris.csv", silent.local_addr().unwrap());
    bench.write_manifest(&bench.manifest().replacen("path: iris.csv", &rows, 1));
    for signal in ["TERM", "INT"] {
        let arguments = ["fit", "-f", "model.yaml", "--output", "json"];
        let mut fit = Running::spawn(program(bench.path()).args(arguments));
        // The rows are asked for and never come.
        let asked = silent.accept().unwrap();
        fit.signal(signal);
        let ended = fit.ended();
        drop(asked);
        let message = "stopped by a signal before it was done; start it again to go on";
        let error = json!({ "error": message, "kind": "trouble", "faults": [] });
        assert_eq!(
            (ended.code, ended.stderr),
            (Some(1), format!("{error}\n")),
            "{signal}"
        );
    }
    assert_eq!(bench.n_models(), 0);
}

/// Sends `signal` while a request has come half way.
fn check(signal: &str, mut running: Running, address: SocketAddr) {
    let mut connection = Connection::open(address);
    let length = BODY.len();
    let head = format!(
        "POST /predict HTTP/1.1\r\nhost: auriga\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.stream().write_all(head.as_bytes()).unwrap();
    // Only a request that is being answered is told to go on.
    let mut word = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    connection.stream().read_exact(&mut word).unwrap();
    assert!(word.starts_with(b"HTTP/1.1 100 "));

    running.signal(signal);
    running.wait_for("stopping");
    connection.stream().write_all(BODY).unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(
        (answer.status, &answer.json()["result"][0]),
        (200, &"Iris-versicolor".into()),
        "{signal}"
    );

    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
    assert!(
        TcpStream::connect(address).is_err(),
        "{signal}: nobody listens any more"
    );
}
