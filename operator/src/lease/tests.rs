//! The Lease against an API server that knows one Lease.

use std::{
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response};
use kube::client::Body;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::*;
use crate::context::lock;

/// An API server that has one Lease, and knows what was written over which version of it.
#[derive(Clone, Default)]
struct Server {
    lease: Arc<Mutex<Option<Object>>>,
    writes: Arc<AtomicUsize>,
    /// How many writes are to meet a version that has just changed.
    conflicts: Arc<AtomicUsize>,
    /// How many writes are to be done whose answers get lost.
    lost: Arc<AtomicUsize>,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let answer = move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let text = body.collect().await?.to_bytes();
                let (code, text) = server.answer(&parts.method, &text);
                let answer = Response::builder()
                    .status(code)
                    .body(Body::from(text.into_bytes()));
                Ok::<_, tower::BoxError>(answer?)
            }
        };
        Client::new(tower::service_fn(answer), "auriga")
    }

    fn answer(&self, method: &Method, text: &[u8]) -> (u16, String) {
        let mut lease = lock(&self.lease);
        if *method == Method::GET {
            return match &*lease {
                Some(lease) => (200, json!(lease).to_string()),
                None => refused(404, "NotFound"),
            };
        }
        let mut written: Object = serde_json::from_slice(text).unwrap();
        if takes_one(&self.conflicts) {
            return refused(409, "Conflict");
        }
        let seen = lease
            .as_ref()
            .and_then(|lease| lease.metadata.resource_version.clone());
        if written.metadata.resource_version != seen {
            return refused(409, "Conflict");
        }
        let count = self.writes.fetch_add(1, Ordering::Relaxed);
        written.metadata.resource_version = Some((count + 1).to_string());
        *lease = Some(written);
        if takes_one(&self.lost) {
            return refused(500, "InternalError");
        }
        (200, json!(*lease).to_string())
    }

    /// Somebody else writes its name into it.
    fn is_held_by(&self, holder: &str) {
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        };
        let metadata = ObjectMeta {
            name: Some("operator".to_owned()),
            resource_version: Some(format!("9{}", self.writes.fetch_add(1, Ordering::Relaxed))),
            ..ObjectMeta::default()
        };
        *lock(&self.lease) = Some(Object {
            metadata,
            spec: Some(spec),
        });
    }

    fn holder(&self) -> Option<String> {
        lock(&self.lease).as_ref()?.spec.as_ref()?.holder_identity.clone()
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    fn lease(&self, leading: &Leading) -> Lease {
        Lease::new(
            self.client(),
            "auriga",
            "operator",
            "me".to_owned(),
            leading.clone(),
        )
    }

    /// The Lease in the hands of who has just taken it, and since when.
    async fn taken(&self, leading: &Leading) -> (Lease, Instant) {
        let mut lease = self.lease(leading);
        let taken = lease.take(|| (), pending()).await.unwrap();
        (lease, taken)
    }
}

/// Counts down, unless there is nothing left.
fn takes_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .is_ok()
}

fn refused(code: u16, reason: &str) -> (u16, String) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
        "message": reason,
    });
    (code, status.to_string())
}

#[tokio::test(start_paused = true)]
async fn who_has_the_lease_leads_once_everything_is_listed_and_not_before() {
    let (server, leading, begun) = (Server::default(), Leading::default(), AtomicUsize::new(0));
    let mut lease = server.lease(&leading);
    let taken = lease
        .take(|| panic!("nobody else has it"), pending())
        .await
        .unwrap();
    let listed = sleep(Duration::from_secs(30)).map(|()| true);
    let begin = || {
        assert!(leading.now());
        begun.fetch_add(1, Ordering::Relaxed);
    };
    let checks = async {
        sleep(Duration::from_secs(29)).await;
        assert!(!leading.now());
        assert_eq!(server.holder().as_deref(), Some("me"));
        assert!(server.writes() > 10, "it is renewed meanwhile");
        sleep(Duration::from_secs(2)).await;
        assert!(leading.now());
        sleep(Duration::from_secs(60)).await;
        assert!(leading.now());
    };
    tokio::select! {
        _ = lease.keep(taken, listed, begin) => panic!("nobody else wants it"),
        () = checks => {}
    }
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_list_everything_does_not_keep_the_lease() {
    let (server, leading) = (Server::default(), Leading::default());
    let (mut lease, taken) = server.taken(&leading).await;
    let listed = sleep(Duration::from_secs(100)).map(|()| false);
    let ended = lease.keep(taken, listed, || panic!("it knows nothing")).await;
    assert_eq!(ended, Ended::Unlisted);
    assert!(!leading.now());
    lease.release().await;
    assert_eq!(server.holder().as_deref(), Some(""));
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_says_so_until_it_is_to_stop() {
    let (server, leading) = (Server::default(), Leading::default());
    server.is_held_by("other");
    let stood_by = AtomicUsize::new(0);
    let count = || {
        stood_by.fetch_add(1, Ordering::Relaxed);
    };
    let stop = sleep(Duration::from_millis(4500)).shared();
    assert!(server.lease(&leading).take(count, stop).await.is_none());
    assert_eq!(stood_by.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn a_term_ends_also_where_the_answer_to_the_lease_taken_back_got_lost() {
    let (server, leading) = (Server::default(), Leading::default());
    let (mut lease, taken) = server.taken(&leading).await;
    let change = async {
        sleep(Duration::from_secs(5)).await;
        server.is_held_by("");
        server.lost.store(1, Ordering::Relaxed);
        pending::<()>().await;
    };
    let term = lease.keep(taken, ready(true), || ());
    tokio::select! {
        ended = timeout(Duration::from_secs(10), term) => assert_eq!(ended, Ok(Ended::Lost)),
        () = change => {}
    }
    assert_eq!(server.lost.load(Ordering::Relaxed), 0, "one answer got lost");
}

#[tokio::test(start_paused = true)]
async fn a_term_ends_when_somebody_else_had_the_lease_though_it_is_free_again() {
    for holder in ["other", ""] {
        let (server, leading) = (Server::default(), Leading::default());
        let (mut lease, taken) = server.taken(&leading).await;
        let change = async {
            sleep(Duration::from_secs(5)).await;
            assert!(leading.now());
            server.is_held_by(holder);
            pending::<()>().await;
        };
        let term = timeout(Duration::from_secs(10), lease.keep(taken, ready(true), || ()));
        tokio::select! {
            ended = term => assert_eq!(ended, Ok(Ended::Lost), "{holder}"),
            () = change => {}
        }
        assert!(!leading.now(), "{holder}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_given_back_by_its_holder_alone_also_before_it_leads_and_after_a_conflict() {
    let (server, leading) = (Server::default(), Leading::default());
    let mut lease = server.lease(&leading);
    lease.release().await;
    assert_eq!(server.holder(), None, "there is none");
    server.is_held_by("other");
    let before = server.writes();
    lease.release().await;
    assert_eq!(
        (server.holder().as_deref(), server.writes()),
        (Some("other"), before)
    );
    server.is_held_by("");
    lease.take(|| (), pending()).await.unwrap();
    assert!(!leading.now());
    server.conflicts.store(1, Ordering::Relaxed);
    lease.release().await;
    assert_eq!(server.holder().as_deref(), Some(""));
}
