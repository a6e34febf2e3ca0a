//! A new version, or new settings, take over without a dropped or a mixed answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use auriga_learn::Table;
use auriga_serve::{EntryPoint, Limits, Mapped, Settings, ValueKind};

use crate::{
    client::{Answer, Client},
    fixture::{Front, SETOSA, SETOSA_QUERY, classifier, flowers, iris, settings},
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

/// Settings that take the features by names of their own, and say so in every answer.
fn settings_called(name: &str) -> Settings {
    let mapped = |column: &str| Mapped {
        name: format!("{column} of {name}"),
        kind: ValueKind::Float,
        column: Some(column.to_owned()),
    };
    let mut settings = settings();
    settings.entry_points = vec![EntryPoint {
        mapping: Some(vec![mapped("sepal length"), mapped("petal width")]),
        ..EntryPoint::default()
    }];
    settings
        .service_metadata
        .insert("team".to_owned(), name.to_owned());
    settings
}

/// A row that the settings called "one" read as a setosa and those called "two" as a virginica.
const ROW_OF_BOTH: &str = r#"[{"sepal length of one": 5.0, "petal width of one": 0.2, "sepal length of two": 6.8, "petal width of two": 2.2}]"#;

/// Which settings read the row, which is to be the ones that the metadata come from.
fn settings_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    let team = json["metadata"]["team"].as_str().unwrap().to_owned();
    let result = if team == "one" { "setosa" } else { "virginica" };
    assert_eq!(json["result"][0], result, "{}", answer.text);
    team
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settings_are_exchanged_without_a_mixed_answer_or_a_closed_connection() {
    let front = Front::of(&iris(), settings_called("one"), Limits::default()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut asking = Vec::new();
    for _ in 0..3 {
        let (mut client, stop, answered) = (front.client().await, stop.clone(), answered.clone());
        asking.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let answer = client.post("/predict", ROW_OF_BOTH).await;
                assert_eq!(answer.header("connection"), None);
                settings_of(&answer);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let mut client = front.client().await;
    for exchange in 1..=50 {
        let name = ["one", "two"][exchange % 2];
        front.service.change(settings_called(name)).unwrap();
        assert_eq!(settings_of(&client.post("/predict", ROW_OF_BOTH).await), name);
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 6 {
            assert!(!asking.iter().any(|task| task.is_finished()), "a client failed");
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in asking {
        task.await.unwrap();
    }
    assert_eq!(front.service.alive().process_metadata.predict_errors, 0);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_by_the_settings_it_began_with() {
    let front = Front::of(&iris(), settings_called("one"), Limits::default()).await;
    let mut early = front.client().await;
    early
        .send(&format!(
            "POST /predict HTTP/1.1\r\nhost: iris\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            ROW_OF_BOTH.len()
        ))
        .await;
    early.go_on().await;
    front.service.change(settings_called("two")).unwrap();
    early.send(ROW_OF_BOTH).await;
    assert_eq!(settings_of(&early.answer(true).await.unwrap()), "one");
    assert_eq!(settings_of(&early.post("/predict", ROW_OF_BOTH).await), "two");
}

#[tokio::test]
async fn entry_points_come_and_go_with_the_settings() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    let target = format!("/flowers?{SETOSA_QUERY}");
    assert_eq!(client.get(&target).await.status, 404);
    let mut flowers = settings();
    flowers.entry_points = vec![EntryPoint {
        path: "/flowers".to_owned(),
        ..EntryPoint::default()
    }];
    front.service.change(flowers).unwrap();
    assert_eq!(client.get(&target).await.status, 200);
    let (status, _, message) = client.get(&format!("/predict?{SETOSA_QUERY}")).await.error();
    assert_eq!(
        (status, &*message),
        (
            404,
            "there is no \"/predict\"; this service answers /flowers, /alive, /livez and /list"
        )
    );
}

#[tokio::test]
async fn settings_that_do_not_fit_leave_those_before_in_force() {
    let front = Front::iris().await;
    let mut unfit = settings_called("one");
    unfit.entry_points[0].mapping.as_mut().unwrap().pop();
    assert_eq!(
        front.service.change(unfit).unwrap_err().to_string(),
        "entry point \"/predict\" maps nothing to the feature \"petal width\"; add an entry for it"
    );
    let mut faulty = settings();
    faulty
        .service_metadata
        .insert("status".to_owned(), "good".to_owned());
    assert!(front.service.change(faulty).is_err());
    let answer = front
        .client()
        .await
        .get(&format!("/predict?{SETOSA_QUERY}"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_version_and_the_settings_for_it_take_over_together() {
    let front = Front::iris().await;
    let wider = classifier(
        &Table::new(
            flowers()
                .columns()
                .map(|(name, column)| (format!("the {name}"), column.clone()))
                .collect(),
        )
        .unwrap(),
        "setosa",
        "virginica",
    );
    let version = front.store.write(&wider).await;
    let loaded = front.store.load(version).await;
    let mut settings = settings();
    settings.entry_points = vec![EntryPoint {
        path: "/wider".to_owned(),
        mapping: Some(
            [("sepal", "the sepal length"), ("petal", "the petal width")]
                .map(|(name, column)| Mapped {
                    name: name.to_owned(),
                    kind: ValueKind::Float,
                    column: Some(column.to_owned()),
                })
                .into(),
        ),
        ..EntryPoint::default()
    }];
    // Neither fits the other's past.
    assert!(front.service.change(settings.clone()).is_err());
    front.service.replace(settings, loaded).unwrap();
    let answer = front.client().await.get("/wider?sepal=5&petal=0.2").await;
    assert_eq!(answer.json()["result"], "setosa");
    assert_eq!(answer.header("x-model-version"), Some("2"));
}
