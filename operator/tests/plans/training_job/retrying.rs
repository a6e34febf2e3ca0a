//! A try failed for no fault of the user's: it is told, and tried again.

use super::{a_begun_fit, failed_for, words};
use crate::{given::PodWords as _, golden::golden};
use k8s_openapi::{api::batch::v1::JobStatus, apimachinery::pkg::apis::meta::v1::Time};

use crate::given::ago;

#[test]
fn a_store_that_does_not_answer_is_told_while_the_fit_is_tried_again() {
    let words = failed_for("PersisterUnavailable", "postgres://db does not answer");
    let fit = a_begun_fit().seen_running();
    let mut fit = fit.with_pod(|pod| pod.ended(2, 1, &words));
    fit.seen.pods.remove(0);
    golden!(fit.plan());
}

#[test]
fn the_next_try_says_which_one_it_is_and_why() {
    let fit = a_begun_fit()
        .with_pod(|pod| pod.ended(20, 1, "thread main panicked"))
        .looked(15)
        .with_pod(|pod| pod.running(5));
    golden!(fit.plan());
}

#[test]
fn tries_whose_pods_are_gone_are_counted() {
    let fit = a_begun_fit()
        .with_pod(|pod| pod.running(5))
        .with_batch_job(|job| {
            job.status = Some(JobStatus {
                failed: Some(2),
                ..JobStatus::default()
            });
        });
    let message = fit.plan().status.message.unwrap();
    assert!(message.contains("try 3 of 4"), "{message}");
}

#[test]
fn a_pod_whose_node_goes_away_has_not_failed() {
    let fit = a_begun_fit().with_pod(|pod| {
        pod.ended(5, 137, "").with_condition(
            "DisruptionTarget",
            "True",
            "EvictionByEvictionAPI",
            "Eviction API: evicting",
        )
    });
    let plan = fit.plan();
    assert_eq!(plan.status.last_failure, None);
    golden!(plan);
}

#[test]
fn a_pod_that_was_deleted_has_not_failed() {
    let fit = a_begun_fit().with_pod(|pod| {
        let mut pod = pod.ended(5, 143, "");
        pod.pod.metadata.deletion_timestamp = Some(Time(ago(6)));
        pod
    });
    let plan = fit.plan();
    assert_eq!(plan.status.last_failure, None);
    assert_eq!(words(&plan.status), ["Complete=Unknown"], "its pod has run");
}
