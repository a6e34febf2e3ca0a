//! Orders of events that nobody plans for.

use auriga_crds::{
    ActivationPolicy,
    ConditionStatus::{True, Unknown},
    Model, Reason, VersionNumber,
};
use auriga_operator::{
    labels,
    plan::Next,
    seen::{Answer, PodSeen},
};
use jiff::SignedDuration;
use kube::ResourceExt as _;

use super::{gets_the_traffic, told};
use crate::{
    given::{self, PodWords as _, World},
    golden::golden,
};

/// Version 1 answers, version 2 has a Deployment.
fn second() -> World {
    let mut world = World::second_fitted();
    world.turn();
    world
}

/// Version 2 has had the traffic for two seconds, and the pods of version 1 still answer.
fn second_just_now() -> World {
    let mut world = second();
    gets_the_traffic(&mut world);
    assert!(slot_with_traffic(&world).starts_with("v2-"));
    world.pass(2);
    world
}

/// Version 1 answers, version 2 can and waits for approval.
fn waiting() -> World {
    let mut world = World::serving("iris");
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Manual;
        spec.estimator.logistic_regression.as_mut().unwrap().c = 2.0;
    });
    world.turn();
    world.fit_ends(2);
    world.turn();
    world.pods_answer();
    world.turn();
    world
}

/// A pod that refused whoever asked it last.
fn silent(mut seen: PodSeen) -> PodSeen {
    seen.answer = Answer::Silent("the connection was refused".to_owned());
    seen.passes = 0;
    seen
}

fn asked_once(world: &mut World, version: u64) {
    world.pods_of(version, |mut seen| {
        seen.passes = 1;
        seen
    });
}

fn slot_with_traffic(world: &World) -> String {
    let service = world.seen.service.as_ref().unwrap();
    service.spec.as_ref().unwrap().selector.as_ref().unwrap()["auriga.dev/slot"].clone()
}

