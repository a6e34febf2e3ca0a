//! Alters the rows of a PostgreSQL store: nothing wrong is ever answered, and the damage is named with version and key.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code, the helpers of the tests too"
)]

use std::sync::Arc;

use auriga_persist::{
    Fault, PersistError, Persister, Stored, Which,
    conformance::{
        fixtures::{activation, bytes, draft_of, model, version},
        server::{Server, open_in_test},
    },
};

const LONG: usize = 2_200_000;

/// A store with two long versions of iris, the first of them active, and one of wine.
struct Bench {
    store: Arc<dyn Persister>,
    database: String,
}

impl Bench {
    async fn new() -> Bench {
        let uri = Server::shared().database().await;
        let database = uri.to_string().rsplit('/').next().unwrap().to_owned();
        let store = open_in_test(&uri).await.unwrap();
        for (key, seed) in [("default/iris", 1), ("default/iris", 2), ("default/wine", 3)] {
            let draft = draft_of(&seed.to_string(), bytes(seed, LONG));
            store.write(&model(key), draft).await.unwrap();
        }
        let wish = activation(version(1), 0);
        store.activate(&model("default/iris"), wish).await.unwrap();
        Bench { store, database }
    }

    async fn alter(&self, statement: &str) {
        let statement = format!("SET search_path = auriga; {statement}");
        Server::shared().execute(&self.database, &statement).await;
    }

    async fn read(&self, number: u64) -> Result<Stored, PersistError> {
        let which = Which::Number(version(number));
        self.store.read(&model("default/iris"), which).await
    }
}

/// Alters a store and checks what reading version 1 then says; version 2 stays as it was.
async fn check(statement: &str, expected: &str) {
    let bench = Bench::new().await;
    bench.alter(statement).await;
    let message = bench.read(1).await.unwrap_err().to_string();
    assert!(
        message.starts_with("version 1 of default/iris is damaged: "),
        "{message}"
    );
    assert!(message.contains(expected), "{message}");
    assert_eq!(bench.read(2).await.unwrap().blob, bytes(2, LONG));
}

const OF_FIRST: &str = "digest = (SELECT digest FROM version WHERE idempotency_key = '1')";

#[tokio::test]
async fn bytes_that_are_altered_cut_swapped_or_lost_are_named() {
    let flip = "UPDATE chunk SET bytes = set_byte(bytes, 12345, get_byte(bytes, 12345) # 1)";
    check(
        &format!("{flip} WHERE sequence = 1 AND {OF_FIRST}"),
        "have the digest sha256:",
    )
    .await;
    let cut = "UPDATE chunk SET bytes = substr(bytes, 1, 1000)";
    check(
        &format!("{cut} WHERE sequence = 0 AND {OF_FIRST}"),
        "bytes where 2200000 are expected",
    )
    .await;
    let lost = "DELETE FROM chunk";
    check(
        &format!("{lost} WHERE sequence = 2 AND {OF_FIRST}"),
        "has 2097152 bytes",
    )
    .await;
    let swap = "UPDATE chunk SET sequence = CASE sequence WHEN 0 THEN 11 ELSE 10 END";
    let back = "UPDATE chunk SET sequence = sequence - 10";
    check(
        &format!("{swap} WHERE sequence < 2 AND {OF_FIRST}; {back} WHERE sequence >= 10 AND {OF_FIRST}"),
        "have the digest sha256:",
    )
    .await;
}

#[tokio::test]
async fn a_manifest_that_is_altered_or_of_another_version_is_named() {
    let alter = "UPDATE version SET manifest = replace(manifest, 'logisticRegression', 'ridge')";
    check(
        &format!("{alter} WHERE idempotency_key = '1'"),
        "its manifest does not fit its seal",
    )
    .await;
    let other =
        "UPDATE version SET (manifest, seal) = (SELECT manifest, seal FROM version WHERE idempotency_key =";
    check(
        &format!("{other} '2') WHERE idempotency_key = '1'"),
        "its manifest is that of version 2",
    )
    .await;
    check(
        &format!("{other} '3') WHERE idempotency_key = '1'"),
        "its manifest does not fit its seal",
    )
    .await;
}

#[tokio::test]
async fn a_damaged_manifest_hides_no_other_in_a_list() {
    let bench = Bench::new().await;
    bench
        .alter("UPDATE version SET seal = '' WHERE idempotency_key = '1'")
        .await;
    let listing = bench.store.list(&model("default/iris")).await.unwrap();
    assert_eq!(listing.newest_damaged(), Some(version(1)));
    assert_eq!(listing.versions.len(), 1);
}

#[tokio::test]
async fn the_ledger_refuses_changes_and_one_that_was_forced_on_it_is_named() {
    let bench = Bench::new().await;
    let mut connection = Server::shared().connect(&bench.database).await;
    for statement in [
        "UPDATE auriga.ledger SET revision = 2",
        "DELETE FROM auriga.ledger",
        "TRUNCATE auriga.ledger",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        assert!(
            refused.to_string().contains("the ledger is append-only"),
            "{refused}"
        );
    }
    bench
        .alter("ALTER TABLE ledger DISABLE TRIGGER ALL; UPDATE ledger SET revision = 7")
        .await;
    let Err(PersistError::Store { fault, .. }) = bench.store.properties(&model("default/iris")).await else {
        panic!("the ledger is not as it was written");
    };
    let expected = "revision 7 of the ledger of default/iris is that of revision 1";
    assert_eq!(fault, Fault::NotAStore(expected.to_owned()));
}
