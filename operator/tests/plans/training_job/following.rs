//! A Job is there: its pod is about to start, or something keeps it from starting.

use auriga_operator::{plan::Next, seen::Answer};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Fit, a_begun_fit, words};
use crate::{
    given::{PodWords as _, Words as _, ago},
    golden::golden,
};

#[test]
fn a_job_without_a_pod_is_looked_at_again_soon() {
    let plan = a_begun_fit().plan();
    assert_eq!(plan.apply, [], "what is there is not made again");
    golden!(plan);
}

#[test]
fn a_pod_that_fits_is_looked_at_more_rarely_while_many_fit() {
    let mut fit = a_begun_fit().with_pod(|pod| pod.running(1));
    let next = |fit: &Fit| match fit.plan().next {
        Next::After(pause) => pause.as_secs(),
        Next::OnChange => panic!("it is asked again"),
    };
    assert_eq!(next(&fit), 2);
    fit.seen.fitting = 500;
    assert_eq!(next(&fit), 50);
    fit.seen.pods[0].answer = Answer::Silent("refused the connection".to_owned());
    assert_eq!(next(&fit), 2, "it may listen at any moment");
    fit.seen.pods.clear();
    assert_eq!(next(&fit), 10, "something may keep its pod from being made");
}

#[test]
fn a_pod_is_about_to_start() {
    let fit = a_begun_fit().with_pod(|pod| pod.waiting("ContainerCreating", ""));
    golden!(fit.plan());
}

#[test]
fn a_pod_that_its_node_does_not_start_is_told_with_what_may_hold_it_up() {
    let creating = |seconds: i64| {
        a_begun_fit().with_pod(|pod| pod.waiting("ContainerCreating", "").on_its_node(seconds))
    };
    let words = creating(7).plan().status.message.unwrap();
    assert!(words.ends_with("is about to start"), "{words}");
    golden!(creating(8).plan());
}

#[test]
fn a_pod_that_its_node_has_not_begun_with_is_told() {
    let words = |seconds: i64| {
        let fit = a_begun_fit().with_pod(|pod| pod.on_its_node(seconds));
        fit.plan().status.message.unwrap()
    };
    assert!(words(7).ends_with("is about to start"), "{}", words(7));
    assert!(words(8).contains("see whether the node is ready"), "{}", words(8));
}

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    let fit = a_begun_fit().with_pod(|pod| pod.waiting("ImagePullBackOff", "Back-off pulling image"));
    golden!(fit.plan());
}

#[test]
fn an_image_that_can_be_pulled_at_last_heals() {
    let mut fit = a_begun_fit()
        .with_pod(|pod| pod.waiting("ErrImagePull", "not found"))
        .looked(30);
    fit.seen.pods.clear();
    let fit = fit.with_pod(|pod| pod.running(1));
    assert_eq!(words(&fit.plan().status), ["Complete=Unknown", "Running=True"]);
}

#[test]
fn a_claim_that_does_not_exist_is_named() {
    let fit = a_begun_fit().with_pod(|pod| {
        let words = "0/1 nodes are available: persistentvolumeclaim \"models\" not found.";
        pod.with_condition("PodScheduled", "False", "Unschedulable", words)
    });
    golden!(fit.plan());
}

#[test]
fn a_pod_that_no_node_takes_yet_waits_without_a_call_for_help() {
    let fit = a_begun_fit().with_pod(|pod| {
        let words = "0/1 nodes are available: 1 Insufficient memory.";
        pod.with_condition("PodScheduled", "False", "Unschedulable", words)
    });
    golden!(fit.plan());
}

#[test]
fn a_container_that_cannot_be_made_is_a_call_for_help() {
    let fit =
        a_begun_fit().with_pod(|pod| pod.waiting("CreateContainerConfigError", "secret \"x\" not found"));
    golden!(fit.plan());
}

#[test]
fn a_quota_that_leaves_no_room_for_a_pod_is_named() {
    let mut fit = a_begun_fit();
    fit.seen.complaint =
        Some("pods \"iris-fit-x\" is forbidden: exceeded quota: few, used: pods=1".to_owned());
    golden!(fit.plan());
}

#[test]
fn a_pod_that_the_namespace_does_not_allow_is_named() {
    let mut fit = a_begun_fit();
    fit.seen.complaint =
        Some("pods \"iris-fit-x\" is forbidden: violates PodSecurity \"restricted\"".to_owned());
    let plan = fit.plan();
    assert_eq!(plan.status.reason.as_deref(), Some("Forbidden"));
    assert_eq!(words(&plan.status), ["Complete=Unknown", "Stalled=True"]);
}

#[test]
fn a_pod_that_could_never_be_made_blames_the_model() {
    let mut fit = a_begun_fit();
    fit.seen.complaint = Some("Pod \"iris-fit-x\" is invalid: spec.tolerations[0].effect".to_owned());
    let status = fit.plan().status;
    assert_eq!(status.reason.as_deref(), Some("InvalidSpec"));
    assert!(status.message.unwrap().ends_with("of the Model"));
}

#[test]
fn a_pod_that_begins_to_work_ends_the_waiting() {
    let fit = a_begun_fit().with_pod(|pod| pod.running(1));
    golden!(fit.plan());
}

#[test]
fn a_job_on_its_way_out_is_waited_for_before_another_one_is_made() {
    let fit = a_begun_fit().with_batch_job(|job| job.metadata.deletion_timestamp = Some(Time(ago(1))));
    let plan = fit.plan();
    assert_eq!(plan.apply, []);
    assert!(
        plan.status
            .message
            .unwrap()
            .ends_with("another one takes its place")
    );
}

#[test]
fn a_fit_goes_on_when_its_model_is_edited_or_deleted() {
    let fit = a_begun_fit().seen_running();
    let edited = (fit.clone()).with_model(|model| model.edited(|spec| spec.estimator.ridge = None));
    let mut gone = fit.clone();
    gone.seen.model = None;
    for later in [edited, gone] {
        assert_eq!(later.plan().status.state, fit.plan().status.state);
        assert_eq!(later.plan().delete, []);
    }
}

#[test]
fn a_pod_that_works_has_read_its_manifest_already() {
    let mut fit = a_begun_fit().seen_running();
    fit.seen.manifest = None;
    let changed = fit.with_model(|model| model.edited(|spec| spec.training.save_if_better_than = Some(0.5)));
    let plan = changed.plan();
    assert_eq!(plan.status.state.as_deref(), Some("Running"));
    assert_eq!((plan.apply, plan.delete), (vec![], vec![]));
}
