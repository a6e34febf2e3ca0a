//! A fit is paused and goes on, by us or by Kueue.

use auriga_operator::labels;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{FITTED, Fit, a_begun_fit, a_fit_of, words};
use crate::{
    given::{PodWords as _, Words as _, ago},
    golden::golden,
};

fn suspended(fit: Fit) -> Fit {
    fit.with_job(|job| job.edited(|spec| spec.suspend = true))
}

fn resumed(fit: Fit) -> Fit {
    fit.with_job(|job| job.edited(|spec| spec.suspend = false))
}

/// Suspended while it ran; its Job was told so, and its pod is gone.
fn paused() -> Fit {
    let fit = suspended(a_begun_fit().seen_running()).with_batch_job(|job| {
        job.spec.as_mut().unwrap().suspend = Some(true);
    });
    let mut fit = fit.looked(10);
    fit.seen.pods.clear();
    fit
}

#[test]
fn nothing_is_made_for_a_fit_that_is_suspended_from_the_start() {
    golden!(suspended(a_fit_of("iris")).plan());
}

#[test]
fn a_fit_that_runs_is_paused_by_its_job() {
    golden!(suspended(a_begun_fit().seen_running()).plan());
}

#[test]
fn a_job_that_is_paused_already_is_left_alone() {
    let plan = paused().plan();
    assert_eq!((plan.apply, plan.delete), (vec![], vec![]));
}

#[test]
fn a_paused_fit_goes_on() {
    golden!(resumed(paused()).plan());
}

#[test]
fn a_paused_fit_takes_its_place_in_line_before_it_goes_on() {
    let mut fit = resumed(paused());
    fit.seen.ahead = 8;
    let plan = fit.plan();
    assert_eq!(plan.apply, []);
    assert_eq!(plan.status.state.as_deref(), Some("Queued"));
}

#[test]
fn a_paused_fit_of_a_model_that_is_gone_does_not_go_on() {
    let mut fit = resumed(paused());
    fit.seen.model = None;
    let plan = fit.plan();
    assert_eq!(plan.apply, []);
    assert_eq!(plan.status.reason.as_deref(), Some("ModelNotFound"));
}

#[test]
fn a_fit_that_was_over_before_it_was_suspended_is_over() {
    let fit = suspended(a_begun_fit().with_pod(|pod| pod.ended(1, 0, FITTED)));
    assert_eq!(words(&fit.plan().status), ["Complete=True"]);
}

#[test]
fn a_job_that_is_complete_or_on_its_way_out_is_not_paused() {
    let complete = a_begun_fit().with_condition("Complete", "CompletionsReached", "");
    let deleted = a_begun_fit().with_batch_job(|job| job.metadata.deletion_timestamp = Some(Time(ago(1))));
    for fit in [complete, deleted] {
        assert_eq!(suspended(fit).plan().apply, []);
    }
}

fn of_kueue() -> Fit {
    a_fit_of("iris")
        .with_job(|job| job.labeled(labels::QUEUE_NAME, "team-a"))
        .begun()
}

#[test]
fn a_fit_waits_in_kueues_queue() {
    golden!(of_kueue().plan());
}

#[test]
fn a_fit_of_kueue_is_suspended_by_giving_up_its_place() {
    golden!(suspended(of_kueue()).plan());
}
