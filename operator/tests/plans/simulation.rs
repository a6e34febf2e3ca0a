//! Random stories of a Model: edits, pods that come and go, an operator that is killed between any two writes. Whatever
//! happens, the invariants hold, and once it stops happening the Model becomes what its last spec asks for.

mod facts;

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use auriga_crds::{ActivationPolicy, ConditionStatus, ConditionType, ModelStatus, Reason};
use auriga_operator::{labels, model::fits, plan::Plan, seen::Reached};
use kube::ResourceExt;
use proptest::prelude::*;

use crate::given::{self, Stories, World};
use facts::Facts;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// The operator looks, and does what it decides.
    Turn,
    /// It is killed after so many writes.
    Killed(usize),
    /// Another fit is asked for.
    C(u8),
    /// Other settings of the answers.
    Metadata(u8),
    Replicas(i32),
    Policy(ActivationPolicy, u64),
    Suspend(bool),
    Refit(u8),
    FitEnds,
    FitFails,
    PodsStart,
    PodsAnswer,
    /// Kubernetes' controllers know of no pod yet.
    NothingIsCounted,
    /// Requests do not arrive, or nobody knows whether they do.
    NothingArrives(Reached),
    FencesAreRead,
    /// The pods of the newest Deployment cannot answer.
    Unwell(Reason),
    /// One pod is gone, as after an eviction.
    PodDies(usize),
    /// Somebody deletes a child.
    ChildIsDeleted(usize),
    StatusIsWiped,
    Seconds(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let policy = prop_oneof![
        Just(ActivationPolicy::Auto),
        Just(ActivationPolicy::Manual),
        Just(ActivationPolicy::Pinned)
    ];
    let silent = Reached::Silent {
        why: "cannot be reached".to_owned(),
        lasts: Duration::ZERO,
    };
    let elsewhere = Reached::Elsewhere {
        lasts: Duration::ZERO,
    };
    let unwell = prop_oneof![
        Just(Reason::PersisterUnavailable),
        Just(Reason::GoldenRequestFailed),
        Just(Reason::InvalidSpec)
    ];
    prop_oneof![
        8 => Just(Step::Turn),
        6 => (0_usize..6).prop_map(Step::Killed),
        3 => (0_u8..4).prop_map(Step::C),
        2 => (0_u8..3).prop_map(Step::Metadata),
        1 => (0_i32..4).prop_map(Step::Replicas),
        1 => (policy, 1_u64..4).prop_map(|(policy, version)| Step::Policy(policy, version)),
        1 => any::<bool>().prop_map(Step::Suspend),
        1 => (0_u8..3).prop_map(Step::Refit),
        4 => Just(Step::FitEnds),
        1 => Just(Step::FitFails),
        2 => Just(Step::PodsStart),
        6 => Just(Step::PodsAnswer),
        2 => Just(Step::NothingIsCounted),
        2 => prop_oneof![Just(Reached::NotAsked), Just(silent), Just(elsewhere)].prop_map(Step::NothingArrives),
        5 => Just(Step::FencesAreRead),
        1 => unwell.prop_map(Step::Unwell),
        1 => (0_usize..6).prop_map(Step::PodDies),
        1 => (0_usize..8).prop_map(Step::ChildIsDeleted),
        1 => Just(Step::StatusIsWiped),
        3 => (1_i64..200).prop_map(Step::Seconds),
    ]
}

/// A world with a store that gives numbers.
struct Story {
    world: World,
    /// The version that each hash was fitted as.
    store: BTreeMap<String, u64>,
}

impl Story {
    fn new() -> Story {
        // Read once: stories are many. A claim would bear one replica alone.
        static FIRST: LazyLock<World> = LazyLock::new(|| {
            let mut world = World::of("iris").edited_before(|model| given::on_postgres(&mut model.spec));
            world.plan_again();
            world
        });
        Story {
            world: FIRST.clone(),
            store: BTreeMap::new(),
        }
    }

