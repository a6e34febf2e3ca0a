//! What a greedy or slow client gets, and that others do not suffer from it.

use std::time::Duration;

use auriga_serve::Limits;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, interval, timeout},
};

use crate::{
    client::{DEADLINE, head},
    fixture::{Front, SETOSA, SETOSA_QUERY, VIRGINICA, iris, settings},
};

fn quick() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(900),
        request_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_closed_at_the_header_timeout() {
    let front = Front::of(&iris(), settings(), quick()).await;
    let mut client = front.client().await;
    // Also on a connection that was good before.
    client.get("/livez").await;
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    for byte in b"GET /alive HTTP/1.1\r\nx-slow: "
        .iter()
        .chain(std::iter::repeat(&b'x'))
    {
        ticks.tick().await;
        if client.stream.write_all(&[*byte]).await.is_err() || began.elapsed() > DEADLINE {
            break;
        }
    }
    client.closed().await;
    let elapsed = began.elapsed();
    assert!(
        elapsed >= Duration::from_millis(300) && elapsed < Duration::from_secs(5),
        "{elapsed:?}"
    );
}

#[tokio::test]
async fn a_connection_that_never_says_anything_is_closed_at_the_header_timeout() {
    let front = Front::of(&iris(), settings(), quick()).await;
    let began = Instant::now();
    front.client().await.closed().await;
    let elapsed = began.elapsed();
    assert!(
        elapsed >= Duration::from_millis(290) && elapsed < Duration::from_millis(900),
        "{elapsed:?}"
    );
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_is_closed_at_its_own() {
    let front = Front::of(&iris(), settings(), quick()).await;
    let mut client = front.client().await;
    client.get("/livez").await;
    let began = Instant::now();
    client.closed().await;
    let elapsed = began.elapsed();
    assert!(
        elapsed >= Duration::from_millis(890) && elapsed < Duration::from_secs(5),
        "{elapsed:?}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408() {
    let front = Front::of(&iris(), settings(), quick()).await;
    let mut client = front.client().await;
    client.send(&head("POST", "/predict", 100)).await;
    client.send("[").await;
    assert_eq!(
        client.answer(true).await.unwrap().error(),
        (
            408,
            6,
            "the body did not arrive within 0.3 s; send it faster or send fewer rows".to_owned()
        )
    );
    client.closed().await;
}

#[tokio::test]
async fn hundred_megabytes_are_refused_without_being_read() {
    let front = Front::iris().await;
    let refused = (
        413,
        3,
        "the body is larger than 2097152 bytes; send fewer rows at a time".to_owned(),
    );

    let mut announced = front.client().await;
    announced.send(&head("POST", "/predict", 100 << 20)).await;
    assert_eq!(announced.answer(true).await.unwrap().error(), refused);

    let mut chunked = front.client().await;
    chunked
        .send("POST /predict HTTP/1.1\r\nhost: iris\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut sent = 0;
    while sent < 100 << 20 && chunked.stream.write_all(piece.as_bytes()).await.is_ok() {
        sent += 0x10000;
    }
    assert!(sent < 50 << 20, "{sent} bytes were taken");
    assert_eq!(chunked.answer(true).await.unwrap().error(), refused);
}

#[tokio::test]
async fn a_body_in_a_million_pieces_is_refused() {
    let front = Front::iris().await;
    let mut client = front.client().await;
    client
        .send("POST /predict HTTP/1.1\r\nhost: iris\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let pieces = "1\r\n \r\n".repeat(20_000);
    // The server may close before it has taken them all.
    let _ = client.stream.write_all(pieces.as_bytes()).await;
    assert_eq!(
        client.answer(true).await.unwrap().error(),
        (
            413,
            3,
            "the body comes in more than 16384 pieces; send larger ones".to_owned()
        )
    );
}

#[tokio::test]
async fn too_many_rows_are_refused_with_the_limit() {
    let limits = Limits {
        max_rows: 2,
        ..Limits::default()
    };
    let front = Front::of(&iris(), settings(), limits).await;
    let mut client = front.client().await;
    let rows = |n_rows| format!("[{}]", vec![SETOSA; n_rows].join(","));
    assert_eq!(client.post("/predict", &rows(2)).await.status, 200);
    assert_eq!(
        client.post("/predict", &rows(3)).await.error(),
        (
            413,
            4,
            "there are more than 2 rows; send fewer at a time".to_owned()
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_predictions_than_allowed_are_refused_at_once_and_probes_are_not() {
    let limits = Limits {
        max_in_flight: 1,
        ..Limits::default()
    };
    let front = Front::of(&iris(), settings(), limits).await;
    let body = format!("[{}]", vec![VIRGINICA; 10_000].join(","));
    let busy = (
        503,
        16,
        "1 predictions run already; try again in a second".to_owned(),
    );
    let ask = async |by_probe: bool| {
        let mut client = front.client().await;
        let (mut good, mut refused) = (0, 0);
        while good + refused < 40 {
            if by_probe {
                assert_eq!(client.get("/alive").await.status, 200);
                good += 1;
                continue;
            }
            let answer = client.post("/predict", &body).await;
            if answer.status == 200 {
                good += 1;
            } else {
                assert_eq!(answer.error(), busy);
                assert_eq!(answer.header("retry-after"), Some("1"));
                refused += 1;
            }
        }
        (good, refused)
    };
    let (one, two, three, _) = tokio::join!(ask(false), ask(false), ask(false), ask(true));
    let good = one.0 + two.0 + three.0;
    let refused = one.1 + two.1 + three.1;
    assert!(good > 0 && refused > 0, "{good} good, {refused} refused");
    let counts = front.service.alive().process_metadata;
    assert_eq!((counts.predict_requests, counts.predict_errors), (good, refused));
}

#[tokio::test]
async fn bodies_that_are_being_read_share_their_room() {
    let limits = Limits {
        max_body_bytes: 10_000,
        max_buffered_bytes: 10_000,
        ..Limits::default()
    };
    let front = Front::of(&iris(), settings(), limits).await;
    let mut greedy = front.client().await;
    greedy.send(&head("POST", "/predict", 10_000)).await;
    greedy.send(&" ".repeat(9_990)).await;
    let mut other = front.client().await;
    let refused = async {
        loop {
            let answer = other.post("/predict", &format!("[{SETOSA}]")).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let refused = timeout(DEADLINE, refused).await.unwrap();
    assert_eq!(
        refused.error(),
        (
            503,
            16,
            "the bodies of other requests fill the 10000 bytes set aside for them; try again in a second"
                .to_owned()
        )
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    let mut other = front.client().await;
    assert_eq!(
        other.get(&format!("/predict?{SETOSA_QUERY}")).await.status,
        200,
        "a query needs no room"
    );
    greedy.send("          ").await;
    assert_eq!(greedy.answer(true).await.unwrap().status, 400);
    assert_eq!(
        other.post("/predict", &format!("[{SETOSA}]")).await.status,
        200,
        "the room is free again"
    );
}

#[tokio::test]
async fn a_good_client_gets_through_beside_many_slow_ones() {
    let front = Front::iris().await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut client = front.client().await;
        client.send("GET /alive HTTP/1.1\r\n").await;
        slow.push(client);
    }
    let answer = timeout(Duration::from_secs(5), async {
        front.client().await.get("/alive").await
    })
    .await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let limits = Limits {
        max_connections: 1,
        ..Limits::default()
    };
    let front = Front::of(&iris(), settings(), limits).await;
    let mut first = front.client().await;
    first.get("/livez").await;
    let mut second = front.client().await;
    second.send(&head("GET", "/livez", 0)).await;
    assert!(
        timeout(Duration::from_millis(200), second.stream.readable())
            .await
            .is_err(),
        "nobody answers yet"
    );
    drop(first);
    assert_eq!(second.answer(true).await.unwrap().status, 200);
}
