//! An API server in memory: objects by plural and name, in one namespace.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use hyper::{Method, Request, Response};
use kube::{Client, client::Body, runtime::watcher::Event};
use serde_json::{Value, json};

use crate::{cache::Cache, caches::Caches, context::lock};

/// What goes wrong with the next request of a method.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is done, and the connection breaks before the answer.
    LoseTheAnswer,
    /// It is refused with this status and message.
    Refuse(u16, &'static str),
    /// It is refused because the namespace is being deleted.
    NamespaceEnds,
    /// It is refused because a list would hold the same twice.
    Twice,
}

#[derive(Clone, Default)]
pub(super) struct Server {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<(String, String), Value>,
    version: u64,
    requests: usize,
    writes: Vec<String>,
    last_body: Value,
    faults: VecDeque<(&'static str, Fault)>,
    mutation: Value,
}

impl Server {
    pub(super) fn client(&self) -> Client {
        let state = Arc::clone(&self.state);
        let service = tower::service_fn(move |request: Request<Body>| {
            let state = Arc::clone(&state);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
                let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                lock(&state).answer(&parts.method, parts.uri.path(), &body)
            }
        });
        Client::new(service, "default")
    }

    /// Lists everything into `caches`, as the watches of a program do that starts now.
    pub(super) fn fill(&self, caches: &Caches) {
        let objects = lock(&self.state).objects.clone();
        fill(&caches.services, "services", &objects);
        fill(&caches.config_maps, "configmaps", &objects);
        fill(&caches.jobs, "jobs", &objects);
        fill(&caches.pods, "pods", &objects);
        fill(&caches.training_jobs, "trainingjobs", &objects);
    }

    pub(super) fn put(&self, object: Value) {
        let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        lock(&self.state).store(&plural, &name, object);
    }

    pub(super) fn edit(&self, plural: &str, name: &str, edit: &Value) {
        let mut object = self.get(plural, name);
        json_patch::merge(&mut object, edit);
        lock(&self.state).store(plural, name, object);
    }

    pub(super) fn remove(&self, plural: &str, name: &str) {
        lock(&self.state)
            .objects
            .remove(&(plural.to_owned(), name.to_owned()));
    }

    pub(super) fn get(&self, plural: &str, name: &str) -> Value {
        let state = lock(&self.state);
        state.objects[&(plural.to_owned(), name.to_owned())].clone()
    }

    pub(super) fn count(&self, plural: &str) -> usize {
        lock(&self.state)
            .objects
            .keys()
            .filter(|(found, _)| found == plural)
            .count()
    }

    pub(super) fn fail(&self, method: &'static str, fault: Fault) {
        lock(&self.state).faults.push_back((method, fault));
    }

    /// Lets a policy change everything that is written.
    pub(super) fn mutate(&self, mutation: Value) {
        lock(&self.state).mutation = mutation;
    }

    pub(super) fn requests(&self) -> usize {
        lock(&self.state).requests
    }

    pub(super) fn writes(&self) -> Vec<String> {
        lock(&self.state).writes.clone()
    }

    pub(super) fn last_body(&self) -> Value {
        lock(&self.state).last_body.clone()
    }
}

impl State {
    fn answer(&mut self, method: &Method, path: &str, body: &Value) -> std::io::Result<Response<Body>> {
        self.requests += 1;
        let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(2);
        let plural = parts.next().unwrap().to_owned();
        let Some(name) = parts.next().or(body["metadata"]["name"].as_str()) else {
            return Ok(self.list(&plural));
        };
        let name = name.to_owned();
        if *method != Method::GET {
            self.last_body = body.clone();
        }
        let is_due = self.faults.front().is_some_and(|(of, _)| *of == method.as_str());
        let fault = if is_due {
            self.faults.pop_front().map(|(_, fault)| fault)
        } else {
            None
        };
        match fault {
            Some(Fault::Refuse(code, message)) => return Ok(refused(code, message, "")),
            Some(Fault::NamespaceEnds) => {
                return Ok(refused(403, "it is being terminated", "NamespaceTerminating"));
            }
            Some(Fault::Twice) => return Ok(refused(422, "Duplicate value", "FieldValueDuplicate")),
            Some(Fault::LoseTheAnswer) | None => {}
        }
        let answer = self.done(method, &plural, &name, body);
        match fault {
            Some(_) => Err(std::io::Error::other("the connection broke")),
            None => Ok(answer),
        }
    }

    fn list(&self, plural: &str) -> Response<Body> {
        let all = self.objects.iter().filter(|((found, _), _)| found == plural);
        let items: Vec<&Value> = all.map(|(_, object)| object).collect();
        answered(&json!({ "kind": "List", "apiVersion": "v1", "metadata": {}, "items": items }))
    }

    fn done(&mut self, method: &Method, plural: &str, name: &str, body: &Value) -> Response<Body> {
        let key = (plural.to_owned(), name.to_owned());
        let live = self.objects.get(&key).cloned();
        if *method == Method::GET {
            return live.map_or_else(|| refused(404, "not found", ""), |live| answered(&live));
        }
        let object = match (method.as_str(), live) {
            ("POST", Some(_)) => return refused(409, "it exists", ""),
            ("POST", None) => body.clone(),
            ("DELETE", Some(live)) => {
                self.objects.remove(&key);
                self.writes.push(format!("DELETE {plural}/{name}"));
                return answered(&live);
            }
            ("DELETE", None) => return refused(404, "not found", ""),
            (_, live) => {
                let mut object = live.unwrap_or_else(|| json!({}));
                json_patch::merge(&mut object, body);
                object
            }
        };
        self.writes.push(format!("{method} {plural}/{name}"));
        let mut object = object;
        if !self.mutation.is_null() {
            json_patch::merge(&mut object, &self.mutation);
        }
        answered(&self.store(plural, name, object))
    }

    fn store(&mut self, plural: &str, name: &str, mut object: Value) -> Value {
        self.version += 1;
        let uid = format!("uid-{}", self.version);
        let metadata = &mut object["metadata"];
        metadata["resourceVersion"] = json!(self.version.to_string());
        metadata["namespace"] = json!("default");
        if metadata.get("uid").is_none() {
            metadata["uid"] = json!(uid);
        }
        self.objects
            .insert((plural.to_owned(), name.to_owned()), object.clone());
        object
    }
}

fn fill<K>(cache: &Cache<K>, plural: &str, objects: &BTreeMap<(String, String), Value>)
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + 'static,
{
    cache.take(Event::Init);
    for (_, object) in objects.iter().filter(|((found, _), _)| found == plural) {
        // As the selector of the watches does.
        if object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "auriga" {
            cache.take(Event::InitApply(serde_json::from_value(object.clone()).unwrap()));
        }
    }
    cache.take(Event::InitDone);
}

fn answered(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string().into_bytes()))
}

fn refused(code: u16, message: &str, cause: &str) -> Response<Body> {
    let reason = match code {
        409 => "AlreadyExists",
        404 => "NotFound",
        _ => "Unknown",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message,
        "details": { "causes": [{ "reason": cause, "message": "", "field": "" }] },
    });
    let mut response = answered(&status);
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap();
    response
}
