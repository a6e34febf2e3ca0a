//! An object as a watch tells it: one that cannot be read holds up no other.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::error_boundary::InvalidObject};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::Kept;

/// An object, or why it is none. As kube's `DeserializeGuard`, but reduced object by object while a list is read: a list has
/// hundreds of them, and most of what it says is who has set which field.
#[derive(Clone, Debug)]
pub struct Guarded<K>(pub Result<K, InvalidObject>);

impl<'de, K> Deserialize<'de> for Guarded<K>
where
    K: Kept + DeserializeOwned,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut whole = Value::deserialize(deserializer)?;
        if let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        Ok(Guarded(match K::deserialize(&whole) {
            Ok(mut object) => {
                object.reduce();
                Ok(object)
            }
            Err(error) => Err(InvalidObject {
                error: error.to_string(),
                metadata: ObjectMeta::deserialize(&whole["metadata"]).unwrap_or_default(),
            }),
        }))
    }
}

impl<K: Resource> Resource for Guarded<K> {
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
        self.0.as_ref().map_or_else(|broken| &broken.metadata, K::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        (self.0.as_mut()).map_or_else(|broken| &mut broken.metadata, K::meta_mut)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    use super::*;

    fn read(spec: Value) -> Guarded<Pod> {
        let fields = json!([{ "manager": "kubelet", "fieldsV1": {} }]);
        let metadata = json!({ "name": "iris", "namespace": "default", "managedFields": fields });
        serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap()
    }

    #[test]
    fn one_that_cannot_be_read_says_who_it_is_and_why() {
        let broken = read(json!({ "containers": "none" }));
        assert_eq!(broken.meta().name.as_deref(), Some("iris"));
        assert!(broken.0.unwrap_err().error.contains("none"));
    }

    #[test]
    fn one_that_is_read_is_reduced_at_once() {
        let tmp = json!({ "name": "tmp", "emptyDir": {} });
        let pod = read(json!({ "containers": [], "volumes": [tmp] })).0.unwrap();
        assert_eq!(pod.metadata.managed_fields, None);
        assert_eq!(pod.spec.unwrap().volumes, None);
    }
}
