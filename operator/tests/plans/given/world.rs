//! A small cluster for one Model: plans are carried out in it, and what the rest of a cluster would do is told in words.

use std::{collections::BTreeMap, time::Duration};

use auriga_crds::{
    Condition, ConditionStatus, Digest, MetricValue, Model, ModelSpec, ModelStatus, Reason, TrainingJob,
    TrainingJobStatus, TrainingResult, VersionNumber,
    contract::{Alive, AliveModel, AliveModelMetadata, Golden, pod::FENCE_ANNOTATION},
};
use auriga_operator::{
    build::{deployment::Slot, service::slot_with_traffic},
    labels,
    model::decide,
    plan::{Desired, Plan},
    seen::{Answer, CleanupSeen, ModelSeen, PodSeen, Reached, SlotSeen},
    settings::Settings,
};
use jiff::{Timestamp, ToSpan as _};
use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentStatus},
    batch::v1::Job,
    core::v1::{ConfigMap, Service},
};
use kube::ResourceExt as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{NOW, PodWords as _, alive, model, pod, settings, texts, wish_read::WishRead};

/// A Model, and all that is there because of it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) model: Model,
    pub(crate) seen: ModelSeen,
    pub(crate) settings: Settings,
    pub(crate) now: Timestamp,
    /// The ledger of the store: which version each revision made the active one.
    pub(crate) ledger: Vec<u64>,
    /// How many writes were done.
    pub(crate) written: usize,
    made: u64,
    read: Option<WishRead>,
}

impl World {
    /// The Model of an example, applied a moment ago.
    pub(crate) fn of(example: &str) -> World {
        let model = model(example);
        World {
            seen: ModelSeen {
                texts: texts(&model),
                ..ModelSeen::default()
            },
            model,
            settings: settings(),
            now: NOW,
            ledger: Vec::new(),
            written: 0,
            made: 0,
            read: None,
        }
    }

    /// As [`World::of`], with version 1 fitted, active and with the traffic, and nothing left to do.
    pub(crate) fn serving(example: &str) -> World {
        World::of(example).edited_before(|_| {}).settled(1)
    }

    /// The iris Model, fitted as version 1, which has no Deployment yet.
    pub(crate) fn first_fitted() -> World {
        let mut world = World::of("iris");
        world.turn();
        world.fit_ends(1);
        world
    }

    /// As [`World::serving`], edited since and fitted as version 2, which has no Deployment yet.
    pub(crate) fn second_fitted() -> World {
        let mut world = World::serving("iris");
        world.set_c(2.0);
        world.turn();
        world.fit_ends(2);
        world
    }

    /// With another spec before anything was done.
    pub(crate) fn edited_before(mut self, edit: impl FnOnce(&mut Model)) -> World {
        edit(&mut self.model);
        self
    }

    /// Goes on until `version`, which the first fit makes, has the traffic, and long enough for the rest to be done.
    pub(crate) fn settled(mut self, version: u64) -> World {
        self.turn();
        self.fit_ends(version);
        self.rolls_out();
        self
    }

    /// The usual way of a version, all of it.
    pub(crate) fn rolls_out(&mut self) {
        for _ in 0..4 {
            self.turn();
            self.pods_answer();
            self.fences_are_read();
        }
        self.pass(60);
        self.turn();
        self.turn();
    }

    /// What is decided now; nothing is done.
    pub(crate) fn plan(&self) -> Plan<ModelStatus> {
        decide::decide(&self.model, &self.seen, &self.settings, self.now)
    }

    /// [`World::plan`], with the wish as it was read before where that is the same.
    pub(crate) fn plan_again(&mut self) -> Plan<ModelStatus> {
        let (model, seen) = (&self.model, &self.seen);
        if model.metadata.deletion_timestamp.is_some() {
            return self.plan();
        }
        let read = WishRead::again(self.read.take(), model, &seen.texts);
        let plan = decide::decide_for(model, &read.wish, seen, &self.settings, self.now);
        self.read = Some(read);
        plan
    }

