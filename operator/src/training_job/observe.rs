//! Sees everything that a TrainingJob's next step may rest on.

use std::{collections::HashSet, sync::Arc, time::Duration};

use auriga_crds::{TrainingJob, TrainingJobStatus};
use jiff::Timestamp;
use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{Event, Pod},
};
use kube::{Api, Resource as _, ResourceExt as _, api::ListParams};

use super::decide;
use crate::{
    cache::{Cache, controlled_by, controller},
    caches::{Caches, IN_A_QUEUE, IN_LINE, UNDER_WAY, awaits_its_turn, is_over, is_under_way},
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
            .map(|pod| Arc::new(pod.unpacked()))
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
            ahead: if is_over {
                0
            } else {
                ahead(self, &Line::of(caches))
            },
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

/// How many places are taken before `job` comes: by the fits whose Jobs are under way, whatever their age, and by those that
/// nothing but their turn keeps from beginning, and that come first: the older, and of two made in one second that with the
/// smaller UID. What waits for a person or for Kueue takes no place, or a few fits of Models that are missing would keep all
/// others from beginning.
fn ahead(job: &TrainingJob, line: &Line) -> usize {
    let owners = |jobs: &[Arc<Job>]| -> HashSet<String> {
        let owners = jobs.iter().filter_map(|job| controller(job.as_ref()).cloned());
        let owners = owners.filter(|owner| owner.kind == TrainingJob::kind(&()));
        owners.map(|owner| owner.uid).collect()
    };
    let (fitting, in_a_queue) = (owners(&line.under_way), owners(&line.in_a_queue));
    let place = |job: &TrainingJob| {
        let made = job.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (made, job.metadata.uid.clone())
    };
    let ours = place(job);
    let takes_a_place = |other: &TrainingJob| {
        let uid = other.metadata.uid.clone().unwrap_or_default();
        let comes_first = || place(other) < ours && !in_a_queue.contains(&uid) && awaits_its_turn(other);
        fitting.contains(&uid) || comes_first()
    };
    let others = (line.waiting.iter()).filter(|other| other.metadata.uid != job.metadata.uid);
    others.filter(|other| takes_a_place(other)).count()
}

/// All that fit, or may want to.
#[derive(Default)]
struct Line {
    waiting: Vec<Arc<TrainingJob>>,
    under_way: Vec<Arc<Job>>,
    in_a_queue: Vec<Arc<Job>>,
}

impl Line {
    fn of(caches: &Caches) -> Line {
        Line {
            waiting: caches.training_jobs.by(IN_LINE),
            under_way: caches.jobs.by(UNDER_WAY),
            in_a_queue: caches.jobs.by(IN_A_QUEUE),
        }
    }
}

/// Whether a Job should have a pod by now.
fn is_active(job: &Job) -> bool {
    let age = (job.metadata.creation_timestamp.as_ref())
        .map(|made| Timestamp::now().duration_since(made.0).unsigned_abs());
    is_under_way(job) && age.is_some_and(|age| age > PATIENCE)
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

    fn line(waiting: Vec<Arc<TrainingJob>>) -> Line {
        Line {
            waiting,
            ..Line::default()
        }
    }

    fn job_of(uid: &str) -> Arc<Job> {
        let job = serde_json::json!({
            "metadata": {
                "name": uid, "ownerReferences": [{
                    "apiVersion": "auriga.dev/v1alpha1", "kind": "TrainingJob", "name": uid, "uid": uid,
                    "controller": true,
                }],
            },
        });
        Arc::new(serde_json::from_value(job).unwrap())
    }

    #[test]
    fn the_older_comes_first_and_of_two_of_one_age_that_with_the_smaller_uid() {
        let line = line(vec![
            job("c", "2026-11-22T10:00:00Z"),
            job("b", "2026-11-22T10:00:01Z"),
            job("a", "2026-11-22T10:00:01Z"),
        ]);
        let places: Vec<usize> = line.waiting.iter().map(|one| ahead(one, &line)).collect();
        assert_eq!(places, [0, 2, 1]);
    }

    #[test]
    fn a_fit_that_waits_for_a_person_takes_no_place() {
        let missing = serde_json::json!({ "conditions": [{
            "type": "Stalled", "status": "True", "reason": "ModelNotFound", "message": "",
            "observedGeneration": 1, "lastTransitionTime": "2026-11-22T10:00:00Z",
        }]});
        let mut stalled = job("a", "2026-11-22T10:00:00Z").as_ref().clone();
        stalled.status = Some(serde_json::from_value(missing).unwrap());
        let line = line(vec![stalled.into(), job("b", "2026-11-22T10:00:01Z")]);
        assert_eq!(ahead(&line.waiting[1], &line), 0);
    }

    #[test]
    fn a_fit_in_a_queue_of_kueues_takes_no_place() {
        let mut line = line(vec![
            job("a", "2026-11-22T10:00:00Z"),
            job("b", "2026-11-22T10:00:01Z"),
        ]);
        assert_eq!(ahead(&line.waiting[1], &line), 1);
        line.in_a_queue.push(job_of("a"));
        assert_eq!(ahead(&line.waiting[1], &line), 0);
    }

    #[test]
    fn a_fit_whose_job_is_under_way_takes_a_place_however_young_it_is() {
        let mut line = line(vec![
            job("a", "2026-11-22T10:00:00Z"),
            job("b", "2026-11-22T10:00:01Z"),
        ]);
        assert_eq!(ahead(&line.waiting[0], &line), 0);
        line.under_way.push(job_of("b"));
        assert_eq!(ahead(&line.waiting[0], &line), 1);
    }
}
