//! Watches the cluster: one watch for each kind, which fills a cache and tells who has to be looked at.

use std::{fmt::Debug, hash::BuildHasher as _, time::Duration};

use futures_util::{Stream, StreamExt as _};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        WatchStreamExt as _,
        reflector::ObjectRef,
        utils::Backoff,
        watcher::{self, Event},
    },
};
use serde::de::DeserializeOwned;

use crate::{
    cache::{Cache, Change},
    context::Context,
    error::plain_watch,
    kept::{Guarded, Kept},
    labels,
    triggers::Triggers,
};

/// How long one watch request lasts, in seconds: a connection that died without a word is noticed five seconds later.
const LASTS: u32 = 60;
/// How many objects a list is read at a time. The text of a page is held as a whole, and pages of all kinds come at once.
pub(crate) const PAGE: u32 = 250;
/// The longest pause between two tries of a watch that fails: an API server that is back is heard again soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Watches everything until the future is dropped.
pub async fn watch_all(ctx: &Context, namespace: Option<&str>, triggers: &Triggers) {
    let (client, caches) = (&ctx.client, &ctx.caches);
    let all = watcher::Config::default;
    let ours = || all().labels(&format!("{}={}", labels::MANAGED_BY, labels::AURIGA));
    tokio::join!(
        follow(objects(client, namespace, all()), &caches.models, |change| {
            forget(ctx, change);
            triggers.model(caches, change);
        }),
        follow(
            objects(client, namespace, all()),
            &caches.training_jobs,
            |change| {
                forget(ctx, change);
                triggers.training_job(caches, change);
            }
        ),
        follow(objects(client, namespace, ours()), &caches.jobs, |change| {
            forget(ctx, change);
            triggers.job(caches, change);
        }),
        follow(
            objects(client, namespace, ours()),
            &caches.deployments,
            |change| {
                forget(ctx, change);
                triggers.child(change);
            }
        ),
        follow(objects(client, namespace, ours()), &caches.services, |change| {
            forget(ctx, change);
            triggers.child(change);
        }),
        follow(
            objects(client, namespace, ours()),
            &caches.config_maps,
            |change| {
                forget(ctx, change);
                triggers.child(change);
            }
        ),
        follow(objects(client, namespace, ours()), &caches.budgets, |change| {
            forget(ctx, change);
            triggers.child(change);
        }),
        follow(objects(client, namespace, ours()), &caches.pods, |change| {
            forget(ctx, change);
            triggers.pod(caches, change);
        }),
        follow(metadata(client, namespace), &caches.sources, |change| {
            if let (Some(before), None) = (&change.before, &change.after) {
                let namespace = before.namespace().unwrap_or_default();
                ctx.reader.forget(&namespace, &before.name_any());
            }
            triggers.source(caches, change);
        }),
    );
}

/// Drops what is remembered of an object that is gone.
fn forget<K: Resource<DynamicType = ()>>(ctx: &Context, change: &Change<K>) {
    if let (Some(before), None) = (&change.before, &change.after)
        && let Some(uid) = &before.meta().uid
    {
        ctx.forget(uid);
    }
}

fn objects<K>(
    client: &Client,
    namespace: Option<&str>,
    config: watcher::Config,
) -> impl Stream<Item = watcher::Result<Event<Guarded<K>>>> + Send + use<K>
where
    K: Kept
        + Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api: Api<Guarded<K>> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    watcher::watcher(api, config.timeout(LASTS).page_size(PAGE))
}

/// Of ConfigMaps at large only who they are is kept: their texts are read when a Model needs them.
fn metadata<K>(
    client: &Client,
    namespace: Option<&str>,
) -> impl Stream<Item = watcher::Result<Event<Guarded<PartialObjectMeta<K>>>>> + Send + use<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api: Api<PartialObjectMeta<K>> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    watcher::watcher(api, watcher::Config::default().timeout(LASTS).page_size(PAGE)).map(|event| {
        event.map(|event| {
            each(event, |mut object| {
                object.metadata.labels = None;
                object.metadata.annotations = None;
                object.metadata.owner_references = None;
                object.metadata.managed_fields = None;
                Guarded(Ok(object))
            })
        })
    })
}

async fn follow<K>(
    events: impl Stream<Item = watcher::Result<Event<Guarded<K>>>>,
    cache: &Cache<K>,
    tell: impl Fn(&Change<K>),
) where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let mut events = std::pin::pin!(events.backoff(Pause::default()));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if let Some(event) = known(each(event, |object| readable(object, cache, &tell))) {
                    cache.take(event).iter().for_each(&tell);
                }
            }
            Err(error) => {
                let error = plain_watch(&error);
                tracing::warn!(kind = %K::kind(&()), %error, "cannot watch {}: {error}", K::plural(&()));
            }
        }
    }
}

/// The object, if it is one at all.
fn readable<K>(object: Guarded<K>, cache: &Cache<K>, tell: impl Fn(&Change<K>)) -> Option<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    match object.0 {
        Ok(object) => Some(object),
        Err(broken) => {
            let name = broken.metadata.name.unwrap_or_default();
            let namespace = broken.metadata.namespace.unwrap_or_default();
            tracing::error!(
                kind = %K::kind(&()), %namespace, %name, error = %broken.error,
                "cannot read {} {namespace}/{name}; it is left alone until it is corrected", K::kind(&()),
            );
            // What it was before is no longer what anybody wants.
            if let Some(change) = cache.forget(&ObjectRef::new(&name).within(&namespace)) {
                tell(&change);
            }
            None
        }
    }
}

/// The event about what `map` makes of its object.
fn each<A, B>(event: Event<A>, map: impl FnOnce(A) -> B) -> Event<B> {
    match event {
        Event::Apply(object) => Event::Apply(map(object)),
        Event::Delete(object) => Event::Delete(map(object)),
        Event::InitApply(object) => Event::InitApply(map(object)),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    }
}

/// The event, unless it is about an object that cannot be read.
fn known<K>(event: Event<Option<K>>) -> Option<Event<K>> {
    Some(match event {
        Event::Apply(object) => Event::Apply(object?),
        Event::Delete(object) => Event::Delete(object?),
        Event::InitApply(object) => Event::InitApply(object?),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    })
}

/// Pauses between tries: from half a second, doubling, each cut at random so that watches do not come back all at once.
#[derive(Default)]
struct Pause {
    tries: u32,
}

impl Iterator for Pause {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let whole = Duration::from_millis(500) * (1 << self.tries.min(6));
        self.tries = self.tries.saturating_add(1);
        Some(jittered(whole.min(LONGEST_PAUSE)))
    }
}

impl Backoff for Pause {
    fn reset(&mut self) {
        self.tries = 0;
    }
}

/// Between half of a time and the whole.
pub(crate) fn jittered(whole: Duration) -> Duration {
    // The keys of a hash map are random and need no generator of their own.
    let random = std::hash::RandomState::new().hash_one(whole) % 1024;
    whole.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or(0)) / 2048.0)
}
