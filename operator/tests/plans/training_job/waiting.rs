//! A fit cannot begin, says why, and begins once that is mended.

use auriga_operator::{labels, plan::Next};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::{Fit, a_begun_fit, a_fit_of, words};
use crate::{
    given::{PodWords as _, Words as _},
    golden::golden,
};

fn without_model() -> Fit {
    let mut fit = a_fit_of("iris");
    fit.seen.model = None;
    fit
}

#[test]
fn a_fit_without_its_model_waits_for_it() {
    golden!(without_model().plan());
}

#[test]
fn a_fit_begins_when_its_model_appears() {
    let mut fit = without_model().looked(60);
    fit.seen.model = a_fit_of("iris").seen.model;
    let plan = fit.plan();
    assert_eq!(plan.apply.len(), 2);
    assert_eq!(words(&plan.status), ["Complete=Unknown", "Reconciling=True"]);
}

#[test]
fn a_model_that_is_being_deleted_is_not_fitted() {
    golden!(a_fit_of("iris").with_model(|model| model.being_deleted()).plan());
}

#[test]
fn a_model_made_anew_is_not_fitted_by_a_job_of_the_old_one() {
    let fit = a_fit_of("iris").with_job(|mut job| {
        job.metadata.owner_references = Some(vec![OwnerReference {
            api_version: "auriga.dev/v1alpha1".to_owned(),
            kind: "Model".to_owned(),
            name: "iris".to_owned(),
            uid: "of-the-old-one".to_owned(),
            controller: Some(true),
            ..OwnerReference::default()
        }]);
        job
    });
    let plan = fit.plan();
    assert_eq!(plan.apply, []);
    assert_eq!(plan.status.reason.as_deref(), Some("ModelDeleted"));
}

/// The iris Model with its training rows in a file, at `path`.
fn with_rows_at(path: &str) -> Fit {
    a_fit_of("iris").with_model(|model| {
        model.edited(|spec| {
            let csv = spec.dataset.train.csv.as_mut().unwrap();
            csv.config_map = None;
            csv.path = Some(path.to_owned());
        })
    })
}

#[test]
fn rows_in_a_file_beside_the_manifest_wait_for_an_edit() {
    golden!(with_rows_at("iris.csv").plan());
}

#[test]
fn rows_in_a_file_are_read_from_the_claim_alone() {
    let reason = |fit: Fit| fit.plan().status.reason.unwrap();
    assert_eq!(reason(with_rows_at("/var/lib/auriga/iris.csv")), "Pending");
    for elsewhere in [
        "/etc/passwd",
        "/var/lib/auriga/../iris.csv",
        "/var/lib/auriga-2/iris.csv",
    ] {
        assert_eq!(reason(with_rows_at(elsewhere)), "InvalidSpec", "{elsewhere}");
    }
    let without_claim = with_rows_at("/var/lib/auriga/iris.csv").with_model(|model| {
        model.edited(|spec| {
            let persister = spec.persister.as_mut().unwrap();
            persister.persistent_volume_claim = None;
            persister.uri = "postgres://database/models".to_owned();
        })
    });
    assert_eq!(reason(without_claim), "InvalidSpec");
    let by_url = a_fit_of("iris").with_model(|model| {
        model.edited(|spec| {
            let csv = spec.dataset.train.csv.as_mut().unwrap();
            csv.config_map = None;
            csv.url = Some("file:///etc/passwd".to_owned());
        })
    });
    assert_eq!(reason(by_url), "InvalidSpec");
}

#[test]
fn a_model_without_a_store_waits_for_an_edit() {
    let fit = a_fit_of("iris").with_model(|model| model.edited(|spec| spec.persister = None));
    golden!(fit.plan());
}

#[test]
fn a_model_that_was_put_right_is_fitted_as_if_it_had_never_been_wrong() {
    let good = a_fit_of("iris");
    let mut fit = (good.clone())
        .with_model(|model| model.edited(|spec| spec.persister = None))
        .looked(60);
    fit.seen.model = good.seen.model.clone();
    let (found, expected) = (fit.plan(), good.plan());
    assert_eq!(found.apply, expected.apply);
    assert_eq!(words(&found.status), words(&expected.status));
}

#[test]
fn a_missing_config_map_is_waited_for() {
    let mut fit = a_fit_of("iris");
    fit.seen.texts.found.clear();
    fit.seen.texts.missing =
        vec!["ConfigMap iris-data does not exist; create it with the key iris.csv".to_owned()];
    golden!(fit.plan());
}

#[test]
fn a_fit_waits_while_as_many_as_allowed_came_first() {
    let mut fit = a_fit_of("iris");
    fit.seen.ahead = 8;
    golden!(fit.plan());
}

#[test]
fn a_fit_begins_when_one_fewer_came_first() {
    let mut fit = a_fit_of("iris");
    fit.seen.ahead = 7;
    assert_eq!(fit.plan().apply.len(), 2);
}

#[test]
fn a_manifest_that_was_deleted_is_made_again_while_the_model_says_the_same() {
    let mut fit = a_begun_fit();
    let deleted = fit.seen.manifest.take().unwrap();
    let plan = fit.plan();
    let [made] = plan.apply.as_slice() else {
        panic!("{} objects instead of the manifest alone", plan.apply.len());
    };
    assert_eq!(made.value()["metadata"]["name"], deleted.metadata.name.unwrap());
    assert_eq!(plan.delete, []);
    assert_eq!(plan.status.state.as_deref(), Some("Pending"));
}

#[test]
fn a_manifest_that_was_deleted_before_the_fit_began_ends_the_job_if_the_model_has_changed() {
    let mut fit =
        a_begun_fit().with_model(|model| model.edited(|spec| spec.training.save_if_better_than = Some(0.5)));
    fit.seen.manifest = None;
    golden!(fit.plan());
}

#[test]
fn a_manifest_that_was_made_a_moment_ago_and_is_not_seen_yet_ends_nothing() {
    let mut fit = a_fit_of("iris")
        .looked_and_applied(1)
        .with_model(|model| model.edited(|spec| spec.training.save_if_better_than = Some(0.5)));
    fit.seen.manifest = None;
    let plan = fit.plan();
    assert_eq!((plan.apply, plan.delete), (vec![], vec![]));
    assert_eq!(plan.status.state.as_deref(), Some("Pending"));
}

#[test]
fn a_pod_that_waits_for_a_manifest_is_looked_at_again() {
    let mut fit = a_begun_fit().with_pod(|pod| pod.waiting("ImagePullBackOff", ""));
    assert_eq!(fit.plan().next, Next::OnChange);
    fit.seen.manifest = None;
    assert_ne!(fit.plan().next, Next::OnChange);
}

#[test]
fn a_manifest_that_somebody_else_made_is_not_fitted() {
    let mut fit = a_begun_fit();
    fit.seen.jobs.clear();
    let manifest = fit.seen.manifest.as_mut().unwrap();
    manifest.data = Some([("model.yaml".to_owned(), "rubbish".to_owned())].into());
    let plan = fit.plan();
    assert_eq!(plan.apply, []);
    assert_eq!(plan.status.reason.as_deref(), Some("InvalidSpec"));
    assert!(
        fit.seen
            .manifest
            .unwrap()
            .metadata
            .annotations
            .unwrap()
            .contains_key(labels::FIT_HASH),
        "its text alone is at fault"
    );
}
