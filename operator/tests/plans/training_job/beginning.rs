//! A fit begins: its manifest, its Job, and what keeps it from being another fit.

use auriga_operator::labels;

use super::{a_begun_fit, a_fit_of};
use crate::{given::Words as _, golden::golden};

#[test]
fn a_fit_begins_with_its_manifest_and_its_job() {
    golden!(a_fit_of("iris").plan());
}

#[test]
fn a_job_that_a_person_has_just_made_is_marked_with_the_store_that_it_fits_for() {
    let fit = a_fit_of("iris").with_job(|mut job| {
        job.metadata.annotations = None;
        job
    });
    let plan = fit.plan();
    let [mark, ..] = plan.apply.as_slice() else {
        panic!("nothing is applied");
    };
    assert_eq!(
        mark.value()["metadata"]["annotations"][labels::STORE]
            .as_str()
            .map(str::len),
        Some(8)
    );
    assert_eq!(plan.apply.len(), 3);
}

#[test]
fn what_the_job_itself_asks_for_reaches_its_pod_and_its_queue() {
    let fit = a_fit_of("iris").with_job(|job| {
        job.edited(|spec| spec.save_if_better_than = Some(-0.5))
            .labeled(labels::QUEUE_NAME, "team-a")
            .labeled(labels::QUEUE_PRIORITY, "low")
    });
    golden!(fit.plan());
}

#[test]
fn what_the_model_says_about_pods_and_limits_reaches_the_job() {
    let fit = a_fit_of("wine").with_model(|model| {
        let model = model.labeled(labels::QUEUE_NAME, "team-b");
        model.edited(|spec| {
            spec.training.active_deadline_seconds = Some(600);
            spec.training.backoff_limit = 0;
            spec.pod.annotations = [("example.com/owner".to_owned(), "wine".to_owned())].into();
            spec.pod.labels = [("team".to_owned(), "b".to_owned())].into();
        })
    });
    golden!(fit.plan());
}

#[test]
fn a_job_that_was_deleted_is_made_again_from_the_fixed_manifest() {
    let mut fit = a_begun_fit().with_model(|model| model.edited(|spec| spec.training.backoff_limit = 9));
    let lost = fit.seen.jobs.remove(0);
    let plan = fit.plan();
    let [made] = plan.apply.as_slice() else {
        panic!("{} objects instead of the Job alone", plan.apply.len());
    };
    assert_eq!(made.value()["metadata"]["name"], lost.metadata.name.unwrap());
    assert_eq!(
        made.value()["spec"]["backoffLimit"],
        3,
        "the edited Model is another fit's"
    );
    golden!(plan);
}

#[test]
fn another_hash_than_asked_for_ends_the_job() {
    let fit = a_fit_of("iris").with_job(|job| job.edited(|spec| spec.fit_hash = Some("v1-older".to_owned())));
    golden!(fit.plan());
}

#[test]
fn the_hash_that_was_asked_for_is_fitted() {
    let hash = a_begun_fit().job.status.unwrap().fit_hash;
    let fit = a_fit_of("iris").with_job(|job| job.edited(|spec| spec.fit_hash = hash));
    assert_eq!(fit.plan().apply.len(), 2);
}

#[test]
fn an_edit_after_the_manifest_was_fixed_does_not_end_the_job() {
    let mut fit = a_begun_fit();
    let hash = fit.job.status.clone().unwrap().fit_hash;
    fit.job.spec.fit_hash = hash;
    fit.seen.jobs.clear();
    let fit = fit.with_model(|model| model.edited(|spec| spec.dataset.target = "other".to_owned()));
    assert_eq!(fit.plan().status.state.as_deref(), Some("Pending"));
}

#[test]
fn jobs_of_one_name_and_two_lives_have_children_of_different_names() {
    let names = |uid: &str| {
        let fit = a_fit_of("iris").with_job(|mut job| {
            job.metadata.uid = Some(uid.to_owned());
            job
        });
        let plan = fit.plan();
        plan.apply
            .iter()
            .map(|object| object.value()["metadata"]["name"].to_string())
            .collect::<Vec<_>>()
    };
    let (one, two) = (names("one"), names("two"));
    assert!(one[0] != two[0] && one[1] != two[1], "{one:?} and {two:?}");
}

#[test]
fn nothing_is_made_for_a_job_that_is_being_deleted() {
    let fit = a_fit_of("iris").with_job(|job| job.being_deleted());
    assert_eq!(fit.plan().apply, []);
}
