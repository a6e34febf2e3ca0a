//! A folder with an example in it, the processes that run there, and a look into its store.

use std::{fs, future::Future, path::Path, sync::Arc};

use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{Persister, StoreUri, Stored, Which, open};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Running, copy_example, run};

/// A flower whose species lies between the two others; the README asks for one like it.
pub(super) const FLOWER: &str =
    "/predict?sepal%20length=6.3&sepal%20width=2.5&petal%20length=4.9&petal%20width=1.5";

/// A folder with one of the examples and, once something was fitted, the store that is the default there.
pub(super) struct Workbench {
    folder: TempDir,
}

impl Workbench {
    pub(super) fn new(example: &str) -> Workbench {
        let folder = tempfile::tempdir().unwrap();
        copy_example(example, folder.path());
        Workbench { folder }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn manifest(&self) -> String {
        fs::read_to_string(self.path().join("model.yaml")).unwrap()
    }

    pub(super) fn write_manifest(&self, text: &str) {
        fs::write(self.path().join("model.yaml"), text).unwrap();
    }

    /// The manifest of iris with another `c`.
    pub(super) fn manifest_with_c(&self, c: &str) -> String {
        let manifest = self.manifest();
        let lines = manifest.lines().map(|line| match line.split_once(" c: ") {
            Some((before, _)) => format!("{before} c: {c}\n"),
            None => format!("{line}\n"),
        });
        lines.collect()
    }

    pub(super) fn set_c(&self, c: &str) {
        self.write_manifest(&self.manifest_with_c(c));
    }

    pub(super) fn up(&self) -> Running {
        Running::start(self.path(), &["up", "-f", "model.yaml"])
    }

    pub(super) fn serve(&self, arguments: &[&str]) -> Running {
        Running::start(self.path(), &[&["serve", "-f", "model.yaml"], arguments].concat())
    }

    /// Runs `auriga fit` with more arguments, and gives its result.
    pub(super) fn fit(&self, arguments: &[&str]) -> Value {
        self.result(&[&["fit", "-f", "model.yaml"], arguments].concat())
    }

    /// What `auriga list` says of the one model there is.
    pub(super) fn listed(&self) -> Value {
        let list = self.result(&["list"]);
        assert_eq!(list["models"].as_array().unwrap().len(), 1, "{list}");
        list["models"][0].clone()
    }

    /// How many models the store holds.
    pub(super) fn n_models(&self) -> usize {
        self.result(&["list"])["models"].as_array().unwrap().len()
    }

    /// The numbers of all versions, as `auriga list` has them.
    pub(super) fn versions(&self) -> Vec<u64> {
        let listed = self.listed();
        let versions = listed["versions"].as_array().unwrap().iter();
        versions
            .map(|version| version["number"].as_u64().unwrap())
            .collect()
    }

    /// Runs a command that must do well; its result is the last line it prints.
    fn result(&self, arguments: &[&str]) -> Value {
        let ended = run(self.path(), &[arguments, &["--output", "json"]].concat());
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
    }

    pub(super) async fn store(&self) -> Arc<dyn Persister> {
        let uri = StoreUri::parse("sqlite://auriga-data/models.db", self.path()).unwrap();
        open(&uri).await.unwrap()
    }

    pub(super) async fn stored(&self, version: u64) -> Stored {
        let which = Which::Number(VersionNumber::new(version).unwrap());
        self.store().await.read(&iris(), which).await.unwrap()
    }
}

pub(super) fn iris() -> ModelKey {
    "default/iris".parse().unwrap()
}

/// Whether any of the events has this name.
pub(super) fn has(events: &[Value], name: &str) -> bool {
    events.iter().any(|event| event["event"] == name)
}

/// For the few steps of a test that need a store in this process.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
