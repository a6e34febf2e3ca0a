//! Installs what is missing with apt, where that is possible without asking.

use std::io;

use anyhow::{Context, Result, bail};

use crate::{
    program::{read, run, succeeds},
    workspace::Workspace,
};

/// Installs Debian packages.
///
/// Errors: this is not Debian, or the user is not root: `missing`, a phrase, and the command to type; apt's own.
pub(crate) fn install(workspace: &Workspace, packages: &[&str], missing: &str) -> Result<()> {
    let is_root = read(workspace.program("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !succeeds(workspace.program("apt-get").arg("--version")) {
        bail!(
            "{missing}; on Debian: `sudo apt-get install {}`",
            packages.join(" ")
        );
    }
    eprintln!("installing {}", packages.join(" "));
    let mut update = workspace.program("apt-get");
    run(update.args(["update", "--quiet"]).stdout(io::stderr()))?;
    let mut install = workspace.program("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(packages)
        .stdout(io::stderr());
    run(&mut install).with_context(|| missing.to_owned())
}
