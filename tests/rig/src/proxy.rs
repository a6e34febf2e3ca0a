//! Stands between an operator and the API server: counts its writes, and does to one of them what a plan says.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    task::JoinSet,
    time::Instant,
};

use crate::request::{Fault, Nth, Request, Write};

/// No write of an operator is larger.
const LARGEST: usize = 4 << 20;
/// How late a late write is.
const LATE: Duration = Duration::from_secs(5);

type Answer = Response<UnsyncBoxBody<Bytes, kube::Error>>;

/// What a proxy does, and what it has seen.
#[derive(Default)]
pub(crate) struct Record {
    /// The writes in their order.
    pub(crate) writes: Vec<Nth>,
    /// Objects made and deleted, by resource: what the API server said yes to.
    pub(crate) effects: BTreeMap<String, usize>,
    /// Deletes that would have hit whatever has the name.
    pub(crate) careless: Vec<String>,
    /// When the last write came.
    pub(crate) last_write: Option<Instant>,
    /// All requests in their order, those that read too; a watch is one.
    pub(crate) requests: Vec<Asked>,
    /// What is still to be done, to which write.
    armed: Option<(Nth, Fault)>,
    /// When it was done.
    pub(crate) struck: Option<Instant>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// When it came.
    pub(crate) at: Instant,
    /// What it does.
    pub(crate) method: Method,
    /// To what, without the query.
    pub(crate) path: String,
}

/// A proxy at work; it ends with the value.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it has seen.
    record: Arc<Mutex<Record>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts one that speaks to the API server as `client`. Whoever is to be killed is told by `kill`, which answers once
    /// that is done.
    pub(crate) async fn start(client: Client, kill: UnboundedSender<Killed>) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        let address = listener.local_addr().context("a listener has an address")?;
        let record = Arc::<Mutex<Record>>::default();
        let way = Way {
            client,
            record: Arc::clone(&record),
            kill,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(way.clone().connection(stream));
            }
        });
        Ok(Proxy {
            address,
            record,
            _tasks: tasks,
        })
    }

    /// Forgets what was seen, counts from one again, and has `fault` done to its write.
    pub(crate) fn begin(&self, fault: Option<(Nth, Fault)>) {
        let mut record = lock(&self.record);
        *record = Record {
            armed: fault,
            ..Record::default()
        };
    }

    /// What was seen so far.
    pub(crate) fn seen<T>(&self, read: impl FnOnce(&Record) -> T) -> T {
        read(&lock(&self.record))
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    // A count that a panic interrupted is one too few at most.
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for the operator's death; to be answered when it is dead.
pub(crate) type Killed = tokio::sync::oneshot::Sender<()>;

#[derive(Clone)]
struct Way {
    client: Client,
    record: Arc<Mutex<Record>>,
    kill: UnboundedSender<Killed>,
}

/// The connection is to break, as if the answer had got lost.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer got lost")
    }
}

impl std::error::Error for Lost {}

