//! What else works in a cluster: the garbage collector, the controllers of Deployments and Jobs, the kubelet, and in pods the
//! programs that fit and serve.

use std::collections::BTreeMap;

use auriga_crds::{
    Reason, VersionNumber,
    contract::{Alive, Outcome, pod::FENCE_ANNOTATION},
};
use auriga_operator::labels;
use serde_json::{Value, json};

use super::server::{Key, State, text};
use crate::given::{alive, saying};

/// The versions of all Models, and which of them were active, in order.
#[derive(Default)]
pub(super) struct Store {
    /// The version that each TrainingJob has made, by UID.
    pub(super) made_by: BTreeMap<String, u64>,
    /// The hash that each version was fitted to, by Model and number.
    pub(super) fitted: BTreeMap<(String, u64), String>,
    /// Whether a person has asked for one of them.
    pub(super) has_fits_by_hand: bool,
    /// The versions that were made the active one, by Model.
    pub(super) ledger: BTreeMap<String, Vec<u64>>,
    /// Versions whose pods cannot answer, and why.
    pub(super) unwell: BTreeMap<(String, u64), Reason>,
}

impl Store {
    /// The newest version of a Model.
    pub(super) fn newest(&self, model: &str) -> Option<u64> {
        let of_model = self.fitted.keys().filter(|(name, _)| name == model);
        of_model.map(|(_, version)| *version).max()
    }

    /// The newest version that was fitted to this hash.
    pub(super) fn fitted_to(&self, model: &str, hash: &str) -> Option<u64> {
        let same = self
            .fitted
            .iter()
            .filter(|((name, _), found)| name == model && *found == hash);
        same.map(|((_, version), _)| *version).max()
    }

    /// The rows of the ledger.
    pub(super) fn rows(&self, model: &str) -> &[u64] {
        self.ledger.get(model).map_or(&[], Vec::as_slice)
    }
}

/// Everything that is due happens once.
pub(super) fn work(state: &mut State, store: &Store) {
    collect(state);
    run_deployments(state);
    run_jobs(state);
    speak(state, store);
}

/// Takes along what belonged to an object that is gone.
pub(super) fn collect(state: &mut State) {
    loop {
        let orphans: Vec<Key> = (state.objects.iter())
            .filter(|(_, object)| is_orphan(state, object))
            .map(|(key, _)| key.clone())
            .collect();
        if orphans.is_empty() {
            return;
        }
        for key in orphans {
            state.delete(&key);
        }
    }
}

/// Whether no owner of an object is there any more, and nobody has asked for its end yet.
fn is_orphan(state: &State, object: &Value) -> bool {
    let owners: Vec<&str> = owners(object).collect();
    let is_there = |uid: &&str| {
        // ReplicaSets are not kept: they live as long as their Deployments.
        let uid = uid.strip_suffix("-rs").unwrap_or(uid);
        state.objects.values().any(|other| text(other, "uid") == uid)
    };
    !owners.is_empty()
        && !owners.iter().any(is_there)
        && object["metadata"].get("deletionTimestamp").is_none()
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let references = object["metadata"]["ownerReferences"].as_array();
    (references.into_iter().flatten()).filter_map(|reference| reference["uid"].as_str())
}

/// The pods that an owner of this UID has.
fn pods_of(state: &State, uid: &str) -> Vec<Key> {
    let is_its = |object: &Value| owners(object).any(|owner| owner == uid);
    let pods = state
        .objects
        .iter()
        .filter(|((plural, _), pod)| plural == "pods" && is_its(pod));
    pods.map(|(key, _)| key.clone()).collect()
}

fn run_deployments(state: &mut State) {
    let deployments: Vec<Value> = state.all("deployments").cloned().collect();
    for deployment in deployments {
        if state.foreign.contains(text(&deployment, "uid")) {
            continue;
        }
        let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        let set = format!("{}-rs", text(&deployment, "uid"));
        let pods = pods_of(state, &set);
        for pod in pods.iter().skip(usize::try_from(wanted).unwrap()) {
            state.delete(pod);
        }
        for _ in pods.len() as u64..wanted {
            let name = format!("{}-rs", text(&deployment, "name"));
            start_pod(state, &deployment, ("apps/v1", "ReplicaSet", &name, &set));
        }
        // Those that start now are counted at the next turn.
        let counted = wanted.min(pods.len() as u64);
        let key = ("deployments".to_owned(), text(&deployment, "name").to_owned());
        state.change(&key, |live| live["status"]["readyReplicas"] = counted.into());
    }
}