#[test]
fn a_store_that_is_back_after_the_deadline_gives_its_version_a_deadline_of_its_own() {
    let mut world = second();
    world.pods_are_unwell(2, Reason::PersisterUnavailable, "connection refused");
    world.turn();
    world.pass(3600);
    world.turn();
    assert_eq!(
        told(&world.plan().status, "Stalled"),
        Some((True, "PersisterUnavailable"))
    );
    world.pods_answer();
    asked_once(&mut world, 2);
    assert_eq!(told(&world.plan().status, "Ready"), Some((Unknown, "Probing")));
    world.rolls_out();
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

#[test]
fn an_image_that_is_there_after_the_deadline_is_started() {
    let mut world = second();
    world.pods_of(2, |seen| seen.waiting("ImagePullBackOff", "not found"));
    world.turn();
    world.pass(3600);
    world.turn();
    world.pods_of(2, |seen| seen.waiting("ContainerCreating", ""));
    assert_eq!(told(&world.plan().status, "Ready"), Some((Unknown, "Loading")));
}

#[test]
fn a_container_that_cannot_be_run_gains_no_time_between_its_attempts() {
    let mut world = second();
    for _ in 0..15 {
        world.pods_of(2, |seen| seen.waiting("RunContainerError", "exec failed"));
        world.pass(4);
        world.turn();
        world.pods_of(2, |seen| seen.waiting("CrashLoopBackOff", "back-off 10s"));
        world.pass(4);
        world.turn();
    }
    assert_eq!(
        told(&world.plan().status, "CandidateRejected"),
        Some((True, "ProgressDeadlineExceeded"))
    );
}

#[test]
fn a_clock_that_is_set_ends_no_deadline_and_holds_none_up() {
    for by in [3600_i64, -3600] {
        let mut world = second();
        world.pods_of(2, |seen| seen.waiting("ContainerCreating", ""));
        world.turn();
        world.pass(100);
        world.now += SignedDuration::from_secs(by);
        world.seen.clock_set_at = Some(world.now);
        let is_rejected = |world: &World| told(&world.plan().status, "CandidateRejected").is_some();
        assert!(!is_rejected(&world), "set by {by} s");
        world.turn();
        world.pass(119);
        assert!(!is_rejected(&world), "set by {by} s");
        world.pass(2);
        assert!(is_rejected(&world), "set by {by} s");
    }
}

#[test]
fn pods_that_answer_at_the_first_look_after_the_deadline_get_a_second_one() {
    let mut world = second();
    world.pods_of(2, |seen| seen.waiting("ContainerCreating", ""));
    world.turn();
    // The operator was away, or had others to look at.
    world.pass(600);
    world.pods_answer();
    asked_once(&mut world, 2);
    assert_eq!(told(&world.plan().status, "Ready"), Some((Unknown, "Probing")));
    assert_eq!(world.plan().next, Next::After(world.settings.poll_rollout));
    let mut flapping = world;
    flapping.pods_of(2, silent);
    assert_eq!(
        told(&flapping.plan().status, "CandidateRejected"),
        Some((True, "ProgressDeadlineExceeded"))
    );
}

#[test]
fn a_version_that_waits_for_approval_outlives_the_operator_and_its_node() {
    let mut world = waiting();
    world.pass(3600);
    asked_once(&mut world, 1);
    asked_once(&mut world, 2);
    world.turn();
    assert_eq!(told(&world.plan().status, "CandidateRejected"), None);
    world.pods_of(2, |mut seen| {
        seen.answer = Answer::NotAsked;
        seen.passes = 0;
        seen.waiting("ContainerCreating", "")
    });
    world.turn();
    assert_eq!(told(&world.plan().status, "CandidateRejected"), None);
    world.pods_answer();
    world.turn();
    assert_eq!(
        told(&world.plan().status, "Ready"),
        Some((True, "AwaitingApproval"))
    );
}

#[test]
fn a_version_that_waits_for_approval_is_asked_as_seldom_as_one_that_serves() {
    let world = waiting();
    assert_eq!(world.plan().next, Next::After(world.settings.poll_serving));
}

#[test]
fn an_approval_that_is_withdrawn_takes_the_fence_back() {
    let mut world = waiting();
    world.edit(|spec| spec.activation.version = Some(2));
    world.turn();
    world.edit(|spec| spec.activation.version = None);
    golden!(world.changes());
}

#[test]
fn a_service_that_is_deleted_during_a_fit_costs_no_pod() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    world.turn();
    world.seen.service = None;
    golden!(world.changes());
    world.turn();
    assert!(slot_with_traffic(&world).starts_with("v1-"));
    assert_eq!(world.changes().delete, []);
}

#[test]
fn a_suspended_model_wakes_nothing_and_moves_nothing() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.serving.entry_points[0].path = "/iris".to_owned());
    world.rolls_out();
    let before = slot_with_traffic(&world);
    world.edit(|spec| {
        spec.suspend = true;
        spec.serving.entry_points[0].path = "/predict".to_owned();
    });
    for _ in 0..3 {
        world.turn();
        world.pods_answer();
    }
    assert_eq!(slot_with_traffic(&world), before);
    assert!(world.seen.slots.iter().any(|slot| slot.pods.is_empty()));
}

#[test]
fn the_version_before_is_known_after_a_change_of_serving_and_a_wiped_status() {
    let mut world = second();
    world.rolls_out();
    world.edit(|spec| spec.serving.entry_points[0].path = "/iris".to_owned());
    world.rolls_out();
    world.model.status = None;
    assert_eq!(world.plan().status.previous_version, Some(1));
}

