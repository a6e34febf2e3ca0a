//! An API server in memory, as strict as the real one where the operator relies on it, and one that looks over its shoulder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use hyper::{Method, Request, Response, StatusCode, Uri, header::CONTENT_TYPE};
use jiff::Timestamp;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::requests::{self, CONFLICT, Refused, Target, answered};
use crate::given::NOW;

const NOT_FOUND: Refused = Refused(404, "NotFound", "");

/// Plural and name.
pub(super) type Key = (String, String);

/// What happened to an object, as watches tell it.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    Put(Value),
    Gone(Value),
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The operator is killed, and the write is not done.
    KilledBefore,
    /// The operator is killed once it is done.
    KilledAfter,
    /// It is done, and the connection breaks before the answer.
    AnswerLost,
    /// It is not done, for no good reason.
    Refused,
    /// It is not done: somebody else was faster.
    Conflict,
}

/// The server; clones share it.
#[derive(Clone)]
pub(super) struct Server {
    state: Arc<Mutex<State>>,
    killed: Arc<Notify>,
}

/// All that it holds.
pub(super) struct State {
    pub(super) objects: BTreeMap<Key, Value>,
    /// What happened since the beginning, by plural.
    pub(super) log: BTreeMap<String, Vec<Happened>>,
    pub(super) now: Timestamp,
    /// What each pod says at /alive, with its status code.
    pub(super) voices: BTreeMap<String, (u16, Value)>,
    /// The fault that strikes after so many writes.
    pub(super) strike: Option<(usize, Fault)>,
    /// UIDs of objects that strangers have made.
    pub(super) foreign: BTreeSet<String>,
    /// What the operator has done that it must never do.
    pub(super) wrongs: Vec<String>,
    /// How many writes changed something, status and events aside.
    pub(super) effects: usize,
    /// The version of each object, by UID, as the operator that runs was told it in an answer to a write of its own: of the
    /// status, or of the rest.
    told: BTreeMap<(String, bool), String>,
    applied: BTreeMap<String, Value>,
    made: u64,
}

impl Server {
    pub(super) fn new() -> Server {
        Server {
            state: Arc::new(Mutex::new(State {
                objects: BTreeMap::new(),
                log: BTreeMap::new(),
                now: NOW,
                voices: BTreeMap::new(),
                strike: None,
                foreign: BTreeSet::new(),
                wrongs: Vec::new(),
                effects: 0,
                told: BTreeMap::new(),
                applied: BTreeMap::new(),
                made: 0,
            })),
            killed: Arc::new(Notify::new()),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Ends when a fault kills the operator.
    pub(super) async fn kills(&self) {
        self.killed.notified().await;
    }

    /// A client for an operator that starts now.
    pub(super) fn client(&self) -> Client {
        self.state().told.clear();
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
                let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let kind = parts.headers.get(CONTENT_TYPE);
                let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                let answer = server.state().answer(&parts.method, &parts.uri, kind, &body);
                match answer {
                    Answer::Given(response) => Ok(response),
                    Answer::Lost => Err(std::io::Error::other("the connection broke")),
                    Answer::Killed => {
                        server.killed.notify_one();
                        std::future::pending().await
                    }
                }
            }
        });
        Client::new(service, "default")
    }
}

enum Answer {
    Given(Response<Body>),
    Lost,
    Killed,
}

