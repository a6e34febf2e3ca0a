//! What a request to the API server asks for, and what becomes of an object that is patched.

use hyper::{Response, StatusCode, Uri};
use kube::client::Body;
use serde_json::{Map, Value, json};

use super::server::text;

/// What a request is about.
pub(super) struct Target {
    pub(super) plural: String,
    pub(super) name: String,
    pub(super) is_status: bool,
    /// The pod or the Service that is asked through the server.
    pub(super) proxied: Option<String>,
}

/// Why a request is refused: a status code, a word for it, and the field that is at fault.
pub(super) struct Refused(pub(super) u16, pub(super) &'static str, pub(super) &'static str);

/// Somebody else was faster.
pub(super) const CONFLICT: Refused = Refused(409, "Conflict", "");

impl Target {
    pub(super) fn of(path: &str, body: &Value) -> Target {
        let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(2);
        let plural = parts.next().unwrap_or_default().to_owned();
        let name = parts.next().unwrap_or(text(body, "name")).to_owned();
        let sub = parts.next();
        let asked = name.split(':').next().map(str::to_owned);
        Target {
            plural,
            name,
            is_status: sub == Some("status"),
            proxied: asked.filter(|_| sub == Some("proxy")),
        }
    }
}

/// The label that a list asks for, and its value.
pub(super) fn selector(uri: &Uri) -> Option<(String, String)> {
    let mut asked = uri.query()?.split('&');
    let selector = asked.find_map(|one| one.strip_prefix("labelSelector="))?;
    let selector = selector.replace("%2F", "/").replace("%3D", "=");
    let (label, value) = selector.split_once('=')?;
    Some((label.to_owned(), value.to_owned()))
}

/// Refuses to delete another object than the one that was looked at; a delete that does not say which is wrong.
pub(super) fn preconditions(
    live: &Value,
    told: &Value,
    what: &str,
    wrongs: &mut Vec<String>,
) -> Result<(), Refused> {
    for field in ["uid", "resourceVersion"] {
        match told[field].as_str() {
            None => wrongs.push(format!("{what}: without a precondition on {field}")),
            Some(told) if told != text(live, field) => return Err(CONFLICT),
            Some(_) => {}
        }
    }
    Ok(())
}

/// `live` after a patch of this content type; `last`: what was applied to it before.
pub(super) fn patched(
    live: &Value,
    last: Option<&Value>,
    kind: &str,
    body: &Value,
) -> Result<Value, Refused> {
    let mut object = live.clone();
    if kind.contains("json-patch") {
        let patch: json_patch::Patch = serde_json::from_value(body.clone()).unwrap();
        return match json_patch::patch(&mut object, &patch) {
            Ok(()) => Ok(object),
            Err(_) => Err(Refused(422, "Invalid", "")),
        };
    }
    let told = |field: &str| body["metadata"][field].as_str();
    if told("uid").is_some_and(|uid| uid != text(live, "uid")) {
        return Err(if kind.contains("apply") {
            CONFLICT
        } else {
            Refused(422, "Invalid", "metadata.uid")
        });
    }
    if told("resourceVersion").is_some_and(|version| version != text(live, "resourceVersion")) {
        return Err(CONFLICT);
    }
    if kind.contains("apply") {
        apply(&mut object, last.unwrap_or(&Value::Null), body);
    } else {
        json_patch::merge(&mut object, body);
        for list in ["finalizers"] {
            if object["metadata"].get(list) == Some(&json!([])) {
                object["metadata"]
                    .as_object_mut()
                    .map(|metadata| metadata.remove(list));
            }
        }
    }
    Ok(object)
}

/// Sets the fields of `wanted`, and takes away those that were set the `last` time and no longer are.
fn apply(live: &mut Value, last: &Value, wanted: &Value) {
    let (Value::Object(found), Value::Object(fields)) = (&mut *live, wanted) else {
        *live = wanted.clone();
        return;
    };
    let (none, empty) = (Value::Null, Map::new());
    let last = last.as_object().unwrap_or(&empty);
    found.retain(|name, _| fields.contains_key(name) || !last.contains_key(name));
    for (name, value) in fields {
        let place = found.entry(name.clone()).or_insert(Value::Null);
        apply(place, last.get(name).unwrap_or(&none), value);
    }
}

pub(super) fn answered(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string().into_bytes()))
}

impl Refused {
    pub(super) fn response(&self) -> Response<Body> {
        let Refused(code, reason, field) = *self;
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
            "message": reason,
            "details": { "causes": [{ "reason": "", "message": "", "field": field }] },
        });
        let mut response = answered(&status);
        *response.status_mut() = StatusCode::from_u16(code).unwrap();
        response
    }
}
