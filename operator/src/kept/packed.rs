//! An object that is kept as text, and read again whenever somebody looks at it.

use std::{borrow::Cow, marker::PhantomData};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

use super::Kept;

/// A reduced `K` of which only the metadata lie ready. For those that are large as values, whose types have a field for
/// everything that a volume or a container could be: the template of a Deployment takes 20 KiB so, and 3 KiB as text.
#[derive(Clone, Debug)]
pub struct Packed<K> {
    metadata: ObjectMeta,
    /// All the rest.
    text: Box<str>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Packed<K>
where
    K: Resource + DeserializeOwned,
{
    /// The object.
    pub fn unpacked(&self) -> K {
        let mut object: K = serde_json::from_str(&self.text).expect("what was read once can be read again");
        *object.meta_mut() = self.metadata.clone();
        object
    }
}

impl<'de, K> Deserialize<'de> for Packed<K>
where
    K: Kept + DeserializeOwned + Serialize,
{
    /// Errors: it is no `K`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = K::deserialize(Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
        object.reduce();
        let metadata = std::mem::take(object.meta_mut());
        let text = serde_json::to_string(&object).map_err(D::Error::custom)?;
        Ok(Packed {
            metadata,
            text: text.into_boxed_str(),
            kind: PhantomData,
        })
    }
}

impl<K> Serialize for Packed<K>
where
    K: Resource + DeserializeOwned + Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.unpacked().serialize(serializer)
    }
}

impl<K: Resource> Resource for Packed<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(of: &K::DynamicType) -> Cow<'_, str> {
        K::kind(of)
    }

    fn group(of: &K::DynamicType) -> Cow<'_, str> {
        K::group(of)
    }

    fn version(of: &K::DynamicType) -> Cow<'_, str> {
        K::version(of)
    }

    fn plural(of: &K::DynamicType) -> Cow<'_, str> {
        K::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "iris", "labels": { "a": "b" }, "annotations": { "c": "d" } },
            "spec": {
                "replicas": 1, "selector": { "matchLabels": { "a": "b" } },
                "template": { "spec": {
                    "containers": [{ "name": "auriga" }], "volumes": [{ "name": "tmp", "emptyDir": {} }],
                } },
            },
            "status": { "readyReplicas": 1 },
        })
    }

    #[test]
    fn what_comes_out_is_what_went_in() {
        let packed: Packed<Deployment> = serde_json::from_value(deployment()).unwrap();
        assert_eq!(packed.meta().name.as_deref(), Some("iris"));
        assert_eq!(json!(packed), deployment());
        assert_eq!(json!(packed.unpacked()), deployment());
    }

    #[test]
    fn a_change_of_the_metadata_comes_out() {
        let mut packed: Packed<Deployment> = serde_json::from_value(deployment()).unwrap();
        packed.meta_mut().annotations = None;
        assert_eq!(packed.unpacked().metadata.annotations, None);
    }

    #[test]
    fn what_is_no_deployment_is_refused_at_once() {
        let mut broken = deployment();
        broken["spec"]["replicas"] = json!("one");
        serde_json::from_value::<Packed<Deployment>>(broken).unwrap_err();
    }
}