#[test]
fn the_version_before_is_that_of_the_ledger_when_the_service_is_older() {
    let mut world = World::serving("iris");
    assert_eq!(world.plan().status.previous_version, None);
    for seen in world.seen.slots.iter_mut().flat_map(|slot| &mut slot.pods) {
        if let Answer::Well(alive) = &mut seen.answer {
            alive.previous_version = VersionNumber::new(3);
        }
    }
    world.model.status = Some(world.plan().status);
    assert_eq!(world.plan().status.previous_version, Some(3));
    for seen in world.seen.slots.iter_mut().flat_map(|slot| &mut slot.pods) {
        seen.answer = Answer::Silent("does not answer".to_owned());
    }
    assert_eq!(
        world.plan().status.previous_version,
        Some(3),
        "nobody says otherwise"
    );
}

#[test]
fn a_version_that_is_approved_before_it_exists_is_served_once_it_does() {
    let mut world = World::serving("iris");
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Manual;
        spec.activation.version = Some(2);
        spec.estimator.logistic_regression.as_mut().unwrap().c = 2.0;
    });
    world.turn();
    world.pods_are_unwell(2, Reason::VersionNotFound, "there is no version 2");
    world.turn();
    world.pass(5);
    world.fit_ends(2);
    world.rolls_out();
    assert_eq!(world.ledger, [1, 2]);
    assert_eq!(world.seen.training_jobs.len(), 2, "nothing was fitted twice");
}

#[test]
fn the_annotation_that_a_rejection_names_gives_the_version_another_chance() {
    let mut world = second();
    world.pods_are_unwell(2, Reason::ModelLoadFailed, "out of memory");
    world.turn();
    world.annotate(labels::REFIT_AT, "now");
    world.turn();
    world.fit_ends(2);
    world.rolls_out();
    assert_eq!(world.ledger, [1, 2]);
}

#[test]
fn a_lost_version_that_was_fitted_by_hand_is_fitted_again() {
    let mut world = second();
    for job in &mut world.seen.training_jobs {
        job.metadata.owner_references = None;
        job.metadata.name = job.metadata.name.take().map(|name| format!("by-hand-{name}"));
    }
    world.pass(5);
    world.pods_are_unwell(2, Reason::VersionNotFound, "gone");
    world.turn();
    world.turn();
    world.fit_ends(3);
    world.rolls_out();
    assert_eq!(world.ledger, [1, 3]);
}

#[test]
fn an_operator_that_begins_to_ask_doubts_nothing_that_serves() {
    let mut world = World::serving("iris");
    let before = world.model.status.clone().unwrap();
    asked_once(&mut world, 1);
    assert_eq!(world.plan().status, before);
    world.pods_of(1, |mut seen| {
        seen.passes = 0;
        seen.answer = Answer::Silent("no answer within 2 s".into());
        seen
    });
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Active")));
}

/// What the summary of a Model says whose pods of a version have been silent for so long.
fn said_of_silence(world: &mut World, version: u64, seconds: u64) -> String {
    world.pods_of(version, |mut seen| {
        seen.passes = 0;
        seen.answer = Answer::Silent("gave no answer at /alive within 2 s".into());
        seen.silent_for = std::time::Duration::from_secs(seconds);
        seen
    });
    let status = world.plan().status;
    let ready = status.conditions.iter().find(|one| one.kind == "Ready");
    ready.unwrap().message.clone()
}

#[test]
fn a_pod_that_is_silent_for_long_is_named_whether_it_serves_or_is_about_to() {
    let named = |said: &str| said.contains("does not answer at /alive: gave no answer at /alive within 2 s.");
    let mut serving = World::serving("iris");
    assert!(!named(&said_of_silence(&mut serving, 1, 4)));
    let said = said_of_silence(&mut serving, 1, 5);
    assert!(named(&said), "{said}");
    assert_eq!(told(&serving.plan().status, "Ready"), Some((True, "Active")));
    let mut candidate = second();
    assert!(!named(&said_of_silence(&mut candidate, 2, 4)));
    let said = said_of_silence(&mut candidate, 2, 5);
    assert!(named(&said), "{said}");
}