impl State {
    fn answer(&mut self, method: &Method, uri: &Uri, kind: &str, body: &Value) -> Answer {
        let target = Target::of(uri.path(), body);
        if target.plural == "events" {
            let list = json!({ "apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": [] });
            return Answer::Given(answered(if *method == Method::GET { &list } else { body }));
        }
        if let Some(name) = target.proxied {
            let asked = match target.plural.as_str() {
                "services" => self.behind(&name),
                _ => Some(name),
            };
            let voice = asked.and_then(|pod| self.voices.get(&pod).cloned());
            let (code, said) = voice.unwrap_or((502, Value::Null));
            let mut response = answered(&said);
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
            return Answer::Given(response);
        }
        let key = (target.plural, target.name);
        if *method == Method::GET && key.1.is_empty() {
            return Answer::Given(answered(&self.listed(&key.0, requests::selector(uri))));
        }
        if *method == Method::GET {
            let live = self.objects.get(&key);
            return Answer::Given(live.map_or_else(|| NOT_FOUND.response(), answered));
        }
        let fault = match &mut self.strike {
            Some((0, fault)) => Some(*fault),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        if fault.is_some() {
            self.strike = None;
        }
        match fault {
            Some(Fault::KilledBefore) => return Answer::Killed,
            Some(Fault::Refused) => return Answer::Given(Refused(500, "InternalError", "").response()),
            Some(Fault::Conflict) => return Answer::Given(CONFLICT.response()),
            Some(Fault::KilledAfter | Fault::AnswerLost) | None => {}
        }
        let done = self.write(method, &key, target.is_status, kind, body);
        match fault {
            Some(Fault::KilledAfter) => Answer::Killed,
            Some(_) => Answer::Lost,
            None => Answer::Given(match done {
                Ok(object) => {
                    self.tell(&object, target.is_status);
                    answered(&object)
                }
                Err(refused) => refused.response(),
            }),
        }
    }

    /// All objects of a kind that have this value of this label.
    fn listed(&self, plural: &str, selector: Option<(String, String)>) -> Value {
        let is_selected = |object: &&Value| match &selector {
            Some((label, value)) => object["metadata"]["labels"][label] == *value,
            None => true,
        };
        let items: Vec<&Value> = self.all(plural).filter(is_selected).collect();
        json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items })
    }

    fn tell(&mut self, object: &Value, is_status: bool) {
        let version = text(object, "resourceVersion").to_owned();
        let uid = text(object, "uid").to_owned();
        self.told.insert((uid, is_status), version);
    }

    /// Whether the operator that runs was told this state of this object, in an answer to a write.
    fn is_told(&self, object: &Value, is_status: bool) -> bool {
        let told = self.told.get(&(text(object, "uid").to_owned(), is_status));
        told.map(String::as_str) == Some(text(object, "resourceVersion"))
    }

    fn write(
        &mut self,
        method: &Method,
        key: &Key,
        is_status: bool,
        kind: &str,
        body: &Value,
    ) -> Result<Value, Refused> {
        let what = format!("{method} {}/{}", key.0, key.1);
        let live = self.objects.get(key).cloned();
        let (wanted, live) = match (method.as_str(), live) {
            ("POST", Some(live)) => {
                let uid = text(&live, "uid");
                if self.told.contains_key(&(uid.to_owned(), false)) && !self.foreign.contains(uid) {
                    self.wrongs
                        .push(format!("{what}: this very operator has made it already"));
                }
                return Err(Refused(409, "AlreadyExists", ""));
            }
            ("POST", None) => {
                self.is_timely(key, body, &what);
                self.effects += 1;
                let made = self.make(key, body.clone());
                self.applied.insert(text(&made, "uid").to_owned(), body.clone());
                return Ok(made);
            }
            (_, None) => return Err(NOT_FOUND),
            ("DELETE", Some(live)) => {
                requests::preconditions(&live, &body["preconditions"], &what, &mut self.wrongs)?;
                self.spares_strangers(&live, &what);
                self.effects += 1;
                self.delete(key);
                return Ok(live);
            }
            (_, Some(live)) => {
                let last = self.applied.get(text(&live, "uid"));
                let wanted = requests::patched(&live, last, kind, body)?;
                self.spares_strangers(&live, &what);
                (wanted, live)
            }
        };
        if wanted == live {
            if self.is_told(&live, is_status) {
                self.wrongs
                    .push(format!("{what}: this very operator has made it so already"));
            }
            return Ok(live);
        }
        if !is_status {
            self.effects += 1;
        }
        if kind.contains("apply") {
            self.applied.insert(text(&live, "uid").to_owned(), body.clone());
        }
        Ok(self.put(key, wanted))
    }

    /// What strangers have made, nobody changes; but a TrainingJob is carried out whoever has made it.
    fn spares_strangers(&mut self, live: &Value, what: &str) {
        let is_carried_out = what.starts_with("PATCH trainingjobs/");
        if self.foreign.contains(text(live, "uid")) && !is_carried_out {
            self.wrongs.push(format!("{what}: it is somebody else's"));
        }
    }

    /// A fit that is over does not begin again.
    fn is_timely(&mut self, key: &Key, body: &Value, what: &str) {
        let owner = &body["metadata"]["ownerReferences"][0]["uid"];
        let is_over = |job: &Value| {
            let conditions = job["status"]["conditions"].as_array();
            (conditions.into_iter().flatten())
                .any(|one| one["status"] == "True" && (one["type"] == "Complete" || one["type"] == "Failed"))
        };
        let is_owner = |job: &&Value| job["metadata"]["uid"] == *owner;
        if key.0 == "jobs" && self.all("trainingjobs").filter(is_owner).any(is_over) {
            self.wrongs.push(format!("{what}: its TrainingJob is over"));
        }
    }

    /// A pod that a Service sends requests to.
    fn behind(&self, service: &str) -> Option<String> {
        let service = self.objects.get(&("services".to_owned(), service.to_owned()))?;
        let selector = service["spec"]["selector"].as_object()?;
        let is_selected = |pod: &&Value| {
            selector
                .iter()
                .all(|(label, value)| pod["metadata"]["labels"][label] == *value)
        };
        let well = |name: &&str| self.voices.get(*name).is_some_and(|(code, _)| *code == 200);
        let mut pods = self.all("pods").filter(is_selected).map(|pod| text(pod, "name"));
        pods.find(well).map(str::to_owned)
    }

    /// Makes an object, as a user or a controller does.
    pub(super) fn make(&mut self, key: &Key, mut object: Value) -> Value {
        self.made += 1;
        let metadata = &mut object["metadata"];
        metadata["name"] = key.1.clone().into();
        metadata["namespace"] = "default".into();
        metadata["uid"] = format!("uid-{}", self.made).into();
        metadata["generation"] = 1.into();
        metadata["creationTimestamp"] = self.now.to_string().into();
        if key.0 == "services" {
            object["spec"]["clusterIP"] = "10.0.0.1".into();
        }
        self.put(key, object)
    }

    /// Puts an object in the place of the one that is there.
    pub(super) fn put(&mut self, key: &Key, mut object: Value) -> Value {
        self.made += 1;
        object["metadata"]["resourceVersion"] = self.made.to_string().into();
        let is_ending = object["metadata"].get("deletionTimestamp").is_some();
        if is_ending && !has_finalizers(&object) {
            self.remove(key, &object);
            return object;
        }
        let log = self.log.entry(key.0.clone()).or_default();
        log.push(Happened::Put(object.clone()));
        self.objects.insert(key.clone(), object.clone());
        object
    }

    /// Deletes an object, or asks for it where a finalizer holds it.
    pub(super) fn delete(&mut self, key: &Key) {
        let Some(mut live) = self.objects.get(key).cloned() else {
            return;
        };
        if !has_finalizers(&live) {
            self.remove(key, &live);
        } else if live["metadata"].get("deletionTimestamp").is_none() {
            live["metadata"]["deletionTimestamp"] = self.now.to_string().into();
            self.put(key, live);
        }
    }

    fn remove(&mut self, key: &Key, last: &Value) {
        self.objects.remove(key);
        let log = self.log.entry(key.0.clone()).or_default();
        log.push(Happened::Gone(last.clone()));
    }

    /// Changes an object, as a user or a controller does; not one that is as it should be.
    pub(super) fn change(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        let Some(live) = self.objects.get(key) else { return };
        let mut object = live.clone();
        change(&mut object);
        if object != *live {
            self.put(key, object);
        }
    }

    /// The objects of a kind.
    pub(super) fn all<'a>(&'a self, plural: &'a str) -> impl Iterator<Item = &'a Value> {
        let of_kind = self.objects.iter().filter(move |((found, _), _)| found == plural);
        of_kind.map(|(_, object)| object)
    }
}

fn has_finalizers(object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|finalizers| !finalizers.is_empty())
}

/// A text of an object's metadata.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}
