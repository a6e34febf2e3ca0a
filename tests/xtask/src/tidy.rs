//! The house rules that a program can check.

mod documents;
mod examples;
mod lines;

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result, bail};

use crate::{program::read, steps::Done, workspace::Workspace};

/// The files of the tree by their path in it, those of `git status` included; the content of what is no UTF-8 is empty.
type Files = BTreeMap<String, String>;

/// Fails on a broken rule, naming every place.
pub(crate) fn check(workspace: &Workspace) -> Result<Done> {
    let files = files(workspace)?;
    // A clone may lie below any folder; its own place must not get into what is committed.
    let root = workspace.root.to_string_lossy();
    let mut faults: Vec<String> = files
        .iter()
        .flat_map(|(path, text)| lines::faults(path, text, &root))
        .collect();
    faults.extend(documents::faults(&files));
    faults.extend(examples::faults(&files));
    if !faults.is_empty() {
        bail!(
            "{} places break a house rule:\n{}",
            faults.len(),
            faults.join("\n")
        );
    }
    Ok(Done::saying(format!("{} files", files.len())))
}

fn files(workspace: &Workspace) -> Result<Files> {
    let mut list = workspace.program("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = read(&mut list).context("the house rules are checked for what git knows")?;
    let mut files = Files::new();
    for path in list.split_terminator('\0') {
        let file = workspace.root.join(path);
        // Deleted but not yet committed, or a link.
        if !file.is_file() {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("cannot read {path}"))?;
        files.insert(path.to_owned(), String::from_utf8(bytes).unwrap_or_default());
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
