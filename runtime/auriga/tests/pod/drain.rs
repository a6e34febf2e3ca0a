//! A pod that ends costs no request of clients that do not try again.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::bench::{Bench, FLOWER, alive, alive_until};
use crate::support::Connection;

/// How long after a pod's end began connections still come to it.
const LAG: Duration = Duration::from_secs(2);

/// What clients see: the addresses that connections are made to, which change some time after the pods did.
struct Endpoints {
    first: SocketAddr,
    second: SocketAddr,
    moved: AtomicBool,
    done: AtomicBool,
    answered: AtomicU64,
}

impl Endpoints {
    fn address(&self) -> SocketAddr {
        match self.moved.load(Ordering::Relaxed) {
            true => self.second,
            false => self.first,
        }
    }

    /// Asks again and again, with or without keeping the connection; gives what went wrong.
    fn client(self: &Arc<Endpoints>, keeps: bool) -> JoinHandle<Vec<String>> {
        let endpoints = self.clone();
        thread::spawn(move || {
            let mut faults = Vec::new();
            let mut kept = None;
            while !endpoints.done.load(Ordering::Relaxed) {
                let mut connection = kept
                    .take()
                    .unwrap_or_else(|| Connection::open(endpoints.address()));
                match connection.request("GET", FLOWER, b"") {
                    Ok(answer) if answer.status == 200 => {
                        endpoints.answered.fetch_add(1, Ordering::Relaxed);
                        if keeps && answer.header("connection") != Some("close") {
                            kept = Some(connection);
                        }
                    }
                    Ok(answer) => faults.push(format!("{}: {}", answer.status, answer.text)),
                    Err(error) => faults.push(error.to_string()),
                }
                // About a hundred requests a second from all of them.
                thread::park_timeout(Duration::from_millis(60));
            }
            faults
        })
    }
}

#[test]
fn no_request_is_lost_while_a_pod_ends() {
    let bench = Bench::new();
    bench.fit("fit-a");
    let (mut ending, first) = bench.serve("flowers-v1-0", &["--version", "1"]);
    let (_other, second) = bench.serve("flowers-v1-1", &["--version", "1"]);
    for address in [first, second] {
        alive_until(address, |status, _| status == 200);
    }
    let endpoints = Arc::new(Endpoints {
        first,
        second,
        moved: AtomicBool::new(false),
        done: AtomicBool::new(false),
        answered: AtomicU64::new(0),
    });
    let clients: Vec<_> = [true, true, true, false, false, false]
        .map(|keeps| endpoints.client(keeps))
        .into();
    while endpoints.answered.load(Ordering::Relaxed) < 50 {
        thread::park_timeout(Duration::from_millis(5));
    }
    let began = Instant::now();
    ending.signal("TERM");
    alive_until(first, |status, _| status == 503);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(alive(first).1.message.as_deref(), Some("shutting down"));
    while began.elapsed() < LAG {
        thread::park_timeout(Duration::from_millis(5));
    }
    endpoints.moved.store(true, Ordering::Relaxed);
    assert_eq!(ending.ended().code, Some(0));
    assert!(
        began.elapsed() > LAG + Duration::from_secs(1),
        "connections came until then"
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let before = endpoints.answered.load(Ordering::Relaxed);
    while endpoints.answered.load(Ordering::Relaxed) < before + 50 {
        thread::park_timeout(Duration::from_millis(5));
    }
    endpoints.done.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.join().unwrap(), Vec::<String>::new());
    }
}
