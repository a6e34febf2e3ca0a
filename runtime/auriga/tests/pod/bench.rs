//! A folder that stands for a pod's volumes, and processes that find the environment of a pod there.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use auriga_crds::contract::{
    Alive, Outcome,
    pod::{OWNER_UID_VARIABLE, POD_NAME_VARIABLE, POD_UID_VARIABLE, TERMINATION_LOG_VARIABLE},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Connection, DEADLINE, Ended, Running, end, get, program, run};

/// The UID of the TrainingJob or Model that pods work for here.
pub(super) const OWNER: &str = "5b0d9f4e-0d4c-4a57-9c8e-6f2f3d0d8a11";

/// A query that the flowers' model answers with setosa.
pub(super) const FLOWER: &str = "/predict?width=0.2";

const ROWS: &str =
    "width,species\n0.1,setosa\n0.2,setosa\n0.3,setosa\n2.1,virginica\n2.2,virginica\n2.3,virginica\n";

/// Six flowers, a manifest that fits them and keeps its versions in a folder beside it.
pub(super) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// With a store in a SQLite file.
    pub(super) fn new() -> Bench {
        Bench::with_store("sqlite://store/models.db")
    }

    pub(super) fn with_store(uri: &str) -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().unwrap(),
        };
        bench.write("flowers.csv", ROWS);
        bench.write(
            "model.yaml",
            &format!(
                "apiVersion: auriga.dev/v1alpha1
kind: Model
metadata:
  name: flowers
spec:
  persister:
    uri: {uri}
  dataset:
    train:
      csv:
        path: flowers.csv
    target: species
  estimator:
    logisticRegression:
      c: 1
"
            ),
        );
        bench
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders that it needs.
    pub(super) fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Replaces a part of the manifest.
    pub(super) fn edit(&self, part: &str, new: &str) {
        let manifest = fs::read_to_string(self.path().join("model.yaml")).unwrap();
        assert!(manifest.contains(part), "{part}");
        self.write("model.yaml", &manifest.replace(part, new));
    }

    /// Where a pod leaves its outcome.
    pub(super) fn log(&self, pod: &str) -> PathBuf {
        self.path().join(format!("termination-log-{pod}"))
    }

    /// A command of a pod of this name, which works for [`OWNER`].
    pub(super) fn pod(&self, pod: &str, arguments: &[&str]) -> Command {
        let mut command = program(self.path());
        command
            .args(arguments)
            .env(TERMINATION_LOG_VARIABLE, self.log(pod))
            .env(POD_NAME_VARIABLE, pod)
            .env(POD_UID_VARIABLE, format!("uid-of-{pod}"))
            .env(OWNER_UID_VARIABLE, OWNER);
        command
    }

    /// What a pod left behind.
    pub(super) fn outcome(&self, pod: &str) -> Option<Outcome> {
        Outcome::read(&fs::read_to_string(self.log(pod)).ok()?)
    }

    /// Runs a pod to its end, and gives its exit code and what it left behind.
    pub(super) fn ended(&self, pod: &str, arguments: &[&str]) -> (Ended, Outcome) {
        let ended = end(&mut self.pod(pod, arguments));
        let outcome = self
            .outcome(pod)
            .unwrap_or_else(|| panic!("no outcome: {ended:?}"));
        (ended, outcome)
    }

    /// Fits in a pod, which must do well.
    pub(super) fn fit(&self, pod: &str) -> Outcome {
        let (ended, outcome) = self.ended(pod, &["fit", "-f", "model.yaml", "--no-activate"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        outcome
    }

    /// Fits on a laptop, with another `c`, which makes a new version; inactive.
    pub(super) fn another_version(&self, c: &str) {
        let manifest = fs::read_to_string(self.path().join("model.yaml")).unwrap();
        self.write("other.yaml", &manifest.replace("c: 1", &format!("c: {c}")));
        self.laptop(&["fit", "-f", "other.yaml", "--no-activate"]);
    }

    /// Runs a command as on a laptop, which must do well, and gives its result.
    pub(super) fn laptop(&self, arguments: &[&str]) -> Value {
        let ended = run(self.path(), &[arguments, &["--output", "json"]].concat());
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
    }

    /// Starts `auriga serve` in a pod, on a port of its own.
    pub(super) fn serve(&self, pod: &str, arguments: &[&str]) -> (Running, SocketAddr) {
        let usual = [
            "serve",
            "-f",
            "model.yaml",
            "--listen",
            "127.0.0.1:0",
            "--output",
            "json",
        ];
        let mut serve = Running::spawn(&mut self.pod(pod, &[&usual, arguments].concat()));
        let address = serve.listening();
        (serve, address)
    }

    /// Replaces a file as the kubelet does: all at once.
    pub(super) fn swap(&self, name: &str, text: &str) {
        let new = format!("{name}.new");
        self.write(&new, text);
        fs::rename(self.path().join(new), self.path().join(name)).unwrap();
    }
}

/// What `/alive` says.
pub(super) fn alive(address: SocketAddr) -> (u16, Alive) {
    let answer = get(address, "/alive");
    let alive = serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", answer.text));
    (answer.status, alive)
}

/// Asks again and again until `/alive` says what is expected, and gives that answer.
pub(super) fn alive_until(address: SocketAddr, expected: impl Fn(u16, &Alive) -> bool) -> Alive {
    let deadline = Instant::now() + DEADLINE;
    let mut connection = Connection::open(address);
    loop {
        let answer = connection.request("GET", "/alive", b"").unwrap();
        let said: Alive = serde_json::from_str(&answer.text).unwrap();
        if expected(answer.status, &said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{}: {}", answer.status, answer.text);
        // The last answer before a pod's end may still be that of a pod that serves.
        if answer.header("connection") == Some("close") {
            connection = Connection::open(address);
        }
    }
}
