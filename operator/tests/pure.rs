//! Decisions and builders wait for nothing, read no clock and ask nobody: held by reading their source.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is impure, under `src`: files, and folders with all that is in them. Everything else is pure.
const IMPURE: &[&str] = &[
    "alive",
    "alive.rs",
    "apply",
    "apply.rs",
    "cache",
    "cache.rs",
    "caches.rs",
    "call.rs",
    "clock.rs",
    "complaint.rs",
    "context.rs",
    "controller.rs",
    "deadline.rs",
    "error.rs",
    "events.rs",
    "health",
    "health.rs",
    "lease",
    "lease.rs",
    "listing.rs",
    "main.rs",
    "metrics",
    "metrics.rs",
    "patience.rs",
    "start.rs",
    "term.rs",
    "texts.rs",
    "watch",
    "watch.rs",
];
const OBSERVES: &str = "observe.rs";

/// What would make it impure.
const FORBIDDEN: [&str; 11] = [
    "async ",
    ".await",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime",
    "Instant",
    "kube::Client",
    "kube::Api",
    "kube::client",
    "kube::api",
    "std::env",
];

#[test]
fn decisions_and_builders_wait_for_nothing_read_no_clock_and_ask_nobody() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = sources(&root.join("src"));
    for impure in IMPURE.iter().map(|path| root.join("src").join(path)) {
        assert!(impure.exists(), "{}", impure.display());
        files.retain(|file| !file.starts_with(&impure));
    }
    assert!(
        files.iter().any(|file| file.ends_with("model/decide.rs")),
        "{files:?}"
    );
    assert!(!files.iter().any(|file| file.ends_with(OBSERVES)));
    let faults: Vec<String> = (files.iter())
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let found = impurities(&text);
            let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
            found
                .into_iter()
                .map(move |(line, what)| format!("{name}:{line} has {what}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_impurity_is_found_in_code_and_not_in_comments() {
    let check = |line: &str, expected: usize| assert_eq!(impurities(line).len(), expected, "{line}");
    check("pub async fn decide() {", 1);
    check("    let now = Timestamp::now();", 1);
    check("use kube::{Api, Client};", 2);
    check("use kube::{Resource, ResourceExt as _};", 0);
    check("// Never async, and no Timestamp::now().", 0);
    check("/// What `kube::Client` is for.", 0);
    check("    client: &Client,", 1);
}

/// Line and what is wrong in it.
fn impurities(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        found.extend(
            (FORBIDDEN.iter())
                .filter(|word| code.contains(**word))
                .map(|word| (number + 1, *word)),
        );
        for name in ["Api", "Client"] {
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            let is_told = FORBIDDEN
                .iter()
                .any(|word| word.ends_with(name) && code.contains(word));
            if words.any(|word| word == name) && !is_told {
                found.push((number + 1, name));
            }
        }
    }
    found
}

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).expect("a folder of the source can be read");
    let entries = entries.map(|entry| entry.expect("a folder of the source can be read").path());
    entries
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "rs"))
        .filter(|path| !path.ends_with(OBSERVES))
        .flat_map(|path| sources(&path))
        .collect()
}