impl Way {
    async fn connection(self, stream: TcpStream) {
        let service = service_fn(|request| {
            let way = self.clone();
            async move { way.answer(request).await }
        });
        // An operator that was killed, or whose answer was lost, is an error here.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(self, request: hyper::Request<Incoming>) -> Result<Answer, Lost> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST)
            .collect()
            .await
            .map_err(|_| Lost)?
            .to_bytes();
        let kind = Request::of(&parts.method, parts.uri.path());
        self.note(|record| {
            record.requests.push(Asked {
                at: Instant::now(),
                method: parts.method.clone(),
                path: parts.uri.path().to_owned(),
            });
        });
        let mut forwarded = hyper::Request::builder()
            .method(&parts.method)
            .uri(parts.uri.path_and_query().map_or("/", |uri| uri.as_str()));
        if let Some(headers) = forwarded.headers_mut() {
            *headers = passed_on(parts.headers);
        }
        let forwarded = forwarded.body(Body::from(body.clone())).map_err(|_| Lost)?;
        let Request::Write(write) = kind else {
            return self.forward(forwarded).await;
        };
        if write.verb == "delete" && !has_preconditions(&body) {
            self.note(|record| record.careless.push(parts.uri.path().to_owned()));
        }
        match self.fault(&write) {
            None => self.done(&write, forwarded).await,
            Some(Fault::KillBefore) => {
                self.kill().await;
                Err(Lost)
            }
            Some(Fault::KillAfter) => {
                let _ = self.done(&write, forwarded).await;
                self.kill().await;
                Err(Lost)
            }
            Some(Fault::LoseReply) => {
                let _ = self.done(&write, forwarded).await;
                Err(Lost)
            }
            Some(Fault::Conflict) => Ok(refusal(StatusCode::CONFLICT, "Conflict")),
            Some(Fault::Unprocessable) => Ok(refusal(StatusCode::UNPROCESSABLE_ENTITY, "Invalid")),
            Some(Fault::Throttle) => Ok(refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
            Some(Fault::Fail) => Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            Some(Fault::Delay) => {
                tokio::time::sleep(LATE).await;
                self.done(&write, forwarded).await
            }
        }
    }

    /// Counts a write; answers what is to be done to it.
    fn fault(&self, write: &Write) -> Option<Fault> {
        self.note(|record| {
            let number = record.writes.iter().filter(|nth| nth.write == *write).count() + 1;
            let nth = Nth {
                write: write.clone(),
                number,
            };
            record.writes.push(nth.clone());
            record.last_write = Some(Instant::now());
            let (_, fault) = record.armed.take_if(|(armed, _)| *armed == nth)?;
            record.struck = Some(Instant::now());
            Some(fault)
        })
    }

    async fn done(&self, write: &Write, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        let (way, write) = (self.clone(), write.clone());
        // On a task of its own: what is done is counted, though the operator that asked for it dies meanwhile.
        let done = tokio::spawn(async move {
            let answer = way.forward(request).await?;
            let effect = match (write.verb, answer.status()) {
                ("create" | "patch", StatusCode::CREATED) => "create",
                ("delete", StatusCode::OK | StatusCode::ACCEPTED) => "delete",
                _ => return Ok(answer),
            };
            way.note(|record| {
                *record
                    .effects
                    .entry(format!("{effect} {}", write.resource))
                    .or_default() += 1;
            });
            Ok(answer)
        });
        done.await.map_err(|_| Lost)?
    }

    async fn forward(&self, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        let answer = self.client.send(request).await.map_err(|_| Lost)?;
        Ok(answer.map(BodyExt::boxed_unsync))
    }

    async fn kill(&self) {
        let (killed, is_dead) = tokio::sync::oneshot::channel();
        if self.kill.send(killed).is_ok() {
            let _ = is_dead.await;
        }
    }

    fn note<T>(&self, note: impl FnOnce(&mut Record) -> T) -> T {
        note(&mut lock(&self.record))
    }
}

/// The headers that concern the API server rather than this connection.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for own in [
        header::HOST,
        header::CONNECTION,
        header::AUTHORIZATION,
        header::CONTENT_LENGTH,
    ] {
        headers.remove(own);
    }
    headers
}

fn has_preconditions(body: &[u8]) -> bool {
    let options: Value = serde_json::from_slice(body).unwrap_or_default();
    options
        .pointer("/preconditions/uid")
        .is_some_and(Value::is_string)
}

fn refusal(code: StatusCode, reason: &str) -> Answer {
    let seconds = u32::from(code == StatusCode::TOO_MANY_REQUESTS);
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(), "reason": reason,
        "message": "refused by the rig", "details": { "retryAfterSeconds": seconds },
    });
    let mut answer = Response::new(
        Full::from(status.to_string())
            .map_err(|never| match never {})
            .boxed_unsync(),
    );
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    if seconds > 0 {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}
