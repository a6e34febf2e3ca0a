//! The line that `up` gives to try is answered.

use std::process::Command;

use serde_json::Value;

use super::given::{FLOWERS, MANIFEST, files};
use crate::support::{Running, end, get, post};

#[test]
fn names_with_blanks_and_signs_are_escaped() {
    check(&FLOWERS.replace("width", "petal width (cm) & more"), "", "");
}

#[test]
fn a_mapping_names_the_parameters() {
    let mapping = "  serving:\n    entryPoints:\n      - path: /flowers\n        mapping:\n          - {name: w, type: float, column: width}\n";
    let line = check(FLOWERS, "", mapping);
    assert!(line.contains("/flowers?w=0.1"), "{line}");
}

#[test]
fn texts_are_sent_as_they_are() {
    let rows = "color,species\nlight blue,setosa\nit's \"red\",virginica\nlight blue,setosa\nit's \"red\",virginica\n";
    let encoder = "  transformers:\n    - name: colors\n      columns: [color]\n      oneHotEncoder: {}\n";
    let line = check(&rows.replace("\"red\"", "red"), encoder, "");
    assert!(line.contains("color=light%20blue"), "{line}");
}

#[test]
fn rows_with_missing_cells_are_sent_as_json() {
    let rows = "it's,width,species\n0.1,,setosa\n,0.2,setosa\n2.1,,virginica\n,2.2,virginica\n";
    let imputer = "  transformers:\n    - name: fill\n      simpleImputer: {}\n";
    let line = check(rows, imputer, "");
    assert!(
        line.contains(" -d '[{\"it'\\''s\":0.1,\"width\":null}]'"),
        "{line}"
    );
}

#[test]
fn a_version_without_golden_requests_gets_a_row_made_up() {
    let rows = "color,width,species\nblue,0.1,setosa\nred,2.1,virginica\n";
    let encoder = "  transformers:\n    - name: colors\n      columns: [color]\n      oneHotEncoder: {}\n";
    let line = check(rows, encoder, "  training:\n    goldenRequests:\n      rows: 0\n");
    assert!(line.contains("color=blue&width=0"), "{line}");
}

#[test]
fn parameters_follow_the_row_with_their_defaults_or_usual_values() {
    let params = |default: &str| {
        format!(
            "  serving:\n    entryPoints:\n      - path: /predict\n        params:\n          - {{name: threshold, type: float{default}}}\n"
        )
    };
    let line = check(FLOWERS, "", &params(""));
    assert!(line.ends_with("&threshold=0.5'"), "{line}");
    let line = check(FLOWERS, "", &params(", default: '0.25'"));
    assert!(line.ends_with("&threshold=0.25'"), "{line}");
}

#[test]
fn bare_rows_are_sent_bare() {
    let serving = "  serving:\n    entryPoints:\n      - path: /predict\n        unwrapSample: true\n        params:\n          - {name: threshold, type: float}\n";
    let line = check(FLOWERS, "", serving);
    assert!(line.contains("?threshold=0.5' -d '[0.1]'"), "{line}");
}

/// Serves a model of these rows, sends what the line says, and gives the line.
fn check(rows: &str, transformers: &str, more: &str) -> String {
    let manifest = MANIFEST.replace("  estimator:", &format!("{transformers}  estimator:"));
    let folder = files(&[
        ("flowers.csv", rows),
        ("model.yaml", &format!("{manifest}{more}")),
    ]);
    let mut up = Running::start(folder.path(), &["up", "-f", "model.yaml"]);
    let ready = up.wait_for("ready");
    let line = ready["try"].as_str().unwrap().to_owned();
    let address: std::net::SocketAddr = ready["address"].as_str().unwrap().parse().unwrap();

    // What a shell hands to the program, one word a line.
    let script = format!("curl() {{ for word; do echo \"$word\"; done; }}\n{line}");
    let words = end(Command::new("sh").args(["-c", &script]));
    assert_eq!((words.code, &*words.stderr), (Some(0), ""), "{line}");
    let words: Vec<_> = words.stdout.lines().collect();
    let target = words[0].strip_prefix(&format!("http://{address}")).unwrap();
    let answer = match words[1..] {
        [] => get(address, target),
        ["-d", body] => post(address, target, body),
        _ => panic!("{words:?}"),
    };
    assert_eq!(answer.status, 200, "{line}: {}", answer.text);

    // The real program does more, such as globbing in addresses; it is not on every machine.
    if Command::new("curl").arg("--version").output().is_ok() {
        let done =
            end(Command::new("sh").args(["-c", &format!("{line} --silent --show-error --noproxy '*'")]));
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{line}");
        let body: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(body, answer.json(), "{line}");
    }
    line
}