    /// What is decided now, without what is so already: what a golden file shows.
    pub(crate) fn changes(&self) -> Plan<ModelStatus> {
        self.changes_of(self.plan())
    }

    /// `plan`, without what is so already.
    pub(crate) fn changes_of(&self, mut plan: Plan<ModelStatus>) -> Plan<ModelStatus> {
        plan.apply.retain(|desired| !self.is_so(desired));
        for desired in &mut plan.apply {
            if let Desired::Apply(value) = desired
                && let Some(there) = self.same(value)
            {
                let mut changed = differing(&there, value);
                for head in ["kind", "apiVersion"] {
                    changed[head] = value[head].clone();
                }
                changed["metadata"]["name"] = value["metadata"]["name"].clone();
                *value = changed;
            }
        }
        plan
    }

    /// Decides, and does it.
    pub(crate) fn turn(&mut self) -> Plan<ModelStatus> {
        let plan = self.plan_again();
        self.do_first(&plan, usize::MAX);
        self.model.status = Some(plan.status.clone());
        plan
    }

    /// Decides, and is killed after so many writes; the status comes last, so that it is not among them.
    pub(crate) fn broken_turn(&mut self, writes: usize) -> Plan<ModelStatus> {
        let plan = self.plan_again();
        self.do_first(&plan, writes);
        plan
    }

    /// Decides and does it, but for what is written to objects of `kind`: somebody has changed them in between.
    pub(crate) fn turn_without(&mut self, kind: &str) {
        let mut plan = self.plan();
        plan.apply.retain(|desired| desired.value()["kind"] != kind);
        self.do_first(&plan, usize::MAX);
    }

    /// Does the first writes of a plan; those that change nothing do not count.
    fn do_first(&mut self, plan: &Plan<ModelStatus>, writes: usize) {
        let mut left = writes;
        for desired in plan.apply.iter() {
            if self.is_so(desired) {
                continue;
            }
            let Some(fewer) = left.checked_sub(1) else { return };
            left = fewer;
            self.written += 1;
            self.carry_out(desired);
        }
        for target in plan.delete.iter().take(left) {
            let uid = Some(target.uid.clone());
            self.written += 1;
            let seen = &mut self.seen;
            seen.training_jobs.retain(|one| one.metadata.uid != uid);
            seen.slots.retain(|one| one.deployment.metadata.uid != uid);
            seen.config_maps.retain(|one| one.metadata.uid != uid);
            seen.budget.take_if(|one| one.metadata.uid == uid);
        }
        for slot in &mut self.seen.slots {
            let wanted = replicas(&slot.deployment);
            slot.pods.truncate(usize::try_from(wanted).unwrap());
        }
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds.seconds();
        if let Reached::Answered { lasts } | Reached::Elsewhere { lasts } | Reached::Silent { lasts, .. } =
            &mut self.seen.reached
        {
            *lasts += Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        }
    }

    /// The user changes the spec.
    pub(crate) fn edit(&mut self, edit: impl FnOnce(&mut ModelSpec)) {
        edit(&mut self.model.spec);
        let generation = &mut self.model.metadata.generation;
        *generation = generation.map(|generation| generation + 1);
    }

    /// The user asks for another fit.
    pub(crate) fn set_c(&mut self, c: f64) {
        self.edit(|spec| spec.estimator.logistic_regression.as_mut().unwrap().c = c);
    }

    /// The user annotates the Model.
    pub(crate) fn annotate(&mut self, key: &str, value: &str) {
        self.model
            .annotations_mut()
            .insert(key.to_owned(), value.to_owned());
    }

    /// The fit under way ends with a version.
    pub(crate) fn fit_ends(&mut self, version: u64) {
        let now = self.now.to_string();
        let job = self.unfinished();
        job.status = Some(TrainingJobStatus {
            fit_hash: job.spec.fit_hash.clone(),
            conditions: vec![condition("Complete", Reason::Fitted, "", &now)],
            completion_time: Some(now),
            result: Some(TrainingResult {
                version: i64::try_from(version).ok(),
                digest: Some(digest(version).to_string()),
                score: Some(MetricValue {
                    name: "accuracy_test".to_owned(),
                    value: "0.96".to_owned(),
                }),
                metrics: Vec::new(),
            }),
            ..TrainingJobStatus::default()
        });
    }

