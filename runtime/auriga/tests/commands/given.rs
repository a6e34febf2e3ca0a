//! A folder of files to work on, and what a command says there.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{copy_example, run};

/// Six flowers that one width tells apart.
pub(super) const FLOWERS: &str =
    "width,species\n0.1,setosa\n0.2,setosa\n0.3,setosa\n2.1,virginica\n2.2,virginica\n2.3,virginica\n";

/// A manifest that fits [`FLOWERS`].
pub(super) const MANIFEST: &str = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata:
  name: flowers
spec:
  dataset:
    train:
      csv:
        path: flowers.csv
    target: species
  estimator:
    logisticRegression:
      c: 1
";

/// A folder with the iris example.
pub(super) fn iris() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_example("iris", folder.path());
    folder
}

/// A folder with these files.
pub(super) fn files(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A folder with [`MANIFEST`] as `model.yaml`.
pub(super) fn flowers() -> TempDir {
    files(&[("flowers.csv", FLOWERS), ("model.yaml", MANIFEST)])
}

/// Runs a command line that must do well, and compares its standard output and error with what is expected.
pub(super) fn says(folder: &Path, arguments: &str, stdout: &str, stderr: &str) {
    let ended = run(folder, &words(arguments));
    assert_eq!(
        (ended.code, &*ended.stdout, &*ended.stderr),
        (Some(0), stdout, stderr),
        "auriga {arguments}"
    );
}

/// Runs a command line that must fail with this exit code and message.
pub(super) fn fails(folder: &Path, arguments: &str, code: i32, message: &str) {
    let ended = run(folder, &words(arguments));
    let said = ended.stderr.replace(folder.to_str().unwrap(), "<folder>");
    assert_eq!(
        (ended.code, &*ended.stdout, &*said),
        (Some(code), "", &*format!("error: {message}\n")),
        "auriga {arguments}"
    );
}

/// Runs a command line with `--output json` that must do well and print one document and nothing else.
pub(super) fn json(folder: &Path, arguments: &str) -> Value {
    let ended = run(folder, &[&words(arguments)[..], &["--output", "json"]].concat());
    assert_eq!(
        (ended.code, &*ended.stderr),
        (Some(0), ""),
        "auriga {arguments}: {}",
        ended.stdout
    );
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout))
}

/// Runs a command line with `--output json` that must fail with this exit code, and gives the error.
pub(super) fn json_error(folder: &Path, arguments: &str, code: i32) -> Value {
    let ended = run(folder, &[&words(arguments)[..], &["--output", "json"]].concat());
    assert_eq!(
        (ended.code, &*ended.stdout),
        (Some(code), ""),
        "auriga {arguments}: {}",
        ended.stderr
    );
    serde_json::from_str(&ended.stderr).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr))
}

/// Fits [`MANIFEST`] with another `c`, such as `c: 2`, which makes a version.
pub(super) fn fit_with(folder: &TempDir, c: &str, arguments: &str) {
    let manifest = MANIFEST.replace("c: 1", c);
    fs::write(folder.path().join("model.yaml"), manifest).unwrap();
    let fitted = json(folder.path(), &format!("fit -f model.yaml{arguments}"));
    assert_eq!(
        (&fitted["saved"], &fitted["new"]),
        (&true.into(), &true.into()),
        "{fitted}"
    );
}

fn words(arguments: &str) -> Vec<&str> {
    arguments.split(' ').collect()
}
