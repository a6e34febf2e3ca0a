//! Who is told that a place in the line is free.

use kube::runtime::watcher::Event;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

fn triggers() -> (Triggers, UnboundedReceiver<ObjectRef<Packed<TrainingJob>>>) {
    let (models, _) = unbounded_channel();
    let (training_jobs, told) = unbounded_channel();
    let triggers = Triggers {
        models,
        training_jobs,
    };
    (triggers, told)
}

fn training_job(name: &str, version: u64, condition: &str) -> Packed<TrainingJob> {
    let condition = json!({
        "type": condition, "status": "True", "reason": "Pending", "message": "",
        "observedGeneration": 1, "lastTransitionTime": "2026-11-22T10:00:00Z",
    });
    serde_json::from_value(json!({
        "apiVersion": "auriga.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": { "name": name, "namespace": "default", "uid": name, "resourceVersion": version.to_string() },
        "spec": { "modelRef": { "name": "iris" } },
        "status": { "conditions": [condition] },
    }))
    .unwrap()
}

/// Two TrainingJobs in line, `first` and `second`.
fn caches() -> Caches {
    let caches = Caches::default();
    for name in ["first", "second"] {
        caches
            .training_jobs
            .take(Event::Apply(training_job(name, 1, "Reconciling")));
    }
    caches
}

fn names(told: &mut UnboundedReceiver<ObjectRef<Packed<TrainingJob>>>) -> Vec<String> {
    let mut names: Vec<String> = std::iter::from_fn(|| told.try_recv().ok().map(|told| told.name)).collect();
    names.sort();
    names
}

fn check(condition: &str, expected: &[&str]) {
    let (caches, (triggers, mut told)) = (caches(), triggers());
    caches.training_jobs.put(training_job("first", 2, condition));
    let event = Event::Apply(training_job("first", 2, condition));
    for change in caches.training_jobs.take(event) {
        triggers.training_job(&caches, &change);
    }
    assert_eq!(names(&mut told), expected, "{condition}");
}

#[test]
fn who_waits_is_told_of_an_end_that_the_operator_itself_has_written() {
    check("Complete", &["first", "second"]);
    check("Failed", &["first", "second"]);
}

#[test]
fn who_waits_is_told_that_one_before_it_cannot_begin() {
    check("Stalled", &["first", "first", "second"]);
    check("Reconciling", &["first"]);
}

#[test]
fn who_waits_is_told_of_a_job_that_ends_or_is_suspended() {
    let job = |spec: Value, status: Value| -> Packed<Job> {
        serde_json::from_value(json!({
            "metadata": { "name": "a", "namespace": "default", "uid": "a" }, "spec": spec, "status": status,
        }))
        .unwrap()
    };
    let template = json!({ "template": {} });
    let runs = job(template.clone(), json!({}));
    let over = job(
        template.clone(),
        json!({ "conditions": [{ "type": "Complete", "status": "True" }] }),
    );
    let suspended = job(json!({ "template": {}, "suspend": true }), json!({}));
    let (caches, (triggers, mut told)) = (caches(), triggers());
    for (after, expected) in [
        (Some(runs.clone()), 0),
        (Some(over), 2),
        (Some(suspended), 2),
        (None, 2),
    ] {
        let change = Change {
            before: Some(runs.clone().into()),
            after: after.map(Into::into),
        };
        triggers.job(&caches, &change);
        assert_eq!(names(&mut told).len(), expected);
    }
}
