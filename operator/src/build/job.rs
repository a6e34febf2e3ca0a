//! The batch Job of a TrainingJob, and the ConfigMap with the manifest that it fits.

use std::collections::BTreeMap;

use auriga_crds::{Checked, Model, TrainingJob, contract::pod};
use k8s_openapi::{
    api::{
        batch::v1::{
            Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement,
            PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
        },
        core::v1::{ConfigMap, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt as _;

use super::{config_map, label_value, metadata, pod as common};
use crate::{labels, names, settings::Settings};

/// The exit code of a mistake of the user's, which no retry mends.
pub const MISTAKE: i32 = 2;
/// Seconds that a fit has to end when it is stopped.
const GRACE_SECONDS: i64 = 30;

/// What a Job is to fit.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// The TrainingJob, which owns what is made.
    pub training_job: &'a TrainingJob,
    /// The Model, as the manifest has it.
    pub model: &'a Model,
    /// The same in its checked form.
    pub checked: &'a Checked,
    /// The hash of what is fitted.
    pub fit_hash: &'a str,
    /// Kueue's labels for the Job.
    pub queue: &'a BTreeMap<String, String>,
}

/// The name of the ConfigMap with the manifest. Another TrainingJob of the same name has another one.
pub fn manifest_name(training_job: &TrainingJob) -> String {
    let uid = training_job.uid().unwrap_or_default();
    let suffix = format!("manifest-{}", names::short_hash(&[&uid]));
    names::child(&training_job.name_any(), &suffix)
}

/// The name of the Job with this number, counted from 1.
pub fn job_name(training_job: &TrainingJob, number: u32) -> String {
    let uid = training_job.uid().unwrap_or_default();
    let suffix = names::short_hash(&[&uid, &number.to_string()]);
    names::child(&training_job.name_any(), &suffix)
}

/// Kueue's labels of a TrainingJob, or else of its Model.
pub fn queue_labels(training_job: &TrainingJob, model: &Model) -> BTreeMap<String, String> {
    [labels::QUEUE_NAME, labels::QUEUE_PRIORITY]
        .into_iter()
        .filter_map(|key| {
            let value = training_job
                .labels()
                .get(key)
                .or_else(|| model.labels().get(key))?;
            Some((key.to_owned(), value.clone()))
        })
        .collect()
}

/// The manifest that the pods of the Job read.
pub fn manifest(fit: &Fit<'_>) -> ConfigMap {
    config_map::config_map(child(fit, manifest_name(fit.training_job)), fit.model)
}

/// The Job with this number. It is made once and never changed but for `suspend`.
pub fn job(fit: &Fit<'_>, number: u32, settings: &Settings) -> Job {
    let mut metadata = child(fit, job_name(fit.training_job, number));
    metadata.labels.get_or_insert_default().extend(fit.queue.clone());
    let training = &fit.model.spec.training;
    let mut pod = common::pod(
        fit.model,
        fit.checked,
        common::Use {
            arguments: arguments(fit.training_job),
            manifest: manifest_name(fit.training_job),
            owner_uid: fit.training_job.uid().unwrap_or_default(),
            resources: &training.resources,
            env: &training.env,
            reads_data: true,
            serves: false,
        },
        settings,
    );
    pod.restart_policy = Some("Never".to_owned());
    pod.termination_grace_period_seconds = Some(GRACE_SECONDS);
    let mut pod_labels = common::pod_labels(fit.model, labels::FIT);
    pod_labels.insert(
        labels::TRAINING_JOB.to_owned(),
        label_value(&fit.training_job.name_any()),
    );
    let annotations = &fit.model.spec.pod.annotations;
    Job {
        metadata,
        spec: Some(JobSpec {
            parallelism: Some(1),
            completions: Some(1),
            backoff_limit: i32::try_from(training.backoff_limit).ok(),
            active_deadline_seconds: training.active_deadline_seconds,
            pod_failure_policy: Some(failure_policy()),
            // A pod that is still ending may hold the store: the next one begins when it is gone.
            pod_replacement_policy: Some("Failed".to_owned()),
            // Kueue lets it begin, whether or not Kueue saw it being made.
            suspend: Some(!fit.queue.is_empty()),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels),
                    annotations: (!annotations.is_empty()).then(|| annotations.clone()),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn child(fit: &Fit<'_>, name: String) -> ObjectMeta {
    let mut metadata = metadata(fit.training_job, name, labels::FIT, &fit.model.name_any());
    let all = metadata.labels.get_or_insert_default();
    all.insert(labels::MODEL.to_owned(), label_value(&fit.model.name_any()));
    all.insert(
        labels::TRAINING_JOB.to_owned(),
        label_value(&fit.training_job.name_any()),
    );
    metadata.annotations = Some(BTreeMap::from([(
        labels::FIT_HASH.to_owned(),
        fit.fit_hash.to_owned(),
    )]));
    metadata
}

fn arguments(training_job: &TrainingJob) -> Vec<String> {
    let mut words = vec![
        "fit".to_owned(),
        "-f".to_owned(),
        format!("{}/{}", pod::MANIFEST_FOLDER, pod::MANIFEST_FILE),
        "--config-maps".to_owned(),
        pod::CONFIG_MAPS_FOLDER.to_owned(),
        "--no-activate".to_owned(),
        "--alive".to_owned(),
        format!("0.0.0.0:{}", pod::PORT),
    ];
    if let Some(score) = training_job.spec.save_if_better_than {
        words.extend(["--save-if-better-than".to_owned(), score.to_string()]);
    }
    words
}

/// A node that goes away is nobody's fault and no try. A mistake is the same the next time. So is too little memory, but its
/// exit code is also that of a container which died with its node: the operator tells the two apart, and stops the Job.
fn failure_policy() -> PodFailurePolicy {
    PodFailurePolicy {
        rules: vec![
            PodFailurePolicyRule {
                action: "Ignore".to_owned(),
                on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                    type_: "DisruptionTarget".to_owned(),
                    status: "True".to_owned(),
                }]),
                ..PodFailurePolicyRule::default()
            },
            PodFailurePolicyRule {
                action: "FailJob".to_owned(),
                on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                    container_name: Some(pod::CONTAINER.to_owned()),
                    operator: "In".to_owned(),
                    values: vec![MISTAKE],
                }),
                ..PodFailurePolicyRule::default()
            },
        ],
    }
}
