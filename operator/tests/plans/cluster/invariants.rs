//! What holds whatever happens, and what holds once nothing happens any more.

use std::collections::BTreeMap;

use auriga_crds::{ConditionType, TrainingJob};
use auriga_operator::{build::deployment::Slot, labels, model::fits};
use kube::ResourceExt as _;
use proptest::prelude::*;
use serde_json::Value;

use super::{Cluster, key, server::text};

/// Who has the traffic of a Model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    traffic: Option<u64>,
    /// How many pods the Deployment with the traffic is to have.
    wanted: u64,
    pods: usize,
}

impl Cluster {
    /// Who has the traffic, by Model.
    pub(super) fn facts(&self) -> BTreeMap<String, Facts> {
        let facts = |name: &String| (name.clone(), self.facts_of(name).unwrap_or_default());
        self.models.iter().map(facts).collect()
    }

    fn facts_of(&self, model: &str) -> Option<Facts> {
        let state = self.server.state();
        let service = state.objects.get(&key("services", model))?;
        if state.foreign.contains(text(service, "uid")) {
            return None;
        }
        let label = service["spec"]["selector"][labels::SLOT].as_str()?;
        let is_selected = |object: &&Value| {
            let labels = &object["metadata"]["labels"];
            labels[labels::SLOT] == label && labels[labels::MODEL] == model
        };
        let ours = |object: &&Value| !state.foreign.contains(text(object, "uid"));
        let deployment = state.all("deployments").filter(ours).find(is_selected);
        Some(Facts {
            traffic: Slot::from_label(label).map(|slot| slot.version.get()),
            wanted: deployment.map_or(0, |found| found["spec"]["replicas"].as_u64().unwrap_or(1)),
            pods: state.all("pods").filter(is_selected).count(),
        })
    }

    /// What no look may break.
    pub(super) fn holds(&self, before: &BTreeMap<String, Facts>) -> Result<(), TestCaseError> {
        let wrongs = self.server.state().wrongs.clone();
        prop_assert!(wrongs.is_empty(), "{}", wrongs.join("; "));
        for (name, after) in self.facts() {
            let Some(version) = after.traffic else { continue };
            prop_assert!(
                self.store.rows(&name).contains(&version),
                "I3: version {version} of {name} gets traffic and was never active"
            );
            let before = before.get(&name).copied().unwrap_or_default();
            let is_wanted = self
                .model(&name)
                .is_some_and(|model| model.spec.replicas > 0 && model.metadata.deletion_timestamp.is_none());
            if is_wanted && before.traffic.is_some() && before.wanted > 0 && before.pods > 0 {
                prop_assert!(
                    after.wanted > 0,
                    "I4: the Deployment with the traffic is to have no pods"
                );
            }
        }
        self.fits_nothing_twice()
    }

    /// Of what a Model asks for, one fit is under way; one that waits for a person may have another beside it.
    fn fits_nothing_twice(&self) -> Result<(), TestCaseError> {
        let is_stalled = |job: &TrainingJob| {
            let status = job.status.as_ref();
            status.is_some_and(|status| ConditionType::Stalled.holds_in(&status.conditions))
        };
        let mut hashes: Vec<(String, Option<String>)> = (self.training_jobs().iter())
            .filter(|job| fits::end(job).is_none() && !is_stalled(job))
            .filter_map(|job| {
                let owners = job.metadata.owner_references.as_ref()?;
                Some((owners.first()?.uid.clone(), job.spec.fit_hash.clone()))
            })
            .collect();
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        prop_assert_eq!(hashes.len(), count, "two fits of the same are under way");
        Ok(())
    }

    pub(super) fn training_jobs(&self) -> Vec<TrainingJob> {
        let state = self.server.state();
        let ours = state
            .all("trainingjobs")
            .filter(|job| !state.foreign.contains(text(job, "uid")));
        ours.map(|job| serde_json::from_value(job.clone()).unwrap())
            .collect()
    }

    /// A suspended fit has no Job that may run, once the operator has seen that.
    pub(super) fn suspends(&self) -> Result<(), TestCaseError> {
        let jobs = self.training_jobs().into_iter();
        // One that is over stays over, and its Job will take notice of that.
        let suspended = jobs.filter(|job| job.spec.suspend && fits::end(job).is_none());
        for job in suspended {
            let state = self.server.state();
            let is_its = |other: &&Value| {
                Some(
                    other["metadata"]["ownerReferences"][0]["uid"]
                        .as_str()
                        .unwrap_or_default(),
                ) == job.metadata.uid.as_deref()
            };
            let mut jobs = state.all("jobs").filter(is_its);
            prop_assert!(
                jobs.all(|job| job["spec"]["suspend"] == true || job["status"].get("conditions").is_some()),
                "a suspended TrainingJob has a Job that runs"
            );
        }
        Ok(())
    }

