//! Breaks the operator's way to the API server: `auriga-rig` on the cluster for tests.

use std::path::Path;

use anyhow::Result;

use crate::{
    cargo::{E2E, count_tests},
    cluster,
    image::Programs,
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

/// The part that belongs to all tests.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    all(workspace, &EACH_TIME)?;
    Ok(Done::default())
}

/// What `flags` ask for; everything without any.
pub(crate) fn all(workspace: &Workspace, flags: &[&str]) -> Result<()> {
    if flags == ["planted"] {
        return planted(workspace);
    }
    cluster::with(workspace, Programs::OfTests, |kubeconfig| {
        sweep(workspace, kubeconfig, flags)
    })
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

fn sweep(workspace: &Workspace, kubeconfig: &Path, flags: &[&str]) -> Result<()> {
    // Without `--package`, so that its libraries have the features that others were built with.
    let mut build = workspace.cargo();
    build.args(["build", "--bin", "auriga-rig", "--bin", "auriga-operator"]);
    if flags.iter().any(|flag| flag.starts_with("--planted-bug")) {
        build.args(WITH_BUGS);
    }
    run(&mut build)?;
    let built = |name: &str| workspace.target.join("debug").join(name);
    let mut rig = workspace.program(built("auriga-rig"));
    rig.arg("--kubeconfig").arg(kubeconfig);
    rig.arg("--operator").arg(built("auriga-operator"));
    rig.arg("--logs").arg(workspace.target.join("rig"));
    run(rig.args(flags))
}
