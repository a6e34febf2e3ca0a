//! Damages folders in every way that comes to mind: nothing wrong is ever answered, and the damage is named.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use auriga_crds::{Digest, ModelKey};
use auriga_persist::{
    Fault, LedgerEntry, PersistError, Properties, StoreUri, Stored, Which,
    conformance::{
        fixtures::{activation, bytes, draft, draft_of, model, version},
        scale::scaled,
    },
    open, open_existing,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

const SEED: u64 = 20_261_122;
/// By default and in full.
const DAMAGES: (u64, u64) = (2_500, 10_000);
/// Stores that are damaged at once.
const LANES: usize = 4;
const IRIS: &str = "models/default/iris";

#[tokio::test]
async fn a_folder_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    for result in [open(&uri(&path)).await, open_existing(&uri(&path)).await] {
        let expected =
            "the folder holds other things, such as notes.txt, and no auriga-store.json".to_owned();
        assert_eq!(fault(result.map(drop)), Fault::NotAStore(expected));
    }
    assert_eq!(
        fs::read_dir(&path).unwrap().count(),
        1,
        "nothing was laid beside it"
    );
    let file = path.join("notes.txt");
    for result in [open(&uri(&file)).await, open_existing(&uri(&file)).await] {
        let expected = "it is a file, not a folder".to_owned();
        assert_eq!(fault(result.map(drop)), Fault::NotAStore(expected));
    }
    let mark = path.join("auriga-store.json");
    let foreign = sealed("auriga-store.json", "{\"store\":\"other\",\"schemaVersion\":1}");
    for (text, expected) in [
        (&*foreign, "is that of another application"),
        ("{\"store\":\"other\"}", "does not fit its seal"),
        ("", "does not fit its seal"),
    ] {
        fs::write(&mark, text).unwrap();
        for result in [open(&uri(&path)).await, open_existing(&uri(&path)).await] {
            let found = fault(result.map(drop)).to_string();
            assert!(found.contains(expected), "{found}");
        }
        assert_eq!(fs::read_to_string(&mark).unwrap(), text);
    }
    let newer = sealed("auriga-store.json", "{\"store\":\"auriga\",\"schemaVersion\":7}");
    fs::write(&mark, newer).unwrap();
    for result in [open(&uri(&path)).await, open_existing(&uri(&path)).await] {
        assert_eq!(fault(result.map(drop)), Fault::TooNew { found: 7, known: 1 });
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_made_only_by_those_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auriga-data/models");
    assert_eq!(fault(open_existing(&uri(&path)).await.map(drop)), Fault::Absent);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "not even a folder was made"
    );
    // A volume of its own is an empty folder, or has this one in it.
    fs::create_dir_all(path.join("lost+found")).unwrap();
    assert_eq!(fault(open_existing(&uri(&path)).await.map(drop)), Fault::Absent);
    open(&uri(&path)).await.unwrap();
    open_existing(&uri(&path)).await.unwrap();
    let beneath_a_file = open(&uri(&path.join("auriga-store.json/models"))).await;
    assert!(matches!(fault(beneath_a_file.map(drop)), Fault::NotWritable(_)));
}

#[tokio::test]
async fn a_folder_that_was_removed_or_replaced_is_not_written_to() {
    let (folder, path) = filled().await;
    let store = open(&uri(&path)).await.unwrap();
    store.list(&iris()).await.unwrap();
    fs::rename(&path, folder.path().join("moved")).unwrap();
    assert_eq!(
        fault(store.write(&iris(), draft("lost")).await.map(drop)),
        Fault::Replaced
    );
    assert!(!path.exists(), "nothing was made in its place");
    open(&uri(&path)).await.unwrap();
    let wish = activation(version(3), 1);
    for result in [
        store.write(&iris(), draft("lost")).await.map(drop),
        store.activate(&iris(), wish).await.map(drop),
        store.delete(&iris(), version(2)).await,
        store.list(&iris()).await.map(drop),
        store.read(&iris(), Which::Active).await.map(drop),
        store.properties(&iris()).await.map(drop),
        store.ledger(&iris()).await.map(drop),
        store.models().await.map(drop),
    ] {
        assert_eq!(fault(result), Fault::Replaced);
    }
}

