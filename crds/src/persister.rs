//! Where versions are kept.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SecretName, rule};

/// Where versions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::claim_holds_the_store())]
pub struct Persister {
    /// The store's address: `sqlite://<file>`, a database in one file on a local disk, or `file://<folder>`, a folder of
    /// files, which may lie on a network file system. A path that begins with `/` is absolute, another one begins at the
    /// manifest's folder. Or `postgres://<host>:<port>/<database>`, where what is left out comes with the credentials;
    /// `?sslmode=` (disable, prefer, require, verify-ca, verify-full) says how the connection is protected, `&schema=`
    /// in which schema the tables are (by default `auriga`). Several models may share a store, also of one name in several
    /// namespaces.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = rule::persister_uri(), validation = rule::postgres_address(), validation = rule::no_user_info())]
    pub uri: String,
    /// The claim that holds a `sqlite:///var/lib/auriga/…` or `file:///var/lib/auriga/…` store in a cluster: pods find it
    /// at /var/lib/auriga. All pods of the Model then run on one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<ClaimName>,
    /// The Secret with the store's credentials: `username` and `password`, or `uri`. Pods read it as files and follow a
    /// change without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretName>,
    /// The certificates that the store's own is checked against. Absent: those of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle_ref: Option<CaBundle>,
}

/// A PersistentVolumeClaim of the same namespace, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimName {
    /// The claim's name.
    #[schemars(length(min = 1, max = 253))]
    pub claim_name: String,
}

/// Certificates in a ConfigMap of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaBundle {
    /// The ConfigMap's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key that holds the certificates, in PEM.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn ca_key() -> String {
    "ca.crt".to_owned()
}