    /// The fit under way ends in vain.
    pub(crate) fn fit_fails(&mut self, reason: Reason, message: &str) {
        let now = self.now.to_string();
        let job = self.unfinished();
        job.status = Some(TrainingJobStatus {
            fit_hash: job.spec.fit_hash.clone(),
            conditions: vec![condition("Failed", reason, message, &now)],
            message: Some(message.to_owned()),
            reason: Some(reason.word().to_owned()),
            completion_time: Some(now),
            ..TrainingJobStatus::default()
        });
    }

    /// The TrainingJob that has not ended.
    pub(crate) fn unfinished(&mut self) -> &mut TrainingJob {
        let jobs = &mut self.seen.training_jobs;
        let unfinished = jobs
            .iter_mut()
            .find(|job| auriga_operator::model::fits::end(job).is_none());
        unfinished.expect("a fit is under way")
    }

    /// The kubelet starts every pod that a Deployment wants.
    pub(crate) fn pods_start(&mut self) {
        for slot in &mut self.seen.slots {
            let wanted = replicas(&slot.deployment);
            while slot.pods.len() < usize::try_from(wanted).unwrap() {
                let name = format!("{}-{}", slot.deployment.name_any(), slot.pods.len());
                slot.pods.push(pod(&name, &slot.deployment).running(1));
            }
        }
    }

