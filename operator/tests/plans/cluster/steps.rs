//! What may happen in a cluster.

use auriga_crds::{ActivationPolicy, ModelReference, Reason, TrainingJob, TrainingJobSpec};
use auriga_operator::labels;
use proptest::prelude::*;
use serde_json::json;

use super::{
    Cluster, key, nodes,
    operator::WATCHED,
    server::{Fault, text},
};

/// The TrainingJob that is made by hand.
pub(super) const BY_HAND: &str = "by-hand";

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The operator hears all that happened, and looks at everything.
    Looks,
    /// The same, and this fault strikes after so many writes.
    IsStruck(usize, Fault),
    /// It looks without having heard anything new.
    LooksBlindly,
    /// As the last two at once.
    IsStruckBlindly(usize, Fault),
    /// One watch tells so many things.
    Hears(usize, usize),
    /// It is killed, and lists what there was so many changes ago.
    RestartsLate(usize),
    /// Controllers and nodes work.
    Nodes,
    FitEnds,
    FitFails,
    FencesAreRead,
    /// The pods of the newest version cannot answer; or can again.
    Unwell(Option<Reason>),
    PodDies(usize),
    ChildIsDeleted(usize),
    /// A stranger takes the name of a child.
    IsUsurped(usize, bool),
    /// A stranger has taken the name of the Service.
    ServiceIsTaken,
    StrangersLeave,
    StatusIsWiped,
    Seconds(i64),
    /// Another fit is asked for, of the Model with this number.
    C(usize, u8),
    /// Other settings of the answers.
    Metadata(u8),
    Replicas(i64),
    Policy(ActivationPolicy, i64),
    Suspend(bool),
    Refit(u8),
    /// The Model is deleted, and made anew at once.
    IsMadeAnew,
    /// A person makes a TrainingJob.
    MadeByHand,
    SuspendedByHand(bool),
    DeletedByHand,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::KilledBefore),
        3 => Just(Fault::KilledAfter),
        1 => Just(Fault::AnswerLost),
        1 => Just(Fault::Refused),
        1 => Just(Fault::Conflict),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let policy = prop_oneof![
        Just(ActivationPolicy::Auto),
        Just(ActivationPolicy::Manual),
        Just(ActivationPolicy::Pinned)
    ];
    let unwell = prop_oneof![
        Just(None),
        Just(Some(Reason::PersisterUnavailable)),
        Just(Some(Reason::GoldenRequestFailed)),
    ];
    let looks = prop_oneof![
        8 => Just(Step::Looks),
        4 => (0_usize..5, fault()).prop_map(|(writes, fault)| Step::IsStruck(writes, fault)),
        3 => Just(Step::LooksBlindly),
        2 => (0_usize..5, fault()).prop_map(|(writes, fault)| Step::IsStruckBlindly(writes, fault)),
        3 => (0..WATCHED.len(), 1_usize..4).prop_map(|(kind, most)| Step::Hears(kind, most)),
        1 => (0_usize..6).prop_map(Step::RestartsLate),
    ];
    let nodes = prop_oneof![
        6 => Just(Step::Nodes),
        4 => Just(Step::FitEnds),
        1 => Just(Step::FitFails),
        5 => Just(Step::FencesAreRead),
        1 => unwell.prop_map(Step::Unwell),
        3 => (1_i64..200).prop_map(Step::Seconds),
    ];
    let strangers = prop_oneof![
        2 => (0_usize..6).prop_map(Step::PodDies),
        3 => (0_usize..12).prop_map(Step::ChildIsDeleted),
        2 => (0_usize..12, any::<bool>()).prop_map(|(child, labeled)| Step::IsUsurped(child, labeled)),
        1 => Just(Step::ServiceIsTaken),
        2 => Just(Step::StrangersLeave),
        1 => Just(Step::StatusIsWiped),
    ];
    let users = prop_oneof![
        4 => (0_usize..2, 0_u8..4).prop_map(|(model, c)| Step::C(model, c)),
        2 => (0_u8..3).prop_map(Step::Metadata),
        2 => (0_i64..4).prop_map(Step::Replicas),
        1 => (policy, 1_i64..4).prop_map(|(policy, version)| Step::Policy(policy, version)),
        1 => any::<bool>().prop_map(Step::Suspend),
        1 => (0_u8..3).prop_map(Step::Refit),
        1 => Just(Step::IsMadeAnew),
        2 => Just(Step::MadeByHand),
        1 => any::<bool>().prop_map(Step::SuspendedByHand),
        1 => Just(Step::DeletedByHand),
    ];
    prop_oneof![5 => looks, 5 => nodes, 1 => strangers, 2 => users]
}