#[test]
fn a_fit_of_something_else_than_asked_for_is_repeated_and_never_called_ready() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    for version in 2..5 {
        world.turn();
        world.fit_ends(version);
        let job = world.seen.training_jobs.last_mut().unwrap();
        job.status.as_mut().unwrap().fit_hash = Some("v1-other".to_owned());
    }
    world.turn();
    world.turn();
    let status = world.plan().status;
    let ready = told(&status, "Ready");
    assert_ne!(ready.map(|(status, _)| status), Some(True), "{ready:?}");
    assert!(world.plan().next != Next::OnChange);
}

#[test]
fn an_activation_that_nobody_can_write_down_stalls_and_says_where_to_look() {
    let mut world = second();
    world.pods_answer();
    for _ in 0..3 {
        world.turn();
        world.pods_answer();
    }
    world.pass(120);
    world.pods_answer();
    golden!(world.changes());
}

#[test]
fn a_version_that_ends_with_its_node_keeps_the_traffic_that_it_got_a_moment_ago() {
    for (exit_code, reason) in [(137, "Error"), (255, "Unknown"), (1, "Error")] {
        let mut world = second_just_now();
        world.pods_of(2, |seen| {
            let mut ended = seen.ended(0, exit_code, "");
            ended.answer = Answer::Silent("connection refused".to_owned());
            let status = ended.pod.status.as_mut().unwrap();
            status.phase = Some("Running".to_owned());
            let container = &mut status.container_statuses.as_mut().unwrap()[0];
            let state = container.state.as_mut().unwrap();
            state.terminated.as_mut().unwrap().reason = Some(reason.to_owned());
            ended.with_condition("Ready", "False", "", "")
        });
        world.turn();
        let has_traffic = if exit_code == 1 { "v1-" } else { "v2-" };
        assert!(slot_with_traffic(&world).starts_with(has_traffic), "{exit_code}");
    }
}

#[test]
fn a_version_that_is_given_up_loses_the_traffic_also_where_its_deployment_was_written_alone() {
    let mut world = second_just_now();
    world.pods_are_unwell(2, Reason::ModelLoadFailed, "it cannot predict");
    world.turn_without("Service");
    assert!(slot_with_traffic(&world).starts_with("v2-"));
    world.pass(60);
    world.turn();
    assert!(slot_with_traffic(&world).starts_with("v1-"));
    world.turn();
    assert_eq!(world.replicas_of(2), 0);
    let given_up = Some((True, "ModelLoadFailed"));
    assert_eq!(told(&world.plan().status, "CandidateRejected"), given_up);
}

#[test]
fn a_version_that_dies_once_it_has_the_traffic_gives_it_back() {
    let mut world = second_just_now();
    world.pods_are_unwell(2, Reason::ModelLoadFailed, "it cannot predict");
    golden!(world.changes());
    world.turn();
    assert!(slot_with_traffic(&world).starts_with("v1-"));
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    assert_eq!(world.ledger, [1, 2, 1]);
    assert_eq!(
        told(&world.plan().status, "CandidateRejected"),
        Some((True, "ModelLoadFailed"))
    );
}

#[test]
fn a_version_that_dies_gives_the_traffic_back_to_what_is_left_of_the_one_before() {
    let with_three = |model: &mut Model| {
        given::on_postgres(&mut model.spec);
        model.spec.replicas = 3;
    };
    let mut world = World::of("iris").edited_before(with_three).settled(1);
    world.set_c(2.0);
    world.turn();
    world.fit_ends(2);
    world.turn();
    gets_the_traffic(&mut world);
    assert!(slot_with_traffic(&world).starts_with("v2-"));
    world.pass(2);
    let before = world
        .seen
        .slots
        .iter_mut()
        .find(|slot| slot.deployment.name_any().contains("-v1-"));
    before.unwrap().pods.pop();
    world.pods_are_unwell(2, Reason::ModelLoadFailed, "it cannot predict");
    world.turn();
    assert!(slot_with_traffic(&world).starts_with("v1-"));
}