    /// Every pod says twice that it can answer, the kubelet finds it ready, and every node has learned of it.
    pub(crate) fn pods_answer(&mut self) {
        self.pods_start();
        let owner = self.model.uid();
        for slot in &mut self.seen.slots {
            let version = slot_of(&slot.deployment).version.get();
            for seen in &mut slot.pods {
                let said = saying(version, owner.clone(), &self.ledger);
                seen.answer = Answer::Well(Box::new(said));
                seen.passes = 2;
                let conditions = seen
                    .pod
                    .status
                    .as_ref()
                    .and_then(|status| status.conditions.as_ref());
                if !conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready")) {
                    *seen = seen.clone().with_condition("Ready", "True", "", "");
                }
            }
            let ready = i32::try_from(slot.pods.len()).ok();
            slot.deployment.status = Some(DeploymentStatus {
                ready_replicas: ready,
                ..DeploymentStatus::default()
            });
        }
        let is_answered = matches!(self.seen.reached, Reached::Answered { .. });
        if !is_answered && self.seen.service.as_ref().and_then(slot_with_traffic).is_some() {
            self.seen.reached = Reached::Answered {
                lasts: Duration::ZERO,
            };
        }
    }

    /// Kubernetes' controllers are behind: no Deployment counts a pod that is ready.
    pub(crate) fn nothing_is_counted(&mut self) {
        for slot in &mut self.seen.slots {
            slot.deployment.status = None;
        }
    }

    /// Pods that were told the revision of the ledger that holds make their version the active one.
    pub(crate) fn fences_are_read(&mut self) {
        for slot in &self.seen.slots {
            let version = slot_of(&slot.deployment).version.get();
            let revision = self.ledger.len().to_string();
            let is_told = |seen: &PodSeen| seen.pod.annotations().get(FENCE_ANNOTATION) == Some(&revision);
            if slot.pods.iter().any(is_told) && self.ledger.last() != Some(&version) {
                self.ledger.push(version);
            }
        }
        self.pods_answer();
    }

    /// Changes every pod of the Deployment of `version`.
    pub(crate) fn pods_of(&mut self, version: u64, change: impl Fn(PodSeen) -> PodSeen) {
        self.pods_start();
        for slot in &mut self.seen.slots {
            if slot_of(&slot.deployment).version.get() == version {
                slot.pods = slot.pods.drain(..).map(&change).collect();
            }
        }
    }

    /// The pods of `version` run, and say that they cannot answer.
    pub(crate) fn pods_are_unwell(&mut self, version: u64, reason: Reason, message: &str) {
        let said = Alive {
            message: Some(message.to_owned()),
            reason: Some(reason.word().to_owned()),
            owner_uid: self.model.uid(),
            ..alive()
        };
        self.pods_of(version, |mut seen| {
            seen.answer = Answer::Unwell(Box::new(said.clone()));
            seen.passes = 0;
            seen
        });
    }

    /// The Deployment of `version`.
    pub(crate) fn deployment_of(&mut self, version: u64) -> &mut Deployment {
        let slots = &mut self.seen.slots;
        let slot = slots
            .iter_mut()
            .find(|slot| slot_of(&slot.deployment).version.get() == version);
        &mut slot.expect("the version has a Deployment").deployment
    }

    /// How many pods the Deployment of `version` is to have.
    pub(crate) fn replicas_of(&mut self, version: u64) -> i32 {
        replicas(self.deployment_of(version))
    }

    fn is_so(&self, desired: &Desired) -> bool {
        let same = self.same(desired.value());
        match desired {
            Desired::Create(_) => same.is_some(),
            Desired::Apply(value) => same.is_some_and(|same| covers(&same, value)),
            Desired::Mark(value) => same.is_some_and(|same| {
                let fence = |of: &Value| of["metadata"]["annotations"][FENCE_ANNOTATION].clone();
                covers(&same, value) && (value["kind"] != "Pod" || fence(&same) == fence(value))
            }),
        }
    }

    /// The object of that kind and name.
    fn same(&self, value: &Value) -> Option<Value> {
        let seen = &self.seen;
        let name = value["metadata"]["name"].as_str();
        match value["kind"].as_str()? {
            "Model" => named(std::iter::once(&self.model), name),
            "TrainingJob" => named(&seen.training_jobs, name),
            "ConfigMap" => named(&seen.config_maps, name),
            "Deployment" => named(seen.slots.iter().map(|one| &one.deployment), name),
            "Pod" => named(
                seen.slots.iter().flat_map(|one| &one.pods).map(|one| &one.pod),
                name,
            ),
            "Service" => named(&seen.service, name),
            "PodDisruptionBudget" => named(&seen.budget, name),
            _ => None,
        }
    }

    fn carry_out(&mut self, desired: &Desired) {
        let value = desired.value();
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        if let Desired::Mark(value) = desired {
            return self.mark(&name, value);
        }
        self.made += 1;
        let mut value = value.clone();
        value["metadata"]["uid"] = format!("uid-{}", self.made).into();
        let seen = &mut self.seen;
        match value["kind"].as_str().unwrap() {
            "TrainingJob" => seen.training_jobs.push(read(value)),
            "ConfigMap" => seen.config_maps.push(read::<ConfigMap>(value)),
            "Service" => {
                // What was found out was about the pods before.
                seen.reached = Reached::NotAsked;
                seen.service = Some(read::<Service>(value));
            }
            "PodDisruptionBudget" => seen.budget = Some(read(value)),
            "Job" => {
                seen.cleanup = Some(CleanupSeen {
                    job: read::<Job>(value),
                    pods: Vec::new(),
                    complaint: None,
                });
            }
            "Deployment" => {
                let mut deployment: Deployment = read(value);
                let same = seen
                    .slots
                    .iter_mut()
                    .find(|slot| slot.deployment.name_any() == name);
                match same {
                    Some(slot) => {
                        deployment.metadata.uid = slot.deployment.uid();
                        deployment.status = slot.deployment.status.clone();
                        slot.deployment = deployment;
                    }
                    None => seen.slots.push(SlotSeen {
                        deployment,
                        pods: Vec::new(),
                    }),
                }
            }
            other => panic!("nobody makes a {other}"),
        }
    }

    fn mark(&mut self, name: &str, value: &Value) {
        let pods = self.seen.slots.iter_mut().flat_map(|slot| &mut slot.pods);
        match value["kind"].as_str().unwrap() {
            "Pod" => {
                for seen in pods.filter(|seen| seen.pod.name_any() == name) {
                    let annotations = seen.pod.annotations_mut();
                    for (key, value) in value["metadata"]["annotations"].as_object().unwrap() {
                        match value.as_str() {
                            Some(value) => annotations.insert(key.clone(), value.to_owned()),
                            None => annotations.remove(key),
                        };
                    }
                }
            }
            "TrainingJob" => {
                for job in self
                    .seen
                    .training_jobs
                    .iter_mut()
                    .filter(|job| job.name_any() == name)
                {
                    job.spec.suspend = value["spec"]["suspend"].as_bool().unwrap();
                }
            }
            "ConfigMap" => {
                let labels: BTreeMap<String, String> = read(value["metadata"]["labels"].clone());
                let named = (self.seen.config_maps.iter_mut()).find(|one| one.name_any() == name);
                let found = named.unwrap().metadata.labels.get_or_insert_default();
                found.extend(labels);
            }
            "Model" => {
                self.model.metadata.finalizers =
                    serde_json::from_value(value["metadata"]["finalizers"].clone()).unwrap();
            }
            other => panic!("nobody marks a {other}"),
        }
    }
}