fn run_jobs(state: &mut State) {
    let jobs: Vec<Value> = state.all("jobs").cloned().collect();
    for job in jobs {
        if state.foreign.contains(text(&job, "uid")) || is_over(&job) {
            continue;
        }
        let (uid, name) = (text(&job, "uid"), text(&job, "name"));
        let pods = pods_of(state, uid);
        let key = ("jobs".to_owned(), name.to_owned());
        if job["spec"]["suspend"] == true {
            for pod in pods {
                if is_running(&state.objects[&pod]) {
                    state.delete(&pod);
                }
            }
            continue;
        }
        let ended: Vec<&str> = pods.iter().filter_map(|pod| phase(state, pod)).collect();
        if ended.contains(&"Succeeded") {
            condition(state, &key, "Complete");
        } else if ended.contains(&"Failed") {
            // Every failure here is a mistake, which is tried once.
            condition(state, &key, "Failed");
        } else if pods.is_empty() {
            let pod = start_pod(state, &job, ("batch/v1", "Job", name, uid));
            if job["metadata"]["labels"][labels::COMPONENT] == labels::CLEANUP {
                end_pod(state, &pod, 0, "");
            }
        }
    }
}

fn is_over(job: &Value) -> bool {
    let conditions = job["status"]["conditions"].as_array();
    conditions.is_some_and(|conditions| !conditions.is_empty())
}

fn condition(state: &mut State, job: &Key, kind: &str) {
    let now = state.now.to_string();
    state.change(job, |live| {
        live["status"]["conditions"] = json!([{
            "type": kind, "status": "True", "reason": "PodFailurePolicy", "lastTransitionTime": now,
        }]);
    });
}

fn phase<'a>(state: &'a State, pod: &Key) -> Option<&'a str> {
    state.objects[pod]["status"]["phase"].as_str()
}

fn is_running(pod: &Value) -> bool {
    pod["status"]["phase"] == "Running"
}

/// A pod of `owner` that runs from now on.
fn start_pod(state: &mut State, owner: &Value, controller: (&str, &str, &str, &str)) -> Key {
    let (version, kind, name, uid) = controller;
    let template = &owner["spec"]["template"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"],
        "status": {
            "phase": "Running", "podIP": "10.0.0.1", "conditions": [{ "type": "Ready", "status": "True" }],
            "containerStatuses": [container(json!({ "running": { "startedAt": state.now.to_string() } }))],
        },
    });
    pod["metadata"]["ownerReferences"] = json!([{
        "apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true,
    }]);
    let made = (1..).map(|number| ("pods".to_owned(), format!("{name}-{number}")));
    let log = state.log.get("pods").map_or(0, Vec::len);
    let key = made
        .skip(log)
        .find(|key| !state.objects.contains_key(key))
        .unwrap();
    state.make(&key, pod);
    key
}

fn container(condition: Value) -> Value {
    json!({
        "name": "auriga", "image": "auriga:test", "imageID": "", "ready": true, "restartCount": 0,
        "state": condition,
    })
}

fn end_pod(state: &mut State, pod: &Key, exit_code: i32, message: &str) {
    let now = state.now.to_string();
    state.change(pod, |live| {
        live["status"]["phase"] = if exit_code == 0 { "Succeeded" } else { "Failed" }.into();
        let ended = json!({ "terminated": {
            "exitCode": exit_code, "reason": "Completed", "message": message, "startedAt": now, "finishedAt": now,
        }});
        live["status"]["containerStatuses"] = json!([container(ended)]);
    });
}

/// The pods that fit now.
pub(super) fn fitting(state: &State) -> Vec<Key> {
    let is_fitting =
        |pod: &Value| is_running(pod) && pod["metadata"]["labels"][labels::COMPONENT] == labels::FIT;
    let pods = (state.objects.iter()).filter(|((plural, _), pod)| plural == "pods" && is_fitting(pod));
    pods.map(|(key, _)| key.clone()).collect()
}

