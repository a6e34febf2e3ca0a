//! Watches the cluster: one watch for each kind, which fills a cache and tells who has to be looked at.

use std::{fmt::Debug, hash::BuildHasher as _, time::Duration};

use futures_util::{Stream, StreamExt as _};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::{
        reflector::ObjectRef,
        watcher::{self, Event},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use crate::{
    cache::{Cache, Change},
    context::Context,
    error::plain_watch,
    kept::{Guarded, Kept, Packed},
    labels,
    triggers::Triggers,
};

/// How long one watch request lasts, in seconds: a connection that died without a word is noticed five seconds later.
const LASTS: u32 = 60;
/// How many objects a list is read at a time. The text of a page is held as a whole.
pub(crate) const PAGE: u32 = 250;
/// How many kinds are listed at once, for the same reason.
const LISTS_AT_ONCE: usize = 2;
/// The longest pause between two tries of a watch that fails: an API server that is back is heard again soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Watches everything until the future is dropped.
pub async fn watch_all(ctx: &Context, namespace: Option<&str>, triggers: &Triggers) {
    let (client, caches) = (&ctx.client, &ctx.caches);
    let all = watcher::Config::default;
    let lists = &Semaphore::new(LISTS_AT_ONCE);
    tokio::join!(
        follow(
            lists,
            || objects(client, namespace, all()),
            &caches.models,
            |change| {
                forget(ctx, change);
                triggers.model(caches, change);
            }
        ),
        follow(
            lists,
            || objects(client, namespace, all()),
            &caches.training_jobs,
            |change| {
                forget(ctx, change);
                triggers.training_job(caches, change);
            }
        ),
        follow(
            lists,
            || objects(client, namespace, ours()),
            &caches.jobs,
            |change| {
                forget(ctx, change);
                triggers.job(caches, change);
            }
        ),
        children(ctx, lists, namespace, triggers, &caches.deployments),
        children(ctx, lists, namespace, triggers, &caches.services),
        children(ctx, lists, namespace, triggers, &caches.config_maps),
        children(ctx, lists, namespace, triggers, &caches.budgets),
        follow(
            lists,
            || objects(client, namespace, ours()),
            &caches.pods,
            |change| {
                forget(ctx, change);
                triggers.pod(caches, change);
            }
        ),
        follow(
            lists,
            || metadata(client, namespace),
            &caches.sources,
            |change| {
                if let (Some(before), None) = (&change.before, &change.after) {
                    let namespace = before.namespace().unwrap_or_default();
                    ctx.reader.forget(&namespace, &before.name_any());
                }
                triggers.source(caches, change);
            }
        ),
    );
}

/// What is Auriga's.
fn ours() -> watcher::Config {
    watcher::Config::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::AURIGA))
}

/// Watches a kind of Auriga's whose changes concern nobody but whoever it was made for.
async fn children<K>(
    ctx: &Context,
    lists: &Semaphore,
    namespace: Option<&str>,
    triggers: &Triggers,
    cache: &Cache<Packed<K>>,
) where
    K: Kept
        + Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + 'static,
{
    let begin = || objects(&ctx.client, namespace, ours());
    follow(lists, begin, cache, |change| {
        forget(ctx, change);
        triggers.child(change);
    })
    .await;
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

/// Fills a cache from what `begin` starts: a list, and a watch that goes on from it. After an error all begins anew with a
/// list. To go on from the last version that was seen would miss what happens on an API server whose objects were restored
/// from a backup: it counts from lower versions again, and tells who asks from a higher one nothing until it has passed it.
/// `lists` lets a few kinds be listed at a time.
async fn follow<K, E>(lists: &Semaphore, begin: impl Fn() -> E, cache: &Cache<K>, tell: impl Fn(&Change<K>))
where
    K: Resource<DynamicType = ()> + Clone + 'static,
    E: Stream<Item = watcher::Result<Event<Guarded<K>>>>,
{
    let mut pause = Pause::default();
    loop {
        let mut turn = lists.acquire().await.ok();
        let mut events = std::pin::pin!(begin());
        let mut listed = None;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if matches!(event, Event::InitDone) {
                        listed = Some(Instant::now());
                        turn = None;
                    }
                    if let Some(event) = known(each(event, |object| readable(object, cache, &tell))) {
                        cache.take(event).iter().for_each(&tell);
                    }
                }
                Err(error) => {
                    let error = plain_watch(&error);
                    tracing::warn!(kind = %K::kind(&()), %error, "cannot watch {}: {error}", K::plural(&()));
                    break;
                }
            }
        }
        drop(turn);
        // Lists that go well say nothing of a watch that is refused each time.
        if listed.is_some_and(|listed| listed.elapsed() > LONGEST_PAUSE) {
            pause = Pause::default();
        }
        sleep(pause.next()).await;
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

impl Pause {
    fn next(&mut self) -> Duration {
        let whole = Duration::from_millis(500) * (1 << self.tries.min(6));
        self.tries = self.tries.saturating_add(1);
        jittered(whole.min(LONGEST_PAUSE))
    }
}

/// Between half of a time and the whole.
pub(crate) fn jittered(whole: Duration) -> Duration {
    // The keys of a hash map are random and need no generator of their own.
    let random = std::hash::RandomState::new().hash_one(whole) % 1024;
    whole.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or(0)) / 2048.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use k8s_openapi::api::core::v1::Service;

    use tokio::time::timeout;

    use super::*;

    fn service(name: &str, version: &str) -> Service {
        let mut service = Service::default();
        service.metadata.name = Some(name.to_owned());
        service.metadata.namespace = Some("a".to_owned());
        service.metadata.uid = Some(name.to_owned());
        service.metadata.resource_version = Some(version.to_owned());
        service
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_error_objects_are_listed_anew_also_from_lower_versions() {
        let cache = Cache::new(|_: &Service| Vec::new());
        let (lists, count) = (Semaphore::new(1), Cell::new(0));
        let begin = || {
            count.set(count.get() + 1);
            // The second time the API server is back at where it was before.
            let (found, is_broken) = match count.get() {
                1 => (vec![service("iris", "90"), service("rose", "80")], true),
                _ => (vec![service("iris", "20")], false),
            };
            let found = found.into_iter().map(|one| Event::InitApply(Guarded(Ok(one))));
            let events = [Event::Init].into_iter().chain(found).chain([Event::InitDone]);
            let broken = is_broken.then_some(Err(watcher::Error::NoResourceVersion));
            let events: Vec<watcher::Result<_>> = events.map(Ok).chain(broken).collect();
            stream::iter(events).chain(stream::pending())
        };
        let followed = timeout(Duration::from_secs(60), follow(&lists, begin, &cache, |_| {}));
        followed.map(drop).await;
        assert_eq!(count.get(), 2);
        let versions: Vec<_> = cache
            .all()
            .iter()
            .map(|one| one.metadata.resource_version.clone())
            .collect();
        assert_eq!(versions, [Some("20".to_owned())]);
    }
}
