//! `auriga stream`.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Stdio},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::given::{MANIFEST, fails, fit_with, flowers, json, json_error};
use crate::support::program;

/// A folder with an active version that tells flowers apart.
fn fitted() -> TempDir {
    let folder = flowers();
    fit_with(&folder, "c: 1", "");
    folder
}

fn start(folder: &TempDir, arguments: &str) -> Child {
    let mut stream = program(folder.path());
    stream
        .args(["stream", "-f", "model.yaml"])
        .args(arguments.split(' ').filter(|word| !word.is_empty()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    stream.spawn().unwrap()
}

/// Sends `input` to the end and gives what came back on both streams.
fn check(folder: &TempDir, arguments: &str, input: &str) -> (String, String) {
    let mut stream = start(folder, arguments);
    // What is sent after `exit` finds nobody who reads it.
    let _ = stream.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = stream.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(ended.stdout), text(ended.stderr))
}

#[test]
fn a_bad_line_gives_an_empty_list_and_the_stream_goes_on_until_exit() {
    let folder = fitted();
    let long = format!("[{}]", "{\"width\":0.1},".repeat(160_000));
    let input = format!(
        "[{{\"width\":0.1}},{{\"width\":2.2}}]\n[{{\"width\":\"x\"}}]\n{{}}\n\nwidth\n[{{\"height\":1}}]\n{long}\n \
         [{{\"width\":2.1}}] \r\nexit\n[{{\"width\":0.1}}]\n"
    );
    let (stdout, stderr) = check(&folder, "", &input);
    assert_eq!(
        stdout,
        "[\"setosa\",\"virginica\"]\n[]\n[]\n[]\n[]\n[]\n[]\n[\"virginica\"]\n"
    );
    let lines: Vec<_> = stderr.lines().collect();
    let expected = [
        "line 2: row 1, column \"width\": \"x\" is not a number",
        "line 3 is one object; wrap the row in a list: [{\"column\": value}]",
        "line 4 is empty; send a JSON list of rows: [{\"column\": value}]",
        "line 5 is not JSON: ",
        "line 6: row 1, column \"width\" is missing; ",
        "line 7 is longer than 2097152 bytes; send fewer rows a line",
    ];
    assert_eq!(lines.len(), expected.len() + 1, "{stderr}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(&format!("   problem {expected}")), "{line}");
    }
    let last = lines[6];
    assert!(
        last.starts_with("      done 3 rows in 8 lines, 6 of them bad, in ")
            && last.ends_with(" rows per second"),
        "{last}"
    );
}

#[test]
fn programs_read_the_problems_and_the_rate_as_json() {
    let folder = fitted();
    let (stdout, stderr) = check(
        &folder,
        "--output json",
        "[{\"width\":0.1,\"height\":1}]\n[1]\n[{\"width\":2.1}]",
    );
    assert_eq!(stdout, "[\"setosa\"]\n[]\n[\"virginica\"]\n");
    let lines: Vec<Value> = (stderr.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let message = "line 2: row 1 is a number; write each row as an object: {\"column\": value}";
    assert_eq!(
        lines[0],
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    let done = &lines[1];
    assert!(done["rowsPerSecond"].as_f64().unwrap() > 0.0, "{done}");
    assert!(done["seconds"].as_f64().unwrap() > 0.0, "{done}");
    for (name, value) in [("rows", 2), ("lines", 3), ("badLines", 1), ("ignoredValues", 1)] {
        assert_eq!(done[name], value, "{done}");
    }
    assert_eq!((lines.len(), &done["event"]), (2, &json!("done")));
}

#[test]
fn the_rules_are_those_of_the_entry_point_and_the_version_may_be_given() {
    let folder = fitted();
    fs::write(
        folder.path().join("flowers.csv"),
        "width,species\n0.1,big\n0.2,big\n2.1,small\n2.2,small\n",
    )
    .unwrap();
    fit_with(&folder, "c: 2", "");
    let serving = "  serving:\n    entryPoints:\n      - {path: /strict, strict: true}\n      - path: /mapped\n        mapping:\n          - {name: w, type: float, column: width}\n";
    let manifest = format!("{}{serving}", MANIFEST.replace("c: 1", "c: 2"));
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    let first = "[{\"width\":0.1,\"height\":1}]\n[{\"width\":0.1}]";
    assert_eq!(check(&folder, "", first).0, "[]\n[\"big\"]\n");
    assert_eq!(check(&folder, "--version 1", first).0, "[]\n[\"setosa\"]\n");
    assert_eq!(
        check(&folder, "--entry-point /mapped", "[{\"w\":\"2.1\"}]").0,
        "[\"small\"]\n"
    );
    fails(
        folder.path(),
        "stream -f model.yaml --entry-point /predict",
        2,
        "there is no entry point \"/predict\"; choose one of /strict, /mapped",
    );
}

#[test]
fn who_types_a_line_is_answered_at_once() {
    let folder = fitted();
    let mut stream = start(&folder, "");
    let mut stdin = stream.stdin.take().unwrap();
    let mut stdout = BufReader::new(stream.stdout.take().unwrap());
    for (width, species) in [("0.1", "setosa"), ("2.1", "virginica")] {
        writeln!(stdin, "[{{\"width\":{width}}}]").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("[\"{species}\"]\n"));
    }
    drop(stdin);
    assert_eq!(stream.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = fitted();
    let mut stream = start(&folder, "");
    let mut stdin = stream.stdin.take().unwrap();
    let writing = thread::spawn(move || while stdin.write_all(b"[{\"width\":0.1}]\n").is_ok() {});
    let mut stdout = stream.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = stream.wait_with_output().unwrap();
    writing.join().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    assert!(
        !stderr.contains("error") && !stderr.contains("panicked"),
        "{stderr}"
    );
}

#[test]
fn what_it_cannot_start_with_is_told() {
    let folder = flowers();
    let absent = "store sqlite://<folder>/auriga-data/models.db does not exist; fit a model first, or check the address";
    fails(folder.path(), "stream -f model.yaml", 2, absent);
    fit_with(&folder, "c: 1", " --no-activate");
    let message = "default/flowers has no active version; fit one, or activate one of its versions";
    fails(folder.path(), "stream -f model.yaml", 2, message);
    assert_eq!(
        json_error(folder.path(), "stream -f model.yaml", 2),
        json!({ "error": message, "kind": "mistake", "faults": [] })
    );
    let message = "default/flowers has no version 9; the latest is 1";
    fails(folder.path(), "stream -f model.yaml --version 9", 2, message);
    let message = "-f -: the standard input holds the rows; give the manifest as a file";
    fails(folder.path(), "stream -f -", 2, message);
    assert_eq!(
        json(folder.path(), "list")["models"][0]["activeVersion"],
        Value::Null
    );
}

#[test]
fn a_million_rows_take_no_more_memory_than_the_first_ten_thousand() {
    const ROWS_A_LINE: usize = 50;
    let folder = fitted();
    let mut stream = start(&folder, "--output json");
    let status = format!("/proc/{}/status", stream.id());
    // In KiB; the peak has no gap in which a rise could hide.
    let memory = || {
        let status = fs::read_to_string(&status).unwrap();
        let of = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (of("VmRSS:"), of("VmHWM:"))
    };
    let row = "{\"width\":0.123456}";
    let line = format!("[{}]\n", [row; ROWS_A_LINE].join(","));
    let mut stdin = stream.stdin.take().unwrap();
    let mut stdout = BufReader::new(stream.stdout.take().unwrap());
    let mut answered = String::new();
    let mut send = |n_lines: usize| {
        // Few enough at a time to fit into the pipe of the answers, so that one thread can do both.
        for _ in 0..n_lines / 20 {
            stdin.write_all(line.repeat(20).as_bytes()).unwrap();
            for _ in 0..20 {
                answered.clear();
                stdout.read_line(&mut answered).unwrap();
                assert_eq!(
                    answered.len(),
                    "\"setosa\",".len() * ROWS_A_LINE + 2,
                    "{answered}"
                );
            }
        }
    };
    send(10_000 / ROWS_A_LINE);
    let (resident, _) = memory();
    send(990_000 / ROWS_A_LINE);
    let (_, peak) = memory();
    assert!(
        peak < resident + (32 << 10),
        "from {resident} KiB at row 10,000 to a peak of {peak} KiB at row 1,000,000"
    );
    drop(stdin);
    let ended = stream.wait_with_output().unwrap();
    let done: Value = serde_json::from_slice(&ended.stderr).unwrap();
    assert_eq!(
        (ended.status.code(), &done["rows"]),
        (Some(0), &json!(1_000_000)),
        "{done}"
    );
}
