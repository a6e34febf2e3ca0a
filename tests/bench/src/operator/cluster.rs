//! A cluster, and namespaces of it that are measured in.

use std::{path::Path, pin::pin, time::Duration};

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, TryStreamExt};
use kube::{
    Api, Client, Config,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, WatchEvent, WatchParams,
    },
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{has, text};

const OPERATOR_NAMESPACE: &str = "auriga-system";
const OPERATOR: &str = "auriga-operator";
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at what is not measured.
const PAUSE: Duration = Duration::from_millis(100);

/// A cluster.
pub(super) struct Cluster {
    client: Client,
}

/// A namespace for one measurement.
pub(super) struct Space<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl Cluster {
    /// The cluster of this kubeconfig.
    pub(super) async fn connect(kubeconfig: &Path) -> Result<Cluster> {
        // A provider that is there already does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let read = Kubeconfig::read_from(kubeconfig)
            .with_context(|| format!("{} is no kubeconfig", kubeconfig.display()))?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
            .await
            .with_context(|| format!("{} names no cluster", kubeconfig.display()))?;
        let client = Client::try_from(config).context("cannot make a client")?;
        Ok(Cluster { client })
    }

    /// The version of its API server.
    pub(super) async fn version(&self) -> Result<String> {
        let version = self.client.apiserver_version().await;
        Ok(version.context("the cluster does not answer")?.git_version)
    }

    /// Whether an operator is installed and ready.
    pub(super) async fn has_operator(&self) -> Result<bool> {
        let deployments = self.api(Some(OPERATOR_NAMESPACE), "apps/v1", "Deployment");
        let found = deployments.get_opt(OPERATOR).await;
        let found = found.context("cannot look for the operator")?;
        Ok(found.is_some_and(|found| has(&found.data, "Available")))
    }

    /// The digest of the image that the operator runs.
    pub(super) async fn image_of_operator(&self) -> Result<String> {
        self.image(OPERATOR_NAMESPACE, "app.kubernetes.io/component=operator")
            .await
    }

    /// Makes an empty namespace whose pods obey the restricted standard, once it can have pods.
    pub(super) async fn space(&self, name: &str) -> Result<Space<'_>> {
        let name = format!("bench-{}-{name}", std::process::id());
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
        self.apply(None, &namespace).await?;
        let accounts = self.api(Some(&name), "v1", "ServiceAccount");
        until("a namespace has its default service account", async || {
            Ok(accounts.get_opt("default").await?.is_some())
        })
        .await?;
        Ok(Space { cluster: self, name })
    }

    async fn image(&self, namespace: &str, labels: &str) -> Result<String> {
        let pods = self.api(Some(namespace), "v1", "Pod");
        let pods = pods.list(&ListParams::default().labels(labels)).await;
        let pods = pods.with_context(|| format!("cannot list the pods of {namespace}"))?;
        let ids = pods.items.iter().filter_map(|pod| {
            // One that ends may be of an image that was replaced.
            let stays = pod.metadata.deletion_timestamp.is_none();
            pod.data
                .pointer("/status/containerStatuses/0/imageID")
                .and_then(Value::as_str)
                .filter(|id| stays && !id.is_empty())
        });
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok((*id).to_owned()),
            _ => bail!("the pods of {namespace} run {} images", ids.len()),
        }
    }

    async fn apply(&self, namespace: Option<&str>, object: &Value) -> Result<()> {
        let (version, kind) = (text(object, "apiVersion")?, text(object, "kind")?);
        let name = text(&object["metadata"], "name")?;
        let how = PatchParams::apply("auriga-bench").force();
        let applied = self.api(namespace, version, kind);
        let applied = applied.patch(name, &how, &Patch::Apply(object)).await;
        applied.with_context(|| format!("cannot apply the {kind} {name}"))?;
        Ok(())
    }

    fn api(&self, namespace: Option<&str>, version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }
}

impl Space<'_> {
    /// Applies an object, on the side of the server.
    pub(super) async fn apply(&self, object: &Value) -> Result<()> {
        self.cluster.apply(Some(&self.name), object).await
    }

    /// All objects of a kind.
    pub(super) async fn list(&self, version: &str, kind: &str) -> Result<Vec<Value>> {
        let api = self.cluster.api(Some(&self.name), version, kind);
        let list = api.list(&ListParams::default()).await;
        let list = list.with_context(|| format!("cannot list each {kind} of {}", self.name))?;
        let values = list.items.iter().map(serde_json::to_value);
        values.collect::<Result<_, _>>().context("an object is no JSON")
    }

    /// Watches the objects of a kind until one of them has this condition; the moment at which that was told.
    pub(super) async fn when(
        &self,
        version: &str,
        kind: &str,
        condition: &str,
    ) -> Result<std::time::Instant> {
        let api = self.cluster.api(Some(&self.name), version, kind);
        let watched = async {
            loop {
                // From whatever state is at hand: it comes first, and older than the namespace it cannot be.
                let mut events = pin!(api.watch(&WatchParams::default(), "0").await?.boxed());
                while let Some(event) = events.try_next().await? {
                    match event {
                        WatchEvent::Added(object) | WatchEvent::Modified(object)
                            if has(&object.data, condition) =>
                        {
                            return Ok(std::time::Instant::now());
                        }
                        WatchEvent::Error(status) => bail!("{}", status.message),
                        _ => {}
                    }
                }
            }
        };
        let watched = timeout(PATIENCE, watched).await;
        watched
            .with_context(|| format!("no {kind} was {condition} within {} s", PATIENCE.as_secs()))?
            .with_context(|| format!("cannot watch each {kind} of {}", self.name))
    }

    /// The digest of the image of its pods, which is one.
    pub(super) async fn image(&self) -> Result<String> {
        self.cluster.image(&self.name, "").await
    }

    /// Deletes it with its claim and all else, and waits until it is gone, so that this is in nobody's way.
    pub(super) async fn delete(self) -> Result<()> {
        let namespaces = self.cluster.api(None, "v1", "Namespace");
        let deleted = namespaces.delete(&self.name, &DeleteParams::default()).await;
        deleted.with_context(|| format!("cannot delete the namespace {}", self.name))?;
        until("a deleted namespace is gone", async || {
            Ok(namespaces.get_opt(&self.name).await?.is_none())
        })
        .await
    }
}

/// Looks again and again.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so().await? {
        if Instant::now() > end {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        sleep(PAUSE).await;
    }
    Ok(())
}
