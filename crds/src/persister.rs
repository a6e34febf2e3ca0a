//! Where versions are kept.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// Where versions are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
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
}
