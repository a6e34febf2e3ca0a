//! Decides what a Model needs next.

use auriga_crds::{ActivationPolicy, Model, ModelStatus, Reason, TrainingJob, VersionNumber};
use jiff::Timestamp;
use kube::ResourceExt as _;

use super::{
    arrival, cleanup,
    fits::{self, Fits},
    health::{self, Health},
    rollout::{self, Step, Turn},
    slots::{Held, Rejection, Slots},
    stage::Stage,
    status,
    story::{Aim, Story, Walk},
    traffic::{Traffic, is_just_switched},
    wish::Wish,
    work::Work,
};
use crate::{
    build::{self, deployment::Slot},
    plan::{Desired, Plan},
    seen::ModelSeen,
    settings::Settings,
};

pub use status::refused;

/// What is to be done about `model`, seeing what is there. Total: what is wrong with the spec becomes a condition.
///
/// The Service comes first, since its name may be taken; then what answers is cared for, so that nothing that is refused
/// later can keep it from that; then the version that is on its way, the traffic, the fits, and what nobody needs any more.
pub fn decide(model: &Model, seen: &ModelSeen, settings: &Settings, now: Timestamp) -> Plan<ModelStatus> {
    if model.metadata.deletion_timestamp.is_some() {
        return cleanup::decide(model, seen, settings, now);
    }
    decide_for(model, &Wish::read(model, &seen.texts), seen, settings, now)
}

/// [`decide`] for a Model that stays, whose wish was read before, or why it could not be: that is of the spec, the annotations
/// and the texts alone, and who looks at the same ones again and again needs it once.
pub fn decide_for(
    model: &Model,
    wish: &Result<Wish, String>,
    seen: &ModelSeen,
    settings: &Settings,
    now: Timestamp,
) -> Plan<ModelStatus> {
    let mut work = Work::default();
    work.apply.extend(cleanup::finalizer(model));
    let slots = Slots::of(&seen.slots);
    let mut traffic = Traffic::of(seen.service.as_ref(), &slots);
    let wish = match wish {
        Ok(wish) => wish,
        Err(fault) => return work.plan(&invalid(model, seen, &slots, &traffic, fault.clone(), now)),
    };
    // The same number in another store is another version.
    let in_store = seen
        .training_jobs
        .iter()
        .filter(|job| fits::is_in(job, &wish.store));
    let in_store: Vec<TrainingJob> = in_store.cloned().collect();
    let turn = Turn {
        model,
        wish,
        settings,
        manifests: &seen.config_maps,
        jobs: &in_store,
        now,
        clock_set_at: seen.clock_set_at,
    };
    let fits = fits::fits(model, wish, &seen.training_jobs, &slots, settings, now);
    let aim = aim(wish, &fits, &traffic);
    if seen.service.is_none() {
        work.service(turn, &traffic);
    }
    let known_hash = |slot: &Slot| fit_hash(slot, turn, &fits, &slots);
    let relapse = relapse(turn, &slots, &traffic);
    if let Some(rejection) = &relapse {
        work.fall_back(turn, &slots, &mut traffic, rejection);
    }
    let mut health = work.settle(turn, seen, &slots, &traffic, known_hash);
    let suspended = model.spec.suspend;
    let is_held = |slot: &Slot| suspended && slots.get(slot).is_none_or(|held| held.replicas() == 0);
    let walk = |slot: &Slot, may_activate: bool| {
        let held = slots.get(slot);
        rollout::step(turn, slot, held, known_hash(slot).as_deref(), may_activate)
    };
    let mut on_the_way = None;
    let mut switched = relapse.is_some();
    let target = aim.target.as_ref().filter(|slot| {
        // What was given up a moment ago is looked at again once that is written down.
        relapse.is_none() && traffic.slot.as_ref() != Some(slot) && !is_held(slot)
    });
    if let Some(target) = target {
        let mut step = walk(target, !suspended);
        // The one before is never far: requests may be sent there still.
        let is_back = traffic.previous.as_ref() == Some(target);
        let may_move_on = is_back || arrival::may_move_on(&seen.reached, &slots, &traffic, &health);
        switched = may_move_on && may_switch(turn, &traffic, target, &step);
        if switched {
            // The fence comes with the rest of what pods with the traffic get, after the traffic.
            step.apply.retain(|desired| !matches!(desired, Desired::Mark(_)));
        }
        work.step(turn, target, &step);
        if switched {
            work.switch(turn, &mut traffic, target);
            health = step.health;
        } else {
            on_the_way = Some(Walk {
                slot: target.clone(),
                step,
            });
        }
    }
    let waiting = aim.waiting.as_ref().filter(|slot| !is_held(slot)).map(|slot| {
        let step = walk(slot, false);
        work.step(turn, slot, &step);
        Walk {
            slot: slot.clone(),
            step,
        }
    });
    if seen.service.is_some() && relapse.is_none() {
        work.service(turn, &traffic);
    }
    work.budget(turn, seen, &traffic);
    let is_walking =
        (on_the_way.as_ref()).is_some_and(|walk| !matches!(walk.step.stage, Stage::Rejected { .. }));
    // While a version walks, it is its pods that have moved the pointer, and the traffic is about to follow.
    if !is_walking && !switched && !suspended {
        work.reactivate(turn, &slots, &traffic, &health);
    }
    work.fits(model, wish, &fits);
    if relapse.is_none() {
        work.retire(turn, seen, &slots, &traffic, &aim, health.ready > 0);
    }
    let mut story = Story {
        model,
        seen,
        wish: Some(wish),
        fault: None,
        fits: Some(&fits),
        traffic: &traffic,
        fit_hash: traffic.slot.as_ref().and_then(known_hash),
        health,
        walk: on_the_way,
        waiting,
        arriving: None,
        now,
    };
    story.arriving = arrival::awaited(&story);
    if story.arriving.is_some() {
        work.look_again(settings.poll_rollout);
    }
    work.plan(&story)
}

