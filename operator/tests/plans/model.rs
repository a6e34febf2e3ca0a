//! What a Model's turn decides. Files show what changes; objects that are so already are left out.

mod activation;
mod adversity;
mod arrival;
mod deletion;
mod failures;
mod first;
mod fits;
mod steady;

use auriga_crds::{ConditionStatus, ModelStatus};

use crate::given::World;

/// Status and reason of the summary, or of another condition.
fn told<'a>(status: &'a ModelStatus, kind: &str) -> Option<(ConditionStatus, &'a str)> {
    let condition = status.conditions.iter().find(|one| one.kind == kind)?;
    Some((condition.status, condition.reason.as_str()))
}

/// The newest version was fitted; its pods are there by now, and have said often enough that they can answer.
fn passed(mut world: World) -> World {
    world.turn();
    world.pods_answer();
    world
}

/// As [`passed`], and they have made their version the active one.
fn active(world: World) -> World {
    let mut world = passed(world);
    world.turn();
    world.fences_are_read();
    world
}

/// Pods that have started make their version the active one and get the traffic, and what follows from that is done.
fn gets_the_traffic(world: &mut World) {
    world.pods_answer();
    world.turn();
    world.fences_are_read();
    world.turn();
    world.pods_answer();
    world.turn();
}
