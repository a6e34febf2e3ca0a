//! What the program says to people before it touches a cluster.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

/// What it prints to stderr for flags that it refuses.
fn refusal(flags: &[&str]) -> String {
    let needed = ["--kubeconfig", "k", "--operator", "o", "--logs", "l"];
    let mut rig = Command::new(env!("CARGO_BIN_EXE_auriga-rig"));
    let output = rig.args(needed).args(flags).output().unwrap();
    assert!(!output.status.success(), "{flags:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_there_is_none_of_is_refused_with_what_there_is() {
    for (flags, words) in [
        (
            &["writes", "--workloads", "rollbak"][..],
            "there is no workload \"rollbak\"; there are create, ",
        ),
        (
            &["writes", "--faults", "kill"],
            "there is no fault \"kill\"; there are kill-before, ",
        ),
        (&["rows", "F99"], "there is no row \"F99\"; there are F3, "),
        (&["rows", "F11", "--models", "0"], "0 is not in 1..=2000"),
    ] {
        let said = refusal(flags);
        assert!(said.contains(words), "{flags:?}: {said}");
    }
}

#[test]
fn the_help_speaks_of_the_command_that_people_type_and_of_nothing_that_it_fills_in() {
    let help = Command::new(env!("CARGO_BIN_EXE_auriga-rig"))
        .arg("--help")
        .output()
        .unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.contains("cargo xtask faults"), "{text}");
    assert!(!text.contains("--kubeconfig"), "{text}");
}
