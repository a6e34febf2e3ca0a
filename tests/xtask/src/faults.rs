//! Breaks the operator's way to the API server: `auriga-rig` on the cluster for tests.

use std::path::Path;

use anyhow::Result;

use crate::{
    cargo::{E2E, build_tests, count_tests, of_tests},
    cluster, debian,
    image::{self, Programs},
    program::run,
    steps::Done,
    workspace::Workspace,
};

/// What turns on the bugs that tests are to find.
const WITH_BUGS: [&str; 2] = ["--features", "auriga-operator/planted-bugs"];

/// What is tried each time: the operator dies around every write of a Model that is made, and fitted anew.
const EACH_TIME: [&str; 5] = [
    "writes",
    "--workloads",
    "create,retrain",
    "--faults",
    "kill-before,kill-after",
];

/// The rows that measure an operator as it is shipped; its build takes minutes.
const MEASURED: [&str; 3] = ["F11", "F24", MEASURED_PODS];

/// The row that measures the answers of pods as they are shipped, beside others that start.
const MEASURED_PODS: &str = "F30";

/// The row that needs wrong clocks, and what Debian's package `libfaketime` puts there.
const WRONG_CLOCKS: &str = "F10";
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// The part that belongs to all tests, on a cluster that stays.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    sweep(workspace, &EACH_TIME)?;
    Ok(Done::default())
}

/// What `flags` ask for; everything without any.
pub(crate) fn all(workspace: &Workspace, flags: &[&str]) -> Result<()> {
    if flags == ["planted"] {
        return planted(workspace);
    }
    cluster::left_as_found(workspace, || sweep(workspace, flags))
}

/// Lets the simulation find each bug that can be planted; it says how soon.
fn planted(workspace: &Workspace) -> Result<()> {
    let mut tests = workspace.cargo();
    // The whole workspace, so that its libraries have the features that others were built with.
    tests.args(["test", "--workspace", "--exclude", E2E, "--test", "plans"]);
    // One after the other, so that the times are those of one search.
    tests
        .args(WITH_BUGS)
        .args(["--", "cluster::planted", "--nocapture", "--test-threads", "1"]);
    count_tests(&mut tests)?;
    Ok(())
}

fn sweep(workspace: &Workspace, flags: &[&str]) -> Result<()> {
    let of_pods = if asks_for(flags, &[MEASURED_PODS]) {
        image::RELEASE
    } else {
        Programs::OfTests
    };
    let kubeconfig = cluster::ensure(workspace, of_pods)?;
    if flags.iter().any(|flag| flag.starts_with("--planted-bug")) {
        let mut build = workspace.cargo();
        build.args(["build", "--bin", "auriga-rig", "--bin", "auriga-operator"]);
        run(build.args(WITH_BUGS))?;
    } else {
        // The programs that tests run: others would be compiled once more, with other features.
        build_tests(workspace)?;
    }
    let built = |name: &str| of_tests(workspace, name);
    if asks_for(flags, &[WRONG_CLOCKS]) && !Path::new(FAKETIME).exists() {
        let missing = "libfaketime, which gives programs another clock, is missing";
        debian::install(workspace, &["libfaketime"], missing)?;
    }
    let measured = if asks_for(flags, &MEASURED) {
        run(workspace
            .cargo()
            .args(["build", "--release", "--package", "auriga-operator"]))?;
        workspace.target.join("release/auriga-operator")
    } else {
        built("auriga-operator")
    };
    let mut rig = workspace.program(built("auriga-rig"));
    rig.arg("--kubeconfig").arg(kubeconfig);
    rig.arg("--operator").arg(built("auriga-operator"));
    rig.arg("--measured").arg(measured);
    rig.arg("--logs").arg(workspace.target.join("rig"));
    run(rig.args(flags))
}

/// Whether the rig is asked for one of these rows.
fn asks_for(flags: &[&str], rows: &[&str]) -> bool {
    let names_rows = rows.iter().any(|row| flags.contains(row));
    // Without a word that is no flag, everything is asked for, and without names all rows are.
    let is_word = |flag: &&&str| !flag.starts_with('-') && flag.parse::<u64>().is_err();
    let words: Vec<_> = flags.iter().filter(is_word).collect();
    names_rows || words.is_empty() || words == [&"rows"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_as_it_is_shipped_is_built_where_it_is_measured() {
        for flags in [
            &["--save"][..],
            &["rows", "--models", "50"],
            &["rows", "F9", "F11"],
        ] {
            assert!(asks_for(flags, &MEASURED), "{flags:?}");
        }
        for flags in [
            &["rows", "F9"][..],
            &["writes", "--plan", "create/create jobs a #1/409"],
        ] {
            assert!(!asks_for(flags, &MEASURED), "{flags:?}");
        }
    }
}
