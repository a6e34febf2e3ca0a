//! A fit is over, and what came of it stays.

use auriga_crds::Reason;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::{FITTED, Fit, a_begun_fit, failed_for, words};
use crate::{
    given::{NOW, PodWords, Words as _, ago},
    golden::golden,
};

/// Its only pod ended so, three seconds ago.
fn ended(fit: Fit, exit_code: i32, message: &str) -> Fit {
    let mut fit = fit;
    fit.seen.pods.clear();
    fit.with_pod(|pod| pod.ended(3, exit_code, message))
}

#[test]
fn a_version_is_recorded_before_the_job_itself_is_complete() {
    golden!(ended(a_begun_fit().seen_running(), 0, FITTED).plan());
}

#[test]
fn a_fit_that_was_over_at_first_sight_has_begun_as_well() {
    let plan = ended(a_begun_fit(), 0, FITTED).plan();
    let notes: Vec<_> = plan.notes.iter().map(|note| note.reason).collect();
    assert_eq!(notes, ["FitStarted", "VersionWritten"]);
}

#[test]
fn a_score_that_is_not_better_completes_the_job_without_a_version() {
    let words = failed_for(
        "NotBetter",
        "accuracy_test is 0.96, not greater than 0.99: nothing was saved",
    );
    golden!(ended(a_begun_fit().seen_running(), 0, &words).plan());
}

#[test]
fn data_that_cannot_be_learned_from_are_named_by_row_and_column() {
    let words = failed_for(
        "InvalidData",
        "iris.csv, row 17, column \"sepal length\": \"n/a\" is not a number",
    );
    golden!(ended(a_begun_fit().seen_running(), 2, &words).plan());
}

#[test]
fn a_mistake_without_an_outcome_is_told_in_the_last_words_of_the_log() {
    golden!(ended(a_begun_fit(), 2, "error: unexpected argument '--alive'").plan());
}

#[test]
fn a_fit_that_needs_more_memory_than_its_limit_fails_at_once() {
    let mut fit = a_begun_fit().seen_running();
    fit.seen.pods.clear();
    golden!(fit.with_pod(PodWords::out_of_memory).plan());
}

#[test]
fn a_fit_that_was_killed_with_its_node_is_tried_again() {
    let plan = ended(a_begun_fit(), 137, "").plan();
    assert_eq!(plan.status.state.as_deref(), Some("Running"));
    assert_eq!(plan.apply, []);
    let failure = plan.status.last_failure.unwrap();
    assert!(
        failure.message.contains("killed from outside"),
        "{}",
        failure.message
    );
}

#[test]
fn a_fit_beyond_its_deadline_fails() {
    let fit = a_begun_fit()
        .with_batch_job(|job| job.spec.as_mut().unwrap().active_deadline_seconds = Some(60))
        .with_condition(
            "Failed",
            "DeadlineExceeded",
            "Job was active longer than specified deadline",
        );
    golden!(fit.plan());
}

#[test]
fn a_fit_that_failed_in_every_try_ends_with_the_words_of_the_last_one() {
    let mut fit = a_begun_fit();
    for (seconds, words) in [(40, "the first"), (30, "the second"), (20, "the last")] {
        let words = failed_for("PersisterUnavailable", words);
        fit = fit.with_pod(|pod| pod.ended(seconds, 1, &words));
    }
    let fit = fit.with_condition(
        "Failed",
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    );
    golden!(fit.plan());
}

#[test]
fn a_job_that_failed_by_its_policy_and_has_no_pod_left_says_so_itself() {
    let words = "Container auriga for pod default/iris-fit-x failed with exit code 2";
    golden!(
        a_begun_fit()
            .with_condition("Failed", "PodFailurePolicy", words)
            .plan()
    );
}

