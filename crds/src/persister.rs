//! Where versions are kept.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// Where versions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Persister {
    /// The store's address: `sqlite:///<absolute path>`, or `sqlite://<path>` relative to the manifest's folder. Several
    /// models may share a store.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = rule::persister_uri(), validation = rule::no_user_info())]
    pub uri: String,
}
