//! Pods that answer anything, or nothing.

use std::{net::SocketAddr, time::Duration};

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::seen::Reached;

const AT_ONCE: Duration = Duration::ZERO;

/// Answers every connection with the same bytes; `None`: with nothing at all.
async fn server(answer: Option<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(answer) = answer.clone() else {
                held.push(stream);
                continue;
            };
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    address
}

/// How long a slow server takes.
const SLOW: Duration = Duration::from_millis(50);

/// Answers one connection with these bytes, in its own time.
async fn slow_server(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        tokio::time::sleep(SLOW).await;
        let _ = stream.write_all(&answer).await;
    });
    address
}

fn response(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn alive(changes: Value) -> String {
    let mut alive = json!({
        "auriga_version": "0.1.0", "memory_usage": 1.0, "memory_usage_vms": 1.0, "uptime_seconds": 1.0,
        "service_metadata": {}, "active": false, "golden": "none", "pod_uid": "1",
        "process_metadata": {
            "jobs": {}, "predict_requests": 0, "predict_rows": 0, "predict_errors": 0, "ignored_values": 0,
        },
    });
    json_patch::merge(&mut alive, &changes);
    alive.to_string()
}

fn pod(restarts: i32) -> Pod {
    serde_json::from_value(json!({
        "metadata": { "name": "iris-1", "namespace": "default", "uid": "1" },
        "status": {
            "phase": "Running", "podIP": "127.0.0.1",
            "containerStatuses": [{
                "name": "auriga", "image": "", "imageID": "", "ready": false, "restartCount": restarts,
                "state": { "running": {} },
            }],
        },
    }))
    .unwrap()
}

fn service(port: u16) -> Service {
    serde_json::from_value(json!({
        "metadata": { "name": "iris", "namespace": "default", "uid": "2" },
        "spec": { "clusterIP": "127.0.0.1", "ports": [{ "port": port }] },
    }))
    .unwrap()
}

fn asker(port: u16) -> Asker {
    let nobody = tower::service_fn(|_: hyper::Request<kube::client::Body>| async {
        Err::<hyper::Response<kube::client::Body>, _>(std::io::Error::other("nobody listens"))
    });
    Asker::new(Client::new(nobody, "default"), Via::PodIp, port)
}

async fn asked(answer: Option<Vec<u8>>) -> PodSeen {
    let address = server(answer).await;
    let mut seen = asker(address.port()).ask(vec![Arc::new(pod(0))], AT_ONCE).await;
    seen.remove(0)
}

async fn check_silent(answer: Vec<u8>, expected: &str) {
    match asked(Some(answer)).await.answer {
        Answer::Silent(why) => assert!(why.starts_with("pod iris-1 ") && why.contains(expected), "{why}"),
        other => panic!("{expected} is expected, and not {other:?}"),
    }
}

#[tokio::test]
async fn a_pod_is_well_with_200_and_unwell_with_503() {
    let well = asked(Some(response("200 OK", &alive(json!({}))))).await;
    assert!(matches!(well.answer, Answer::Well(_)) && well.passes == 1);
    let unwell = asked(Some(response("503 Service Unavailable", &alive(json!({}))))).await;
    assert!(matches!(unwell.answer, Answer::Unwell(_)) && unwell.passes == 0);
}

#[tokio::test]
async fn whatever_else_a_pod_answers_is_silence_with_a_reason() {
    let ok = |body: &str| response("200 OK", body);
    check_silent(
        b"\x00\xff garbage\r\n\r\n".to_vec(),
        "did not answer as a server does",
    )
    .await;
    check_silent(Vec::new(), "did not answer as a server does").await;
    check_silent(ok("<html>"), "not the JSON of /alive").await;
    check_silent(ok("{\"memory_usage\": NaN}"), "not the JSON of /alive").await;
    check_silent(ok(&alive(json!({}))[..40]), "not the JSON of /alive").await;
    check_silent(ok(&"[".repeat(10_000)), "not the JSON of /alive").await;
    check_silent(ok(&"x".repeat(10 << 20)), "answered more than 64 KiB at /alive").await;
    let redirect = b"HTTP/1.1 301 Moved\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n";
    check_silent(redirect.to_vec(), "answered with status 301").await;
    check_silent(response("404 Not Found", ""), "answered with status 404").await;
    check_silent(ok(&alive(json!({ "pod_uid": "2" }))), "another pod does").await;
    check_silent(
        ok(&alive(json!({ "pod_uid": null }))),
        "does not say at 127.0.0.1",
    )
    .await;
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    check_silent(cut.to_vec(), "broke off its answer").await;
}

#[tokio::test]
async fn a_pod_that_hangs_is_given_up_after_two_seconds() {
    let seen = asked(None).await;
    assert_eq!(
        seen.answer,
        Answer::Silent("pod iris-1 gave no answer at /alive within 2 s".to_owned())
    );
}

#[tokio::test]
async fn a_pod_without_a_listener_cannot_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let seen = asker(port).ask(vec![Arc::new(pod(0))], AT_ONCE).await;
    let Answer::Silent(why) = &seen[0].answer else {
        panic!("{:?}", seen[0].answer);
    };
    assert!(
        why.starts_with("pod iris-1 cannot be reached at 127.0.0.1:"),
        "{why}"
    );
}

