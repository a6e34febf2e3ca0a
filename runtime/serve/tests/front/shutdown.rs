//! The service stops without cutting anybody off, and without waiting for ever.

use std::time::Duration;

use auriga_serve::Limits;
use tokio::{net::TcpStream, time::Instant};

use crate::{
    client::{Client, DEADLINE, head},
    fixture::{Front, SETOSA, SETOSA_QUERY, iris, settings},
};

/// A client whose request has begun, and the rest of it.
async fn half_sent(front: &Front) -> (Client, String) {
    let body = format!("[{SETOSA}]");
    let mut client = front.client().await;
    let head = head("POST", "/predict", body.len()).replace("host", "expect: 100-continue\r\nhost");
    client.send(&head).await;
    client.go_on().await;
    (client, body)
}

#[tokio::test]
async fn requests_in_flight_finish_and_idle_connections_close() {
    let mut front = Front::iris().await;
    let (mut busy, body) = half_sent(&front).await;
    let mut idle = front.client().await;
    idle.get("/livez").await;
    front.shut_down();
    idle.closed().await;
    assert!(
        TcpStream::connect(front.address).await.is_err(),
        "the listener is closed"
    );
    busy.send(&body).await;
    let answer = busy.answer(true).await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    busy.closed().await;
    front.stopped().await;
}

/// Two listeners may share a socket while one server takes over from another: the old one may just have accepted.
#[tokio::test]
async fn a_connection_accepted_before_the_end_still_gets_its_first_answer() {
    let mut front = Front::iris().await;
    let mut waiting = front.client().await;
    // The listener takes connections in their order: once this one is answered, the other is accepted.
    assert_eq!(front.client().await.get("/livez").await.status, 200);
    front.shut_down();
    while TcpStream::connect(front.address).await.is_ok() {}
    let answer = waiting.get(&format!("/predict?{SETOSA_QUERY}")).await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    waiting.closed().await;
    front.stopped().await;
}

#[tokio::test]
async fn alive_turns_first_and_the_listener_closes_later() {
    let limits = Limits {
        drain_delay: Duration::from_secs(1),
        ..Limits::default()
    };
    let mut front = Front::of(&iris(), settings(), limits).await;
    let mut early = front.client().await;
    assert_eq!(early.get("/alive").await.status, 200);
    let began = Instant::now();
    front.shut_down();
    let alive = loop {
        let alive = front.client().await.get("/alive").await;
        if alive.status != 200 {
            break alive;
        }
        assert!(began.elapsed() < DEADLINE);
    };
    assert_eq!(alive.status, 503);
    assert_eq!(alive.json()["message"], "shutting down");
    let answer = early.get(&format!("/predict?{SETOSA_QUERY}")).await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(front.client().await.get("/livez").await.status, 200);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "all of this fits into the delay"
    );
    front.stopped().await;
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_up() {
    let limits = Limits {
        drain_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let mut front = Front::of(&iris(), settings(), limits).await;
    let (mut endless, _) = half_sent(&front).await;
    let began = Instant::now();
    front.shut_down();
    front.stopped().await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    endless.closed().await;
}
