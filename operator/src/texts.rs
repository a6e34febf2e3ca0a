//! Reads the texts of the ConfigMaps that a Model's dataset names.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use auriga_crds::{ConfigMapKey, Model};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, ResourceExt as _};

use crate::{
    caches::Caches,
    call::{READ, call, found},
    error::Error,
    seen::Texts,
};

/// How many bytes of texts are kept; beyond that they are read again.
const MOST: usize = 16 << 20;

/// Reads ConfigMaps, and keeps what it read as long as they have not changed.
pub struct Reader {
    client: Client,
    kept: Mutex<HashMap<(String, String), Arc<Kept>>>,
}

struct Kept {
    uid: Option<String>,
    version: Option<String>,
    texts: BTreeMap<String, String>,
}

impl Reader {
    /// One that reads by `client`.
    pub fn new(client: Client) -> Reader {
        Reader {
            client,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The texts that the dataset of `model` names, and a sentence for each that is not there.
    pub async fn texts(&self, model: &Model, caches: &Caches) -> Result<Texts, Error> {
        let namespace = model.namespace().unwrap_or_default();
        let dataset = &model.spec.dataset;
        let parts = [("train", Some(&dataset.train)), ("test", dataset.test.as_ref())];
        let named = parts.into_iter().filter_map(|(part, source)| {
            let key = source?.csv.as_ref()?.config_map.as_ref()?;
            Some((format!("spec.dataset.{part}.csv.configMap"), key))
        });
        let mut texts = Texts::default();
        for (field, key) in named {
            match self.kept(&namespace, &key.name, caches).await? {
                Some(kept) => take(&mut texts, &kept, &field, key),
                None => texts.missing.push(format!(
                    "ConfigMap {} does not exist; create it, or correct {field}.",
                    key.name
                )),
            }
        }
        Ok(texts)
    }

    async fn kept(&self, namespace: &str, name: &str, caches: &Caches) -> Result<Option<Arc<Kept>>, Error> {
        let place = (namespace.to_owned(), name.to_owned());
        if let Some(source) = caches.sources.get(namespace, name)
            && let Some(kept) = self.lock().get(&place)
            && kept.uid == source.metadata.uid
            && kept.version == source.metadata.resource_version
        {
            return Ok(Some(Arc::clone(kept)));
        }
        // One that the watch has not told yet may be there: it and the Model are often applied together.
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("read ConfigMap {name}");
        let Some(source) = found(call(&what, READ, || api.get(name)).await)? else {
            self.lock().remove(&place);
            return Ok(None);
        };
        let kept = Arc::new(Kept {
            uid: source.metadata.uid,
            version: source.metadata.resource_version,
            texts: source.data.unwrap_or_default(),
        });
        let mut all = self.lock();
        let size = |kept: &Kept| kept.texts.values().map(String::len).sum::<usize>();
        if all.values().map(|kept| size(kept)).sum::<usize>() + size(&kept) > MOST {
            all.clear();
        }
        all.insert(place, Arc::clone(&kept));
        Ok(Some(kept))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(texts: &mut Texts, kept: &Kept, field: &str, key: &ConfigMapKey) {
    match kept.texts.get(&key.key) {
        Some(text) => {
            texts.found.insert(key.clone(), text.clone());
        }
        None => texts.missing.push(format!(
            "ConfigMap {} has no key {}; add it to its data, or correct {field}.",
            key.name, key.key
        )),
    }
}
