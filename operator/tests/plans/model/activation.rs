//! Which version gets the traffic, and what becomes of the one before.

use auriga_crds::{
    ActivationPolicy,
    ConditionStatus::{False, True, Unknown},
};
use auriga_operator::plan::Desired;

use super::{active, told};
use crate::{
    given::{PodWords as _, World},
    golden::golden,
};

/// Version 2 answers, version 1 did before.
fn second() -> World {
    let mut world = World::second_fitted();
    world.rolls_out();
    world
}

/// The pods of version 2 have made it the active one, and the operator has not looked since.
fn second_may_serve() -> World {
    active(World::second_fitted())
}

/// The same, and it has the traffic.
fn second_is_active() -> World {
    let mut world = second_may_serve();
    world.turn();
    world
}

/// Version 2 has got the traffic a moment ago, and the pods of version 1 still answer.
fn second_just_now() -> World {
    let mut world = second_is_active();
    world.pods_answer();
    world
}

/// Version 1 is wanted, whatever else was fitted.
fn pin_first(world: &mut World) {
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Pinned;
        spec.activation.version = Some(1);
    });
}

#[test]
fn a_new_version_is_started_beside_the_one_that_answers() {
    let world = World::second_fitted();
    golden!(world.changes());
}

#[test]
fn the_traffic_waits_until_kubernetes_controllers_know_of_the_pods() {
    let mut world = second_may_serve();
    world.nothing_is_counted();
    let status = world.turn().status;
    assert_eq!(status.active_version, Some(1));
    let said = status.candidate.unwrap().message.unwrap();
    assert_eq!(
        said,
        "All pods of version 2 can answer; its Deployment counts 0 of 1 so far."
    );
    world.pods_answer();
    assert_eq!(world.turn().status.active_version, Some(2));
}

/// Version 1 answers on once the time is over that the pods of version 2 have, and this is said of them.
fn stalls(mut world: World, words: &str) {
    world.turn();
    world.pass(700);
    let status = world.turn().status;
    assert_eq!(status.active_version, Some(1));
    assert_eq!(told(&status, "Stalled"), Some((True, "RuntimeUnhealthy")));
    let said = status.candidate.unwrap().message.unwrap();
    assert!(said.contains(words), "{said}");
}

#[test]
fn controllers_that_never_learn_of_the_pods_are_told_as_such() {
    let mut world = second_may_serve();
    world.nothing_is_counted();
    stalls(world, "see whether Kubernetes' controllers run");
}

#[test]
fn a_kubelet_that_never_finds_the_pods_ready_is_told_as_such() {
    let mut world = second_may_serve();
    world.pods_of(2, |pod| pod.with_condition("Ready", "False", "", ""));
    stalls(world, "the kubelet finds only 0 of 1 ready");
}

#[test]
fn the_pods_before_keep_running_until_they_are_drained() {
    let mut world = second_is_active();
    world.pass(1);
    world.pods_answer();
    golden!(world.changes());
}

#[test]
fn the_pods_before_are_put_to_sleep_once_they_are_drained() {
    let mut world = second_just_now();
    world.pass(10);
    golden!(world.changes());
}

#[test]
fn the_version_before_the_one_before_is_deleted() {
    let mut world = second();
    world.set_c(3.0);
    world.turn();
    world.fit_ends(3);
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    golden!(world.changes());
}

#[test]
fn a_pinned_version_wakes_the_pods_that_sleep() {
    let mut world = second();
    pin_first(&mut world);
    golden!(world.changes());
}

#[test]
fn a_rollback_is_told_as_such() {
    let mut world = second();
    pin_first(&mut world);
    world.turn();
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    golden!(world.changes());
}

#[test]
fn a_rollback_to_pods_that_still_answer_moves_the_traffic_before_the_ledger() {
    let mut world = second_just_now();
    pin_first(&mut world);
    golden!(world.changes());
    world.turn();
    assert_eq!(world.ledger, [1, 2]);
    world.turn();
    world.fences_are_read();
    assert_eq!(world.ledger, [1, 2, 1]);
}

