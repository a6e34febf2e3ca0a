//! What tests begin with: the examples as a cluster would hold them, and the facts that one look might find.

mod pods;
mod stories;
mod wish_read;
mod world;

use std::{fs, path::Path};

use auriga_crds::{
    ClaimName, ConfigMapKey, Csv, Digest, Model, ModelReference, ModelSpec, Persister, TrainingJob,
    TrainingJobSpec, document,
};
use auriga_operator::{labels, seen::Texts, settings::Settings};
use jiff::{Timestamp, ToSpan as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

pub(crate) use pods::{PodWords, alive, pod};
pub(crate) use stories::Stories;
pub(crate) use world::{World, replicas, saying};

/// When it is, in every test.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// `seconds` before [`NOW`].
pub(crate) fn ago(seconds: i64) -> Timestamp {
    NOW - seconds.seconds()
}

/// What the operator is told by default, with an image that no release changes.
pub(crate) fn settings() -> Settings {
    Settings {
        image: "auriga:test".to_owned(),
        ..Settings::default()
    }
}

/// The Model of examples/<example>/model.yaml as the API server would hold it: the schema's defaults filled in, files in
/// the ConfigMap `<example>-data`, versions on the claim `models`.
pub(crate) fn model(example: &str) -> Model {
    let text = fs::read_to_string(folder(example).join("model.yaml")).unwrap();
    let document = document::read(&text).unwrap().remove(0);
    let mut model: Model = serde_json::from_value(document.value).unwrap();
    model.metadata = metadata(example, "0e3a7f58-0000-4000-8000-000000000001");
    let dataset = &mut model.spec.dataset;
    let sources = [Some(&mut dataset.train), dataset.test.as_mut()];
    for csv in sources
        .into_iter()
        .flatten()
        .filter_map(|source| source.csv.as_mut())
    {
        if let Some(path) = csv.path.take() {
            csv.config_map = Some(ConfigMapKey {
                name: format!("{example}-data"),
                key: path,
            });
        }
    }
    model.spec.persister = Some(Persister {
        uri: "sqlite:///var/lib/auriga/models.db".to_owned(),
        persistent_volume_claim: Some(ClaimName {
            claim_name: "models".to_owned(),
        }),
        secret_ref: None,
        ca_bundle_ref: None,
    });
    model
}

/// Keeps versions in PostgreSQL instead of on a claim.
pub(crate) fn on_postgres(spec: &mut ModelSpec) {
    let persister = spec.persister.as_mut().unwrap();
    persister.uri = "postgres://postgres/auriga".to_owned();
    persister.persistent_volume_claim = None;
}

/// The texts of the ConfigMap keys that the dataset of `model`, made by [`model`] from the example of its name, names.
pub(crate) fn texts(model: &Model) -> Texts {
    let example = folder(model.metadata.name.as_deref().unwrap());
    let dataset = &model.spec.dataset;
    let sources = [Some(&dataset.train), dataset.test.as_ref()];
    let csvs = sources
        .into_iter()
        .flatten()
        .filter_map(|source| source.csv.as_ref());
    let keys = csvs.filter_map(|csv: &Csv| csv.config_map.clone());
    Texts {
        found: keys
            .map(|key| {
                (
                    key.clone(),
                    Digest::of(&fs::read(example.join(&key.key)).unwrap()),
                )
            })
            .collect(),
        missing: Vec::new(),
    }
}

/// A TrainingJob named `<model>-fit`, made by hand a while ago.
pub(crate) fn training_job(model: &str) -> TrainingJob {
    let mut metadata = metadata(&format!("{model}-fit"), "0e3a7f58-0000-4000-8000-000000000002");
    let store = auriga_operator::model::wish::store(&self::model(model));
    metadata.annotations = Some([(labels::STORE.to_owned(), store)].into());
    TrainingJob {
        metadata,
        spec: TrainingJobSpec {
            model_ref: ModelReference {
                name: model.to_owned(),
            },
            fit_hash: None,
            save_if_better_than: None,
            suspend: false,
        },
        status: None,
    }
}

/// Metadata as the API server fills it in.
pub(crate) fn metadata(name: &str, uid: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("default".to_owned()),
        uid: Some(uid.to_owned()),
        generation: Some(1),
        creation_timestamp: Some(Time(ago(3600))),
        ..ObjectMeta::default()
    }
}

/// Words that change an object of ours.
pub(crate) trait Words: Sized {
    type Spec;
    fn spec(&mut self) -> &mut Self::Spec;
    fn metadata(&mut self) -> &mut ObjectMeta;

    /// With another spec, so of the next generation.
    fn edited(mut self, edit: impl FnOnce(&mut Self::Spec)) -> Self {
        edit(self.spec());
        let metadata = self.metadata();
        metadata.generation = metadata.generation.map(|generation| generation + 1);
        self
    }

    /// With a label.
    fn labeled(mut self, key: &str, value: &str) -> Self {
        let labels = self.metadata().labels.get_or_insert_default();
        labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// On its way out: deleted, and held by a finalizer.
    fn being_deleted(mut self) -> Self {
        self.metadata().deletion_timestamp = Some(Time(ago(1)));
        self
    }
}

impl Words for Model {
    type Spec = ModelSpec;
    fn spec(&mut self) -> &mut ModelSpec {
        &mut self.spec
    }
    fn metadata(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Words for TrainingJob {
    type Spec = TrainingJobSpec;
    fn spec(&mut self) -> &mut TrainingJobSpec {
        &mut self.spec
    }
    fn metadata(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

fn folder(example: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(example)
}

#[test]
fn every_example_can_run_in_a_cluster_as_given() {
    for example in ["breast-cancer", "diabetes", "iris", "wine"] {
        let model = model(example);
        let checked = auriga_operator::runnable::check(&model).unwrap();
        assert_eq!(checked.config_maps().count(), 2, "{example}");
        assert!(!texts(&model).found.is_empty(), "{example}");
    }
}
