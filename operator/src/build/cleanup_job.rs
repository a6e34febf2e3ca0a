//! The Job that deletes the versions of a Model.

use auriga_crds::{Checked, Model, contract::pod};
use k8s_openapi::{
    api::{
        batch::v1::{Job, JobSpec},
        core::v1::{ConfigMap, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt as _;

use super::{common_labels, config_map, pod as common};
use crate::{labels, names, settings::Settings};

/// How long the Job stays after it ended; its Model is gone by then.
const SECONDS_AFTER: i32 = 600;
/// How often it is tried.
const ATTEMPTS: i32 = 6;

/// The name of the Job and of its ConfigMap: of this very Model, not of another of its name.
pub fn name(model: &Model) -> String {
    let hash = names::short_hash(&[&model.uid().unwrap_or_default(), labels::CLEANUP]);
    names::child(&model.name_any(), &format!("cleanup-{hash}"))
}

/// The manifest that it reads.
pub fn manifest(model: &Model) -> ConfigMap {
    config_map::config_map(metadata(model), model)
}

/// Deletes every version of `model` from its store.
pub fn cleanup_job(model: &Model, checked: &Checked, settings: &Settings) -> Job {
    let serving = &model.spec.serving;
    let mut spec = common::pod(
        model,
        checked,
        common::Use {
            arguments: arguments(),
            manifest: name(model),
            owner_uid: model.uid().unwrap_or_default(),
            resources: &serving.resources,
            env: &serving.env,
            reads_data: false,
            serves: false,
        },
        settings,
    );
    spec.restart_policy = Some("Never".to_owned());
    Job {
        metadata: metadata(model),
        spec: Some(JobSpec {
            backoff_limit: Some(ATTEMPTS),
            ttl_seconds_after_finished: Some(SECONDS_AFTER),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(common::pod_labels(model, labels::CLEANUP)),
                    ..ObjectMeta::default()
                }),
                spec: Some(spec),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

/// Without a reference to the owner: a foreground deletion of the Model would collect the Job that it waits for.
fn metadata(model: &Model) -> ObjectMeta {
    let mut all = common_labels(labels::CLEANUP, &model.name_any());
    all.insert(labels::MODEL.to_owned(), model.name_any());
    all.insert(labels::MODEL_UID.to_owned(), model.uid().unwrap_or_default());
    ObjectMeta {
        name: Some(name(model)),
        namespace: model.namespace(),
        labels: Some(all),
        ..ObjectMeta::default()
    }
}

fn arguments() -> Vec<String> {
    let words = [
        "delete".to_owned(),
        "-f".to_owned(),
        format!("{}/{}", pod::MANIFEST_FOLDER, pod::MANIFEST_FILE),
        "--all".to_owned(),
        "--active".to_owned(),
        "--yes".to_owned(),
    ];
    words.into()
}