    fn happen(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let world = &mut self.world;
        match step {
            Step::Turn => return self.look(usize::MAX),
            Step::Killed(writes) => return self.look(*writes),
            Step::C(c) => world.set_c(0.1 + f64::from(*c)),
            Step::Metadata(value) => world.edit(|spec| {
                let metadata = &mut spec.serving.service_metadata;
                metadata.insert("service_name".to_owned(), value.to_string());
            }),
            Step::Replicas(replicas) => world.edit(|spec| spec.replicas = i64::from(*replicas)),
            Step::Policy(policy, version) => {
                let newest = self.store.values().max().copied().unwrap_or(0);
                let version = i64::try_from(*version.min(&newest))
                    .ok()
                    .filter(|version| *version > 0);
                if *policy == ActivationPolicy::Pinned && version.is_none() {
                    return Ok(());
                }
                world.edit(|spec| {
                    spec.activation.policy = *policy;
                    spec.activation.version = version.filter(|_| *policy != ActivationPolicy::Auto);
                });
            }
            Step::Suspend(suspend) => world.edit(|spec| spec.suspend = *suspend),
            Step::Refit(number) => {
                world.annotate(labels::REFIT_AT, &format!("2026-01-0{}T00:00:00Z", number + 1))
            }
            Step::FitEnds => self.fit_ends(),
            Step::FitFails => {
                if self.is_fitting() {
                    self.world.fit_fails(Reason::InvalidData, "a cell is no number");
                }
            }
            Step::PodsStart => world.pods_start(),
            Step::PodsAnswer => world.pods_answer(),
            Step::NothingIsCounted => world.nothing_is_counted(),
            Step::NothingArrives(reached) => world.seen.reached = reached.clone(),
            Step::FencesAreRead => world.fences_are_read(),
            Step::Unwell(reason) => {
                if let Some(version) = self.store.values().max() {
                    world.pods_are_unwell(*version, *reason, "it is not well");
                }
            }
            Step::PodDies(which) => {
                let slots = world.seen.slots.iter_mut();
                let with_pods: Vec<_> = slots.filter(|slot| !slot.pods.is_empty()).collect();
                let count = with_pods.len().max(1);
                if let Some(slot) = with_pods.into_iter().nth(which % count) {
                    slot.pods.pop();
                }
            }
            Step::ChildIsDeleted(which) => self.delete_child(*which),
            Step::StatusIsWiped => world.model.status = None,
            Step::Seconds(seconds) => world.pass(*seconds),
        }
        Ok(())
    }

    fn is_fitting(&self) -> bool {
        let jobs = self.world.seen.training_jobs.iter();
        jobs.into_iter()
            .any(|job| fits::end(job).is_none() && !job.spec.suspend)
    }

    fn fit_ends(&mut self) {
        if !self.is_fitting() {
            return;
        }
        let hash = self.world.unfinished().spec.fit_hash.clone().unwrap();
        let next = self.store.len() as u64 + 1;
        let version = *self.store.entry(hash).or_insert(next);
        self.world.fit_ends(version);
    }

    fn delete_child(&mut self, which: usize) {
        let seen = &mut self.world.seen;
        match which {
            0 => seen.service = None,
            1 => seen.budget = None,
            2 => drop(seen.config_maps.pop()),
            3 => drop(seen.slots.pop()),
            4 => drop((!seen.slots.is_empty()).then(|| seen.slots.remove(0))),
            5 => drop(seen.training_jobs.pop()),
            _ => drop((!seen.training_jobs.is_empty()).then(|| seen.training_jobs.remove(0))),
        }
    }

    /// The operator looks, and is killed after so many writes.
    fn look(&mut self, writes: usize) -> Result<(), TestCaseError> {
        let before = Facts::of(&self.world);
        let jobs_before: Vec<String> = self.names_of_jobs();
        let plan = if writes == usize::MAX {
            self.world.turn()
        } else {
            self.world.broken_turn(writes)
        };
        self.obeys(&plan, &before)?;
        let made = self
            .names_of_jobs()
            .into_iter()
            .filter(|name| !jobs_before.contains(name));
        prop_assert!(made.count() <= 1, "one look orders two fits");
        let jobs = self.world.seen.training_jobs.iter();
        let unfinished = jobs.into_iter().filter(|job| fits::end(job).is_none());
        let mut hashes: Vec<_> = unfinished.map(|job| &job.spec.fit_hash).collect();
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        prop_assert_eq!(hashes.len(), count, "two fits of the same are under way");
        Ok(())
    }

    fn names_of_jobs(&self) -> Vec<String> {
        self.world
            .seen
            .training_jobs
            .iter()
            .map(ResourceExt::name_any)
            .collect()
    }

