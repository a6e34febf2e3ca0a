//! The walk of one version: its pods load it, prove that they can answer, activate it.

use std::collections::BTreeMap;

use auriga_crds::{ConditionStatus, Digest, Model, Reason, contract::pod};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    health::{self, Health, fence, living},
    slots::{Held, Rejection},
    wish::Wish,
};
use crate::{
    build::{
        self,
        deployment::{Slot, deployment, manifest},
    },
    labels,
    plan::Desired,
    settings::Settings,
    time::milliseconds,
    trouble::Trouble,
};

/// What every step of one look at a Model needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The Model.
    pub model: &'a Model,
    /// What it asks for.
    pub wish: &'a Wish,
    /// What the operator was told.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
}

/// How far a version has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Its pods start and load it.
    Loading,
    /// Its pods are asked whether they can answer, and not all have said so often enough.
    Probing,
    /// Its pods can answer; one of them moves the active pointer.
    Activating,
    /// Its pods can answer, its version is active: the traffic may move.
    Ready,
    /// Something outside of it keeps its pods from answering. `is_overdue`: for longer than it may take.
    Held {
        /// What.
        trouble: Trouble,
        /// Whether the deadline is over.
        is_overdue: bool,
    },
    /// It was given up.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// Whether that was found just now.
        is_news: bool,
    },
}

/// What is to be done for a version, and how far it has come.
#[derive(Clone, Debug)]
pub struct Step {
    /// Objects to make or change.
    pub apply: Vec<Desired>,
    /// How far it has come.
    pub stage: Stage,
    /// What its pods say.
    pub health: Health,
    /// Since when its pods are wanted.
    pub since: Timestamp,
    /// Whether its Deployment is made, or woken, by this very step.
    pub is_new: bool,
}

/// The next step of `slot`, whose Deployment is `held`, if there is one. `fit_hash`: what its version was fitted to, as
/// far as that is known. `may_activate`: whether its pods get the fence.
pub fn step(
    turn: Turn<'_>,
    slot: &Slot,
    held: Option<&Held<'_>>,
    fit_hash: Option<&str>,
    may_activate: bool,
) -> Step {
    let health = held.map_or_else(Health::default, |held| {
        health::health(held, &turn.model.uid().unwrap_or_default(), turn.settings.passes)
    });
    let is_revived = held.is_some_and(|held| {
        (held.rejection.as_ref()).is_some_and(|rejection| rejection.edition != build::edition(turn.model))
    });
    let sleeps =
        held.is_none_or(|held| held.replicas() == 0 && turn.wish.replicas > 0 && held.rejection.is_none());
    let is_new = is_revived || sleeps;
    let since = match held {
        Some(held) if !is_new => held.since.unwrap_or(turn.now),
        _ => turn.now,
    };
    let stage = match held {
        Some(held) if !is_new => judge(turn, held, &health, since),
        _ => Stage::Loading,
    };
    let rejection = match &stage {
        Stage::Rejected { rejection, .. } => Some(rejection),
        _ => None,
    };
    let known = held.and_then(Held::fit_hash);
    let mut annotations = BTreeMap::from([(labels::SINCE.to_owned(), milliseconds(since))]);
    annotations.extend((fit_hash.or(known)).map(|hash| (labels::FIT_HASH.to_owned(), hash.to_owned())));
    if let Some(rejection) = rejection {
        rejection.write(&mut annotations);
    }
    let replicas = if rejection.is_some() {
        0
    } else {
        turn.wish.replicas
    };
    let mut apply = vec![
        Desired::create(&manifest(turn.model, slot)),
        Desired::apply(&deployment_as_it_is(turn, slot, held, replicas, annotations)),
    ];
    let fenced = matches!(stage, Stage::Activating) && may_activate;
    apply.extend(
        held.filter(|_| fenced)
            .into_iter()
            .flat_map(|held| fences(held, &health)),
    );
    Step {
        apply,
        stage,
        health,
        since,
        is_new,
    }
}

/// How far the pods of `held` have come.
fn judge(turn: Turn<'_>, held: &Held<'_>, health: &Health, since: Timestamp) -> Stage {
    if let Some(rejection) = &held.rejection {
        return Stage::Rejected {
            rejection: rejection.clone(),
            is_news: false,
        };
    }
    let reject = |reason: Reason, message: String| Stage::Rejected {
        rejection: Rejection {
            reason,
            message,
            edition: build::edition(turn.model),
        },
        is_news: true,
    };
    let deadline = turn.model.spec.serving.progress_deadline_seconds;
    let is_overdue = turn.now.duration_since(since).as_secs() >= deadline;
    match &health.trouble {
        Some(trouble) if !trouble.passes => return reject(trouble.reason, trouble.message.clone()),
        // A pod that is silent while it runs is the version's own trouble once the time is over.
        Some(trouble) if trouble.reason != Reason::RuntimeUnhealthy => {
            return Stage::Held {
                trouble: trouble.clone(),
                is_overdue,
            };
        }
        _ => {}
    }
    let wanted = turn.wish.replicas;
    if health.passed < wanted {
        if is_overdue {
            let why = health
                .trouble
                .as_ref()
                .map_or_else(String::new, |trouble| format!(": {}", trouble.message));
            let message = format!(
                "{} of {wanted} pods could answer after {deadline} s{why}",
                health.passed
            );
            return reject(Reason::ProgressDeadlineExceeded, message);
        }
        return if health.alive.is_some() {
            Stage::Probing
        } else {
            Stage::Loading
        };
    }
    if health.active < wanted {
        Stage::Activating
    } else if health.ready < wanted {
        Stage::Probing
    } else {
        Stage::Ready
    }
}

