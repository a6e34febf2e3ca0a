//! Fits killed at random moments leave a store in which everything is whole.

use std::{collections::BTreeMap, process::Stdio, thread, time::Instant};

use auriga_crds::{Digest, VersionNumber};
use auriga_persist::Which;
use auriga_serve::Loaded;
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::workbench::{FLOWER, Workbench, block_on, iris};
use crate::support::{get, program};

const SEED: u64 = 20_261_122;
const ROUNDS: usize = 100;

#[test]
fn fits_killed_at_any_moment_leave_whole_versions_and_fresh_numbers() {
    let bench = Workbench::new("iris");
    // Every version counts here, so that none must go for its age.
    bench.write_manifest(
        &bench
            .manifest()
            .replacen("spec:", "spec:\n  historyLimit: 10000", 1),
    );
    let began = Instant::now();
    bench.fit(&[]);
    // Some fits are to end before they are killed.
    let longest = began.elapsed().mul_f64(1.25);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut seen = BTreeMap::new();
    let mut n_killed = 0;
    for round in 0..ROUNDS {
        bench.set_c(&format!("0.{}", 400 + round));
        let mut fit = program(bench.path());
        fit.args(["fit", "-f", "model.yaml"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut fit = fit.spawn().unwrap();
        // The moment is the input.
        thread::sleep(longest.mul_f64(rng.random()));
        fit.kill().unwrap();
        n_killed += usize::from(!fit.wait().unwrap().success());
        block_on(check(&bench, &mut seen));
    }
    assert!(
        n_killed > 0 && seen.len() > 1,
        "{n_killed} of {ROUNDS} were killed, {} versions came to be",
        seen.len()
    );

    assert_eq!(
        bench.versions(),
        seen.keys().map(|number| number.get()).collect::<Vec<_>>()
    );
    block_on(async {
        let store = bench.store().await;
        for number in seen.keys() {
            let stored = store.read(&iris(), Which::Number(*number)).await.unwrap();
            Loaded::from_stored(&iris(), stored, Timestamp::UNIX_EPOCH).unwrap();
        }
    });
    let last = seen.keys().next_back().unwrap().get();
    let listed = bench.listed();
    let active = listed["activeVersion"].as_u64().unwrap();
    let mut serve = bench.serve(&[]);
    let address = serve.listening();
    serve.wait_for("serving");
    assert_eq!(
        get(address, FLOWER).header("x-model-version"),
        Some(&*active.to_string())
    );

    bench.set_c("0.9");
    let next = bench.fit(&[]);
    assert!(next["version"].as_u64().unwrap() > last, "{next}");
    assert_eq!(next["active"], true);
}

/// Compares the store with what was `seen` in it before.
async fn check(bench: &Workbench, seen: &mut BTreeMap<VersionNumber, Digest>) {
    let store = bench.store().await;
    let versions = store.list(&iris()).await.unwrap().versions;
    assert!(
        versions.is_sorted_by(|one, next| one.number < next.number),
        "numbers rise"
    );
    let newest_before = seen.keys().next_back().copied();
    for version in &versions {
        match seen.insert(version.number, version.digest) {
            Some(digest) => assert_eq!(
                digest, version.digest,
                "version {} stays what it was",
                version.number
            ),
            None => assert!(
                Some(version.number) > newest_before,
                "version {} is new",
                version.number
            ),
        }
    }
    assert_eq!(versions.len(), seen.len(), "no version is lost");
    let properties = store.properties(&iris()).await.unwrap();
    let active = properties.active_version.unwrap();
    assert!(seen.contains_key(&active), "version {active} is active and there");
    assert!(properties.high_water_mark >= versions.last().unwrap().number.get());
}
