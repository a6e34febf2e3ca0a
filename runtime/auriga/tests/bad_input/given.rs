//! A folder with files, a command in it, and what it must say.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::support::{self, Ended};

/// A good manifest, to be spoiled.
pub(super) const MODEL: &str = "\
apiVersion: auriga.dev/v1alpha1
kind: Model
metadata:
  name: iris
spec:
  dataset:
    train:
      csv:
        path: rows.csv
    target: species
  estimator:
    logisticRegression:
      c: 0.3
";

/// Good rows for it.
pub(super) const ROWS: &str = "\
length,width,species
5.1,3.5,setosa
4.9,3.0,setosa
7.0,3.2,versicolor
6.4,3.2,versicolor
";

/// A folder that holds what a case needs.
pub(super) struct Given(TempDir);

/// The manifest and rows of a case; other texts than the good ones make it a bad one.
pub(super) fn given(model: impl AsRef<[u8]>, rows: impl AsRef<[u8]>) -> Given {
    nothing().with("model.yaml", model).with("rows.csv", rows)
}

/// An empty folder.
pub(super) fn nothing() -> Given {
    Given(tempfile::tempdir().expect("a folder for the case"))
}

/// [`MODEL`] with one piece replaced, which it must have.
pub(super) fn model(old: &str, new: &str) -> String {
    assert!(MODEL.contains(old), "{old}");
    MODEL.replace(old, new)
}

impl Given {
    /// Adds a file.
    pub(super) fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Given {
        fs::write(self.path().join(name), bytes).expect("a file for the case");
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `auriga <arguments>`, which holds no spaces but those between arguments.
    pub(super) fn run(&self, arguments: &str) -> Ended {
        support::run(self.path(), &arguments.split(' ').collect::<Vec<_>>())
    }

    /// `auriga fit -f model.yaml` must end so.
    #[track_caller]
    pub(super) fn fit_fails(&self, code: i32, message: &str) {
        self.fails("fit -f model.yaml", code, message);
    }

    /// `auriga <arguments>` must end with this code and say exactly this, in which `<folder>` stands for the folder's
    /// path.
    #[track_caller]
    pub(super) fn fails(&self, arguments: &str, code: i32, message: &str) {
        let ended = self.run(arguments);
        self.check(&ended, code, &format!("error: {message}\n"));
        assert_eq!(ended.stdout, "", "auriga {arguments}");
    }

    /// The process must have ended with this code and these last words, before which only progress may stand.
    #[track_caller]
    pub(super) fn check(&self, ended: &Ended, code: i32, words: &str) {
        let folder = self.path().to_str().expect("a folder with a plain name");
        let said = ended.stderr.replace(folder, "<folder>");
        let is_progress = |line: &str| line.starts_with(' ');
        let last: String = said
            .split_inclusive('\n')
            .skip_while(|line| is_progress(line))
            .collect();
        assert_eq!((last.as_str(), ended.code), (words, Some(code)));
        assert!(
            !said.contains("panicked") && !ended.stdout.contains("panicked"),
            "{ended:?}"
        );
    }
}