/// The Deployment of `slot`. One that is there keeps its image, and its pods stay what they are, also under an operator
/// that would build them otherwise: an upgrade restarts nothing.
pub fn deployment_as_it_is(
    turn: Turn<'_>,
    slot: &Slot,
    held: Option<&Held<'_>>,
    replicas: i32,
    annotations: BTreeMap<String, String>,
) -> Deployment {
    let image = held
        .and_then(Held::image)
        .unwrap_or(&turn.settings.image)
        .to_owned();
    let as_held = Settings {
        image,
        ..turn.settings.clone()
    };
    let mut built = deployment(
        turn.model,
        &turn.wish.checked,
        slot,
        replicas,
        annotations,
        &as_held,
    );
    let template =
        |deployment: &Deployment| json!(deployment.spec.as_ref().map(|spec| &spec.template)).to_string();
    let recipe = Digest::of(template(&built).as_bytes()).hex();
    let made_by = held.and_then(|held| held.seen.deployment.annotations().get(labels::RECIPE));
    if let (Some(held), Some(made_by)) = (held, made_by)
        && *made_by != recipe
    {
        if let (Some(built), Some(seen)) = (&mut built.spec, &held.seen.deployment.spec) {
            built.template = seen.template.clone();
            built.selector = seen.selector.clone();
        }
        set_recipe(&mut built, made_by.clone());
    } else {
        set_recipe(&mut built, recipe);
    }
    built
}

fn set_recipe(deployment: &mut Deployment, recipe: String) {
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    annotations.insert(labels::RECIPE.to_owned(), recipe);
}

/// The fence for every pod that does not have it: the revision that the ledger has now. Whoever was told an older one
/// loses the compare-and-swap.
pub fn fences(held: &Held<'_>, health: &Health) -> Vec<Desired> {
    let Some(revision) = health.revision else {
        return Vec::new();
    };
    let unfenced = living(held).filter(|seen| fence(&seen.pod) != Some(revision));
    unfenced
        .map(|seen| {
            Desired::Mark(json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": seen.pod.name_any(),
                    "namespace": seen.pod.namespace(),
                    "uid": seen.pod.uid(),
                    "annotations": { pod::FENCE_ANNOTATION: revision.to_string() },
                },
            }))
        })
        .collect()
}

impl Stage {
    /// For people, as `status.candidate.state`.
    pub fn word(&self) -> &'static str {
        match self {
            Stage::Loading | Stage::Held { .. } => "Loading",
            Stage::Probing => "Probing",
            Stage::Activating | Stage::Ready => "Activating",
            Stage::Rejected { .. } => "Rejected",
        }
    }

    /// What the conditions say about it: how it stands, why, and in which words.
    pub fn told(&self, health: &Health, wanted: i32, slot: &Slot) -> (ConditionStatus, Reason, String) {
        let version = slot.version;
        match self {
            Stage::Loading => (
                ConditionStatus::Unknown,
                Reason::Loading,
                format!(
                    "The pods of version {version} start and load it ({} of {wanted} can answer).",
                    health.passed
                ),
            ),
            Stage::Probing => (
                ConditionStatus::Unknown,
                Reason::Probing,
                format!(
                    "{} of {wanted} pods of version {version} can answer.",
                    health.ready.min(health.passed)
                ),
            ),
            Stage::Activating => (
                ConditionStatus::Unknown,
                Reason::Activating,
                format!("All pods of version {version} can answer; one of them makes it the active one."),
            ),
            Stage::Ready => (
                ConditionStatus::Unknown,
                Reason::RollingOut,
                format!("Version {version} is active; the traffic moves to its pods."),
            ),
            Stage::Held { trouble, .. } => (ConditionStatus::False, trouble.reason, trouble.message.clone()),
            Stage::Rejected { rejection, .. } => (
                ConditionStatus::False,
                rejection.reason,
                format!(
                    "Version {version} was given up: {}. Edit the Model, or annotate it with {}, to try again.",
                    rejection.message,
                    labels::REFIT_AT
                ),
            ),
        }
    }
}
