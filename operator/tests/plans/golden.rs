//! Compares plans with the YAML files under golden/; `UPDATE=1` writes those anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

/// Compares `plan` with `golden/<area>/<name of the test>.yaml`.
///
/// The name is taken from the test itself, so that a file and its test cannot drift apart.
macro_rules! golden {
    ($plan:expr) => {{
        fn here() {}
        $crate::golden::check($crate::golden::place(here), &$plan)
    }};
}
pub(crate) use golden;

/// `<area>/<test>` of the test that a function stands in: from `plans::<area>::…::<test>::here`.
pub(crate) fn place<F: Fn()>(_: F) -> String {
    let path = std::any::type_name::<F>();
    let parts: Vec<&str> = path.split("::").collect();
    match parts.as_slice() {
        [_, area, .., test, _] => format!("{area}/{test}"),
        _ => panic!("{path} stands in no test of an area"),
    }
}

pub(crate) fn check(place: String, plan: &impl Serialize) {
    // By way of a Value: its maps are sorted, so the text is the same each time.
    let value = serde_json::to_value(plan).unwrap();
    let found = serde_saphyr::to_string(&value).unwrap();
    let file = folder().join(format!("{place}.yaml"));
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; write it with UPDATE=1 and read what it says",
            file.display()
        )
    });
    similar_asserts::assert_eq!(
        expected: expected,
        found: found,
        "{place}: UPDATE=1 writes the file anew; read the difference"
    );
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/golden")
}

#[test]
fn every_golden_file_has_a_test() {
    let sources = files(&folder().join(".."), "rs");
    let tests: BTreeSet<String> = (sources.iter())
        .flat_map(|source| {
            let area = area(source, &folder().join(".."));
            let text = fs::read_to_string(source).unwrap();
            let tests = text.lines().filter_map(|line| {
                let name = line.trim().strip_prefix("fn ")?.strip_suffix("() {")?;
                Some(format!("{area}/{name}"))
            });
            tests.collect::<Vec<_>>()
        })
        .collect();
    for file in files(&folder(), "yaml") {
        let area = area(&file, &folder());
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(
            tests.contains(&format!("{area}/{name}")),
            "{} has no test; delete it",
            file.display()
        );
    }
}

/// The first part of a path below `root`: the folder, or the file that has its name.
fn area(file: &Path, root: &Path) -> String {
    let first = file.strip_prefix(root).unwrap().iter().next().unwrap();
    first.to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found
}