/// A fit ends with a version: the one that its TrainingJob has made before, or the next number.
pub(super) fn fit_ends(state: &mut State, store: &mut Store, pod: &Key) {
    let live = &state.objects[pod];
    let model = live["metadata"]["labels"][labels::MODEL]
        .as_str()
        .unwrap()
        .to_owned();
    let job = &live["metadata"]["ownerReferences"][0]["name"];
    let job = ("jobs".to_owned(), job.as_str().unwrap().to_owned());
    let hash = state.objects[&job]["metadata"]["annotations"][labels::FIT_HASH]
        .as_str()
        .unwrap()
        .to_owned();
    let next = store.newest(&model).unwrap_or(0) + 1;
    let version = *store.made_by.entry(works_for(live).to_owned()).or_insert(next);
    store.has_fits_by_hand |= live["metadata"]["labels"][labels::TRAINING_JOB] == super::steps::BY_HAND;
    store.fitted.insert((model, version), hash.clone());
    let outcome = Outcome {
        version: VersionNumber::new(version),
        digest: saying(version, None, &[])
            .model
            .map(|model| model.metadata.digest),
        fit_hash: Some(hash),
        ..Outcome::default()
    };
    end_pod(state, pod, 0, &outcome.to_text());
}

/// A fit ends in vain, by a mistake of the user's.
pub(super) fn fit_fails(state: &mut State, pod: &Key) {
    let outcome = Outcome {
        reason: Some(Reason::InvalidData.word().to_owned()),
        message: Some("a cell is no number".to_owned()),
        ..Outcome::default()
    };
    end_pod(state, pod, 2, &outcome.to_text());
}

/// The UID of the object that a pod works for.
fn works_for(pod: &Value) -> &str {
    let variables = pod["spec"]["containers"][0]["env"].as_array();
    let uid = (variables.into_iter().flatten())
        .find(|variable| variable["name"] == auriga_crds::contract::pod::OWNER_UID_VARIABLE);
    uid.and_then(|variable| variable["value"].as_str())
        .unwrap_or_default()
}

/// The Model and version that a pod serves.
fn serves(pod: &Value) -> Option<(String, u64)> {
    let labels = &pod["metadata"]["labels"];
    let version = labels[labels::MODEL_VERSION].as_str()?.parse().ok()?;
    Some((labels[labels::MODEL].as_str()?.to_owned(), version))
}

/// Pods that were told the revision that the ledger has make their version the active one.
pub(super) fn fences_are_read(state: &State, store: &mut Store) {
    for pod in state.all("pods").filter(|pod| is_running(pod)) {
        let Some((model, version)) = serves(pod) else {
            continue;
        };
        let rows = store.ledger.entry(model).or_default();
        let fence = pod["metadata"]["annotations"][FENCE_ANNOTATION].as_str();
        if fence == Some(&rows.len().to_string()) && rows.last() != Some(&version) {
            rows.push(version);
        }
    }
}

/// What every pod says from now on when it is asked.
fn speak(state: &mut State, store: &Store) {
    let running = state.all("pods").filter(|pod| is_running(pod));
    let voices = running.map(|pod| {
        let (code, said) = voice(pod, store);
        let said = Alive {
            pod_uid: Some(text(pod, "uid").to_owned()),
            owner_uid: Some(works_for(pod).to_owned()),
            ..said
        };
        (text(pod, "name").to_owned(), (code, json!(said)))
    });
    state.voices = voices.collect();
}

fn voice(pod: &Value, store: &Store) -> (u16, Alive) {
    let Some((model, version)) = serves(pod) else {
        return (200, alive());
    };
    let rows = store.rows(&model);
    match store.unwell.get(&(model.clone(), version)) {
        Some(reason) => {
            let said = Alive {
                reason: Some(reason.word().to_owned()),
                message: Some("it is not well".to_owned()),
                ..alive()
            };
            (503, said)
        }
        None => (200, saying(version, None, rows)),
    }
}
