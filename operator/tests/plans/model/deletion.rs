//! What becomes of the versions when their Model goes.

use std::time::Duration;

use auriga_crds::DeletionPolicy;
use auriga_operator::{labels, plan::Next};
use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};

use crate::{
    given::{PodWords as _, Words as _, World, pod},
    golden::golden,
};

/// A Model whose versions go with it, serving.
fn held() -> World {
    let mut world = World::of("iris")
        .edited_before(|model| model.spec.deletion_policy = DeletionPolicy::Delete)
        .settled(1);
    world.model = world.model.clone().being_deleted();
    world
}

#[test]
fn a_model_whose_versions_go_with_it_is_held_by_a_finalizer() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.deletion_policy = DeletionPolicy::Delete);
    golden!(world.changes());
}

#[test]
fn a_model_whose_versions_stay_after_all_is_let_go() {
    let mut world = held();
    world.model.metadata.deletion_timestamp = None;
    world.edit(|spec| spec.deletion_policy = DeletionPolicy::Retain);
    golden!(world.changes());
}

#[test]
fn a_deleted_model_without_a_finalizer_needs_nothing() {
    let mut world = World::serving("iris");
    world.model = world.model.clone().being_deleted();
    let plan = world.changes();
    assert_eq!((plan.apply, plan.delete), (Vec::new(), Vec::new()));
}

#[test]
fn what_could_still_write_a_version_goes_before_the_clean_up() {
    golden!(held().changes());
}

#[test]
fn a_job_deletes_the_versions_of_a_deleted_model() {
    let mut world = held();
    world.turn();
    golden!(world.changes());
}

#[test]
fn no_version_is_deleted_before_the_last_fit_has_ended() {
    let mut world = held();
    world.turn();
    world.seen.fitted_by = Some("Job iris-1".to_owned());
    let plan = world.changes();
    assert_eq!(plan.apply, []);
    assert_eq!(plan.next, Next::After(world.settings.poll_rollout));
    let ready = plan.status.conditions.iter().find(|one| one.kind == "Ready");
    assert!(
        ready
            .unwrap()
            .message
            .starts_with("The versions are deleted once Job iris-1 has ended")
    );
    world.seen.fitted_by = None;
    assert_ne!(world.changes().apply, []);
}

#[test]
fn a_model_is_let_go_when_its_versions_are_gone() {
    let mut world = held();
    world.turn();
    world.turn();
    end(&mut world, "Complete");
    world.turn();
    golden!(world.changes());
}

#[test]
fn versions_that_cannot_be_deleted_hold_the_model_and_say_why() {
    let mut world = held();
    world.turn();
    world.turn();
    end(&mut world, "Failed");
    let cleanup = world.seen.cleanup.as_mut().unwrap();
    let message = "{\"reason\":\"PersisterUnavailable\",\"message\":\"connection refused\"}";
    cleanup
        .pods
        .push(pod("iris-cleanup-x", &cleanup.job).ended(1, 1, message));
    golden!(world.changes());
}

#[test]
fn a_clean_up_that_is_held_up_says_why_and_how_to_leave_the_versions() {
    let mut world = held();
    world.turn();
    world.turn();
    let cleanup = world.seen.cleanup.as_mut().unwrap();
    cleanup.complaint = Some("pods \"iris-cleanup-x\" is forbidden: exceeded quota: none".to_owned());
    let plan = world.plan();
    assert_eq!(plan.next, Next::After(Duration::from_secs(10)));
    let ready = plan.status.conditions.iter().find(|one| one.kind == "Ready");
    assert_eq!(
        ready.unwrap().message,
        "A Job deletes the versions, and is held up: No pod can be made: pods \"iris-cleanup-x\" is forbidden: exceeded \
         quota: none; raise the quota, or free some of it; or annotate the Model with auriga.dev/skip-cleanup: \"true\" to \
         leave the versions"
    );
}

#[test]
fn a_clean_up_whose_pod_does_not_start_is_looked_at_again_and_told() {
    let mut world = held();
    world.turn();
    world.turn();
    let cleanup = world.seen.cleanup.as_mut().unwrap();
    let pod = pod("iris-cleanup-x", &cleanup.job).waiting("ContainerCreating", "");
    cleanup.pods.push(pod.on_its_node(0));
    assert_eq!(world.plan().next, Next::After(Duration::from_secs(10)));
    world.pass(10);
    let plan = world.plan();
    let ready = plan.status.conditions.iter().find(|one| one.kind == "Ready");
    let message = &ready.unwrap().message;
    assert!(
        message.contains(
            "is held up: Pod iris-cleanup-x has not started so far: its node pulls image auriga:test"
        ),
        "{message}"
    );
}

#[test]
fn an_annotation_gives_the_versions_up() {
    let mut world = held();
    world.annotate(labels::SKIP_CLEANUP, "true");
    golden!(world.changes());
}

#[test]
fn a_namespace_that_goes_takes_no_job_and_the_versions_stay() {
    let mut world = held();
    world.seen.namespace_is_terminating = true;
    golden!(world.changes());
}

fn end(world: &mut World, how: &str) {
    let cleanup = world.seen.cleanup.as_mut().unwrap();
    cleanup.job.status = Some(JobStatus {
        conditions: Some(vec![JobCondition {
            type_: how.to_owned(),
            status: "True".to_owned(),
            ..JobCondition::default()
        }]),
        ..JobStatus::default()
    });
}
