//! Whether the service should get requests, and what it says about itself.

use auriga_crds::{
    Reason,
    contract::{Alive, Golden},
};
use auriga_learn::GoldenCell;
use auriga_serve::{EntryPoint, Limits, LoadFailure, Loaded, Mapped, ValueKind};

use crate::{
    client::Client,
    fixture::{Front, SETOSA_QUERY, iris, key, now, settings, version},
};

async fn alive(client: &mut Client) -> (u16, Alive) {
    let answer = client.get("/alive").await;
    (answer.status, serde_json::from_str(&answer.text).unwrap())
}

#[tokio::test]
async fn without_a_version_nothing_but_livez_is_well() {
    let front = Front::empty(settings(), Limits::default()).await;
    let mut client = front.client().await;
    let (status, said) = alive(&mut client).await;
    assert_eq!(status, 503);
    assert_eq!(
        said.message.as_deref(),
        Some("no version of default/iris is loaded yet; try again soon")
    );
    assert_eq!(
        (said.model, said.golden, said.active),
        (None, Golden::None, false)
    );
    assert_eq!(client.get("/livez").await.status, 200);

    let answer = client.get(&format!("/predict?{SETOSA_QUERY}")).await;
    assert_eq!(
        answer.error(),
        (
            503,
            15,
            "no version of default/iris is loaded yet; try again soon".to_owned()
        )
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("x-model-version"), None);
}

#[tokio::test]
async fn an_empty_store_is_reported_in_its_own_words() {
    let front = Front::empty(settings(), Limits::default()).await;
    let failure = front
        .store
        .persister
        .read(&key(), auriga_persist::Which::Active)
        .await
        .unwrap_err();
    front
        .service
        .report(&LoadFailure::from(failure), Reason::VersionNotFound);
    let (status, said) = alive(&mut front.client().await).await;
    let message = "default/iris has no active version; fit one, or activate one of its versions";
    assert_eq!((status, said.message.as_deref()), (503, Some(message)));
    assert_eq!(said.known_reason(), Some(Reason::VersionNotFound));
    front.service.nothing_to_load();
    let (_, said) = alive(&mut front.client().await).await;
    assert_eq!(said.reason, None);
}

#[tokio::test]
async fn a_loaded_version_is_well_and_says_what_it_is() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    client.get(&format!("/predict?{SETOSA_QUERY}")).await;
    client.get("/predict?sepal+length=no").await;
    let (status, said) = alive(&mut client).await;
    let manifest = front.store.stored(version(1)).await.manifest;
    assert_eq!((status, said.message), (200, None));
    let model = said.model.unwrap();
    assert_eq!(model.updated, "2026-01-02T03:04:05Z");
    assert_eq!(
        (model.metadata.version, model.metadata.digest),
        (version(1), manifest.digest)
    );
    assert_eq!(model.metadata.train_timestamp, "2026-01-02T03:04:05Z");
    assert_eq!(model.metadata.estimator, "logisticRegression");
    assert_eq!(model.metadata.scores, [("accuracy_test".to_owned(), 0.96)].into());
    assert_eq!(said.service_metadata["service_name"], "iris");
    assert_eq!(said.service_metadata["service_version"], "1");
    assert_eq!(said.golden, Golden::Passed);
    assert!(
        said.memory_usage > 1.0 && said.memory_usage < said.memory_usage_vms,
        "{}",
        said.memory_usage
    );
    assert!(said.uptime_seconds > 0.0);
    let counts = said.process_metadata;
    assert_eq!(
        (
            counts.predict_requests,
            counts.predict_rows,
            counts.predict_errors
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn active_is_what_the_ledger_names() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let (_, said) = alive(&mut client).await;
    assert_eq!(
        (said.active, said.active_version, said.ledger_revision),
        (false, None, None)
    );

    front
        .service
        .set_ledger(front.store.persister.properties(&key()).await.unwrap());
    let (_, said) = alive(&mut client).await;
    assert_eq!(
        (said.active, said.active_version, said.ledger_revision),
        (true, Some(version(1)), Some(1))
    );

    let second = front.store.write(&iris()).await;
    front.store.activate(second).await;
    front
        .service
        .set_ledger(front.store.persister.properties(&key()).await.unwrap());
    let (status, said) = alive(&mut client).await;
    assert_eq!(
        (said.active, said.active_version, said.ledger_revision),
        (false, Some(second), Some(2))
    );
    assert_eq!(said.previous_version, Some(version(1)));
    assert_eq!(status, 200, "a version that is not active yet may be well");
}

#[tokio::test]
async fn a_version_that_predicts_otherwise_than_it_did_never_answers() {
    let front = Front::empty(settings(), Limits::default()).await;
    let version = front.store.write(&iris()).await;
    let mut stored = front.store.stored(version).await;
    stored.manifest.facts.golden.predictions[1] = GoldenCell::Text("virginica".to_owned());
    let failure = Loaded::from_stored(&key(), stored, now()).unwrap_err();
    front.service.report(&failure, Reason::ModelLoadFailed);
    let message = "version 1 of default/iris predicts otherwise than when it was fitted: golden request 2: \
                   \"virginica\" was stored, \"setosa\" was predicted";
    let mut client = front.client().await;
    let (status, said) = alive(&mut client).await;
    assert_eq!(
        (status, said.golden, said.message.as_deref()),
        (503, Golden::Failed, Some(message))
    );
    assert_eq!(
        client.get(&format!("/predict?{SETOSA_QUERY}")).await.error(),
        (503, 15, message.to_owned())
    );
}

#[tokio::test]
async fn a_version_that_cannot_be_loaded_is_named_and_the_one_before_answers_on() {
    let front = Front::iris().await;
    let mut stored = front.store.stored(version(1)).await;
    stored.manifest.number = version(2);
    stored.blob.truncate(100);
    let failure = Loaded::from_stored(&key(), stored, now()).unwrap_err();
    assert!(
        failure
            .to_string()
            .starts_with("version 2 of default/iris cannot be loaded: the model file"),
        "{failure}"
    );
    front.service.report(&failure, Reason::ModelLoadFailed);
    let mut client = front.client().await;
    let (status, said) = alive(&mut client).await;
    assert_eq!((status, said.message, said.golden), (200, None, Golden::Passed));
    assert_eq!(
        client.get(&format!("/predict?{SETOSA_QUERY}")).await.json()["result"],
        "setosa"
    );
}

#[tokio::test]
async fn a_manifest_with_another_signature_is_refused() {
    let front = Front::iris().await;
    let mut stored = front.store.stored(version(1)).await;
    stored.manifest.facts.signature.features[0].name = "sepal size".to_owned();
    assert_eq!(
        Loaded::from_stored(&key(), stored, now())
            .unwrap_err()
            .to_string(),
        "version 1 of default/iris has another signature than its manifest; delete it and fit again"
    );
}

#[tokio::test]
async fn an_entry_point_that_does_not_fit_the_version_keeps_it_from_answering() {
    let mut settings = settings();
    settings.entry_points = vec![EntryPoint {
        mapping: Some(vec![Mapped {
            name: "size".to_owned(),
            kind: ValueKind::Float,
            column: Some("petal size".to_owned()),
        }]),
        ..EntryPoint::default()
    }];
    let front = Front::empty(settings, Limits::default()).await;
    let version = front.store.write(&iris()).await;
    let error = front
        .service
        .swap(front.store.load(version).await)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "entry point \"/predict\" maps \"size\" to the feature \"petal size\", which the version does not have"
    );
    let (status, said) = alive(&mut front.client().await).await;
    assert_eq!((status, said.message), (503, Some(error)));
}
