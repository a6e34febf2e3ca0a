//! The committed report.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn the_committed_report_is_what_the_saved_figures_say() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_auriga-bench"));
    bench.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let output = bench.args(["report", "--check"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}
