//! Breaks the operator's way to the API server: `auriga-rig` on the cluster for tests.

use std::path::Path;

use anyhow::Result;

use crate::{cluster, image::Programs, program::run, steps::Done, workspace::Workspace};

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
    cluster::with(workspace, Programs::OfTests, |kubeconfig| {
        sweep(workspace, kubeconfig, flags)
    })
}

fn sweep(workspace: &Workspace, kubeconfig: &Path, flags: &[&str]) -> Result<()> {
    // Without `--package`, so that its libraries have the features that others were built with.
    run(workspace
        .cargo()
        .args(["build", "--bin", "auriga-rig", "--bin", "auriga-operator"]))?;
    let built = |name: &str| workspace.target.join("debug").join(name);
    let mut rig = workspace.program(built("auriga-rig"));
    rig.arg("--kubeconfig").arg(kubeconfig);
    rig.arg("--operator").arg(built("auriga-operator"));
    rig.arg("--logs").arg(workspace.target.join("rig"));
    run(rig.args(flags))
}
