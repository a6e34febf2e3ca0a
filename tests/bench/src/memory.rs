//! Memory of a process and of those that it started, as Linux tells it.

use std::fs;

use anyhow::{Context, Result};

/// MiB that a process and its descendants hold in memory now, summed; pages that they share count for each.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let mut sum = 0.0;
    for pid in family(pid)? {
        // One that ended meanwhile holds nothing.
        sum += field(pid, "VmRSS:").unwrap_or(0.0);
    }
    Ok(sum)
}

/// MiB that a process held in memory at the most since it began.
pub(crate) fn peak(pid: u32) -> Result<f64> {
    field(pid, "VmHWM:").with_context(|| format!("cannot read the memory of process {pid}; this needs Linux"))
}

/// The process and its descendants.
pub(crate) fn family(pid: u32) -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("cannot list processes; this needs Linux")?;
    let parents: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, value(&status(pid)?, "PPid:")? as u32))
        })
        .collect();
    Ok(descendants(pid, &parents))
}

/// `first` and all below it, of pairs of a process and its parent.
fn descendants(first: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![first];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid));
        at += 1;
    }
    found
}

fn field(pid: u32, name: &str) -> Option<f64> {
    Some(value(&status(pid)?, name)? as f64 / 1024.0)
}

fn status(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/status")).ok()
}

/// The number of a line such as `VmRSS:    1536 kB`.
fn value(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_process_and_all_below_it() {
        let parents = [(1, 0), (7, 1), (9, 7), (8, 7), (12, 9), (20, 1)];
        assert_eq!(descendants(7, &parents), [7, 9, 8, 12]);
        assert_eq!(descendants(20, &parents), [20]);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "Name:\tx\nPPid:\t42\nVmHWM:\t    2048 kB\nVmRSS:\t    1536 kB\n";
        assert_eq!(value(status, "VmRSS:"), Some(1536));
        assert_eq!(value(status, "PPid:"), Some(42));
        assert_eq!(value(status, "VmSwap:"), None);
    }

    #[test]
    fn this_test_holds_memory() {
        let here = std::process::id();
        // In this order: other tests run beside this one, and what they take in between counts.
        let now = field(here, "VmRSS:").unwrap();
        let most = peak(here).unwrap();
        assert!(now > 0.1 && most >= now, "{now} {most}");
        assert!(resident(here).unwrap() > 0.1);
    }
}