#[test]
fn a_job_that_is_complete_without_a_pod_is_followed_by_another_one() {
    let first = a_begun_fit().with_condition("Complete", "CompletionsReached", "");
    let plan = first.plan();
    let [second] = plan.apply.as_slice() else {
        panic!("{} objects instead of one Job", plan.apply.len());
    };
    let name = first.seen.jobs[0].metadata.name.as_deref().unwrap();
    assert_ne!(second.value()["metadata"]["name"], name);
    golden!(plan);
}

#[test]
fn an_outcome_that_cannot_be_read_is_fitted_once_more() {
    let fit = ended(a_begun_fit(), 0, "{\"version\":").with_condition("Complete", "CompletionsReached", "");
    assert_eq!(fit.plan().apply.len(), 1);
}

#[test]
fn an_outcome_that_cannot_be_read_is_waited_for_until_the_job_is_complete() {
    let plan = ended(a_begun_fit(), 0, "{\"version\":").plan();
    assert_eq!(plan.apply, []);
    assert_eq!(words(&plan.status), ["Complete=Unknown"]);
}

#[test]
fn an_outcome_that_cannot_be_read_twice_fails_the_job() {
    let first = ended(a_begun_fit(), 0, "rubbish").with_condition("Complete", "CompletionsReached", "");
    let second = first
        .looked_and_applied(30)
        .with_pod(|pod| pod.ended(15, 0, "rubbish"));
    golden!(second.with_condition("Complete", "CompletionsReached", "").plan());
}

#[test]
fn a_second_job_tells_what_came_of_the_fit() {
    let first = a_begun_fit().with_condition("Complete", "CompletionsReached", "");
    let second = first
        .looked_and_applied(30)
        .with_pod(|pod| pod.ended(15, 0, FITTED));
    assert_eq!(second.plan().status.result.unwrap().version, Some(7));
}

#[test]
fn a_pod_that_is_not_of_our_job_is_not_believed() {
    let mut fit = ended(a_begun_fit(), 0, FITTED);
    let owners = fit.seen.pods[0].pod.metadata.owner_references.as_mut().unwrap();
    owners[0].uid = "of-somebody-else".to_owned();
    assert_eq!(
        words(&fit.plan().status),
        ["Complete=Unknown", "Reconciling=True"]
    );
}

#[test]
fn a_job_that_is_not_ours_is_not_followed() {
    let mut fit = ended(a_begun_fit(), 0, FITTED);
    let owners = fit.seen.jobs[0].metadata.owner_references.as_mut().unwrap();
    owners[0].uid = "of-somebody-else".to_owned();
    assert_eq!(fit.plan().status.result, None);
}

#[test]
fn a_version_that_a_failed_pod_names_is_not_believed() {
    let plan = ended(a_begun_fit(), 1, FITTED).plan();
    assert_eq!(plan.status.result, None);
    assert_eq!(plan.status.state.as_deref(), Some("Running"));
}

#[test]
fn a_version_of_a_pod_that_is_being_deleted_counts() {
    let mut fit = ended(a_begun_fit(), 0, FITTED);
    fit.seen.pods[0].pod.metadata.deletion_timestamp = Some(Time(ago(1)));
    assert_eq!(words(&fit.plan().status), ["Complete=True"]);
}

#[test]
fn a_mistake_that_was_found_before_its_pod_was_sent_away_counts() {
    let mut fit = ended(a_begun_fit(), 2, &failed_for("InvalidData", "row 17"));
    fit.seen.pods[0].pod.metadata.deletion_timestamp = Some(Time(ago(1)));
    assert_eq!(fit.plan().status.reason.as_deref(), Some("InvalidData"));
}

#[test]
fn a_fit_that_is_over_stays_over_whatever_is_deleted() {
    let mut fit = ended(a_begun_fit(), 0, FITTED).looked(2);
    fit.seen = super::TrainingJobSeen {
        ahead: 9,
        ..super::TrainingJobSeen::default()
    };
    let plan = fit.plan();
    assert_eq!((plan.apply, plan.delete, plan.notes), (vec![], vec![], vec![]));
    assert_eq!(Some(plan.status), fit.job.status);
}

