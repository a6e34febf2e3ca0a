//! `auriga up`.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::json;

use super::given::{MANIFEST, fails, files, flowers, json};
use crate::support::{Running, program};

#[test]
fn it_tells_what_it_does_and_ends_with_a_line_to_try() {
    let folder = flowers();
    let mut up = program(folder.path());
    up.args(["up", "-f", "model.yaml", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let mut up = up.spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(up.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
    {
        let is_last = line.trim_start().starts_with("curl ");
        said.push(line);
        if is_last {
            break;
        }
    }
    up.kill().unwrap();
    up.wait().unwrap();
    let score =
        json(folder.path(), "list")["models"][0]["versions"][0]["facts"]["scores"]["train"]["neg_log_loss"]
            .clone();
    let address = said[3]
        .split_once("http://")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let expected = [
        "   fitting flowers on 6 rows with 1 features".to_owned(),
        format!(
            "    fitted version 1: accuracy 1.0000 on train, neg_log_loss {:.4} on train",
            score.as_f64().unwrap()
        ),
        "   serving version 1 of default/flowers answers".to_owned(),
        format!("     ready http://{address} answers; try"),
        String::new(),
        format!("  curl 'http://{address}/predict?width=0.1'"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn programs_read_one_event_a_line() {
    let folder = flowers();
    let mut up = Running::start(folder.path(), &["up", "-f", "model.yaml"]);
    let ready = up.wait_for("ready");
    let names: Vec<_> = up
        .seen
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fitting", "fitted", "serving", "ready"]);
    assert_eq!(
        up.seen[0],
        json!({ "event": "fitting", "rows": 6, "features": 1 })
    );
    assert_eq!(up.seen[1]["scores"]["train"]["accuracy"], 1.0);
    let address = ready["address"].as_str().unwrap();
    let line = format!("curl 'http://{address}/predict?width=0.1'");
    assert_eq!(
        ready,
        json!({ "event": "ready", "address": address, "version": 1, "try": line })
    );
}

#[test]
fn it_ends_when_there_is_no_way_to_a_version() {
    let folder = files(&[
        ("model.yaml", MANIFEST),
        ("flowers.csv", "width,species\n0.1,setosa\n0.2,setosa\n"),
    ]);
    let arguments = "up -f model.yaml --listen 127.0.0.1:0";
    let ended = crate::support::run(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("error: cannot fit flowers: "),
        "{}",
        ended.stderr
    );
    fails(
        folder.path(),
        "up -f model.yaml --persister ftp://x --listen 127.0.0.1:0",
        2,
        "the store's URI has the scheme \"ftp\"; this build keeps versions in: sqlite, file, postgres",
    );
}
