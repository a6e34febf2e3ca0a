//! Whether the API server answers: what the requests of watches, and of the Lease, came to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    task::{Context as Task, Poll},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use hyper::{Method, Request, Response};
use tower::{Layer, Service};

use crate::{context::lock, lease::LEASES, watch::PAGE};

/// How long a watch may be without any sign of the API server: three of its own life times.
pub(super) const SILENCE: Duration = Duration::from_secs(180);
/// How long what was refused to be done to the Lease counts: it is tried each second.
const REFUSED: Duration = Duration::from_secs(10);

/// What the Lease is called among what is watched.
const LEASE: &str = "leases.coordination.k8s.io";

/// When the API server last answered each watch, and whether it refused. kube's watches say nothing on a quiet day, so this
/// listens to their requests: each ends after a minute and is made anew.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    last: Arc<Mutex<HashMap<String, Sign>>>,
    /// When something was refused to be done to the Lease: who is kept from it waits for ever.
    lease: Arc<Mutex<BTreeMap<&'static str, Instant>>>,
}

#[derive(Clone, Debug)]
struct Sign {
    at: Instant,
    /// What was asked for in vain, for want of a right.
    refused: Option<&'static str>,
}

impl Signs {
    /// The watches that were silent for too long.
    pub fn silent(&self, now: Instant) -> Vec<String> {
        self.those(|sign| now.saturating_duration_since(sign.at) > SILENCE)
            .into_iter()
            .map(|(watch, _)| watch)
            .collect()
    }

    /// Verb and resource of each watch that was refused when it was last tried, and of what the Lease needs.
    pub fn refused(&self, now: Instant) -> Vec<String> {
        let refused = self.those(|sign| sign.refused.is_some());
        let watches =
            (refused.into_iter()).filter_map(|(watch, sign)| Some(format!("{} {watch}", sign.refused?)));
        // An operator that needs the right no longer does not ask again: another one has the Lease.
        let lease = lock(&self.lease).clone();
        let lease = (lease.into_iter())
            .filter(|(_, at)| now.saturating_duration_since(*at) < REFUSED)
            .map(|(verb, _)| format!("{verb} {LEASE}"));
        watches.chain(lease).collect()
    }

    /// Nothing is watched any more.
    pub(crate) fn rest(&self) {
        lock(&self.last).clear();
    }

    fn those(&self, which: impl Fn(&Sign) -> bool) -> Vec<(String, Sign)> {
        let last = lock(&self.last);
        let mut those: Vec<_> = (last.iter().filter(|(_, sign)| which(sign)))
            .map(|(watch, sign)| (watch.clone(), sign.clone()))
            .collect();
        those.sort_by(|(one, _), (other, _)| one.cmp(other));
        those
    }

    /// A watch begins: from now on it is waited for.
    fn expect(&self, watch: &str, now: Instant) {
        let sign = Sign {
            at: now,
            refused: None,
        };
        lock(&self.last).entry(watch.to_owned()).or_insert(sign);
    }

    fn see_lease(&self, verb: &'static str, is_refused: bool, now: Instant) {
        // Who stands by watches nothing else.
        self.see(LEASE, None, now);
        let mut refused = lock(&self.lease);
        if is_refused {
            refused.insert(verb, now);
        } else {
            refused.remove(verb);
        }
    }

    fn see(&self, watch: &str, refused: Option<&'static str>, now: Instant) {
        lock(&self.last).insert(watch.to_owned(), Sign { at: now, refused });
    }
}

impl<S> Layer<S> for Signs {
    type Service = Listening<S>;

    fn layer(&self, inner: S) -> Listening<S> {
        Listening {
            inner,
            signs: self.clone(),
        }
    }
}

/// A client that notes the answers to lists and watches.
#[derive(Clone, Debug)]
pub struct Listening<S> {
    inner: S,
    signs: Signs,
}

impl<S, A, B> Service<Request<A>> for Listening<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = futures_util::future::BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let watch = verb(request.uri().query()).map(|verb| (verb, name(&request)));
        if let Some((_, name)) = &watch {
            self.signs.expect(name, Instant::now());
        }
        let lease = verb_of_lease(&request);
        if lease.is_some() {
            self.signs.expect(LEASE, Instant::now());
        }
        let answer = self.inner.call(request);
        let signs = self.signs.clone();
        Box::pin(async move {
            let answer = answer.await;
            // A refusal is a sign, too: to be started anew would not help against it.
            let is_refused = (answer.as_ref()).is_ok_and(|answer| answer.status() == StatusCode::FORBIDDEN);
            if let (Some((verb, name)), Ok(_)) = (watch, &answer) {
                signs.see(&name, is_refused.then_some(verb), Instant::now());
            }
            if let (Some(verb), Ok(_)) = (lease, &answer) {
                signs.see_lease(verb, is_refused, Instant::now());
            }
            answer
        })
    }
}

/// What a request of a watch asks for: to watch, or for the list that it begins with; `None` for other requests.
pub(crate) fn verb(query: Option<&str>) -> Option<&'static str> {
    let mut parameters = query.unwrap_or_default().split('&');
    parameters.find_map(|parameter| match parameter {
        "watch=true" => Some("watch"),
        _ => {
            let page = parameter.strip_prefix("limit=")?.parse().ok();
            (page == Some(PAGE)).then_some("list")
        }
    })
}

/// What a request does to a Lease; `None` for requests that are about none.
fn verb_of_lease<A>(request: &Request<A>) -> Option<&'static str> {
    if !request.uri().path().starts_with(LEASES) {
        return None;
    }
    match *request.method() {
        Method::GET => Some("get"),
        Method::POST => Some("create"),
        Method::PUT => Some("update"),
        _ => None,
    }
}

