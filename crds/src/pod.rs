//! What a manifest may say about the pods that fit and serve: a short list, never a whole pod.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::rule;

/// Where the pods of a Model run and how they are marked. Without a cluster it has no effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodSettings {
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = { "type": "string", "maxLength": 63 }))]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods may run on nevertheless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub tolerations: Vec<Toleration>,
    /// Which nodes and neighbors are preferred or needed, written as the `affinity` of a pod in the core/v1 API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_fields")]
    pub affinity: Option<Map<String, Value>>,
    /// Secrets with the credentials of the registry that the image comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub image_pull_secrets: Vec<SecretName>,
    /// The PriorityClass of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class_name: Option<String>,
    /// Labels of every pod, beside those that Auriga sets itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = { "type": "string", "maxLength": 63 }))]
    #[x_kube(validation = rule::pod_labels())]
    pub labels: BTreeMap<String, String>,
    /// Annotations of every pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = { "type": "string", "maxLength": 4096 }))]
    #[x_kube(validation = rule::pod_annotations())]
    pub annotations: BTreeMap<String, String>,
}

/// A Secret of the same namespace, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A taint that the pods tolerate, as in the core/v1 API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// The taint's key. Absent, with the operator Exists: every taint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 316))]
    pub key: Option<String>,
    /// Equal compares the value, Exists does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// The taint's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
    /// The effect that is tolerated: NoSchedule, PreferNoSchedule or NoExecute. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub effect: Option<String>,
    /// How long a NoExecute taint is tolerated. Absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub toleration_seconds: Option<i64>,
}

/// How a toleration is held against a taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// Key and value are the taint's.
    Equal,
    /// The key is the taint's.
    Exists,
}

impl TolerationOperator {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            TolerationOperator::Equal => "Equal",
            TolerationOperator::Exists => "Exists",
        }
    }
}

/// What a container asks for and may use at most, as in the core/v1 API: `{requests: {cpu: 500m}, limits: {memory: 1Gi}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What a node must have free, by resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    #[x_kube(validation = rule::quantities())]
    pub requests: BTreeMap<String, IntOrString>,
    /// What the container may use, by resource; above its memory it is killed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    #[x_kube(validation = rule::quantities())]
    pub limits: BTreeMap<String, IntOrString>,
}

impl Resources {
    /// Requests of CPU and memory, and a limit of memory. CPU has none: a limit would only make a fit slower.
    pub(crate) fn of(cpu: &str, memory: &str, most_memory: &str) -> Resources {
        let quantity = |name: &str, value: &str| (name.to_owned(), IntOrString::String(value.to_owned()));
        Resources {
            requests: BTreeMap::from([quantity("cpu", cpu), quantity("memory", memory)]),
            limits: BTreeMap::from([quantity("memory", most_memory)]),
        }
    }
}

/// A variable of a container's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentVariable {
    /// Its name. Names that begin with `AURIGA_` are Auriga's own.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rule::environment_name())]
    pub name: String,
    /// Its value. Credentials belong into `persister.secretRef`, never here.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub value: String,
}

fn quantities(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    // The API server asks how long a text can be before it takes a rule on it.
    let quantity = json!({ "x-kubernetes-int-or-string": true, "maxLength": 64 });
    let map = json!({ "type": "object", "maxProperties": 16, "additionalProperties": quantity });
    map.try_into().expect("a schema is a map")
}

fn any_fields(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    open.try_into().expect("a schema is a map")
}
