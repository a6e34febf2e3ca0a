//! What lies where in a pod: manifest, rows, store, credentials, fence, cache.

use std::collections::BTreeSet;

use auriga_crds::{Checked, Model, contract::pod};
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, ConfigMapVolumeSource, DownwardAPIVolumeFile, DownwardAPIVolumeSource,
    EmptyDirVolumeSource, KeyToPath, ObjectFieldSelector, PersistentVolumeClaimVolumeSource,
    ProjectedVolumeSource, SecretVolumeSource, Volume, VolumeMount, VolumeProjection,
};

use super::pod::Use;

/// The volumes of a pod, each with the place where its container finds it.
#[derive(Default)]
pub(super) struct Mounts {
    pub(super) volumes: Vec<Volume>,
    pub(super) mounts: Vec<VolumeMount>,
}

/// Everything that a pod of this use mounts.
pub(super) fn mounts(model: &Model, checked: &Checked, usage: &Use<'_>) -> Mounts {
    let mut mounts = Mounts::default();
    mounts.read_only(
        "manifest",
        pod::MANIFEST_FOLDER,
        Volume {
            config_map: Some(ConfigMapVolumeSource {
                name: usage.manifest.clone(),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        },
    );
    if usage.reads_data {
        data(checked, &mut mounts);
    }
    store(model, &mut mounts);
    if usage.serves {
        mounts.read_only("pod", pod::POD_FOLDER, fence());
        mounts.writable("cache", pod::CACHE_FOLDER, empty_dir());
    }
    mounts.writable("tmp", pod::TEMPORARY_FOLDER, empty_dir());
    mounts
}

impl Mounts {
    fn add(&mut self, name: &str, path: &str, volume: Volume, read_only: Option<bool>) {
        self.mounts.push(VolumeMount {
            name: name.to_owned(),
            mount_path: path.to_owned(),
            read_only,
            ..VolumeMount::default()
        });
        self.volumes.push(Volume {
            name: name.to_owned(),
            ..volume
        });
    }

    fn read_only(&mut self, name: &str, path: &str, volume: Volume) {
        self.add(name, path, volume, Some(true));
    }

    fn writable(&mut self, name: &str, path: &str, volume: Volume) {
        self.add(name, path, volume, None);
    }
}

/// Each ConfigMap of the dataset is a folder of its name. One that is gone keeps no pod from starting: `auriga` itself
/// names what is missing.
fn data(checked: &Checked, mounts: &mut Mounts) {
    let keys: BTreeSet<_> = checked.config_maps().map(|(_, key)| key).collect();
    if keys.is_empty() {
        return;
    }
    let sources = keys.into_iter().map(|key| VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: key.name.clone(),
            optional: Some(true),
            items: Some(vec![KeyToPath {
                key: key.key.clone(),
                path: format!("{}/{}", key.name, key.key),
                ..KeyToPath::default()
            }]),
        }),
        ..VolumeProjection::default()
    });
    mounts.read_only(
        "config-maps",
        pod::CONFIG_MAPS_FOLDER,
        Volume {
            projected: Some(ProjectedVolumeSource {
                sources: Some(sources.collect()),
                ..ProjectedVolumeSource::default()
            }),
            ..Volume::default()
        },
    );
}

/// The store's claim, credentials and certificates.
fn store(model: &Model, mounts: &mut Mounts) {
    let Some(persister) = &model.spec.persister else {
        return;
    };
    if let Some(claim) = &persister.persistent_volume_claim {
        mounts.writable(
            "store",
            pod::CLAIM_FOLDER,
            Volume {
                persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                    claim_name: claim.claim_name.clone(),
                    ..PersistentVolumeClaimVolumeSource::default()
                }),
                ..Volume::default()
            },
        );
    }
    if let Some(secret) = &persister.secret_ref {
        mounts.read_only(
            "credentials",
            pod::SECRET_FOLDER,
            Volume {
                secret: Some(SecretVolumeSource {
                    secret_name: Some(secret.name.clone()),
                    optional: Some(true),
                    ..SecretVolumeSource::default()
                }),
                ..Volume::default()
            },
        );
    }
    if let Some(bundle) = &persister.ca_bundle_ref {
        mounts.read_only(
            "ca",
            pod::CA_FOLDER,
            Volume {
                config_map: Some(ConfigMapVolumeSource {
                    name: bundle.name.clone(),
                    optional: Some(true),
                    items: Some(vec![KeyToPath {
                        key: bundle.key.clone(),
                        path: pod::CA_FILE.to_owned(),
                        ..KeyToPath::default()
                    }]),
                    ..ConfigMapVolumeSource::default()
                }),
                ..Volume::default()
            },
        );
    }
}

fn fence() -> Volume {
    Volume {
        downward_api: Some(DownwardAPIVolumeSource {
            items: Some(vec![DownwardAPIVolumeFile {
                path: pod::FENCE_FILE.to_owned(),
                field_ref: Some(field(&format!(
                    "metadata.annotations['{}']",
                    pod::FENCE_ANNOTATION
                ))),
                ..DownwardAPIVolumeFile::default()
            }]),
            ..DownwardAPIVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn empty_dir() -> Volume {
    Volume {
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }
}

/// A field of the pod itself.
pub(super) fn field(path: &str) -> ObjectFieldSelector {
    ObjectFieldSelector {
        api_version: Some("v1".to_owned()),
        field_path: path.to_owned(),
    }
}
