//! What one look at the cluster found: owned facts, and no choice.

use std::{collections::BTreeMap, time::Duration};

use auriga_crds::{ConfigMapKey, Digest, Model, TrainingJob, VersionSummary, contract::Alive};
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod, Service},
    policy::v1::PodDisruptionBudget,
};

/// Everything about a Model that a decision may rest on.
#[derive(Clone, Debug, Default)]
pub struct ModelSeen {
    /// The texts of the ConfigMap keys that its dataset names.
    pub texts: Texts,
    /// The TrainingJobs that fit it, made by it or by hand.
    pub training_jobs: Vec<TrainingJob>,
    /// The ConfigMaps that it owns, and that of its clean-up.
    pub config_maps: Vec<ConfigMap>,
    /// The Deployments that it owns, with their pods.
    pub slots: Vec<SlotSeen>,
    /// Its Service, if it owns one.
    pub service: Option<Service>,
    /// Whether requests to `service` arrive at the pods that it selects; asked until the Model is Ready, and as long as pods are
    /// to run that it selected before.
    pub reached: Reached,
    /// Its PodDisruptionBudget, if it owns one.
    pub budget: Option<PodDisruptionBudget>,
    /// The newest versions in the store, as a pod with the traffic lists them; absent while none does.
    pub listing: Option<Vec<VersionSummary>>,
    /// The Job that deletes its versions.
    pub cleanup: Option<CleanupSeen>,
    /// A Job or a pod that may still commit a version of it, though its TrainingJob may be gone already, as `Job iris-1`.
    /// Looked for only while it is being deleted.
    pub fitted_by: Option<String>,
    /// Whether its namespace is being deleted, so that nothing new can be made in it.
    pub namespace_is_terminating: bool,
    /// When the operator's clock was set, if it was: how long ago something was before that, nobody knows.
    pub clock_set_at: Option<Timestamp>,
}

/// Everything about a TrainingJob that a decision may rest on.
#[derive(Clone, Debug, Default)]
pub struct TrainingJobSeen {
    /// The Model it names.
    pub model: Option<Model>,
    /// The texts of the ConfigMap keys that the Model's dataset names.
    pub texts: Texts,
    /// The manifest it fits, once that is fixed.
    pub manifest: Option<ConfigMap>,
    /// Its batch Jobs: one, unless one was lost with its outcome.
    pub jobs: Vec<Job>,
    /// Their pods.
    pub pods: Vec<PodSeen>,
    /// How many other TrainingJobs of the cluster fit, or are before this one in line and could begin.
    pub ahead: usize,
    /// How many TrainingJobs of the cluster fit.
    pub fitting: usize,
    /// Why the Job controller could make no pod, in the API server's words; looked for only while there is none.
    pub complaint: Option<String>,
}

/// A Job that deletes versions, with its pods.
#[derive(Clone, Debug)]
pub struct CleanupSeen {
    /// The Job.
    pub job: Job,
    /// Its pods.
    pub pods: Vec<PodSeen>,
    /// Why it has none, in the words of whoever makes them.
    pub complaint: Option<String>,
}

/// A Deployment that serves one version by one set of settings, with its pods.
#[derive(Clone, Debug)]
pub struct SlotSeen {
    /// The Deployment.
    pub deployment: Deployment,
    /// Its pods, those that are ending too.
    pub pods: Vec<PodSeen>,
}

/// A pod and what it says of itself.
#[derive(Clone, Debug)]
pub struct PodSeen {
    /// The pod.
    pub pod: Pod,
    /// What it says at `/alive`.
    pub answer: Answer,
    /// How many times in a row it has answered 200, this time included.
    pub passes: u32,
    /// How long it has been silent, whenever it was asked; zero if it was not the last time.
    pub silent_for: Duration,
}

impl PodSeen {
    /// Whether it has been silent for so long that this is worth a word: one that starts is silent for a moment, too.
    pub fn is_long_silent(&self) -> bool {
        self.silent_for >= Duration::from_secs(5)
    }
}

/// What came of asking a pod at `/alive`.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It has no address yet, no longer runs, or need not be asked.
    NotAsked,
    /// It did not answer, or not as a pod of ours does; why, in words.
    Silent(String),
    /// It answers 503: it runs, and cannot do its work yet.
    Unwell(Box<Alive>),
    /// It answers 200.
    Well(Box<Alive>),
}

impl Answer {
    /// What it says, well or not.
    pub fn alive(&self) -> Option<&Alive> {
        match self {
            Answer::Unwell(alive) | Answer::Well(alive) => Some(alive),
            Answer::NotAsked | Answer::Silent(_) => None,
        }
    }
}

/// What came of a request to a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reached {
    /// No pod can take it, or nobody needs to know.
    #[default]
    NotAsked,
    /// It was not answered; why, as the end of a sentence, and for how long that was so whenever somebody asked.
    Silent {
        /// Why.
        why: String,
        /// For how long.
        lasts: Duration,
    },
    /// Other pods answered it, those that it selected before, and for so long did so whenever somebody asked.
    Elsewhere {
        /// For how long.
        lasts: Duration,
    },
    /// One of these pods answered with 200, and for so long did so whenever somebody asked.
    Answered {
        /// For how long.
        lasts: Duration,
    },
}

/// Texts of ConfigMap keys: each that is named, with its digest, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Those that are there.
    pub found: BTreeMap<ConfigMapKey, Digest>,
    /// Those that are not: whole sentences that say what to do.
    pub missing: Vec<String>,
}
