//! An object of a plan: who it is, and what it means that one of its name is there already.

use auriga_crds::Digest;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use serde::de::Error as _;
use serde_json::Value;

use crate::{
    caches::{Caches, Stored},
    error::Error,
    labels,
};

/// An object of a plan, and where it is written to.
pub(super) struct Object<'a> {
    pub(super) value: &'a Value,
    pub(super) namespace: String,
    pub(super) api: Api<DynamicObject>,
}

/// Whose an object is that has the name of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The same owner controls it.
    Ours,
    /// It is being deleted, or will be: its owner was one of the same name.
    OnItsWayOut,
    /// Somebody else's.
    Foreign,
}

impl<'a> Object<'a> {
    /// The object that `value` describes, in `namespace`.
    pub(super) fn of(client: &Client, namespace: &str, value: &'a Value) -> Result<Object<'a>, Error> {
        let text = |field: &'static str| {
            (value[field].as_str()).ok_or_else(|| malformed(value, serde_json::Error::missing_field(field)))
        };
        let (group, version) = match text("apiVersion")?.split_once('/') {
            Some(both) => both,
            None => ("", text("apiVersion")?),
        };
        let kind = GroupVersionKind::gvk(group, version, text("kind")?);
        if value["metadata"]["name"].as_str().is_none() {
            return Err(malformed(
                value,
                serde_json::Error::missing_field("metadata.name"),
            ));
        }
        let resource = ApiResource::from_gvk(&kind);
        Ok(Object {
            value,
            namespace: namespace.to_owned(),
            api: Api::namespaced_with(client.clone(), namespace, &resource),
        })
    }

    pub(super) fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// Kind and name, for people.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }

    pub(super) fn parsed(&self) -> Result<DynamicObject, Error> {
        parsed(self.value)
    }

    pub(super) fn stored(&self, caches: &Caches) -> Stored {
        caches.stored(self.kind(), &self.namespace, self.name())
    }

    /// The object with a hash of itself: a field that is no longer wanted leaves no other trace in an object, since what is
    /// left is covered by it.
    pub(super) fn stamped(&self) -> (Value, String) {
        let hash = Digest::of_json(&self.value).hex();
        let hash = hash.get(..16).unwrap_or(&hash).to_owned();
        let mut value = self.value.clone();
        value["metadata"]["annotations"][labels::APPLIED] = Value::from(hash.as_str());
        (value, hash)
    }

    /// Whether `live` has the labels that this object has.
    pub(super) fn has_labels(&self, live: &Value) -> bool {
        has_labels(live, self.value, true)
    }

    /// Whose `live` is, which has this object's name.
    pub(super) fn standing(&self, live: &Value) -> Standing {
        let (wanted, found) = (controller(self.value), controller(live));
        let is_ours = match (wanted, found) {
            (Some(wanted), Some(found)) => wanted["uid"] == found["uid"],
            // What outlives its owner has none to tell by; its labels name it.
            (None, None) => has_labels(live, self.value, false),
            _ => false,
        };
        let is_of_a_predecessor = match (wanted, found) {
            (Some(wanted), Some(found)) => wanted["kind"] == found["kind"] && wanted["name"] == found["name"],
            _ => false,
        };
        match live["metadata"].get("deletionTimestamp") {
            None if is_ours => Standing::Ours,
            Some(_) if is_ours => Standing::OnItsWayOut,
            _ if is_of_a_predecessor => Standing::OnItsWayOut,
            _ => Standing::Foreign,
        }
    }
}

fn controller(object: &Value) -> Option<&Value> {
    let references = object["metadata"]["ownerReferences"].as_array()?;
    references
        .iter()
        .find(|reference| reference["controller"] == Value::Bool(true))
}

fn has_labels(live: &Value, wanted: &Value, without_any: bool) -> bool {
    match wanted["metadata"]["labels"].as_object() {
        Some(labels) if !labels.is_empty() => {
            (labels.iter()).all(|(name, value)| live["metadata"]["labels"].get(name) == Some(value))
        }
        _ => without_any,
    }
}

/// An object as the client takes it.
pub(super) fn parsed(value: &Value) -> Result<DynamicObject, Error> {
    serde_json::from_value(value.clone()).map_err(|source| malformed(value, source))
}

fn malformed(value: &Value, source: serde_json::Error) -> Error {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    Error::Malformed {
        what: format!("{} {}", text(&value["kind"]), text(&value["metadata"]["name"])),
        source,
    }
}

#[cfg(test)]
mod tests;
