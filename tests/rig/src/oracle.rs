//! What is compared once all is quiet: everything that is left in a namespace, without what no two runs have in common.

use std::collections::BTreeMap;

use auriga_e2e::Space;
use serde_json::{Map, Value, json};

use crate::objects::{
    BUDGET, CONFIG_MAP, DEPLOYMENT, JOB, Kind, MODEL, POD, SERVICE, TRAINING_JOB, is_ending, name, text,
};

const REPLICA_SET: Kind = ("apps/v1", "ReplicaSet");

/// The kinds that an operator makes, reads or leaves.
const KINDS: [Kind; 9] = [
    MODEL,
    TRAINING_JOB,
    JOB,
    DEPLOYMENT,
    REPLICA_SET,
    SERVICE,
    CONFIG_MAP,
    POD,
    BUDGET,
];

/// What was left of a workload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    /// Each object by kind and name.
    pub(crate) objects: BTreeMap<String, Value>,
    /// Versions and activations, as a pod that serves tells them.
    pub(crate) store: Value,
    /// What is wrong with what was left, whatever it is compared with.
    pub(crate) faults: Vec<String>,
}

impl End {
    /// Reads it.
    pub(crate) async fn of(space: &Space) -> End {
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let listed = listed(space).await;
        for object in &listed {
            if is_ending(object) || object["metadata"]["name"] == "kube-root-ca.crt" {
                continue;
            }
            let mut masked = masked(object, &space.name);
            if masked["kind"] == REPLICA_SET.1 {
                // Kubernetes copies those of the Deployment, where they are compared, and takes none off again.
                masked["metadata"]["annotations"] = Value::Null;
            }
            found.entry(named(&masked)).or_default().push(masked);
        }
        let mut objects = BTreeMap::new();
        for (name, mut alike) in found {
            // What was drawn says nothing of which is which.
            alike.sort_by_key(Value::to_string);
            for (at, object) in alike.into_iter().enumerate() {
                objects.insert(format!("{name}{}", "'".repeat(at)), object);
            }
        }
        End {
            objects,
            store: store(space).await,
            faults: faults(&listed),
        }
    }

    /// Where it differs from the reference, for people; empty if it does not.
    pub(crate) fn differences(&self, reference: &End) -> Vec<String> {
        let mut found = self.faults.clone();
        for (name, expected) in &reference.objects {
            match self.objects.get(name) {
                None => found.push(format!("{name} is missing")),
                Some(object) => compare(name, object, expected, &mut found),
            }
        }
        let more = self
            .objects
            .keys()
            .filter(|name| !reference.objects.contains_key(*name));
        found.extend(more.map(|name| format!("{name} is too many")));
        compare("the store", &self.store, &reference.store, &mut found);
        found
    }
}

/// All objects of these kinds in a namespace.
pub(crate) async fn listed(space: &Space) -> Vec<Value> {
    let mut objects = Vec::new();
    for (version, kind) in KINDS {
        objects.extend(space.list(version, kind).await);
    }
    objects
}

/// What is there of owners that are not among `objects`.
pub(crate) fn orphans(objects: &[Value]) -> Vec<&Value> {
    let is_there = |uid: &Value| objects.iter().any(|one| one["metadata"]["uid"] == *uid);
    let is_orphan = |one: &&Value| {
        let owners = one["metadata"]["ownerReferences"].as_array();
        owners.is_some_and(|owners| owners.iter().any(|owner| !is_there(&owner["uid"])))
    };
    objects.iter().filter(is_orphan).collect()
}

/// What is wrong with `objects` that is hidden where they are compared: whose they are, and which generation they tell of.
fn faults(objects: &[Value]) -> Vec<String> {
    let orphans = orphans(objects).into_iter().filter(|one| !is_ending(one));
    let is_behind = |one: &&Value| {
        let is_ours = one["kind"] == "Model" || one["kind"] == "TrainingJob";
        is_ours && one["status"]["observedGeneration"] != one["metadata"]["generation"]
    };
    let behind = objects.iter().filter(is_behind);
    orphans
        .map(|one| format!("I5: {} has an owner that is not there", named(one)))
        .chain(behind.map(|one| format!("I7: {} tells of another generation", named(one))))
        .collect()
}

/// Kind and name.
pub(crate) fn named(object: &Value) -> String {
    format!("{} {}", text(object, "/kind"), name(object))
}

/// What a pod with the traffic says at `/list`; null if there is none.
async fn store(space: &Space) -> Value {
    if space.get(SERVICE.0, SERVICE.1, "iris").await.is_none() {
        return Value::Null;
    }
    match space.ask("iris", "/list").await {
        Ok(answer) => masked(&answer.json(), &space.name),
        Err(_) => Value::Null,
    }
}

/// Where `found` differs from what was expected at a place, for people.
pub(crate) fn compare(place: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let absent = Value::Null;
            for key in expected
                .keys()
                .chain(found.keys().filter(|key| !expected.contains_key(*key)))
            {
                let (found, expected) = (
                    found.get(key).unwrap_or(&absent),
                    expected.get(key).unwrap_or(&absent),
                );
                compare(&format!("{place}.{key}"), found, expected, differences);
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                compare(&format!("{place}[{at}]"), found, expected, differences);
            }
        }
        _ if found == expected => {}
        _ => differences.push(format!(
            "{place} is {} instead of {}",
            short(found),
            short(expected)
        )),
    }
}

