//! `auriga version`.

use std::path::Path;

use serde_json::json;

use super::given::{json, says};
use crate::support::run;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn it_says_what_it_is_and_what_it_reads() {
    let here = Path::new(".");
    let text = format!("auriga {VERSION} (manifests auriga.dev/v1alpha1, model files up to format 1)\n");
    says(here, "version", &text, "");
    says(here, "--version", &format!("auriga {VERSION}\n"), "");
    let expected = json!({ "version": VERSION, "apiVersion": "auriga.dev/v1alpha1", "modelFormat": 1 });
    assert_eq!(json(here, "version"), expected);
}

#[test]
fn another_word_is_refused() {
    let ended = run(Path::new("."), &["version", "iris"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(
        ended
            .stderr
            .starts_with("error: unexpected argument 'iris' found\n"),
        "{}",
        ended.stderr
    );
}
