//! The versions in the store.

use std::{future::pending, sync::Arc, time::Duration};

use async_trait::async_trait;
use auriga_crds::{ModelKey, VersionNumber};
use auriga_persist::{
    Activation, Deactivation, Draft, LedgerEntry, Listing, PersistError, Persister, Properties, Stored,
    VersionManifest, Which, Written,
};
use auriga_serve::{Limits, Service};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::fixture::{Front, Store, iris, settings, version};

/// A store that is broken in a way of its own when asked for its versions, and in no way otherwise.
struct Broken {
    store: Arc<dyn Persister>,
    /// Panics, or never answers.
    panics: bool,
}

#[async_trait]
impl Persister for Broken {
    async fn write(&self, model: &ModelKey, draft: Draft) -> Result<Written, PersistError> {
        self.store.write(model, draft).await
    }
    async fn read(&self, model: &ModelKey, which: Which) -> Result<Stored, PersistError> {
        self.store.read(model, which).await
    }
    async fn import(
        &self,
        model: &ModelKey,
        manifest: VersionManifest,
        blob: Vec<u8>,
    ) -> Result<Written, PersistError> {
        self.store.import(model, manifest, blob).await
    }
    async fn activate(&self, model: &ModelKey, activation: Activation) -> Result<LedgerEntry, PersistError> {
        self.store.activate(model, activation).await
    }
    async fn deactivate(
        &self,
        model: &ModelKey,
        deactivation: Deactivation,
    ) -> Result<Option<LedgerEntry>, PersistError> {
        self.store.deactivate(model, deactivation).await
    }
    async fn delete(&self, model: &ModelKey, version: VersionNumber) -> Result<(), PersistError> {
        self.store.delete(model, version).await
    }
    async fn list(&self, _: &ModelKey) -> Result<Listing, PersistError> {
        match self.panics {
            true => panic!("a detail that is nobody's business"),
            false => pending().await,
        }
    }
    async fn properties(&self, model: &ModelKey) -> Result<Properties, PersistError> {
        self.store.properties(model).await
    }
    async fn ledger(&self, model: &ModelKey) -> Result<Vec<LedgerEntry>, PersistError> {
        self.store.ledger(model).await
    }
    async fn models(&self) -> Result<Vec<ModelKey>, PersistError> {
        self.store.models().await
    }
    async fn close(&self) {
        self.store.close().await;
    }
}

async fn broken(panics: bool, limits: Limits) -> Front {
    let store = Store::new().await;
    let persister = Broken {
        store: store.persister.clone(),
        panics,
    };
    let service = Service::new(settings(), Arc::new(persister)).unwrap();
    Front::start(store, service, limits).await
}

#[tokio::test]
async fn a_panic_is_a_500_without_details_and_the_connection_goes_on() {
    let front = broken(true, Limits::default()).await;
    let mut client = front.client().await;
    for _ in 0..2 {
        assert_eq!(
            client.get("/list").await.error(),
            (
                500,
                -1,
                "something went wrong inside the service; its log has the details".to_owned()
            )
        );
    }
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up() {
    let limits = Limits {
        request_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let front = broken(false, limits).await;
    assert_eq!(
        front.client().await.get("/list").await.error(),
        (
            503,
            18,
            "the store of versions did not answer within 0.05 s; try again later".to_owned()
        )
    );
}

#[tokio::test]
async fn versions_are_listed_with_palladiums_keys() {
    let front = Front::iris().await;
    let second = front.store.write(&iris()).await;
    let answer = front.client().await.get("/list").await;
    let listed = async |number, active: bool| {
        json!({
            "version": number,
            "digest": front.store.stored(number).await.manifest.digest,
            "train_timestamp": "2026-01-02T03:04:05Z",
            "estimator": "logisticRegression",
            "scores": {"accuracy_test": 0.96},
            "active": active,
        })
    };
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "models": [listed(version(1), true).await, listed(second, false).await],
            "properties": {"active-model": "1", "db-version": "2", "ledger_revision": 1, "high_water_mark": 2, "n_versions": 2},
        })
    );
}

#[tokio::test]
async fn of_many_versions_the_newest_are_listed_and_all_are_counted() {
    let limits = Limits {
        max_listed_versions: 2,
        ..Limits::default()
    };
    let front = Front::of(&iris(), settings(), limits).await;
    for _ in 0..3 {
        front.store.write(&iris()).await;
    }
    let list = front.client().await.get("/list").await.json();
    let listed = list["models"].as_array().unwrap();
    let numbers: Vec<_> = listed.iter().map(|version| &version["version"]).collect();
    assert_eq!(numbers, [3, 4]);
    assert_eq!(list["properties"]["n_versions"], 4);
    assert_eq!(list["properties"]["active-model"], "1");
}

#[tokio::test]
async fn one_listing_too_many_is_refused_at_once() {
    let limits = Limits {
        max_listings: 1,
        ..Limits::default()
    };
    let front = broken(false, limits).await;
    let (mut one, mut other) = (front.client().await, front.client().await);
    // The store lets the first wait; which of the two comes first, nobody knows.
    let refused = tokio::select! {
        answer = one.get("/list") => answer,
        answer = other.get("/list") => answer,
    };
    assert_eq!(
        refused.error(),
        (
            503,
            16,
            "1 listings run already; try again in a second".to_owned()
        )
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(front.client().await.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_damaged_version_hides_no_other() {
    let front = Front::iris().await;
    let second = front.store.write(&iris()).await;
    let mut connection = SqliteConnection::connect_with(
        &SqliteConnectOptions::new().filename(front.store.folder.path().join("models.db")),
    )
    .await
    .unwrap();
    sqlx::query("UPDATE version SET seal = X'00' WHERE number = 1")
        .execute(&mut connection)
        .await
        .unwrap();
    let list = front.client().await.get("/list").await.json();
    let model = &settings().model;
    assert_eq!(list["models"].as_array().unwrap().len(), 1);
    assert_eq!(list["models"][0]["version"], json!(second));
    assert_eq!(
        list["damaged"],
        json!([{
            "version": 1,
            "message": format!(
                "version 1 of {model} is damaged: its manifest does not fit its seal; delete it and fit again, or restore \
                 the store from a backup"
            ),
        }])
    );
    assert_eq!(list["properties"]["active-model"], "1");
}

#[tokio::test]
async fn an_empty_store_lists_nothing() {
    let front = Front::empty(settings(), Limits::default()).await;
    let answer = front.client().await.get("/list").await;
    assert_eq!(
        answer.json(),
        json!({
            "models": [],
            "properties": {"db-version": "2", "ledger_revision": 0, "high_water_mark": 0, "n_versions": 0},
        })
    );
}

#[tokio::test]
async fn a_broken_store_is_a_503_that_names_no_path() {
    let front = Front::iris().await;
    for file in std::fs::read_dir(front.store.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(path, vec![b'x'; length]).unwrap();
    }
    let mut client = front.client().await;
    let answer = client.get("/list").await;
    let (status, code, message) = answer.error();
    assert_eq!((status, code), (503, 18), "{message}");
    assert!(message.starts_with("the store of versions "), "{message}");
    assert!(
        !message.contains(&*front.store.folder.path().to_string_lossy()),
        "{message}"
    );
    assert_eq!(
        client.get("/alive").await.status,
        200,
        "what is in memory goes on answering"
    );
}