#[tokio::test]
async fn a_damaged_version_hides_no_other_and_another_key_gets_past_it() {
    let (_folder, path) = filled().await;
    let slot = path.join(IRIS).join("v/00000002.json");
    let text = fs::read_to_string(&slot).unwrap();
    fs::write(&slot, text.replacen("0.333", "0.999", 1)).unwrap();
    let store = open(&uri(&path)).await.unwrap();
    let listing = store.list(&iris()).await.unwrap();
    let numbers: Vec<u64> = listing
        .versions
        .iter()
        .map(|version| version.number.get())
        .collect();
    assert_eq!(numbers, [1, 3]);
    let expected = "version 2 of default/iris is damaged: its manifest models/default/iris/v/00000002.json does not fit its \
                    seal; delete it and fit again, or restore the store from a backup";
    assert_eq!(listing.damaged[0].message, expected);
    assert_eq!(listing.newest_damaged(), Some(version(2)));

    let refused = store.write(&iris(), draft_of("2", bytes(2, SHORT))).await;
    assert!(
        matches!(&refused, Err(PersistError::Corrupt { version: named, .. }) if *named == version(2)),
        "{refused:?}"
    );
    let past = store.write(&iris(), draft("2, past 2")).await.unwrap();
    assert_eq!(past.manifest().number, version(4));
    store.delete(&iris(), version(2)).await.unwrap();
    assert_eq!(store.list(&iris()).await.unwrap().damaged, []);
    let again = store.write(&iris(), draft("2")).await.unwrap();
    assert_eq!(again.manifest().number, version(5));
}

#[tokio::test]
async fn a_damaged_version_that_is_restored_is_there_again() {
    let (_folder, path) = filled().await;
    let slot = path.join(IRIS).join("v/00000002.json");
    let whole = fs::read(&slot).unwrap();
    fs::write(&slot, &whole[..100]).unwrap();
    let store = open(&uri(&path)).await.unwrap();
    store.write(&iris(), draft("other")).await.unwrap();
    fs::write(&slot, &whole).unwrap();
    let found = store.write(&iris(), draft("2")).await.unwrap();
    assert_eq!(found.manifest().number, version(2), "its key answers, too");
    store.read(&iris(), Which::Number(version(2))).await.unwrap();
}

