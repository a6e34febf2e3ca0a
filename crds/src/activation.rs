//! Which version gets the traffic.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule;

/// Which version gets the traffic, once its pods have shown that they can answer. Without a cluster, the commands
/// `auriga up` and `auriga activate` choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::pinned_names_a_version(), validation = rule::auto_names_no_version())]
pub struct Activation {
    /// `Auto`: the newest version of what the manifest describes. `Manual`: such a version runs beside the active one and
    /// waits until `version` names it. `Pinned`: `version`, and nothing is fitted.
    #[serde(default)]
    pub policy: ActivationPolicy,
    /// The version for `Manual` and `Pinned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<i64>,
}

/// Who decides which version gets the traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ActivationPolicy {
    /// The newest version of what the manifest describes.
    #[default]
    Auto,
    /// A person, for each version.
    Manual,
    /// A person, once.
    Pinned,
}

/// What happens to the versions when the Model is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// They stay in the store; a Model of the same name finds them again.
    #[default]
    Retain,
    /// They are deleted from the store.
    Delete,
}
