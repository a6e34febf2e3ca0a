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
            // kubectl is given the folder, and finds this file by its name.
            let told = path.strip_suffix("/kustomization.yaml").unwrap_or(path);
            let mentions = |other: &str, text: &str| {
                let speaks = other.ends_with("/README.md") || other.ends_with(".yaml");
                let beside = other.rfind('/').map_or("", |end| &other[..=end]);
                let name = told.strip_prefix(beside);
                speaks && beside.starts_with(&start) && name.is_some_and(|name| text.contains(name))
            };
            let mentioned = files
                .iter()
                .any(|(other, text)| other != path && mentions(other, text));
            if !mentioned {
                faults.push(format!(
                    "{path}: neither {readme} nor a manifest beside it mentions this file"
                ));
            }
        }
    }
    faults
}
