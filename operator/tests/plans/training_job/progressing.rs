//! A fit tells how far it is.

use auriga_crds::{
    MetricValue, Reason,
    contract::{Alive, TrainerStatus},
};
use auriga_operator::seen::Answer;
use serde_json::json;

use super::{Fit, a_begun_fit, progress, words};
use crate::{
    given::{PodWords as _, ago},
    golden::golden,
};

/// The pod now says this, whatever it said before.
fn now_saying(mut fit: Fit, alive: Alive) -> Fit {
    fit.seen.pods[0].answer = Answer::Well(Box::new(alive));
    fit
}

#[test]
fn progress_and_time_left_are_told() {
    let fit = now_saying(a_begun_fit().seen_running(), progress(55, 45));
    golden!(fit.plan());
}

/// As a pod says that waits for its store.
fn waiting(reason: Reason, message: &str) -> Alive {
    Alive {
        reason: Some(reason.word().to_owned()),
        message: Some(message.to_owned()),
        ..progress(0, 60)
    }
}

#[test]
fn a_pod_that_waits_for_the_secret_of_its_store_is_told_of() {
    let words = "the fit waits for its store: store postgres://database/models cannot be used: the key password of the \
                 Secret at /etc/auriga/persister is missing; add it";
    let alive = waiting(Reason::SecretNotFound, words);
    golden!(now_saying(a_begun_fit().seen_running(), alive).plan());
}

#[test]
fn a_secret_that_a_fit_waits_for_is_named_though_its_pod_knows_files_alone() {
    let alive = waiting(Reason::SecretNotFound, "the key password is missing");
    let mut fit = now_saying(a_begun_fit().seen_running(), alive);
    for seen in &mut fit.seen.pods {
        let volume = json!({ "name": "credentials", "secret": { "secretName": "database" } });
        let spec = seen.pod.spec.as_mut().unwrap();
        spec.volumes = serde_json::from_value(json!([volume])).unwrap();
    }
    let message = fit.plan().status.message.unwrap();
    assert!(message.starts_with("Secret database, as pod "), "{message}");
}

#[test]
fn a_pod_that_waits_for_a_store_runs_on_and_nobody_is_called_for() {
    let alive = waiting(Reason::PersisterUnavailable, "the store cannot be reached");
    let plan = now_saying(a_begun_fit().seen_running(), alive).plan();
    assert_eq!(words(&plan.status), ["Complete=Unknown", "Running=True"]);
    assert_eq!(plan.status.reason.as_deref(), Some("PersisterUnavailable"));
}

#[test]
fn a_pod_that_says_nothing_new_changes_nothing() {
    let fit = a_begun_fit().seen_running();
    assert_eq!(Some(fit.plan().status), fit.job.status);
}

#[test]
fn a_step_of_the_progress_that_comes_too_soon_is_left_out() {
    let fit = now_saying(a_begun_fit().seen_running().looked(1), progress(40, 60));
    let mut told = fit.clone();
    told = now_saying(told, progress(55, 45)).looked(1);
    let too_soon = now_saying(told.clone(), progress(56, 44));
    assert_eq!(Some(too_soon.plan().status), told.job.status);
    let later = too_soon.plan_at(ago(-1)).status.trainer_status.unwrap();
    assert_eq!(later.progress_percentage, Some(56));
}

#[test]
fn a_step_of_the_progress_is_told_with_any_other_change_at_once() {
    let fit = a_begun_fit().with_pod(|pod| pod.running(30).saying(progress(40, 60)));
    let mut fit = fit.looked(1);
    fit.job.metadata.generation = Some(2);
    let plan = now_saying(fit, progress(56, 44)).plan();
    assert_eq!(plan.status.trainer_status.unwrap().progress_percentage, Some(56));
}

#[test]
fn a_pod_that_does_not_answer_keeps_the_last_progress() {
    let mut fit = a_begun_fit().seen_running();
    fit.seen.pods[0].answer = Answer::Silent("timed out".to_owned());
    assert_eq!(Some(fit.plan().status), fit.job.status);
}

#[test]
fn a_pod_that_is_silent_for_long_is_told_with_what_it_does_instead() {
    let mut fit = a_begun_fit().seen_running();
    fit.seen.pods[0].answer = Answer::Silent("pod iris-1 gave no answer".to_owned());
    fit.seen.pods[0].silent_for = std::time::Duration::from_secs(5);
    let message = fit.plan().status.message.unwrap();
    assert!(
        message.ends_with("and cannot be asked: pod iris-1 gave no answer"),
        "{message}"
    );
}

#[test]
fn what_no_status_takes_is_left_out_of_the_progress() {
    let mut alive = progress(0, 0);
    let metric = |name: &str, value: &str| MetricValue {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let many = (0..40).map(|number| metric(&format!("m{number}"), "1"));
    let bad = [
        metric("", "1"),
        metric(&"x".repeat(65), "1"),
        metric("loss", "NaN"),
    ];
    alive.trainer_status = Some(TrainerStatus {
        progress_percentage: Some(101),
        estimated_remaining_seconds: Some(-1),
        metrics: bad.into_iter().chain(many).collect(),
        last_updated_time: "yesterday".to_owned(),
    });
    let plan = now_saying(a_begun_fit().seen_running(), alive).plan();
    let told = plan.status.trainer_status.unwrap();
    assert_eq!(
        (told.progress_percentage, told.estimated_remaining_seconds),
        (None, None)
    );
    assert_eq!(told.metrics.len(), 32);
    assert_eq!(told.metrics[0].name, "m0");
    assert!(told.last_updated_time.parse::<jiff::Timestamp>().is_ok());
}