fn short(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// Fields that differ from run to run, wherever they are.
const FLEETING: [&str; 22] = [
    "uid",
    "resourceVersion",
    "generation",
    "observedGeneration",
    "managedFields",
    "creationTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "startTime",
    "completionTime",
    "startedAt",
    "finishedAt",
    "createdTime",
    "created",
    "time",
    "lastRefitTime",
    "clusterIP",
    "clusterIPs",
    "containerID",
    "podIP",
    "podIPs",
];

/// `value` without what no two runs have in common: times, addresses, UIDs, and what is made of them.
pub(crate) fn masked(value: &Value, namespace: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !FLEETING.contains(&key.as_str()));
            let kept = kept.filter(|(key, _)| !is_fleeting_mark(key));
            let masked: Map<String, Value> = kept
                .map(|(key, value)| (key.clone(), masked(value, namespace)))
                .collect();
            Value::Object(masked)
        }
        Value::Array(items) => json!(
            items
                .iter()
                .map(|item| masked(item, namespace))
                .collect::<Vec<_>>()
        ),
        Value::String(text) if is_time(text) => json!("TIME"),
        Value::String(text) => Value::String(plain(&text.replace(namespace, "NAMESPACE"))),
        other => other.clone(),
    }
}

/// Annotations that hold times, hashes of times, or how often something was done.
fn is_fleeting_mark(key: &str) -> bool {
    let marks = [
        "auriga.dev/applied",
        "auriga.dev/since",
        "auriga.dev/proved-at",
        "auriga.dev/serves-since",
        "auriga.dev/switched-at",
        "auriga.dev/activating-since",
        "auriga.dev/activate-from",
        "auriga.dev/fenced-at",
        "auriga.dev/owner-uid",
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
        "pod-template-hash",
        "deployment.kubernetes.io/revision",
    ];
    marks.contains(&key)
}

/// `text` without the parts of a name that are drawn or made of UIDs, and without UIDs and times.
pub(crate) fn plain(text: &str) -> String {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric());
    let mut plain = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = after_uuid(rest) {
            plain.push('*');
            rest = after;
            continue;
        }
        let end = rest.find(is_separator).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        plain.push_str(if is_drawn(word) { "*" } else { word });
        let mut chars = after.chars();
        plain.extend(chars.next());
        rest = chars.as_str();
    }
    plain
}

/// Whether `text` is a time (RFC 3339).
fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

/// What follows the UUID that `text` begins with; `None` if it begins with none.
fn after_uuid(text: &str) -> Option<&str> {
    let (uuid, after) = text.split_at_checked(36)?;
    let is_dash = |at: usize| [8, 13, 18, 23].contains(&at);
    let fits = |(at, c): (usize, char)| {
        if is_dash(at) {
            c == '-'
        } else {
            c.is_ascii_hexdigit()
        }
    };
    uuid.chars().enumerate().all(fits).then_some(after)
}

/// Whether a part of a name looks as if it was drawn: eight or more hexadecimal digits, be they all letters, or a suffix as
/// Kubernetes gives them.
fn is_drawn(word: &str) -> bool {
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_hexadecimal = word.len() >= 8
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    let is_hash = is_hexadecimal
        || word.len() >= 7 && has_digit && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    // Five characters are a pod's, up to ten a ReplicaSet's, which are a number in disguise and seldom short.
    let is_suffix =
        (5..=10).contains(&word.len()) && word.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c));
    is_hash || is_suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_was_drawn_and_keep_what_they_mean() {
        assert_eq!(plain("iris-aadb03e4-b992a6e6-7h7xc"), "iris-*-*-*");
        assert_eq!(
            plain("Pod iris-v1-6a3871ef-6c78b8db9c-jfk8k answers"),
            "Pod iris-v1-*-*-* answers"
        );
        assert_eq!(plain("iris-v2-6a3871ef-bbf68b-jfk8k"), "iris-v2-*-*-*");
        assert_eq!(plain("iris-1-manifest-dbfcefda"), "iris-1-manifest-*");
        assert_eq!(plain("sha256:5f2a9c015f2a9c01"), "sha256:*");
        assert_eq!(plain("for 0d9c3f5e-1111-4222-8333-abcdefabcdef."), "for *.");
        assert_eq!(plain("version 12 of default/iris"), "version 12 of default/iris");
    }

    #[test]
    fn what_differs_is_named_by_its_place() {
        let end = |replicas: u8| End {
            objects: [(
                "Deployment iris".to_owned(),
                json!({ "spec": { "replicas": replicas } }),
            )]
            .into(),
            store: Value::Null,
            faults: Vec::new(),
        };
        assert_eq!(end(1).differences(&end(1)), Vec::<String>::new());
        assert_eq!(
            end(2).differences(&end(1)),
            ["Deployment iris.spec.replicas is 2 instead of 1"]
        );
        let nothing = End {
            objects: BTreeMap::new(),
            store: json!(1),
            faults: Vec::new(),
        };
        assert_eq!(
            nothing.differences(&end(1)),
            ["Deployment iris is missing", "the store is 1 instead of null"]
        );
        assert_eq!(end(1).differences(&nothing).len(), 2);
    }

    #[test]
    fn what_has_lost_its_owner_or_tells_of_another_generation_is_named() {
        let object = |kind: &str, owner: &str, seen: u8| {
            json!({
                "kind": kind,
                "metadata": { "name": "iris", "uid": "1", "generation": 2, "ownerReferences": [{ "uid": owner }] },
                "status": { "observedGeneration": seen },
            })
        };
        let all = [object("Model", "1", 2), object("Job", "1", 1)];
        assert_eq!(faults(&all), Vec::<String>::new());
        let all = [object("Model", "1", 1), object("Job", "2", 1)];
        assert_eq!(
            faults(&all),
            [
                "I5: Job iris has an owner that is not there",
                "I7: Model iris tells of another generation"
            ]
        );
        let mut ending = object("Job", "2", 1);
        ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(faults(&[ending]), Vec::<String>::new());
    }
}
