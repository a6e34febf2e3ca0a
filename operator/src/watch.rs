//! Watches the cluster: one watch for each kind, which fills a cache and tells who has to be looked at.

mod follow;

use std::fmt::Debug;

use auriga_crds::{Model, TrainingJob};
use follow::{Lists, each};
use futures_util::{Stream, StreamExt as _};
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    core::{NamespaceResourceScope, PartialObjectMeta},
    runtime::watcher::{self, Event},
};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use follow::jittered;

use crate::{
    cache::{Cache, Change},
    context::Context,
    kept::{Guarded, Kept, Packed},
    labels,
    listing::Listing,
    triggers::Triggers,
};

/// How long one watch request lasts, in seconds: a connection that died without a word is noticed five seconds later.
const LASTS: u32 = 60;
/// How many objects a list is read at a time: a page is held as a whole, as text and as objects.
pub(crate) const PAGE: u32 = 100;

/// What is watched, by plural and group. ConfigMaps at large are watched besides those of Auriga's, for who they are.
pub(crate) const KINDS: [&str; 9] = [
    "models.auriga.dev",
    "trainingjobs.auriga.dev",
    "jobs.batch",
    "deployments.apps",
    "services",
    "configmaps",
    "poddisruptionbudgets.policy",
    "pods",
    SOURCES,
];
const SOURCES: &str = "configmaps (metadata)";

/// Watches everything until the future is dropped; tells `listing` which of [`KINDS`] have been listed.
pub async fn watch_all(ctx: &Context, namespace: Option<&str>, triggers: &Triggers, listing: &Listing) {
    let (client, caches) = (&ctx.client, &ctx.caches);
    let lists = &Lists::told_to(listing);
    let all = watcher::Config::default;
    tokio::join!(
        lists.follow(
            name::<Model>(),
            || objects(client, namespace, all()),
            &caches.models,
            |change| {
                forget(ctx, change);
                triggers.model(caches, change);
            }
        ),
        lists.follow(
            name::<TrainingJob>(),
            || objects(client, namespace, all()),
            &caches.training_jobs,
            |change| {
                forget(ctx, change);
                triggers.training_job(caches, change);
            }
        ),
        lists.follow(
            name::<Job>(),
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
        lists.follow(
            name::<Pod>(),
            || objects(client, namespace, ours()),
            &caches.pods,
            |change| {
                forget(ctx, change);
                triggers.pod(caches, change);
            }
        ),
        lists.follow(
            SOURCES,
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

/// A kind as it is called in [`KINDS`].
pub(crate) fn name<K: Resource<DynamicType = ()>>() -> String {
    match (K::plural(&()), K::group(&())) {
        (plural, group) if group.is_empty() => plural.into_owned(),
        (plural, group) => format!("{plural}.{group}"),
    }
}

/// What is Auriga's.
fn ours() -> watcher::Config {
    watcher::Config::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::AURIGA))
}

/// Watches a kind of Auriga's whose changes concern nobody but whoever it was made for.
async fn children<K>(
    ctx: &Context,
    lists: &Lists<'_>,
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
    lists
        .follow(name::<K>(), begin, cache, |change| {
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

/// The objects of a kind in the one namespace that is looked after, or in all.
pub(crate) fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
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
    let api = api::<Guarded<K>>(client, namespace);
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
    let api = api::<PartialObjectMeta<K>>(client, namespace);
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

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        convert::Infallible,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use hyper::{Request, Response};
    use kube::client::Body;
    use serde_json::json;
    use tokio::{sync::mpsc, time::timeout};

    use super::*;
    use crate::{alive::Via, context::lock, lease::Leading, settings::Settings};

    /// An API server where nothing is, and nothing happens; it notes what it is asked for, and in which form.
    async fn empty(
        request: Request<Body>,
        asked: Arc<Mutex<BTreeSet<String>>>,
    ) -> Result<Response<Body>, Infallible> {
        if request
            .uri()
            .query()
            .is_some_and(|query| query.contains("watch=true"))
        {
            std::future::pending::<()>().await;
        }
        let form = request.headers().get("accept");
        lock(&asked).insert(format!("{} {form:?}", request.uri().path()));
        let list = json!({ "metadata": { "resourceVersion": "1" }, "items": [] });
        Ok(Response::new(Body::from(list.to_string().into_bytes())))
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_that_is_waited_for_is_watched_and_no_other() {
        let asked = Arc::default();
        let server = {
            let asked = Arc::clone(&asked);
            tower::service_fn(move |request| empty(request, Arc::clone(&asked)))
        };
        let client = Client::new(server, "default");
        let ctx = Context::new(client, Settings::default(), Via::PodIp, Leading::default());
        let triggers = Triggers {
            models: mpsc::unbounded_channel().0,
            training_jobs: mpsc::unbounded_channel().0,
        };
        let listing = Listing::default();
        let listed = async |kinds: &[&'static str]| {
            listing.begin(kinds.iter().copied());
            tokio::select! {
                () = watch_all(&ctx, None, &triggers, &listing) => panic!("watches do not end"),
                listed = timeout(Duration::from_secs(5), listing.all()) => listed == Ok(true),
            }
        };
        assert!(listed(&KINDS).await, "{:?}", listing.what());
        assert_eq!(lock(&asked).len(), KINDS.len(), "{asked:?}");
        let with_one_more = [&KINDS[..], &["secrets"]].concat();
        assert!(!listed(&with_one_more).await);
        assert_eq!(
            listing.what().as_deref(),
            Some("has the Lease, and waits for the list of secrets")
        );
    }
}
