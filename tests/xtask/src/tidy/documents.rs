//! Links in documents lead to files that exist.

use super::Files;

/// The links of all Markdown files that lead nowhere.
pub(super) fn faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (at, line) in text.lines().enumerate() {
            for link in links(line) {
                let target = resolved(path, link);
                let folder = format!("{target}/");
                let exists = target.is_empty()
                    || files.contains_key(&target)
                    || files.keys().any(|other| other.starts_with(&folder));
                if !exists {
                    faults.push(format!("{path}:{}: the link to {link} leads to no file", at + 1));
                }
            }
        }
    }
    faults
}

/// The targets of the links in a line that name a file of the tree.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next());
    let files = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
    files.filter_map(|target| target.split('#').next())
}

/// The path in the tree that `link` in the document `path` leads to.
fn resolved(path: &str, link: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
