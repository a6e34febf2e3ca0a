//! Versions that cannot be served: the one before answers on.

use auriga_crds::{
    ConditionStatus::{False, True, Unknown},
    Model, ModelStatus, Reason,
};
use auriga_operator::{
    plan::Refusal,
    seen::{Answer, PodSeen},
};
use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};
use serde_json::json;

use super::{gets_the_traffic, told};
use crate::{
    given::{self, PodWords as _, World},
    golden::golden,
};

/// Version 1 answers, version 2 has a Deployment.
fn second_starts() -> World {
    let mut world = World::second_fitted();
    world.turn();
    world
}

fn ready_message(status: &ModelStatus) -> &str {
    let ready = status.conditions.iter().find(|one| one.kind == "Ready");
    &ready.unwrap().message
}

#[test]
fn a_version_that_fails_its_golden_requests_is_given_up() {
    let mut world = second_starts();
    world.pods_are_unwell(
        2,
        Reason::GoldenRequestFailed,
        "golden request 3 came out as virginica",
    );
    golden!(world.changes());
}

#[test]
fn a_version_that_was_given_up_stays_so_and_is_told_of() {
    let mut world = second_starts();
    world.pods_are_unwell(
        2,
        Reason::GoldenRequestFailed,
        "golden request 3 came out as virginica",
    );
    world.turn();
    golden!(world.changes());
}

#[test]
fn an_edit_gives_a_version_another_chance() {
    let mut world = second_starts();
    world.pods_are_unwell(2, Reason::ModelLoadFailed, "it cannot be loaded");
    world.turn();
    world.edit(|spec| spec.history_limit = 9);
    golden!(world.changes());
}

#[test]
fn a_pod_that_serves_another_version_is_never_given_the_fence() {
    let mut world = second_starts();
    world.pods_answer();
    let said = given::saying(7, world.model.metadata.uid.clone(), &[1]);
    world.pods_of(2, |mut seen| {
        seen.answer = Answer::Well(Box::new(said.clone()));
        seen
    });
    golden!(world.changes());
}

#[test]
fn a_pod_that_works_for_another_model_counts_for_nothing() {
    let mut world = second_starts();
    let said = given::saying(2, Some("somebody else".to_owned()), &[1]);
    world.pods_of(2, |mut seen| {
        seen.answer = Answer::Well(Box::new(said.clone()));
        seen.passes = 9;
        seen
    });
    assert_eq!(told(&world.changes().status, "Ready"), Some((Unknown, "Loading")));
    assert_eq!(world.changes().apply, []);
}

#[test]
fn a_version_whose_pods_end_again_and_again_is_given_up() {
    let mut world = second_starts();
    world.pods_of(2, |seen| started_anew(seen, 3));
    golden!(world.changes());
}

#[test]
fn a_version_that_takes_too_long_is_given_up_with_how_its_pod_ended() {
    let mut world = second_starts();
    world.pods_of(2, |seen| started_anew(seen, 1));
    world.pass(119);
    assert_eq!(told(&world.changes().status, "Ready"), Some((Unknown, "Loading")));
    world.pass(1);
    golden!(world.changes());
}

#[test]
fn a_pod_that_is_killed_for_memory_while_it_loads_is_told_with_its_limit_before_anything_is_given_up() {
    let mut world = second_starts();
    world.pods_of(2, |seen| again(seen.out_of_memory(), 1));
    let status = world.changes().status;
    assert_eq!(told(&status, "Ready"), Some((Unknown, "OOMKilled")));
    let ready = status.conditions.iter().find(|one| one.kind == "Ready").unwrap();
    assert!(ready.message.contains("limit of 2Gi"), "{}", ready.message);
}

#[test]
fn a_pod_with_the_traffic_that_is_killed_for_memory_is_told_also_once_it_answers_again() {
    let ready = |world: &World| {
        let status = world.plan().status;
        status
            .conditions
            .into_iter()
            .find(|one| one.kind == "Ready")
            .unwrap()
    };
    let with_two = |model: &mut Model| {
        given::on_postgres(&mut model.spec);
        model.spec.replicas = 2;
    };
    let mut world = World::of("iris").edited_before(with_two).settled(1);
    world.pods_of(1, |seen| again(seen.out_of_memory(), 1));
    let answers = ready(&world);
    assert_eq!((answers.status, answers.reason.as_str()), (True, "Active"));
    assert!(
        answers
            .message
            .contains("ended once: The pod used more memory than its limit of 2Gi")
    );
    // Another pod is missing, for whatever reason.
    let pods = &mut world.seen.slots[0].pods;
    let other = pods.pop().unwrap();
    let moved = ready(&world);
    assert_eq!((moved.status, moved.reason.as_str()), (Unknown, "RollingOut"));
    world.seen.slots[0].pods.push(other);
    world.pods_of(1, |mut seen| {
        seen.answer = Answer::Silent("connection refused".to_owned());
        seen.with_condition("Ready", "False", "", "")
    });
    let starts = ready(&world);
    assert_eq!((starts.status, starts.reason.as_str()), (False, "OOMKilled"));
    assert!(starts.message.contains("limit of 2Gi"), "{}", starts.message);
}

