//! Dependencies: licenses, sources, banned crates, known vulnerabilities; `deny.toml` says what is allowed.

use std::path::PathBuf;

use anyhow::Result;

use crate::{program::run, steps::Done, tool::Tool, workspace::Workspace};

// A newer release may read deny.toml differently.
const VERSION: &str = "0.20.2";

/// Fails on a license, source or crate that `deny.toml` does not allow. Needs no network once cargo-deny is there.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    run_checks(workspace, &["bans", "licenses", "sources"])
}

/// Fails on a dependency with a known vulnerability. Downloads the database of them, and so is no part of `test`.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Done> {
    run_checks(workspace, &["advisories"])
}

fn run_checks(workspace: &Workspace, checks: &[&str]) -> Result<Done> {
    let mut command = workspace.program(cargo_deny(workspace)?);
    run(command.args(["check", "--hide-inclusion-graph"]).args(checks))?;
    Ok(Done::default())
}

/// The pinned cargo-deny: on the search path, in the cache, or installed there now.
fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let tool = Tool {
        name: "cargo-deny",
        version: VERSION,
    };
    tool.ready(workspace)
}
