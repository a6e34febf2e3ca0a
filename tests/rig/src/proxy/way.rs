//! A request's way through the proxy, and what happens to it there.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
};
use kube::{Client, client::Body};
use serde_json::Value;
use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    time::Instant,
};

use super::{
    Act, Answer, Asked, Killed, Record, Written,
    lists::Lists,
    lock,
    pods::{StandIn, spoken},
    replies::{json_text, refusal, too_many},
    streams,
    view::{Hole, View},
};
use crate::request::{Fault, Look, Nth, Request, Write, resource};

/// No write of an operator is larger.
const LARGEST: usize = 4 << 20;
/// How late a late write is.
const LATE: Duration = Duration::from_secs(5);

/// What every request passes.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) client: Client,
    pub(super) record: Arc<Mutex<Record>>,
    pub(super) kill: Arc<Mutex<Option<UnboundedSender<Killed>>>>,
    pub(super) view: watch::Sender<View>,
    pub(super) lists: Lists,
    pub(super) stand_in: Arc<Mutex<Option<StandIn>>>,
}

/// The connection is to break, as if the answer had got lost.
#[derive(Debug)]
pub(super) struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer got lost")
    }
}

impl std::error::Error for Lost {}

impl Way {
    /// `begun`: how often connections had died when this one began.
    pub(super) async fn answer(self, request: hyper::Request<Incoming>, begun: u64) -> Result<Answer, Lost> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST)
            .collect()
            .await
            .map_err(|_| Lost)?
            .to_bytes();
        let look = Look::of(&parts.method, parts.uri.path(), parts.uri.query());
        if self.swallows(look.as_ref(), begun) {
            // Whoever asked may give up; it is not told anything.
            std::future::pending::<()>().await;
        }
        let kind = Request::of(&parts.method, parts.uri.path(), &body);
        let asked = Asked::now(&parts.method, parts.uri.path());
        self.note(|record| record.requests.push(asked));
        let uri = parts
            .uri
            .path_and_query()
            .map_or("/", |uri| uri.as_str())
            .to_owned();
        let mut forwarded = hyper::Request::builder().method(&parts.method).uri(&uri);
        if let Some(headers) = forwarded.headers_mut() {
            *headers = passed_on(parts.headers);
        }
        let forwarded = forwarded.body(Body::from(body.clone())).map_err(|_| Lost)?;
        match (kind, look) {
            (Request::Write(write), _) => self.write(write, parts.uri.path(), &body, forwarded).await,
            (_, Some(Look::List(resource))) => self.list(&resource, &uri, forwarded).await,
            (_, Some(Look::Watch(resource))) => self.watch(resource, forwarded).await,
            (_, Some(Look::Pod { name, page })) => self.pod(&name, &page, forwarded).await,
            (Request::Read | Request::Aside, None) => {
                self.object(&resource(parts.uri.path()).0, forwarded).await
            }
        }
    }

    /// Whether nothing comes of a request, not even its end.
    fn swallows(&self, look: Option<&Look>, begun: u64) -> bool {
        let view = self.view.borrow();
        let by_hole = match view.hole {
            Some(Hole::All) => true,
            Some(Hole::Watches) => matches!(look, Some(Look::List(_) | Look::Watch(_))),
            None => false,
        };
        by_hole || view.marks.dead != begun
    }

    async fn write(
        &self,
        write: Write,
        path: &str,
        body: &Bytes,
        forwarded: hyper::Request<Body>,
    ) -> Result<Answer, Lost> {
        if write.verb == "delete" && !has_preconditions(body) {
            self.note(|record| record.careless.push(path.to_owned()));
        }
        let act = self.note(|record| {
            record.written.push(Written {
                verb: write.verb,
                path: path.to_owned(),
                body: body.clone(),
            });
            record.act(&write)
        });
        match act {
            None => self.done(&write, forwarded).await,
            Some(Act::KeepLists) => {
                self.lists.keep(&self.client).await.map_err(|_| Lost)?;
                self.done(&write, forwarded).await
            }
            Some(Act::Freeze) => {
                self.view.send_modify(|view| view.is_frozen = true);
                self.done(&write, forwarded).await
            }
            Some(Act::Break(fault)) => self.broken(fault, &write, forwarded).await,
        }
    }

    async fn broken(
        &self,
        fault: Fault,
        write: &Write,
        forwarded: hyper::Request<Body>,
    ) -> Result<Answer, Lost> {
        match fault {
            Fault::KillBefore => {
                self.kill().await;
                Err(Lost)
            }
            Fault::KillAfter => {
                let _ = self.done(write, forwarded).await;
                self.kill().await;
                Err(Lost)
            }
            Fault::LoseReply => {
                let _ = self.done(write, forwarded).await;
                Err(Lost)
            }
            Fault::Conflict => Ok(refusal(StatusCode::CONFLICT, "Conflict")),
            Fault::Unprocessable => Ok(refusal(StatusCode::UNPROCESSABLE_ENTITY, "Invalid")),
            Fault::Throttle => Ok(too_many()),
            Fault::Fail => Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            Fault::Delay => {
                tokio::time::sleep(LATE).await;
                self.done(write, forwarded).await
            }
        }
    }

    async fn done(&self, write: &Write, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        let (way, write) = (self.clone(), write.clone());
        // On a task of its own: what is done is counted, though the operator that asked for it dies meanwhile.
        let done = tokio::spawn(async move {
            let answer = way.object(&write.resource, request).await?;
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

    async fn list(&self, resource: &str, uri: &str, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        if let Some(old) = self.lists.asked(uri, request.headers()) {
            return Ok(json_text(StatusCode::OK, old));
        }
        let rewrite = self.view.borrow().rewrite.clone();
        let Some(rewrite) = rewrite else {
            return self.forward(request).await;
        };
        let (status, mut list) = self.read(request).await?;
        for object in list["items"].as_array_mut().into_iter().flatten() {
            rewrite(resource, object);
        }
        Ok(json_text(status, list.to_string()))
    }

    /// The answer to a request for one object, which tells of it what lists and watches do: an operator learns from what it
    /// reads, and from what comes of its own writes, too.
    async fn object(&self, resource: &str, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        let rewrite = self.view.borrow().rewrite.clone();
        let Some(rewrite) = rewrite else {
            return self.forward(request).await;
        };
        let (status, text) = self.text(request).await?;
        match serde_json::from_slice(&text) {
            Ok(mut object) if status.is_success() => {
                rewrite(resource, &mut object);
                Ok(json_text(status, object.to_string()))
            }
            _ => Ok(json_text(status, text)),
        }
    }

    async fn watch(&self, resource: String, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        if self.view.borrow().is_gone {
            return Ok(refusal(StatusCode::GONE, "Expired"));
        }
        let view = self.view.subscribe();
        let begun = view.borrow().marks;
        let answer = self.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Ok(answer.map(BodyExt::boxed_unsync));
        }
        Ok(streams::passed(resource, answer, view, begun))
    }

    async fn pod(&self, name: &str, page: &str, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        let stand_in = lock(&self.stand_in).clone();
        match stand_in.and_then(|stand_in| stand_in(name, page)) {
            None => self.forward(request).await,
            Some(said) => spoken(said, "", async || self.text(request).await).await,
        }
    }

    /// The answer as JSON; null if it is none.
    async fn read(&self, request: hyper::Request<Body>) -> Result<(StatusCode, Value), Lost> {
        let (status, text) = self.text(request).await?;
        Ok((status, serde_json::from_slice(&text).unwrap_or_default()))
    }

    async fn text(&self, request: hyper::Request<Body>) -> Result<(StatusCode, Bytes), Lost> {
        let answer = self.send(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|_| Lost)?;
        Ok((status, body.to_bytes()))
    }

    async fn forward(&self, request: hyper::Request<Body>) -> Result<Answer, Lost> {
        Ok(self.send(request).await?.map(BodyExt::boxed_unsync))
    }

    async fn send(&self, request: hyper::Request<Body>) -> Result<Response<Body>, Lost> {
        let asked = Asked::now(request.method(), request.uri().path());
        let answer = self.client.send(request).await.map_err(|_| Lost)?;
        if answer.status() == StatusCode::FORBIDDEN {
            self.note(|record| record.forbidden.push(asked));
        }
        Ok(answer)
    }

    async fn kill(&self) {
        let (killed, is_dead) = tokio::sync::oneshot::channel();
        let is_told = lock(&self.kill)
            .as_ref()
            .is_some_and(|kill| kill.send(killed).is_ok());
        if is_told {
            let _ = is_dead.await;
        }
    }

    fn note<T>(&self, note: impl FnOnce(&mut Record) -> T) -> T {
        note(&mut lock(&self.record))
    }
}

impl Record {
    /// Counts a write; answers what is to be done at it.
    fn act(&mut self, write: &Write) -> Option<Act> {
        let number = self.writes.iter().filter(|nth| nth.write == *write).count() + 1;
        let nth = Nth {
            write: write.clone(),
            number,
        };
        self.writes.push(nth.clone());
        self.last_write = Some(Instant::now());
        let (_, act) = self.armed.take_if(|(armed, _)| armed.is(&nth))?;
        self.struck = Some(Instant::now());
        Some(act)
    }
}

/// The headers that concern the API server rather than this connection, and let its answers be read here.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for own in [
        header::HOST,
        header::CONNECTION,
        header::AUTHORIZATION,
        header::CONTENT_LENGTH,
        header::ACCEPT_ENCODING,
    ] {
        headers.remove(own);
    }
    headers
}

/// Whether a delete says which object it means, and as of when.
fn has_preconditions(body: &[u8]) -> bool {
    let options: Value = serde_json::from_slice(body).unwrap_or_default();
    ["/preconditions/uid", "/preconditions/resourceVersion"]
        .iter()
        .all(|field| options.pointer(field).is_some_and(Value::is_string))
}
