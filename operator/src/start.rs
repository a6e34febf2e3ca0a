//! What has to be there before the loop begins.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auriga_crds::{Model, TrainingJob};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{ConfigMap, Pod, Service},
    policy::v1::PodDisruptionBudget,
};
use kube::{Client, Resource, api::ListParams};
use serde::de::DeserializeOwned;

use crate::{
    call::{READ, call},
    context::lock,
    error::Error,
    watch,
};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// What the start waits for, in words; nothing once it is over.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    what: Arc<Mutex<Option<String>>>,
}

impl Waiting {
    /// What it waits for now.
    pub fn what(&self) -> Option<String> {
        lock(&self.what).clone()
    }

    fn set(&self, what: Option<String>) {
        let mut now = lock(&self.what);
        if let Some(what) = what.as_ref().filter(|what| now.as_ref() != Some(what)) {
            tracing::warn!("{what}");
        }
        *now = what;
    }
}

/// Waits until the API server knows all kinds that are watched and lets them be listed; says what to do as long as it does
/// not. Who stands by has to be able to work before another one ends.
pub async fn kinds(client: &Client, namespace: Option<&str>, waiting: &Waiting) {
    loop {
        let tried = tokio::try_join!(
            can_list::<Model>(client, namespace),
            can_list::<TrainingJob>(client, namespace),
            can_list::<Job>(client, namespace),
            can_list::<Deployment>(client, namespace),
            can_list::<Service>(client, namespace),
            can_list::<ConfigMap>(client, namespace),
            can_list::<PodDisruptionBudget>(client, namespace),
            can_list::<Pod>(client, namespace),
        );
        match tried {
            Ok(_) => break waiting.set(None),
            Err(error) => waiting.set(Some(remedy(&error))),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn can_list<K>(client: &Client, namespace: Option<&str>) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = watch::api::<K>(client, namespace);
    let what = format!("list {}", watch::name::<K>());
    let one = ListParams::default().limit(1);
    call(&what, READ, || api.list_metadata(&one)).await?;
    Ok(())
}

fn remedy(error: &Error) -> String {
    match error.code() {
        Some(404) => format!(
            "waits for the CustomResourceDefinitions ({error}); run `kubectl apply -f manifests/crds.yaml`"
        ),
        Some(401 | 403) => format!(
            "waits for the right to read ({error}); run `kubectl apply -k manifests`, or give --namespace"
        ),
        _ => format!("waits for the API server: {error}"),
    }
}
