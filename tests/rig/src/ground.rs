//! The cluster that plans run on, and what each of them is given of it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use auriga_e2e::{Cluster, Space};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use serde_json::Value;

use crate::{node::Node, operator::Program};

/// How much is asked of the rows that can do more or less of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// How many Models there are where there are many.
    pub(crate) models: usize,
    /// How long nothing is to happen.
    pub(crate) idle: Duration,
}

/// A cluster whose own operator rests.
pub(crate) struct Ground {
    /// The operator's program.
    pub(crate) program: Program,
    /// The program whose speed and size are measured.
    pub(crate) measured: Program,
    /// How much is asked of it.
    pub(crate) scale: Scale,
    cluster: &'static Cluster,
    kubeconfig: Kubeconfig,
    path: PathBuf,
    is_quick: bool,
}

impl Ground {
    /// The cluster of this kubeconfig: with the kinds of this tree, and without an operator.
    pub(crate) async fn of(
        kubeconfig: &Path,
        program: Program,
        measured: Program,
        scale: Scale,
    ) -> Result<Ground> {
        let read = Kubeconfig::read_from(kubeconfig)
            .with_context(|| format!("{} is no kubeconfig", kubeconfig.display()))?;
        Ok(Ground {
            program,
            measured,
            scale,
            cluster: Cluster::without_operator(kubeconfig).await,
            kubeconfig: read,
            path: kubeconfig.to_owned(),
            is_quick: false,
        })
    }

    /// The same, where less is tried of each row.
    pub(crate) fn quick(self, is_quick: bool) -> Ground {
        Ground { is_quick, ..self }
    }

    /// How often something is tried: so often as is asked for, or `few` times where less is tried.
    pub(crate) fn times(&self, all: usize, few: usize) -> usize {
        if self.is_quick { few } else { all }
    }

    /// The node of the cluster, whose processes are to be broken.
    ///
    /// Errors: it is not the project's own.
    pub(crate) fn node(&self) -> Result<Node> {
        Node::of(&self.path)
    }

    /// A namespace, where an operator of its own may do what manifests/namespaced lets it.
    pub(crate) async fn space(&self) -> Result<Space> {
        let space = self.cluster.space().await;
        space.rights_of_an_operator().await;
        Ok(space)
    }

    /// The schema of a Model's spec, as the API server has it.
    ///
    /// Errors: there is no such kind.
    pub(crate) async fn schema_of_models(&self) -> Result<Value> {
        let (version, kind) = ("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        let found = self.cluster.get(None, version, kind, "models.auriga.dev").await;
        let found = found.context("the cluster knows no Models")?;
        let schema = &found["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        Ok(schema["properties"]["spec"].clone())
    }

    /// A client that may do what the operator of a namespace may.
    pub(crate) async fn client_of_operator(&self, space: &Space) -> Result<Client> {
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(self.kubeconfig.clone(), &options)
            .await
            .context("the kubeconfig names no cluster")?;
        let account = format!("system:serviceaccount:{}:auriga-operator", space.name);
        config.auth_info.impersonate = Some(account);
        // A client that tries again by itself would hide what the operator has to bear.
        config.default_retry = false;
        Client::try_from(config).context("cannot make a client")
    }
}
