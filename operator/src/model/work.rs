//! A plan in the making: each step of a look at a Model adds to it.

use std::collections::BTreeMap;

use auriga_crds::{Model, ModelStatus};
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    fits::Fits,
    health::{self, Health},
    rollout::{self, Stage, Step, Turn, deployment_as_it_is},
    slots::Slots,
    status,
    story::{Aim, Story, Traffic},
    wish::Wish,
};
use crate::{
    build::{
        deployment::Slot,
        service::{disruption_budget, service},
    },
    labels,
    plan::{Desired, Next, Note, Plan, Target, Urgency},
    seen::ModelSeen,
    time::milliseconds,
};

/// A plan in the making.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) apply: Vec<Desired>,
    delete: Vec<Target>,
    notes: Vec<Note>,
    next: Next,
}

impl Default for Work {
    fn default() -> Work {
        Work {
            apply: Vec::new(),
            delete: Vec::new(),
            notes: Vec::new(),
            next: Next::OnChange,
        }
    }
}

impl Work {
    pub(super) fn plan(mut self, story: &Story<'_>) -> Plan<ModelStatus> {
        self.delete.dedup();
        Plan {
            apply: self.apply,
            delete: self.delete,
            status: status::status(story),
            notes: self.notes,
            next: self.next,
        }
    }

    fn note(&mut self, urgency: Urgency, reason: &'static str, action: &'static str, message: String) {
        self.notes.push(Note {
            urgency,
            reason,
            action,
            message,
        });
    }

    fn look_again(&mut self, after: std::time::Duration) {
        self.next = self.next.or(Next::After(after));
    }

    /// The Service: the first thing that is made, since its name may be taken, and changed when the traffic moves.
    pub(super) fn service(&mut self, turn: Turn<'_>, traffic: &Traffic) {
        let annotations = traffic_annotations(traffic);
        self.apply.push(Desired::apply(&service(
            turn.model,
            traffic.slot.as_ref(),
            annotations,
        )));
    }

    pub(super) fn budget(&mut self, turn: Turn<'_>, seen: &ModelSeen, traffic: &Traffic) {
        match (&traffic.slot, &seen.budget) {
            (Some(slot), _) if turn.wish.replicas >= 2 => {
                self.apply
                    .push(Desired::apply(&disruption_budget(turn.model, slot)));
            }
            (_, Some(budget)) => self.delete.extend(Target::of(budget)),
            (_, None) => {}
        }
    }

    pub(super) fn fits(&mut self, model: &Model, wish: &Wish, fits: &Fits<'_>) {
        if let Some(begun) = fits.begin.as_ref().filter(|_| !model.spec.suspend) {
            self.apply.push(Desired::create(begun));
            self.note(
                Urgency::Normal,
                "FitStarted",
                "Fitting",
                format!("TrainingJob {} fits what the spec describes.", begun.name_any()),
            );
        }
        // What a person has made by hand, a person suspends.
        let mine = fits.running.filter(|job| {
            job.owner_references()
                .iter()
                .any(|owner| Some(&owner.uid) == model.metadata.uid.as_ref())
        });
        if let Some(job) = mine.filter(|job| job.spec.suspend != model.spec.suspend) {
            self.apply.push(Desired::Mark(json!({
                "apiVersion": "auriga.dev/v1alpha1",
                "kind": "TrainingJob",
                "metadata": { "name": job.name_any(), "namespace": job.namespace(), "uid": job.uid() },
                "spec": { "modelRef": job.spec.model_ref, "suspend": model.spec.suspend },
            })));
        }
        if wish.fit_hash.is_some() {
            self.delete
                .extend(fits.superseded.iter().filter_map(|job| Target::of(*job)));
        }
        self.delete
            .extend(fits.old.iter().filter_map(|job| Target::of(*job)));
        if let Some(pause) = fits.retry_in {
            self.look_again(pause);
        }
    }

    pub(super) fn step(&mut self, turn: Turn<'_>, slot: &Slot, step: &Step) {
        self.apply.extend(step.apply.iter().cloned());
        if step.is_new && turn.wish.replicas > 0 {
            let message = format!("Version {} starts as {}.", slot.version, slot.name(turn.model));
            self.note(Urgency::Normal, "CandidateStarted", "Loading", message);
        }
        if let Stage::Rejected {
            rejection,
            is_news: true,
        } = &step.stage
        {
            let message = format!("Version {} was given up: {}", slot.version, rejection.message);
            self.note(Urgency::Warning, "CandidateRejected", "Probing", message);
        }
        if !matches!(step.stage, Stage::Rejected { .. }) && turn.wish.replicas > 0 {
            self.look_again(turn.settings.poll_rollout);
        }
    }

    /// Moves the traffic, and remembers where it came from.
    pub(super) fn switch(&mut self, turn: Turn<'_>, traffic: &mut Traffic, target: &Slot) {
        let before = traffic.slot.replace(target.clone());
        let (reason, message) = match &before {
            Some(before) if before.version > target.version => (
                "RolledBack",
                format!(
                    "Version {} answers again instead of {}.",
                    target.version, before.version
                ),
            ),
            Some(before) if before.version == target.version => (
                "Activated",
                format!("Version {} answers by the settings of today.", target.version),
            ),
            Some(before) => (
                "Activated",
                format!(
                    "Version {} answers instead of {}.",
                    target.version, before.version
                ),
            ),
            None => ("Activated", format!("Version {} answers.", target.version)),
        };
        let other_version = before
            .as_ref()
            .map(|slot| slot.version)
            .filter(|version| *version != target.version);
        traffic.previous_version = other_version.or(traffic.previous_version);
        traffic.previous = before;
        traffic.since = Some(turn.now);
        self.note(Urgency::Normal, reason, "Activating", message);
    }

