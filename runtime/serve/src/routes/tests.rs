//! What no client can bring about on purpose: all room taken, all threads busy.

use std::time::Duration;

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_learn::{Column, Control, Estimator, GoldenRequests, Ridge, Steps, Table};
use auriga_persist::{Facts, IdempotencyKey, StoreUri, Stored, VersionManifest, open};
use axum::{body::Body, http::header::RETRY_AFTER};
use http_body_util::BodyExt;
use jiff::Timestamp;

use super::*;
use crate::{Loaded, Settings};

/// A front whose model answers ten times `x`.
async fn front(limits: Limits) -> Arc<Front> {
    let steps = Steps {
        transformers: Vec::new(),
        estimator: Estimator::Ridge(Ridge::default()),
    };
    let features = Table::new(vec![("x".to_owned(), Column::Number(vec![1.0, 2.0, 3.0]))]).unwrap();
    let target = Column::Number(vec![10.0, 20.0, 30.0]);
    let fitted = steps.fit(&features, ("y", &target), &Control::none()).unwrap();
    let blob = fitted.to_bytes();
    let manifest = VersionManifest {
        manifest_version: VersionManifest::MANIFEST_VERSION,
        number: VersionNumber::FIRST,
        digest: Digest::of(&blob),
        length: blob.len() as u64,
        idempotency_key: IdempotencyKey("fit".to_owned()),
        created: Timestamp::UNIX_EPOCH,
        facts: Facts {
            estimator: fitted.estimator_name().to_owned(),
            signature: fitted.signature().clone(),
            scores: [].into(),
            importances: Vec::new(),
            data_hash: Digest::of(b"rows"),
            spec_hash: "v1:spec".to_owned(),
            golden: GoldenRequests::default(),
            origin: None,
            trained: Timestamp::UNIX_EPOCH,
            runtime_version: "0.1.0".to_owned(),
        },
    };
    let key: ModelKey = "default/iris".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let uri = StoreUri::parse("sqlite://models.db", folder.path()).unwrap();
    let service = Service::new(Settings::new(key.clone()), open(&uri).await.unwrap()).unwrap();
    let loaded = Loaded::from_stored(&key, Stored { manifest, blob }, Timestamp::UNIX_EPOCH);
    service.swap(loaded.unwrap()).unwrap();
    Arc::new(Front::new(Arc::new(service), limits))
}

async fn asked(front: &Arc<Front>, request: Request) -> (Response<()>, String) {
    let (head, body) = Routes::new(front.clone()).answer(request).await.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (
        Response::from_parts(head, ()),
        String::from_utf8(bytes.to_vec()).unwrap(),
    )
}

fn get(target: &str) -> Request {
    Request::get(target).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn one_prediction_too_many_is_refused_at_once_and_probes_are_not() {
    let front = front(Limits {
        max_in_flight: 1,
        ..Limits::default()
    })
    .await;
    let running = front.in_flight.acquire().await.unwrap();
    let (head, body) = asked(&front, get("/predict?x=1")).await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(head.headers()[RETRY_AFTER], "1");
    assert_eq!(head.headers()["x-model-version"], "1");
    assert!(
        body.contains("\"1 predictions run already; try again in a second\""),
        "{body}"
    );
    for probe in ["/alive", "/livez"] {
        assert_eq!(asked(&front, get(probe)).await.0.status(), StatusCode::OK);
    }
    drop(running);
    assert_eq!(
        asked(&front, get("/predict?x=1")).await.0.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_prediction_that_finds_no_thread_in_time_is_given_up() {
    let front = front(Limits {
        request_timeout: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let n_threads = front.threads.available_permits();
    let busy = front.threads.acquire_many(n_threads as u32).await.unwrap();
    let rows = || Body::from(format!("[{}]", vec!["{\"x\": 1}"; 3000].join(",")));
    let post = || Request::post("/predict").body(rows()).unwrap();
    let (head, body) = asked(&front, post()).await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("\"error_code\":17,"), "{body}");
    assert!(
        body.contains("\"the prediction took longer than 0.05 s; send fewer rows at a time\""),
        "{body}"
    );
    drop(busy);
    let small = Request::post("/predict")
        .body(Body::from("[{\"x\": 1}]"))
        .unwrap();
    assert_eq!(asked(&front, small).await.0.status(), StatusCode::OK);
}