/// A pod whose container ended and waits to be started again, so many times.
fn started_anew(seen: PodSeen, restart_count: i32) -> PodSeen {
    again(seen.ended(1, 1, "out of luck"), restart_count)
}

/// A pod that ended, whose container waits to be started again, so many times.
fn again(mut ended: PodSeen, restart_count: i32) -> PodSeen {
    let status = ended.pod.status.as_mut().unwrap();
    status.phase = Some("Running".to_owned());
    let container = &mut status.container_statuses.as_mut().unwrap()[0];
    container.restart_count = restart_count;
    container.last_state = container.state.take();
    ended
}

#[test]
fn a_version_that_takes_too_long_is_given_up() {
    let mut world = second_starts();
    world.pods_of(2, |mut seen| {
        seen.answer = Answer::Silent("no answer within 2 s".to_owned());
        seen
    });
    world.pass(119);
    assert_eq!(told(&world.changes().status, "Ready"), Some((Unknown, "Loading")));
    world.pass(1);
    golden!(world.changes());
}

#[test]
fn an_image_that_cannot_be_pulled_is_waited_for() {
    let mut world = second_starts();
    world.pods_of(2, |seen| seen.waiting("ImagePullBackOff", "not found"));
    golden!(world.changes());
}

#[test]
fn a_pod_that_its_node_does_not_start_is_told_and_waited_for() {
    let mut world = second_starts();
    let since = world.now.as_second() - given::NOW.as_second();
    world.pods_of(2, |seen| {
        seen.waiting("ContainerCreating", "").on_its_node(-since)
    });
    world.pass(7);
    let status = world.turn().status;
    assert!(
        !ready_message(&status).contains("has not started"),
        "{}",
        ready_message(&status)
    );
    world.pass(1);
    golden!(world.changes());
    world.turn();
    // A registry that is slow is no fault of the version.
    world.pass(3600);
    let plan = world.turn();
    assert_eq!(told(&plan.status, "Stalled"), Some((True, "Pending")));
    assert_eq!(told(&plan.status, "CandidateRejected"), None);
    // What has started at last has its own time.
    world.pods_of(2, |seen| seen.running(1));
    world.turn();
    world.pass(119);
    assert_eq!(told(&world.turn().status, "CandidateRejected"), None);
    let mut silent = world.clone();
    silent.pass(1);
    let rejected = told(&silent.turn().status, "CandidateRejected").map(|(status, _)| status);
    assert_eq!(rejected, Some(True));
    gets_the_traffic(&mut world);
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_pod_that_its_node_does_not_start_excuses_no_other_one() {
    let mut world = second_starts();
    let since = world.now.as_second() - given::NOW.as_second();
    world.pods_of(2, |seen| {
        let mut silent = seen.running(1);
        silent.answer = Answer::Silent("no answer within 2 s".to_owned());
        silent
    });
    let slot = world.seen.slots.iter_mut().last().unwrap();
    let mut late = slot.pods[0].clone();
    late.answer = Answer::NotAsked;
    slot.pods
        .push(late.waiting("ContainerCreating", "").on_its_node(-since));
    world.pass(120);
    let rejected = told(&world.turn().status, "CandidateRejected").map(|(status, _)| status);
    assert_eq!(rejected, Some(True));
}

#[test]
fn a_pod_more_that_does_not_start_is_told_and_the_others_answer_on() {
    let mut world = World::of("iris")
        .edited_before(|model| given::on_postgres(&mut model.spec))
        .settled(1);
    world.edit(|spec| spec.replicas = 2);
    world.turn();
    let since = world.now.as_second() - given::NOW.as_second();
    let slot = &mut world.seen.slots[0];
    let mut late = slot.pods[0].clone();
    late.answer = Answer::NotAsked;
    late.pod.status.as_mut().unwrap().conditions = None;
    slot.pods
        .push(late.waiting("ContainerCreating", "").on_its_node(-since));
    world.pass(3600);
    let status = world.turn().status;
    assert_eq!(told(&status, "Ready"), Some((Unknown, "RollingOut")));
    assert_eq!(told(&status, "Stalled"), None);
    assert!(
        ready_message(&status).starts_with("Version 1 answers on 1 of 2 pods. Pod "),
        "{}",
        ready_message(&status)
    );
}

#[test]
fn a_container_that_has_run_before_is_told_by_how_it_ended() {
    let mut world = second_starts();
    world.pods_of(2, |seen| {
        let mut seen = again(seen.ended(1, 137, ""), 1).on_its_node(60);
        let statuses = seen.pod.status.as_mut().unwrap().container_statuses.as_mut();
        let waiting = json!({ "waiting": { "reason": "ContainerCreating" } });
        statuses.unwrap()[0].state = serde_json::from_value(waiting).unwrap();
        seen
    });
    let status = world.plan().status;
    let message = ready_message(&status);
    assert!(!message.contains("has not started so far"), "{message}");
}

#[test]
fn an_image_for_another_machine_is_named_and_waited_for_however_often_it_was_started() {
    for restarts in [0, 7] {
        let mut world = second_starts();
        let words = "exec /usr/local/bin/auriga: exec format error\n";
        world.pods_of(2, |seen| again(seen.ended(1, 1, words), restarts));
        world.turn();
        assert_eq!(
            told(&world.plan().status, "Ready"),
            Some((False, "ImagePullFailed"))
        );
        world.pass(3600);
        let status = world.plan().status;
        assert_eq!(told(&status, "Stalled"), Some((True, "ImagePullFailed")));
        assert_eq!(told(&status, "CandidateRejected"), None);
        let message = ready_message(&status);
        assert!(
            message.contains("Image auriga:test is for another kind of machine than its node"),
            "{message}"
        );
    }
}

#[test]
fn an_image_that_was_corrected_is_started_where_nothing_answered_before() {
    let mut world = second_starts();
    world.pods_of(2, |seen| seen.waiting("ImagePullBackOff", "not found"));
    world.turn();
    world.settings.image = "auriga:corrected".to_owned();
    golden!(world.changes());
}

#[test]
fn what_lies_outside_of_a_version_stalls_it_after_its_time_and_gives_it_up_never() {
    let mut world = second_starts();
    world.pods_are_unwell(2, Reason::PersisterUnavailable, "connection refused");
    assert_eq!(
        told(&world.plan().status, "Ready"),
        Some((False, "PersisterUnavailable"))
    );
    assert_eq!(told(&world.plan().status, "Stalled"), None);
    world.pass(3600);
    assert_eq!(
        told(&world.plan().status, "Stalled"),
        Some((True, "PersisterUnavailable"))
    );
    assert_eq!(told(&world.plan().status, "Reconciling"), None);
    gets_the_traffic(&mut world);
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn a_quota_that_is_reached_is_told_in_the_api_servers_words() {
    let mut world = second_starts();
    world.deployment_of(2).status = Some(DeploymentStatus {
        conditions: Some(vec![DeploymentCondition {
            type_: "ReplicaFailure".to_owned(),
            status: "True".to_owned(),
            reason: Some("FailedCreate".to_owned()),
            message: Some("pods \"iris\" is forbidden: exceeded quota: few".to_owned()),
            ..DeploymentCondition::default()
        }]),
        ..DeploymentStatus::default()
    });
    golden!(world.changes());
}

#[test]
fn a_refit_that_cannot_be_served_leaves_the_model_ready() {
    let mut world = World::serving("iris");
    world.annotate("auriga.dev/refit-at", "now");
    world.turn();
    world.fit_ends(2);
    world.turn();
    world.pods_are_unwell(2, Reason::GoldenRequestFailed, "golden request 3");
    world.turn();
    let status = world.plan().status;
    assert_eq!(told(&status, "Ready"), Some((True, "Active")));
    assert_eq!(
        told(&status, "CandidateRejected"),
        Some((True, "GoldenRequestFailed"))
    );
    assert_eq!(told(&status, "Stalled"), None);
}

#[test]
fn a_name_that_is_taken_is_told_and_the_next_turn_heals() {
    let world = World::of("iris");
    let plan = world.plan();
    let refusal = Refusal {
        object: "Service iris".to_owned(),
        reason: Reason::NameConflict,
        message: "belongs to somebody else; rename the Model".to_owned(),
    };
    let status = auriga_operator::model::decide::refused(&world.model, plan.status, &[refusal], world.now);
    assert_eq!(told(&status, "Ready"), Some((False, "NameConflict")));
    assert_eq!(told(&status, "Stalled"), Some((True, "NameConflict")));
    assert_eq!(told(&status, "Reconciling"), None);
    let mut world = world;
    world.model.status = Some(status);
    assert_eq!(told(&world.plan().status, "Ready"), Some((Unknown, "Fitting")));
    assert_ne!(told(&world.plan().status, "Ready"), Some((False, "Fitting")));
}
