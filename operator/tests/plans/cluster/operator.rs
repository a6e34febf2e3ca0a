//! An operator that runs: the real loop and the real caches, whose watches tell what happened as late as the story wants.

use std::collections::BTreeMap;

use auriga_operator::{
    alive::Via, cache::Cache, caches::Caches, context::Context, controller::look, kept::Packed, kind::Kind,
    labels, lease::Leading, settings::Settings,
};
use kube::{Resource, ResourceExt as _, runtime::watcher::Event};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::server::{Happened, Server};

/// The kinds that are watched, and one more watch that keeps names alone.
pub(super) const WATCHED: [&str; 8] = [
    "models",
    "trainingjobs",
    "jobs",
    "deployments",
    "services",
    "configmaps",
    "poddisruptionbudgets",
    "pods",
];

/// What came of a look.
pub(super) enum Looked {
    /// It came to its end, well or not.
    Ended,
    /// The operator was killed in it.
    Killed,
}

/// One process.
pub(super) struct Operator {
    server: Server,
    ctx: Context,
    /// How much of what happened was told, by plural.
    told: BTreeMap<&'static str, usize>,
}

impl Operator {
    /// One that starts now, and whose first lists are as old as if `late` things had not happened yet.
    pub(super) fn start(server: &Server, settings: &Settings, late: usize) -> Operator {
        let ctx = Context::new(
            server.client(),
            settings.clone(),
            Via::ApiProxy,
            Leading::default(),
        );
        let mut told = BTreeMap::new();
        let state = server.state();
        for plural in WATCHED {
            let log = state.log.get(plural).map_or(&[][..], Vec::as_slice);
            let known = log.len().saturating_sub(late);
            list(&ctx.caches, plural, &log[..known]);
            told.insert(plural, known);
        }
        drop(state);
        Operator {
            server: server.clone(),
            ctx,
            told,
        }
    }

    /// The watch of `plural` tells the next `most` things that happened.
    pub(super) fn hears(&mut self, plural: &'static str, most: usize) {
        let state = self.server.state();
        let log = state.log.get(plural).map_or(&[][..], Vec::as_slice);
        let Some(told) = self.told.get_mut(plural) else {
            return;
        };
        for happened in log.iter().skip(*told).take(most) {
            tell(&self.ctx.caches, plural, happened);
            *told += 1;
        }
    }

    /// Every watch tells everything.
    pub(super) fn hears_all(&mut self) {
        for plural in WATCHED {
            self.hears(plural, usize::MAX);
        }
    }

    /// The names of all TrainingJobs that it knows.
    pub(super) fn training_jobs(&self) -> Vec<String> {
        let all = self.ctx.caches.training_jobs.all();
        let mut names: Vec<String> = all.iter().map(|job| job.name_any()).collect();
        names.sort();
        names
    }

    /// Looks at a Model, if it knows it.
    pub(super) async fn looks_at_model(&self, name: &str) -> Looked {
        self.looks(&self.ctx.caches.models, name).await
    }

    /// Looks at a TrainingJob, if it knows it.
    pub(super) async fn looks_at_training_job(&self, name: &str) -> Looked {
        self.looks(&self.ctx.caches.training_jobs, name).await
    }

    async fn looks<K: Kind>(&self, cache: &Cache<Packed<K>>, name: &str) -> Looked {
        let Some(object) = cache.get("default", name) else {
            return Looked::Ended;
        };
        let object = object.unpacked();
        let clock = || self.server.state().now;
        tokio::select! {
            biased;
            () = self.server.kills() => Looked::Killed,
            // A look that fails is begun again sooner or later.
            _ = look(&object, &self.ctx, clock) => Looked::Ended,
        }
    }
}

/// Fills one cache as a first list does.
fn list(caches: &Caches, plural: &str, log: &[Happened]) {
    let mut objects: BTreeMap<&str, &Value> = BTreeMap::new();
    for happened in log {
        match happened {
            Happened::Put(object) => drop(objects.insert(name_of(object), object)),
            Happened::Gone(object) => drop(objects.remove(name_of(object))),
        }
    }
    let objects: Vec<&Value> = objects.into_values().collect();
    match plural {
        "models" => fill(&caches.models, &objects),
        "trainingjobs" => fill(&caches.training_jobs, &objects),
        "jobs" => fill(&caches.jobs, &ours(&objects)),
        "deployments" => fill(&caches.deployments, &ours(&objects)),
        "services" => fill(&caches.services, &ours(&objects)),
        "configmaps" => {
            fill(&caches.config_maps, &ours(&objects));
            fill(&caches.sources, &objects);
        }
        "poddisruptionbudgets" => fill(&caches.budgets, &ours(&objects)),
        "pods" => fill(&caches.pods, &ours(&objects)),
        other => panic!("nobody watches {other}"),
    }
}

/// Tells one event.
fn tell(caches: &Caches, plural: &str, happened: &Happened) {
    match plural {
        "models" => take(&caches.models, happened),
        "trainingjobs" => take(&caches.training_jobs, happened),
        "configmaps" => {
            take(&caches.sources, happened);
            take_ours(&caches.config_maps, happened);
        }
        "jobs" => take_ours(&caches.jobs, happened),
        "deployments" => take_ours(&caches.deployments, happened),
        "services" => take_ours(&caches.services, happened),
        "poddisruptionbudgets" => take_ours(&caches.budgets, happened),
        "pods" => take_ours(&caches.pods, happened),
        other => panic!("nobody watches {other}"),
    }
}

fn fill<K>(cache: &Cache<K>, objects: &[&Value])
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    cache.take(Event::Init);
    for object in objects {
        cache.take(Event::InitApply(read(object)));
    }
    cache.take(Event::InitDone);
}

fn take<K>(cache: &Cache<K>, happened: &Happened)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    cache.take(match happened {
        Happened::Put(object) => Event::Apply(read(object)),
        Happened::Gone(object) => Event::Delete(read(object)),
    });
}

fn take_ours<K>(cache: &Cache<K>, happened: &Happened)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    let (Happened::Put(object) | Happened::Gone(object)) = happened;
    if is_ours(object) {
        take(cache, happened);
    }
}

fn read<K: DeserializeOwned>(object: &Value) -> K {
    K::deserialize(object).unwrap()
}

/// What the selector of the watches lets through.
fn ours<'a>(objects: &[&'a Value]) -> Vec<&'a Value> {
    objects.iter().copied().filter(|object| is_ours(object)).collect()
}

fn is_ours(object: &Value) -> bool {
    object["metadata"]["labels"][labels::MANAGED_BY] == labels::AURIGA
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