    /// Nothing happens any more but what is to happen: every Model becomes what it is to be, then nothing is written.
    pub(super) async fn settles(&mut self) -> Result<(), TestCaseError> {
        self.strangers_leave();
        self.store.unwell.clear();
        for name in self.models.clone() {
            // What was given up is tried again after an edit alone.
            self.edit(&name, |spec| {
                spec.suspend = false;
                spec.activation.policy = auriga_crds::ActivationPolicy::Auto;
                spec.activation.version = None;
                spec.replicas = spec.replicas.max(1);
                spec.pod.labels.insert("edited".to_owned(), "last".to_owned());
            });
        }
        self.happen(&super::steps::Step::SuspendedByHand(false)).await;
        let versions = self.store.fitted.len();
        self.goes_on(14).await?;
        let made = self.store.fitted.len() - versions;
        // A fit that was under way when a refit was asked for is not the one that was asked for.
        let refits = self.models.iter().filter(|name| {
            let model = self.model(name);
            model.is_some_and(|model| model.annotations().contains_key(labels::REFIT_AT))
        });
        let most = self.models.len() + refits.count() + usize::from(self.has_fit_by_hand());
        prop_assert!(made <= most, "{made} fits of what was asked for last");
        self.is_quiet().await?;
        for name in &self.models {
            self.is_as_wished(name)?;
        }
        Ok(())
    }

    fn has_fit_by_hand(&self) -> bool {
        let state = self.server.state();
        state
            .objects
            .contains_key(&key("trainingjobs", super::steps::BY_HAND))
    }

    /// So many times, everything goes its way.
    pub(super) async fn goes_on(&mut self, times: usize) -> Result<(), TestCaseError> {
        for _ in 0..times {
            let before = self.facts();
            self.operator.hears_all();
            self.round(None).await;
            self.holds(&before)?;
            self.work();
            self.fits_end(usize::MAX);
            super::nodes::fences_are_read(&self.server.state(), &mut self.store);
            self.work();
            self.pass(60);
        }
        Ok(())
    }

    /// I6: there is nothing to write.
    pub(super) async fn is_quiet(&mut self) -> Result<(), TestCaseError> {
        let objects = self.server.state().objects.clone();
        self.operator.hears_all();
        self.round(None).await;
        let state = self.server.state();
        for (key, after) in &state.objects {
            prop_assert_eq!(objects.get(key), Some(after), "I6: {:?} was written", key);
        }
        prop_assert_eq!(objects.len(), state.objects.len(), "I6: something was deleted");
        Ok(())
    }

    fn is_as_wished(&self, name: &str) -> Result<(), TestCaseError> {
        let Some(model) = self.model(name) else {
            return Ok(());
        };
        let status = model.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|one| one.kind == "Ready");
        prop_assert!(
            ConditionType::Ready.holds_in(&status.conditions),
            "{name} is not ready in the end: {ready:?}"
        );
        prop_assert_eq!(status.observed_generation, model.metadata.generation, "I7");
        let hash = status.spec_hash.clone().unwrap_or_default();
        let active = (status.active_version).and_then(|version| u64::try_from(version).ok());
        let fitted = active.and_then(|version| self.store.fitted.get(&(name.to_owned(), version)));
        prop_assert_eq!(fitted, Some(&hash), "the last spec of {} wins", name);
        // A person may have fitted to the same hash, before the Model or after it; any of them is what the spec asks for.
        if !self.store.has_fits_by_hand {
            prop_assert_eq!(
                active,
                self.store.fitted_to(name, &hash),
                "the newest fit of {} wins",
                name
            );
        }
        let budget = self
            .server
            .state()
            .objects
            .contains_key(&key("poddisruptionbudgets", name));
        prop_assert_eq!(budget, model.spec.replicas >= 2, "a budget for two pods or more");
        let jobs = self.training_jobs().into_iter();
        for job in jobs.filter(|job| job.spec.model_ref.name == name) {
            prop_assert!(
                fits::end(&job).is_some(),
                "{:?} is not over in the end",
                job.metadata.name
            );
        }
        Ok(())
    }

    /// The Models are deleted, and nothing that was made for them stays but the Job that has deleted their versions.
    pub(super) async fn are_deleted(&mut self) -> Result<(), TestCaseError> {
        for name in &self.models {
            self.server.state().delete(&key("models", name));
        }
        self.goes_on(6).await?;
        let state = self.server.state();
        let left: Vec<_> = (state.objects.iter())
            .filter(|(_, object)| object["metadata"]["labels"][labels::COMPONENT] != labels::CLEANUP)
            .filter(|(key, object)| {
                let is_by_hand = object["metadata"]["labels"][labels::TRAINING_JOB] == super::steps::BY_HAND;
                !is_by_hand && key.1 != super::steps::BY_HAND && key.1 != "iris-data"
            })
            .map(|(key, _)| key)
            .collect();
        prop_assert!(left.is_empty(), "I5, I8: left behind: {left:?}");
        Ok(())
    }
}
