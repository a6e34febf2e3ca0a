//! The versions in the store.

use serde_json::json;

use crate::fixture::{Front, iris, settings, version};
use auriga_serve::Limits;

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
            "properties": {"active-model": "1", "db-version": "1", "ledger_revision": 1, "high_water_mark": 2},
        })
    );
}

#[tokio::test]
async fn an_empty_store_lists_nothing() {
    let front = Front::empty(settings(), Limits::default()).await;
    let answer = front.client().await.get("/list").await;
    assert_eq!(
        answer.json(),
        json!({"models": [], "properties": {"db-version": "1", "ledger_revision": 0, "high_water_mark": 0}})
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
