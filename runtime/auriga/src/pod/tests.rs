//! A panic in a process of its own.

use std::{env, process::Command};

use auriga_crds::contract::{Outcome, pod::TERMINATION_LOG_VARIABLE};

use super::Pod;

/// Says that this process is the one that panics.
const PANICS: &str = "AURIGA_TEST_PANICS";

#[test]
fn a_panic_leaves_its_words() {
    if env::var_os(PANICS).is_some() {
        Pod::from_environment().unwrap().leave_panics();
        panic!("seven is no version");
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("termination-log");
    let ended = Command::new(env::current_exe().unwrap())
        .args(["--exact", "pod::tests::a_panic_leaves_its_words"])
        .env(PANICS, "1")
        .env(TERMINATION_LOG_VARIABLE, &log)
        .output()
        .unwrap();
    assert!(!ended.status.success());
    let outcome = Outcome::read(&std::fs::read_to_string(log).unwrap()).unwrap();
    assert_eq!(outcome.reason.as_deref(), Some("Failed"));
    let message = outcome.message.unwrap();
    assert!(
        message.starts_with("auriga panicked at ")
            && message.contains(": seven is no version; this is a bug"),
        "{message}"
    );
}
