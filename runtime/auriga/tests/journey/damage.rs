//! Versions that must not answer: damaged bytes, and predictions that differ from those of the fit.

use auriga_learn::GoldenCell;
use auriga_persist::{Draft, IdempotencyKey};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::workbench::{FLOWER, Workbench, block_on, has, iris};
use crate::support::get;

#[test]
fn a_damaged_version_is_named_and_up_fits_past_it() {
    let bench = Workbench::new("iris");
    assert_eq!(bench.fit(&[])["version"], 1);
    damage(&bench);
    let reason = "version 1 of default/iris is damaged";

    let mut serve = bench.serve(&[]);
    let serving = serve.listening();
    let problem = serve.wait_for("problem");
    assert!(
        problem["error"].as_str().unwrap().starts_with(reason),
        "{problem}"
    );
    let alive = get(serving, "/alive");
    assert_eq!(alive.status, 503);
    assert!(
        alive.json()["message"].as_str().unwrap().starts_with(reason),
        "{}",
        alive.text
    );
    let refused = get(serving, FLOWER);
    assert_eq!(refused.status, 503);
    assert!(
        refused.json()["metadata"]["error_message"]
            .as_str()
            .unwrap()
            .contains(reason),
        "{}",
        refused.text
    );
    assert_eq!(get(serving, "/livez").status, 200);

    let mut up = bench.up();
    let address = up.ready();
    let told: Vec<_> = up
        .seen
        .iter()
        .filter(|event| event["event"] == "problem")
        .collect();
    assert!(!told.is_empty(), "{:?}", up.seen);
    assert!(
        told.iter()
            .all(|event| event["error"].as_str().unwrap().starts_with(reason)),
        "{told:?}"
    );
    assert!(has(&up.seen, "fitting"), "{:?}", up.seen);
    assert_eq!(get(address, FLOWER).header("x-model-version"), Some("2"));

    // The one that had nothing to answer with follows.
    assert_eq!(serve.wait_for("serving")["version"], 2);
    assert_eq!(get(serving, "/alive").status, 200);
}

#[test]
fn a_version_that_predicts_otherwise_than_its_fit_never_becomes_active() {
    let bench = Workbench::new("iris");
    assert_eq!(bench.fit(&[])["version"], 1);
    bench.set_c("0.5");
    assert_eq!(bench.fit(&["--no-activate"])["version"], 2);
    block_on(async {
        let mut stored = bench.stored(2).await;
        stored.manifest.facts.golden.predictions[0] = GoldenCell::Text("Iris-virginica".to_owned());
        let draft = Draft {
            idempotency_key: IdempotencyKey("with another prediction".to_owned()),
            blob: stored.blob.into(),
            facts: stored.manifest.facts,
            time: stored.manifest.created,
        };
        bench.store().await.write(&iris(), draft).await.unwrap();
    });
    let message = "version 3 of default/iris predicts otherwise than when it was fitted: golden request 1: \
                   \"Iris-virginica\" was stored, \"Iris-setosa\" was predicted";

    let mut serve = bench.serve(&["--version", "3"]);
    let address = serve.listening();
    assert_eq!(serve.wait_for("problem")["error"], message);
    let alive = get(address, "/alive");
    assert_eq!(alive.status, 503);
    let alive = alive.json();
    assert_eq!(
        (&alive["message"], &alive["golden"]),
        (&message.into(), &"failed".into())
    );
    assert_eq!(get(address, FLOWER).status, 503);

    let mut up = bench.up();
    up.ready();
    let problem = up.seen.iter().find(|event| event["event"] == "problem").unwrap();
    assert!(
        problem["error"].as_str().unwrap().starts_with(message),
        "{problem}"
    );
    let listed = bench.listed();
    let activated: Vec<_> = listed["ledger"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["to"].as_u64().unwrap())
        .collect();
    assert!(activated.len() == 2 && !activated.contains(&3), "{activated:?}");
}

/// Overwrites the bytes of every version with zeros, as a broken disk might.
fn damage(bench: &Workbench) {
    let options = SqliteConnectOptions::new().filename(bench.path().join("auriga-data/models.db"));
    let n_rows = block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let damaged = sqlx::query("UPDATE chunk SET bytes = zeroblob(length(bytes))")
            .execute(&mut connection)
            .await;
        connection.close().await.unwrap();
        damaged.unwrap().rows_affected()
    });
    assert_eq!(n_rows, 1);
}

#[test]
fn fit_makes_a_version_past_a_damaged_one() {
    let bench = Workbench::new("iris");
    assert_eq!(bench.fit(&[])["version"], 1);
    damage(&bench);
    let fitted = bench.fit(&[]);
    assert_eq!(
        (&fitted["version"], &fitted["active"]),
        (&2.into(), &true.into()),
        "{fitted}"
    );
    assert_eq!(
        bench.fit(&[])["version"],
        2,
        "the sound one is answered from then on"
    );
}
