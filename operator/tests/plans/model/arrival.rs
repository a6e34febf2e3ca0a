//! From the moment that the traffic moves until requests arrive.

use std::time::Duration;

use auriga_crds::{
    ActivationPolicy,
    ConditionStatus::{True, Unknown},
};
use auriga_operator::{plan::Next, seen::Reached};
use kube::ResourceExt as _;

use super::{active, told};
use crate::given::{PodWords as _, World};

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
    assert!(matches!(world.seen.reached, Reached::Answered { .. }));
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

/// The pods with the traffic have answered for so many seconds.
fn answered(seconds: u64) -> Reached {
    Reached::Answered {
        lasts: Duration::from_secs(seconds),
    }
}

/// The Service has led to other pods for so many seconds.
fn elsewhere(seconds: u64) -> Reached {
    Reached::Elsewhere {
        lasts: Duration::from_secs(seconds),
    }
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
        (elsewhere(0), "its traffic is about to arrive"),
        (elsewhere(30), "its Service leads to the pods before still"),
    ] {
        let world = arriving(reached);
        let plan = world.plan();
        assert_eq!(told(&plan.status, "Ready"), Some((Unknown, "RollingOut")));
        let ready = plan.status.conditions.iter().find(|one| one.kind == "Ready");
        let message = format!("Version 1 is active; {words}.");
        assert_eq!(ready.map(|ready| &ready.message), Some(&message));
        assert_eq!(plan.next, Next::After(world.settings.poll_rollout));
    }
    let world = arriving(answered(0));
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

/// Version 2 has got the traffic a minute ago, and this came of asking the Service since; the settings of version 2 are those of
/// version 1.
fn a_minute_after_the_switch(reached: Reached) -> World {
    let mut world = active(World::second_fitted());
    world.turn();
    world.pods_answer();
    world.turn();
    world.pass(60);
    world.seen.reached = reached;
    world
}

/// A minute after the switch to version 2, at whose pods no request has arrived, version 3 can answer. `before_each` look
/// something happens.
fn third_walks(before_each: impl Fn(&mut World)) -> World {
    let mut world = a_minute_after_the_switch(elsewhere(0));
    world.set_c(3.0);
    world.turn();
    world.fit_ends(3);
    for _ in 0..4 {
        before_each(&mut world);
        world.turn();
        world.pods_answer();
        world.fences_are_read();
        world.seen.reached = elsewhere(0);
    }
    world
}

#[test]
fn the_pods_before_stay_until_requests_arrive_at_those_with_the_traffic() {
    for reached in [
        Reached::NotAsked,
        refusing(9),
        elsewhere(0),
        elsewhere(599),
        answered(9),
    ] {
        let world = a_minute_after_the_switch(reached.clone());
        assert_eq!(world.plan().status.active_version, Some(2));
        assert_eq!(world.changes().apply, [], "{reached:?}");
    }
    for reached in [refusing(10), elsewhere(600), answered(10)] {
        let mut world = a_minute_after_the_switch(reached.clone());
        world.turn();
        assert_eq!(world.replicas_of(1), 0, "{reached:?}");
    }
}

#[test]
fn the_pods_before_stay_for_minutes_where_none_with_the_traffic_can_answer() {
    let mut world = a_minute_after_the_switch(Reached::NotAsked);
    world.pods_of(2, |pod| pod.with_condition("Ready", "False", "", ""));
    let replicas = |world: &mut World| {
        world.turn();
        world.replicas_of(1)
    };
    assert_eq!(replicas(&mut world), 1);
    world.pass(539);
    assert_eq!(replicas(&mut world), 1);
    world.pass(1);
    assert_eq!(replicas(&mut world), 0);
}

#[test]
fn the_pods_before_go_with_the_others_where_none_are_wanted() {
    let mut world = a_minute_after_the_switch(Reached::NotAsked);
    world.edit(|spec| spec.replicas = 0);
    world.turn();
    world.turn();
    assert_eq!(world.replicas_of(1), 0);
}

#[test]
fn the_traffic_moves_on_once_it_has_arrived_where_it_went_last() {
    let mut world = third_walks(|_| {});
    assert_eq!(world.turn().status.active_version, Some(2));
    assert_eq!(world.replicas_of(1), 1);
    world.seen.reached = answered(0);
    assert_eq!(world.turn().status.active_version, Some(3));
}

#[test]
fn the_way_back_is_open_before_the_traffic_has_arrived() {
    let mut world = a_minute_after_the_switch(elsewhere(0));
    world.edit(|spec| {
        spec.activation.policy = ActivationPolicy::Pinned;
        spec.activation.version = Some(1);
    });
    assert_eq!(world.turn().status.active_version, Some(1));
}

#[test]
fn the_pods_stay_that_had_the_traffic_before_others_that_died() {
    let die = |world: &mut World| world.pods_of(2, |pod| pod.with_condition("Ready", "False", "", ""));
    let mut world = third_walks(die);
    die(&mut world);
    assert_eq!(world.turn().status.active_version, Some(3));
    world.turn();
    assert_eq!(world.replicas_of(1), 1, "a node may lead to them still");
    let name = world.deployment_of(1).name_any();
    assert!(world.seen.config_maps.iter().any(|one| one.name_any() == name));
    die(&mut world);
    world.seen.reached = answered(10);
    world.pass(10);
    world.turn();
    let names = world.seen.slots.iter().map(|slot| slot.deployment.name_any());
    assert_eq!(names.filter(|name| name.contains("-v1-")).count(), 0);
}
