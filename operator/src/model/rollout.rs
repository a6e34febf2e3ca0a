//! The walk of one version: its pods load it, prove that they can answer, activate it.

use std::collections::BTreeMap;

use auriga_crds::{Digest, Model, Reason, TrainingJob, contract};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    fence, fits,
    health::{self, Health},
    judge::{judge, what_holds_up},
    slots::{Held, Rejection},
    stage::Stage,
    wish::Wish,
};
use crate::{
    build::{
        self,
        deployment::{Slot, deployment, manifest, manifest_metadata},
    },
    cache::controller_uid,
    labels,
    plan::Desired,
    settings::Settings,
    time::milliseconds,
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
    /// The manifests that are there.
    pub manifests: &'a [ConfigMap],
    /// The fits that are on record.
    pub jobs: &'a [TrainingJob],
    /// Now.
    pub now: Timestamp,
    /// When the clock was set that `now` is told by.
    pub clock_set_at: Option<Timestamp>,
}

impl Turn<'_> {
    /// Whether a time that was to last `seconds` is over. It begins anew when the clock is set.
    pub(super) fn is_over(&self, since: Timestamp, seconds: i64) -> bool {
        let since = match self.clock_set_at {
            // What is later than now was written down by the clock as it was before.
            Some(set_at) if since < set_at || since > self.now => set_at,
            _ => since,
        };
        self.now.duration_since(since).as_secs() >= seconds
    }

    /// Whether what has gone on since then has had the time of `spec.serving.progressDeadlineSeconds`.
    pub(super) fn is_past_deadline(&self, since: Timestamp) -> bool {
        self.is_over(since, self.model.spec.serving.progress_deadline_seconds)
    }
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
    /// Whether its pods may activate it.
    pub may_activate: bool,
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
        health::health(
            held,
            &turn.model.uid().unwrap_or_default(),
            turn.settings.passes,
            turn.now,
        )
    });
    let is_revived = held.is_some_and(|held| {
        (held.rejection.as_ref()).is_some_and(|rejection| {
            rejection.edition != build::edition(turn.model, &turn.wish.checked)
                || is_there_now(turn, held, rejection)
        })
    });
    let sleeps =
        held.is_none_or(|held| held.replicas() == 0 && turn.wish.replicas > 0 && held.rejection.is_none());
    let is_new = is_revived || sleeps;
    // What lay outside of it is over: from now on the time is its own.
    let holds_up = |held: &Held<'_>, since: Timestamp| what_holds_up(turn, held, &health, since).is_some();
    let is_released = held.is_some_and(|held| {
        let since = held.since.unwrap_or(turn.now);
        held.is_held_up() && !holds_up(held, since)
    });
    let since = match held {
        Some(held) if !is_new && !is_released => held.since.unwrap_or(turn.now).min(turn.now),
        _ => turn.now,
    };
    let stage = match held {
        Some(held) if !is_new => judge(turn, held, &health, since, may_activate),
        _ => Stage::Loading,
    };
    let rejection = match &stage {
        Stage::Rejected { rejection, .. } => Some(rejection),
        _ => None,
    };
    let wanted = turn.wish.replicas;
    let has_passed = wanted > 0 && health.passed >= wanted;
    let activates = has_passed && may_activate && health.active < wanted && rejection.is_none();
    let mut annotations = held.map(Held::kept).unwrap_or_default();
    let mut note = |key: &str, at: Timestamp| drop(annotations.insert(key.to_owned(), milliseconds(at)));
    note(labels::SINCE, since);
    if has_passed && held.is_some_and(|held| held.proved_at.is_none()) {
        note(labels::PROVED_AT, turn.now);
    }
    if activates {
        note(
            labels::ACTIVATING_SINCE,
            held.and_then(|held| held.activating_since).unwrap_or(turn.now),
        );
    }
    if is_new {
        annotations.remove(labels::PROVED_AT);
    }
    if held.is_some_and(|held| holds_up(held, since)) && rejection.is_none() && !is_new {
        annotations.insert(labels::HELD_UP.to_owned(), "true".to_owned());
    }
    annotations.extend(fit_hash.map(|hash| (labels::FIT_HASH.to_owned(), hash.to_owned())));
    // A Deployment that is there already reads the store that it was made for.
    if held.is_none() {
        annotations.insert(labels::STORE.to_owned(), turn.wish.store.clone());
    }
    let digest = fits::digest(turn.jobs, slot.version);
    annotations.extend(digest.map(|digest| (labels::DIGEST.to_owned(), digest.to_owned())));
    if let Some(rejection) = rejection {
        rejection.write(&mut annotations);
    }
    let replicas = if rejection.is_some() { 0 } else { wanted };
    let mut apply: Vec<Desired> = manifest_of(turn, slot).into_iter().collect();
    apply.push(deployment_as_it_is(turn, slot, held, replicas, annotations));
    apply.extend(held.into_iter().flat_map(|held| {
        if activates {
            fence::fences(held, &health, turn.now)
        } else {
            fence::unfence(held, may_activate)
        }
    }));
    Step {
        apply,
        stage,
        health,
        since,
        is_new,
        may_activate,
    }
}

