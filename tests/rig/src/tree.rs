//! Which tree is tried.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

/// The commit that is tried, with a `+` if what is tried was changed since.
///
/// Errors: git cannot tell.
pub(crate) fn tree(root: &Path) -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
        let output = output.context("cannot run git")?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&[
        "status",
        "--porcelain",
        "--",
        "operator",
        "crds",
        "runtime",
        "manifests",
    ])?;
    Ok(if changed.is_empty() { commit } else { commit + "+" })
}