#[test]
fn a_fit_that_failed_stays_failed_when_its_data_are_mended() {
    let fit = ended(a_begun_fit(), 2, &failed_for("InvalidData", "row 17")).looked(2);
    let mut later = super::a_fit_of("iris");
    later.job = fit.job.clone();
    assert_eq!(later.plan().apply, []);
    assert_eq!(Some(later.plan().status), fit.job.status);
}

#[test]
fn a_record_tells_that_it_was_looked_at_and_nothing_else() {
    let fit = ended(a_begun_fit(), 0, FITTED).looked(2);
    let before = fit.job.status.clone().unwrap();
    let mut after = fit
        .with_job(|job| job.edited(|spec| spec.suspend = true))
        .plan()
        .status;
    assert_eq!(after.observed_generation, Some(2));
    assert_eq!(after.conditions[0].observed_generation, 2);
    after.observed_generation = Some(1);
    after.conditions[0].observed_generation = 1;
    assert_eq!(after, before);
}

#[test]
fn a_record_that_was_wiped_is_written_the_same_as_long_as_its_pod_is_there() {
    let fit = ended(a_begun_fit(), 0, FITTED).looked(2);
    let mut wiped = fit.clone();
    wiped.job.status = None;
    assert_eq!(Some(wiped.plan().status), fit.job.status);
}

#[test]
fn what_no_status_takes_is_left_out_of_the_result() {
    let metrics: Vec<_> = (0..40)
        .map(|number| serde_json::json!({ "name": format!("m{number}"), "value": "1" }))
        .collect();
    let outcome = serde_json::json!({
        "version": 7,
        "fitHash": "x".repeat(81),
        "score": { "name": "accuracy_test", "value": "NaN" },
        "metrics": metrics,
    });
    let status = ended(a_begun_fit(), 0, &outcome.to_string()).plan().status;
    let result = status.result.unwrap();
    assert_eq!((result.metrics.len(), result.score), (32, None));
    assert_eq!(status.fit_hash, a_begun_fit().job.status.unwrap().fit_hash);
}

#[test]
fn a_message_is_cut_to_what_a_status_takes() {
    let plan = ended(a_begun_fit(), 2, &"é\u{1b}".repeat(2000)).plan();
    let failure = plan.status.last_failure.unwrap();
    for message in [plan.status.message.unwrap(), failure.message] {
        assert!(message.len() <= 1024 && !message.contains('\u{1b}'));
    }
}

#[test]
fn a_job_that_was_not_seen_when_its_end_was_told_is_stopped_then() {
    let told = |reason: Reason| {
        let mut fit = a_begun_fit();
        let status = fit.job.status.get_or_insert_default();
        status.reason = Some(reason.word().to_owned());
        let condition = json!({
            "type": "Failed", "status": "True", "reason": reason.word(), "message": "", "lastTransitionTime": NOW.to_string(), "observedGeneration": 1,
        });
        status.conditions = vec![serde_json::from_value(condition).unwrap()];
        fit
    };
    let plan = told(Reason::Superseded).plan();
    let names: Vec<_> = plan.delete.iter().map(|target| target.kind.as_str()).collect();
    assert_eq!((plan.apply.len(), names), (0, vec!["Job"]));
    let plan = told(Reason::OOMKilled).plan();
    assert_eq!((plan.apply.len(), plan.delete.len()), (1, 0));
    let plan = told(Reason::InvalidData).plan();
    assert_eq!((plan.apply.len(), plan.delete.len()), (0, 0), "its pod has ended");
    for condition in ["Complete", "Failed"] {
        for reason in [Reason::Superseded, Reason::OOMKilled] {
            let plan = told(reason).with_condition(condition, "", "").plan();
            assert_eq!((plan.apply.len(), plan.delete.len()), (0, 0), "{condition}");
        }
    }
}
