//! The way of a Model's first version, one file a step.

use auriga_crds::ConditionStatus::{True, Unknown};

use super::{active, passed, told};
use crate::{
    given::{Words as _, World},
    golden::golden,
};

#[test]
fn a_new_model_takes_its_name_and_begins_a_fit() {
    golden!(World::of("iris").changes());
}

#[test]
fn while_the_fit_runs_its_progress_is_told_and_nothing_is_done() {
    let mut world = World::of("iris");
    world.turn();
    let status = &mut world.unfinished().status;
    *status = Some(auriga_crds::TrainingJobStatus {
        state: Some("Running".to_owned()),
        reason: Some("Running".to_owned()),
        message: Some("45 % of iris is fitted.".to_owned()),
        trainer_status: Some(auriga_crds::contract::TrainerStatus {
            progress_percentage: Some(45),
            ..Default::default()
        }),
        ..Default::default()
    });
    golden!(world.changes());
}

#[test]
fn the_first_version_gets_a_deployment_with_pods_as_the_spec_says() {
    let world = World::first_fitted();
    golden!(world.changes());
}

#[test]
fn pods_that_load_are_asked_soon_again() {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_start();
    golden!(world.changes());
}

#[test]
fn pods_that_have_passed_get_the_fence() {
    golden!(passed(World::first_fitted()).changes());
}

#[test]
fn one_pass_is_not_enough_for_the_fence() {
    let mut world = passed(World::first_fitted());
    world.pods_of(1, |mut seen| {
        seen.passes = 1;
        seen
    });
    assert_eq!(told(&world.changes().status, "Ready"), Some((Unknown, "Probing")));
    assert_eq!(world.changes().apply, []);
}

#[test]
fn a_version_that_is_active_gets_the_traffic() {
    golden!(active(World::first_fitted()).changes());
}

#[test]
fn a_fence_without_effect_is_shown_to_the_kubelet_again() {
    let mut world = passed(World::first_fitted());
    world.turn();
    world.pods_answer();
    assert_eq!(world.changes().apply, []);
    world.pass(3);
    golden!(world.changes());
}

#[test]
fn an_active_version_that_the_kubelet_does_not_find_ready_gets_no_traffic() {
    let mut world = active(World::first_fitted());
    world.pods_of(1, |mut seen| {
        seen.pod.status.as_mut().unwrap().conditions = None;
        seen
    });
    assert_eq!(world.changes().apply, []);
}

#[test]
fn every_replica_must_pass_before_one_of_them_activates() {
    let mut world = World::of("iris").edited_before(|model| {
        model.spec.replicas = 2;
        model.spec.persister.as_mut().unwrap().persistent_volume_claim = None;
        model.spec.persister.as_mut().unwrap().uri = "postgres://db/auriga".to_owned();
    });
    world.turn();
    world.fit_ends(1);
    world.turn();
    world.pods_answer();
    world.seen.slots[0].pods[1].answer = auriga_operator::seen::Answer::NotAsked;
    world.seen.slots[0].pods[1].passes = 0;
    golden!(world.changes());
}

#[test]
fn two_replicas_get_a_disruption_budget_with_the_traffic() {
    let mut world = World::of("iris").edited_before(|model| {
        model.spec.replicas = 2;
        model.spec.persister.as_mut().unwrap().persistent_volume_claim = None;
        model.spec.persister.as_mut().unwrap().uri = "postgres://db/auriga".to_owned();
    });
    world.turn();
    world.fit_ends(1);
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    golden!(world.changes());
}

#[test]
fn every_example_walks_from_apply_to_ready() {
    for example in ["breast-cancer", "diabetes", "iris", "wine"] {
        let world = World::serving(example);
        let status = world.model.status.as_ref().unwrap();
        assert_eq!(told(status, "Ready"), Some((True, "Active")), "{example}");
        assert_eq!(
            (status.active_version, world.ledger.as_slice()),
            (Some(1), [1].as_slice())
        );
    }
}

#[test]
fn a_model_for_kueue_hands_its_queue_to_its_fits() {
    let queued = World::of("iris").edited_before(|model| {
        *model = model.clone().labeled("kueue.x-k8s.io/queue-name", "research");
    });
    golden!(queued.changes());
}
