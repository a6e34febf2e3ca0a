//! What a pod of the operator's is there for, and what it says of itself.

use std::{collections::BTreeMap, time::Duration};

use auriga_crds::{
    MetricValue, VersionNumber,
    contract::{
        Alive, AliveModel, AliveModelMetadata, Golden, Outcome, ProcessMetadata, TrainerStatus,
        pod::{CONTAINER, FENCE_ANNOTATION, OWNER_UID_VARIABLE},
    },
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::ledger::{Ledger, Version};

/// The scores of every version: as many as the runtime keeps of a classifier.
const SCORES: [(&str, f64); 8] = [
    ("accuracy_test", 0.94),
    ("accuracy_train", 0.97),
    ("balanced_accuracy_test", 0.94),
    ("balanced_accuracy_train", 0.97),
    ("f1_macro_test", 0.94),
    ("f1_macro_train", 0.97),
    ("neg_log_loss_test", -0.21),
    ("neg_log_loss_train", -0.17),
];

/// What a pod is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// It fits, and ends.
    Fit,
    /// It serves this version.
    Serve(VersionNumber),
}

/// A pod, as far as it concerns what it says.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) task: Task,
    /// Namespace and name of the Model.
    pub(super) model: String,
    owner_uid: String,
    pod_uid: String,
    began: Timestamp,
}

impl Work {
    /// What this pod is there for; `None` if that is nothing that a stub does.
    pub(super) fn of(pod: &Pod) -> Option<Work> {
        let labels = pod.labels();
        let task = match labels.get("app.kubernetes.io/component")?.as_str() {
            "fit" => Task::Fit,
            "runtime" => Task::Serve(labels.get("auriga.dev/model-version")?.parse().ok()?),
            _ => return None,
        };
        let containers = &pod.spec.as_ref()?.containers;
        let container = containers.iter().find(|container| container.name == CONTAINER)?;
        let variables = container.env.as_ref()?;
        let owner = variables.iter().find(|one| one.name == OWNER_UID_VARIABLE)?;
        Some(Work {
            task,
            model: format!("{}/{}", pod.namespace()?, labels.get("auriga.dev/model")?),
            owner_uid: owner.value.clone()?,
            pod_uid: pod.uid()?,
            began: Timestamp::now(),
        })
    }

    /// The end of a fit: its version in the ledger, and the message that says so.
    pub(super) fn outcome(&self, ledger: &mut Ledger, fit_hash: Option<String>) -> Outcome {
        let version = ledger.commit(&self.owner_uid, Timestamp::now());
        let metrics: Vec<MetricValue> = SCORES.map(metric).into();
        Outcome {
            version: Some(version.number),
            digest: Some(version.digest),
            fit_hash,
            score: metrics.first().cloned(),
            metrics,
            ..Outcome::default()
        }
    }

    /// What it says at `/alive`, `lasts` being how long a fit takes. Counts and times differ at each look, as they do where
    /// requests are answered.
    pub(super) fn alive(&self, ledger: &Ledger, lasts: Duration) -> Alive {
        let now = Timestamp::now();
        let runs = now.duration_since(self.began).unsigned_abs();
        let loaded = match self.task {
            Task::Fit => None,
            Task::Serve(number) => ledger.version(number),
        };
        let thousandths = u64::try_from(runs.as_millis()).unwrap_or(u64::MAX);
        Alive {
            auriga_version: env!("CARGO_PKG_VERSION").to_owned(),
            memory_usage: 12.0 + runs.as_secs_f64() % 1.0,
            memory_usage_vms: 80.0,
            uptime_seconds: runs.as_secs_f64(),
            service_metadata: BTreeMap::new(),
            model: loaded.map(|version| AliveModel {
                updated: self.began.to_string(),
                metadata: facts(version),
            }),
            process_metadata: ProcessMetadata {
                predict_requests: thousandths,
                predict_rows: thousandths,
                ..ProcessMetadata::default()
            },
            active: loaded.is_some_and(|version| ledger.active == Some(version.number)),
            active_version: ledger.active,
            previous_version: ledger.previous,
            ledger_revision: matches!(self.task, Task::Serve(_)).then_some(ledger.revision),
            ledger_stale: false,
            golden: if loaded.is_some() {
                Golden::Passed
            } else {
                Golden::None
            },
            message: None,
            reason: None,
            owner_uid: Some(self.owner_uid.clone()),
            pod_uid: Some(self.pod_uid.clone()),
            trainer_status: (self.task == Task::Fit).then(|| progress(now, runs, lasts)),
        }
    }
}

