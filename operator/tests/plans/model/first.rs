//! The way of a Model's first version, one file a step.

use std::time::Duration;

use auriga_crds::ConditionStatus::{True, Unknown};

use auriga_operator::{plan::Next, seen::Reached};

use super::told;
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
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    golden!(world.changes());
}

#[test]
fn one_pass_is_not_enough_for_the_fence() {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    world.pods_of(1, |mut seen| {
        seen.passes = 1;
        seen
    });
    assert_eq!(told(&world.changes().status, "Ready"), Some((Unknown, "Probing")));
    assert_eq!(world.changes().apply, []);
}

#[test]
fn a_version_that_is_active_gets_the_traffic() {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    golden!(world.changes());
}

/// Version 1 has got the traffic a moment ago, and this came of asking the Service.
fn arriving(reached: Reached) -> World {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    world.turn();
    world.seen.reached = reached;
    world
}

#[test]
fn what_answered_before_the_traffic_moved_makes_no_model_ready() {
    let mut world = World::second_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    assert_eq!(world.seen.reached, Reached::Answered);
    let plan = world.turn();
    assert_eq!(plan.status.active_version, Some(2));
    assert_eq!(told(&plan.status, "Ready"), Some((Unknown, "RollingOut")));
    world.pods_answer();
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_service_that_is_silent_during_a_fit_is_no_matter() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    world.turn();
    world.seen.reached = refusing(0);
    let plan = world.plan();
    assert_eq!(told(&plan.status, "RuntimeReady"), Some((True, "Active")));
    assert_eq!(plan.next, Next::After(world.settings.poll_serving));
}

/// The Service could not be reached for so many seconds.
fn refusing(seconds: u64) -> Reached {
    Reached::Silent {
        why: "cannot be reached at 10.0.0.1:80: the connection was refused".to_owned(),
        lasts: Duration::from_secs(seconds),
    }
}

#[test]
fn a_model_is_not_called_ready_before_its_service_answers() {
    for (reached, words) in [
        (Reached::NotAsked, "its traffic is about to arrive"),
        (refusing(0), "its traffic is about to arrive"),
        (
            refusing(4),
            "its Service cannot be reached at 10.0.0.1:80: the connection was refused",
        ),
    ] {
        let world = arriving(reached);
        let plan = world.plan();
        assert_eq!(told(&plan.status, "Ready"), Some((Unknown, "RollingOut")));
        let ready = plan.status.conditions.iter().find(|one| one.kind == "Ready");
        let message = format!("Version 1 is active; {words}.");
        assert_eq!(ready.map(|ready| &ready.message), Some(&message));
        assert_eq!(plan.next, Next::After(world.settings.poll_rollout));
    }
    let world = arriving(Reached::Answered);
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_service_that_the_operator_alone_cannot_reach_keeps_no_model_from_being_ready() {
    let mut world = arriving(refusing(10));
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
    world.turn();
    world.seen.reached = refusing(1);
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_model_that_comes_back_is_ready_once_its_service_answers() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.replicas = 0);
    world.turn();
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "ScaledToZero")));
    world.edit(|spec| spec.replicas = 1);
    world.turn();
    assert_eq!(told(&world.plan().status, "Ready"), Some((Unknown, "RollingOut")));
    world.turn();
    world.pods_answer();
    world.seen.reached = Reached::NotAsked;
    let awaiting = world.plan();
    assert_eq!(told(&awaiting.status, "Ready"), Some((Unknown, "RollingOut")));
    world.pods_answer();
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_fence_without_effect_is_shown_to_the_kubelet_again() {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    world.pods_answer();
    assert_eq!(world.changes().apply, []);
    world.pass(3);
    golden!(world.changes());
}

#[test]
fn an_active_version_that_the_kubelet_does_not_find_ready_gets_no_traffic() {
    let mut world = World::first_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
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