    /// Keeps the pods with the traffic what they should be.
    pub(super) fn settle(
        &mut self,
        turn: Turn<'_>,
        slots: &Slots<'_>,
        traffic: &Traffic,
        may_reactivate: bool,
        known_hash: impl Fn(&Slot) -> Option<String>,
    ) -> Health {
        let Some((slot, held)) = traffic
            .slot
            .as_ref()
            .and_then(|slot| Some((slot, slots.get(slot)?)))
        else {
            return self.restore(turn, traffic, known_hash);
        };
        let health = health::health(held, &turn.model.uid().unwrap_or_default(), turn.settings.passes);
        let mut annotations = BTreeMap::new();
        annotations.extend(
            held.since
                .map(|since| (labels::SINCE.to_owned(), milliseconds(since))),
        );
        annotations.extend(known_hash(slot).map(|hash| (labels::FIT_HASH.to_owned(), hash)));
        let replicas = turn.wish.replicas;
        self.apply
            .push(Desired::create(&crate::build::deployment::manifest(
                turn.model, slot,
            )));
        self.apply.push(Desired::apply(&deployment_as_it_is(
            turn,
            slot,
            Some(held),
            replicas,
            annotations,
        )));
        // Somebody has activated another version in the store: put back what the spec asks for. While a version walks,
        // that somebody is its pods, and the traffic is about to follow.
        if may_reactivate && health.passed > 0 && health.active < health.passed && !turn.model.spec.suspend {
            let fences = rollout::fences(held, &health);
            if !fences.is_empty() && !is_just_switched(turn, traffic) {
                let message = format!(
                    "Version {} is made the active one again: another one was, in the store.",
                    slot.version
                );
                self.note(Urgency::Warning, "Reactivated", "Activating", message);
            }
            self.apply.extend(fences);
            self.look_again(turn.settings.poll_rollout);
        }
        if health.ready < replicas {
            self.look_again(turn.settings.poll_rollout);
        } else if replicas > 0 {
            self.look_again(turn.settings.poll_serving);
        }
        health
    }

    /// The Deployment with the traffic is gone: somebody has deleted it.
    fn restore(
        &mut self,
        turn: Turn<'_>,
        traffic: &Traffic,
        known_hash: impl Fn(&Slot) -> Option<String>,
    ) -> Health {
        if let Some(slot) = &traffic.slot {
            let step = rollout::step(turn, slot, None, known_hash(slot).as_deref(), false);
            self.step(turn, slot, &step);
        }
        Health::default()
    }

    /// Puts to sleep what had the traffic before, once its last answers are given, and deletes what nobody needs.
    pub(super) fn retire(
        &mut self,
        turn: Turn<'_>,
        seen: &ModelSeen,
        slots: &Slots<'_>,
        traffic: &Traffic,
        aim: &Aim,
    ) {
        let is_wanted = |slot: &Slot| {
            [&traffic.slot, &aim.target, &aim.waiting]
                .into_iter()
                .any(|wanted| wanted.as_ref() == Some(slot))
        };
        let is_drained = drained_in(turn, traffic).is_zero();
        for held in slots.all.iter().filter(|held| !is_wanted(&held.slot)) {
            if traffic.previous.as_ref() != Some(&held.slot) {
                self.delete.extend(Target::of(&held.seen.deployment));
            } else if held.replicas() > 0 && is_drained {
                let mut annotations = BTreeMap::new();
                annotations.extend(
                    held.fit_hash()
                        .map(|hash| (labels::FIT_HASH.to_owned(), hash.to_owned())),
                );
                let asleep = deployment_as_it_is(turn, &held.slot, Some(held), 0, annotations);
                self.apply.push(Desired::apply(&asleep));
            } else if held.replicas() > 0 {
                self.look_again(drained_in(turn, traffic));
            }
        }
        let is_named = |name: &str| {
            let slots = [&traffic.slot, &traffic.previous, &aim.target, &aim.waiting];
            slots
                .into_iter()
                .flatten()
                .any(|slot| slot.name(turn.model) == name)
        };
        let unused = (seen.config_maps.iter()).filter(|one| !is_named(&one.name_any()));
        self.delete.extend(unused.filter_map(Target::of));
    }
}

/// How long until the pods that had the traffic before may end.
fn drained_in(turn: Turn<'_>, traffic: &Traffic) -> std::time::Duration {
    let since = traffic.since.map(|since| turn.now.duration_since(since));
    let passed = since.and_then(|passed| std::time::Duration::try_from(passed).ok());
    // A switch in the future is a clock that jumped: nothing is gained by waiting for it.
    passed.map_or(std::time::Duration::ZERO, |passed| {
        turn.settings.drain.saturating_sub(passed)
    })
}

/// Whether the pods with the traffic are about to write the row that makes them active.
fn is_just_switched(turn: Turn<'_>, traffic: &Traffic) -> bool {
    !drained_in(turn, traffic).is_zero()
}

fn traffic_annotations(traffic: &Traffic) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::new();
    annotations.extend(
        traffic
            .since
            .map(|since| (labels::SWITCHED_AT.to_owned(), milliseconds(since))),
    );
    let previous = traffic.previous.as_ref();
    annotations.extend(previous.map(|slot| (labels::PREVIOUS_SLOT.to_owned(), slot.label())));
    let version = traffic.previous_version;
    annotations.extend(version.map(|version| (labels::PREVIOUS_VERSION.to_owned(), version.to_string())));
    annotations
}