#[tokio::test]
async fn passes_are_counted_in_a_row_and_begin_anew_with_the_container() {
    let address = server(Some(response("200 OK", &alive(json!({}))))).await;
    let asker = asker(address.port());
    for expected in [1, 2, 3] {
        assert_eq!(
            asker.ask(vec![Arc::new(pod(0))], AT_ONCE).await[0].passes,
            expected
        );
    }
    assert_eq!(asker.ask(vec![Arc::new(pod(1))], AT_ONCE).await[0].passes, 1);
}

#[tokio::test]
async fn an_answer_that_is_fresh_is_not_asked_for_again() {
    let address = server(Some(response("200 OK", &alive(json!({}))))).await;
    let asker = asker(address.port());
    for _ in 0..3 {
        let seen = asker.ask(vec![Arc::new(pod(0))], Duration::from_secs(60)).await;
        assert_eq!(seen[0].passes, 1);
    }
}

#[test]
fn silence_counts_for_a_shorter_time_than_an_answer() {
    let told = |answer| Told {
        at: Instant::now().checked_sub(Duration::from_secs(3)).unwrap(),
        restarts: 0,
        address: String::new(),
        answer,
        passes: 0,
        hangs: 0,
        silent_since: None,
    };
    let alive = read(alive(json!({})).as_bytes()).unwrap();
    let minute = Duration::from_secs(60);
    assert!(told(Answer::Well(Box::new(alive))).counts(minute));
    assert!(!told(Answer::Silent("refuses".to_owned())).counts(minute));
}

#[tokio::test]
async fn a_pod_that_hangs_is_not_asked_again_at_once() {
    let address = server(None).await;
    let asker = asker(address.port());
    asker.ask(vec![Arc::new(pod(0))], Duration::ZERO).await;
    let begun = Instant::now();
    let seen = asker.ask(vec![Arc::new(pod(0))], Duration::ZERO).await;
    assert!(begun.elapsed() < ask::DEADLINE);
    assert!(matches!(seen[0].answer, Answer::Silent(_)));
}

#[test]
fn pauses_for_pods_that_hang_double_up_to_ten_seconds() {
    let pauses = [0, 1, 2, 5, u32::MAX].map(|hangs| pause(hangs).as_secs());
    assert_eq!(pauses, [0, 1, 2, 10, 10]);
}

#[tokio::test]
async fn a_pod_on_a_node_that_went_away_is_not_asked() {
    let mut value = serde_json::to_value(pod(0)).unwrap();
    let lost = json!({ "type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown" });
    json_patch::merge(&mut value, &json!({ "status": { "conditions": [lost] } }));
    let pod = Arc::new(serde_json::from_value(value).unwrap());
    let seen = asker(1).ask(vec![pod], Duration::ZERO).await;
    assert_eq!(
        seen[0].answer,
        Answer::Silent("pod iris-1 is on a node that no longer reports".to_owned())
    );
}

