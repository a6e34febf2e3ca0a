//! Where and with what a bench ran.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread::available_parallelism};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{number::significant, process::read};

/// The circumstances of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// The day, in UTC.
    pub(crate) date: String,
    /// The state of the tree, as `git describe` tells it.
    pub(crate) commit: String,
    /// What it ran on.
    pub(crate) machine: Machine,
    /// Of Auriga, of what it was compared with, and of what measured.
    pub(crate) versions: BTreeMap<String, String>,
}

/// What a bench ran on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// The processor, as Linux calls it.
    pub(crate) processor: String,
    /// Processors that this program may use.
    pub(crate) cores: usize,
    /// GiB.
    pub(crate) memory: f64,
    /// Programs that ran or wanted to, on average, in the minute before the bench: above 0.5, others had work to do.
    pub(crate) load_before: f64,
}

impl Run {
    /// Looks around; call it before anything is measured.
    ///
    /// `others` are versions of what Auriga is compared with and of what measures.
    pub(crate) fn here(others: BTreeMap<String, String>) -> Result<Run> {
        let mut describe = Command::new("git");
        describe.args(["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
        let mut rustc = Command::new("rustc");
        let rustc = read("rustc", rustc.arg("--version"))?;
        let mut versions = others;
        versions.insert("auriga".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        versions.insert("rustc".to_owned(), second_word(&rustc).to_owned());
        Ok(Run {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            commit: read("git", &mut describe)?.trim().to_owned(),
            machine: Machine::here()?,
            versions,
        })
    }

    /// The lines that begin a section of the report.
    pub(crate) fn described(&self) -> String {
        let Machine {
            processor,
            cores,
            memory,
            load_before,
        } = &self.machine;
        let versions: Vec<String> = self
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        format!(
            "Measured on {} at commit {}, on {cores} cores ({processor}) with {memory:.0} GiB; load average before: {load_before}.\n\
             Versions: {}.\n",
            self.date,
            self.commit,
            versions.join(", ")
        )
    }
}

impl Machine {
    fn here() -> Result<Machine> {
        let of = |file: &str| {
            fs::read_to_string(file).with_context(|| format!("cannot read {file}; this needs Linux"))
        };
        let memory: f64 = number(&of("/proc/meminfo")?, "MemTotal:")?;
        let load = of("/proc/loadavg")?;
        Ok(Machine {
            processor: processor(&of("/proc/cpuinfo")?),
            cores: available_parallelism().context("cannot count processors")?.get(),
            memory: significant(memory / 1024.0 / 1024.0, 3),
            load_before: load
                .split(' ')
                .next()
                .unwrap_or_default()
                .parse()
                .unwrap_or_default(),
        })
    }
}

/// The versions that a file of pinned packages gives for `names`.
pub(crate) fn pinned_versions(requirements: &Path, names: &[&str]) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let pins = text.lines().filter_map(|line| line.split_once("=="));
    let wanted = pins.filter(|(name, _)| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    Ok(wanted
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect())
}

/// The second word of what a program says about its version: `rustc 1.95.0 (…)`.
pub(crate) fn second_word(text: &str) -> &str {
    text.split_whitespace().nth(1).unwrap_or_default()
}

fn processor(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or("unnamed processor", |(_, name)| name.trim())
        .to_owned()
}

fn number(text: &str, name: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("the system does not tell {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_from_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A Processor @ 2.00GHz\nmodel name\t: Another\n";
        assert_eq!(processor(cpuinfo), "A Processor @ 2.00GHz");
        assert_eq!(processor(""), "unnamed processor");
        assert_eq!(number("MemTotal:   2048 kB\n", "MemTotal:").unwrap(), 2048.0);
        assert!(number("MemFree: 1 kB\n", "MemTotal:").is_err());
        assert_eq!(second_word("rustc 1.95.0 (f2d3ce0bd 2026-03-21)\n"), "1.95.0");
    }

    #[test]
    fn versions_are_those_of_the_pinned_packages() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            "# Pinned.\nFlask==2.2.5\nnumpy==2.4.6\nnumpy-financial==1.0\n",
        )
        .unwrap();
        let versions = pinned_versions(file.path(), &["flask", "numpy"]).unwrap();
        let found: Vec<(&str, &str)> = versions
            .iter()
            .map(|(name, version)| (&**name, &**version))
            .collect();
        assert_eq!(found, [("Flask", "2.2.5"), ("numpy", "2.4.6")]);
    }
}