    /// The invariants that one look may break.
    fn obeys(&self, plan: &Plan<ModelStatus>, before: &Facts) -> Result<(), TestCaseError> {
        let world = &self.world;
        let after = Facts::of(world);
        if let Some(version) = after.traffic {
            prop_assert!(
                world.ledger.contains(&version),
                "I3: version {version} gets traffic and was never active; the ledger: {:?}",
                world.ledger
            );
            if world.model.spec.replicas > 0 && before.traffic.is_some() && before.pods_with_traffic > 0 {
                prop_assert!(
                    after.wanted_with_traffic > 0,
                    "I4: the Deployment with the traffic is to have no pods"
                );
            }
            let is_same = after.selector == before.selector && world.model.spec.replicas > 0;
            prop_assert!(
                !is_same || before.needed.is_subset(&after.running),
                "I4: pods go that requests are still sent to; needed are {:?}, and left {:?}",
                before.needed,
                after.running
            );
            // A Service that was deleted is made again for whom it was, and the way back is open where nobody else answers.
            let is_restored =
                before.selector.is_none() && after.selector.iter().all(|slot| before.served.contains(slot));
            let is_back = after.selector == before.previous;
            let has_moved = after.selector != before.selector && !is_restored && !is_back;
            prop_assert!(
                !has_moved || after.counted_with_traffic >= world.model.spec.replicas,
                "I4: the traffic moves to pods that Kubernetes' controllers do not know to be ready"
            );
        }
        let ready = ConditionType::Ready.holds_in(&plan.status.conditions);
        let arrives = world.model.spec.replicas == 0 || before.is_ready || before.arrives;
        prop_assert!(!ready || arrives, "I7: ready, and no request arrives");
        prop_assert_eq!(
            plan.status.observed_generation,
            world.model.metadata.generation,
            "I7: the status is about this generation"
        );
        if ready && world.model.spec.activation.policy == ActivationPolicy::Pinned {
            prop_assert_eq!(
                plan.status.active_version,
                world.model.spec.activation.version,
                "I7: ready with another version than the pinned one"
            );
        }
        Ok(())
    }

    /// Nothing happens any more but what is to happen: the Model becomes what it is to be, and then nothing is written.
    fn settles(&mut self) -> Result<(), TestCaseError> {
        // What was given up is tried again after an edit alone.
        self.world.edit(|spec| {
            spec.suspend = false;
            spec.activation.policy = ActivationPolicy::Auto;
            spec.activation.version = None;
            spec.replicas = spec.replicas.max(1);
            spec.pod.labels.insert("edited".to_owned(), "last".to_owned());
        });
        // All that waits for its time waits for less than two of these rounds, but for fits that failed.
        let mut at_rest = 0;
        for _ in 0..12 {
            let (written, status) = (self.world.written, self.world.model.status.clone());
            self.look(usize::MAX)?;
            let is_same = written == self.world.written && status == self.world.model.status;
            let is_ready = ConditionType::Ready.holds_in(&status.unwrap_or_default().conditions);
            at_rest = if is_same && is_ready { at_rest + 1 } else { 0 };
            if at_rest == 2 {
                break;
            }
            self.fit_ends();
            self.world.pods_answer();
            self.world.fences_are_read();
            self.world.pass(60);
        }
        self.look(usize::MAX)?;
        let plan = self.world.plan_again();
        let changes = self.world.changes_of(plan);
        prop_assert!(
            changes.apply.is_empty() && changes.delete.is_empty(),
            "I6: something is still to be written: {:#?}",
            (changes.apply, changes.delete)
        );
        let status = self.world.model.status.clone().unwrap();
        prop_assert_eq!(&changes.status, &status, "I6: the status changes by itself");
        let ready = status.conditions.iter().find(|one| one.kind == "Ready").unwrap();
        prop_assert_eq!(
            ready.status,
            ConditionStatus::True,
            "not ready in the end: {}",
            ready.message
        );
        let wanted = status.spec_hash.as_ref().and_then(|hash| self.store.get(hash));
        prop_assert_eq!(
            status
                .active_version
                .and_then(|version| u64::try_from(version).ok()),
            wanted.copied(),
            "the last spec wins"
        );
        Ok(())
    }
}

#[test]
fn whatever_happens_the_last_spec_wins_and_no_invariant_breaks() {
    let stories = Stories {
        few: 64,
        shorter: 20_000,
        file: file!(),
    };
    let steps = || prop::collection::vec(step(), 1..60);
    stories.each(steps, |steps| {
        let mut story = Story::new();
        for step in &steps {
            story.happen(step)?;
        }
        story.settles()
    });
}
