//! From the moment that the traffic moves until requests arrive.

use std::time::Duration;

use auriga_crds::ConditionStatus::{True, Unknown};
use auriga_operator::{plan::Next, seen::Reached};

use super::{active, told};
use crate::given::World;

/// Version 1 has got the traffic a moment ago, and this came of asking the Service.
fn arriving(reached: Reached) -> World {
    let mut world = active(World::first_fitted());
    world.turn();
    world.seen.reached = reached;
    world
}

#[test]
fn what_answered_before_the_traffic_moved_makes_no_model_ready() {
    let mut world = active(World::second_fitted());
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
