//! Builders, one file for each kind of object: pure functions from what is wanted to the object that says so.

pub mod cleanup_job;
pub mod config_map;
pub mod deployment;
pub mod job;
pub mod pod;
pub mod service;
mod volumes;

use std::collections::BTreeMap;

use auriga_crds::{Checked, Model};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt as _};

use crate::labels;

/// Metadata of a child: `name`, the owner's namespace, the labels that every child has, and one controller reference.
pub fn metadata<K>(owner: &K, name: String, component: &str, instance: &str) -> ObjectMeta
where
    K: Resource<DynamicType = ()>,
{
    ObjectMeta {
        name: Some(name),
        namespace: owner.namespace(),
        labels: Some(common_labels(component, instance)),
        owner_references: owner.controller_owner_ref(&()).map(|reference| vec![reference]),
        ..ObjectMeta::default()
    }
}

/// What every child is labeled with; `instance` is the name of the Model or TrainingJob.
pub fn common_labels(component: &str, instance: &str) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label("app.kubernetes.io/name", labels::AURIGA),
        label("app.kubernetes.io/instance", &label_value(instance)),
        label(labels::COMPONENT, component),
        label("app.kubernetes.io/part-of", labels::AURIGA),
        label(labels::MANAGED_BY, labels::AURIGA),
    ])
}

/// A name as a label value: names of TrainingJobs may be longer than the 63 characters that a label takes.
pub fn label_value(name: &str) -> String {
    if name.len() <= 63 {
        name.to_owned()
    } else {
        crate::names::child(name, "x")
    }
}

/// What a person has written into a Model, as a hash: any edit makes another edition, and so does the wish for a refit.
/// `checked`: its checked form.
pub fn edition(model: &Model, checked: &Checked) -> String {
    let refit_at = model.annotations().get(labels::REFIT_AT);
    crate::names::short_hash(&[
        &auriga_crds::edition_hash(checked),
        refit_at.map_or("", String::as_str),
    ])
}
