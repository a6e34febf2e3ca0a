//! One percentage out of many parts.

use std::time::{Duration, Instant};

use auriga_crds::{MetricValue, Reason};

use super::{Phase, Progress};

fn percent(progress: &Progress) -> i32 {
    progress.status().progress_percentage.unwrap()
}

#[test]
fn the_parts_of_a_fit_make_one_percentage() {
    let progress = Progress::new();
    assert_eq!(percent(&progress), 0);
    progress.reach(Phase::Reading, 1, 1);
    assert_eq!(percent(&progress), 5);
    progress.reach(Phase::Fitting, 50, 100);
    assert_eq!(percent(&progress), 50);
    progress.reach(Phase::Scoring, 0, 0);
    assert_eq!(percent(&progress), 95);
    progress.reach(Phase::Persisting, 1, 1);
    assert_eq!(percent(&progress), 99);
}

#[test]
fn folds_have_as_large_a_part_as_the_fit_on_all_rows() {
    let progress = Progress::new();
    progress.expect_folds(2);
    progress.reach(Phase::Validating, 200, 200);
    assert_eq!(percent(&progress), 65);
    progress.reach(Phase::Fitting, 1, 1);
    assert_eq!(percent(&progress), 95);
}

#[test]
fn it_never_falls_whatever_is_counted() {
    let progress = Progress::new();
    let mut last = 0;
    for (phase, done, total) in [
        (Phase::Reading, 80, 100),
        (Phase::Reading, 1, 100),
        (Phase::Fitting, 9, 10),
        (Phase::Fitting, 1, 0),
        (Phase::Fitting, u64::MAX, 3),
        (Phase::Validating, 0, 7),
        (Phase::Scoring, 0, 1),
    ] {
        progress.reach(phase, done, total);
        assert!(percent(&progress) >= last, "{phase:?} {done}/{total}");
        last = percent(&progress);
        assert!(last <= 100);
    }
}

#[test]
fn the_time_that_is_left_follows_from_the_time_that_learning_took() {
    let (progress, began) = (Progress::new(), Instant::now());
    let after = |seconds| began + Duration::from_secs(seconds);
    let left = |seconds| progress.status_at(after(seconds)).estimated_remaining_seconds;
    progress.reach_at(began, Phase::Reading, 1, 1);
    assert_eq!(left(3600), None, "reading tells nothing of learning");
    progress.reach_at(after(3600), Phase::Fitting, 0, 100);
    assert_eq!(left(3600), None);
    progress.reach_at(after(3645), Phase::Fitting, 50, 100);
    assert_eq!(left(3645), Some(50));
    progress.wait_for(Reason::PersisterUnavailable, "the store".to_owned());
    assert_eq!(left(3645), None, "nobody knows when a store comes back");
}

#[test]
fn no_more_metrics_are_told_than_a_status_has_room_for() {
    let progress = Progress::new();
    let metric = |at: usize| MetricValue {
        name: format!("metric_{at}"),
        value: "1".to_owned(),
    };
    progress.measured((0..100).map(metric).collect());
    let told = progress.status().metrics;
    assert_eq!((told.len(), &*told[0].name), (32, "metric_0"));
}
