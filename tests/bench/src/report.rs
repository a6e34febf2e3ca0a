//! Keeps figures in the tree, and turns them into docs/performance.md and its pictures.

pub(crate) mod chart;
mod page;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Serialize, de::DeserializeOwned};

use crate::{fit::figures::FitResult, operator::figures::OperatorResult, serve::figures::ServeResult};

/// Write docs/performance.md and its pictures from the figures saved last
#[derive(Args)]
pub(crate) struct Report {
    /// Write nothing, and fail if a file is not as it would be written
    #[arg(long)]
    check: bool,
}

const RESULTS: &str = "tests/bench/results";
const COMMAND: &str = "cargo xtask bench report";

impl Report {
    /// Renders what was saved last.
    ///
    /// Errors: nothing was saved, or what was saved cannot be read; a file that is stale, if that was asked for.
    pub(crate) fn run(self) -> Result<()> {
        let files = files()?;
        for (path, text) in &files {
            if !self.check {
                write(path, text)?;
            } else if fs::read_to_string(path).ok().as_ref() != Some(text) {
                bail!("{path} is stale; run `{COMMAND}`");
            }
        }
        Ok(())
    }
}

/// Keeps the result of a bench, and renders all of them as soon as the report has what it cannot do without.
pub(crate) fn save(bench: &str, result: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(result)? + "\n";
    write(&file_of(bench).to_string_lossy(), &text)?;
    match missing(Path::new(RESULTS)) {
        None => Report { check: false }.run(),
        Some(other) => {
            eprintln!(
                "saved {}; the report waits for `cargo xtask bench {other} --save`",
                file_of(bench).display()
            );
            Ok(())
        }
    }
}

/// A bench that has left no result in `folder` and that the report cannot do without.
fn missing(folder: &Path) -> Option<&'static str> {
    let benches = [FitResult::BENCH, ServeResult::BENCH];
    benches
        .into_iter()
        .find(|bench| !folder.join(format!("{bench}.json")).exists())
}

fn files() -> Result<Vec<(&'static str, String)>> {
    let fit: FitResult = saved(FitResult::BENCH)?;
    let serve: ServeResult = saved(ServeResult::BENCH)?;
    // It wants a cluster, which not every machine can have.
    let operator: Option<OperatorResult> = match file_of(OperatorResult::BENCH).exists() {
        true => Some(saved(OperatorResult::BENCH)?),
        false => None,
    };
    let mut files = vec![
        ("docs/performance.md", page::page(&serve, &fit, operator.as_ref())),
        ("docs/performance-serve.svg", serve.chart().svg()),
        ("docs/performance-fit.svg", fit.chart().svg()),
    ];
    files.extend(operator.map(|operator| ("docs/performance-operator.svg", operator.chart().svg())));
    Ok(files)
}

fn saved<T: DeserializeOwned>(bench: &str) -> Result<T> {
    let path = file_of(bench);
    let text = fs::read_to_string(&path).with_context(|| {
        format!(
            "cannot read {}; run `cargo xtask bench {bench} --save`",
            path.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what the bench writes", path.display()))
}

fn file_of(bench: &str) -> PathBuf {
    PathBuf::from(RESULTS).join(format!("{bench}.json"))
}

fn write(path: &str, text: &str) -> Result<()> {
    let path = PathBuf::from(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_waits_for_the_bench_whose_result_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let write = |bench: &str| fs::write(folder.path().join(format!("{bench}.json")), "{}").unwrap();
        write("fit");
        assert_eq!(missing(folder.path()), Some("serve"));
        write("serve");
        assert_eq!(missing(folder.path()), None);
    }
}
