//! The API server, or the loop itself, would not carry a plan out.

use auriga_crds::{Reason, TrainingJobStatus};
use auriga_operator::{plan::Refusal, training_job::decide::refused};
use jiff::Timestamp;

use super::{FITTED, Fit, a_begun_fit, a_fit_of, words};
use crate::{
    given::{NOW, PodWords as _, ago},
    golden::golden,
};

fn told(fit: &Fit, reason: Reason, message: &str, now: Timestamp) -> TrainingJobStatus {
    let refusal = Refusal {
        object: "Job iris-fit-0123abcd".to_owned(),
        reason,
        message: message.to_owned(),
    };
    refused(&fit.job, fit.plan_at(now).status, &[refusal], now)
}

#[test]
fn a_quota_that_leaves_no_room_for_the_job_is_told_in_the_servers_words() {
    let words = "jobs.batch is forbidden: exceeded quota: few";
    golden!(told(&a_fit_of("iris"), Reason::QuotaExceeded, words, NOW));
}

#[test]
fn each_refusal_names_its_own_remedy() {
    for (reason, remedy) in [
        (Reason::Forbidden, "what the operator may do"),
        (Reason::InvalidSpec, "correct the Model"),
    ] {
        let status = told(&a_fit_of("iris"), reason, "no", NOW);
        assert_eq!(status.reason.as_deref(), Some(reason.word()));
        assert!(status.message.unwrap().contains(remedy), "{remedy}");
        assert_eq!(status.conditions[1].kind, "Stalled");
    }
}

#[test]
fn a_refusal_that_is_told_already_changes_nothing() {
    let mut fit = a_fit_of("iris");
    let first = told(&fit, Reason::Forbidden, "no", ago(30));
    fit.job.status = Some(first.clone());
    assert_eq!(told(&fit, Reason::Forbidden, "no", NOW), first);
}

#[test]
fn a_refusal_changes_nothing_about_a_fit_that_is_over() {
    let fit = a_begun_fit().with_pod(|pod| pod.ended(1, 0, FITTED));
    let status = told(&fit, Reason::Forbidden, "no", NOW);
    assert_eq!(words(&status), ["Complete=True"]);
}

#[test]
fn a_refusal_that_is_over_leaves_nothing_behind() {
    let mut fit = a_fit_of("iris");
    fit.job.status = Some(told(&fit, Reason::Forbidden, "no", ago(30)));
    assert_eq!(
        words(&fit.plan().status),
        ["Complete=Unknown", "Reconciling=True"]
    );
}
