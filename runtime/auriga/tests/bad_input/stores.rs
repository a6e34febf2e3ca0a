//! Stores that are damaged, cannot be written, or are full; what broke is told, and nothing is left half done.

use std::{fs, process::Command};

use serde_json::Value;

use crate::support::{self, AURIGA, Ended};

use super::given::{Given, MODEL, ROWS, given, model};

const DEFAULT: &str = "auriga-data/models.db";

#[test]
fn a_file_that_is_no_store_is_left_as_it_is() {
    let check = |bytes: &[u8], what: &str| {
        let given = given(MODEL, ROWS).with("models.db", bytes);
        for arguments in [
            "list",
            "fit -f model.yaml",
            "up -f model.yaml --listen 127.0.0.1:0",
        ] {
            given.fails(
                &format!("{arguments} --persister sqlite://models.db"),
                1,
                &format!(
                    "store sqlite://<folder>/models.db is not an Auriga store, or is damaged ({what}); move it away or \
                     restore it from a backup"
                ),
            );
        }
        let found = fs::read(given.path().join("models.db")).expect("the file is still there");
        assert_eq!(found, bytes);
    };
    check(b"", "the file is empty");
    check(b"version,model\n", "the file is too short for a SQLite database");
    check(
        &b"version,model\n".repeat(100),
        "the file is not a SQLite database",
    );
}

#[test]
fn a_damaged_store_is_told_and_not_mended() {
    let given = given(MODEL, ROWS);
    assert_eq!(given.run("fit -f model.yaml").code, Some(0));
    let path = given.path().join(DEFAULT);
    let mut bytes = fs::read(&path).expect("a store");
    bytes[100..4096].fill(0xff);
    fs::write(&path, &bytes).expect("a damaged store");
    // What they hold would hide the damage.
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(path.with_file_name(format!("models.db{beside}")));
    }
    for arguments in [
        "list",
        "fit -f model.yaml",
        "up -f model.yaml --listen 127.0.0.1:0",
    ] {
        given.fails(
            arguments,
            1,
            "store sqlite://<folder>/auriga-data/models.db is not an Auriga store, or is damaged (database disk image is \
             malformed); move it away or restore it from a backup",
        );
    }
}

#[test]
fn a_folder_in_the_way_is_told() {
    given(MODEL, ROWS).with("auriga-data", "").fails(
        "fit -f model.yaml",
        1,
        "store sqlite://<folder>/auriga-data/models.db cannot be written (a part of its path is a file, not a folder); \
         check the permissions and whether the file system is read-only",
    );
}

/// Runs a shell script that may mount: `step <name> <arguments>` runs auriga and keeps what it said under the name.
struct Mounted(Given);

