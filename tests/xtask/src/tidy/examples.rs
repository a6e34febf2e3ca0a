//! Every example says what it is and how to run it, and has no file that nothing mentions.

use std::collections::BTreeSet;

use super::Files;

/// What is wrong with the folders below `examples/`.
pub(super) fn faults(files: &Files) -> Vec<String> {
    let paths = || files.keys().filter_map(|path| path.strip_prefix("examples/"));
    let folders: BTreeSet<&str> = paths().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let mut faults = Vec::new();
    for folder in folders {
        let start = format!("examples/{folder}/");
        let readme = format!("{start}README.md");
        if !files.contains_key(&readme) {
            faults.push(format!(
                "{readme}: missing; say what the example is and how to run it"
            ));
        }
        for path in files
            .keys()
            .filter(|path| path.starts_with(&start) && **path != readme)
        {
            let speaks = |other: &str| {
                other.starts_with(&start) && (other.ends_with("README.md") || other.ends_with(".yaml"))
            };
            let mentioned = files
                .iter()
                .any(|(other, text)| other != path && speaks(other) && mentions(other, text, path));
            if !mentioned {
                faults.push(format!(
                    "{path}: neither {readme} nor a manifest beside it mentions this file"
                ));
            }
        }
    }
    faults
}

/// Whether `text`, at the path `by`, names the file `path`, which lies beside it or below. What speaks for a whole folder,
/// to people or to kustomize, is named with the folder.
fn mentions(by: &str, text: &str, path: &str) -> bool {
    let beside = by.rfind('/').map_or("", |end| &by[..=end]);
    let Some(name) = path.strip_prefix(beside) else {
        return false;
    };
    let folder = ["/kustomization.yaml", "/README.md"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    text.contains(name) || folder.is_some_and(|folder| text.contains(folder))
}