#[tokio::test]
async fn only_a_pod_that_runs_and_is_to_stay_is_asked() {
    let changes = [
        json!({ "metadata": { "deletionTimestamp": "2026-11-22T10:00:00Z" } }),
        json!({ "status": { "phase": "Succeeded" } }),
        json!({ "status": { "phase": "Pending" } }),
        json!({ "status": { "podIP": null } }),
        json!({ "status": { "containerStatuses": null } }),
    ];
    for change in changes {
        let mut value = serde_json::to_value(pod(0)).unwrap();
        json_patch::merge(&mut value, &change);
        let pod = Arc::new(serde_json::from_value(value).unwrap());
        let seen = asker(1).ask(vec![pod], AT_ONCE).await;
        assert_eq!(seen[0].answer, Answer::NotAsked, "{change}");
    }
}

#[test]
fn progress_that_makes_no_sense_is_dropped_and_the_rest_is_kept() {
    let told = json!({ "trainerStatus": {
        "progressPercentage": 101, "estimatedRemainingSeconds": -1,
        "lastUpdatedTime": "2026-11-22T10:00:00Z",
        "metrics": [
            { "name": "loss", "value": "NaN" }, { "name": "loss", "value": "inf" },
            { "name": "loss", "value": "0.5" }, { "name": "", "value": "1" },
            { "name": "loss", "value": 1 }, "loss",
        ],
    }});
    let status = read(alive(told).as_bytes()).unwrap().trainer_status.unwrap();
    assert_eq!(
        (status.progress_percentage, status.estimated_remaining_seconds),
        (None, None)
    );
    let metrics: Vec<_> = status
        .metrics
        .iter()
        .map(|metric| metric.value.as_str())
        .collect();
    assert_eq!(metrics, ["0.5"]);
    for told in [
        json!({}),
        json!([]),
        json!(1),
        json!({ "lastUpdatedTime": "soon" }),
    ] {
        let told = json!({ "trainerStatus": told });
        assert_eq!(read(alive(told).as_bytes()).unwrap().trainer_status, None);
    }
}

#[tokio::test]
async fn the_newest_versions_of_a_list_are_told_newest_first() {
    let version = |number: u64| {
        json!({
            "version": number, "digest": format!("sha256:{number:064}"), "active": false,
            "train_timestamp": "2026-11-22T10:00:00Z", "estimator": "ridge", "scores": { "r2_test": 0.5 },
        })
    };
    let models: Vec<Value> = (1..=12).map(version).chain([json!({ "version": "?" })]).collect();
    let address = server(Some(response("200 OK", &json!({ "models": models }).to_string()))).await;
    let listed = asker(address.port()).list(&pod(0), AT_ONCE).await.unwrap();
    let numbers: Vec<i64> = listed.iter().map(|version| version.version).collect();
    assert_eq!(numbers, (3..=12).rev().collect::<Vec<_>>());
    assert_eq!(listed[0].metrics[0].value, "0.5");
    let garbage = server(Some(response("200 OK", "[]"))).await;
    assert_eq!(asker(garbage.port()).list(&pod(0), AT_ONCE).await, None);
}

/// What one look learns of the Service of slot v1, whose only pod has the UID 1.
async fn glance(asker: &Asker, port: u16) -> Reached {
    asker
        .reach(&service(port), "v1", vec!["1".to_owned()], AT_ONCE)
        .await
}