#[tokio::test]
async fn a_manifest_of_a_newer_build_is_refused_by_its_version() {
    let (_folder, path) = filled().await;
    let key = format!("{IRIS}/v/00000001.json");
    let text = fs::read_to_string(path.join(&key)).unwrap();
    let (_, document) = text.split_once('\n').unwrap();
    let newer = document.replacen("\"manifestVersion\":1", "\"manifestVersion\":2", 1);
    fs::write(path.join(&key), sealed(&key, &newer)).unwrap();
    let store = open(&uri(&path)).await.unwrap();
    for refused in [
        store.read(&iris(), Which::Number(version(1))).await.map(drop),
        store.write(&iris(), draft("1")).await.map(drop),
    ] {
        assert!(
            matches!(
                refused,
                Err(PersistError::VersionTooNew {
                    found: 2,
                    known: 1,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    assert_eq!(
        store.list(&iris()).await.unwrap().newest_damaged(),
        Some(version(1))
    );
}

#[tokio::test]
async fn lost_files_are_named() {
    let (_folder, path) = filled().await;
    let store = open(&uri(&path)).await.unwrap();
    store.activate(&iris(), activation(version(2), 1)).await.unwrap();
    fs::remove_file(path.join(IRIS).join("ledger/0000000001.json")).unwrap();
    let expected = Fault::NotAStore("entries of the ledger of default/iris are missing".to_owned());
    assert_eq!(fault(store.ledger(&iris()).await.map(drop)), expected);
    fs::remove_dir_all(path.join(IRIS).join("blobs")).unwrap();
    let lost = store
        .read(&iris(), Which::Number(version(1)))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        lost.contains("version 1 of default/iris is damaged: blob sha256:"),
        "{lost}"
    );
    assert!(lost.contains("is missing (models/default/iris/blobs/"), "{lost}");
}

/// Every file is hit: bits are flipped, ends cut off, contents exchanged with those of another file.
#[test]
fn no_damage_is_ever_answered() {
    let begun = std::time::Instant::now();
    let n_damages = scaled(DAMAGES.0, DAMAGES.1) as usize;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(damage(lane, n_damages / LANES));
            });
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{n_damages} damages, none answered, all named (seed {SEED}), in {seconds:.1} s");
}

/// One lane's share of the damages, in a store of its own.
async fn damage(lane: usize, n_damages: usize) {
    let (_folder, path) = filled().await;
    let files: Vec<(PathBuf, Vec<u8>)> = files(&path);
    let reference = everything(&path).await.unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + lane as u64);
    for round in 0..n_damages {
        let at = round % files.len();
        let (file, whole) = &files[at];
        let (how, damaged) = match round / files.len() % 3 {
            0 => {
                let mut flipped = whole.clone();
                flipped[rng.random_range(0..whole.len())] ^= 1 << rng.random_range(0..8_u8);
                ("flipped", flipped)
            }
            1 => ("cut", whole[..rng.random_range(0..whole.len())].to_vec()),
            _ => {
                let other = (at + rng.random_range(1..files.len())) % files.len();
                ("exchanged", files[other].1.clone())
            }
        };
        if damaged == *whole {
            continue;
        }
        fs::write(file, damaged).unwrap();
        let name = file.strip_prefix(&path).unwrap().to_str().unwrap();
        match everything(&path).await {
            Ok(_) => panic!("{name} was {how} and went unnoticed (round {round}, seed {SEED})"),
            Err(error) => {
                let message = error.to_string();
                assert!(
                    matches!(error, PersistError::Corrupt { .. } | PersistError::Store { .. }),
                    "{name} was {how}: {message}"
                );
                // Bytes are named by the digest that their name begins with, all else by its key in the store.
                let key = match name.split_once("/blobs/") {
                    Some((_, blob)) => blob.split('.').next().unwrap(),
                    None => name,
                };
                assert!(
                    message.contains(key),
                    "{name} was {how} and is not named: {message}"
                );
                // `v/00000002.json` is that of version 2; so are its bytes, which the manifest names.
                if let Some(number) = name.strip_prefix("models/default/iris/v/0000000") {
                    let number = number.trim_end_matches(".json");
                    assert!(
                        message.contains(&format!("version {number} of default/iris")),
                        "{message}"
                    );
                }
                assert!(
                    !name.contains("/blobs/") || message.starts_with("version "),
                    "{message}"
                );
            }
        }
        fs::write(file, whole).unwrap();
    }
    assert!(everything(&path).await.unwrap() == reference);
}

const SHORT: usize = 1000;

/// A store with three versions of one model, one of them active and one from elsewhere, and a second model.
async fn filled() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models");
    let store = open(&uri(&path)).await.unwrap();
    for (key, blob) in [
        ("1", bytes(1, SHORT)),
        ("2", bytes(2, 50_000)),
        ("3", bytes(3, 2 * SHORT)),
    ] {
        store.write(&iris(), draft_of(key, blob)).await.unwrap();
    }
    let wine = model("default/wine");
    store
        .write(&wine, draft_of("1", bytes(1, 3 * SHORT)))
        .await
        .unwrap();
    store.activate(&iris(), activation(version(1), 0)).await.unwrap();
    (folder, path)
}

#[derive(PartialEq)]
struct Everything {
    read: Vec<Stored>,
    ledger: Vec<LedgerEntry>,
    active: Stored,
    properties: Properties,
}

/// All there is of both models; the first error if there is one.
async fn everything(path: &Path) -> Result<Everything, PersistError> {
    let store = open_existing(&uri(path)).await?;
    let mut read = Vec::new();
    for model in store.models().await? {
        let listing = store.list(&model).await?;
        if let Some(damaged) = listing.damaged.first() {
            // To be named in the list is as good as to be named by a read, which then must not answer.
            let number = Which::Number(damaged.version);
            return Err(store
                .read(&model, number)
                .await
                .expect_err("a damaged version is not read"));
        }
        for manifest in listing.versions {
            read.push(store.read(&model, Which::Number(manifest.number)).await?);
        }
    }
    Ok(Everything {
        read,
        ledger: store.ledger(&iris()).await?,
        active: store.read(&iris(), Which::Active).await?,
        properties: store.properties(&iris()).await?,
    })
}

/// All files of a store with their contents.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "turn" {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// A document with its seal.
fn sealed(key: &str, document: &str) -> String {
    format!(
        "{}\n{document}",
        Digest::of(format!("{key}\n{document}").as_bytes())
    )
}

fn fault(result: Result<(), PersistError>) -> Fault {
    match result {
        Err(PersistError::Store { fault, .. }) => fault,
        other => panic!("not a fault of the store: {other:?}"),
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}

fn uri(path: &Path) -> StoreUri {
    StoreUri::Folder {
        path: path.to_owned(),
    }
}
