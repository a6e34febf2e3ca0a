//! A new version takes over without a dropped or a mixed answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use auriga_serve::Limits;

use crate::{
    client::{Answer, Client},
    fixture::{Front, SETOSA, SETOSA_QUERY, classifier, flowers, settings},
};

/// Each version names itself in its classes, so an answer shows which model computed it.
fn version_of(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let version = json["metadata"]["model_version"].as_u64().unwrap();
    let result = json["result"].as_str().or(json["result"][0].as_str()).unwrap();
    assert_eq!(result, format!("setosa of {version}"));
    assert_eq!(
        answer.header("x-model-version"),
        Some(version.to_string().as_str())
    );
    assert_eq!(json["metadata"]["service_version"], version.to_string());
    version
}

async fn ask(mut client: Client, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>, by_post: bool) {
    while !stop.load(Ordering::Relaxed) {
        let answer = match by_post {
            true => client.post("/predict", &format!("[{SETOSA}]")).await,
            false => client.get(&format!("/predict?{SETOSA_QUERY}")).await,
        };
        version_of(&answer);
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_swaps_under_load_lose_nothing_and_mix_nothing() {
    let front = Front::empty(settings(), Limits::default()).await;
    let mut versions = Vec::new();
    for number in 1..=2 {
        let fitted = classifier(
            &flowers(),
            &format!("setosa of {number}"),
            &format!("virginica of {number}"),
        );
        let version = front.store.write(&fitted).await;
        versions.push(front.store.load(version).await);
    }
    front.service.swap(versions[0].clone()).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut asking = Vec::new();
    for by_post in [true, false, true, false] {
        asking.push(tokio::spawn(ask(
            front.client().await,
            stop.clone(),
            answered.clone(),
            by_post,
        )));
    }
    let mut client = front.client().await;
    for swap in 1..=50 {
        let next = &versions[swap % 2];
        front.service.swap(next.clone()).unwrap();
        // What is asked after the swap is answered by the new version, and others are answered in between.
        assert_eq!(
            version_of(&client.get(&format!("/predict?{SETOSA_QUERY}")).await),
            next.manifest().number.get()
        );
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 8 {
            assert!(!asking.iter().any(|task| task.is_finished()), "a client failed");
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in asking {
        task.await.unwrap();
    }
    assert_eq!(front.service.alive().process_metadata.predict_errors, 0);
    assert!(answered.load(Ordering::Relaxed) >= 400);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_by_the_version_it_began_with() {
    let front = Front::empty(settings(), Limits::default()).await;
    for number in 1..=2 {
        front
            .store
            .write(&classifier(
                &flowers(),
                &format!("setosa of {number}"),
                "virginica",
            ))
            .await;
    }
    let load = async |number| front.store.load(crate::fixture::version(number)).await;
    front.service.swap(load(1).await).unwrap();
    let body = format!("[{SETOSA}]");
    let mut early = front.client().await;
    // The server asks for the body when, and only when, it has begun with the request.
    early
        .send(&format!(
            "POST /predict HTTP/1.1\r\nhost: iris\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ))
        .await;
    early.go_on().await;
    front.service.swap(load(2).await).unwrap();
    assert_eq!(version_of(&front.client().await.post("/predict", &body).await), 2);
    early.send(&body).await;
    assert_eq!(version_of(&early.answer(true).await.unwrap()), 1);
}