impl Cluster {
    /// Lets it happen.
    pub(super) async fn happen(&mut self, step: &Step) {
        let first = self.models[0].clone();
        match step {
            Step::Looks | Step::IsStruck(..) => {
                self.operator.hears_all();
                self.round(strike(step)).await;
            }
            Step::LooksBlindly | Step::IsStruckBlindly(..) => self.round(strike(step)).await,
            Step::Hears(kind, most) => self.operator.hears(WATCHED[*kind], *most),
            Step::RestartsLate(late) => self.restarts(*late),
            Step::Nodes => self.work(),
            Step::FitEnds => self.fits_end(1),
            Step::FitFails => {
                let mut state = self.server.state();
                let fitting = nodes::fitting(&state);
                if let Some(pod) = fitting.first() {
                    nodes::fit_fails(&mut state, pod);
                }
            }
            Step::FencesAreRead => {
                nodes::fences_are_read(&self.server.state(), &mut self.store);
                self.work();
            }
            Step::Unwell(reason) => {
                let newest = self.store.newest(&first);
                self.store.unwell.clear();
                if let (Some(version), Some(reason)) = (newest, reason) {
                    self.store.unwell.insert((first, version), *reason);
                }
                self.work();
            }
            Step::Seconds(seconds) => self.pass(*seconds),
            Step::PodDies(which) => {
                let mut state = self.server.state();
                let pods: Vec<String> = state
                    .all("pods")
                    .map(|pod| text(pod, "name").to_owned())
                    .collect();
                if let Some(name) = pods.get(which % pods.len().max(1)) {
                    state.delete(&key("pods", name));
                }
            }
            Step::ChildIsDeleted(_) | Step::IsUsurped(..) => self.loses_a_child(step),
            Step::ServiceIsTaken => {
                let mut state = self.server.state();
                if !state.objects.contains_key(&key("services", &first)) {
                    let service =
                        json!({ "apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {} });
                    let made = state.make(&key("services", &first), service);
                    state.foreign.insert(text(&made, "uid").to_owned());
                }
            }
            Step::StrangersLeave => self.strangers_leave(),
            Step::StatusIsWiped => {
                let mut state = self.server.state();
                state.change(&key("models", &first), |live| {
                    live.as_object_mut().map(|fields| fields.remove("status"));
                });
            }
            _ => self.user_acts(&first, step),
        }
    }

    /// So many of the fits that run end well, at most.
    pub(super) fn fits_end(&mut self, most: usize) {
        let mut state = self.server.state();
        nodes::collect(&mut state);
        for pod in nodes::fitting(&state).iter().take(most) {
            nodes::fit_ends(&mut state, &mut self.store, pod);
        }
    }

    fn loses_a_child(&mut self, step: &Step) {
        let children = self.children();
        let (Step::ChildIsDeleted(which) | Step::IsUsurped(which, _)) = step else {
            return;
        };
        let Some(child) = children.get(which % children.len().max(1)) else {
            return;
        };
        match step {
            Step::IsUsurped(_, is_labeled) => self.is_usurped(child, *is_labeled),
            _ => self.server.state().delete(child),
        }
    }

    fn user_acts(&mut self, first: &str, step: &Step) {
        match step {
            Step::C(model, c) => {
                let name = self.models[model % self.models.len()].clone();
                let c = 0.1 + f64::from(*c);
                self.edit(&name, |spec| {
                    spec.estimator.logistic_regression.as_mut().unwrap().c = c
                });
            }
            Step::Metadata(value) => self.edit(first, |spec| {
                let metadata = &mut spec.serving.service_metadata;
                metadata.insert("service_name".to_owned(), value.to_string());
            }),
            Step::Replicas(replicas) => self.edit(first, |spec| spec.replicas = *replicas),
            Step::Policy(policy, version) => {
                let newest = self.store.newest(first).unwrap_or(0);
                let version = (*version).min(i64::try_from(newest).unwrap());
                let version = Some(version).filter(|version| *version > 0);
                if *policy != ActivationPolicy::Pinned || version.is_some() {
                    self.edit(first, |spec| {
                        spec.activation.policy = *policy;
                        spec.activation.version = version.filter(|_| *policy != ActivationPolicy::Auto);
                    });
                }
            }
            Step::Suspend(suspend) => self.edit(first, |spec| spec.suspend = *suspend),
            Step::Refit(number) => {
                self.server.state().change(&key("models", first), |live| {
                    let time = format!("2026-01-0{}T00:00:00Z", number + 1);
                    live["metadata"]["annotations"][labels::REFIT_AT] = time.into();
                });
            }
            Step::IsMadeAnew => {
                let spec = self.model(first).map(|model| model.spec);
                let mut state = self.server.state();
                state.delete(&key("models", first));
                nodes::collect(&mut state);
                // One with a finalizer keeps its name until its versions are deleted.
                if let Some(spec) = spec.filter(|_| !state.objects.contains_key(&key("models", first))) {
                    let model = auriga_crds::Model::new(first, spec);
                    state.make(&key("models", first), json!(model));
                }
            }
            Step::MadeByHand => {
                let mut state = self.server.state();
                if !state.objects.contains_key(&key("trainingjobs", BY_HAND)) {
                    let spec = TrainingJobSpec {
                        model_ref: ModelReference {
                            name: first.to_owned(),
                        },
                        fit_hash: None,
                        save_if_better_than: None,
                        suspend: false,
                    };
                    state.make(
                        &key("trainingjobs", BY_HAND),
                        json!(TrainingJob::new(BY_HAND, spec)),
                    );
                    drop(state);
                }
            }
            Step::SuspendedByHand(suspend) => {
                self.server.state().change(&key("trainingjobs", BY_HAND), |live| {
                    if live["spec"]["suspend"] != *suspend {
                        live["spec"]["suspend"] = (*suspend).into();
                        let generation = live["metadata"]["generation"].as_i64().unwrap();
                        live["metadata"]["generation"] = (generation + 1).into();
                    }
                });
            }
            Step::DeletedByHand => {
                let mut state = self.server.state();
                state.delete(&key("trainingjobs", BY_HAND));
                nodes::collect(&mut state);
            }
            other => panic!("{other:?} is nothing that a user does"),
        }
    }
}

fn strike(step: &Step) -> Option<(usize, Fault)> {
    match step {
        Step::IsStruck(writes, fault) | Step::IsStruckBlindly(writes, fault) => Some((*writes, *fault)),
        _ => None,
    }
}