#[test]
fn a_version_whose_node_dies_with_that_of_the_one_before_is_not_given_up() {
    let mut world = second_just_now();
    // The kubelet has not told of the pods before yet that they are gone, too.
    world.pods_of(1, silent);
    world.pods_of(2, |seen| {
        let mut seen = silent(seen);
        seen.pod.status.as_mut().unwrap().conditions = None;
        seen
    });
    world.turn();
    assert!(slot_with_traffic(&world).starts_with("v2-"));
    assert_eq!(told(&world.plan().status, "CandidateRejected"), None);
}

#[test]
fn a_deployment_that_was_deleted_after_an_edit_is_made_as_it_was() {
    let mut world = World::serving("iris");
    world.edit(|spec| {
        spec.serving.entry_points[0].path = "/iris".to_owned();
        spec.estimator.logistic_regression.as_mut().unwrap().c = 2.0;
    });
    world.turn();
    let name = world.seen.slots[0].deployment.metadata.name.clone();
    world.seen.slots.clear();
    world.turn();
    assert_eq!(world.seen.slots.len(), 1);
    assert_eq!(world.seen.slots[0].deployment.metadata.name, name);
}

#[test]
fn a_switch_that_another_clock_dates_in_the_future_drains_as_long_as_any() {
    let mut world = second();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    world.turn();
    world.pods_answer();
    world.pass(-3600);
    world.turn();
    assert!(world.seen.slots.iter().all(|slot| !slot.pods.is_empty()));
}

fn to_postgres(world: &mut World) {
    world.edit(|spec| {
        given::on_postgres(spec);
        spec.replicas = 2;
    });
}

#[test]
fn another_store_has_to_be_fitted_for_while_the_old_one_answers_on_its_one_pod() {
    let mut world = second();
    world.rolls_out();
    to_postgres(&mut world);
    golden!(world.changes());
}

#[test]
fn the_first_version_of_another_store_gets_the_traffic_though_its_number_is_lower() {
    let mut world = second();
    world.rolls_out();
    to_postgres(&mut world);
    world.turn();
    world.fit_ends(1);
    // The ledger of the new store is empty.
    world.ledger.clear();
    world.rolls_out();
    let status = world.plan().status;
    assert_eq!(told(&status, "Ready"), Some((True, "Active")));
    assert_eq!((status.active_version, status.ready_replicas), (Some(1), Some(2)));
    assert_eq!(world.changes().apply, []);
}

#[test]
fn a_version_with_other_bytes_than_its_fit_wrote_is_given_up_and_fitted_again() {
    let mut world = second();
    world.pods_answer();
    let foreign = auriga_crds::Digest::of(b"somebody else's version 2");
    world.pods_of(2, |mut seen| {
        if let Answer::Well(alive) = &mut seen.answer {
            alive.model.as_mut().unwrap().metadata.digest = foreign;
        }
        seen
    });
    let plan = world.turn();
    assert_eq!(
        told(&plan.status, "CandidateRejected"),
        Some((True, "DigestMismatch"))
    );
    world.pass(1);
    golden!(world.changes());
}

#[test]
fn pods_that_have_not_heard_of_the_newest_activation_are_not_taken_for_active() {
    let mut world = second();
    world.rolls_out();
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Pinned;
        spec.activation.version = Some(1);
    });
    world.turn();
    world.pods_answer();
    let old = given::saying(1, world.model.metadata.uid.clone(), &[1]);
    world.pods_of(1, |mut seen| {
        seen.answer = Answer::Well(Box::new(old.clone()));
        seen
    });
    let status = world.turn().status;
    assert_ne!(told(&status, "Ready"), Some((True, "Pinned")));
    world.rolls_out();
    assert_eq!(told(&world.plan().status, "Ready"), Some((True, "Pinned")));
    assert_eq!(world.ledger, [1, 2, 1]);
}
