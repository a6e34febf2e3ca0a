//! What a TrainingJob's turn decides.

mod beginning;
mod ending;
mod following;
mod progressing;
mod refusing;
mod retrying;
mod suspending;
mod waiting;

use auriga_crds::{
    ConditionStatus, Model, TrainingJob, TrainingJobStatus,
    contract::{Outcome, TrainerStatus},
};
use auriga_operator::{
    plan::{Desired, Plan},
    seen::{PodSeen, TrainingJobSeen},
    training_job::decide::decide,
};
use jiff::Timestamp;
use k8s_openapi::{
    api::batch::v1::{Job, JobCondition},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::given::{self, NOW, PodWords as _, ago};

/// A TrainingJob and what one look finds.
#[derive(Clone)]
struct Fit {
    job: TrainingJob,
    seen: TrainingJobSeen,
}

/// A TrainingJob made by hand for the Model of an example, which is there with its ConfigMaps.
fn a_fit_of(example: &str) -> Fit {
    let model = given::model(example);
    Fit {
        job: given::training_job(example),
        seen: TrainingJobSeen {
            texts: given::texts(&model),
            model: Some(model),
            ..TrainingJobSeen::default()
        },
    }
}

/// The iris fit, whose manifest and Job were made a minute ago.
fn a_begun_fit() -> Fit {
    a_fit_of("iris").begun()
}

impl Fit {
    fn plan(&self) -> Plan<TrainingJobStatus> {
        self.plan_at(NOW)
    }

    fn plan_at(&self, now: Timestamp) -> Plan<TrainingJobStatus> {
        decide(&self.job, &self.seen, &given::settings(), now)
    }

    /// After one look a minute ago, whose plan was carried out.
    fn begun(self) -> Fit {
        self.looked_and_applied(60)
    }

    /// After one look some seconds ago, whose plan was carried out.
    fn looked_and_applied(mut self, seconds: i64) -> Fit {
        for desired in self.plan_at(ago(seconds)).apply {
            let Desired::Create(mut object) = desired else {
                panic!("only objects to create are known here");
            };
            let uid = format!("uid-of-{}", object["metadata"]["name"].as_str().unwrap());
            object["metadata"]["uid"] = uid.into();
            object["metadata"]["creationTimestamp"] = ago(seconds).to_string().into();
            match object["kind"].as_str() {
                Some("ConfigMap") => self.seen.manifest = Some(serde_json::from_value(object).unwrap()),
                _ => self.seen.jobs.push(serde_json::from_value(object).unwrap()),
            }
        }
        self.looked(seconds)
    }

    /// After one look some seconds ago, of which only the status was written.
    fn looked(mut self, seconds: i64) -> Fit {
        self.job.status = Some(self.plan_at(ago(seconds)).status);
        self
    }

    fn with_job(mut self, change: impl FnOnce(TrainingJob) -> TrainingJob) -> Fit {
        self.job = change(self.job);
        self
    }

    fn with_model(mut self, change: impl FnOnce(Model) -> Model) -> Fit {
        self.seen.model = self.seen.model.map(change);
        self
    }

    /// With another pod of the latest Job.
    fn with_pod(mut self, change: impl FnOnce(PodSeen) -> PodSeen) -> Fit {
        let name = format!("iris-fit-pod-{}", self.seen.pods.len() + 1);
        let pod = given::pod(&name, self.seen.jobs.last().unwrap());
        self.seen.pods.push(change(pod));
        self
    }

    /// With this change of the latest Job.
    fn with_batch_job(mut self, change: impl FnOnce(&mut Job)) -> Fit {
        change(self.seen.jobs.last_mut().unwrap());
        self
    }

    /// With a condition of the latest Job that has been true for ten seconds.
    fn with_condition(self, kind: &str, reason: &str, message: &str) -> Fit {
        self.with_batch_job(|job| {
            let status = job.status.get_or_insert_default();
            status.conditions.get_or_insert_default().push(JobCondition {
                type_: kind.to_owned(),
                status: "True".to_owned(),
                reason: Some(reason.to_owned()),
                message: Some(message.to_owned()),
                last_transition_time: Some(Time(ago(10))),
                ..JobCondition::default()
            });
        })
    }

    /// After the looks that see its pod at work.
    fn seen_running(self) -> Fit {
        self.with_pod(|pod| pod.running(30).saying(progress(40, 60)))
            .looked(20)
    }
}

/// A pod that fits says how far it is.
fn progress(percent: i32, seconds: i32) -> auriga_crds::contract::Alive {
    let metric = auriga_crds::MetricValue {
        name: "loss".to_owned(),
        value: "0.25".to_owned(),
    };
    auriga_crds::contract::Alive {
        trainer_status: Some(TrainerStatus {
            progress_percentage: Some(percent),
            estimated_remaining_seconds: Some(seconds),
            metrics: vec![metric],
            last_updated_time: ago(0).to_string(),
        }),
        ..given::alive()
    }
}

/// What a pod leaves behind that has written version 7.
const FITTED: &str = r#"{
    "version": 7,
    "digest": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "fitHash": "v1-found-by-the-pod",
    "score": { "name": "accuracy_test", "value": "0.96" },
    "metrics": [{ "name": "accuracy_test", "value": "0.96" }, { "name": "accuracy_train", "value": "0.97" }]
}"#;

/// What a pod leaves behind that failed for `reason`.
fn failed_for(reason: &str, message: &str) -> String {
    let outcome = Outcome {
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        ..Outcome::default()
    };
    outcome.to_text()
}

/// The conditions of a status in short, as `Complete=Unknown`.
fn words(status: &TrainingJobStatus) -> Vec<String> {
    let word = |status| match status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    };
    (status.conditions.iter())
        .map(|condition| format!("{}={}", condition.kind, word(condition.status)))
        .collect()
}