/// How many pods a Deployment is to have.
pub(crate) fn replicas(deployment: &Deployment) -> i32 {
    let spec = deployment.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

/// The one of `objects` with this name, as JSON.
fn named<'a, K>(objects: impl IntoIterator<Item = &'a K>, name: Option<&str>) -> Option<Value>
where
    K: kube::Resource<DynamicType = ()> + Serialize + 'a,
{
    let mut objects = objects.into_iter();
    objects
        .find(|one| one.meta().name.as_deref() == name)
        .map(|one| json!(one))
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Whether every field of `wanted` is in `there`.
fn covers(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| value.is_null() || there.get(key).is_some_and(|found| covers(found, value))),
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len()
                && there
                    .iter()
                    .zip(wanted)
                    .all(|(found, value)| covers(found, value))
        }
        (there, wanted) => there == wanted,
    }
}

/// The fields of `wanted` that are not so.
fn differing(there: &Value, wanted: &Value) -> Value {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            let none = Value::Null;
            let fields = wanted.iter().filter_map(|(key, value)| {
                let found = there.get(key).unwrap_or(&none);
                (!covers(found, value)).then(|| (key.clone(), differing(found, value)))
            });
            fields.collect()
        }
        (_, wanted) => wanted.clone(),
    }
}

fn slot_of(deployment: &Deployment) -> Slot {
    Slot::from_label(&deployment.labels()[labels::SLOT]).unwrap()
}

fn digest(version: u64) -> Digest {
    Digest::of(format!("version {version}").as_bytes())
}

/// What a pod says that has loaded `version`, while these versions became active, the last one last.
pub(crate) fn saying(version: u64, owner_uid: Option<String>, ledger: &[u64]) -> Alive {
    let mut newest = ledger.iter().rev().copied();
    let active = newest.next();
    Alive {
        model: Some(AliveModel {
            updated: NOW.to_string(),
            metadata: AliveModelMetadata {
                version: VersionNumber::new(version).unwrap(),
                digest: digest(version),
                train_timestamp: NOW.to_string(),
                estimator: "logisticRegression".to_owned(),
                scores: BTreeMap::from([("accuracy_test".to_owned(), 0.96)]),
            },
        }),
        active: active == Some(version),
        active_version: active.and_then(VersionNumber::new),
        previous_version: newest.next().and_then(VersionNumber::new),
        ledger_revision: Some(ledger.len() as u64),
        golden: Golden::Passed,
        owner_uid,
        ..alive()
    }
}

fn condition(kind: &str, reason: Reason, message: &str, now: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: ConditionStatus::True,
        observed_generation: 1,
        last_transition_time: now.to_owned(),
        reason: reason.word().to_owned(),
        message: message.to_owned(),
    }
}
