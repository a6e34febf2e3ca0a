//! Programs of this machine that are run to their end.

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// Runs a program; what it prints.
///
/// Errors: it is not there, or fails; its words.
pub(crate) async fn run(command: &mut Command) -> Result<String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.output().await;
    let output = output.with_context(|| format!("cannot run {name}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{name}: {} {}",
        words.trim(),
        printed.trim()
    );
    Ok(printed)
}