/// What is watched, such as `jobs.batch`. ConfigMaps are watched twice, once for who they are alone.
fn name<A>(request: &Request<A>) -> String {
    let mut parts = request.uri().path().trim_matches('/').split('/');
    let group = match parts.next() {
        Some("apis") => parts.next().map(|group| format!(".{group}")),
        _ => None,
    };
    let resource = parts.next_back().unwrap_or_default();
    let accepted = request.headers().get("accept").map(|value| value.as_bytes());
    let is_metadata =
        accepted.is_some_and(|value| String::from_utf8_lossy(value).contains("as=PartialObjectMetadata"));
    let part = if is_metadata { " (metadata)" } else { "" };
    format!("{resource}{}{part}", group.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_watch_without_a_sign_for_three_minutes_is_named() {
        let signs = Signs::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        signs.see("pods", None, start);
        signs.see("jobs.batch", None, after(100));
        assert!(signs.silent(after(180)).is_empty());
        assert_eq!(signs.silent(after(181)), ["pods"]);
        signs.see("pods", None, after(200));
        assert!(signs.silent(after(280)).is_empty());
    }

    #[test]
    fn a_watch_is_not_waited_for_once_nothing_is_watched() {
        let signs = Signs::default();
        signs.see("pods", Some("watch"), Instant::now());
        signs.rest();
        assert!(signs.refused(Instant::now()).is_empty());
        assert!(signs.silent(Instant::now() + SILENCE * 2).is_empty());
    }

    #[test]
    fn a_first_list_that_hangs_and_a_look_at_the_lease_are_named_from_their_first_try_on() {
        let signs = Signs::default();
        let silent = tower::service_fn(|_: Request<()>| {
            std::future::pending::<Result<Response<()>, std::convert::Infallible>>()
        });
        let mut client = signs.layer(silent);
        let lease = "/apis/coordination.k8s.io/v1/namespaces/a/leases/auriga-operator";
        let pods = format!("/api/v1/pods?&limit={PAGE}");
        for path in [pods.as_str(), lease] {
            let request = Request::get(path).body(()).unwrap();
            assert!(client.call(request).now_or_never().is_none());
        }
        let later = Instant::now() + SILENCE * 2;
        assert_eq!(signs.silent(later), [LEASE, "pods"]);
    }

    #[test]
    fn a_watch_that_is_refused_is_named_with_its_verb_until_it_is_answered() {
        let signs = Signs::default();
        signs.see("pods", Some("watch"), Instant::now());
        assert_eq!(signs.refused(Instant::now()), ["watch pods"]);
        signs.see("pods", None, Instant::now());
        assert!(signs.refused(Instant::now()).is_empty());
    }

    #[tokio::test]
    async fn an_answer_to_a_watch_is_noted_with_what_it_refused() {
        let signs = Signs::default();
        for (status, expected) in [(403, vec!["list jobs.batch".to_owned()]), (200, vec![])] {
            let answer = tower::service_fn(move |_: Request<()>| {
                std::future::ready(Response::builder().status(status).body(()))
            });
            let request = Request::get(format!("/apis/batch/v1/jobs?&limit={PAGE}"))
                .body(())
                .unwrap();
            signs.layer(answer).call(request).await.unwrap();
            assert_eq!(signs.refused(Instant::now()), expected);
        }
    }

    #[tokio::test]
    async fn a_right_to_the_lease_that_is_missing_is_named_until_it_is_there() {
        let signs = Signs::default();
        let asks = async |method: Method, status: u16| {
            let answer = tower::service_fn(move |_: Request<()>| {
                std::future::ready(Response::builder().status(status).body(()))
            });
            let path = "/apis/coordination.k8s.io/v1/namespaces/a/leases/auriga-operator";
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            signs.layer(answer).call(request).await.unwrap();
        };
        asks(Method::PUT, 403).await;
        asks(Method::GET, 200).await;
        assert_eq!(
            signs.refused(Instant::now()),
            ["update leases.coordination.k8s.io"]
        );
        let later = Instant::now() + REFUSED;
        assert!(signs.refused(later).is_empty(), "another one has the Lease");
        asks(Method::PUT, 200).await;
        assert!(signs.refused(Instant::now()).is_empty());
        assert_eq!(
            signs.silent(Instant::now() + SILENCE * 2),
            [LEASE],
            "its looks are signs, too"
        );
    }

    #[test]
    fn only_lists_and_watches_are_signs() {
        let page = format!("&limit={PAGE}");
        for (query, expected) in [
            ("watch=true&timeoutSeconds=60", Some("watch")),
            (page.as_str(), Some("list")),
            ("&limit=1", None),
            ("fieldManager=auriga", None),
        ] {
            assert_eq!(verb(Some(query)), expected, "{query}");
        }
        assert_eq!(verb(None), None);
    }

    #[test]
    fn a_watch_is_named_by_its_resource_and_whether_it_sees_metadata_alone() {
        let check = |path: &str, accept: &str, expected: &str| {
            let request = Request::get(path).header("accept", accept).body(()).unwrap();
            assert_eq!(name(&request), expected);
        };
        check("/api/v1/pods?watch=true", "application/json", "pods");
        check(
            "/apis/batch/v1/namespaces/a/jobs",
            "application/json",
            "jobs.batch",
        );
        check(
            "/api/v1/configmaps",
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            "configmaps (metadata)",
        );
    }
}
