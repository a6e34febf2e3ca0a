//! A Model that serves: what is kept so, and what is put back.

use auriga_crds::{
    ConditionStatus::{False, True},
    Reason,
};
use auriga_operator::plan::{Desired, Next};
use k8s_openapi::api::apps::v1::Deployment;

use super::told;
use crate::{given::World, golden::golden};

#[test]
fn a_model_that_serves_needs_nothing() {
    golden!(World::serving("iris").changes());
}

#[test]
fn the_next_look_at_a_model_that_serves_is_seconds_away() {
    let world = World::serving("iris");
    assert_eq!(world.plan().next, Next::After(world.settings.poll_serving));
}

#[test]
fn a_status_that_was_wiped_is_told_again_as_it_was() {
    let mut world = World::second_fitted();
    world.rolls_out();
    let before = world.model.status.take().unwrap();
    let mut after = world.plan().status;
    for condition in &mut after.conditions {
        condition.last_transition_time = before.conditions[0].last_transition_time.clone();
    }
    let mut before = before;
    for condition in &mut before.conditions {
        condition.last_transition_time = after.conditions[0].last_transition_time.clone();
    }
    assert_eq!(after, before);
}

#[test]
fn a_deployment_that_was_deleted_by_hand_is_made_again() {
    let mut world = World::serving("iris");
    world.seen.slots.clear();
    golden!(world.changes());
}

#[test]
fn a_service_that_was_deleted_by_hand_is_made_again_and_finds_its_version() {
    let mut world = World::serving("iris");
    world.seen.service = None;
    world.turn();
    world.turn();
    let service = world.seen.service.as_ref().unwrap();
    let selector = service.spec.as_ref().unwrap().selector.as_ref().unwrap();
    assert!(selector["auriga.dev/slot"].starts_with("v1-"), "{selector:?}");
    assert_eq!(world.ledger, [1]);
}

#[test]
fn an_edited_selector_is_put_back() {
    let mut world = World::serving("iris");
    let ports = &mut world.seen.service.as_mut().unwrap().spec.as_mut().unwrap().ports;
    ports.as_mut().unwrap()[0].port = 8081;
    golden!(world.changes());
}

#[test]
fn a_version_that_somebody_else_activated_in_the_store_is_put_back() {
    let mut world = World::serving("iris");
    world.ledger.push(7);
    world.pods_answer();
    golden!(world.changes());
}

#[test]
fn a_pod_that_does_not_answer_any_more_is_told_and_the_others_answer_on() {
    let mut world = World::serving("iris");
    world.pods_are_unwell(1, Reason::PersisterUnavailable, "the store cannot be reached");
    golden!(world.changes());
}

#[test]
fn scaling_changes_the_deployment_with_the_traffic() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.replicas = 0);
    golden!(world.changes());
}

#[test]
fn a_model_without_pods_is_ready_when_that_was_asked_for() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.replicas = 0);
    world.turn();
    assert_eq!(
        told(&world.changes().status, "Ready"),
        Some((True, "ScaledToZero"))
    );
}

#[test]
fn an_operator_that_would_build_pods_otherwise_restarts_none() {
    let mut world = World::serving("iris");
    world.settings.image = "auriga:newer".to_owned();
    assert_eq!(world.changes().apply, [], "the image");
    let deployment = world.deployment_of(1);
    let annotations = deployment.metadata.annotations.as_mut().unwrap();
    annotations.insert(
        "auriga.dev/recipe".to_owned(),
        "that of an older build".to_owned(),
    );
    let template = &mut deployment.spec.as_mut().unwrap().template;
    template.spec.as_mut().unwrap().priority = Some(7);
    assert_eq!(world.changes().apply, [], "the recipe");
}

#[test]
fn an_image_that_somebody_has_edited_is_put_back_and_no_newer_one() {
    let mut world = World::serving("iris");
    let before = image_of(world.deployment_of(1)).clone();
    world.settings.image = "auriga:newer".to_owned();
    *image_of(world.deployment_of(1)) = "auriga:somebodys".to_owned();
    world.turn();
    assert_eq!(*image_of(world.deployment_of(1)), before);
}

fn image_of(deployment: &mut Deployment) -> &mut String {
    let pod = deployment.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
    pod.containers[0].image.as_mut().unwrap()
}

#[test]
fn labels_of_a_manifest_that_somebody_has_edited_are_put_back() {
    let mut world = World::serving("iris");
    let before = world.seen.config_maps.clone();
    let labels = world.seen.config_maps[0].metadata.labels.as_mut().unwrap();
    labels.insert("app.kubernetes.io/part-of".to_owned(), "somebodys".to_owned());
    labels.remove("auriga.dev/model");
    labels.insert("team".to_owned(), "flowers".to_owned());
    world.turn();
    let labels = world.seen.config_maps[0].metadata.labels.as_mut().unwrap();
    assert_eq!(
        labels.remove("team").as_deref(),
        Some("flowers"),
        "another's stays"
    );
    assert_eq!(world.seen.config_maps, before);
}

#[test]
fn a_manifest_that_another_has_labeled_as_its_own_is_not_taken_for_it() {
    let mut world = World::serving("iris");
    world.seen.config_maps[0].metadata.owner_references = None;
    let made = world.plan().apply;
    let is_manifest = |one: &Desired| matches!(one, Desired::Create(made) if made["kind"] == "ConfigMap");
    assert!(made.iter().any(is_manifest), "{made:?}");
}

#[test]
fn a_spec_that_cannot_run_changes_nothing_about_what_answers() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.persister = None);
    golden!(world.changes());
}

#[test]
fn a_bad_spec_and_back_again_is_as_if_nothing_had_happened() {
    let mut world = World::serving("iris");
    let before = world.model.status.clone().unwrap();
    world.edit(|spec| spec.persister.as_mut().unwrap().persistent_volume_claim = None);
    world.turn();
    assert_eq!(
        told(world.model.status.as_ref().unwrap(), "Ready"),
        Some((False, "InvalidSpec"))
    );
    world.edit(|spec| {
        spec.persister.as_mut().unwrap().persistent_volume_claim = Some(auriga_crds::ClaimName {
            claim_name: "models".to_owned(),
        });
    });
    assert_eq!(world.changes().apply, []);
    let after = world.plan().status;
    assert_eq!(
        (after.active_version, after.spec_hash, after.candidate),
        (before.active_version, before.spec_hash, None)
    );
}
