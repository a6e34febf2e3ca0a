//! What is to be done about an object: plain data, so that tests compare it as text.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// All that one look at an object leads to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan<S> {
    /// Objects to make or change, in this order: a ConfigMap before the pod that mounts it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apply: Vec<Desired>,
    /// Objects to delete, after the others were applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<Target>,
    /// The whole status; written last, and only if it differs.
    pub status: S,
    /// Events, published once the status is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// When to look again.
    pub next: Next,
}

/// An object as it should be: its JSON with `apiVersion`, `kind`, `metadata` and the fields that are ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Desired {
    /// Made if there is none of this name, and never changed afterwards. One that belongs to somebody else is a conflict.
    Create(Value),
    /// Made, or changed where a field of ours differs. One that belongs to somebody else is a conflict.
    Apply(Value),
    /// Fields set on an object that is there already, whoever made it; `metadata.uid` says which. Nothing is made. A JSON
    /// merge patch (RFC 7386): `null` removes a field, a list takes the place of a list; but of `metadata.finalizers` it
    /// names Auriga's alone, those of others stay.
    Mark(Value),
}

/// An object to delete: this very one, not another of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name, in the namespace of the object that the plan is about.
    pub name: String,
    /// Its UID, a precondition of the deletion.
    pub uid: String,
    /// Its resourceVersion when it was seen: what has changed since may be needed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// An event: something happened that people want to read in `kubectl describe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Whether somebody should look at it.
    pub urgency: Urgency,
    /// One CamelCase word.
    pub reason: &'static str,
    /// What was done, in one word, such as `Fitting`.
    pub action: &'static str,
    /// A sentence.
    pub message: String,
}

/// How much an event wants to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Urgency {
    /// For those who want to know.
    Normal,
    /// Somebody should look at it.
    Warning,
}

/// When to look at an object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Next {
    /// When it, or something it depends on, changes.
    OnChange,
    /// After this time at the latest.
    After(Duration),
}

impl Next {
    /// The earlier of two.
    pub fn or(self, other: Next) -> Next {
        match (self, other) {
            (Next::After(one), Next::After(two)) => Next::After(one.min(two)),
            (Next::OnChange, next) | (next, Next::OnChange) => next,
        }
    }
}

impl Desired {
    /// See [`Desired::Create`].
    pub fn create(object: &impl Serialize) -> Desired {
        Desired::Create(json(object))
    }

    /// See [`Desired::Apply`].
    pub fn apply(object: &impl Serialize) -> Desired {
        Desired::Apply(json(object))
    }

    /// The object's JSON.
    pub fn value(&self) -> &Value {
        match self {
            Desired::Create(value) | Desired::Apply(value) | Desired::Mark(value) => value,
        }
    }
}

fn json(object: &impl Serialize) -> Value {
    serde_json::to_value(object).expect("objects of the API have only text keys and finite numbers")
}

impl Target {
    /// The object itself; `None` if it has no UID, so was never seen in a cluster.
    pub fn of<K>(object: &K) -> Option<Target>
    where
        K: kube::Resource<DynamicType = ()>,
    {
        let metadata = object.meta();
        Some(Target {
            api_version: K::api_version(&()).into_owned(),
            kind: K::kind(&()).into_owned(),
            name: metadata.name.clone()?,
            uid: metadata.uid.clone()?,
            as_of: metadata.resource_version.clone(),
        })
    }
}

/// An object of a plan that the API server, or the loop itself, would not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Kind and name, such as `Deployment iris-v7-5f2a9c01`.
    pub object: String,
    /// Why, in one word: `QuotaExceeded`, `Forbidden`, `NameConflict`, `InvalidSpec`.
    pub reason: auriga_crds::Reason,
    /// Why, in the API server's words or ours.
    pub message: String,
}
