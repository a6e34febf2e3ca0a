//! A plan in the making: each step of a look at a Model adds to it.

use auriga_crds::{Model, ModelStatus};
use kube::ResourceExt as _;
use serde_json::json;

use super::{
    arrival, fence,
    fits::{Fits, is_mine},
    health::{self, Health},
    rollout::{self, Step, Turn, deployment_as_it_is, of_model},
    slots::{Held, Rejection, Slots},
    stage::Stage,
    status,
    story::{Aim, Story},
    traffic::{Traffic, is_just_switched, traffic_annotations},
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

    pub(super) fn look_again(&mut self, after: std::time::Duration) {
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
        let mine = fits.running.filter(|job| is_mine(model, job));
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
        if turn.wish.replicas > 0 {
            match &step.stage {
                Stage::Rejected { .. } => {}
                Stage::Held { is_overdue: true, .. } => self.look_again(turn.settings.poll_fit),
                // Nothing more happens until a person says so.
                Stage::Activating | Stage::Ready if !step.may_activate => {
                    self.look_again(turn.settings.poll_serving);
                }
                _ => self.look_again(turn.settings.poll_rollout),
            }
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

    /// Keeps the pods with the traffic what they should be; before anything else is tried that might be refused.
    pub(super) fn settle(
        &mut self,
        turn: Turn<'_>,
        seen: &ModelSeen,
        slots: &Slots<'_>,
        traffic: &Traffic,
        known_hash: impl Fn(&Slot) -> Option<String>,
    ) -> Health {
        let Some((slot, held)) = traffic
            .slot
            .as_ref()
            .and_then(|slot| Some((slot, slots.get(slot)?)))
        else {
            return self.restore(turn, seen, traffic, known_hash);
        };
        let health = health::of_traffic(held, &turn.model.uid().unwrap_or_default(), turn.now);
        let mut annotations = held.kept();
        annotations.extend(known_hash(slot).map(|hash| (labels::FIT_HASH.to_owned(), hash)));
        let since = traffic.since.map(milliseconds);
        annotations.extend(since.map(|since| (labels::SERVES_SINCE.to_owned(), since)));
        // The spec may ask for more by now than what it was made for can bear.
        let replicas = turn.wish.replicas.min(held.most_replicas());
        if slot.serve_hash == turn.wish.serve_hash {
            self.apply.extend(rollout::manifest_of(turn, slot));
        }
        self.apply
            .push(deployment_as_it_is(turn, slot, Some(held), replicas, annotations));
        if health.ready < replicas {
            self.look_again(turn.settings.poll_rollout);
        } else if replicas > 0 {
            self.look_again(turn.settings.poll_serving);
        }
        health
    }

    /// Somebody has activated another version in the store: puts back what the spec asks for.
    pub(super) fn reactivate(
        &mut self,
        turn: Turn<'_>,
        slots: &Slots<'_>,
        traffic: &Traffic,
        health: &Health,
    ) {
        let held = traffic.slot.as_ref().and_then(|slot| slots.get(slot));
        let Some(held) = held.filter(|_| health.passed > 0 && health.active < health.passed) else {
            return;
        };
        let fences = fence::fences(held, health, turn.now);
        if !fence::is_told(held, health) && !is_just_switched(turn, traffic) {
            let version = held.slot.version;
            let message =
                format!("Version {version} is made the active one again: another one was, in the store.");
            self.note(Urgency::Warning, "Reactivated", "Activating", message);
        }
        self.apply.extend(fences);
        self.look_again(turn.settings.poll_rollout);
    }

    /// Gives the traffic back to the pods before, which still run, because those that got it a moment ago do not answer.
    pub(super) fn fall_back(
        &mut self,
        turn: Turn<'_>,
        slots: &Slots<'_>,
        traffic: &mut Traffic,
        rejection: &Rejection,
    ) {
        let (Some(failed), Some(before)) = (traffic.slot.clone(), traffic.previous.clone()) else {
            return;
        };
        self.switch(turn, traffic, &before);
        if let Some(held) = slots.get(&failed) {
            let mut annotations = held.kept();
            rejection.write(&mut annotations);
            let asleep = deployment_as_it_is(turn, &failed, Some(held), 0, annotations);
            self.service(turn, traffic);
            self.apply.push(asleep);
        }
        let message = format!("Version {} was given up: {}", failed.version, rejection.message);
        self.note(Urgency::Warning, "CandidateRejected", "Serving", message);
        self.look_again(turn.settings.poll_rollout);
    }

    /// The Deployment with the traffic is gone: somebody has deleted it. It is made anew from the manifest that its pods
    /// read, since the spec may say something else by now.
    fn restore(
        &mut self,
        turn: Turn<'_>,
        seen: &ModelSeen,
        traffic: &Traffic,
        known_hash: impl Fn(&Slot) -> Option<String>,
    ) -> Health {
        let as_it_was = traffic
            .slot
            .as_ref()
            .and_then(|slot| Some((slot, model_of(turn, seen, slot)?)));
        if let Some((slot, model)) = as_it_was {
            let turn = Turn {
                model: &model,
                ..turn
            };
            let step = rollout::step(turn, slot, None, known_hash(slot).as_deref(), false);
            self.step(turn, slot, &step);
        }
        Health::default()
    }

    /// Puts to sleep what had the traffic before, once its last answers are given, and deletes what nobody needs. `any_ready`:
    /// whether a pod with the traffic can answer.
    pub(super) fn retire(
        &mut self,
        turn: Turn<'_>,
        seen: &ModelSeen,
        slots: &Slots<'_>,
        traffic: &Traffic,
        aim: &Aim,
        any_ready: bool,
    ) {
        let is_wanted = |slot: &Slot| {
            [&traffic.slot, &aim.target, &aim.waiting]
                .into_iter()
                .any(|wanted| wanted.as_ref() == Some(slot))
        };
        // While the Service is being made, nobody can tell for sure what has the traffic.
        if seen.service.is_none() {
            return;
        }
        let drained_in = arrival::drained_in(turn, &seen.reached, traffic, any_ready);
        let was_left_dead = arrival::was_left_dead(turn, slots, traffic);
        // The traffic moved on from the others once it had arrived, or since nobody answered there.
        let is_needed = |held: &Held<'_>| {
            let was_asked_last = was_left_dead && held.serves_since.is_some() && held.may_be_asked();
            was_asked_last || traffic.is_of_before(held)
        };
        let mut needed = Vec::new();
        for held in slots.all.iter().filter(|held| !is_wanted(&held.slot)) {
            if let Some(drained_in) = drained_in.filter(|_| is_needed(held)) {
                self.look_again(drained_in);
                needed.push(&held.slot);
            } else if traffic.previous.as_ref() != Some(&held.slot) {
                self.delete.extend(Target::of(&held.seen.deployment));
            } else if held.replicas() > 0 || held.rejection.is_some() {
                // What was given up gets another chance when it is wanted again.
                let asleep = deployment_as_it_is(turn, &held.slot, Some(held), 0, held.kept());
                self.apply.push(asleep);
            }
        }
        let is_named = |name: &str| {
            let slots = [&traffic.slot, &traffic.previous, &aim.target, &aim.waiting];
            let mut slots = slots.into_iter().flatten().chain(needed.iter().copied());
            slots.any(|slot| slot.name(turn.model) == name)
        };
        let unused = (seen.config_maps.iter()).filter(|one| !is_named(&one.name_any()));
        self.delete.extend(unused.filter_map(Target::of));
    }
}

/// The Model as the pods of `slot` know it.
fn model_of(turn: Turn<'_>, seen: &ModelSeen, slot: &Slot) -> Option<Model> {
    if slot.serve_hash == turn.wish.serve_hash {
        return Some(turn.model.clone());
    }
    let name = slot.name(turn.model);
    let manifest = of_model(turn.model, &seen.config_maps, &name)?;
    let text = manifest
        .data
        .as_ref()?
        .get(auriga_crds::contract::pod::MANIFEST_FILE)?;
    let read: Model = serde_saphyr::from_str(text).ok()?;
    Some(Model {
        spec: read.spec,
        ..turn.model.clone()
    })
}