/// The revision that a pod may activate its version from, if it was told one.
pub(super) fn fence(pod: &Pod) -> Option<u64> {
    pod.annotations().get(FENCE_ANNOTATION)?.parse().ok()
}

/// What `/list` answers: the versions, lowest number first.
pub(super) fn listed(ledger: &Ledger) -> Value {
    let version = |version: &Version| {
        let mut shown = json!(facts(version));
        shown["active"] = json!(ledger.active == Some(version.number));
        shown
    };
    json!({
        "models": ledger.versions.iter().map(version).collect::<Vec<_>>(),
        "properties": {
            "active-model": ledger.active.map(|number| number.to_string()),
            "db-version": "1",
            "ledger_revision": ledger.revision,
            "high_water_mark": ledger.versions.len(),
            "n_versions": ledger.versions.len(),
        },
    })
}

fn facts(version: &Version) -> AliveModelMetadata {
    AliveModelMetadata {
        version: version.number,
        digest: version.digest,
        train_timestamp: version.trained.to_string(),
        estimator: "logisticRegression".to_owned(),
        scores: SCORES.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}

/// A fit that comes further with every thousandth of a second.
fn progress(now: Timestamp, runs: Duration, lasts: Duration) -> TrainerStatus {
    let done = (runs.as_secs_f64() / lasts.as_secs_f64().max(0.001)).clamp(0.0, 1.0);
    let whole = |number: f64| format!("{number:.0}").parse().ok();
    TrainerStatus {
        progress_percentage: whole(done * 100.0),
        estimated_remaining_seconds: whole(lasts.saturating_sub(runs).as_secs_f64()),
        metrics: vec![MetricValue {
            name: "step".to_owned(),
            value: runs.as_millis().to_string(),
        }],
        last_updated_time: now.to_string(),
    }
}

fn metric((name, value): (&str, f64)) -> MetricValue {
    MetricValue {
        name: name.to_owned(),
        value: value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(component: &str) -> Pod {
        let pod = json!({
            "metadata": {
                "name": "iris", "namespace": "default", "uid": "pod", "labels": {
                    "app.kubernetes.io/component": component, "auriga.dev/model": "iris",
                    "auriga.dev/model-version": "1",
                },
            },
            "spec": { "containers": [{ "name": "auriga", "env": [{ "name": "AURIGA_OWNER_UID", "value": "owner" }] }] },
        });
        serde_json::from_value(pod).expect("it is a pod")
    }

    #[test]
    fn a_pod_serves_what_was_fitted_and_says_so_once_it_is_active() {
        let mut ledger = Ledger::default();
        let fit = Work::of(&pod("fit")).expect("it fits");
        let outcome = fit.outcome(&mut ledger, None);
        let serving = Work::of(&pod("runtime")).expect("it serves");
        let lasts = Duration::ZERO;
        let before = serving.alive(&ledger, lasts);
        assert_eq!((before.active, before.ledger_revision), (false, Some(0)));
        let loaded = before.model.expect("it has loaded the version").metadata;
        assert_eq!(
            (Some(loaded.version), Some(loaded.digest)),
            (outcome.version, outcome.digest)
        );
        ledger.activate(loaded.version, 0);
        let after = serving.alive(&ledger, lasts);
        assert!(after.active && after.ledger_revision == Some(1));
    }

    #[test]
    fn a_fit_comes_further_and_what_is_no_fit_has_no_progress() {
        let ledger = Ledger::default();
        let fit = Work::of(&pod("fit")).expect("it fits");
        let told = fit.alive(&ledger, Duration::from_secs(60)).trainer_status;
        assert!(told.is_some_and(|told| told.progress_percentage == Some(0)));
        let serving = Work::of(&pod("runtime")).expect("it serves");
        assert_eq!(serving.alive(&ledger, Duration::ZERO).trainer_status, None);
        assert!(Work::of(&pod("cleanup")).is_none());
    }
}