/// Which versions are wanted.
fn aim(wish: &Wish, fits: &Fits<'_>, traffic: &Traffic) -> Aim {
    let slot = |version: Option<VersionNumber>| version.map(|version| wish.slot(version));
    match wish.policy {
        ActivationPolicy::Auto => Aim {
            target: slot(fits.fitted),
            waiting: None,
        },
        ActivationPolicy::Pinned => Aim {
            target: slot(wish.version),
            waiting: None,
        },
        ActivationPolicy::Manual => {
            // Nobody has chosen yet: what answers answers on, by the settings of today.
            let answering = traffic.slot.as_ref().map(|slot| slot.version);
            let target = slot(wish.version.or(answering));
            Aim {
                waiting: slot(fits.fitted).filter(|newest| target.as_ref() != Some(newest)),
                target,
            }
        }
    }
}

/// Why the version that got the traffic a moment ago is to lose it again, if the pods before still answer: it did not
/// live up to what it had shown.
fn relapse(turn: Turn<'_>, slots: &Slots<'_>, traffic: &Traffic) -> Option<Rejection> {
    let (slot, before) = (traffic.slot.as_ref()?, traffic.previous.as_ref()?);
    let (held, before) = (slots.get(slot)?, slots.get(before)?);
    let wanted = turn.wish.replicas;
    let may_relapse = held.rejection.is_some() || is_just_switched(turn, traffic) && held.replicas() > 0;
    if turn.model.spec.suspend || wanted == 0 || !may_relapse {
        return None;
    }
    let uid = turn.model.uid().unwrap_or_default();
    let most = wanted.min(before.most_replicas());
    // The one before has to answer now: on a node that has just died the kubelet's word for it may be older than that.
    let (health, before) = (
        health::of_traffic(held, &uid, turn.now),
        health::health(before, &uid, 1, turn.now),
    );
    let trouble = health.trouble.filter(|trouble| !trouble.passes);
    // Where nobody else answers, one pod is better than none.
    let enough = if health.ready == 0 { 1 } else { most };
    if before.ready < enough || trouble.is_none() && health.ready > 0 {
        return None;
    }
    if let Some(known) = &held.rejection {
        // It has the traffic still, and is on its way back: the Service could not be written.
        return Some(known.clone());
    }
    let since = traffic.since.unwrap_or(Timestamp::MIN);
    if trouble.is_none() && health.cut_off.is_some_and(|at| at >= since) {
        // It died with its node since, and may be as good as before.
        return None;
    }
    let (reason, words) = trouble.map_or_else(
        || {
            (
                Reason::RuntimeUnhealthy,
                "none of its pods answered any more".to_owned(),
            )
        },
        |trouble| (trouble.reason, trouble.message),
    );
    Some(Rejection {
        reason,
        message: format!("after it got the traffic: {words}"),
        at: Some(turn.now),
        edition: build::edition(turn.model, &turn.wish.checked),
    })
}

/// Whether the traffic may move to `target`. A version that had it before and still has pods that answer gets it back
/// first, and its row in the ledger next: it was activated once.
fn may_switch(turn: Turn<'_>, traffic: &Traffic, target: &Slot, step: &Step) -> bool {
    let wanted = turn.wish.replicas;
    if wanted == 0 || turn.model.spec.suspend {
        return false;
    }
    let was_active = traffic.previous.as_ref() == Some(target);
    match step.stage {
        Stage::Ready => true,
        Stage::Activating => was_active && step.health.ready.min(step.health.counted) >= wanted,
        _ => false,
    }
}

/// What a version was fitted to, as far as anybody remembers.
fn fit_hash(slot: &Slot, turn: Turn<'_>, fits: &Fits<'_>, slots: &Slots<'_>) -> Option<String> {
    let (version, wish) = (slot.version, turn.wish);
    let of_deployment = |held: &Held<'_>| held.fit_hash().map(str::to_owned);
    if let Some(elsewhere) = slots.get(slot).filter(|held| !held.is_in(&wish.store)) {
        return of_deployment(elsewhere);
    }
    if fits.fitted == Some(version) {
        return wish.fit_hash.clone();
    }
    let of_job = (turn.jobs.iter()).find(|job| fits::version(job) == Some(version));
    let of_job = of_job.and_then(|job| job.status.as_ref()?.fit_hash.clone());
    let here = slots.all.iter().filter(|held| held.is_in(&wish.store));
    let mut same_version = here.filter(|held| held.slot.version == version);
    of_job.or_else(|| same_version.find_map(of_deployment))
}

/// A spec that cannot be carried out changes nothing: what answers answers on.
fn invalid<'a>(
    model: &'a Model,
    seen: &'a ModelSeen,
    slots: &Slots<'_>,
    traffic: &'a Traffic,
    fault: String,
    now: Timestamp,
) -> Story<'a> {
    let current = traffic.slot.as_ref().and_then(|slot| slots.get(slot));
    Story {
        model,
        seen,
        wish: None,
        fault: Some(fault),
        fits: None,
        traffic,
        health: current.map_or_else(Health::default, |held| {
            health::of_traffic(held, &model.uid().unwrap_or_default(), now)
        }),
        fit_hash: current.and_then(|held| held.fit_hash().map(str::to_owned)),
        walk: None,
        waiting: None,
        arriving: None,
        now,
    }
}
