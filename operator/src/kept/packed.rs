//! An object that is kept small, and read again whenever somebody looks at it.

use std::{borrow::Cow, marker::PhantomData};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};

use super::Kept;

/// A reduced `K`, as compressed text. A type has room for everything that a volume or a container could be, so that the
/// template of a Deployment takes 20 KiB of memory, 3 KiB as text, and 1 KiB compressed; a thousand Models have ten thousand
/// objects.
///
/// [`meta`](Resource::meta) says who it is, whose, and since when: name, namespace, UID, version, time and owners. All else,
/// labels too, is there once it is [`unpacked`](Packed::unpacked).
#[derive(Clone, Debug)]
pub struct Packed<K> {
    identity: ObjectMeta,
    /// The object without that, as JSON in one block of LZ4.
    rest: Box<[u8]>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Packed<K>
where
    K: Kept + DeserializeOwned + Serialize,
{
    /// Reduces and packs an object.
    ///
    /// Errors: it cannot be written as JSON, which none is that was read as such.
    pub fn of(mut object: K) -> Result<Packed<K>, serde_json::Error> {
        object.reduce();
        let whole = object.meta_mut();
        let identity = ObjectMeta {
            name: whole.name.take(),
            namespace: whole.namespace.take(),
            uid: whole.uid.take(),
            resource_version: whole.resource_version.take(),
            creation_timestamp: whole.creation_timestamp.take(),
            owner_references: whole.owner_references.take(),
            ..ObjectMeta::default()
        };
        let text = serde_json::to_vec(&object)?;
        Ok(Packed {
            identity,
            // A copy of just this length: cut in place, it would keep what room there was for the worst case.
            rest: lz4_flex::compress_prepend_size(&text).as_slice().into(),
            kind: PhantomData,
        })
    }

    /// The object.
    pub fn unpacked(&self) -> K {
        let text = lz4_flex::decompress_size_prepended(&self.rest).expect("it was compressed here");
        let mut object: K = serde_json::from_slice(&text).expect("what was read once can be read again");
        let identity = self.identity.clone();
        let whole = object.meta_mut();
        whole.name = identity.name;
        whole.namespace = identity.namespace;
        whole.uid = identity.uid;
        whole.resource_version = identity.resource_version;
        whole.creation_timestamp = identity.creation_timestamp;
        whole.owner_references = identity.owner_references;
        object
    }
}

impl<'de, K> Deserialize<'de> for Packed<K>
where
    K: Kept + DeserializeOwned + Serialize,
{
    /// Errors: it is no `K`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Packed::of(K::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<K> Serialize for Packed<K>
where
    K: Kept + DeserializeOwned + Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.unpacked().serialize(serializer)
    }
}

// It is reduced before it is packed.
impl<K: Kept> Kept for Packed<K> {
    fn reduce(&mut self) {}
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
        &self.identity
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.identity
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use serde_json::{Value, json};

    use super::*;
    use crate::cache::controller_uid;

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "iris", "namespace": "default", "uid": "1", "resourceVersion": "2", "generation": 3,
                "creationTimestamp": "2026-11-22T10:00:00Z", "labels": { "a": "b" }, "annotations": { "c": "d" },
                "finalizers": ["e"], "deletionTimestamp": "2026-11-22T11:00:00Z", "ownerReferences": [{
                    "apiVersion": "auriga.dev/v1alpha1", "kind": "Model", "name": "iris", "uid": "4", "controller": true,
                }],
            },
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
        assert_eq!(json!(packed), deployment());
        assert_eq!(json!(packed.unpacked()), deployment());
    }

    #[test]
    fn who_it_is_and_whose_is_known_without_unpacking() {
        let packed: Packed<Deployment> = serde_json::from_value(deployment()).unwrap();
        let known = packed.meta();
        assert_eq!(known.name.as_deref(), Some("iris"));
        assert_eq!(known.resource_version.as_deref(), Some("2"));
        assert!(known.creation_timestamp.is_some());
        assert_eq!(controller_uid(&packed), Some("4"));
    }

    #[test]
    fn what_is_no_deployment_is_refused_at_once() {
        let mut broken = deployment();
        broken["spec"]["replicas"] = json!("one");
        serde_json::from_value::<Packed<Deployment>>(broken).unwrap_err();
    }
}
