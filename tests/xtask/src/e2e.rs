//! Runs the tests that need a cluster.

use anyhow::Result;

use crate::{cargo, cluster, image::Programs, steps::Done, workspace::Workspace};

/// Their program, which the package has none beside.
const TESTS: &str = "cluster";
/// As many tests run beside each other: they wait more than they compute, and a node of two cores holds that many.
const SIDE_BY_SIDE: &str = "--test-threads=4";

/// Brings up a cluster with all images, unless there is one, and runs the tests on it.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    let kubeconfig = cluster::ensure(workspace, Programs::OfTests)?;
    let mut tests = workspace.cargo();
    tests.args(["test", "--workspace", "--test", TESTS, "--", SIDE_BY_SIDE]);
    tests.env("KUBECONFIG", kubeconfig);
    cargo::count_tests(&mut tests)
}
