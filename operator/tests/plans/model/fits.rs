//! When a Model is fitted, and what is kept of its fits.

use auriga_crds::{
    ConditionStatus::{False, True, Unknown},
    Reason,
};
use auriga_operator::labels;

use super::told;
use crate::{given::World, golden::golden};

#[test]
fn another_hyperparameter_begins_a_fit_while_the_version_before_answers() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    golden!(world.changes());
}

#[test]
fn an_edit_during_a_fit_takes_its_place() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    world.turn();
    world.set_c(3.0);
    golden!(world.changes());
}

#[test]
fn going_back_to_what_was_fitted_before_needs_no_fit() {
    let mut world = World::second_fitted();
    world.rolls_out();
    world.set_c(0.3);
    golden!(world.changes());
}

#[test]
fn a_refit_that_was_asked_for_leaves_the_model_ready() {
    let mut world = World::serving("iris");
    world.annotate(labels::REFIT_AT, "2026-01-02");
    golden!(world.changes());
}

#[test]
fn a_refit_is_done_once_for_each_value_of_its_annotation() {
    let mut world = World::serving("iris");
    world.annotate(labels::REFIT_AT, "2026-01-02");
    world.turn();
    world.fit_ends(2);
    world.rolls_out();
    assert_eq!(world.changes().apply, []);
    assert_eq!(world.model.status.as_ref().unwrap().active_version, Some(2));
    world.annotate(labels::REFIT_AT, "2026-01-03");
    assert_eq!(world.changes().apply.len(), 1);
}

#[test]
fn data_that_cannot_be_learned_from_are_tried_again_after_a_while() {
    let mut world = World::of("iris");
    world.turn();
    world.fit_fails(
        Reason::InvalidData,
        "iris.csv, row 17, column \"sepal length\": \"n/a\" is not a number",
    );
    golden!(world.changes());
}

#[test]
fn a_fit_that_failed_is_tried_again_when_its_time_has_come() {
    let mut world = World::of("iris");
    world.turn();
    world.fit_fails(Reason::InvalidData, "row 17");
    world.pass(299);
    assert_eq!(world.changes().apply, []);
    world.pass(1);
    golden!(world.changes());
}

#[test]
fn a_fit_that_failed_is_tried_again_at_once_when_the_model_was_edited() {
    let mut world = World::of("iris");
    world.turn();
    world.fit_fails(Reason::OOMKilled, "more memory than its limit of 2Gi");
    world.pass(100_000);
    assert_eq!(world.changes().apply, [], "more of the same is no use");
    world.edit(|spec| spec.training.backoff_limit = 1);
    golden!(world.changes());
}

#[test]
fn an_autoscaler_that_changes_the_number_of_pods_is_no_reason_to_try_again() {
    let mut world = World::of("iris");
    world.turn();
    world.fit_fails(Reason::OOMKilled, "more memory than its limit of 2Gi");
    world.edit(|spec| spec.replicas = 0);
    assert_eq!(world.changes().apply, []);
}

#[test]
fn a_fit_that_cannot_begin_is_made_anew_after_an_edit() {
    let mut world = World::of("iris");
    world.turn();
    world.unfinished().status = Some(auriga_crds::TrainingJobStatus {
        reason: Some("Unschedulable".to_owned()),
        message: Some("no node has 100Gi of memory".to_owned()),
        ..Default::default()
    });
    assert_eq!(world.changes().apply, [], "a node may come");
    world.edit(|spec| spec.training.backoff_limit = 1);
    golden!(world.changes());
}

#[test]
fn a_fit_by_hand_that_has_not_begun_holds_up_none_of_the_models_own() {
    let mut world = World::of("iris");
    world.turn();
    let hash = world.unfinished().spec.fit_hash.clone();
    world.seen.training_jobs.clear();
    let mut by_hand = crate::given::training_job("iris");
    by_hand.spec.fit_hash = hash;
    world.seen.training_jobs.push(by_hand);
    assert_eq!(world.changes().apply.len(), 1);
    world.seen.training_jobs[0].status = Some(auriga_crds::TrainingJobStatus {
        start_time: Some(world.now.to_string()),
        ..Default::default()
    });
    assert_eq!(world.changes().apply, [], "a fit under way serves as well");
}

#[test]
fn a_score_below_the_bar_keeps_what_answers() {
    let mut world = World::second_fitted();
    let job = &mut world
        .seen
        .training_jobs
        .last_mut()
        .unwrap()
        .status
        .as_mut()
        .unwrap();
    job.conditions[0].reason = "NotBetter".to_owned();
    job.message = Some("accuracy on test is 0.9, not greater than 0.95: nothing was written".to_owned());
    job.result.as_mut().unwrap().version = None;
    golden!(world.changes());
}

#[test]
fn a_missing_config_map_is_named_and_nothing_is_fitted() {
    let mut world = World::of("iris");
    world.seen.texts.found.clear();
    world.seen.texts.missing = vec!["ConfigMap iris-data does not exist; create it.".to_owned()];
    golden!(world.changes());
}

#[test]
fn a_suspended_model_begins_no_fit_and_holds_the_one_that_runs() {
    let mut world = World::of("iris");
    world.turn();
    world.edit(|spec| spec.suspend = true);
    golden!(world.changes());
}

#[test]
fn three_records_of_each_kind_are_kept() {
    let mut world = World::serving("iris");
    for version in 2..=6 {
        world.set_c(1.0 + version as f64);
        world.turn();
        world.fit_ends(version);
        world.rolls_out();
    }
    let kept: Vec<_> = world
        .seen
        .training_jobs
        .iter()
        .filter_map(auriga_operator::model::fits::version)
        .collect();
    assert_eq!(
        kept.iter().map(|version| version.get()).collect::<Vec<_>>(),
        [4, 5, 6]
    );
}

#[test]
fn a_version_that_the_store_lost_is_fitted_again() {
    let mut world = World::second_fitted();
    world.turn();
    world.pods_are_unwell(2, Reason::VersionNotFound, "there is no version 2");
    world.turn();
    golden!(world.changes());
}

#[test]
fn a_fit_by_hand_counts_as_well_as_one_of_the_models_own() {
    let mut world = World::serving("iris");
    world.set_c(2.0);
    let mut by_hand = crate::given::training_job("iris");
    world.turn();
    world.fit_ends(2);
    by_hand.status = world.seen.training_jobs.pop().unwrap().status;
    world.seen.training_jobs.push(by_hand);
    let plan = world.changes();
    assert_eq!(told(&plan.status, "Fitted"), Some((True, "Fitted")));
    assert_eq!(told(&plan.status, "Ready"), Some((Unknown, "Loading")));
    assert_eq!(
        told(&plan.status, "Stalled"),
        None::<(auriga_crds::ConditionStatus, &str)>
    );
    assert_ne!(told(&plan.status, "Active"), Some((False, "Active")));
}