impl Mounted {
    /// `model.yaml` and `other.yaml` ask for different versions; `store` is an empty folder.
    fn run(script: &str) -> Mounted {
        let given = given(MODEL, ROWS).with("other.yaml", model("c: 0.3", "c: 3"));
        fs::create_dir(given.path().join("store")).expect("a folder for the store");
        let whole = format!(
            "set -e\nstep() {{ name=$1; shift; code=0; \"$AURIGA\" \"$@\" --persister sqlite://store/models.db \
             >$name.stdout 2>$name.stderr </dev/null || code=$?; echo $code >$name.code; }}\n{script}"
        );
        let mut command = Command::new("sh");
        command.args(["-c", "exec unshare --mount --map-root-user sh -c \"$0\"", &whole]);
        let ended = support::end(command.env("AURIGA", AURIGA).current_dir(given.path()));
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "this test mounts file systems in a namespace of its own; run it as root, or let ordinary users make user \
             namespaces (unshare --mount --map-root-user must work)"
        );
        Mounted(given)
    }

    fn step(&self, name: &str) -> Ended {
        let read = |what: &str| {
            let path = self.0.path().join(format!("{name}.{what}"));
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}.{what}: {error}"))
        };
        Ended {
            code: read("code").trim().parse().ok(),
            stdout: read("stdout"),
            stderr: read("stderr"),
        }
    }

    /// The step must have ended with exit code 1 and these words about the store.
    #[track_caller]
    fn fails(&self, name: &str, fault: &str) {
        let message = format!("error: store sqlite://<folder>/store/models.db {fault}\n");
        self.0.check(&self.step(name), 1, &message);
    }

    /// The step, `list --output json`, must have found these versions, the last of them active.
    #[track_caller]
    fn lists(&self, name: &str, versions: &[u64]) {
        let ended = self.step(name);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let found = |model: &Value| {
            let versions = model["versions"].as_array().expect("versions");
            versions
                .iter()
                .filter_map(|version| version["number"].as_u64())
                .collect::<Vec<_>>()
        };
        let models = json["models"].as_array().expect("models");
        let numbers = models.iter().flat_map(found).collect::<Vec<_>>();
        assert_eq!(numbers, versions, "{json:#}");
        let active = models.first().and_then(|model| model["activeVersion"].as_u64());
        assert_eq!(active, versions.last().copied(), "{json:#}");
    }

    #[track_caller]
    fn succeeds(&self, name: &str) {
        let ended = self.step(name);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

const FULL: &str = "is full; nothing was changed: free space or enlarge it, then try again";

#[test]
fn a_store_that_is_full_from_the_start_is_made_once_there_is_room() {
    let mounted = Mounted::run(
        "mount -t tmpfs -o size=16k none store
        step full fit -f model.yaml
        ls -A store >left
        mount -o remount,size=4m none store
        step again fit -f model.yaml
        step list list --output json",
    );
    mounted.fails("full", FULL);
    let left = fs::read_to_string(mounted.0.path().join("left")).expect("a list of files");
    assert_eq!(left, "", "no draft of a store stays behind");
    mounted.succeeds("again");
    mounted.lists("list", &[1]);
}

#[test]
fn a_store_that_fills_up_keeps_its_versions_and_takes_more_once_there_is_room() {
    let mounted = Mounted::run(
        "mount -t tmpfs -o size=256k none store
        step first fit -f model.yaml
        cat /dev/zero >store/ballast 2>/dev/null || true
        step full fit -f other.yaml
        rm store/ballast
        step after list --output json
        step again fit -f other.yaml
        step list list --output json",
    );
    mounted.succeeds("first");
    mounted.fails("full", FULL);
    mounted.lists("after", &[1]);
    mounted.succeeds("again");
    mounted.lists("list", &[1, 2]);
}

#[test]
fn a_store_that_cannot_be_written_keeps_its_versions() {
    let mounted = Mounted::run(
        "mount --bind store store
        mount -o remount,bind,ro store
        step absent fit -f model.yaml
        mount -o remount,bind,rw store
        step first fit -f model.yaml
        # Whose end comes before its store is closed leaves files beside it; what SQLite says first depends on them.
        tries=0
        while ls store/models.db-* >tidy 2>&1 && [ $tries -lt 100 ]; do step tidy list; tries=$((tries + 1)); done
        mount -o remount,bind,ro store
        step refused fit -f other.yaml
        step listed list
        mount -o remount,bind,rw store
        step after list --output json
        step again fit -f other.yaml
        step list list --output json",
    );
    let hint = "check the permissions and whether the file system is read-only";
    mounted.fails(
        "absent",
        &format!("cannot be written (read-only filesystem or storage medium); {hint}"),
    );
    mounted.succeeds("first");
    // SQLite needs them for readers too: others may be writing through another mount.
    let beside = format!(
        "cannot be written (the files -wal and -shm beside it, which reading needs too, cannot be opened); {hint}"
    );
    mounted.fails("refused", &beside);
    mounted.fails("listed", &beside);
    mounted.lists("after", &[1]);
    mounted.succeeds("again");
    mounted.lists("list", &[1, 2]);
}