/// The ConfigMap of this name, if it is this very Model's: what others have labeled as its own is theirs.
pub(super) fn of_model<'a>(model: &Model, manifests: &'a [ConfigMap], name: &str) -> Option<&'a ConfigMap> {
    let mut ours = (manifests.iter()).filter(|one| controller_uid(*one) == model.metadata.uid.as_deref());
    ours.find(|one| one.metadata.name.as_deref() == Some(name))
}

/// The manifest of `slot`, unless it is there: it cannot change, and takes longer to write out than all else of a look. Its
/// labels can, and are put back.
pub(super) fn manifest_of(turn: Turn<'_>, slot: &Slot) -> Option<Desired> {
    let name = slot.name(turn.model);
    match of_model(turn.model, turn.manifests, &name) {
        None => Some(Desired::create(&manifest(turn.model, slot))),
        Some(found) => {
            let wanted = manifest_metadata(turn.model, slot).labels?;
            let has = |(key, value): (&String, &String)| found.labels().get(key) == Some(value);
            (!wanted.iter().all(has)).then(|| {
                Desired::Mark(json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": { "name": name, "uid": found.uid(), "labels": wanted },
                }))
            })
        }
    }
}

/// Whether a version that was not in the store was fitted since.
fn is_there_now(turn: Turn<'_>, held: &Held<'_>, rejection: &Rejection) -> bool {
    let fitted_at = fits::fitted_at(turn.jobs, held.slot.version);
    let was_missing = matches!(rejection.reason, Reason::VersionNotFound | Reason::DigestMismatch);
    was_missing
        && held
            .since
            .is_some_and(|since| fitted_at.is_some_and(|at| at > since))
}

/// The Deployment of `slot`. One that is there keeps its image, and its pods stay what they are, also under an operator
/// that would build them otherwise: an upgrade restarts nothing.
pub fn deployment_as_it_is(
    turn: Turn<'_>,
    slot: &Slot,
    held: Option<&Held<'_>>,
    replicas: i32,
    mut annotations: BTreeMap<String, String>,
) -> Desired {
    // What has never answered has no pod whose restart would cost anything, and a better image may be what it waits for.
    let answered = held.filter(|held| held.proved_at.is_some() || held.serves_since.is_some());
    let image = answered
        .and_then(Held::image)
        .unwrap_or(&turn.settings.image)
        .to_owned();
    annotations.insert(labels::IMAGE.to_owned(), image.clone());
    let as_held = Settings {
        image,
        ..turn.settings.clone()
    };
    let built = deployment(
        turn.model,
        &turn.wish.checked,
        slot,
        replicas,
        annotations,
        &as_held,
    );
    let mut built = json!(built);
    let mut recipe = Digest::of_json(&built["spec"]["template"]).hex();
    let made_by = answered.and_then(|held| held.seen.deployment.annotations().get(labels::RECIPE));
    if let (Some(held), Some(made_by)) = (answered, made_by)
        && *made_by != recipe
    {
        if let Some(seen) = &held.seen.deployment.spec {
            let mut template = seen.template.clone();
            let mut containers = (template.spec.iter_mut()).flat_map(|pod| &mut pod.containers);
            if let Some(container) = containers.find(|one| one.name == contract::pod::CONTAINER) {
                container.image = Some(as_held.image);
            }
            built["spec"]["template"] = json!(template);
            built["spec"]["selector"] = json!(seen.selector);
        }
        recipe.clone_from(made_by);
    }
    built["metadata"]["annotations"][labels::RECIPE] = recipe.into();
    Desired::Apply(built)
}