#[test]
fn a_rollback_waits_until_kubernetes_controllers_know_of_the_pods() {
    let mut world = second_just_now();
    pin_first(&mut world);
    world.nothing_is_counted();
    assert_eq!(world.turn().status.active_version, Some(2));
    world.pods_answer();
    assert_eq!(world.turn().status.active_version, Some(1));
}

#[test]
fn a_fence_of_pods_with_the_traffic_is_shown_to_the_kubelet_again_too() {
    let mut world = second_just_now();
    pin_first(&mut world);
    world.turn();
    world.turn();
    world.turn();
    world.pods_answer();
    assert_eq!(world.changes().apply, []);
    world.pass(3);
    golden!(world.changes());
    world.turn();
    world.pass(20);
    let plan = world.changes();
    let is_mark = |desired: &Desired| matches!(desired, Desired::Mark(_));
    assert!(plan.apply.iter().any(is_mark), "and again");
    assert_eq!(plan.notes, [], "nobody has activated another one");
}

#[test]
fn a_pinned_model_fits_nothing() {
    let mut world = second();
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Pinned;
        spec.activation.version = Some(2);
        spec.estimator.logistic_regression.as_mut().unwrap().c = 9.0;
    });
    let plan = world.changes();
    assert_eq!(plan.apply, []);
    assert_eq!(told(&plan.status, "Ready"), Some((True, "Pinned")));
}

#[test]
fn a_manual_version_runs_and_waits_while_the_one_before_answers() {
    let mut world = World::serving("iris");
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Manual;
        spec.estimator.logistic_regression.as_mut().unwrap().c = 2.0;
    });
    world.turn();
    world.fit_ends(2);
    world.turn();
    world.pods_answer();
    golden!(world.changes());
    world.turn();
    world.fences_are_read();
    assert_eq!(world.ledger, [1], "nobody has approved it");
}

#[test]
fn a_manual_first_version_waits_and_says_what_to_do() {
    let mut world =
        World::of("iris").edited_before(|model| model.spec.activation.policy = ActivationPolicy::Manual);
    world.turn();
    world.fit_ends(1);
    world.turn();
    world.pods_answer();
    world.turn();
    assert_eq!(
        told(&world.plan().status, "Ready"),
        Some((False, "AwaitingApproval"))
    );
    assert_eq!(
        told(&world.plan().status, "Stalled"),
        Some((True, "AwaitingApproval"))
    );
}

#[test]
fn an_approval_gives_the_waiting_version_the_fence() {
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
    world.edit(|spec| spec.activation.version = Some(2));
    golden!(world.changes());
}

#[test]
fn a_change_of_serving_alone_walks_without_activation() {
    let mut world = World::serving("iris");
    world.edit(|spec| spec.serving.entry_points[0].path = "/iris".to_owned());
    golden!(world.changes());
    world.turn();
    world.pods_answer();
    world.turn();
    assert_eq!(world.ledger, [1]);
    let service = world.seen.service.as_ref().unwrap();
    let slot = &service.spec.as_ref().unwrap().selector.as_ref().unwrap()["auriga.dev/slot"];
    assert_eq!(
        *slot,
        world.seen.slots[1].deployment.metadata.labels.as_ref().unwrap()["auriga.dev/slot"]
    );
}

#[test]
fn a_suspended_model_leaves_the_traffic_where_it_is() {
    let mut world = World::second_fitted();
    world.edit(|spec| spec.suspend = true);
    let plan = world.changes();
    assert_eq!(plan.apply, []);
    assert_eq!(told(&plan.status, "Ready"), Some((Unknown, "Suspended")));
    assert_eq!(told(&plan.status, "Suspended"), Some((True, "Suspended")));
    assert_eq!(told(&plan.status, "Active"), Some((True, "Active")));
}

#[test]
fn a_fence_that_lost_is_replaced_by_that_of_the_newer_revision() {
    let mut world = World::second_fitted();
    world.turn();
    world.pods_answer();
    world.turn();
    // Somebody else was faster.
    world.ledger.push(1);
    world.pods_answer();
    golden!(world.changes());
}
