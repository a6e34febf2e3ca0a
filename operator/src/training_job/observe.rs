//! Sees everything that a TrainingJob's next step may rest on.

use std::{sync::Arc, time::Duration};

use auriga_crds::{TrainingJob, TrainingJobStatus};
use jiff::Timestamp;
use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{Event, Pod},
};
use kube::{Api, ResourceExt as _, api::ListParams};

use super::decide;
use crate::{
    cache::{Cache, controlled_by},
    caches::{Caches, IN_LINE, is_over},
    call::{READ, call},
    context::Context,
    error::Error,
    kind::Kind,
    metrics::Metrics,
    plan::{Plan, Refusal},
    seen::{Texts, TrainingJobSeen},
    settings::Settings,
};

/// How long a Job may be without a pod until it is looked up why.
const PATIENCE: Duration = Duration::from_secs(1);

impl Kind for TrainingJob {
    const NAME: &'static str = "TrainingJob";
    type Seen = TrainingJobSeen;
    type Status = TrainingJobStatus;

    fn cache(caches: &Caches) -> &Cache<TrainingJob> {
        &caches.training_jobs
    }

    fn status(&self) -> Option<&TrainingJobStatus> {
        self.status.as_ref()
    }

    async fn observe(&self, ctx: &Context) -> Result<TrainingJobSeen, Error> {
        let caches = &ctx.caches;
        let namespace = self.namespace().unwrap_or_default();
        let ours = controlled_by(&self.uid().unwrap_or_default());
        let model = caches.models.get(&namespace, &self.spec.model_ref.name);
        let jobs = caches.jobs.by(&ours);
        let pods: Vec<Arc<Pod>> = (jobs.iter())
            .flat_map(|job| caches.pods.by(&controlled_by(&job.uid().unwrap_or_default())))
            .collect();
        // What is over is a record, and rests on nothing.
        let is_over = is_over(self);
        Ok(TrainingJobSeen {
            texts: match &model {
                Some(model) if !is_over => ctx.reader.texts(model, caches).await?,
                _ => Texts::default(),
            },
            manifest: (caches.config_maps.by(&ours).first()).map(|found| found.as_ref().clone()),
            complaint: match jobs.iter().find(|job| is_active(job)) {
                Some(job) if pods.is_empty() && !is_over => complaint(ctx, job).await?,
                _ => None,
            },
            // A little less than the time between two polls, so that each of them asks.
            pods: ctx.asker.ask(pods, ctx.settings.poll_fit.mul_f64(0.8)).await,
            ahead: ahead(self, &caches.training_jobs.by(IN_LINE)),
            model: model.map(|model| model.as_ref().clone()),
            jobs: jobs.iter().map(|job| job.as_ref().clone()).collect(),
        })
    }

    fn decide(&self, seen: &TrainingJobSeen, settings: &Settings, now: Timestamp) -> Plan<TrainingJobStatus> {
        decide::decide(self, seen, settings, now)
    }

    fn refused(&self, status: TrainingJobStatus, refusals: &[Refusal], now: Timestamp) -> TrainingJobStatus {
        decide::refused(self, status, refusals, now)
    }

    fn count(&self, status: &TrainingJobStatus, metrics: &Metrics) {
        let was_over = self
            .status
            .as_ref()
            .and_then(|before| before.completion_time.as_ref());
        let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
        if let (None, Some(start), Some(end)) =
            (was_over, time(&status.start_time), time(&status.completion_time))
        {
            metrics.fit(end.duration_since(start).as_secs_f64().max(0.0));
        }
    }
}

/// How many of `in_line` come before `job`: the older first, and of two made in one second that with the smaller UID.
fn ahead(job: &TrainingJob, in_line: &[Arc<TrainingJob>]) -> usize {
    let place = |job: &TrainingJob| {
        let made = job.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (made, job.metadata.uid.clone())
    };
    let ours = place(job);
    in_line.iter().filter(|other| place(other) < ours).count()
}

/// Whether a Job should have a pod by now.
fn is_active(job: &Job) -> bool {
    let is_suspended = job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true);
    let mut conditions = job
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let is_over = conditions.any(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    let age = (job.metadata.creation_timestamp.as_ref())
        .map(|made| Timestamp::now().duration_since(made.0).unsigned_abs());
    !is_suspended && !is_over && age.is_some_and(|age| age > PATIENCE)
}

/// Why the Job controller could make no pod: it tells that in an event, and nowhere else.
async fn complaint(ctx: &Context, job: &Job) -> Result<Option<String>, Error> {
    let api: Api<Event> = Api::namespaced(ctx.client.clone(), &job.namespace().unwrap_or_default());
    let fields = format!(
        "involvedObject.uid={},reason=FailedCreate",
        job.uid().unwrap_or_default()
    );
    let parameters = ListParams::default().fields(&fields);
    let what = format!("list the events of Job {}", job.name_any());
    let events = call(&what, READ, || api.list(&parameters)).await?;
    let time = |event: &Event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or_else(|| event.event_time.as_ref().map(|time| time.0))
    };
    let newest = events.items.into_iter().max_by_key(time);
    Ok(newest.and_then(|event| event.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(uid: &str, made: &str) -> Arc<TrainingJob> {
        let job = serde_json::json!({
            "apiVersion": "auriga.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": { "name": uid, "namespace": "default", "uid": uid, "creationTimestamp": made },
            "spec": { "modelRef": { "name": "iris" } },
        });
        Arc::new(serde_json::from_value(job).unwrap())
    }

    #[test]
    fn the_older_comes_first_and_of_two_of_one_age_that_with_the_smaller_uid() {
        let line = [
            job("c", "2026-11-22T10:00:00Z"),
            job("b", "2026-11-22T10:00:01Z"),
            job("a", "2026-11-22T10:00:01Z"),
        ];
        let places: Vec<usize> = line.iter().map(|one| ahead(one, &line)).collect();
        assert_eq!(places, [0, 2, 1]);
    }
}
