//! How a bench ends: a table for people, a line of JSON for programs, and what the user asked for besides.

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use crate::{report, target::Target};

/// What to do with the figures.
#[derive(Args)]
pub(crate) struct Conclusion {
    /// Fail if a target is not met
    #[arg(long)]
    check: bool,
    /// Keep the figures in the tree, and write docs/performance.md anew
    #[arg(long)]
    save: bool,
}

impl Conclusion {
    /// Prints the table and the targets to the standard error, and the result as one line of JSON to the standard output.
    ///
    /// Errors: the figures cannot be saved; a target is not met, if that was asked for.
    pub(crate) fn draw(
        &self,
        result: &impl Serialize,
        bench: &str,
        table: &str,
        targets: &[Target],
    ) -> Result<()> {
        eprintln!("\n{table}");
        for target in targets {
            let (verdict, what, found, wanted) =
                (target.verdict(), &target.what, target.found(), target.wanted());
            eprintln!("{verdict:>8}  {what}: {found} ({wanted})");
        }
        println!("{}", serde_json::to_string(result)?);
        if self.save {
            report::save(bench, result)?;
        }
        let n_missed = targets.iter().filter(|target| !target.met).count();
        if self.check && n_missed > 0 {
            bail!("{n_missed} of {} targets are not met", targets.len());
        }
        Ok(())
    }
}
