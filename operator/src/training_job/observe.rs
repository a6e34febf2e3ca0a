//! Sees everything that a TrainingJob's next step may rest on.

use std::{collections::HashSet, sync::Arc};

use auriga_crds::{TrainingJob, TrainingJobStatus};
use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{Resource, ResourceExt as _};

use super::{decide, stand};
use crate::{
    cache::{Cache, controlled_by, controller},
    caches::{AWAITS_ITS_TURN, Caches, IN_A_QUEUE, IN_LINE, UNDER_WAY, is_over, is_under_way},
    complaint::complaint,
    context::Context,
    error::Error,
    kept::Packed,
    kind::Kind,
    metrics::Metrics,
    plan::{Plan, Refusal},
    seen::{Texts, TrainingJobSeen},
    settings::Settings,
};

impl Kind for TrainingJob {
    const NAME: &'static str = "TrainingJob";
    type Seen = TrainingJobSeen;
    type Status = TrainingJobStatus;

    fn cache(caches: &Caches) -> &Cache<Packed<TrainingJob>> {
        &caches.training_jobs
    }

    fn status(&self) -> Option<&TrainingJobStatus> {
        self.status.as_ref()
    }

    fn is_over(status: &TrainingJobStatus) -> bool {
        stand::is_over(status)
    }

    async fn observe(&self, ctx: &Context) -> Result<TrainingJobSeen, Error> {
        let caches = &ctx.caches;
        let namespace = self.namespace().unwrap_or_default();
        let ours = controlled_by(&self.uid().unwrap_or_default());
        let model = caches.models.get(&namespace, &self.spec.model_ref.name);
        let model = model.map(|model| model.unpacked());
        let jobs: Vec<Job> = (caches.jobs.by(&ours).iter()).map(|job| job.unpacked()).collect();
        let pods: Vec<Arc<Pod>> = (jobs.iter())
            .flat_map(|job| caches.pods.by(&controlled_by(&job.uid().unwrap_or_default())))
            .map(|pod| Arc::new(pod.unpacked()))
            .collect();
        // What is over is a record, and rests on nothing.
        let is_over = is_over(self);
        let line = if is_over {
            Line::default()
        } else {
            Line::of(caches)
        };
        let poll = ctx.settings.poll_each_of(line.fitting.len());
        Ok(TrainingJobSeen {
            texts: match &model {
                Some(model) if !is_over => ctx.reader.texts(model, caches).await?,
                _ => Texts::default(),
            },
            manifest: (caches.config_maps.by(&ours).first()).map(|found| found.unpacked()),
            complaint: match jobs.iter().find(|job| is_under_way(job)) {
                Some(job) if pods.is_empty() && !is_over => complaint(ctx, job).await?,
                _ => None,
            },
            // A little less than the time between two polls, so that each of them asks.
            pods: ctx.asker.ask(pods, poll.mul_f64(0.8)).await,
            ahead: ahead(&Place::of(self), &line),
            fitting: line.fitting.len(),
            model,
            jobs,
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

/// How many places are taken before one in line comes: by the fits whose Jobs are under way, whatever their age, and by those that
/// nothing but their turn keeps from beginning, and that come first: the older, and of two made in one second that with the
/// smaller UID. What waits for a person or for Kueue takes no place, or a few fits of Models that are missing would keep all
/// others from beginning.
fn ahead(ours: &Place, line: &Line) -> usize {
    let comes_first = |other: &Place| {
        other < ours && line.awaits_its_turn.contains(&other.uid) && !line.in_a_queue.contains(&other.uid)
    };
    let others = line.unfinished.iter().filter(|other| other.uid != ours.uid);
    others
        .filter(|other| line.fitting.contains(&other.uid) || comes_first(other))
        .count()
}

/// Where a TrainingJob stands in line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    made: Option<Timestamp>,
    uid: String,
}

impl Place {
    fn of<K: Resource>(job: &K) -> Place {
        Place {
            made: job.meta().creation_timestamp.as_ref().map(|time| time.0),
            uid: job.meta().uid.clone().unwrap_or_default(),
        }
    }
}

/// All that fit, or may want to.
#[derive(Default)]
struct Line {
    /// Neither over nor suspended.
    unfinished: Vec<Place>,
    /// The UIDs of those of them that nothing but their turn keeps from beginning.
    awaits_its_turn: HashSet<String>,
    /// The UIDs of those whose Jobs are under way.
    fitting: HashSet<String>,
    /// The UIDs of those whose Jobs wait in a queue of Kueue's.
    in_a_queue: HashSet<String>,
}

impl Line {
    fn of(caches: &Caches) -> Line {
        let places = |key: &str| -> Vec<Place> {
            let jobs = caches.training_jobs.by(key);
            jobs.iter().map(|job| Place::of(job.as_ref())).collect()
        };
        let owners = |key: &str| {
            let jobs = caches.jobs.by(key);
            let owners = jobs.iter().filter_map(|job| controller(job.as_ref()));
            let owners = owners.filter(|owner| owner.kind == TrainingJob::kind(&()));
            owners.map(|owner| owner.uid.clone()).collect()
        };
        Line {
            unfinished: places(IN_LINE),
            awaits_its_turn: (places(AWAITS_ITS_TURN).into_iter())
                .map(|place| place.uid)
                .collect(),
            fitting: owners(UNDER_WAY),
            in_a_queue: owners(IN_A_QUEUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of fits, each with its UID and when it was made; all await their turn.
    fn line(places: &[(&str, &str)]) -> Line {
        let place = |(uid, made): &(&str, &str)| Place {
            made: made.parse().ok(),
            uid: (*uid).to_owned(),
        };
        Line {
            unfinished: places.iter().map(place).collect(),
            awaits_its_turn: places.iter().map(|(uid, _)| (*uid).to_owned()).collect(),
            ..Line::default()
        }
    }

    /// How many come before each.
    fn places(line: &Line) -> Vec<usize> {
        line.unfinished.iter().map(|place| ahead(place, line)).collect()
    }

    #[test]
    fn the_older_comes_first_and_of_two_of_one_age_that_with_the_smaller_uid() {
        let line = line(&[
            ("c", "2026-11-22T10:00:00Z"),
            ("b", "2026-11-22T10:00:01Z"),
            ("a", "2026-11-22T10:00:01Z"),
        ]);
        assert_eq!(places(&line), [0, 2, 1]);
    }

    #[test]
    fn a_fit_that_waits_for_a_person_takes_no_place() {
        let mut line = line(&[("a", "2026-11-22T10:00:00Z"), ("b", "2026-11-22T10:00:01Z")]);
        line.awaits_its_turn.remove("a");
        assert_eq!(places(&line)[1], 0);
    }

    #[test]
    fn a_fit_in_a_queue_of_kueues_takes_no_place() {
        let mut line = line(&[("a", "2026-11-22T10:00:00Z"), ("b", "2026-11-22T10:00:01Z")]);
        assert_eq!(places(&line), [0, 1]);
        line.in_a_queue.insert("a".to_owned());
        assert_eq!(places(&line), [0, 0]);
    }

    #[test]
    fn a_fit_whose_job_is_under_way_takes_a_place_however_young_it_is() {
        let mut line = line(&[("a", "2026-11-22T10:00:00Z"), ("b", "2026-11-22T10:00:01Z")]);
        line.fitting.insert("b".to_owned());
        assert_eq!(places(&line), [1, 1]);
    }
}