/// What comes of asking it, however many looks that takes.
async fn reach(asker: &Asker, port: u16) -> Reached {
    loop {
        let reached = glance(asker, port).await;
        if !matches!(&reached, Reached::Silent { why, .. } if why == NOT_YET) {
            return reached;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_answered(reached: &Reached) -> bool {
    matches!(reached, Reached::Answered { .. })
}

const NOT_YET: &str = "has not answered yet";

fn why(reached: Reached) -> String {
    match reached {
        Reached::Silent { why, .. } => why,
        other => panic!("silence is expected, and not {other:?}"),
    }
}

#[tokio::test]
async fn a_service_is_reached_once_a_pod_that_is_to_answer_answers_200() {
    let asker = asker(1);
    let well = server(Some(response("200 OK", &alive(json!({}))))).await;
    assert!(is_answered(&reach(&asker, well.port()).await));
    let unwell = server(Some(response("503 Service Unavailable", ""))).await;
    let found = why(reach(&asker, unwell.port()).await);
    assert_eq!(found, "answered with status 503 at /alive");
    let other = server(Some(response("200 OK", &alive(json!({ "pod_uid": "2" }))))).await;
    let found = reach(&asker, other.port()).await;
    assert!(matches!(found, Reached::Elsewhere { .. }), "{found:?}");
    let nobody = server(Some(response("200 OK", &alive(json!({ "pod_uid": null }))))).await;
    assert_eq!(
        why(reach(&asker, nobody.port()).await),
        "answered without saying which pod it is"
    );
    let garbage = server(Some(response("200 OK", "<html>"))).await;
    assert!(why(reach(&asker, garbage.port()).await).starts_with("answered what is not the JSON"));
}

/// Asks until the Service is silent for this reason.
async fn refuses(asker: &Asker, port: u16) -> Duration {
    let words = format!("cannot be reached at 127.0.0.1:{port}: the connection was refused");
    loop {
        if let Reached::Silent { why, lasts } = reach(asker, port).await
            && why == words
        {
            return lasts;
        }
    }
}

#[tokio::test]
async fn a_service_that_refuses_is_silent_since_it_was_first_asked() {
    let asker = asker(1);
    let slow = slow_server(response("503 Service Unavailable", "")).await;
    reach(&asker, slow.port()).await;
    assert!(refuses(&asker, 1).await >= SLOW);
    let well = server(Some(response("200 OK", &alive(json!({}))))).await;
    while !is_answered(&reach(&asker, well.port()).await) {}
    let again = Instant::now();
    assert!(refuses(&asker, 1).await <= again.elapsed());
    // Other pods are to answer now: what the ones before did is of no interest.
    let other = Instant::now();
    let pods = vec!["2".to_owned()];
    let Reached::Silent { lasts, .. } = asker.reach(&service(1), "v2", pods, AT_ONCE).await else {
        panic!("nobody listens at port 1");
    };
    assert!(lasts <= other.elapsed());
}

#[tokio::test]
async fn a_service_that_answers_has_done_so_since_it_began_to_however_often_it_was_asked() {
    let asker = asker(1);
    let well = server(Some(response("200 OK", &alive(json!({}))))).await;
    assert!(is_answered(&reach(&asker, well.port()).await));
    let since = Instant::now();
    while since.elapsed() < SLOW {
        assert!(is_answered(&reach(&asker, well.port()).await));
    }
    let Reached::Answered { lasts } = reach(&asker, well.port()).await else {
        panic!("it answers");
    };
    assert!(lasts >= SLOW);
    let begun = Instant::now();
    let other = server(Some(response("200 OK", &alive(json!({ "pod_uid": "2" }))))).await;
    while is_answered(&reach(&asker, other.port()).await) {}
    let Reached::Elsewhere { lasts } = reach(&asker, other.port()).await else {
        panic!("it leads to another pod");
    };
    assert!(lasts <= begun.elapsed());
}

#[tokio::test]
async fn nobody_waits_for_a_service_that_hangs_nor_asks_it_again_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let accepted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            lock(&accepted).push(stream);
        }
    });
    let asker = asker(1);
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(why(glance(&asker, port).await), NOT_YET);
    }
    assert!(begun.elapsed() < ask::DEADLINE);
    let hung = "gave no answer at /alive within 2 s";
    assert_eq!(why(reach(&asker, port).await), hung);
    assert_eq!(why(glance(&asker, port).await), hung);
    assert_eq!(lock(&requests).len(), 1);
}
